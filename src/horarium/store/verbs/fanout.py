"""Fan-out: a fire's audience becomes runs, chunk by chunk.

One transaction writes the runs of a chunk and moves the reading position behind it.

A fire whose audience is being read is held by (node, epoch), like a run. Every write first touches the row that is
held. A reader that has lost it writes nothing and gets `FanoutLost`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from horarium.domain.events import audience_failed
from horarium.domain.fire import FireKind, FireState, settled_state
from horarium.domain.ids import Id, row_run_id, run_id
from horarium.store.base import FANOUT, Tx, portable
from horarium.store.rows import (
    AudienceText,
    FanoutProgress,
    FanoutTask,
    OpenFanoutTask,
    PreparedRow,
    RowLock,
    RunCounts,
    RunRow,
    SpooledRow,
    SpoolOrphan,
)
from horarium.store.verbs.entries import enqueue, hold_schedules
from horarium.store.verbs.settle import end_fire, follow_up

# How many rows have one place among a fire's runs. No chunk but the last is smaller, so no two chunks share a place.
PLACE = 100


class FanoutLost(Exception):
    """Another node reads for the fire by now, or the fire is over. Nothing was written."""


@portable
async def claim_fanout_tasks(
    tx: Tx, node: Id, now: int, room: int, share: int, held: Mapping[Id, int]
) -> list[FanoutTask]:
    """Claim up to `room` fires to read their audiences. `held` is the number of tasks that the node has already, by
    workspace: with these, no workspace gets more than `share`."""
    counts = dict(held)
    taken: list[Id] = []
    limit = room + 4 * share * len(held)
    for task in map(
        OpenFanoutTask._make, await tx.rows("open_fanout_tasks", now=now, share=share, limit=limit)
    ):
        of_workspace = counts.get(task.workspace_id, 0)
        if len(taken) >= room or of_workspace >= share:
            continue
        if await tx.run("take_fanout_task", fire_id=task.fire_id, node=node):
            counts[task.workspace_id] = of_workspace + 1
            taken.append(task.fire_id)
    if not taken:
        return []
    return [FanoutTask.from_row(row, node) for row in await tx.rows("claimed_fanout_tasks", ids=taken)]


async def earliest_fanout_task(tx: Tx) -> int | None:
    """When the next fire may be claimed (ms), or None."""
    row = await tx.row("earliest_fanout_task")
    return None if row is None or row[0] is None else int(row[0])


def prepare(task: FanoutTask, rows: Sequence[AudienceText], distinct: bool) -> list[PreparedRow]:
    """Rows with the ids of their runs, in the order of these ids.

    Where the source makes sure that keys are `distinct`, ids lie together by chunk. Where it does not, an id comes from
    the key alone, so that the database refuses a second run for a key.
    """
    fire, place = task.fire_id, task.rows_done // PLACE
    if distinct:
        return sorted(PreparedRow(row_run_id(fire, key, place), key, data) for key, data in rows)
    return sorted(PreparedRow(run_id(fire, key), key, data) for key, data in rows)


@portable
async def write_chunk(
    tx: Tx,
    task: FanoutTask,
    rows: Sequence[PreparedRow],
    position: str | None,
    counted: int,
    last: bool,
    now: int,
) -> FanoutTask | None:
    """Record the runs of some rows and move the reading position behind them. With the `last` chunk the fire is
    resolved, and the answer is None. Raises FanoutLost, and Duplicate where a row has a run already."""
    done = task.rows_done + len(rows)
    moved = task._replace(position=position, rows_done=done, counted=counted, attempts=0)
    if last:
        await hold_schedules(tx, [task.schedule_id])
    await _move(tx, moved, task.rows_done)
    taken = await _lock_rows(tx, task, rows) if task.per_row else rows
    await _insert_runs(tx, task, taken, now)
    await tx.run("add_runs_to_fire", id=task.fire_id, runs=len(taken), audience_size=max(done, counted))
    if not last:
        return moved
    shrunk = None
    if done < counted:
        shrunk = f"the audience shrank while it was read: {counted} rows were counted, {done} were found"
    await _resolve(tx, moved, now, shrunk)
    return None


async def _move(tx: Tx, task: FanoutTask, before: int) -> None:
    touched = await tx.run(
        "move_fanout_task",
        fire_id=task.fire_id,
        node=task.node,
        epoch=task.epoch,
        position=task.position,
        rows_done=task.rows_done,
        counted=task.counted,
        before=before,
    )
    if touched != 1:
        raise FanoutLost


async def _lock_rows(tx: Tx, task: FanoutTask, rows: Sequence[PreparedRow]) -> list[PreparedRow]:
    """The rows whose previous run is over. They are locked for their new run."""
    if not rows:
        return []
    # In an order that is the same for all fires of the schedule, so that no two of them wait for each other.
    await tx.many("lock_rows", sorted(RowLock(task.schedule_id, row.key, row.run_id) for row in rows))
    ids = [row.run_id for row in rows]
    found = await tx.tuples("rows_locked_by", schedule_id=task.schedule_id, ids=ids)
    locked = {key for (key,) in found}
    return [row for row in rows if row.key in locked]


async def _insert_runs(tx: Tx, task: FanoutTask, rows: Sequence[PreparedRow], now: int) -> None:
    mode = task.kind.run_mode.value
    runs = [
        RunRow(
            run,
            task.workspace_id,
            task.target_id,
            mode,
            now,
            now,
            task.schedule_id,
            task.fire_id,
            task.version,
            key,
            0,
            data,
        )
        for run, key, data in rows
    ]
    await enqueue(tx, runs, task.limited)


async def give_up(tx: Tx, task: FanoutTask, error: str, now: int) -> None:
    """End the reading for a reason. The fire fails where nothing was started. Otherwise it ends as partial when its
    runs have ended. Raises FanoutLost."""
    await hold_schedules(tx, [task.schedule_id])
    held = await tx.run("hold_fanout_task", fire_id=task.fire_id, node=task.node, epoch=task.epoch)
    if held != 1:
        raise FanoutLost
    await _resolve(tx, task, now, error)


async def _resolve(tx: Tx, task: FanoutTask, now: int, error: str | None) -> None:
    await tx.run("forget_fanout_task", fire_id=task.fire_id)
    row = await tx.row("resolve_fire", id=task.fire_id, audience_size=task.rows_done, error=error)
    if row is None:
        return
    state = settled_state(*RunCounts._make(row), broken=error is not None)
    if error is not None and task.workspace_id in tx.recording:
        own = task.workspace_id, task.schedule_id, task.fire_id
        tx.tell(audience_failed(*own, error, task.rows_done, now))
    if state is not None:
        own = task.workspace_id, task.schedule_id, task.fire_id
        await end_fire(tx, *own, task.kind, state, now, error)
        await follow_up(tx, [task.schedule_id], now)


async def put_off(tx: Tx, task: FanoutTask, due_ms: int) -> None:
    """Let the audience be read again from an instant (ms) on, by any node."""
    tx.announce(FANOUT, due_ms)
    await tx.run("put_off_fanout_task", fire_id=task.fire_id, node=task.node, epoch=task.epoch, due_ms=due_ms)


async def fanout_tasks_of(tx: Tx, node: Id) -> list[Id]:
    """The fires that a node reads for, according to the store."""
    return [fire for (fire,) in await tx.rows("fanout_tasks_of_node", node=node)]


async def free_fanout_task(tx: Tx, fire: Id, node: Id, now: int) -> None:
    """Put a fire back for any node to read, where this node holds it."""
    if await tx.run("free_fanout_task", fire_id=fire, node=node):
        tx.announce(FANOUT, now)


async def stop_fanout_tasks(
    tx: Tx, schedule_id: Id, now: int, reason: str = "replaced by a later fire"
) -> None:
    """Stop the reading for a schedule's clock fires. They keep the runs that were started, and get no more. The caller
    follows up."""
    for progress in map(
        FanoutProgress._make, await tx.rows("fanout_tasks_of_schedule", schedule_id=schedule_id)
    ):
        await stop_fanout_task(tx, schedule_id, progress, FireKind.CLOCK, now, reason)


async def stop_fanout_task(
    tx: Tx, schedule_id: Id, progress: FanoutProgress, kind: FireKind, now: int, reason: str
) -> None:
    """Stop the reading for one fire of a schedule. It keeps the runs that were started, and gets no more. The caller
    follows up."""
    fire = progress.fire_id
    await tx.run("forget_fanout_task", fire_id=fire)
    row = await tx.row("resolve_fire", id=fire, audience_size=progress.rows_done, error=reason)
    if row is None:
        return
    counts = RunCounts._make(row)
    state = FireState.CANCELLED if counts.runs == 0 else settled_state(*counts, broken=True)
    if state is not None:
        await end_fire(tx, progress.workspace_id, schedule_id, fire, kind, state, now, reason)


async def repeated_row(tx: Tx, rows: Sequence[PreparedRow]) -> str | None:
    """The key of a row that has its run already, or None."""
    row = await tx.row("known_row_key", ids=[row.run_id for row in rows])
    return None if row is None else str(row[0])


@portable
async def write_spool(
    tx: Tx, task: FanoutTask, first: int, rows: Sequence[AudienceText], counted: int | None
) -> FanoutTask:
    """Keep rows aside, numbered from `first`. `counted`, given with the last of them, says how many there are.

    Raises FanoutLost, and Duplicate where a row with the same key has been kept.
    """
    moved = task._replace(counted=counted, position=None)
    await _move(tx, moved, task.rows_done)
    if rows:
        numbered = [
            SpooledRow(task.fire_id, number, key, data) for number, (key, data) in enumerate(rows, first)
        ]
        await tx.many("insert_spool", numbered)
    return moved


async def spooled_page(tx: Tx, fire: Id, after: int, limit: int) -> list[AudienceText]:
    """Up to `limit` rows that are kept aside, after the number `after`."""
    rows = await tx.rows("page_of_spool", fire_id=fire, after=after, limit=limit)
    return [AudienceText._make(row) for row in rows]


async def spooled_twice(tx: Tx, fire: Id, keys: str) -> str | None:
    """Which of some keys (a JSON array) a row that is kept aside has already, or None."""
    row = await tx.row("spooled_keys", fire_id=fire, keys=keys)
    return None if row is None else str(row[0])


@portable
async def empty_spool(tx: Tx, fire: Id, after: int, upto: int) -> int:
    """Delete the rows kept aside whose numbers are in (after, upto]; how many."""
    return await tx.run("empty_spool", fire_id=fire, after=after, upto=upto)


async def clear_orphans(tx: Tx, limit: int) -> int:
    """Delete up to `limit` rows kept aside for fires whose audience nobody reads any more; how many."""
    rows = [SpoolOrphan._make(row) for row in await tx.rows("orphans_in_spool", limit=limit)]
    of_fires: dict[Id, list[int]] = {}
    for orphan in rows:
        of_fires.setdefault(orphan.fire_id, []).append(orphan.number)
    for fire, numbers in of_fires.items():
        await tx.run("empty_spool", fire_id=fire, after=min(numbers) - 1, upto=max(numbers))
    return len(rows)
