"""Targets that are shared with other workspaces, in each of which a mirror of the target stands.

A mirror is a target of its workspace, with an id, a number and a key of its own. It is run as the target that it
mirrors: the worker reads the configuration and the secrets there, and nothing of them is copied. What is shown of a
mirror follows its target in the same transaction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.events import target_disabled
from horarium.domain.ids import Id
from horarium.domain.target import Target, TargetState
from horarium.store.base import Duplicate, Tx
from horarium.store.verbs.targets import MIRROR, add_target, follow, get_target, key_taken, target_from_row
from horarium.store.verbs.tenancy import get_workspace

# How often the targets of a workspace may be shared in all: a change of one may write so many mirrors.
MOST_SHARES = 10_000
# Why a mirror is off that is not shared any more.
NOT_SHARED = "it is not shared with this workspace any more"
# The executor of a target that cannot run.
_NONE = "none"


class Share(NamedTuple):
    """A target that is shared with a workspace: the mirror of it there, with its key, and since when (ms)."""

    workspace_id: Id
    mirror_id: Id
    key: str | None
    created_ms: int


async def share_target(
    tx: Tx, lender: Id, target_id: Id, mirror: Target, key: str | None = None
) -> tuple[Share, bool]:
    """Share a target of the workspace `lender` with the workspace of `mirror`, a draft of the mirror. Whether it is
    new; where there is a mirror already it is brought up to date, and gets the key `key` if one is given.

    Raises NotFound, QuotaReached, and Conflict (key_taken; there are too many; the target is a mirror, or has no
    executor).
    """
    await tx.run("lock_target", workspace_id=lender, id=target_id)
    target, now = await get_target(tx, lender, target_id), mirror.created_ms
    if target.shared_from is not None:
        raise Conflict(MIRROR, "state")
    if target.executor == _NONE:
        raise Conflict("the target has no executor yet, so there is nothing to share", "state")
    if await get_workspace(tx, mirror.workspace_id) is None:
        raise NotFound("workspace")
    known = await _mirror(tx, target_id, mirror.workspace_id)
    new = known is None or known.executor == _NONE
    if new:
        (count,) = await tx.row("count_mirrors", workspace_id=lender)
        if count >= MOST_SHARES:
            raise Conflict(f"targets of this workspace are shared {count} times, and no more may be", "limit")
    if known is None:
        known = await add_target(tx, mirror)
    elif new:
        await tx.run("mirror_again", workspace_id=known.workspace_id, id=known.id, executor=target.executor)
    if key is not None and key != known.key:
        known = await _with_key(tx, known, key)
    await follow(tx, lender, target_id, now)
    return Share(known.workspace_id, known.id, known.key, known.created_ms), new


async def _with_key(tx: Tx, mirror: Target, key: str) -> Target:
    after = replace(mirror, key=key)
    try:
        await tx.run("key_of_mirror", workspace_id=mirror.workspace_id, id=mirror.id, key=key)
    except Duplicate:
        raise key_taken(after) from None
    return after


async def end_share(tx: Tx, lender: Id, target_id: Id, borrower: Id, now: int) -> Share:
    """Share a target with a workspace no longer. Its mirror there stays, switched off for good. Raises NotFound."""
    await tx.run("lock_target", workspace_id=lender, id=target_id)
    await get_target(tx, lender, target_id)
    mirror = await _mirror(tx, target_id, borrower)
    if mirror is None or mirror.executor == _NONE:
        raise NotFound("share")
    await tx.run("end_mirror", workspace_id=borrower, id=mirror.id, reason=NOT_SHARED, now=now)
    if mirror.state is TargetState.ENABLED and borrower in tx.recording:
        tx.tell(target_disabled(borrower, mirror.id, NOT_SHARED, now))
    return Share(borrower, mirror.id, mirror.key, mirror.created_ms)


async def list_shares(tx: Tx, lender: Id, target_id: Id, after: Id, limit: int) -> list[Share]:
    """Where a target of a workspace is shared, in the order of these workspaces' ids. Raises NotFound."""
    await get_target(tx, lender, target_id)
    rows = await tx.rows("list_mirrors", workspace_id=lender, target_id=target_id, after=after, limit=limit)
    return [Share._make(row) for row in rows]


async def _mirror(tx: Tx, target_id: Id, workspace_id: Id) -> Target | None:
    row = await tx.row("mirror_in", workspace_id=workspace_id, target_id=target_id)
    return None if row is None else target_from_row(row)
