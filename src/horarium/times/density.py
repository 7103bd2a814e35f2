"""How dense the instants of a recurrence are: how many an hour may have, and how near to each other two may be.

Both are told for local times: that a clock change moves some of them is left out.
"""

from __future__ import annotations

from itertools import pairwise

from horarium.times.civil import DAY
from horarium.times.local_times import CalendarTimes, IntervalTimes
from horarium.times.recurrence import Bounded, Elapsed, Recurrence, Zoned
from horarium.times.union import Union

HOUR = 3600
# Instants of a union that are looked at to find the two that are nearest to each other.
_LOOKED_AT = 500


def busiest_hour(recurrence: Recurrence) -> int:
    """How many fire instants the busiest hour of a recurrence has; 0 for one that has only one instant at all.

    The parts of a union are added up, also where they name the same instants.
    """
    if recurrence.one_shot:
        return 0
    if isinstance(recurrence, Bounded):
        return busiest_hour(recurrence.inner)
    if isinstance(recurrence, Union):
        return sum(busiest_hour(part) for part in recurrence.parts)
    every = _interval(recurrence)
    if every is not None:
        return -(-HOUR // every)
    if isinstance(recurrence, Zoned) and isinstance(recurrence.walls, CalendarTimes):
        return len(recurrence.walls.times.in_hour)
    return HOUR


def smallest_gap(recurrence: Recurrence, now: int) -> int | None:
    """The seconds between the two fire instants that are nearest to each other; None if there is only one.

    Of a calendar the days of the year that `now` (s) lies in are looked at, and of a union the instants that come next.
    """
    if recurrence.one_shot:
        return None
    if isinstance(recurrence, Bounded):
        return smallest_gap(recurrence.inner, now)
    if isinstance(recurrence, Union):
        gaps = [smallest_gap(part, now) for part in recurrence.parts]
        return min((gap for gap in (*gaps, _nearest(recurrence, now)) if gap is not None), default=None)
    every = _interval(recurrence)
    if every is not None:
        return every
    if isinstance(recurrence, Zoned) and isinstance(recurrence.walls, CalendarTimes):
        return _gap_of_calendar(recurrence.walls, now)
    return _nearest(recurrence, now)


def _interval(recurrence: Recurrence) -> int | None:
    """The seconds between two instants, where they are always the same."""
    if isinstance(recurrence, Elapsed):
        return recurrence.every
    if isinstance(recurrence, Zoned) and isinstance(recurrence.walls, IntervalTimes):
        return recurrence.walls.every
    return None


def _gap_of_calendar(walls: CalendarTimes, now: int) -> int:
    times, hours = walls.times.in_hour, walls.times.hours
    gaps = [later - earlier for earlier, later in pairwise(times)]
    between = HOUR - times[-1] + times[0]
    gaps += [(later - earlier - 1) * HOUR + between for earlier, later in pairwise(hours)]
    _, (_, _, days) = walls.table.around(now // DAY)
    overnight = DAY - (hours[-1] * HOUR + times[-1]) + hours[0] * HOUR + times[0]
    gaps += [(later - earlier - 1) * DAY + overnight for earlier, later in pairwise(days)]
    return min(gaps, default=DAY * 365)


def _nearest(recurrence: Recurrence, now: int) -> int | None:
    found: list[int] = []
    at = recurrence.next_after(now)
    while at is not None and len(found) < _LOOKED_AT:
        found.append(at)
        at = recurrence.next_after(at)
    return min((later - earlier for earlier, later in pairwise(found)), default=None)
