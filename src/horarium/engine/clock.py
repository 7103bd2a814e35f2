"""The clock of a node: the database's time, carried on by the monotonic clock.

The wall clocks of machines differ, step and drift, so the database's clock decides. Between samples the time advances
with the monotonic clock, so it never runs backwards by itself. A sample that lies far ahead is not believed at once:
nothing is released until a second sample confirms it. The time between counts as downtime then.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from horarium.store.base import Store

# A step forward of more than this has to be confirmed by a second sample.
JUMP_MS = 60_000
# A difference up to this is noise of the measurement.
STEP_MS = 2


class DatabaseClock:
    """`now_ms()` in milliseconds since the epoch. `uncertain` while a jump forward waits for its confirmation."""

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic_ns = monotonic_ns
        self._offset_ms = 0
        self._set = False
        self._suspected: int | None = None
        # How often the database's clock has jumped.
        self.jumps = 0

    def now_ms(self) -> int:
        """The database's time in milliseconds since the epoch."""
        return self._monotonic_ns() // 1_000_000 + self._offset_ms

    @property
    def uncertain(self) -> bool:
        """Whether a jump forward waits for its confirmation."""
        return self._suspected is not None

    async def sample(self, store: Store) -> int:
        """Compare with the database and follow it; the difference found, in milliseconds."""
        before = self._monotonic_ns()
        database = await store.now_ms()
        after = self._monotonic_ns()
        return self.follow(database, (before + after) // 2_000_000, -((before - after) // 2_000_000))

    def follow(self, database_ms: int, monotonic_ms: int, uncertain_ms: int = 0) -> int:
        """Take a sample: the database said `database_ms` when the monotonic clock stood at `monotonic_ms`, give or take
        `uncertain_ms` (half the time that the query took). Returns the difference found, in milliseconds.

        A difference within that uncertainty moves nothing. Otherwise the clock is set to the earliest time that the
        answer may mean, so that nothing fires early because an answer was slow.
        """
        offset = database_ms - monotonic_ms
        if not self._set:
            self._offset_ms, self._set = offset - uncertain_ms, True
            return 0
        difference = offset - self._offset_ms
        if abs(difference) - uncertain_ms <= STEP_MS:
            self._suspected = None
            return difference
        if difference - uncertain_ms > JUMP_MS and (
            self._suspected is None or abs(offset - self._suspected) > JUMP_MS
        ):
            self._suspected = offset
            return difference
        self._suspected = None
        self._offset_ms = offset - uncertain_ms
        return difference
