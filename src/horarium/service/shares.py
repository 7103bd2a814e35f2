"""What each workspace gets where workspaces take turns: its weight and its limit of runs under way.

A worker asks for it all the time, so it is kept here and read again every few seconds. Only the workspaces that differ
from the usual share are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from horarium.domain.ids import Id
from horarium.store.base import Store
from horarium.store.verbs.tenancy import USUAL_SHARE, Share, uncommon_shares


@dataclass(slots=True)
class Shares:
    """The shares of all workspaces, as of the last `refresh`. A loop of the server refreshes them."""

    store: Store
    _uncommon: Mapping[Id, Share] = field(default_factory=dict)

    async def refresh(self) -> bool:
        """Read the shares again. Always False: nothing is left to be done at once."""
        self._uncommon = await self.store.read(uncommon_shares)
        return False

    def of(self, workspace_id: Id) -> Share:
        """The share of a workspace."""
        return self._uncommon.get(workspace_id, USUAL_SHARE)
