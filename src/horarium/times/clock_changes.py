"""Which local times fire around clock changes.

A zone is a sequence of stretches of constant offset. Each stretch [lo, hi) is cut into pieces, and a piece
says which local times fire in it. So a policy for clock changes is applied once, when a stretch is cut, and
the search for the next instant needs no cases of its own:

- A local time that occurs twice lies in two stretches. `dst_overlap` takes it away from one of them, or
from none. - A local time that the clock jumps over (a gap) lies in no stretch. `dst_gap` gives it to the
first instant after the
  gap (`next_valid`), moves it by the length of the gap (`shift`), or leaves it out (`skip`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

# Only clock changes that are closer together than this can repeat or lose the same local time, since offsets
# lie within 16 hours of UTC.
NEAR = 2 * 86_400
# A jump of this length or more is a move of the date line. The local times that it skips belong to no day, so
# they do not fire.
LONGEST_GAP = 3 * 3600

# The wall seconds from the first number up to, not including, the second.
Interval = tuple[int, int]


class ClockChangePolicy(NamedTuple):
    """What happens to local times in a gap (next_valid, skip or shift) and to repeated ones (first, last or both)."""

    gap: str
    overlap: str


class Piece(NamedTuple):
    """The instants [lo, hi), and which local times fire in them.

    An instant x fires if the local time x + offset is in the set, for one of `offsets`. If `jumped` is not
    empty, the piece is the single instant lo, the first after a gap. It also fires if a local time in one of
    these intervals is in the set.
    """

    lo: int
    hi: int
    offsets: tuple[int, ...]
    jumped: tuple[Interval, ...]


class Stretch(NamedTuple):
    """The instants [lo, hi), in which the zone has one offset (seconds east of UTC).

    `pieces` cover the parts of it in which something can fire, in order.
    """

    lo: int
    hi: int
    offset: int
    pieces: tuple[Piece, ...]


def cut_stretch(
    starts: Sequence[int], offsets: Sequence[int], end: int, index: int, policy: ClockChangePolicy
) -> Stretch:
    """Stretch `index` of a zone that has `offsets[i]` from instant `starts[i]` on and is known up to `end`."""
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
    """The stretches of a zone, and what cutting one of them must know about those near it.

    Triples (from, to, offset) stand for the instants [from, to) that fire by that offset.
    """

    def __init__(self, starts: Sequence[int], offsets: Sequence[int], end: int) -> None:
        self.starts, self.offsets, self.end = starts, offsets, end

    def start(self, index: int) -> int:
        return self.starts[index] if index < len(self.starts) else self.end

    def wall(self, index: int) -> Interval:
        """The local times of stretch `index`."""
        return self.start(index) + self.offsets[index], self.start(index + 1) + self.offsets[index]

    def earlier(self, index: int) -> list[int]:
        """The stretches before this one that end near its start."""
        first = index
        while first > 0 and self.starts[first] > self.starts[index] - NEAR:
            first -= 1
        return list(range(first, index))

    def later(self, index: int) -> list[int]:
        """The stretches after this one that start near its end."""
        last, near = index, self.start(index + 1) + NEAR
        while last + 1 < len(self.starts) and self.starts[last + 1] < near:
            last += 1
        return list(range(index + 1, last + 1))

    def kept(self, index: int, overlap: str) -> list[tuple[int, int, int]]:
        """The instants whose local time fires in this stretch, and not in another stretch that has it too."""
        others = {"first": self.earlier, "last": self.later}.get(overlap)
        walls = [self.wall(index)]
        for other in others(index) if others else []:
            walls = _without(walls, self.wall(other))
        offset = self.offsets[index]
        return [(a - offset, b - offset, offset) for a, b in walls]

    def gap(self, index: int) -> list[Interval]:
        """The local times that the clock jumps over at the start of stretch `index`; none if the date line moved.

        A local time that occurs in a near stretch, or was lost in an earlier gap, is not counted here.
        """
        if index == 0:
            return []
        before, after = self.offsets[index - 1], self.offsets[index]
        if not 0 < after - before < LONGEST_GAP:
            return []
        lost = [(self.starts[index] + before, self.starts[index] + after)]
        for other in [*self.earlier(index), *self.later(index)]:
            lost = _without(lost, self.wall(other))
        for other in self.earlier(index)[1:]:
            for interval in self.gap(other):
                lost = _without(lost, interval)
        return lost

    def shifted_into(self, index: int) -> list[tuple[int, int, int]]:
        """The instants of this stretch at which local times lost in a gap fire, under the policy `shift`."""
        lo, hi = self.start(index), self.start(index + 1)
        found = []
        for change in [*self.earlier(index)[1:], index]:
            for a, b in self.gap(change):
                offset = self.offsets[change - 1]
                found.append((max(a - offset, lo), min(b - offset, hi), offset))
        return [(a, b, offset) for a, b, offset in found if a < b]


def _without(spans: list[Interval], taken: Interval) -> list[Interval]:
    """The parts of intervals that lie outside of another one."""
    lo, hi = taken
    left = [(a, min(b, lo)) for a, b in spans if a < lo]
    right = [(max(a, hi), b) for a, b in spans if b > hi]
    return left + right
