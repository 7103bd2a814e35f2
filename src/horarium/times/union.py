"""The union of several recurrences."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.times.civil import DAY
from horarium.times.recurrence import Bounded, Recurrence

# Counting instant by instant is faster than counting by masks if there are fewer than this many a day.
SPARSE_PER_DAY = 8


class Union:
    """A recurrence that fires at every instant of any part, once if several parts name the same instant."""

    one_shot = False

    def __init__(self, parts: Sequence[Recurrence]) -> None:
        self.parts = tuple(parts)
        # For each part the last question and its answer. The answer holds for every t from the question
        # to the answer.
        self._known: list[tuple[int, int | None]] = [(0, 0) for _ in self.parts]

    def describe(self) -> str:
        first, *others = (part.describe() for part in self.parts)
        return "; and ".join([first, *(text[0].lower() + text[1:] for text in others)])

    def next_after(self, t: int) -> int | None:
        best = None
        for index, part in enumerate(self.parts):
            asked, found = self._known[index]
            if t < asked or (found is not None and t >= found):
                found = part.next_after(t)
                self._known[index] = (t, found)
            if found is not None and (best is None or found < best):
                best = found
        return best

    def last_in(self, after: int, upto: int) -> int | None:
        best = None
        for part in self.parts:
            found = part.last_in(after, upto)
            if found is not None:
                best = after = found
        return best

    def count_between(self, after: int, upto: int) -> int:
        counts = [(part.count_between(after, upto), part) for part in self.parts]
        some = sorted(((count, part) for count, part in counts if count), key=lambda pair: pair[0])
        if len(some) < 2:
            return sum(count for count, _ in some)
        few = sum(count for count, _ in some[:-1])
        if few * DAY <= SPARSE_PER_DAY * (upto - after):
            most, dense = some[-1]
            return most + _outside(dense, [part for _, part in some[:-1]], after, upto)
        return self._count_by_masks(after, upto)

    def _count_by_masks(self, after: int, upto: int) -> int:
        total = 0
        lo = after + 1
        while lo <= upto:
            length = min(DAY, upto + 1 - lo)
            total += self.bits(lo, length).bit_count()
            lo += length
        return total

    def bits(self, lo: int, length: int) -> int:
        found = 0
        for part in self.parts:
            found |= part.bits(lo, length)
        return found


def parts_of(recurrence: Recurrence) -> int:
    """How many recurrences one consists of."""
    if isinstance(recurrence, Bounded):
        return parts_of(recurrence.inner)
    return len(recurrence.parts) if isinstance(recurrence, Union) else 1


def _outside(dense: Recurrence, others: list[Recurrence], after: int, upto: int) -> int:
    """How many instants of `others` in (after, upto] are not instants of the dense part."""
    seen = set()
    for part in others:
        found = part.next_after(after)
        while found is not None and found <= upto:
            if dense.next_after(found - 1) != found:
                seen.add(found)
            found = part.next_after(found)
    return len(seen)
