"""Records outcomes in batches: what gathers while one batch commits is the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import dispatch
from horarium.store.verbs.dispatch import Ended, LeaseLost

_log = structlog.get_logger(__name__)

# Outcomes in one commit: what one release starts. In quarters of it, a herd took a tenth longer.
BATCH = 4_096
# Of outputs in one commit, which holds SQLite's writer for as long as they take.
MOST_BYTES = 4 << 20
TROUBLE_S = 0.5


def _how_many(waiting: Sequence[Ended]) -> int:
    """How many of these outcomes go into one commit: at least one."""
    total = 0
    for number, ended in enumerate(waiting[:BATCH]):
        total += len(ended.output or "")
        if total > MOST_BYTES:
            return max(number, 1)
    return min(len(waiting), BATCH)


class Recorder:
    """`on_recorded` is told the runs of each batch once they are out of this worker's hands."""

    def __init__(
        self, store: Store, clock: Clock, node: Id, on_recorded: Callable[[Sequence[Ended]], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._on_recorded = on_recorded
        self._waiting: list[Ended] = []
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def add(self, ended: Ended) -> None:
        self._waiting.append(ended)
        self._none.clear()
        self._some.set()

    async def drained(self) -> None:
        """Until everything added has been recorded."""
        await self._none.wait()

    async def loop(self) -> None:
        while True:
            await self._some.wait()
            some = _how_many(self._waiting)
            batch, self._waiting = self._waiting[:some], self._waiting[some:]
            await self._record(batch)
            self._on_recorded(batch)
            del batch  # it has outputs, and the next one may be long in coming
            if not self._waiting:
                self._some.clear()
                self._none.set()

    async def _record(self, batch: Sequence[Ended]) -> None:
        """Until it is committed: an outcome is worth waiting for a database that is away."""
        careful = False
        while True:
            now = self._clock.now_ms()
            try:
                refused = await self._store.urgent(dispatch.record, self._node, batch, now, careful)
            except LeaseLost:
                careful = True
            except Unavailable as error:
                _log.warning("outcomes_not_recorded", runs=len(batch), error=str(error))
                careful = True  # the commit may have succeeded although its reply was lost
                await asyncio.sleep(TROUBLE_S)
            else:
                if refused:
                    _log.info("outcomes_refused", runs=len(refused), why="the lease was lost")
                return
