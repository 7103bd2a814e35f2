"""The use cases of sharing: targets and sources of audiences of one workspace are used in others, where nobody sees how
they are set up.

Only a key of the whole server shares: otherwise anybody could put something into a stranger's workspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from horarium.domain.audience import StoredSource
from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.ids import LOWEST_ID, Id, prefixed, random_id
from horarium.domain.target import Target, TargetState
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.service.audiences import AudienceService, source_name_problems
from horarium.service.checks import key_problems
from horarium.service.clock import Clock
from horarium.service.pages import Page, cut
from horarium.service.targets import TargetService
from horarium.service.trail import Trail, recording
from horarium.store.base import Store
from horarium.store.verbs import shares as verbs
from horarium.store.verbs.shares import SOURCES, TARGETS, Share
from horarium.store.verbs.targets import OWN


class _Lent(NamedTuple):
    """What is shared: its kind, what the key that shares it may name, and how the audit log names it."""

    kind: verbs.Kind[Any]
    id: Id
    restricted_to: Id
    scope: str
    word: str
    prefix: str
    subject: Id | str

    def there(self, share: Share) -> Id | str:
        """The mirror, as the audit log names it."""
        return share.mirror_id if self.kind is TARGETS else share.key or ""

    def facts(self, share: Share) -> dict[str, str]:
        named = prefixed("tgt", share.mirror_id) if self.kind is TARGETS else share.key or ""
        return {"workspace": prefixed("ws", share.workspace_id), self.kind.name: named}


def _lent_target(target_id: Id) -> _Lent:
    return _Lent(TARGETS, target_id, target_id, "targets:write", "target", "tgt", target_id)


def _lent_source(source: StoredSource) -> _Lent:
    return _Lent(SOURCES, source.id, LOWEST_ID, "directory:write", "audience", "audience", source.name)


@dataclass(frozen=True, slots=True)
class SharingService:
    """Whoever shares needs workspaces:admin, and targets:write or directory:write; otherwise Forbidden is raised."""

    store: Store
    clock: Clock
    targets: TargetService
    audiences: AudienceService

    async def share_target(
        self, who: Identity, target: Target, workspace_id: Id, key: str | None = None
    ) -> tuple[Share, bool]:
        """Share a target with another workspace; the share, and whether it is new. In that workspace it has the key
        `key`; where none is given, that which it has there or else here.

        Raises NotFound, Invalid, QuotaReached, and Conflict (key_taken; there are too many; the target cannot be
        shared).
        """
        lent = _lent_target(target.id)
        _require(who, lent)
        _refuse_own(who, workspace_id, "target")
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
        return await self._share(who, lent, mirror, key)

    async def share_source(
        self, who: Identity, name: str, workspace_id: Id, other: str | None = None
    ) -> tuple[Share, bool]:
        """Share a source of audiences with another workspace; the share, and whether it is new. In that workspace it
        has the name `other`; where none is given, that which it has there or else here.

        Raises NotFound, Invalid, and Conflict (key_taken; there are too many; the source is itself shared from a
        workspace).
        """
        source = await self.audiences.get_source(who.workspace_id, name)
        lent = _lent_source(source)
        _require(who, lent)
        _refuse_own(who, workspace_id, "source")
        if other is not None and (problems := source_name_problems(other)):
            raise Invalid(problems)
        now = self.clock.now_ms()
        mirror = StoredSource(
            workspace_id, other or name, random_id(now), source.type, {}, now, now, shared_from=source.id
        )
        return await self._share(who, lent, mirror, other)

    async def end_target(self, who: Identity, target_id: Id, workspace_id: Id) -> None:
        """Share a target with a workspace no longer. What is there of it stays, switched off, until it is deleted there
        or shared again. Raises NotFound."""
        await self._end(who, _lent_target(target_id), workspace_id)

    async def end_source(self, who: Identity, name: str, workspace_id: Id) -> None:
        """Share a source of audiences with a workspace no longer, as a target. Raises NotFound."""
        source = await self.audiences.get_source(who.workspace_id, name)
        await self._end(who, _lent_source(source), workspace_id)

    async def page_of_target(self, who: Identity, target_id: Id, after: Id, limit: int) -> Page[Share]:
        """One page of the workspaces with which a target is shared. Raises NotFound, Forbidden."""
        who.require("targets:read")
        return await self._page(who, TARGETS, target_id, after, limit)

    async def page_of_source(self, who: Identity, name: str, after: Id, limit: int) -> Page[Share]:
        """One page of the workspaces with which a source of audiences is shared. Raises NotFound, Forbidden."""
        who.require("directory:read")
        source = await self.audiences.get_source(who.workspace_id, name)
        return await self._page(who, SOURCES, source.id, after, limit)

    async def _share(self, who: Identity, lent: _Lent, mirror: Any, key: str | None) -> tuple[Share, bool]:
        here, there = self._trails(who, mirror.workspace_id)

        def told(found: tuple[Share, bool]) -> list[AuditEntry]:
            share, new = found
            if not new:
                return []
            return [
                here.entry(f"{lent.word}.shared", lent.prefix, lent.subject, after=lent.facts(share)),
                there.entry(
                    f"{lent.word}.received", lent.prefix, lent.there(share), after={"key": share.key}
                ),
            ]

        verb = recording(verbs.share, told)
        found = await self.store.write(verb, lent.kind, who.workspace_id, lent.id, mirror, key)
        self.targets.forget()
        return found

    async def _end(self, who: Identity, lent: _Lent, workspace_id: Id) -> None:
        _require(who, lent)
        here, there = self._trails(who, workspace_id)

        def told(share: Share) -> list[AuditEntry]:
            return [
                here.entry(f"{lent.word}.unshared", lent.prefix, lent.subject, before=lent.facts(share)),
                there.entry(
                    f"{lent.word}.withdrawn", lent.prefix, lent.there(share), before={"key": share.key}
                ),
            ]

        verb = recording(verbs.end_share, told)
        await self.store.write(verb, lent.kind, who.workspace_id, lent.id, workspace_id, here.at_ms)
        self.targets.forget()

    async def _page(
        self, who: Identity, kind: verbs.Kind[Any], thing_id: Id, after: Id, limit: int
    ) -> Page[Share]:
        found = await self.store.read(verbs.list_shares, kind, who.workspace_id, thing_id, after, limit + 1)
        return cut(found, limit, lambda share: share.workspace_id)

    def _trails(self, who: Identity, workspace_id: Id) -> tuple[Trail, Trail]:
        now = self.clock.now_ms()
        return Trail(who.workspace_id, now), Trail(workspace_id, now)


def _require(who: Identity, lent: _Lent) -> None:
    who.require(lent.scope)
    who.require(SERVER_SCOPE)
    who.restriction.refuse_other(lent.restricted_to, {})


def _refuse_own(who: Identity, workspace_id: Id, noun: str) -> None:
    if workspace_id == who.workspace_id:
        raise Invalid(Problem("workspace", f"is the workspace of the {noun}: name another one"))
