"""What is done to an installation that was restored from a backup, before a server works on it."""

from __future__ import annotations

import secrets
from dataclasses import replace

from horarium.domain.errors import NotFound
from horarium.domain.fire import FireKind
from horarium.domain.schedule import CatchUp, Schedule, ScheduleState
from horarium.store.base import Tx
from horarium.store.rows import FanoutProgress, OpenRun
from horarium.store.verbs.changes import cancel_waiting, change_schedule
from horarium.store.verbs.fanout import stop_fanout_task
from horarium.store.verbs.meta import forget_backup, note_restore
from horarium.store.verbs.nodes import free_everything
from horarium.store.verbs.pauses import put_off_resumption, schedules_to_resume
from horarium.store.verbs.settle import cancel_runs, follow_up

# Why a fire or a run ended that was open in the backup, where the old server had gone on working.
NOT_AGAIN = "not sent again: it was open when the backup was made, and the server worked on after that"


async def leave_old_processes(tx: Tx) -> None:
    """Take out what belonged to the processes that worked on the database when the backup was made: they are gone, and
    what they report of their runs is refused. The database is not a backup any more, and the numbers that it gives to
    events are others than those that the old server gave after the backup."""
    await free_everything(tx)
    await tx.run("forget_all_nodes")
    await tx.run("forget_all_lane_reports")
    await forget_backup(tx)
    await note_restore(tx, secrets.randbits(63) or 1)


async def end_sending_actions(tx: Tx, until_ms: int) -> None:
    """End the actions on many that were under way and fire schedules or retry runs: what is left of them was sent by
    the old server. The others go on, because what they do can be done twice."""
    await tx.run("end_sending_actions", until=until_ms, error=NOT_AGAIN)


async def resume_without_catch_up(tx: Tx, until_ms: int, limit: int) -> bool:
    """Let schedules go on whose pauses have come to their end by an instant (ms), up to `limit` of them, and catch
    nothing up. Whether there may be more."""

    def resumed(before: Schedule) -> Schedule:
        state = ScheduleState.ACTIVE if before.state is ScheduleState.PAUSED else before.state
        return replace(before, state=state, note=None, paused_until_ms=None, catch_up_after=CatchUp.NONE)

    due = await schedules_to_resume(tx, until_ms, limit)
    for workspace_id, schedule_id in due:
        try:
            await change_schedule(tx, workspace_id, schedule_id, resumed, until_ms)
        except NotFound:
            await put_off_resumption(tx, workspace_id, schedule_id, until_ms, None)
    return len(due) == limit


async def end_open(tx: Tx, until_ms: int, limit: int) -> bool:
    """End what was open in the backup and due by an instant (ms): the fires that wait of up to `limit` schedules, up to
    `limit` audiences that are read, and as many runs. Whether there may be more."""
    waiting = await tx.rows("schedules_that_wait", limit=limit)
    for (schedule_id,) in waiting:
        await cancel_waiting(tx, schedule_id, until_ms, NOT_AGAIN)
    tasks = await tx.rows("all_fanout_tasks", limit=limit)
    for fire_id, workspace_id, rows_done, schedule_id, kind in tasks:
        progress = FanoutProgress(fire_id, workspace_id, rows_done)
        await stop_fanout_task(tx, schedule_id, progress, FireKind(kind), until_ms, NOT_AGAIN)
        await follow_up(tx, [schedule_id], until_ms)
    rows = await tx.rows("open_runs_due", until=until_ms, limit=limit)
    await cancel_runs(tx, [OpenRun.from_row(row) for row in rows], until_ms, NOT_AGAIN)
    return limit in (len(waiting), len(tasks), len(rows))
