"""What m9m's bodies say, and how schedules, workflows and executions are written in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from horarium.api.dialects.m9m.errors import CRON
from horarium.api.kit import Fields, Problems
from horarium.api.kit.writing import dashed, failure_of, outcome_word, reference_to, utc_text, zoned_text
from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.fire import Fire
from horarium.domain.history import History
from horarium.domain.ids import uuid_text
from horarium.domain.overlap import Overlap
from horarium.domain.run import Run, RunState
from horarium.domain.schedule import Definition, Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.service.schedules import anchor_at, compiled
from horarium.times import RecurrenceError, Timing

DIALECT = "m9m"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """A schedule as a body asks for it; None is left out."""

    cron: str | None
    timezone: str | None
    enabled: bool | None
    items: list[Any] | None
    max_runs: int | None


def order_of(fields: Fields, new: bool) -> Order:
    """Reads all but the workflow; problems stay with `fields`."""
    return Order(
        fields.text(CRON, required=new and CRON not in fields, most=1024),
        fields.text("timezone", most=100),
        fields.flag("enabled"),
        fields.items("inputData"),
        fields.integer("maxRuns"),
    )


def timing_of(order: Order, known: Timing | None, now_ms: int, problems: list[Problem]) -> Timing | None:
    """The timing that an order asks for, over the one there is; None, with its problems noted, where it is
    none."""
    spec = order.cron if order.cron is not None else known.spec if known else None
    zone = order.timezone or (known.zone if known else "UTC")
    if spec is None:
        return None
    try:
        anchor = known.anchor if known and known.spec == spec else anchor_at(spec, DIALECT, now_ms)
    except RecurrenceError:
        anchor = 0  # said in full below
    timing = Timing(spec, DIALECT, zone, anchor)
    try:
        compiled(timing, CRON)
    except Invalid as error:
        problems += error.problems
        return None
    return timing


def policies_of(max_runs: int) -> Policies:
    return Policies(overlap=Overlap.SKIP, max_fires=max_runs or None)


def edited(
    before: Schedule, body: Mapping[str, Any], workflow: Target | None, problems: list[Problem], now_ms: int
) -> Schedule:
    """A schedule as a PUT asks for it: what is left out is kept. Raises Invalid, Conflict."""
    fields = Fields(body, problems=Problems(problems))
    order = order_of(fields, new=False)
    timing = timing_of(order, before.definition.timing, now_ms, fields.problems)
    fields.done()
    assert timing is not None  # it would have left a problem
    policies = before.definition.policies
    if order.max_runs is not None:
        policies = replace(policies, max_fires=order.max_runs or None)
    definition = replace(
        before.definition,
        timing=timing,
        policies=policies,
        target_id=workflow.id if workflow else before.definition.target_id,
        input=before.definition.input if order.items is None else order.items,
    )
    enabled = is_enabled(before) if order.enabled is None else order.enabled
    after = replace(before, definition=definition, state=_state(before, definition, enabled))
    if workflow is not None:
        given = body.get("workflowId")
        after = replace(after, name=workflow.name, extra={**before.extra, "workflowId": given})
    return after


def switched(before: Schedule, enabled: bool) -> Schedule:
    """A schedule switched on or off. Raises Conflict where it has used up its runs."""
    return replace(before, state=_state(before, before.definition, enabled))


def _state(before: Schedule, definition: Definition, enabled: bool) -> ScheduleState:
    if enabled == is_enabled(before):
        ended = before.state is ScheduleState.COMPLETED and not _used_up(before, definition)
        return ScheduleState.PAUSED if ended else before.state
    if not enabled:
        return ScheduleState.PAUSED
    if before.state is ScheduleState.ARCHIVED or _used_up(before, definition):
        raise Conflict("Schedule has had its last run: raise maxRuns, or set it to 0, to enable it again")
    return ScheduleState.ACTIVE


def _used_up(before: Schedule, definition: Definition) -> bool:
    most = definition.policies.max_fires
    return most is not None and before.progress.fires >= most


def is_enabled(schedule: Schedule) -> bool:
    return schedule.state is ScheduleState.ACTIVE


def schedule_body(schedule: Schedule, workflow: Target | None) -> Json:
    timing, progress = schedule.definition.timing, schedule.progress
    unsettled = progress.open_fires + progress.waiting_fires
    return {
        "id": dashed("sched", schedule.id),
        "workflowId": _workflow_of(schedule, workflow),
        "workflowName": workflow.name if workflow else schedule.name,
        "cronExpression": timing.spec,
        "timezone": timing.zone,
        "enabled": is_enabled(schedule),
        "inputData": schedule.definition.input or [],
        "nextRun": _zoned(progress.next_slot, timing.zone) if is_enabled(schedule) else None,
        "lastRun": _zoned(progress.last_slot, timing.zone),
        "lastStatus": None if progress.last_state is None else outcome_word(progress.last_state),
        "runCount": progress.fires,
        "successCount": progress.succeeded,
        "failureCount": max(progress.fires - progress.succeeded - unsettled, 0),
        "maxRuns": schedule.definition.policies.max_fires or 0,
        "createdAt": utc_text(schedule.created_ms),
        "updatedAt": utc_text(schedule.updated_ms),
    }


def _workflow_of(schedule: Schedule, workflow: Target | None) -> str:
    given = schedule.extra.get("workflowId")
    if workflow is None:
        return given or uuid_text(schedule.definition.target_id)
    return reference_to(workflow, given)


def _zoned(at_ms: int | None, zone: str, milliseconds: bool = False) -> str | None:
    return None if at_ms is None else zoned_text(at_ms, zone, milliseconds)


def history_body(history: History, workflow: Target | None) -> Json:
    """The rows of the documents, and the figures that the product's web page shows."""
    zone = history.schedule.definition.timing.zone
    return {
        "data": [_row(fire, run, zone) for fire, run in history.fires],
        "total": history.total,
        "scheduleId": dashed("sched", history.schedule.id),
        "executions": [_execution_row(fire, run, history.schedule, workflow) for fire, run in history.fires],
        "successCount": history.succeeded,
        "failureCount": history.failed,
        "averageTime": history.average_ms,
        "lastSuccess": _zoned(history.last_success_ms, zone, True),
        "lastFailure": _zoned(history.last_failure_ms, zone, True),
    }


def _row(fire: Fire, run: Run | None, zone: str) -> Json:
    started, finished = _times(fire, run)
    row: Json = {
        "executionId": dashed("exec", run.id if run else fire.id),
        "scheduledTime": zoned_text(fire.slot_ms, zone),
        "startedAt": _zoned(started, zone, True),
        "finishedAt": _zoned(finished, zone, True),
        "status": outcome_word(fire.state),
        "duration": None if started is None or finished is None else finished - started,
    }
    if row["status"] == "failed":
        row["error"] = failure_of(fire, run)
    return row


def _execution_row(fire: Fire, run: Run | None, schedule: Schedule, workflow: Target | None) -> Json:
    zone = schedule.definition.timing.zone
    started, finished = _times(fire, run)
    row: Json = {
        "id": dashed("exec", run.id if run else fire.id),
        "scheduleId": dashed("sched", schedule.id),
        "workflowId": _workflow_of(schedule, workflow),
        "startTime": zoned_text(fire.fired_ms if started is None else started, zone, True),
        "endTime": _zoned(finished, zone, True),
        "duration": 0 if started is None or finished is None else finished - started,
        "status": outcome_word(fire.state),
    }
    if row["status"] == "failed":
        row["error"] = failure_of(fire, run)
    return row


def _times(fire: Fire, run: Run | None) -> tuple[int | None, int | None]:
    """When a fire's run began and ended; a fire that ended without beginning did so at once."""
    if run is None or run.started_ms is None:
        return fire.finished_ms, fire.finished_ms
    return run.started_ms, run.finished_ms if fire.finished_ms is not None else None


_MODES = {"manual": "manual", "retry": "retry"}
_RUN_STATUS = {
    RunState.PENDING: "running",
    RunState.RUNNING: "running",
    RunState.SUCCEEDED: "completed",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}
RUN_STATES = {"running": "open", "completed": "succeeded", "failed": "failed", "cancelled": "cancelled"}


def execution_body(run: Run, workflow: Target) -> Json:
    return {
        "id": dashed("exec", run.id),
        "workflowId": reference_to(workflow),
        "status": _RUN_STATUS[run.state],
        "mode": _MODES.get(run.mode, "trigger"),
        "startedAt": utc_text(run.created_ms if run.started_ms is None else run.started_ms, True),
        "finishedAt": None if run.finished_ms is None else utc_text(run.finished_ms, True),
        "data": _items(None if run.output is None else orjson.loads(run.output)),
        "error": run.error if run.state.final else None,
    }


def _items(output: Any) -> list[Json]:
    """A run's output as items."""
    if output is None:
        return []
    if not isinstance(output, list):
        return [_item(output)]
    return [
        one if isinstance(one, dict) and isinstance(one.get("json"), dict) else _item(one) for one in output
    ]


def _item(value: Any) -> Json:
    return {"json": value if isinstance(value, dict) else {"value": value}}
