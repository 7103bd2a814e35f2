"""What the workers report of their lanes, and what can be told of the runs of a target that are not over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from horarium.domain.events import target_failing, target_recovered
from horarium.domain.ids import Id
from horarium.domain.lane_report import CURRENT_MS, LaneReport, LaneState, together
from horarium.domain.run import Run, RunState
from horarium.domain.waiting import WaitCause, cause_now
from horarium.store.base import Tx, portable

# Runs of a lane are counted up to this number.
MOST_COUNTED = 100_000


class LaneReportRow(NamedTuple):
    """A lane's report by one node: the rows of `insert_lane_reports`."""

    target_id: Id
    node_id: Id
    at_ms: int
    call_limit: int
    under_way: int
    parked: int
    waiting: int
    oldest_ms: int | None
    p50_ms: int | None
    p99_ms: int | None
    held_by: str | None
    held_since_ms: int | None


@portable
async def report_lanes(tx: Tx, node: Id, now: int, reports: Mapping[Id, LaneReport]) -> None:
    """Replace what a node has said of its lanes."""
    await tx.run("forget_lane_reports", node=node)
    rows = [
        LaneReportRow(
            target_id,
            node,
            now,
            report.limit,
            report.under_way,
            report.parked,
            report.waiting,
            report.oldest_ms,
            report.p50_ms,
            report.p99_ms,
            None if report.held_by is None else report.held_by.value,
            report.held_since_ms,
        )
        for target_id, report in reports.items()
    ]
    if rows:
        await tx.many("insert_lane_reports", rows)
    await _tell_of_circuits(tx, now, [row.target_id for row in rows if row.held_by == WaitCause.CIRCUIT])


async def _tell_of_circuits(tx: Tx, now: int, probed: Sequence[Id]) -> None:
    """Note the events of targets that are only probed since now, by whichever node, and of those that no node only
    probes any more."""
    if probed:
        for target_id, workspace_id, since_ms in await tx.rows(
            "note_failing_targets", ids=sorted(probed), now=now
        ):
            if workspace_id in tx.recording:
                tx.tell(target_failing(workspace_id, target_id, since_ms))
    known = {row[0]: row for row in await tx.rows("targets_known_to_fail")}
    if not known:
        return
    still = await tx.rows("targets_held_by_circuit", ids=sorted(known), since=now - CURRENT_MS)
    recovered = sorted(known.keys() - {target_id for (target_id,) in still})
    if recovered:
        await tx.run("forget_failing_targets", ids=recovered)
    for target_id in recovered:
        _, workspace_id, since_ms = known[target_id]
        if workspace_id in tx.recording:
            tx.tell(target_recovered(workspace_id, target_id, since_ms, now))


async def reports_of(tx: Tx, workspace_id: Id, targets: Collection[Id], now: int) -> dict[Id, LaneReport]:
    """What the nodes say of some targets of a workspace, over all nodes, of those that they report."""
    found: dict[Id, list[LaneReport]] = {}
    rows = await tx.rows(
        "lane_reports", workspace_id=workspace_id, ids=sorted(targets), since=now - CURRENT_MS
    )
    for target_id, *values in rows:
        found.setdefault(target_id, []).append(_report(values))
    return {target_id: report for target_id, each in found.items() if (report := together(each)) is not None}


def _report(values: Sequence[Any]) -> LaneReport:
    limit, under_way, parked, waiting, oldest_ms, p50_ms, p99_ms, held_by, since = values
    known = held_by in set(WaitCause)  # a node of another version may know more causes
    cause = WaitCause(held_by) if known else None
    return LaneReport(limit, under_way, parked, waiting, oldest_ms, p50_ms, p99_ms, cause, since)


async def lane_state(tx: Tx, workspace_id: Id, target_id: Id, now: int) -> LaneState:
    """How the runs of a target stand that are not over. The target is one of the workspace."""
    reports = await reports_of(tx, workspace_id, [target_id], now)
    waiting, oldest = await tx.row("waiting_runs_of_lane", lane=target_id, now=now, limit=MOST_COUNTED)
    unbegun, oldest_claimed, under_way = await tx.row(
        "claimed_runs_of_lane", lane=target_id, limit=MOST_COUNTED
    )
    since = min((at for at in (oldest, oldest_claimed) if at is not None), default=None)
    return LaneState(waiting + unbegun, under_way, since, reports.get(target_id))


async def causes_of_waits(tx: Tx, workspace_id: Id, runs: Sequence[Run], now: int) -> dict[Id, WaitCause]:
    """What those of some runs of a workspace wait for that have not begun."""
    waiting = [run for run in runs if run.state is RunState.PENDING]
    targets = {run.target_id for run in waiting}
    if not targets:
        return {}
    reports = await reports_of(tx, workspace_id, targets, now)
    bounds = {}
    for target_id, most, rate in await tx.rows(
        "bounds_of_targets", workspace_id=workspace_id, ids=sorted(targets)
    ):
        in_flight = 0 if most is None else int((await tx.row("runs_in_flight", lane=target_id))[0])
        bounds[target_id] = (in_flight, most, rate)
    found = {}
    for run in waiting:
        report = reports.get(run.target_id)
        held_by = None if report is None else report.held_by
        in_flight, most, rate = bounds.get(run.target_id, (0, None, None))
        found[run.id] = cause_now(now, run.next_attempt_ms or now, held_by, in_flight, most, rate)
    return found
