"""Which hosts each workspace may reach, for executors and audience sources, which ask for it at every request.

So the lists are kept here and read again every REFRESH_S seconds. Workspaces that may reach every host which the
server allows are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from horarium.domain.host_lists import HostList, host_list
from horarium.domain.ids import Id
from horarium.store.base import Store
from horarium.store.verbs.tenancy import allowed_hosts

# How long it takes at most, in seconds, until a changed list has its effect on other nodes.
REFRESH_S = 3.0


@dataclass(slots=True)
class AllowedHosts:
    """The lists of all workspaces, as of the last `refresh`. A loop of the server refreshes them."""

    store: Store
    _lists: Mapping[Id, HostList] = field(default_factory=dict)

    async def refresh(self) -> bool:
        """Read the lists again. Always False: nothing is left to be done at once."""
        found = await self.store.read(allowed_hosts)
        self._lists = {workspace_id: host_list(entries) for workspace_id, entries in found.items()}
        return False

    def of(self, workspace_id: Id) -> HostList | None:
        """The hosts that a workspace may reach; None if it may reach every host."""
        return self._lists.get(workspace_id)
