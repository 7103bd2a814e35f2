"""What a workspace looks like at a glance: its last day, its failing targets, its timings, what is due next, and how
its schedules have fared lately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from horarium.domain.ids import Id, lowest_id_at
from horarium.domain.pauses import WHEN_RESUMED
from horarium.domain.schedule import Schedule, policies_from_text, timing_from_text
from horarium.store.base import Tx
from horarium.store.verbs.schedule_lists import schedules_by_id
from horarium.times import Timing

HOUR_MS = 3_600_000
# Runs are due this long after their slot at most, as far as the last day is concerned: the longest jitter that is
# looked back for, in milliseconds.
LOOK_BACK_MS = HOUR_MS


class RunsOfHour(NamedTuple):
    """How many runs of one state were due in an hour, which is counted from the beginning of the period."""

    hour: int
    state: str
    runs: int


class StartOfRun(NamedTuple):
    """How long after it was due a run began. `schedule_id` is None for one that no schedule has fired."""

    schedule_id: Id | None
    late_ms: int


class FailedOfTarget(NamedTuple):
    """How many runs of a target failed, and the newest of them."""

    target_id: Id
    failed: int
    latest: Id


class Outcome(NamedTuple):
    """How a fire of a schedule ended, or stands. A fire without an audience has the state of its run."""

    slot_ms: int
    state: str


async def runs_of_hours(
    tx: Tx, workspace_id: Id, since_ms: int, until_ms: int, most: int
) -> list[RunsOfHour]:
    """The runs that were due in a period, by hour and state: at most the `most` newest of the workspace are counted."""
    rows = await tx.rows(
        "runs_of_hours",
        workspace_id=workspace_id,
        since=since_ms,
        until=until_ms,
        floor=lowest_id_at(since_ms - LOOK_BACK_MS),
        limit=most,
    )
    return [RunsOfHour._make(row) for row in rows]


async def failed_of_targets(
    tx: Tx, workspace_id: Id, since_ms: int, most_runs: int, most: int
) -> list[FailedOfTarget]:
    """The targets whose runs have failed since an instant, those with most failures first. At most the `most_runs`
    newest runs with an error are counted."""
    rows = await tx.rows(
        "failed_of_targets",
        workspace_id=workspace_id,
        floor=lowest_id_at(since_ms),
        limit=most_runs,
        most=most,
    )
    return [FailedOfTarget._make(row) for row in rows]


async def errors_of(tx: Tx, workspace_id: Id, runs: Sequence[Id]) -> dict[Id, str | None]:
    """The errors of runs by their ids."""
    rows = await tx.rows("errors_of_runs", workspace_id=workspace_id, ids=list(runs)) if runs else ()
    return dict(map(tuple, rows))


async def starts_of_runs(tx: Tx, workspace_id: Id, since_ms: int, most: int) -> list[StartOfRun]:
    """How late the newest runs of a workspace began, of those that have had one attempt: `most` runs are looked at."""
    rows = await tx.rows(
        "starts_of_runs", workspace_id=workspace_id, floor=lowest_id_at(since_ms), limit=most
    )
    return [StartOfRun._make(row) for row in rows]


async def objectives_of(tx: Tx, workspace_id: Id, schedules: Sequence[Id]) -> dict[Id, int]:
    """The lateness objectives (ms) of those of some schedules that have one."""
    rows = (
        await tx.rows("policies_of_schedules", workspace_id=workspace_id, ids=list(schedules))
        if schedules
        else ()
    )
    found = {schedule: policies_from_text(policies).lateness_objective_ms for schedule, policies in rows}
    return {schedule: objective for schedule, objective in found.items() if objective is not None}


async def timings_of(tx: Tx, workspace_id: Id) -> list[tuple[Timing, int]]:
    """The distinct timings of the schedules that have a next slot, and how many schedules have each."""
    rows = await tx.rows("timings_of_workspace", workspace_id=workspace_id)
    return [(timing_from_text(timing), count) for timing, count in rows]


async def due_next(tx: Tx, workspace_id: Id, limit: int) -> list[Schedule]:
    """The schedules that are due next, the soonest first."""
    rows = await tx.rows("soonest_of_workspace", workspace_id=workspace_id, waiting=WHEN_RESUMED, limit=limit)
    return list(await schedules_by_id(tx, workspace_id, [schedule for (schedule,) in rows]))


async def latest_outcomes(
    tx: Tx, workspace_id: Id, schedules: Sequence[Id], each: int
) -> dict[Id, list[Outcome]]:
    """The latest fires of schedules, up to `each` of every one, the oldest first."""
    rows = await tx.each("outcomes_of_schedules", [(schedule, workspace_id, each) for schedule in schedules])
    found: dict[Id, list[Outcome]] = {schedule: [] for schedule in schedules}
    for schedule_id, slot_ms, state in rows:
        found[schedule_id].append(Outcome(slot_ms, state))
    return {schedule: sorted(outcomes)[-each:] for schedule, outcomes in found.items()}
