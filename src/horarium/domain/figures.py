"""Figures that the server counts about itself: histograms and samples, plain numbers without a library.

What counts does no more than add numbers. They are turned into the metrics of Prometheus when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# Upper bounds in milliseconds, for what takes from milliseconds to minutes: lateness and attempts.
LATENESS_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000)
# The same for what should take milliseconds: commits, requests, the lag of the event loop.
MOMENTS_MS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000)


@dataclass(slots=True)
class Histogram:
    """How often values lay within which bounds. `bounds` are the upper ones, in ascending order; `counts` has one
    number for each of them and one for all that is larger. `total` is the sum of all values."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """Count a value so many times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def add_all(self, values: Iterable[float]) -> None:
        """Count some values. Equal ones are counted together."""
        for value, times in Counter(values).items():
            self.add(value, times)

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    def cumulative(self) -> list[tuple[float, int]]:
        """For each bound, and at last for infinity, how many values do not exceed it."""
        found, seen = [], 0
        for bound, number in zip((*self.bounds, float("inf")), self.counts, strict=True):
            seen += number
            found.append((bound, seen))
        return found


class Samples:
    """Values that are noted in the shortest time, and put into a histogram when somebody asks or `settle` is called."""

    __slots__ = ("_fresh", "_histogram", "add")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._histogram = Histogram(tuple(bounds))
        self._fresh: list[float] = []
        self.add = self._fresh.append

    def settle(self) -> Histogram:
        """The histogram of all values so far."""
        fresh = self._fresh[:]
        if fresh:
            del self._fresh[: len(fresh)]
            self._histogram.add_all(fresh)
        return self._histogram
