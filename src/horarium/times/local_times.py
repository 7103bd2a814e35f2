"""Sets of local times: the times of a calendar, and intervals of local time.

Local times are wall seconds (see `civil`): integers that know nothing of zones and clock changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import Protocol

from horarium.times.civil import DAY, END_WALL, FIRST_WALL, MAX_YEAR, MIN_YEAR, first_day
from horarium.times.day_rules import YearTable

# What next_wall and prev_wall return if there is no such element.
NO_NEXT, NO_PREVIOUS = 1 << 60, -(1 << 60)
# Up to this many times a day are kept as one sorted tuple. If there are more, the search goes hour by hour.
FLAT_TIMES = 1440
# A date falls on a weekday again within 40 years, if it ever does. The longest wait is for 29 February,
# across a year 1900 or 2100 without it.
LONGEST_WAIT_YEARS = 41


class LocalTimeSet(Protocol):
    """A set of wall seconds within the years 1 to 9999."""

    def next_wall(self, wall: int) -> int:
        """The least element >= wall, or NO_NEXT."""

    def prev_wall(self, wall: int) -> int:
        """The greatest element <= wall, or NO_PREVIOUS."""

    def count(self, lo: int, hi: int) -> int:
        """How many elements lie in [lo, hi)."""

    def has(self, wall: int) -> bool:
        """Whether a wall second is an element."""

    def bits(self, lo: int, length: int) -> int:
        """Bit k is set if lo + k is an element, for k < length."""


class DayTimes:
    """The times of a day that match masks of seconds, minutes and hours. Times are seconds since midnight.

    `flat` holds all of them, or nothing if they are more than FLAT_TIMES; `hours` and `in_hour` (seconds
    since the full hour) together always hold them. `total` is their number.
    """

    __slots__ = ("flat", "hours", "in_hour", "total")

    def __init__(self, second: int, minute: int, hour: int) -> None:
        seconds = bit_numbers(second)
        self.hours = bit_numbers(hour)
        self.in_hour = tuple(m * 60 + s for m in bit_numbers(minute) for s in seconds)
        self.total = len(self.hours) * len(self.in_hour)
        small = self.total <= FLAT_TIMES
        self.flat = tuple(h * 3600 + s for h in self.hours for s in self.in_hour) if small else ()

    def next(self, second: int) -> int:
        """The first time >= second, or -1."""
        if self.flat:
            at = bisect_left(self.flat, second)
            return self.flat[at] if at < len(self.flat) else -1
        hour, rest = divmod(second, 3600)
        at = bisect_left(self.hours, hour)
        if at < len(self.hours) and self.hours[at] == hour:
            if rest <= self.in_hour[-1]:
                return hour * 3600 + self.in_hour[bisect_left(self.in_hour, rest)]
            at += 1
        return self.hours[at] * 3600 + self.in_hour[0] if at < len(self.hours) else -1

    def prev(self, second: int) -> int:
        """The last time <= second, or -1."""
        before = self.before(second + 1)
        if not before:
            return -1
        hour, rest = divmod(before - 1, len(self.in_hour))
        return self.hours[hour] * 3600 + self.in_hour[rest]

    def before(self, second: int) -> int:
        """How many times are < second."""
        hour, rest = divmod(second, 3600)
        at = bisect_left(self.hours, hour)
        count = at * len(self.in_hour)
        if at < len(self.hours) and self.hours[at] == hour:
            count += bisect_left(self.in_hour, rest)
        return count

    def bits(self) -> int:
        """The mask of all times: bit n is the second n of the day."""
        return _bits_of(self)

    @property
    def most_bytes(self) -> int:
        """How many bytes of memory the times take, without their mask."""
        return 500 + 40 * (len(self.in_hour) + len(self.flat))


@lru_cache(maxsize=256)
def _bits_of(times: DayTimes) -> int:
    in_hour = sum(1 << second for second in times.in_hour)
    return sum(in_hour << hour * 3600 for hour in times.hours)


@lru_cache(maxsize=1024)
def day_times(second: int, minute: int, hour: int) -> DayTimes:
    """The times of three masks. Expressions with the same times share one object."""
    return DayTimes(second, minute, hour)


class CalendarTimes:
    """The local times of a calendar: all of `times` on each matching day of `table`."""

    __slots__ = ("table", "times")

    def __init__(self, times: DayTimes, table: YearTable) -> None:
        self.times, self.table = times, table

    def next_wall(self, wall: int) -> int:
        day, second = divmod(max(wall, FIRST_WALL), DAY)
        found = self._next_day(day)
        if found == day:
            time = self.times.next(second)
            if time >= 0:
                return day * DAY + time
            found = self._next_day(day + 1)
        return NO_NEXT if found is None else found * DAY + self.times.next(0)

    def prev_wall(self, wall: int) -> int:
        day, second = divmod(min(wall, END_WALL - 1), DAY)
        found = self._prev_day(day)
        if found == day:
            time = self.times.prev(second)
            if time >= 0:
                return day * DAY + time
            found = self._prev_day(day - 1)
        return NO_PREVIOUS if found is None else found * DAY + self.times.prev(DAY - 1)

    def count(self, lo: int, hi: int) -> int:
        lo, hi = max(lo, FIRST_WALL), min(hi, END_WALL)
        if lo >= hi:
            return 0
        (first, after_first), (last, until_last) = divmod(lo, DAY), divmod(hi, DAY)
        whole = self._days_before(first, last) * self.times.total
        skipped = self.times.before(after_first) if self._matches(first) else 0
        added = self.times.before(until_last) if until_last and self._matches(last) else 0
        return whole - skipped + added

    def has(self, wall: int) -> bool:
        day, second = divmod(wall, DAY)
        return self._matches(day) and self.times.next(second) == second

    def bits(self, lo: int, length: int) -> int:
        found, hi = 0, lo + length
        for day in range(lo // DAY, (hi - 1) // DAY + 1):
            if self._matches(day):
                shift = day * DAY - lo
                times = self.times.bits()
                found |= times << shift if shift >= 0 else times >> -shift
        return found & (1 << length) - 1

    def _matches(self, day: int) -> bool:
        _, (first, _, days) = self.table.around(day)
        at = bisect_left(days, day - first)
        return at < len(days) and days[at] == day - first

    def _next_day(self, day: int) -> int | None:
        year, (first, _, days) = self.table.around(day)
        at = bisect_left(days, day - first)
        if at < len(days):
            return first + days[at]
        for later in range(year + 1, min(year + LONGEST_WAIT_YEARS, MAX_YEAR + 1)):
            days = self.table.days_in(later)
            if days:
                return first_day(later) + days[0]
        return self._next_far_day(year + LONGEST_WAIT_YEARS)

    def _next_far_day(self, year: int) -> int | None:
        """The next matching day from a year on, if years are listed: only then can the wait be so long."""
        if self.table.years is None or year > MAX_YEAR:
            return None
        later = self.table.matching_years() >> year << year
        if not later:
            return None
        first, _, days = self.table.span((later & -later).bit_length() - 1)
        return first + days[0]

    def _prev_day(self, day: int) -> int | None:
        year, (first, _, days) = self.table.around(day)
        at = bisect_right(days, day - first)
        if at:
            return first + days[at - 1]
        for earlier in range(year - 1, max(year - LONGEST_WAIT_YEARS, MIN_YEAR - 1), -1):
            days = self.table.days_in(earlier)
            if days:
                return first_day(earlier) + days[-1]
        return self._prev_far_day(year - LONGEST_WAIT_YEARS)

    def _prev_far_day(self, year: int) -> int | None:
        """As `_next_far_day`, backwards."""
        if self.table.years is None or year < MIN_YEAR:
            return None
        earlier = self.table.matching_years() & (2 << year) - 1
        if not earlier:
            return None
        first, _, days = self.table.span(earlier.bit_length() - 1)
        return first + days[-1]

    def _days_before(self, first: int, last: int) -> int:
        """How many matching days lie in [first, last)."""
        first_year, (new_year, _, days) = self.table.around(first)
        since = bisect_left(days, first - new_year)
        last_year, (new_year, _, days) = self.table.around(last)
        until = bisect_left(days, last - new_year)
        return until - since + sum(len(self.table.span(year)[2]) for year in range(first_year, last_year))


class IntervalTimes:
    """The local times 1970-01-01T00:00:00 + offset + k * every, for every integer k."""

    __slots__ = ("every", "offset")

    def __init__(self, every: int, offset: int) -> None:
        self.every, self.offset = every, offset

    def next_wall(self, wall: int) -> int:
        found = wall + (self.offset - wall) % self.every
        return found if found < END_WALL else NO_NEXT

    def prev_wall(self, wall: int) -> int:
        found = wall - (wall - self.offset) % self.every
        return found if found >= FIRST_WALL else NO_PREVIOUS

    def count(self, lo: int, hi: int) -> int:
        return (hi - 1 - self.offset) // self.every - (lo - 1 - self.offset) // self.every if lo < hi else 0

    def has(self, wall: int) -> bool:
        return (wall - self.offset) % self.every == 0

    def bits(self, lo: int, length: int) -> int:
        return interval_bits(self.every, (self.offset - lo) % self.every, length)


def bit_numbers(mask: int) -> tuple[int, ...]:
    """The numbers of the bits that are set in a mask, ascending."""
    return tuple(number for number, bit in enumerate(reversed(f"{mask:b}")) if bit == "1")


def interval_bits(every: int, first: int, length: int) -> int:
    """A mask with the bits first, first + every, and so on, as far as they are below length."""
    if first >= length:
        return 0
    beats = (length - 1 - first) // every + 1
    pattern, made = 1, 1
    while made < beats:
        pattern |= pattern << made * every
        made *= 2
    return (pattern << first) & (1 << length) - 1
