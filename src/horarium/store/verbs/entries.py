"""What several verbs write alike: runs that join the queue, fires that start, and the order in which cursors are
locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from horarium.domain.errors import NotFound
from horarium.domain.events import fire_ended
from horarium.domain.fire import FireState
from horarium.domain.ids import Id
from horarium.domain.run import RunState
from horarium.store.base import FANOUT, READY, Tx
from horarium.store.rows import Lane, NewFanoutTask, ReadyRow, RunRow


async def hold_schedules(tx: Tx, schedules: Iterable[Id | None]) -> None:
    """Lock the cursors of schedules before anything of theirs is changed. All verbs lock them in the same order, so
    that no two transactions wait for each other."""
    ids = sorted({schedule_id for schedule_id in schedules if schedule_id is not None})
    if ids:
        await tx.rows("hold_cursors", ids=ids)


async def hold_schedules_of(tx: Tx, runs: Sequence[Id]) -> None:
    """Lock the schedules that some runs belong to. Some runs have none."""
    if runs:
        await hold_schedules(tx, [found for (found,) in await tx.rows("schedules_of_runs", ids=runs)])


async def hold_queued(tx: Tx, runs: Sequence[Id]) -> None:
    """Lock the places of runs in the queue before anything of theirs is changed, after their schedules and before their
    callbacks. Whoever claims, records, hands back or ends one of them at the same moment has done so, or waits."""
    await tx.rows("hold_queued", ids=sorted(runs))


async def lane_of(tx: Tx, workspace_id: Id, target_id: Id) -> Lane:
    """What decides about the runs of a target, which may have been deleted. Raises NotFound."""
    row = await tx.row("lane_of_target", id=target_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("target")
    return Lane._make(row)


async def enqueue(tx: Tx, runs: Sequence[RunRow], limited: int) -> None:
    """Write runs of one target and add them to the queue, not claimed by anybody. `limited` is 1 where the target
    bounds its concurrency or rate."""
    if runs:
        await tx.many("insert_runs", runs)
        await queue_up(tx, [ReadyRow(run.id, run.target_id, run.due_ms, limited) for run in runs])


async def queue_up(tx: Tx, runs: Sequence[ReadyRow]) -> None:
    """Add runs that have been written, at least one, to the queue."""
    await tx.many("insert_ready", runs)
    tx.announce(READY, min(run.due_ms for run in runs))


async def read_audiences(tx: Tx, tasks: Sequence[NewFanoutTask]) -> None:
    """Let the audiences of fires that have been written, at least one, be read."""
    await tx.many("insert_fanout_tasks", tasks)
    tx.announce(FANOUT, min(task.due_ms for task in tasks))


async def cancel_waiting_fires(tx: Tx, schedule_id: Id, now: int, error: str) -> int:
    """Cancel the fires of a schedule that wait for earlier ones; how many. Its cursor has still to be told."""
    rows = await tx.rows("cancel_waiting_fires", schedule_id=schedule_id, now=now, error=error)
    for fire_id, workspace_id in rows:
        if workspace_id in tx.recording:
            tx.tell(fire_ended(workspace_id, schedule_id, fire_id, FireState.CANCELLED, now))
    return len(rows)


def error_of_end(state: RunState, error: str | None) -> str | None:
    """The error that a run has once it is over. A failed or cancelled run always has one, because lists find it by
    that (the index `runs_with_error`)."""
    if error is None and state in (RunState.FAILED, RunState.CANCELLED):
        return "no reason was given"
    return error
