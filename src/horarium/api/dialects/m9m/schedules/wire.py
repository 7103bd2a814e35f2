"""What m9m's bodies of schedules say, and how schedules and their history are written in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from horarium.api.dialects.m9m.errors import CRON
from horarium.api.fields import seconds
from horarium.api.kit import Around, Fields, Json, Problems, TimingNames, resolve_timing
from horarium.api.kit.writing import dashed, failure_of, outcome_word, reference_to, utc_text, zoned_text
from horarium.domain.errors import Conflict
from horarium.domain.fire import Fire
from horarium.domain.history import History
from horarium.domain.ids import uuid_text
from horarium.domain.overlap import Overlap
from horarium.domain.run import Run
from horarium.domain.schedule import Definition, Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.service.checks import depth_problems
from horarium.service.targets import LONGEST_TIMEOUT_MS
from horarium.times import Timing

NAME = "m9m"

# Seconds that a run may be given; as long as a target may be.
LONGEST_DURATION_S = LONGEST_TIMEOUT_MS // 1000

POLICIES = Policies(overlap=Overlap.SKIP)

_TIMING = TimingNames(CRON)


@dataclass(frozen=True, slots=True)
class Order:
    """A schedule as a body asks for it; None is left out. `workflow` names one by id, key or number; `items` are the
    input; a `max_runs` of 0 is no limit, and neither is a `max_duration_s` of 0."""

    workflow: str | None = None
    cron: str | None = None
    timezone: str | None = None
    enabled: bool | None = None
    items: list[Any] | None = None
    max_runs: int | None = None
    max_duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """`workflow` is the one that the body names, None where it names none."""

    workflow: Target | None
    now_ms: int


def parse(fields: Fields, new: bool) -> Order:
    """The order in a body. An expression that is empty is left to the grammar, which says what is missing."""
    return Order(
        workflow=fields.text("workflowId", required=new or "workflowId" in fields),
        cron=fields.text(CRON, required=new and CRON not in fields, most=1024),
        timezone=fields.text("timezone", most=100),
        enabled=fields.flag("enabled"),
        items=_items(fields),
        max_runs=fields.integer("maxRuns"),
        max_duration_s=fields.integer("maxDuration", most=LONGEST_DURATION_S),
    )


def new_timing(order: Order, now_ms: int, problems: Problems) -> Timing | None:
    """The timing of a new schedule; None where the order has no expression, which is noted already."""
    if order.cron is None:
        return None
    timing = Timing(order.cron, NAME, order.timezone or "UTC")
    return resolve_timing(timing, None, now_ms, _TIMING, problems)


def policies_of(order: Order, before: Policies = POLICIES) -> Policies:
    """The policies that an order asks for, on top of those that there are.

    maxDuration is the time that a run may take. So it limits each attempt, and no attempt is begun after it has passed.
    """
    policies = before
    if order.max_runs is not None:
        policies = replace(policies, max_fires=order.max_runs or None)
    if order.max_duration_s is not None:
        most_ms = order.max_duration_s * 1000
        window = most_ms or POLICIES.retry.max_elapsed_ms
        retry = replace(policies.retry, max_elapsed_ms=window)
        policies = replace(policies, timeout_ms=most_ms or None, retry=retry)
    return policies


def _items(fields: Fields) -> list[Any] | None:
    items = fields.items("inputData")
    fields.note(depth_problems("inputData", items))
    return items


def edited(before: Schedule, order: Order, facts: Facts) -> Schedule:
    """A schedule as an order wants it: what is left out is kept. Raises Invalid, Conflict."""
    problems, known = Problems(), before.definition
    wanted = replace(
        known.timing,
        spec=known.timing.spec if order.cron is None else order.cron,
        zone=order.timezone or known.timing.zone,
    )
    timing = resolve_timing(wanted, known.timing, facts.now_ms, _TIMING, problems)
    problems.done()
    definition = replace(
        known,
        timing=timing,
        policies=policies_of(order, known.policies),
        target_id=known.target_id if facts.workflow is None else facts.workflow.id,
        input=known.input if order.items is None else order.items,
    )
    enabled = is_enabled(before) if order.enabled is None else order.enabled
    after = replace(before, definition=definition, state=_state(before, definition, enabled))
    if facts.workflow is None:
        return after
    return replace(after, name=facts.workflow.name, extra={**before.extra, "workflowId": order.workflow})


def _state(before: Schedule, definition: Definition, enabled: bool) -> ScheduleState:
    """The state that an edit leads to. Raises Conflict where it would enable a schedule that has had its last run."""
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
    """Whether a schedule is switched on."""
    return schedule.state is ScheduleState.ACTIVE


def show(schedule: Schedule, around: Around) -> Json:
    """A schedule as it is answered."""
    workflow = around.target_of(schedule)
    timing, progress = schedule.definition.timing, schedule.progress
    unsettled = progress.open_fires + progress.waiting_fires
    shown: Json = {
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
    limit_ms = schedule.definition.policies.timeout_ms
    return shown if limit_ms is None else {**shown, "maxDuration": seconds(limit_ms)}


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
