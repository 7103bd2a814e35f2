"""What recurs: the protocol of every recurrence, and its kinds.

A recurrence is a set of instants. `Zoned` and `Calendar` are local times in a zone, `Elapsed` is every so
many seconds, `OneShot` a single instant, and `Bounded` the part of another recurrence between two instants. A
union of several is in `union`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Protocol

from horarium.times.civil import DAY
from horarium.times.clock_changes import ClockChangePolicy, Piece
from horarium.times.far_years import FarYears
from horarium.times.instants import FIRST_INSTANT, LAST_INSTANT
from horarium.times.local_times import NO_NEXT, NO_PREVIOUS, CalendarTimes, LocalTimeSet, interval_bits
from horarium.times.zones import Zone

# No offset from UTC is as long as this, so an instant and its local time differ by less.
MAX_OFFSET = DAY
# Makes the English description. Most recurrences are never described, so it is made when somebody asks.
Describe = Callable[[], str]


class Recurrence(Protocol):
    """A set of instants, in whole seconds since the epoch (UTC), within the years 1 to 9999.

    The instants of the set are called fire instants. `one_shot` is true for once, at and delay. The answer of
    a method depends on its arguments alone, never on earlier calls.
    """

    one_shot: bool

    def next_after(self, t: int) -> int | None:
        """The first fire instant strictly after t, or None."""

    def count_between(self, after: int, upto: int) -> int:
        """How many fire instants lie in (after, upto]."""

    def last_in(self, after: int, upto: int) -> int | None:
        """The last fire instant in (after, upto], or None."""

    def bits(self, lo: int, length: int) -> int:
        """A mask of `length` bits: bit k is set if lo + k is a fire instant."""

    def describe(self) -> str:
        """The recurrence in English."""


class Zoned:
    """A set of local times in a zone, under a policy for clock changes.

    The zone is a sequence of stretches of constant offset, and each stretch is cut into pieces that say which
    local times fire in it (see `clock_changes`). All methods walk over stretches and pieces.
    """

    one_shot = False

    def __init__(
        self, walls: LocalTimeSet, zone: Zone, policy: ClockChangePolicy, describe: Describe
    ) -> None:
        self.walls, self.zone, self.policy, self._describe = walls, zone, policy, describe

    def describe(self) -> str:
        return self._describe()

    def next_after(self, t: int) -> int | None:
        found = self._search(t)
        return None if found is None else found[0]

    def _search(self, t: int) -> tuple[int, Piece] | None:
        """The first fire instant after t and the piece in which it lies, found stretch by stretch.

        Where nothing fires in a stretch, the search does not go on to the next one but to the next element of
        the set: 29 February is found in a few steps, although a zone has two stretches every year.
        """
        x = max(t + 1, FIRST_INSTANT)
        far: FarYears | None = None
        while x <= LAST_INSTANT:
            stretch = self.zone.stretch(x, self.policy)
            following = NO_PREVIOUS
            for piece in stretch.pieces:
                if piece.hi > x:
                    found = self._first_in(piece, x)
                    if found < piece.hi:
                        return (found, piece) if found <= LAST_INSTANT else None
                    # `found` is the next element, but lies beyond the piece. If it was searched from so
                    # far before the end of the stretch, every element that fires after the stretch is at
                    # or after it.
                    if len(piece.offsets) == 1 and max(x, piece.lo) <= stretch.hi - 2 * MAX_OFFSET:
                        following = found + piece.offsets[0]
            if following < stretch.hi - MAX_OFFSET:
                following = self.walls.next_wall(stretch.hi - MAX_OFFSET)
            if stretch.hi > self.zone.far_from and isinstance(self.walls, CalendarTimes):
                far = far or FarYears(self.walls, self.zone.far_from, t)
                following = far.onward(following)
            # No element fires earlier than MAX_OFFSET before its local time read as UTC.
            x = max(stretch.hi, following - MAX_OFFSET)
        return None

    def _first_in(self, piece: Piece, x: int) -> int:
        """The first fire instant of a piece at or after x; if there is none, some instant at or after its end."""
        x = max(x, piece.lo)
        if piece.jumped and self._jumped_any(piece):
            return x
        if len(piece.offsets) == 1:
            return self.walls.next_wall(x + piece.offsets[0]) - piece.offsets[0]
        found = [self.walls.next_wall(x + offset) - offset for offset in piece.offsets]
        return min(found, default=NO_NEXT)

    def _jumped_any(self, piece: Piece) -> bool:
        """Whether the clock jumped over an element for which the first instant of the piece fires."""
        return any(self.walls.next_wall(a) < b for a, b in piece.jumped)

    def fires_at(self, t: int) -> bool:
        """Whether t is a fire instant."""
        for piece in self.zone.stretch(t, self.policy).pieces:
            if piece.lo <= t < piece.hi:
                own = any(self.walls.has(t + offset) for offset in piece.offsets)
                return own or (bool(piece.jumped) and self._jumped_any(piece))
        return False

    def last_in(self, after: int, upto: int) -> int | None:
        x = min(upto, LAST_INSTANT)
        after = max(after, FIRST_INSTANT - 1)
        far: FarYears | None = None
        while x > after:
            stretch = self.zone.stretch(x, self.policy)
            for piece in reversed(stretch.pieces):
                if piece.lo <= x:
                    found = self._last_in(piece, min(x, piece.hi - 1))
                    if found >= piece.lo:
                        return found if found > after else None
            earlier = self.walls.prev_wall(stretch.lo - 1 + MAX_OFFSET)
            if stretch.lo > self.zone.far_from and isinstance(self.walls, CalendarTimes):
                far = far or FarYears(self.walls, self.zone.far_from, upto)
                earlier = far.back(earlier)
            x = min(stretch.lo - 1, earlier + MAX_OFFSET)
        return None

    def _last_in(self, piece: Piece, x: int) -> int:
        """The last fire instant of a piece at or before x; if there is none, some instant before the piece."""
        if piece.jumped and self._jumped_any(piece):
            return x
        found = [self.walls.prev_wall(x + offset) - offset for offset in piece.offsets]
        return max(found, default=NO_PREVIOUS)

    def count_between(self, after: int, upto: int) -> int:
        total = 0
        x, end = max(after + 1, FIRST_INSTANT), min(upto, LAST_INSTANT) + 1
        while x < end:
            stretch = self.zone.stretch(x, self.policy)
            for piece in stretch.pieces:
                lo, hi = max(x, piece.lo), min(end, piece.hi)
                if lo < hi:
                    total += self._count_in(piece, lo, hi)
            x = max(stretch.hi, self.walls.next_wall(stretch.hi - MAX_OFFSET) - MAX_OFFSET)
        return total

    def _count_in(self, piece: Piece, lo: int, hi: int) -> int:
        if not piece.jumped and len(piece.offsets) == 1:
            return self.walls.count(lo + piece.offsets[0], hi + piece.offsets[0])
        return self._bits_in(piece, lo, hi).bit_count()

    def _bits_in(self, piece: Piece, lo: int, hi: int) -> int:
        if piece.jumped and self._jumped_any(piece):
            return 1
        found = 0
        for offset in piece.offsets:
            found |= self.walls.bits(lo + offset, hi - lo)
        return found

    def bits(self, lo: int, length: int) -> int:
        found = 0
        x, end = max(lo, FIRST_INSTANT), min(lo + length, LAST_INSTANT + 1)
        while x < end:
            stretch = self.zone.stretch(x, self.policy)
            for piece in stretch.pieces:
                a, b = max(x, piece.lo), min(end, piece.hi)
                if a < b:
                    found |= self._bits_in(piece, a, b) << a - lo
            x = stretch.hi
        return found


# What a Calendar keeps before it has found anything. No instant lies within them.
NO_BLOCK: tuple[int, int, tuple[int, ...]] = (0, 0, ())
NO_PERIOD = (0, 0, 0)


class Calendar(Zoned):
    """A `Zoned` for calendar expressions that answers most calls of `next_after` without the search.

    The search is right for every instant, but costs several microseconds. Callers mostly walk forward through
    time, and most instants are far from a clock change. So a calendar keeps three facts from earlier calls,
    and `next_after` uses each of them only for instants for which it holds:

    - `_block` (start, last, times): the calendar fires at start + each of `times`, and at no
    other instant up to
      start + last. It is a whole day; for expressions with very many times a day it is a whole hour.
    - `_period` (lo, hi, offset): an instant x with lo <= x < hi fires exactly if the local time x + offset
    is in the set.
      It is the time between two clock changes.
    - `_year` (first, end, days): the matching days of the year that lasts from day `first` to
    before day `end`, counted
      from `first`.

    The facts only save time. Without any of them, the answer is the same.
    """

    def __init__(
        self, walls: CalendarTimes, zone: Zone, policy: ClockChangePolicy, describe: Describe
    ) -> None:
        super().__init__(walls, zone, policy, describe)
        self.calendar = walls
        times = walls.times
        self._times = times.flat or times.in_hour
        self._unit = DAY if times.flat else 3600
        self._first, self._last = self._times[0], self._times[-1]
        self._block = NO_BLOCK
        self._period = NO_PERIOD
        self._year: tuple[int, int, tuple[int, ...]] = (0, 0, ())

    def next_after(self, t: int) -> int | None:
        # 1. In the day (or hour) of an earlier answer: its next time.
        start, last, times = self._block
        since = t - start
        if 0 <= since < last:
            return start + times[bisect_right(times, since)]

        # 2. Without a period around t in which one offset decides alone: the search.
        lo, hi, offset = self._period
        if not lo <= t < hi:
            lo, hi, offset = self._period = self._period_of(t)
        if lo == hi or self._unit != DAY:
            return self._search_and_keep(t)

        # 3. If the local day of t matches and has a time to come: that time.
        day, second = divmod(t + offset, DAY)
        first, end, days = self._year
        if not first <= day < end:
            first, end, days = self._year = self.calendar.table.around(day)[1]
        index = bisect_left(days, day - first)
        if index < len(days) and first + days[index] == day:
            if second < self._last:
                return self._next_of_day(t, second, lo, hi)
            index += 1

        # 4. Otherwise the first time of the next matching day, in this year or the next one.
        if index == len(days):
            first, end, days = self._year = self.calendar.table.around(end)[1]
            index = 0
        if days:
            answer = (first + days[index]) * DAY + self._first - offset
            if answer < hi:
                return answer
            # That day is beyond the period, so nothing fires before the period ends. If t is also so far
            # from its end that no element before t can fire again after it, nothing fires before that day
            # in any offset.
            t = (max(hi, answer + offset - MAX_OFFSET) if t < hi - 2 * MAX_OFFSET else hi) - 1
        return self._search_and_keep(t)

    def _period_of(self, t: int) -> tuple[int, int, int]:
        """The period around t in which one offset decides alone, or NO_PERIOD."""
        if FIRST_INSTANT <= t < LAST_INSTANT:
            for piece in self.zone.stretch(t, self.policy).pieces:
                if piece.lo <= t < piece.hi:
                    return _period(piece)
        return NO_PERIOD

    def _next_of_day(self, t: int, second: int, lo: int, hi: int) -> int | None:
        """The next time of the matching local day on which t lies, `second` seconds after its midnight."""
        start = t - second
        if start >= lo and start + self._last < hi:
            self._block = (start, self._last, self._times)
        answer = start + self._times[bisect_right(self._times, second)]
        return answer if answer < hi else self._search_and_keep(t)

    def _search_and_keep(self, t: int) -> int | None:
        """The answer of the search, of which period and block are kept."""
        found = self._search(t)
        if found is None:
            return None
        answer, piece = found
        lo, hi, offset = self._period = _period(piece)
        start = answer - (answer + offset) % self._unit
        if start >= lo and start + self._last < hi:
            self._block = (start, self._last, self._times)
        return answer


def _period(piece: Piece) -> tuple[int, int, int]:
    """(lo, hi, offset) of a piece in which one offset decides alone, or NO_PERIOD."""
    if len(piece.offsets) != 1 or piece.jumped:
        return NO_PERIOD
    return max(piece.lo, FIRST_INSTANT), min(piece.hi, LAST_INSTANT + 1), piece.offsets[0]


class Elapsed:
    """Every `every` seconds of elapsed time: the instants phase + k * every from `first` on. No zone moves them."""

    one_shot = False

    def __init__(self, every: int, phase: int, first: int, describe: Describe) -> None:
        self.every, self.phase, self._describe = every, phase, describe
        self.first = max(first, FIRST_INSTANT) + (phase - max(first, FIRST_INSTANT)) % every

    def describe(self) -> str:
        return self._describe()

    def next_after(self, t: int) -> int | None:
        if t < self.first:
            return self.first if self.first <= LAST_INSTANT else None
        found = t + self.every - (t - self.phase) % self.every
        return found if found <= LAST_INSTANT else None

    def count_between(self, after: int, upto: int) -> int:
        after, upto = max(after, self.first - 1), min(upto, LAST_INSTANT)
        if after >= upto:
            return 0
        return (upto - self.phase) // self.every - (after - self.phase) // self.every

    def last_in(self, after: int, upto: int) -> int | None:
        upto = min(upto, LAST_INSTANT)
        found = upto - (upto - self.phase) % self.every
        return found if found > after and found >= self.first else None

    def bits(self, lo: int, length: int) -> int:
        found = self.next_after(lo - 1)
        if found is None:
            return 0
        return interval_bits(self.every, found - lo, min(length, LAST_INSTANT + 1 - lo))


class OneShot:
    """A single instant (once, at, delay). `note` says what a clock change did to it; it is usually empty."""

    one_shot = True

    def __init__(self, instant: int, describe: Describe, note: str = "") -> None:
        self.instant, self._describe, self.note = instant, describe, note

    def describe(self) -> str:
        return self._describe()

    def next_after(self, t: int) -> int | None:
        return self.instant if t < self.instant else None

    def count_between(self, after: int, upto: int) -> int:
        return 1 if after < self.instant <= upto else 0

    def last_in(self, after: int, upto: int) -> int | None:
        return self.instant if after < self.instant <= upto else None

    def bits(self, lo: int, length: int) -> int:
        return 1 << self.instant - lo if lo <= self.instant < lo + length else 0


class Bounded:
    """Another recurrence, of which only the instants from `start` to `end` (both included) fire."""

    def __init__(self, inner: Recurrence, start: int | None, end: int | None) -> None:
        self.inner, self.one_shot = inner, inner.one_shot
        self.start = FIRST_INSTANT if start is None else start
        self.end = LAST_INSTANT if end is None else end

    def describe(self) -> str:
        return self.inner.describe()

    def next_after(self, t: int) -> int | None:
        found = self.inner.next_after(max(t, self.start - 1))
        return found if found is not None and found <= self.end else None

    def count_between(self, after: int, upto: int) -> int:
        after, upto = max(after, self.start - 1), min(upto, self.end)
        return self.inner.count_between(after, upto) if after < upto else 0

    def last_in(self, after: int, upto: int) -> int | None:
        after, upto = max(after, self.start - 1), min(upto, self.end)
        return self.inner.last_in(after, upto) if after < upto else None

    def bits(self, lo: int, length: int) -> int:
        a, b = max(lo, self.start), min(lo + length, self.end + 1)
        return self.inner.bits(a, b - a) << a - lo if a < b else 0
