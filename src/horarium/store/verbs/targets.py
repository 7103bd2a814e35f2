"""Targets: created, found by id, key or number, listed, changed and deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from horarium.domain.errors import Conflict, InUse, NotFound
from horarium.domain.events import target_disabled
from horarium.domain.ids import Id, from_ulid, from_uuid_text, prefixed
from horarium.domain.listings import PageRows, TargetListing
from horarium.domain.quotas import Usage
from horarium.domain.schedule import NO_OWNER, Schedule
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.store.base import TARGETS, Duplicate, Tx, point
from horarium.store.verbs.page_bytes import LARGE, whole_page
from horarium.store.verbs.quotas import take, tell_if_near
from horarium.store.verbs.texts import containing, json_text

# How many of the schedules that hold a target are named.
NAMED = 5
# Why a mirror is not changed, why some targets have none, and why it is off while what it mirrors is.
MIRROR = "the target is shared from another workspace, and is changed there alone"
OWN = "tables of the server are each workspace's own, so such a target cannot be shared"
OFF_AT_HOME = "it is switched off where it is shared from"
_LARGEST_NUMBER = (1 << 63) - 1


async def create_target(tx: Tx, target: Target, for_principal: Id) -> Target:
    """Store a new target, with a grant on it unless the principal was removed meanwhile. The target with its number.

    Raises Conflict (key_taken), QuotaReached.
    """
    numbered = await add_target(tx, target)
    if await tx.row("hold_principal", id=for_principal) is not None:
        await tx.run(
            "insert_grant",
            principal_id=for_principal,
            target_id=target.id,
            workspace_id=target.workspace_id,
            now=target.created_ms,
        )
    return numbered


async def add_target(tx: Tx, target: Target) -> Target:
    """As `create_target`, without a grant."""
    await take(tx, target.workspace_id, Usage(targets=1))
    if target.workspace_id in tx.recording:
        await tell_if_near(tx, target.workspace_id, Usage(targets=1), target.created_ms)
    number = int((await tx.row("next_number", name="target"))[0])
    numbered = replace(target, number=number)
    try:
        await tx.run(
            "insert_target",
            **_columns(numbered),
            number=number,
            state_reason=target.state_reason,
            created_by=target.created_by,
            now=target.created_ms,
            shared_from=target.shared_from,
        )
    except Duplicate:
        raise key_taken(target.key) from None
    return numbered


@point
async def find_target(
    tx: Tx, workspace_id: Id, reference: str | int, kinds: Collection[str] | None = None
) -> Target | None:
    """A target by its id in any notation, its key or its number. None where there is none, or where it is of
    another kind than `kinds`.

    An integer is always a number. Where a text is both an id and a key, the id counts.
    """
    row = await _row_of(tx, workspace_id, reference)
    found = None if row is None else target_from_row(row)
    return None if found is None or (kinds is not None and found.kind not in kinds) else found


@point
async def resolve_target(
    tx: Tx, workspace_id: Id, reference: str | int, kinds: Collection[str] | None = None
) -> Target:
    """As `find_target`; raises NotFound."""
    found = await find_target(tx, workspace_id, reference, kinds)
    if found is None:
        raise NotFound("target", str(reference))
    return found


@point
async def get_target(tx: Tx, workspace_id: Id, target_id: Id) -> Target:
    """A target of a workspace by its id. Raises NotFound."""
    found = await tx.row("get_target", workspace_id=workspace_id, id=target_id)
    if found is None:
        raise NotFound("target")
    return target_from_row(found)


@point
async def target_with_key(tx: Tx, workspace_id: Id, key: str) -> Target:
    """The target of a workspace that has a key; the text is taken for no id and no number. Raises NotFound."""
    found = None if "\0" in key else await tx.row("get_target_by_key", workspace_id=workspace_id, key=key)
    if found is None:
        raise NotFound("target", key)
    return target_from_row(found)


async def existing_targets(tx: Tx, workspace_id: Id, ids: Sequence[Id]) -> set[Id]:
    """Which of these ids are targets of the workspace that have not been deleted."""
    if not ids:
        return set()
    rows = await tx.rows("existing_targets", workspace_id=workspace_id, ids=list(ids))
    return {target_id for (target_id,) in rows}


async def refuse_deleted(tx: Tx, schedules: Iterable[Schedule]) -> None:
    """Raises NotFound where a target that schedules run or belong to has been deleted since it was looked up.

    It is called after the row of usage of their workspace was written, as whoever deletes a target does first. So of
    the two transactions the second sees what the first has done.
    """
    needed: dict[Id, set[Id]] = {}
    for schedule in schedules:
        targets = {schedule.definition.target_id, schedule.owner_id} - {NO_OWNER}
        needed.setdefault(schedule.workspace_id, set()).update(targets)
    for workspace_id, targets in needed.items():
        if gone := targets - await existing_targets(tx, workspace_id, sorted(targets)):
            raise NotFound("target", prefixed("tgt", min(gone)))


async def targets_named(tx: Tx, workspace_id: Id, ids: Collection[Id]) -> dict[Id, Target]:
    """Targets of a workspace by id, including deleted ones, to say what a schedule or a run was about."""
    if not ids:
        return {}
    rows = await tx.rows("targets_named", workspace_id=workspace_id, ids=sorted(set(ids)))
    return {target.id: target for target in map(target_from_row, rows)}


async def list_targets(tx: Tx, listing: TargetListing) -> PageRows[Target]:
    """One page of targets, oldest first. It ends early where their texts are large."""
    window = {"after": listing.after, "limit": listing.limit, "skip": listing.skip}
    statement = "list_targets" if listing.key is None else "list_targets_with_key"
    rows = await tx.rows(statement, **_filters(listing), **window, large=LARGE)
    return await whole_targets(tx, listing.workspace_id, rows)


async def whole_targets(tx: Tx, workspace_id: Id, listed: Sequence[Any]) -> PageRows[Target]:
    """The targets of a page from rows that have the columns `listed_target_columns`."""
    page = await whole_page(
        listed, lambda large: tx.rows("targets_named", workspace_id=workspace_id, ids=large)
    )
    return PageRows(map(target_from_row, page), page.ended_early)


async def count_targets(tx: Tx, listing: TargetListing) -> int:
    """How many targets match the filters of a listing, whatever its page."""
    return int((await tx.row("count_targets", **_filters(listing)))[0])


async def change_target(
    tx: Tx,
    workspace_id: Id,
    target_id: Id,
    change: Callable[[Target], Target],
    now: int,
    expected_version: int | None = None,
    own: Callable[[Target], bool] = lambda after: False,
) -> Target:
    """Apply a pure function to a target, and let its mirrors in other workspaces follow. Where it changes nothing,
    nothing is written. `own` tells whether the target, as it is then, cannot have mirrors.

    Raises NotFound, Conflict (version, key_taken; a mirror is not changed; `own`) and whatever `change` raises.
    """
    await tx.row("lock_target", workspace_id=workspace_id, id=target_id)
    before = await _at_version(tx, workspace_id, target_id, expected_version)
    if before.shared_from is not None:
        raise Conflict(MIRROR, "state")
    after = change(before)
    if after == before:
        return before
    if (
        own(after)
        and await tx.row("any_mirror_target", workspace_id=workspace_id, shared_id=target_id) is not None
    ):
        raise Conflict(OWN, "state")
    try:
        await tx.run("update_target", **_columns(after), state_reason=after.state_reason, now=now)
    except Duplicate:
        raise key_taken(after.key) from None
    off = before.state is TargetState.ENABLED and after.state is not TargetState.ENABLED
    if off and workspace_id in tx.recording:
        tx.tell(target_disabled(workspace_id, target_id, after.state_reason, now))
    await follow(tx, workspace_id, target_id, now)
    return replace(after, version=before.version + 1, updated_ms=now)


async def delete_target(
    tx: Tx, workspace_id: Id, target_id: Id, now: int, expected_version: int | None = None
) -> Target:
    """Delete a target with its secrets and the grants on it; the target as it was.

    Raises NotFound, Conflict (version; shared with other workspaces), and InUse where live schedules need the target.
    """
    await _at_version(tx, workspace_id, target_id, expected_version)  # refused before anything is written
    await take(tx, workspace_id, Usage(targets=-1))  # before the look: see `refuse_deleted`
    await tx.row("lock_target", workspace_id=workspace_id, id=target_id)
    target = await _at_version(tx, workspace_id, target_id, expected_version)
    holders = await tx.rows(
        "schedules_that_need", workspace_id=workspace_id, target_id=target_id, limit=NAMED + 1
    )
    if holders:
        raise InUse([(holder, name) for holder, name in holders[:NAMED]], len(holders) > NAMED)
    if await tx.row("any_mirror_target", workspace_id=workspace_id, shared_id=target_id) is not None:
        raise Conflict(
            "the target is shared with other workspaces: end that first (DELETE .../shares/...)", "in_use"
        )
    await tx.run("delete_target", workspace_id=workspace_id, id=target_id, now=now)
    await tx.run("delete_grants_on_target", workspace_id=workspace_id, target_id=target_id)
    tx.announce(TARGETS, now)
    return target


async def _at_version(tx: Tx, workspace_id: Id, target_id: Id, expected: int | None) -> Target:
    """A target that is at the version that is expected of it, if one is. Raises NotFound, Conflict (version)."""
    target = await get_target(tx, workspace_id, target_id)
    if expected is not None and target.version != expected:
        words = f"the target is at version {target.version}, not {expected}: read it again"
        raise Conflict(words, "version", "version")
    return target


async def follow(tx: Tx, workspace_id: Id, target_id: Id, now: int) -> None:
    """Let the mirrors of a target become what it is now, and workers hear of the change."""
    tx.announce(TARGETS, now)
    off = (
        await tx.rows("mirrors_to_switch_off", workspace_id=workspace_id, id=target_id)
        if tx.recording
        else ()
    )
    await tx.run("follow_target", workspace_id=workspace_id, id=target_id, reason=OFF_AT_HOME, now=now)
    _tell_off(tx, off, now)


async def follow_all(tx: Tx, workspace_id: Id, now: int) -> None:
    """Let the mirrors of all targets of a workspace become what these are now, because the workspace was deleted or
    is there again."""
    tx.announce(TARGETS, now)
    off = await tx.rows("mirrors_to_switch_off_of_all", workspace_id=workspace_id) if tx.recording else ()
    await tx.run("follow_targets", workspace_id=workspace_id, reason=OFF_AT_HOME, now=now)
    _tell_off(tx, off, now)


def _tell_off(tx: Tx, mirrors: Sequence[Any], now: int) -> None:
    for workspace_id, mirror_id in mirrors:
        if workspace_id in tx.recording:
            tx.tell(target_disabled(workspace_id, mirror_id, OFF_AT_HOME, now))


async def _row_of(tx: Tx, workspace_id: Id, reference: str | int) -> Any:
    if isinstance(reference, int) or (reference.isdecimal() and reference.isascii()):
        number = int(reference) if len(str(reference)) <= 19 else -1
        if not 0 < number <= _LARGEST_NUMBER:
            return None
        return await tx.row("get_target_by_number", workspace_id=workspace_id, number=number)
    found = None
    written = _id_in(reference)
    if written is not None:
        found = await tx.row("get_target", workspace_id=workspace_id, id=written)
    if found is None and "\0" not in reference:
        found = await tx.row("get_target_by_key", workspace_id=workspace_id, key=reference)
    return found


def _id_in(reference: str) -> Id | None:
    """The id behind `tgt_...`, a dialect's `agent_...`, or a UUID."""
    prefix, _, tail = reference.partition("_")
    return from_ulid(tail) if prefix and tail else from_uuid_text(reference)


def key_taken(key: str | None) -> Conflict:
    """Another target of the workspace has this key."""
    return Conflict(f"a target with the key {key!r} exists already; choose another", "key_taken", "key")


def _columns(target: Target) -> dict[str, Any]:
    """The parameters that creating and changing a target have in common."""
    return {
        "id": target.id,
        "workspace_id": target.workspace_id,
        "key": target.key,
        "kind": target.kind.value,
        "name": target.name,
        "description": target.description,
        "executor": target.executor,
        "config": json_text(dict(target.config)),
        "secrets": target.sealed,
        "completion": target.completion.value,
        "timeout_ms": target.timeout_ms,
        "deadline_ms": target.deadline_ms,
        "max_concurrency": target.max_concurrency,
        "rate_per_second": target.rate_per_second,
        "input_schema": json_text(target.input_schema),
        "extra": json_text(dict(target.extra)),
        "state": target.state.value,
    }


class _StoredTarget(NamedTuple):
    """The columns of `target_columns` in targets.sql."""

    id: Id
    workspace_id: Id
    number: int
    key: str | None
    kind: str
    name: str
    description: str | None
    executor: str
    config: str
    secrets: bytes | None
    completion: str
    timeout_ms: int
    deadline_ms: int
    max_concurrency: int | None
    rate_per_second: float | None
    input_schema: str | None
    extra: str
    state: str
    state_reason: str | None
    version: int
    created_by: Id
    created_ms: int
    updated_ms: int
    shared_from: Id | None


def target_from_row(row: Sequence[Any]) -> Target:
    """A target from a row that has the columns of `target_columns`."""
    stored = _StoredTarget._make(row)
    return Target(
        id=stored.id,
        workspace_id=stored.workspace_id,
        kind=TargetKind(stored.kind),
        name=stored.name,
        executor=stored.executor,
        config=orjson.loads(stored.config),
        created_by=stored.created_by,
        created_ms=stored.created_ms,
        updated_ms=stored.updated_ms,
        number=stored.number,
        key=stored.key,
        description=stored.description,
        sealed=stored.secrets,
        completion=Completion(stored.completion),
        timeout_ms=stored.timeout_ms,
        deadline_ms=stored.deadline_ms,
        max_concurrency=stored.max_concurrency,
        rate_per_second=stored.rate_per_second,
        input_schema=None if stored.input_schema is None else orjson.loads(stored.input_schema),
        extra=orjson.loads(stored.extra),
        state=TargetState(stored.state),
        state_reason=stored.state_reason,
        version=stored.version,
        shared_from=stored.shared_from,
    )


def _filters(listing: TargetListing) -> dict[str, Any]:
    return {
        "workspace_id": listing.workspace_id,
        "kind": listing.kind,
        "state": listing.state,
        "key": listing.key,
        "search": containing(listing.search),
    }
