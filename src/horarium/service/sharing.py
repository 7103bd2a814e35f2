"""The use cases of sharing: targets of one workspace are used in others, where nobody sees how they are run.

Only a key of the whole server shares: otherwise anybody could put a target into a stranger's workspace.
"""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.target import Target, TargetState
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.service.checks import key_problems
from horarium.service.clock import Clock
from horarium.service.pages import Page, cut
from horarium.service.targets import TargetService
from horarium.service.trail import Trail, recording
from horarium.store.base import Store
from horarium.store.verbs import shares as verbs
from horarium.store.verbs.shares import Share
from horarium.store.verbs.targets import OWN

WRITE = "targets:write"


@dataclass(frozen=True, slots=True)
class SharingService:
    """Whoever shares needs targets:write and workspaces:admin, otherwise Forbidden is raised."""

    store: Store
    clock: Clock
    targets: TargetService

    async def share(
        self, who: Identity, target: Target, workspace_id: Id, key: str | None = None
    ) -> tuple[Share, bool]:
        """Share a target with another workspace; the share, and whether it is new. In that workspace it has the key
        `key`; where none is given, that which it has there or else here.

        Raises NotFound, Invalid, QuotaReached, and Conflict (key_taken; there are too many; the target cannot be
        shared).
        """
        self._require(who, target.id)
        if workspace_id == who.workspace_id:
            raise Invalid(Problem("workspace", "is the workspace of the target: name another one"))
        if key is not None and (problems := list(key_problems("key", key))):
            raise Invalid(problems)
        if self.targets.is_own(target):
            raise Conflict(OWN, "state")
        now = self.clock.now_ms()
        mirror = Target(
            random_id(now),
            workspace_id,
            target.kind,
            target.name,
            target.executor,
            {},
            who.principal_id,
            now,
            now,
            key=key or target.key,
            state=TargetState.DISABLED,
            shared_from=target.id,
        )
        here, there = Trail(who.workspace_id, now), Trail(workspace_id, now)

        def told(found: tuple[Share, bool]) -> list[AuditEntry]:
            share, new = found
            if not new:
                return []
            return [
                here.entry("target.shared", "tgt", target.id, after=_facts(share)),
                there.entry("target.received", "tgt", share.mirror_id, after={"key": share.key}),
            ]

        verb = recording(verbs.share_target, told)
        found = await self.store.write(verb, who.workspace_id, target.id, mirror, key)
        self.targets.forget()
        return found

    async def end(self, who: Identity, target_id: Id, workspace_id: Id) -> None:
        """Share a target with a workspace no longer. What is there of it stays, switched off, until it is deleted there
        or shared again. Raises NotFound."""
        self._require(who, target_id)
        now = self.clock.now_ms()
        here, there = Trail(who.workspace_id, now), Trail(workspace_id, now)

        def told(share: Share) -> list[AuditEntry]:
            return [
                here.entry("target.unshared", "tgt", target_id, before=_facts(share)),
                there.entry("target.withdrawn", "tgt", share.mirror_id, before={"key": share.key}),
            ]

        verb = recording(verbs.end_share, told)
        await self.store.write(verb, who.workspace_id, target_id, workspace_id, now)
        self.targets.forget()

    async def page(self, who: Identity, target_id: Id, after: Id, limit: int) -> Page[Share]:
        """One page of the workspaces with which a target is shared. Raises NotFound, Forbidden."""
        who.require("targets:read")
        found = await self.store.read(verbs.list_shares, who.workspace_id, target_id, after, limit + 1)
        return cut(found, limit, lambda share: share.workspace_id)

    def _require(self, who: Identity, target_id: Id) -> None:
        who.require(WRITE)
        who.require(SERVER_SCOPE)
        who.restriction.refuse_other(target_id, {})


def _facts(share: Share) -> dict[str, str]:
    return {"workspace": prefixed("ws", share.workspace_id), "target": prefixed("tgt", share.mirror_id)}
