"""How many rows each step of a search may look at, so that all of them together take a given time."""

from __future__ import annotations

import time


class Looks:
    """The steps of one search. A step may look at `rows` rows: the first one at `first`, a later one at as many as fit
    into what is left of `seconds` by how long the step before took, but at `most`. So no search takes much longer than
    it may, whatever a row costs."""

    def __init__(self, seconds: float, first: int, least: int, most: int) -> None:
        self.rows = first
        self._least, self._most = least, most
        self._begun = time.monotonic()
        self._until = self._begun + seconds

    def go_on(self) -> bool:
        """Whether a further step may follow, which then may look at `rows` rows. False where the time is used up, or
        fewer than the least fit into it."""
        now = time.monotonic()
        took, left = max(now - self._begun, 1e-6), self._until - now
        self.rows, self._begun = min(self._most, int(self.rows * left / took)), now
        return self.rows >= self._least
