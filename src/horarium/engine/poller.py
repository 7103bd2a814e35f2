"""One question to the database for all kinds of upkeep, instead of one for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from horarium.domain.ids import LOWEST_ID
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import upkeep
from horarium.store.verbs.upkeep import Pending


class Poller:
    """Finds out which kinds of upkeep have something to do, and tells those who do them.

    `told` has an event for each field of `Pending`. Whoever does the work of that kind waits for it and clears it.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._looked_to = LOWEST_ID
        self.told: Mapping[str, asyncio.Event] = {kind: asyncio.Event() for kind in Pending._fields}

    async def look(self) -> bool:
        """Ask once. Always False: what was found is done by others."""
        found, self._looked_to = await self._store.read(upkeep.pending, self._clock.now_ms(), self._looked_to)
        for kind, waits in found._asdict().items():
            if waits:
                self.told[kind].set()
        return False
