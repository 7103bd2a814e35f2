"""Which workspaces have their events recorded, so that all others pay nothing for events.

A workspace is recorded while it has a webhook, and for a while after somebody has read its events. Verbs of the store
look at this set and at nothing else before they note an event. It is read again as soon as a commit, here or on another
node, says that a webhook has come or gone, and every REFRESH_S seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.ids import Id
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import events as verbs

# How long it takes at most, in seconds, until every node records the events of a workspace for which this begins.
REFRESH_S = 1.0
# How long the events of a workspace are recorded after they were read by somebody without a webhook (ms).
WANTED_MS = 7 * 86_400_000
# They are said to be wanted again when so much less of that is left.
_AGAIN_MS = 86_400_000


@dataclass(slots=True)
class Recording:
    """The set of these workspaces in this process. It is kept by the store, which hands it to its transactions."""

    store: Store
    clock: Clock

    async def refresh(self) -> bool:
        """Read the set again. Always False: nothing is left to be done at once."""
        self.store.recording = await self.store.read(verbs.recorded_workspaces, self.clock.now_ms())
        return False

    async def want(self, workspace_id: Id) -> None:
        """Have the events of a workspace recorded from now on, because somebody reads them."""
        now = self.clock.now_ms()
        log = await self.store.read(verbs.event_log, workspace_id)
        if log.wanted_until_ms < now + WANTED_MS - _AGAIN_MS:
            await self.store.write(verbs.want_events, workspace_id, now + WANTED_MS)
            await self.refresh()
