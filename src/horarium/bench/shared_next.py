"""The next instants of many schedules with few distinct timings: each is computed once and shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from horarium.times.recurrence import Recurrence

# What stands for "never again" where instants are kept as plain integers.
NEVER = 1 << 60


class SharedNext:
    """Remembers the last answer of each recurrence.

    The next instant after t is the same for every t from the one that was asked for up to the instant itself. So two
    numbers for each recurrence answer for all schedules that have it.
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
        """The next instant after `now` of each schedule; schedules are given by the index of their recurrence."""
        nexts = [self.next_after(index, now) for index in range(len(self._recurrences))]
        return list(map(nexts.__getitem__, indices))

    def advance_each(self, indices: Iterable[int], moments: Iterable[int]) -> list[int]:
        """The same, each after a moment of its own."""
        asked, nexts, ask = self._asked, self._next, self.next_after
        return [
            nexts[index] if asked[index] <= t < nexts[index] else ask(index, t)
            for index, t in zip(indices, moments, strict=True)
        ]
