"""Which years a search need not look through.

Far from now the clock of a zone changes by one rule. Then what fires in a year depends on its kind alone (see
`day_rules`). Where all days of one such year lie in gaps and do not fire, none fires in another year of its kind. There
are only fourteen kinds, so a search ends soon, also where nothing fires before the year 9999.
"""

from __future__ import annotations

from horarium.times.civil import DAY, first_day, year_of_day
from horarium.times.day_rules import kind_of_year, years_by_kind
from horarium.times.instants import FIRST_INSTANT, LAST_INSTANT
from horarium.times.local_times import NO_NEXT, NO_PREVIOUS, CalendarTimes


class FarYears:
    """The years that one search has yet to look through, in a zone whose rule holds from `far_from` (an instant) on.

    `begun` is the instant at which the search began. Both methods are told of the next element to look at, when all
    elements before it (in the direction of the search) have been looked at and none fires. They return that element,
    or a later one if it lies in a year in which none fires either.
    """

    def __init__(self, walls: CalendarTimes, far_from: int, begun: int) -> None:
        self._walls = walls
        self._first = year_of_day(far_from // DAY) + 1
        # The year in which the search began was not looked through as a whole. An instant is another year's by its
        # local time, at most the one next to it.
        begun = min(max(begun, FIRST_INSTANT), LAST_INSTANT)
        self._begun = self._at = year_of_day(begun // DAY)
        self._left = walls.table.matching_years() >> self._first << self._first

    def onward(self, wall: int) -> int:
        """For a search that goes forward."""
        year = self._come_to(wall)
        if year < self._first or self._left >> year & 1:
            return wall
        later = self._left >> year << year
        if not later:
            return NO_NEXT
        self._at = (later & -later).bit_length() - 1
        return self._walls.next_wall(first_day(self._at) * DAY)

    def back(self, wall: int) -> int:
        """For a search that goes backward."""
        year = self._come_to(wall)
        if year < self._first or self._left >> year & 1:
            return wall
        earlier = self._left & (2 << year) - 1
        self._at = earlier.bit_length() - 1 if earlier else self._first - 1
        return self._walls.prev_wall(first_day(self._at + 1) * DAY - 1)

    def _come_to(self, wall: int) -> int:
        """The year of an element. If it is another one than before, the one before was looked through in vain."""
        if wall in (NO_NEXT, NO_PREVIOUS):
            return 0
        year = year_of_day(wall // DAY)
        if year != self._at and self._at >= self._first and abs(self._at - self._begun) > 1:
            self._left &= ~years_by_kind()[kind_of_year(self._at)]
        self._at = year
        return year
