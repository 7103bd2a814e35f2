"""What several verbs write alike: runs that join the queue, fires that start, and the order in which cursors are
locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from horarium.domain.errors import NotFound
from horarium.domain.fire import FireKind
from horarium.domain.ids import Id, run_id
from horarium.domain.run import RunState
from horarium.store.base import FANOUT, READY, Tx
from horarium.store.rows import Lane, NewFanoutTask, ReadyRow, RunRow, StartingFire


async def hold_schedules(tx: Tx, schedules: Iterable[Id | None]) -> None:
    """Lock the cursors of schedules before anything of theirs is changed. All verbs lock them in the same order, so
    that no two transactions wait for each other."""
    ids = sorted({schedule_id for schedule_id in schedules if schedule_id is not None})
    if ids:
        await tx.rows("hold_cursors", ids=ids)


async def lane_of(tx: Tx, workspace_id: Id, target_id: Id) -> Lane:
    """What decides about the runs of a target, which may have been deleted. Raises NotFound."""
    row = await tx.row("lane_of_target", id=target_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("target")
    return Lane._make(row)


async def enqueue(tx: Tx, runs: Sequence[RunRow], limited: int) -> None:
    """Write runs of one target and add them to the queue, not claimed by anybody. `limited` is 1 where the target
    bounds its concurrency or rate."""
    if not runs:
        return
    await tx.many("insert_runs", runs)
    await tx.many("insert_ready", [ReadyRow(run.id, run.target_id, run.due_ms, limited) for run in runs])
    tx.announce(READY, min(run.due_ms for run in runs))


async def start_fires(tx: Tx, fires: Sequence[StartingFire], kind: FireKind, now: int) -> None:
    """Start fires of one schedule that have been written: add the only run of each to the queue, or let their audiences
    be read."""
    if not fires:
        return
    read = [fire for fire in fires if fire.has_audience]
    if read:
        tasks = [
            NewFanoutTask(fire.id, fire.workspace_id, fire.schedule_id, fire.version, now) for fire in read
        ]
        await tx.many("insert_fanout_tasks", tasks)
        tx.announce(FANOUT, now)
    runs = [
        RunRow(
            run_id(fire.id),
            fire.workspace_id,
            fire.target_id,
            kind.run_mode.value,
            due_ms=now,
            created_ms=now,
            schedule_id=fire.schedule_id,
            fire_id=fire.id,
            version=fire.version,
        )
        for fire in fires
        if not fire.has_audience
    ]
    await enqueue(tx, runs, fires[0].limited)


def error_of_end(state: RunState, error: str | None) -> str | None:
    """The error that a run has once it is over. A failed or cancelled run always has one, because lists find it by
    that (the index `runs_with_error`)."""
    if error is None and state in (RunState.FAILED, RunState.CANCELLED):
        return "no reason was given"
    return error
