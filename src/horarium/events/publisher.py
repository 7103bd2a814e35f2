"""Makes events of what transactions have noted, as soon as they are committed."""

from __future__ import annotations

import asyncio

import structlog

from horarium.domain.errors import HorariumError
from horarium.service.clock import Clock
from horarium.store.base import OUTBOX, Store
from horarium.store.verbs import events as verbs
from horarium.store.verbs.events import PUBLISHED_AT_ONCE

_log = structlog.get_logger(__name__)

TROUBLE_S = 0.5


class Publisher:
    """Wakes when a transaction has noted something. `told` is also set by whoever finds notes that no transaction has
    told of, since their node is gone."""

    def __init__(self, store: Store, clock: Clock, told: asyncio.Event) -> None:
        self._store, self._clock, self._told = store, clock, told
        store.listen(self._hear)

    def _hear(self, topic: str, at_ms: int) -> None:
        if topic == OUTBOX:
            self._told.set()

    async def step(self) -> bool:
        """Make events of what is there, up to a batch; whether there may be more."""
        if not await self._store.read(verbs.any_notes):
            return False
        return await self._store.urgent(verbs.publish, self._clock.now_ms()) == PUBLISHED_AT_ONCE

    async def loop(self) -> None:
        """Do so for as long as the server runs."""
        while True:
            try:
                while await self.step():
                    await asyncio.sleep(0)
            except HorariumError as error:
                _log.warning("events_not_published", error=str(error))
                await asyncio.sleep(TROUBLE_S)
                continue
            await self._told.wait()
            self._told.clear()
