"""The deletion of workspaces: marked at first, so that they can be had back, then purged piece by piece.

While a workspace is only marked, none of its keys opens anything and a pause holds all of its schedules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from horarium.domain.errors import NotFound
from horarium.domain.ids import Id, derived_id
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp
from horarium.domain.tenancy import Workspace
from horarium.store.base import ACCESS, Tx
from horarium.store.verbs.audiences import follow_sources
from horarium.store.verbs.page_bytes import delete_some
from horarium.store.verbs.pauses import change_pause, pauses_in_force, write_pauses
from horarium.store.verbs.targets import follow_all
from horarium.store.verbs.tenancy import get_workspace, workspace_from_row

# Rows of each table that one step deletes at most.
PIECE = 200
# So long after nothing is left of a workspace it is looked at again (ms): a transaction that another node had begun
# before may have written something. Only where it has not, the workspace itself is deleted.
AGAIN_MS = 60_000
PAUSE_NOTE = "the workspace is deleted"
# What is deleted in pieces: groups of statements, of which the last one deletes what the others hang on. A step deletes
# by one statement. The last one has its turn where the others find nothing that hangs on the first things of its kind,
# and the group is done when it finds nothing. The first one deletes what other nodes lock before they write anything
# else of the group: so it waits for them, and the others find what they have written.
_PIECES: Sequence[Sequence[str]] = (
    ("purge_ready", "purge_attempts", "purge_callbacks", "purge_runs"),
    ("purge_fanouts", "purge_spool", "purge_fires"),
    (
        "purge_cursors",
        "purge_spans",
        "purge_versions",
        "purge_labels",
        "purge_row_locks",
        "purge_pauses_of_schedules",
        "purge_schedules",
    ),
    ("purge_deliveries",),
    ("purge_events",),
    ("purge_entries",),
    ("purge_links",),
    ("purge_answers",),
    ("purge_users",),
    ("purge_contacts",),
    ("purge_deals",),
    ("purge_tasks",),
    ("purge_pipelines",),
    ("purge_stages",),
    ("purge_actions",),
    ("purge_pauses",),
    ("purge_reports", "purge_paces", "purge_mirrors", "purge_targets"),
    ("purge_grants",),
    ("purge_keys",),
    ("purge_grants_elsewhere", "purge_keys_elsewhere", "purge_principals"),
    ("purge_webhooks",),
    ("purge_outbox",),
    ("purge_pending",),
    ("purge_erasure_waits", "purge_erasures"),
    ("purge_windows",),
    ("purge_source_mirrors", "purge_sources"),
    ("purge_failing",),
    ("purge_freed",),
)
# What is left is one row each.
_REST = ("purge_log", "purge_chain", "purge_usage")


async def delete_workspace(tx: Tx, workspace_id: Id, now: int, purge_ms: int, by: Id | None) -> Workspace:
    """Mark a workspace as deleted and pause it. It is purged from `purge_ms` on. Raises NotFound."""
    if not await tx.run("mark_workspace_deleted", id=workspace_id, now=now, purge_ms=purge_ms):
        raise NotFound("workspace")
    pause = Pause(_pause_id(workspace_id, now), workspace_id, None, now, None, CatchUp.NONE, PAUSE_NOTE, by)
    await write_pauses(tx, [pause])
    await follow_all(tx, workspace_id, now)
    await follow_sources(tx, workspace_id, now)
    tx.announce(ACCESS, 0)
    return await _deleted(tx, workspace_id)


async def undelete_workspace(tx: Tx, workspace_id: Id, now: int) -> Workspace:
    """Have a deleted workspace back; none of the slots since then fires. Raises NotFound where there is none, or where
    its purge has begun."""
    before = await _deleted(tx, workspace_id)
    if not await tx.run("unmark_workspace", id=workspace_id, now=now):
        raise NotFound("workspace")
    own = _pause_id(workspace_id, before.deleted_ms or 0)
    for pause in await pauses_in_force(tx, workspace_id, now):
        if pause.id == own:
            await change_pause(tx, replace(pause, ends_ms=now))
    await follow_all(tx, workspace_id, now)
    await follow_sources(tx, workspace_id, now)
    tx.announce(ACCESS, 0)
    found = await get_workspace(tx, workspace_id)
    assert found is not None
    return found


def _pause_id(workspace_id: Id, at_ms: int) -> Id:
    """The id of the pause that a deletion begins."""
    return derived_id(at_ms, b"workspace deleted", workspace_id)


async def _deleted(tx: Tx, workspace_id: Id) -> Workspace:
    row = await tx.row("deleted_workspace", id=workspace_id)
    if row is None:
        raise NotFound("workspace")
    return workspace_from_row(row)


async def deleted_workspaces(tx: Tx, after: Id, limit: int) -> list[Workspace]:
    """Up to `limit` deleted workspaces whose purge has not begun, after the id `after`."""
    return [workspace_from_row(row) for row in await tx.rows("deleted_workspaces", after=after, limit=limit)]


async def purge_piece(tx: Tx, now: int) -> Id | None:
    """Delete a piece of the workspace whose time has come first; which one. None where there is none.

    Its row goes last, so after a crash the next step goes on with it. From the first piece on it cannot be had back,
    whatever the clock of a node says.
    """
    if await tx.row("any_to_purge", now=now) is None:
        return None
    row = await tx.row("next_to_purge", now=now)
    if row is None:
        return None
    workspace_id: Id = row[0]
    await tx.run("begin_purge", id=workspace_id)
    for statement in chain.from_iterable(_PIECES):
        if await delete_some(tx, statement, PIECE, workspace_id=workspace_id):
            return workspace_id
    left = 0
    for statement in _REST:
        left += await tx.run(statement, workspace_id=workspace_id)
    if left:
        unlike_any = f":{workspace_id.hex()}"
        await tx.run("purge_again", id=workspace_id, slug=unlike_any, again_ms=now + AGAIN_MS)
    else:
        await tx.run("purge_workspace", workspace_id=workspace_id)
    return workspace_id
