"""The use cases of workspaces, principals, keys and grants: who may use this server, and for what."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem, told
from horarium.domain.host_lists import host_list_problems
from horarium.domain.ids import LOWEST_ID, Id, prefixed, random_id
from horarium.domain.quotas import Usage, changed_quotas, quota_problems, weight_problems
from horarium.domain.restrictions import MOST_NAMED, UNRESTRICTED, Restriction, network_problems
from horarium.domain.tenancy import (
    EVERY_SCOPE,
    EVERY_TARGET,
    KEY_PREFIX,
    SCOPES,
    SERVER_SCOPE,
    Identity,
    Key,
    Principal,
    PrincipalType,
    Workspace,
    key_hash,
    key_hint,
)
from horarium.service.allowed_hosts import AllowedHosts
from horarium.service.checks import label_problems, name_problems, text_problems
from horarium.service.clock import Clock
from horarium.service.facts import grant_names, key_facts, principal_facts, workspace_facts
from horarium.service.identity import IdentityService
from horarium.service.pages import Page, cut
from horarium.service.repeats import write_once
from horarium.service.trail import Trail, difference, noting, recording, watched
from horarium.store.base import Store
from horarium.store.verbs import tenancy as verbs
from horarium.store.verbs.idempotency import Request
from horarium.store.verbs.quotas import get_usage
from horarium.store.verbs.targets import existing_targets
from horarium.times.instants import utc_text
from horarium.times.zones import zone_names

# The scope that allows changing the workspace, its principals, keys and grants.
ADMIN = "keys:admin"
DEFAULT_SLUG = "default"
# Settings of a workspace in one request; each unknown one is a problem of its own.
MOST_SETTINGS = 50
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its text, which is shown only this once and never stored."""

    key: Key
    text: str


@dataclass(frozen=True, slots=True)
class Founded:
    """A new workspace, its administrator and the administrator's key."""

    workspace: Workspace
    admin: Principal
    issued: IssuedKey


@dataclass(frozen=True, slots=True)
class TenancyService:
    """Every method raises Forbidden if the key of `who` lacks the scope: keys:admin, unless the method says otherwise.

    After each change all remembered identities are dropped, so that it takes effect at once.

    Nobody gives what they do not have. A key makes no key that has more scopes or lasts longer than it does itself,
    and none for a principal with more grants than its own; it gives no grant that its principal lacks; and a key of
    the whole server is touched only by another one. Otherwise Forbidden is raised, or Invalid for a later end.
    """

    store: Store
    clock: Clock
    identities: IdentityService
    allowed_hosts: AllowedHosts

    async def create_workspace(
        self,
        who: Identity,
        name: str,
        slug: str | None = None,
        settings: Mapping[str, Any] | None = None,
        quotas: Mapping[str, Any] | None = None,
        weight: float | None = None,
        allowed_hosts: Sequence[str] | None = None,
    ) -> Founded:
        """Create a workspace with an administrator and a key. Needs workspaces:admin.

        The slug is made from the name if it is not given. `quotas` are those that shall differ from the defaults.
        The new key ends when the key that asks for it does.
        Raises Invalid, Conflict (slug in use).
        """
        who.require(SERVER_SCOPE)
        slug = slug if slug is not None else _slug_of(name[:200])
        _refuse(
            chain(
                name_problems("name", name),
                _slug_problems(slug),
                _settings_problems(settings or {}),
                quota_problems(quotas or {}),
                weight_problems(weight),
                host_list_problems(allowed_hosts or (), "allowed_hosts"),
            )
        )
        now = self.clock.now_ms()
        founded = _found(name, slug, settings or {}, (EVERY_SCOPE,), now, who.key_expires_ms)
        workspace = replace(
            founded.workspace,
            quotas=changed_quotas(founded.workspace.quotas, quotas or {}),
            weight=founded.workspace.weight if weight is None else weight,
            allowed_hosts=founded.workspace.allowed_hosts if allowed_hosts is None else tuple(allowed_hosts),
        )
        key = replace(founded.issued.key, restriction=Restriction(networks=who.restriction.networks))
        founded = replace(founded, workspace=workspace, issued=replace(founded.issued, key=key))
        told = founded_entries(founded, now)
        await self.store.write(recording(_create, lambda _: told), founded)
        await self.allowed_hosts.refresh()
        return founded

    async def list_workspaces(self, who: Identity, after: Id, limit: int) -> Page[Workspace]:
        """One page of all workspaces for a key with workspaces:admin, and only its own for any other key."""
        if not who.may(SERVER_SCOPE):
            own = await self.get_workspace(who, who.workspace_id)
            return Page([own] if own.id > after else [])
        found = await self.store.read(verbs.list_workspaces, after, limit + 1)
        return cut(found, limit, lambda workspace: workspace.id)

    async def get_workspace(self, who: Identity, workspace_id: Id) -> Workspace:
        """A workspace by id. Raises NotFound for any but the key's own, unless the key has workspaces:admin."""
        if workspace_id != who.workspace_id and not who.may(SERVER_SCOPE):
            raise NotFound("workspace")
        found = await self.store.read(verbs.get_workspace, workspace_id)
        if found is None:
            raise NotFound("workspace")
        return found

    async def usage(self, who: Identity, workspace_id: Id) -> Usage:
        """How much of its quotas a workspace uses. Raises NotFound as `get_workspace` does."""
        await self.get_workspace(who, workspace_id)
        return await self.store.read(get_usage, workspace_id)

    async def update_workspace(
        self,
        who: Identity,
        workspace_id: Id,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        version: int | None = None,
        quotas: Mapping[str, Any] | None = None,
        weight: float | None = None,
        allowed_hosts: Sequence[str] | None = None,
    ) -> Workspace:
        """Change the name or the settings of a workspace, or its quotas, its weight and the hosts that it may reach.

        Given settings and quotas are merged; null removes a setting, and sets a quota back to its default. Quotas,
        weight and hosts need workspaces:admin. What changes nothing leaves the version as it is. Raises Invalid,
        NotFound, Conflict (version).
        """
        who.require(ADMIN)
        if (quotas, weight, allowed_hosts) != (None, None, None):
            who.require(SERVER_SCOPE)
        await self.get_workspace(who, workspace_id)  # it is there, and may be seen
        changed_hosts = None if allowed_hosts is None else tuple(allowed_hosts)

        def change(known: Workspace) -> Workspace:
            # What is sent back as it was shown stays unset where it was: defaults are shown, but not stored.
            shown = {"timezone": known.timezone, **known.settings}
            given = {name: value for name, value in (settings or {}).items() if value != shown.get(name)}
            merged = {k: v for k, v in {**known.settings, **given}.items() if v is not None}
            _refuse(
                chain(
                    name_problems("name", known.name if name is None else name),
                    _settings_problems(merged),
                    quota_problems(quotas or {}),
                    weight_problems(weight),
                    host_list_problems(changed_hosts or (), "allowed_hosts"),
                )
            )
            return replace(
                known,
                name=known.name if name is None else name,
                settings=merged,
                quotas=changed_quotas(known.quotas, quotas or {}),
                weight=known.weight if weight is None else weight,
                allowed_hosts=known.allowed_hosts if changed_hosts is None else changed_hosts,
            )

        now = self.clock.now_ms()
        trail, seen = Trail(workspace_id, now), list[Workspace]()
        verb = recording(verbs.change_workspace, lambda after: _change_entries(trail, seen[0], after))
        saved = await self.store.write(verb, workspace_id, watched(change, seen), now, version)
        if saved is not seen[0]:
            self.identities.forget()
            await self.allowed_hosts.refresh()
        return saved

    async def create_principal(
        self,
        who: Identity,
        name: str,
        kind: PrincipalType = PrincipalType.SERVICE,
        email: str | None = None,
        granted: Sequence[Id] = (),
    ) -> Principal:
        """Create a person or a service, with grants on targets. Raises Invalid."""
        return (await self.create_principal_once(who, None, name, kind, email, granted))[0]

    async def create_principal_once(
        self,
        who: Identity,
        request: Request | None,
        name: str,
        kind: PrincipalType = PrincipalType.SERVICE,
        email: str | None = None,
        granted: Sequence[Id] = (),
    ) -> tuple[Principal, bool]:
        """As `create_principal`, once for a request: the principal, and whether the same request made it before. Raises
        also what `write_once` raises."""
        who.require(ADMIN)
        problems = [*name_problems("name", name), *_email_problems(email)]
        if kind is PrincipalType.SYSTEM:
            problems.append(Problem("type", "must be person or service; system is the server itself"))
        problems += await self._unknown_targets(who, granted)
        _refuse(problems)
        _refuse_more_grants(who, granted)
        now = self.clock.now_ms()
        principal = Principal(random_id(now), who.workspace_id, kind, name, now, email)
        facts = principal_facts(principal, granted)
        entry = Trail(who.workspace_id, now).entry("principal.created", "prn", principal.id, after=facts)

        async def find(an_id: Id) -> Principal:
            return await self.get_principal(who, an_id)

        verb = noting(verbs.create_principal, entry)
        return await write_once(self.store, find, request, now, verb, principal, tuple(granted))

    async def list_principals(self, who: Identity, after: Id, limit: int) -> Page[Principal]:
        """One page of the principals of the workspace, oldest first."""
        who.require(ADMIN)
        found = await self.store.read(verbs.list_principals, who.workspace_id, after, limit + 1)
        return cut(found, limit, lambda principal: principal.id)

    async def get_principal(self, who: Identity, principal_id: Id) -> Principal:
        """A principal by id. Everybody may read themselves without keys:admin. Raises NotFound."""
        if principal_id != who.principal_id:
            who.require(ADMIN)
        found = await self.store.read(verbs.get_principal, who.workspace_id, principal_id)
        if found is None:
            raise NotFound("principal")
        return found

    async def delete_principal(self, who: Identity, principal_id: Id) -> None:
        """Delete a principal and revoke its keys. What it created stays.

        Raises NotFound, Conflict (it is the caller).
        """
        who.require(ADMIN)
        if principal_id == who.principal_id:
            raise Conflict("this request uses a key of this principal; another administrator can delete it")
        _refuse_server_key(who, await self.store.read(verbs.live_scopes, who.workspace_id, principal_id))
        now = self.clock.now_ms()
        trail = Trail(who.workspace_id, now)

        def deleted(gone: tuple[Principal, Sequence[Id]] | None) -> Iterator[AuditEntry]:
            if gone is not None:
                yield trail.entry("principal.deleted", "prn", principal_id, before=principal_facts(*gone))

        gone = await self.store.write(
            recording(verbs.delete_principal, deleted), who.workspace_id, principal_id, now
        )
        self.identities.forget()
        if gone is None:
            raise NotFound("principal")

    async def create_key(
        self,
        who: Identity,
        name: str,
        scopes: Sequence[str],
        principal_id: Id | None = None,
        expires_ms: int | None = None,
        restriction: Restriction | None = None,
    ) -> IssuedKey:
        """Create a key for a principal (by default the caller), which expires at `expires_ms`.

        With None it expires when the caller's key does, or never; and it is restricted as the caller's key is. Raises
        Invalid, NotFound (principal), Forbidden.
        """
        restriction = who.restriction if restriction is None else restriction
        who.require(ADMIN)
        now = self.clock.now_ms()
        _refuse(
            chain(
                name_problems("name", name),
                _scope_problems(scopes),
                _expiry_problems(who, expires_ms, now),
                _restriction_problems(restriction, scopes),
            )
        )
        _refuse(await self._unknown_targets(who, restriction.targets, "targets"))
        _refuse_more_than(who, scopes)
        _refuse_less_restricted(who, restriction)
        if principal_id is None and who.principal.workspace_id != who.workspace_id:
            words = "is required: name the principal of this workspace that the key shall belong to"
            raise Invalid(Problem("principal", words, "required"))
        principal_id = principal_id or who.principal_id
        await self._refuse_more_granted(who, principal_id)
        expires_ms = who.key_expires_ms if expires_ms is None else expires_ms
        issued = _issue(who.workspace_id, principal_id, name, tuple(scopes), now, expires_ms, restriction)
        entry = Trail(who.workspace_id, now).entry(
            "key.created", "key", issued.key.id, after=key_facts(issued.key)
        )
        new = verbs.NewKey(issued.key, key_hash(issued.text))
        await self.store.write(noting(verbs.create_key, entry), new)
        return issued

    async def list_keys(self, who: Identity, after: Id, limit: int) -> Page[Key]:
        """One page of the keys of the workspace, oldest first."""
        who.require(ADMIN)
        found = await self.store.read(verbs.list_keys, who.workspace_id, after, limit + 1)
        return cut(found, limit, lambda key: key.id)

    async def get_key(self, who: Identity, key_id: Id) -> Key:
        """A key by id. Every key may read itself without keys:admin. Raises NotFound."""
        if key_id != who.key_id:
            who.require(ADMIN)
        found = await self.store.read(verbs.get_key, who.workspace_id, key_id)
        if found is None:
            raise NotFound("key")
        return found

    async def revoke_key(self, who: Identity, key_id: Id) -> Key:
        """End a key now. Raises NotFound.

        Raises Conflict for the key that the request uses, so that nobody locks themselves out.
        """
        who.require(ADMIN)
        if key_id == who.key_id:
            raise Conflict("this request uses this very key; revoke it with another key")
        _refuse_server_key(who, (await self.get_key(who, key_id)).scopes)
        now = self.clock.now_ms()
        trail = Trail(who.workspace_id, now)

        def revoked(key: Key | None) -> Iterator[AuditEntry]:
            if key is not None:
                yield trail.entry("key.revoked", "key", key_id, before=key_facts(key))

        verb = recording(verbs.revoke_key, revoked)
        found = await self.store.write(verb, who.workspace_id, key_id, now)
        self.identities.forget()
        if found is None:
            raise NotFound("key")
        return found

    async def rotate_key(self, who: Identity, key_id: Id, overlap_ms: int = 0) -> IssuedKey:
        """Create a key with the name, principal, scopes and end of another one, which ends after `overlap_ms`.

        It ends earlier if the caller's key does. Raises NotFound, Conflict (it was revoked or has expired), Forbidden.
        """
        who.require(ADMIN)
        old = await self.get_key(who, key_id)
        now = self.clock.now_ms()
        verbs.refuse_ended(old, now)
        _refuse_more_than(who, old.scopes)
        _refuse_less_restricted(who, old.restriction)
        await self._refuse_more_granted(who, old.principal_id)
        end = _earlier(old.expires_ms, who.key_expires_ms)
        issued = _issue(who.workspace_id, old.principal_id, old.name, old.scopes, now, end, old.restriction)
        new = verbs.NewKey(issued.key, key_hash(issued.text))
        facts = {
            "ends_ms": _earlier(old.expires_ms, now + overlap_ms),
            "new_key": prefixed("key", issued.key.id),
            **key_facts(issued.key),
        }
        entry = Trail(who.workspace_id, now).entry("key.rotated", "key", key_id, after=facts)
        await self.store.write(noting(verbs.replace_key, entry), new, key_id, now + overlap_ms)
        self.identities.forget()
        return issued

    async def list_grants(self, who: Identity, principal_id: Id) -> list[Id]:
        """The ids of the targets that a principal may schedule; EVERY_TARGET stands for all.

        Everybody may read their own without keys:admin. Raises NotFound.
        """
        await self.get_principal(who, principal_id)
        return await self.store.read(verbs.grants_of, principal_id)

    async def grants_page(self, who: Identity, principal_id: Id, after: Id | None, limit: int) -> Page[Id]:
        """One page of what `list_grants` returns, in the order of ids. `after` is the last id of the page before."""
        await self.get_principal(who, principal_id)
        found = await self.store.read(verbs.list_grants, principal_id, after, limit + 1)
        return cut(found, limit, lambda target_id: target_id)

    async def add_grants(self, who: Identity, principal_id: Id, targets: Sequence[Id]) -> list[Id]:
        """Give grants to a principal. Returns all of its grants. Raises NotFound, Invalid (unknown target)."""
        who.require(ADMIN)
        _refuse(await self._unknown_targets(who, targets))
        _refuse_more_grants(who, targets)
        now = self.clock.now_ms()
        said = {"targets": grant_names(targets)}
        entry = Trail(who.workspace_id, now).entry("grant.added", "prn", principal_id, after=said)
        verb = noting(verbs.add_grants, entry)
        found = await self.store.write(verb, who.workspace_id, principal_id, tuple(targets), now)
        self.identities.forget()
        return found

    async def remove_grant(self, who: Identity, principal_id: Id, target_id: Id) -> None:
        """Remove a grant of a principal. Raises NotFound if it has no such grant."""
        who.require(ADMIN)
        said = {"targets": grant_names([target_id])}
        trail = Trail(who.workspace_id, self.clock.now_ms())
        entry = trail.entry("grant.removed", "prn", principal_id, before=said)
        verb = recording(verbs.remove_grant, lambda gone: [entry] if gone else [])
        gone = await self.store.write(verb, who.workspace_id, principal_id, target_id)
        self.identities.forget()
        if not gone:
            raise NotFound("grant")

    async def _refuse_more_granted(self, who: Identity, principal_id: Id) -> None:
        """Raises Forbidden for another principal that has a grant which the caller lacks, and NotFound."""
        if principal_id != who.principal_id:
            await self.get_principal(who, principal_id)
            _refuse_more_grants(who, await self.store.read(verbs.grants_of, principal_id))

    async def _unknown_targets(
        self, who: Identity, targets: Iterable[Id], field: str = "grants"
    ) -> list[Problem]:
        wanted = {target for target in targets if target != EVERY_TARGET}
        known = await self.store.read(existing_targets, who.workspace_id, tuple(wanted)) if wanted else set()
        if wanted <= known:
            return []
        return [Problem(field, "names a target that does not exist in this workspace", "unknown")]


async def bootstrap(store: Store, now_ms: int, key_file: Path, given: str | None = None) -> str | None:
    """Create the first workspace with an administrator, and return the administrator's key.

    Returns None if there is a workspace already. The key is written to `key_file` (mode 600) before the
    workspace is stored. So if the server stops in between, the next start creates another key, and there is
    never a workspace whose key nobody has. A key that is given is not written anywhere.
    """
    if await store.read(verbs.any_workspace):
        return None
    founded = _found("Default", DEFAULT_SLUG, {}, (EVERY_SCOPE, SERVER_SCOPE), now_ms, None)
    if given is not None:
        founded = replace(founded, issued=_as_given(founded.issued, given))
    else:
        _write_private(key_file, founded.issued.text + "\n")
    told = founded_entries(founded, now_ms)
    verb = recording(_create, lambda made: told if made else [])
    if not await store.write(verb, founded, first=True):
        if given is None:
            os.unlink(key_file)
        return None
    return founded.issued.text


async def recover(store: Store, now_ms: int) -> IssuedKey:
    """Make a principal with a key of the whole server in the oldest workspace, for whoever lost all such keys.

    Raises NotFound where there is no workspace: the first start of a server makes it, with a key.
    """
    oldest = await store.read(verbs.list_workspaces, LOWEST_ID, 1)
    if not oldest:
        raise NotFound("workspace")
    (workspace,) = oldest
    principal = Principal(
        random_id(now_ms), workspace.id, PrincipalType.SERVICE, "Recovered administrator", now_ms
    )
    issued = _issue(workspace.id, principal.id, "recovered", (EVERY_SCOPE, SERVER_SCOPE), now_ms, None)
    entry = Trail(workspace.id, now_ms).entry(
        "key.recovered", "key", issued.key.id, after=key_facts(issued.key)
    )
    new = verbs.NewKey(issued.key, key_hash(issued.text))
    await store.write(noting(_recover, entry), principal, new)
    return issued


async def _recover(tx: Any, principal: Principal, key: verbs.NewKey) -> None:
    await verbs.create_principal(tx, principal, (EVERY_TARGET,))
    await verbs.create_key(tx, key)


def _as_given(issued: IssuedKey, text: str) -> IssuedKey:
    return IssuedKey(replace(issued.key, hint=key_hint(text)), text)


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also while it is being written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _found(
    name: str,
    slug: str,
    settings: Mapping[str, Any],
    scopes: tuple[str, ...],
    now: int,
    expires_ms: int | None = None,
) -> Founded:
    workspace = Workspace(random_id(now), slug, name, now, now, 1, dict(settings))
    admin = Principal(random_id(now), workspace.id, PrincipalType.SERVICE, "Administrator", now)
    return Founded(workspace, admin, _issue(workspace.id, admin.id, "admin", scopes, now, expires_ms))


async def _create(tx: Any, founded: Founded, first: bool = False) -> bool:
    new = verbs.NewKey(founded.issued.key, key_hash(founded.issued.text))
    every = (EVERY_TARGET,)
    return await verbs.create_workspace(tx, founded.workspace, founded.admin, new, every, first=first)


def founded_entries(founded: Founded, now: int) -> list[AuditEntry]:
    """The audit entries for a new workspace; they are the first ones of its own log."""
    trail, key = Trail(founded.workspace.id, now), founded.issued.key
    admin = principal_facts(founded.admin, [EVERY_TARGET])
    return [
        trail.entry(
            "workspace.created", "ws", founded.workspace.id, after=workspace_facts(founded.workspace)
        ),
        trail.entry("principal.created", "prn", founded.admin.id, after=admin),
        trail.entry("key.created", "key", key.id, after=key_facts(key)),
    ]


def _issue(
    workspace_id: Id,
    principal_id: Id,
    name: str,
    scopes: tuple[str, ...],
    now: int,
    expires_ms: int | None,
    restriction: Restriction = UNRESTRICTED,
) -> IssuedKey:
    text = KEY_PREFIX + secrets.token_urlsafe(32)
    key = Key(
        random_id(now),
        workspace_id,
        principal_id,
        name,
        key_hint(text),
        scopes,
        now,
        expires_ms,
        restriction=restriction,
    )
    return IssuedKey(key, text)


def _refuse(problems: Iterable[Problem]) -> None:
    found = told(problems)
    if found:
        raise Invalid(found)


def _refuse_more_than(who: Identity, scopes: Iterable[str]) -> None:
    """Raises Forbidden if some scope is not one of the caller's key. Only a key with `*` may give `*`."""
    for scope in scopes:
        if scope not in who.scopes and (scope == EVERY_SCOPE or not who.may(scope)):
            words = f"a key can only give scopes that it has itself; this one does not have {scope}"
            raise Forbidden(words, scope)


def _refuse_more_grants(who: Identity, targets: Iterable[Id]) -> None:
    """Raises Forbidden if the caller's principal lacks some of the grants."""
    for target_id in targets:
        if not who.may_schedule(target_id):
            name = "all targets" if target_id == EVERY_TARGET else f"the target {prefixed('tgt', target_id)}"
            raise Forbidden(
                f"nobody can give a grant that they do not have; {who.principal.name} has none on {name}"
            )


def _refuse_less_restricted(who: Identity, restriction: Restriction) -> None:
    """Raises Forbidden if a key would be less restricted than the caller's."""
    if not who.restriction.covers(restriction):
        raise Forbidden("a restricted key can only make keys that are restricted at least as much")


def _restriction_problems(restriction: Restriction, scopes: Sequence[str]) -> Iterator[Problem]:
    """A key that administers could free itself of what restricts it to some targets or labels."""
    yield from network_problems(restriction.networks)
    yield from label_problems(restriction.labels)
    for field, named in (("targets", restriction.targets), ("networks", restriction.networks)):
        if len(named) > MOST_NAMED:
            yield Problem(field, f"names {len(named)}; at most {MOST_NAMED} are allowed")
    for scope in (ADMIN, SERVER_SCOPE, EVERY_SCOPE):
        if restriction.of_schedules and scope in scopes:
            yield Problem("scopes", f"a key that is restricted to targets or labels cannot have {scope}")


def _refuse_server_key(who: Identity, scopes: Iterable[str]) -> None:
    """Raises Forbidden if the scopes are of a key for the whole server and the caller's key is not such a key."""
    if SERVER_SCOPE in scopes and not who.may(SERVER_SCOPE):
        words = f"this would end a key of the whole server; that needs a key with {SERVER_SCOPE}"
        raise Forbidden(words, SERVER_SCOPE)


def _earlier(one: int | None, other: int | None) -> int | None:
    """The earlier of two ends, None being none."""
    ends = [end for end in (one, other) if end is not None]
    return min(ends) if ends else None


def _slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-")


def _slug_problems(slug: str) -> Iterator[Problem]:
    if not _SLUG.fullmatch(slug):
        yield Problem("slug", "must be 1 to 63 lower-case letters, digits and inner hyphens")


def _change_entries(trail: Trail, before: Workspace, after: Workspace) -> Iterator[AuditEntry]:
    if after is before:
        return
    said = difference(workspace_facts(before), workspace_facts(after))
    yield trail.entry("workspace.changed", "ws", after.id, **said)


def _settings_problems(settings: Mapping[str, Any]) -> Iterator[Problem]:
    if len(settings) > MOST_SETTINGS:
        yield Problem("settings", f"has {len(settings)} entries; the only setting is timezone", "unknown")
        return
    for name, value in settings.items():
        if name != "timezone":
            words = "is not a setting of a workspace; the only setting is timezone"
            yield Problem(f"settings.{name}", words, "unknown")
        elif not isinstance(value, str) or value not in zone_names():
            yield Problem("settings.timezone", f"{value!r} is not an IANA time zone such as Europe/Paris")


def _scope_problems(scopes: Sequence[str]) -> Iterator[Problem]:
    if not scopes:
        yield Problem("scopes", f"must name at least one of {', '.join(SCOPES)}", "required")
    for scope in scopes:
        if scope not in SCOPES:
            yield Problem(
                "scopes", f"{scope!r} is not a scope; the scopes are {', '.join(SCOPES)}", "unknown"
            )


def _expiry_problems(who: Identity, expires_ms: int | None, now: int) -> Iterator[Problem]:
    if expires_ms is None:
        return
    if expires_ms <= now:
        yield Problem("expires_at", "must be in the future")
    elif who.key_expires_ms is not None and expires_ms > who.key_expires_ms:
        end = utc_text(who.key_expires_ms // 1000)
        yield Problem(
            "expires_at", f"must not be later than {end}, when the key that asks for this one expires"
        )


def _email_problems(email: str | None) -> Iterator[Problem]:
    yield from text_problems("email", email, 320)
    if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        yield Problem("email", f"{email!r} is not an e-mail address")
