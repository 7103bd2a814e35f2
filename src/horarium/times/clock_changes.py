"""From wall clock to instants: what a stretch of constant offset means under a policy for clock changes.

A stretch [lo, hi) of one offset is cut into pieces, and a piece says which local readings fire within it.
With that, every policy is decided by segments alone, never by adding an hour and looking:

- a reading that occurs twice belongs to two stretches, and `dst_overlap` takes it away from one of them;
- a reading that the clock jumps over belongs to none, and `dst_gap` gives it to the first instant after the
  gap (`next_valid`), to the instants of the length of the gap behind it (`shift`), or to nothing (`skip`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

# Transitions closer together than this can make or lose the same reading (offsets lie within 16 h of UTC).
NEAR = 2 * 86_400
# A jump of this length is a move of the date line: its readings belong to no one's day.
LONGEST_GAP = 3 * 3600

Interval = tuple[int, int]


class ClockChangePolicy(NamedTuple):
    """`gap`: next_valid | skip | shift. `overlap`: first | last | both."""

    gap: str
    overlap: str


class Piece(NamedTuple):
    """Within the instants [lo, hi) an instant x fires if x + offset is in the set for one of `offsets`.

    Where `jumped` is not empty, hi = lo + 1, and lo fires also for any reading in these spans.
    """

    lo: int
    hi: int
    offsets: tuple[int, ...]
    jumped: tuple[Interval, ...]


class Stretch(NamedTuple):
    lo: int
    hi: int
    offset: int
    pieces: tuple[Piece, ...]


def cut_stretch(
    starts: Sequence[int], offsets: Sequence[int], end: int, index: int, policy: ClockChangePolicy
) -> Stretch:
    """Stretch `index` of the zone that has `offsets[i]` from `starts[i]` and ends at `end`."""
    table = _Neighbours(starts, offsets, end)
    lo, hi, offset = table.start(index), table.start(index + 1), offsets[index]
    kept = table.kept(index, policy.overlap)
    shifted = table.shifted_into(index) if policy.gap == "shift" else []
    jumped = tuple(table.gap(index)) if policy.gap == "next_valid" else ()
    cuts = {lo, hi} | {edge for a, b, _ in [*kept, *shifted] for edge in (a, b)}
    if jumped:
        cuts.add(lo + 1)
    return Stretch(lo, hi, offset, tuple(_pieces(sorted(cuts), [*kept, *shifted], jumped)))


def _pieces(cuts: list[int], active: list[tuple[int, int, int]], jumped: tuple[Interval, ...]) -> list[Piece]:
    pieces = []
    for lo, hi in pairwise(cuts):
        offsets = tuple(dict.fromkeys(offset for a, b, offset in active if a <= lo < b))
        landing = jumped if lo == cuts[0] else ()
        if offsets or landing:
            pieces.append(Piece(lo, hi, offsets, landing))
    return pieces


class _Neighbours:
    """The questions that cutting asks about neighbouring stretches."""

    def __init__(self, starts: Sequence[int], offsets: Sequence[int], end: int) -> None:
        self.starts, self.offsets, self.end = starts, offsets, end

    def start(self, index: int) -> int:
        return self.starts[index] if index < len(self.starts) else self.end

    def wall(self, index: int) -> Interval:
        """The readings that stretch `index` runs through."""
        return self.start(index) + self.offsets[index], self.start(index + 1) + self.offsets[index]

    def earlier(self, index: int) -> list[int]:
        """Stretches before this one that end near its start."""
        first = index
        while first > 0 and self.starts[first] > self.starts[index] - NEAR:
            first -= 1
        return list(range(first, index))

    def later(self, index: int) -> list[int]:
        """Stretches after this one that start near its end."""
        last, near = index, self.start(index + 1) + NEAR
        while last + 1 < len(self.starts) and self.starts[last + 1] < near:
            last += 1
        return list(range(index + 1, last + 1))

    def kept(self, index: int, overlap: str) -> list[tuple[int, int, int]]:
        """(from, to, offset) of the instants whose reading is not given to another pass of it."""
        rivals = {"first": self.earlier, "last": self.later}.get(overlap)
        walls = [self.wall(index)]
        for rival in rivals(index) if rivals else []:
            walls = _without(walls, self.wall(rival))
        offset = self.offsets[index]
        return [(a - offset, b - offset, offset) for a, b in walls]

    def gap(self, index: int) -> list[Interval]:
        """The readings that the clock jumps over at the start of stretch `index`, if it is no date line."""
        if index == 0:
            return []
        before, after = self.offsets[index - 1], self.offsets[index]
        if not 0 < after - before < LONGEST_GAP:
            return []
        lost = [(self.starts[index] + before, self.starts[index] + after)]
        for rival in [*self.earlier(index), *self.later(index)]:
            lost = _without(lost, self.wall(rival))
        for rival in self.earlier(index)[1:]:
            for span in self.gap(rival):
                lost = _without(lost, span)
        return lost

    def shifted_into(self, index: int) -> list[tuple[int, int, int]]:
        """(from, to, offset) of the instants of this stretch that stand for readings lost in a gap."""
        lo, hi = self.start(index), self.start(index + 1)
        found = []
        for change in [*self.earlier(index)[1:], index]:
            for a, b in self.gap(change):
                offset = self.offsets[change - 1]
                found.append((max(a - offset, lo), min(b - offset, hi), offset))
        return [(a, b, offset) for a, b, offset in found if a < b]


def _without(spans: list[Interval], taken: Interval) -> list[Interval]:
    lo, hi = taken
    left = [(a, min(b, lo)) for a, b in spans if a < lo]
    right = [(max(a, hi), b) for a, b in spans if b > hi]
    return left + right
