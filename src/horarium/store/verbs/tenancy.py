"""Workspaces, principals, keys and grants."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import Id
from horarium.domain.quotas import DEFAULT, Quotas, quotas_from_text, quotas_to_text
from horarium.domain.restrictions import restriction_from_text, restriction_to_text
from horarium.domain.tenancy import Identity, Key, Principal, PrincipalType, Workspace
from horarium.store.base import ACCESS, GRANTS, Duplicate, Tx, point
from horarium.store.verbs.quotas import set_limits


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key about to be stored, with the hash of what its holder will present."""

    key: Key
    hash: bytes


@dataclass(frozen=True, slots=True)
class Presented:
    """Whose key was presented, and when the key ends (ms), None where it does not."""

    identity: Identity
    expires_ms: int | None


async def any_workspace(tx: Tx) -> bool:
    """Whether there is any workspace in the database."""
    return await tx.row("any_workspace") is not None


async def create_workspace(
    tx: Tx, workspace: Workspace, admin: Principal, key: NewKey, granted: Iterable[Id], *, first: bool = False
) -> bool:
    """Store a workspace with its first principal and key. True where it was made.

    With `first`, it is made only where there is no workspace yet. Raises Conflict (key_taken) where the slug is
    taken.
    """
    if first and await any_workspace(tx):
        return False
    try:
        await tx.run(
            "insert_workspace",
            id=workspace.id,
            slug=workspace.slug,
            name=workspace.name,
            settings=json.dumps(dict(workspace.settings)),
            now=workspace.created_ms,
            quotas=quotas_to_text(workspace.quotas),
            weight=workspace.weight,
            allowed_hosts=json.dumps(workspace.allowed_hosts),
        )
    except Duplicate:
        words = (
            f"a workspace with the slug {workspace.slug!r} exists already, or was deleted and can still be had back; "
            "choose another"
        )
        raise Conflict(words, "key_taken", "slug") from None
    await set_limits(tx, workspace.id, workspace.quotas)
    await create_principal(tx, admin, granted)
    await create_key(tx, key)
    return True


async def get_workspace(tx: Tx, workspace_id: Id) -> Workspace | None:
    """A workspace that has not been deleted, or None."""
    found = await tx.row("get_workspace", id=workspace_id)
    return workspace_from_row(found) if found else None


async def hold_workspace(tx: Tx, workspace_id: Id) -> None:
    """Let nobody else hold a workspace until this transaction ends, nor delete it. Whoever counts what it has before
    something is added holds it first: of two that add at the same time, the second counts what the first has added.

    Raises NotFound for one that was deleted, also where its caller was let in before.
    """
    row = await tx.row("hold_workspace", workspace_id=workspace_id)
    if row is None or row[0] is not None:
        raise NotFound("workspace")


async def hold_both(tx: Tx, one: Id, other: Id) -> None:
    """Hold two workspaces, in an order that is the same for all. They may be deleted."""
    for workspace_id in sorted({one, other}):
        await tx.row("hold_workspace", workspace_id=workspace_id)


async def gone_workspaces(tx: Tx, asked: Collection[Id]) -> set[Id]:
    """Which of these workspaces have been purged."""
    if not asked:
        return set()
    return set(asked) - {row[0] for row in await tx.rows("workspaces_there", ids=sorted(asked))}


async def list_workspaces(tx: Tx, after: Id, limit: int) -> list[Workspace]:
    """Up to `limit` workspaces after the id `after`, oldest first."""
    return [workspace_from_row(row) for row in await tx.rows("list_workspaces", after=after, limit=limit)]


async def change_workspace(
    tx: Tx,
    workspace_id: Id,
    change: Callable[[Workspace], Workspace],
    now: int,
    expected_version: int | None = None,
) -> Workspace:
    """Apply a pure function to the name, settings, quotas, weight and allowed hosts of a workspace. Where
    it changes nothing, nothing is written. Raises NotFound, Conflict (version) and whatever `change` raises.
    """
    await hold_workspace(tx, workspace_id)
    before = await get_workspace(tx, workspace_id)
    if before is None:
        raise NotFound("workspace")
    if expected_version not in (None, before.version):
        raise Conflict(
            f"the workspace was changed meanwhile; its version is {before.version}", "version", "version"
        )
    after = change(before)
    if after == before:
        return before
    await tx.run(
        "update_workspace",
        id=workspace_id,
        name=after.name,
        settings=json.dumps(dict(after.settings)),
        quotas=quotas_to_text(after.quotas),
        weight=after.weight,
        allowed_hosts=json.dumps(after.allowed_hosts),
        now=now,
    )
    await set_limits(tx, workspace_id, after.quotas)
    return replace(after, version=before.version + 1, updated_ms=now)


class Share(NamedTuple):
    """What a workspace gets of the workers: its weight where workspaces take turns, how many of its runs one worker
    process may have under way, and how many bytes of a run's output are stored."""

    weight: float = 1.0
    concurrency: int = DEFAULT.concurrency
    output_bytes: int = DEFAULT.output_bytes


USUAL_SHARE = Share()


async def uncommon_shares(tx: Tx) -> dict[Id, Share]:
    """The shares of the workspaces that do not have the usual one."""
    rows = await tx.rows("uncommon_shares")
    shares = {found: _share(weight, quotas_from_text(quotas)) for found, weight, quotas in rows}
    return {workspace_id: share for workspace_id, share in shares.items() if share != USUAL_SHARE}


def _share(weight: float, quotas: Quotas) -> Share:
    return Share(weight, quotas.concurrency, quotas.output_bytes)


async def allowed_hosts(tx: Tx) -> dict[Id, tuple[str, ...]]:
    """The hosts that workspaces may reach, of those that may not reach every host."""
    return {found: tuple(json.loads(hosts)) for found, hosts in await tx.rows("allowed_hosts")}


async def create_principal(tx: Tx, principal: Principal, granted: Iterable[Id]) -> Principal:
    """Store a principal with grants on some targets. The principal."""
    await tx.run(
        "insert_principal",
        id=principal.id,
        workspace_id=principal.workspace_id,
        type=principal.type.value,
        name=principal.name,
        email=principal.email,
        now=principal.created_ms,
    )
    await _grant(tx, principal, granted, principal.created_ms)
    return principal


async def _hold_principal(tx: Tx, workspace_id: Id, principal_id: Id) -> Principal:
    """A principal that nobody removes until this transaction ends. Raises NotFound."""
    held = await tx.row("hold_principal", id=principal_id)
    principal = None if held is None else await get_principal(tx, workspace_id, principal_id)
    if principal is None:
        raise NotFound("principal")
    return principal


async def get_principal(tx: Tx, workspace_id: Id, principal_id: Id) -> Principal | None:
    """A principal of a workspace that has not been removed, or None."""
    found = await tx.row("get_principal", workspace_id=workspace_id, id=principal_id)
    return principal_from_row(found) if found else None


async def list_principals(tx: Tx, workspace_id: Id, after: Id, limit: int) -> list[Principal]:
    """Up to `limit` principals of a workspace after the id `after`, oldest first."""
    rows = await tx.rows("list_principals", workspace_id=workspace_id, after=after, limit=limit)
    return [principal_from_row(row) for row in rows]


async def delete_principal(
    tx: Tx, workspace_id: Id, principal_id: Id, now: int
) -> tuple[Principal, Sequence[Id]] | None:
    """Remove a principal, revoke its keys and delete its grants; the principal and what it was granted. What it has
    created stays. None where there is none."""
    principal = await get_principal(tx, workspace_id, principal_id)
    if principal is None:
        return None
    # First, so that whoever has given it something has done so, and nobody gives it anything afterwards.
    if not await tx.run("delete_principal", workspace_id=workspace_id, id=principal_id, now=now):
        return None
    granted = await grants_of(tx, principal_id)
    tx.announce(ACCESS, 0)
    tx.announce(GRANTS, 0)
    await tx.run("revoke_keys_of_principal", workspace_id=workspace_id, principal_id=principal_id, now=now)
    await tx.run("delete_grants_of_principal", workspace_id=workspace_id, principal_id=principal_id)
    return principal, granted


async def create_key(tx: Tx, new: NewKey) -> None:
    """Store a key. Raises NotFound where its principal does not exist in its workspace."""
    key = new.key
    await _hold_principal(tx, key.workspace_id, key.principal_id)
    await tx.run(
        "insert_key",
        id=key.id,
        workspace_id=key.workspace_id,
        principal_id=key.principal_id,
        name=key.name,
        hash=new.hash,
        hint=key.hint,
        scopes=" ".join(key.scopes),
        now=key.created_ms,
        expires_ms=key.expires_ms,
        restriction=restriction_to_text(key.restriction),
    )


async def get_key(tx: Tx, workspace_id: Id, key_id: Id) -> Key | None:
    """A key of a workspace, which may have been revoked, or None."""
    found = await tx.row("get_key", workspace_id=workspace_id, id=key_id)
    return _key(found) if found else None


async def list_keys(tx: Tx, workspace_id: Id, after: Id, limit: int) -> list[Key]:
    """Up to `limit` keys of a workspace after the id `after`, oldest first, including revoked ones."""
    rows = await tx.rows("list_keys", workspace_id=workspace_id, after=after, limit=limit)
    return [_key(row) for row in rows]


async def revoke_key(tx: Tx, workspace_id: Id, key_id: Id, now: int) -> Key | None:
    """Revoke a key. The key as it is then, or None where there is none. To revoke it again changes nothing."""
    tx.announce(ACCESS, 0)
    await tx.run("revoke_key", workspace_id=workspace_id, id=key_id, now=now)
    return await get_key(tx, workspace_id, key_id)


async def replace_key(tx: Tx, new: NewKey, old_id: Id, old_ends_ms: int) -> None:
    """Store a key that replaces another one, which ends at `old_ends_ms` if it would not end sooner.

    Raises NotFound, and Conflict as `refuse_ended` does.
    """
    own = {"workspace_id": new.key.workspace_id, "id": old_id}
    row = await tx.row("hold_key", **own)
    if row is None:
        raise NotFound("key")
    refuse_ended(_key(row), new.key.created_ms)
    tx.announce(ACCESS, 0)
    await create_key(tx, new)
    await tx.run("expire_key", **own, at=old_ends_ms)


def refuse_ended(key: Key, now: int) -> None:
    """Raises Conflict for a key that was revoked or has expired: it is replaced by none."""
    if key.revoked_ms is not None:
        raise Conflict("this key was revoked; create a new one instead")
    if key.expires_ms is not None and key.expires_ms <= now:
        raise Conflict("this key has expired; create a new one instead")


async def live_scopes(tx: Tx, workspace_id: Id, principal_id: Id) -> set[str]:
    """The scopes of all keys of a principal that are not revoked."""
    rows = await tx.rows("live_scopes", workspace_id=workspace_id, principal_id=principal_id)
    return {scope for (scopes,) in rows for scope in scopes.split()}


async def touch_keys(tx: Tx, used: Sequence[tuple[Id, int]]) -> None:
    """Note when keys were last used: (key, instant in ms)."""
    await tx.many("touch_keys", sorted(used))  # in one order, so that no two nodes wait for each other


@point
async def present_key(tx: Tx, hashed: bytes) -> Presented | None:
    """Whose key this is, None where it is unknown or revoked. Whether it has ended is for the caller's clock to
    say."""
    found = await tx.row("key_by_hash", hash=hashed)
    if found is None:
        return None
    key_id, scopes, expires_ms, restriction, *rest = found
    of_principal = len(_StoredPrincipal._fields)
    principal = principal_from_row(rest[:of_principal])
    granted = await grants_of(tx, principal.id)
    identity = Identity(
        workspace=workspace_from_row(rest[of_principal:]),
        principal=principal,
        key_id=key_id,
        scopes=frozenset(scopes.split()),
        granted=frozenset(granted),
        key_expires_ms=expires_ms,
        restriction=restriction_from_text(restriction),
    )
    return Presented(identity, expires_ms)


async def grants_of(tx: Tx, principal_id: Id) -> list[Id]:
    """The targets that a principal has a grant on."""
    return [target_id for (target_id,) in await tx.rows("grants_of_principal", principal_id=principal_id)]


async def list_grants(tx: Tx, principal_id: Id, after: Id | None, limit: int) -> list[Id]:
    """Up to `limit` of the targets that a principal has a grant on, in the order of their ids, after the id `after`."""
    # EVERY_TARGET is the lowest id that there is, so only nothing stands before it.
    rows = await tx.rows("list_grants", principal_id=principal_id, after=after or b"", limit=limit)
    return [target_id for (target_id,) in rows]


async def add_grants(tx: Tx, workspace_id: Id, principal_id: Id, targets: Iterable[Id], now: int) -> list[Id]:
    """Give a principal grants on targets. All its grants then. Raises NotFound where there is no such principal."""
    principal = await _hold_principal(tx, workspace_id, principal_id)
    await _grant(tx, principal, targets, now)
    return await grants_of(tx, principal_id)


async def remove_grant(tx: Tx, workspace_id: Id, principal_id: Id, target_id: Id) -> bool:
    """Take a grant away. False where the principal has none on this target."""
    tx.announce(ACCESS, 0)
    tx.announce(GRANTS, 0)
    taken = await tx.run(
        "delete_grant", workspace_id=workspace_id, principal_id=principal_id, target_id=target_id
    )
    return taken > 0


async def _grant(tx: Tx, principal: Principal, targets: Iterable[Id], now: int) -> None:
    for target_id in sorted(targets):  # in one order, so that no two wait for each other
        await tx.run(
            "insert_grant",
            principal_id=principal.id,
            target_id=target_id,
            workspace_id=principal.workspace_id,
            now=now,
        )


class _StoredWorkspace(NamedTuple):
    """The columns of `workspace_columns` in tenancy.sql."""

    id: Id
    slug: str
    name: str
    settings: str
    version: int
    created_ms: int
    updated_ms: int
    quotas: str
    weight: float
    allowed_hosts: str
    deleted_ms: int | None
    purge_ms: int | None


class _StoredPrincipal(NamedTuple):
    """The columns of `principal_columns` in tenancy.sql."""

    id: Id
    workspace_id: Id
    type: str
    name: str
    email: str | None
    created_ms: int


class _StoredKey(NamedTuple):
    """The columns of `key_columns` in tenancy.sql."""

    id: Id
    workspace_id: Id
    principal_id: Id
    name: str
    hint: str
    scopes: str
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None
    revoked_ms: int | None
    restriction: str


def workspace_from_row(row: Sequence[Any]) -> Workspace:
    """A workspace from a row that has the columns of `workspace_columns`."""
    stored = _StoredWorkspace._make(row)
    return Workspace(
        stored.id,
        stored.slug,
        stored.name,
        stored.created_ms,
        stored.updated_ms,
        stored.version,
        json.loads(stored.settings),
        quotas_from_text(stored.quotas),
        stored.weight,
        tuple(json.loads(stored.allowed_hosts)),
        stored.deleted_ms,
        stored.purge_ms,
    )


def principal_from_row(row: Sequence[Any]) -> Principal:
    """A principal from a row that has the columns of `principal_columns`."""
    stored = _StoredPrincipal._make(row)
    kind = PrincipalType(stored.type)
    return Principal(stored.id, stored.workspace_id, kind, stored.name, stored.created_ms, stored.email)


def _key(row: Sequence[Any]) -> Key:
    stored = _StoredKey._make(row)
    return Key(
        stored.id,
        stored.workspace_id,
        stored.principal_id,
        stored.name,
        stored.hint,
        tuple(stored.scopes.split()),
        stored.created_ms,
        stored.expires_ms,
        stored.last_used_ms,
        stored.revoked_ms,
        restriction_from_text(stored.restriction),
    )
