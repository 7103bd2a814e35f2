"""The use cases of deleting a workspace: with a delay, with an undo, and for good."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.errors import Conflict
from horarium.domain.ids import Id
from horarium.domain.tenancy import SERVER_SCOPE, Identity, Workspace
from horarium.service.clock import Clock
from horarium.service.identity import IdentityService
from horarium.service.pages import Page, cut
from horarium.service.trail import Trail, noting
from horarium.store.base import Store
from horarium.store.verbs import purges as verbs
from horarium.times.instants import held_ms

DAY_MS = 86_400_000
# Days until a deleted workspace is purged, if the caller does not say, and at most.
DELAY_DAYS, LONGEST_DELAY_DAYS = 7, 3_650


@dataclass(frozen=True, slots=True)
class PurgeService:
    """Everything that a caller can do here needs workspaces:admin; otherwise Forbidden is raised."""

    store: Store
    clock: Clock
    identities: IdentityService

    async def delete(self, who: Identity, workspace_id: Id, days: int = DELAY_DAYS) -> Workspace:
        """Delete a workspace. At once its keys open nothing and its schedules do not fire; after so many days
        everything that it holds is deleted for good. Raises NotFound, and Conflict for the caller's own workspace."""
        who.require(SERVER_SCOPE)
        if workspace_id == who.workspace_id:
            words = (
                "this request acts in this workspace, by its key or by the header Horarium-Workspace; delete it from "
                "another one"
            )
            raise Conflict(words, "state")
        now = self.clock.now_ms()
        entry = Trail(who.workspace_id, now).entry(
            "workspace.deleted", "ws", workspace_id, after={"days": days}
        )
        verb = noting(verbs.delete_workspace, entry)
        purge_ms = held_ms(now + days * DAY_MS)
        found = await self.store.write(verb, workspace_id, now, purge_ms, who.principal_id)
        self.identities.forget()
        return found

    async def undelete(self, who: Identity, workspace_id: Id) -> Workspace:
        """Have a deleted workspace back, with its keys. Its schedules go on from now. Raises NotFound where it is not
        deleted, or its time has come."""
        who.require(SERVER_SCOPE)
        now = self.clock.now_ms()
        entry = Trail(who.workspace_id, now).entry("workspace.undeleted", "ws", workspace_id)
        found = await self.store.write(noting(verbs.undelete_workspace, entry), workspace_id, now)
        self.identities.forget()
        return found

    async def page(self, who: Identity, after: Id, limit: int) -> Page[Workspace]:
        """One page of the deleted workspaces that are not purged yet."""
        who.require(SERVER_SCOPE)
        found = await self.store.read(verbs.deleted_workspaces, after, limit + 1)
        return cut(found, limit, lambda workspace: workspace.id)

    async def step(self) -> bool:
        """Delete the next piece of a workspace whose time has come. Whether there was one."""
        return await self.store.write(verbs.purge_piece, self.clock.now_ms()) is not None
