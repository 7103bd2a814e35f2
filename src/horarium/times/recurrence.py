"""The protocol of everything that recurs, and its kinds: zoned readings, beats, single instants, bounds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Protocol

from horarium.times.civil import DAY, END_WALL, FIRST_WALL
from horarium.times.clock_changes import ClockChangePolicy, Piece
from horarium.times.local_times import NO_NEXT, NO_PREVIOUS, CalendarTimes, LocalTimeSet, interval_bits
from horarium.times.zones import Zone

# Every offset lies well within a day of UTC, so readings and instants never part by more.
APART = DAY
FIRST_INSTANT, LAST_INSTANT = FIRST_WALL, END_WALL - 1
# Describe are made when somebody reads them.
Describe = Callable[[], str]


class Recurrence(Protocol):
    """A set of instants, in whole seconds since the epoch (UTC), within the years 1 to 9999.

    `one_shot` is true for once, at and delay. Every method depends on its arguments alone.
    """

    one_shot: bool

    def next_after(self, t: int) -> int | None:
        """The least fire instant strictly after t."""

    def count_between(self, after: int, upto: int) -> int:
        """How many fire instants lie in (after, upto]."""

    def last_in(self, after: int, upto: int) -> int | None:
        """The latest fire instant in (after, upto]."""

    def bits(self, lo: int, length: int) -> int:
        """Bit k is set if lo + k is a fire instant, for k < length."""

    def describe(self) -> str:
        """In English, from the compiled sets."""


class Zoned:
    """A set of wall readings in a zone, under a policy for clock changes."""

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
        """The next instant and its piece, by stretches; a sparse set leads straight to its next element."""
        x = max(t + 1, FIRST_INSTANT)
        while x <= LAST_INSTANT:
            stretch = self.zone.stretch(x, self.policy)
            following = NO_PREVIOUS
            for piece in stretch.pieces:
                if piece.hi > x:
                    found = self._first_in(piece, x)
                    if found < piece.hi:
                        return (found, piece) if found <= LAST_INSTANT else None
                    if len(piece.offsets) == 1 and max(x, piece.lo) <= stretch.hi - 2 * APART:
                        following = found + piece.offsets[0]
            # An element beyond the stretch, searched from a day or more before its end, is the next one.
            if following < stretch.hi - APART:
                following = self.walls.next_wall(stretch.hi - APART)
            x = max(stretch.hi, following - APART)
        return None

    def _first_in(self, piece: Piece, x: int) -> int:
        """The first fire instant of a piece at or after x, or something not below the piece's end."""
        x = max(x, piece.lo)
        if piece.jumped and self._jumped_any(piece):
            return x
        if len(piece.offsets) == 1:
            return self.walls.next_wall(x + piece.offsets[0]) - piece.offsets[0]
        found = [self.walls.next_wall(x + offset) - offset for offset in piece.offsets]
        return min(found, default=NO_NEXT)

    def _jumped_any(self, piece: Piece) -> bool:
        """Whether the clock jumped over an element that the piece's first instant stands for."""
        return any(self.walls.next_wall(a) < b for a, b in piece.jumped)

    def last_in(self, after: int, upto: int) -> int | None:
        x = min(upto, LAST_INSTANT)
        after = max(after, FIRST_INSTANT - 1)
        while x > after:
            stretch = self.zone.stretch(x, self.policy)
            for piece in reversed(stretch.pieces):
                if piece.lo <= x:
                    found = self._last_in(piece, min(x, piece.hi - 1))
                    if found >= piece.lo:
                        return found if found > after else None
            x = min(stretch.lo - 1, self.walls.prev_wall(stretch.lo - 1 + APART) + APART)
        return None

    def _last_in(self, piece: Piece, x: int) -> int:
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
            x = max(stretch.hi, self.walls.next_wall(stretch.hi - APART) - APART)
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


NO_BLOCK: tuple[int, int, tuple[int, ...]] = (0, 0, ())
# A piece that holds no instant.
NOWHERE = (0, 0, 0)


class Calendar(Zoned):
    """Zoned, for a calendar; remembers where the last answer was, since callers walk through time.

    What is remembered is only where to look first: `next_after` depends on its argument alone.
    - `_block`: (instant, last, times): a whole day or hour of one offset, firing at instant + each of times.
    - `_plain`: (lo, hi, offset): instants where nothing but x + offset decides.
    - `_year`: (first day, day after the last, matching days) of a year.
    """

    def __init__(
        self, walls: CalendarTimes, zone: Zone, policy: ClockChangePolicy, describe: Describe
    ) -> None:
        super().__init__(walls, zone, policy, describe)
        self._calendar = walls
        times = walls.times
        self._times = times.flat or times.in_hour
        self._unit = DAY if times.flat else 3600
        self._first, self._last = self._times[0], self._times[-1]
        self._block = NO_BLOCK
        self._plain = NOWHERE
        self._year: tuple[int, int, tuple[int, ...]] = (0, 0, ())

    def next_after(self, t: int) -> int | None:
        start, last, times = self._block
        since = t - start
        if 0 <= since < last:
            return start + times[bisect_right(times, since)]
        lo, hi, offset = self._plain
        if not lo <= t < hi:
            lo, hi, offset = self._plain = self._plain_at(t)
        if lo == hi or self._unit != DAY:
            return self._seek(t)
        day, second = divmod(t + offset, DAY)
        new_year, end, days = self._year
        if not new_year <= day < end:
            new_year, end, days = self._year = self._calendar.table.around(day)[1]
        at = bisect_left(days, day - new_year)
        if at < len(days) and new_year + days[at] == day:
            if second < self._last:
                return self._within(t, second, lo, hi)
            at += 1
        if at == len(days):
            new_year, end, days = self._year = self._calendar.table.around(end)[1]
            at = 0
        if days:
            answer = (new_year + days[at]) * DAY + self._first - offset
            if answer < hi:
                return answer
            # Nothing fires before the piece ends; and where no element is left that a second pass could
            # repeat, nothing before the next element, wherever the offsets lie.
            t = (max(hi, answer + offset - APART) if t < hi - 2 * APART else hi) - 1
        return self._seek(t)

    def _plain_at(self, t: int) -> tuple[int, int, int]:
        """The instants around t where one offset alone decides, or NOWHERE."""
        if FIRST_INSTANT <= t < LAST_INSTANT:
            for piece in self.zone.stretch(t, self.policy).pieces:
                if piece.lo <= t < piece.hi:
                    return _plain(piece)
        return NOWHERE

    def _within(self, t: int, second: int, lo: int, hi: int) -> int | None:
        """The next time of t's own day, `second` seconds after its midnight."""
        start = t - second
        if start >= lo and start + self._last < hi:
            self._block = (start, self._last, self._times)
        answer = start + self._times[bisect_right(self._times, second)]
        return answer if answer < hi else self._seek(t)

    def _seek(self, t: int) -> int | None:
        """The search without memory, and the memory made of its answer."""
        found = self._search(t)
        if found is None:
            return None
        answer, piece = found
        lo, hi, offset = self._plain = _plain(piece)
        start = answer - (answer + offset) % self._unit
        if start >= lo and start + self._last < hi:
            self._block = (start, self._last, self._times)
        return answer


def _plain(piece: Piece) -> tuple[int, int, int]:
    """(lo, hi, offset) of a piece where one offset alone decides, or NOWHERE."""
    if len(piece.offsets) != 1 or piece.jumped:
        return NOWHERE
    return max(piece.lo, FIRST_INSTANT), min(piece.hi, LAST_INSTANT + 1), piece.offsets[0]


class Elapsed:
    """Beats of elapsed seconds: `phase` + k * every, from `first` on. No zone moves them."""

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
        return (
            0 if found is None else interval_bits(self.every, found - lo, min(length, LAST_INSTANT + 1 - lo))
        )


class OneShot:
    """A single instant (once, at, delay); `note` says what a clock change did to it."""

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
    """A recurrence of which only the instants in [start, end] fire."""

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
