"""Many schedules, few distinct timings: each next instant is computed once and shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from horarium.times.recurrence import Recurrence

# What stands for "never again" where instants are kept as plain integers.
NEVER = 1 << 60


class SharedNext:
    """The next instant of each of a list of recurrences, remembered for as long as it is the answer.

    `next(t)` is the same for every t from where it was asked up to the instant it names, so one pair of
    numbers for each recurrence answers for every schedule that shares it.
    """

    def __init__(self, recurrences: Sequence[Recurrence]) -> None:
        self._recurrences = recurrences
        self._asked = [NEVER] * len(recurrences)
        self._next = [NEVER] * len(recurrences)

    def next_after(self, index: int, t: int) -> int:
        """The next instant of recurrence `index` strictly after t, or NEVER."""
        if self._asked[index] <= t < self._next[index]:
            return self._next[index]
        found = self._recurrences[index].next_after(t)
        self._asked[index], self._next[index] = t, NEVER if found is None else found
        return self._next[index]

    def advance_all(self, indices: Iterable[int], now: int) -> list[int]:
        """For schedules given by the index of their recurrence: the next instant of each after now."""
        nexts = [self.next_after(index, now) for index in range(len(self._recurrences))]
        return list(map(nexts.__getitem__, indices))

    def advance_each(self, indices: Iterable[int], moments: Iterable[int]) -> list[int]:
        """The same, each from a moment of its own."""
        asked, nexts, ask = self._asked, self._next, self.next_after
        return [
            nexts[index] if asked[index] <= t < nexts[index] else ask(index, t)
            for index, t in zip(indices, moments, strict=True)
        ]
