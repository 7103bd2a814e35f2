"""What each dialect shows of a schedule and of its fires, field by field; no two instants or numbers are equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from horarium.api.dialects.autessa import wire as autessa
from horarium.api.dialects.cadenya.agents import wire as agents
from horarium.api.dialects.cadenya.objectives import wire as objectives
from horarium.api.dialects.cadenya.schedules import wire as cadenya
from horarium.api.dialects.m9m.executions import wire as executions
from horarium.api.dialects.m9m.schedules import wire as m9m
from horarium.api.dialects.m9m.workflows import wire as workflows
from horarium.api.dialects.trustpager import wire as trustpager
from horarium.api.dialects.uranus import wire as uranus
from horarium.api.kit import Around
from horarium.domain.fire import Fire, FireKind, FireState
from horarium.domain.history import History, RunErrors
from horarium.domain.ids import Id, prefixed, run_id, ulid, uuid_text
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.run import Run, RunMode, RunState
from horarium.domain.schedule import Definition, Policies, Progress, Schedule, ScheduleState
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.domain.tenancy import Principal, PrincipalType
from horarium.times import Timing
from tests.support.house import instant

Json = dict[str, Any]


def an_id(number: int) -> Id:
    return bytes([number]) * 16


SCHEDULE, WORKSPACE, TARGET, MAKER, OWNER, FIRE, RUN = map(an_id, range(1, 8))
ACCOUNT = prefixed("account", WORKSPACE)


def day(number: int, time: str = "08:00:00.250") -> int:
    return instant(f"2026-03-{number:02}T{time}Z")


PROGRESS = Progress(
    accounted_to=day(20),
    next_slot=day(21, "09:00:00"),
    next_due=day(21, "09:00:07"),
    fires=19,
    succeeded=11,
    failed=3,
    skipped=2,
    open_fires=2,
    waiting_fires=1,
    failures_in_row=4,
    last_slot=day(20, "09:00:00"),
    last_fired_ms=day(20, "09:00:01.500"),
    last_fire_id=FIRE,
    last_state="partial",
    last_skip_ms=day(18, "09:00:00"),
    last_skip_reason="skipped",
)


def schedule(dialect: str, spec: str, zone: str = "America/New_York", **given: Any) -> Schedule:
    policies = Policies(overlap=Overlap.ALLOW, max_fires=77, timeout_ms=1_500, retry=Retry(max_attempts=1))
    of_definition = {name: given.pop(name) for name in ("input", "audience") if name in given}
    timing = Timing(spec, dialect, zone, end=given.pop("end", None))
    made = Schedule(
        id=SCHEDULE,
        workspace_id=WORKSPACE,
        dialect=dialect,
        name="Nightly",
        state=ScheduleState.ACTIVE,
        definition=Definition(timing, policies, TARGET, **of_definition),
        progress=PROGRESS,
        version=5,
        definition_version=4,
        created_ms=day(1),
        updated_ms=day(2),
        created_by=MAKER,
        owner_id=OWNER,
        key="the-key",
        description="What it is for",
        labels={"team": "blue", "bundle_key": "b1"},
    )
    return replace(made, **given)


def target(kind: TargetKind, **given: Any) -> Target:
    made = Target(
        TARGET, WORKSPACE, kind, "What runs", "http", {"url": "https://example.com/x"}, MAKER, day(3), day(4),
        number=42, key="target-key", description="What it does",
    )  # fmt: skip
    return replace(made, **given)


def around(kind: TargetKind) -> Around:
    return Around({TARGET: target(kind)}, {MAKER: PERSON})


PERSON = Principal(MAKER, WORKSPACE, PrincipalType.PERSON, "Ada", day(5), "ada@example.com")
PROFILE = {
    "metadata": {
        "id": prefixed("profile", MAKER),
        "accountId": ACCOUNT,
        "name": "Ada",
        "externalId": "",
        "labels": {},
        "profileId": prefixed("profile", MAKER),
        "createdAt": "2026-03-05T08:00:00.250Z",
    },
    "spec": {"type": "PROFILE_TYPE_USER", "name": "Ada", "email": "ada@example.com"},
}


def fire(state: FireState = FireState.PARTIAL, **given: Any) -> Fire:
    made = Fire(
        FIRE, WORKSPACE, SCHEDULE, 4, FireKind.CLOCK, day(20, "09:00:00"), day(20, "09:00:07"), state,
        day(20, "09:00:08.125"), day(20, "09:05:00.750"), audience_size=30, runs=29, succeeded=20, failed=5,
        cancelled=4,
    )  # fmt: skip
    return replace(made, **given)


def run(state: RunState = RunState.FAILED, **given: Any) -> Run:
    made = Run(
        RUN, WORKSPACE, SCHEDULE, FIRE, TARGET, RunMode.CLOCK, "", 0, state,
        day(20, "09:00:07"), day(20, "09:00:08.125"), day(20, "09:00:09.250"), day(20, "09:04:59.500"),
        attempts=6, status=500, data=None, output=None, error="it went wrong", slot_ms=day(20, "09:00:00"),
        next_attempt_ms=None,
    )  # fmt: skip
    return replace(made, **given)


# trustpager


def test_a_trustpager_schedule() -> None:
    shown = trustpager.show(
        schedule(
            "trustpager",
            "0 9 * * *",
            audience={"type": "users", "filter": {"roles": ["owner"]}},
            end=day(30, "09:00:00") // 1000,
            extra={"automation_id": "42"},
        ),
        around(TargetKind.AUTOMATION),
    )
    assert shown == {
        "id": uuid_text(SCHEDULE),
        "name": "Nightly",
        "description": "What it is for",
        "is_active": True,
        "cron_expression": "0 9 * * *",
        "timezone": "America/New_York",
        "audience_type": "users",
        "audience_filter": {"roles": ["owner"]},
        "automation_id": "42",
        "next_run_at": "2026-03-21T09:00:00.000Z",
        "last_run_at": "2026-03-20T09:00:01.500Z",
        "run_count": 19,
        "max_runs": 77,
        "end_at": "2026-03-30T09:00:00.000Z",
        "created_at": "2026-03-01T08:00:00.250Z",
        "updated_at": "2026-03-02T08:00:00.250Z",
    }


@pytest.mark.parametrize(
    ("given", "kept", "shown"),
    [
        ("42", True, "42"),
        ("target-key", True, "target-key"),
        (uuid_text(TARGET), True, uuid_text(TARGET)),
        (prefixed("tgt", TARGET), True, prefixed("tgt", TARGET)),
        ("another", True, "target-key"),  # it was given another target since
        (None, True, "target-key"),
        ("another", False, "another"),  # the target is gone
        (None, False, uuid_text(TARGET)),
    ],
)
def test_a_target_is_named_as_its_caller_named_it_while_that_names_it(
    given: str | None, kept: bool, shown: str
) -> None:
    names = {"automation_id": given, "workflowId": given, "callback_id": given}
    known = around(TargetKind.WORKFLOW) if kept else Around({}, {})
    for wire, dialect, field in (
        (trustpager, "trustpager", "automation_id"),
        (m9m, "m9m", "workflowId"),
        (uranus, "uranus", "callback_id"),
    ):
        made = schedule(dialect, "0 9 * * *", extra={} if given is None else names)
        assert wire.show(made, known)[field] == shown, dialect  # type: ignore[attr-defined]


def test_what_is_left_of_a_schedule_whose_target_is_gone() -> None:
    gone = Around({}, {})
    assert m9m.show(schedule("m9m", "@daily"), gone)["workflowName"] == "Nightly"
    made = schedule("uranus", "@daily", extra={"callback_type": "function"})
    assert uranus.show(made, gone)["callback_type"] == "function"


@pytest.mark.parametrize(
    ("state", "reason", "is_on"),
    [
        (ScheduleState.ACTIVE, None, True),
        (ScheduleState.PAUSED, None, False),
        (ScheduleState.COMPLETED, "end", True),
        (ScheduleState.COMPLETED, "max_fires", False),
        (ScheduleState.ARCHIVED, None, False),
    ],
)
def test_a_trustpager_schedule_is_off_once_it_has_used_up_its_runs_and_on_after_its_end(
    state: ScheduleState, reason: str | None, is_on: bool
) -> None:
    assert trustpager.is_active(schedule("trustpager", "@daily", state=state, ended_reason=reason)) is is_on


STATUS = {
    FireState.WAITING: "running",
    FireState.RESOLVING: "running",
    FireState.RUNNING: "running",
    FireState.COMPLETED: "completed",
    FireState.PARTIAL: "partial",
    FireState.FAILED: "failed",
    FireState.CANCELLED: "failed",
}


def test_a_trustpager_fire() -> None:
    counts = {"status": "partial", "audience_size": 30, "runs_triggered": 29, "runs_failed": 9}
    assert trustpager.run_json(fire(), [RunErrors("refused", 9)]) == {
        "id": uuid_text(FIRE),
        "schedule_id": uuid_text(SCHEDULE),
        "company_id": uuid_text(WORKSPACE),
        "fired_at": "2026-03-20T09:00:08.125Z",
        "completed_at": "2026-03-20T09:05:00.750Z",
        **counts,
        "error_message": "refused",
        "created_at": "2026-03-20T09:00:08.125Z",
    }
    assert trustpager.fired_json(fire()) == {"run_id": uuid_text(FIRE), **counts}
    unknown = trustpager.fired_json(
        fire(FireState.RESOLVING, audience_size=None, runs=0, failed=0, cancelled=0)
    )
    assert unknown == {
        "run_id": uuid_text(FIRE),
        "status": "running",
        "audience_size": 0,
        "runs_triggered": 0,
        "runs_failed": 0,
    }
    assert {state: trustpager.fired_json(fire(state))["status"] for state in FireState} == STATUS


@pytest.mark.parametrize(
    ("state", "error", "errors", "told"),
    [
        (FireState.FAILED, "the audience is gone", [], "the audience is gone"),
        (FireState.RUNNING, None, [RunErrors("early", 1)], None),
        (FireState.CANCELLED, None, [RunErrors("stopped", 9)], "cancelled"),
        (FireState.COMPLETED, None, [], None),
        (FireState.FAILED, None, [RunErrors("a", 9)], "a"),
        (FireState.FAILED, None, [RunErrors("a", 8), RunErrors("b", 1)], "a (8 rows); b (1 row)"),
        (FireState.FAILED, None, [RunErrors("a", 5), RunErrors("b", 1)],
         "a (5 rows); b (1 row); other errors (3 rows)"),
        (FireState.FAILED, None, [RunErrors("a", 8)], "a (8 rows); other errors (1 row)"),
    ],
)  # fmt: skip
def test_why_a_trustpager_fire_failed(
    state: FireState, error: str | None, errors: list[RunErrors], told: str | None
) -> None:
    assert trustpager.run_json(fire(state, error=error), errors)["error_message"] == told


# autessa


def test_an_autessa_event() -> None:
    shown = autessa.show(
        schedule(
            "autessa",
            "rate(5 minutes)",
            input={"input": "Hello"},
            extra={
                "actionType": "INVOKE_AGENT",
                "config": {
                    "agentExecutionRequest": {
                        "agentId": 1,
                        "input": "old",
                        "environmentVariables": {"A": "***"},
                    },
                    "continueOnError": False,
                },
            },
        ),
        around(TargetKind.AGENT),
    )
    request = {"input": "Hello", "agentId": 42, "environmentVariables": {"A": "***"}}
    assert shown == {
        "eventId": prefixed("evt", SCHEDULE),
        "eventName": "Nightly",
        "description": "What it is for",
        "cronExpression": "rate(5 minutes)",
        "timezone": "America/New_York",
        "enabled": True,
        "actionType": "INVOKE_AGENT",
        "sharingLevel": "COMPANY",
        "companyPermissionLevel": "ADMIN",
        "agentConfig": {"agentExecutionRequest": request, "continueOnError": True},
        "nextRunAt": "2026-03-21T09:00:00Z",
        "lastRunAt": "2026-03-20T09:00:01Z",
    }


@pytest.mark.parametrize("kind", [None, TargetKind.FUNCTION, TargetKind.TOOL, TargetKind.TABLE])
def test_the_action_of_an_autessa_event_is_that_of_its_target_else_the_one_that_was_given(
    kind: TargetKind | None,
) -> None:
    extra = {
        "actionType": "INVOKE_AGENT",
        "config": {"agentExecutionRequest": {"agentId": 7}, "continueOnError": False},
    }
    made = schedule("autessa", "rate(1 day)", input={"input": "Hello"}, extra=extra)
    shown = autessa.show(made, Around({}, {}) if kind is None else around(kind))
    request = {"input": "Hello"} if kind is None else {"input": "Hello", "agentId": 42}
    by_kind = {
        TargetKind.TOOL: ("INVOKE_TOOL", "toolConfig", {"toolExecutionRequest": {"toolId": 42}}),
        TargetKind.TABLE: ("UPDATE_AUTESSADB", "autessaDbConfig", {"targetTableId": 42}),
    }
    given = ("INVOKE_AGENT", "agentConfig", {"agentExecutionRequest": request})
    action, field, config = given if kind is None else by_kind.get(kind, given)
    assert shown["actionType"] == action
    assert shown[field] == {**config, "continueOnError": True}
    assert {"agentConfig", "toolConfig", "autessaDbConfig"} & shown.keys() == {field}


@pytest.mark.parametrize(
    ("given", "stored", "shown"),
    [
        ({}, {"variables": {}}, {}),
        ({"variables": {}}, {"variables": {}}, {"variables": {}}),
        ({}, {"variables": {"a": 1}}, {"variables": {"a": 1}}),  # our own API has stored them since
        ({}, None, {}),
    ],
)
def test_the_variables_of_a_tool_are_shown_unless_there_are_none_and_none_were_given(
    given: Json, stored: Any, shown: Json
) -> None:
    extra = {"actionType": "INVOKE_TOOL", "config": {"toolExecutionRequest": {"toolId": 1, **given}}}
    made = schedule("autessa", "rate(1 day)", input=stored, extra=extra)
    config = autessa.show(made, around(TargetKind.TOOL))["toolConfig"]
    assert config == {"toolExecutionRequest": {**shown, "toolId": 42}, "continueOnError": True}


def test_an_autessa_event_has_no_next_run_while_it_is_off_and_its_description_is_never_null() -> None:
    off = schedule("autessa", "rate(1 hour)", state=ScheduleState.PAUSED, description=None)
    shown = autessa.show(
        replace(off, progress=replace(PROGRESS, last_fired_ms=None)), around(TargetKind.TOOL)
    )
    assert shown.keys().isdisjoint({"nextRunAt", "lastRunAt"})
    assert (shown["enabled"], shown["description"]) == (False, "")


@pytest.mark.parametrize(
    ("spec", "enabled"), [("at(2026-03-20T09:00:00)", False), ("cron(0 9 * * ? 2025)", True), ("rate(1 day)", True)]
)  # fmt: skip
def test_an_autessa_event_that_has_ended_is_off_if_it_had_one_time_only(spec: str, enabled: bool) -> None:
    assert autessa.is_enabled(schedule("autessa", spec, state=ScheduleState.COMPLETED)) is enabled


def test_how_an_autessa_event_ran_last() -> None:
    started, finished = {"startedAt": "2026-03-20T09:00:09Z"}, {"finishedAt": "2026-03-20T09:05:00Z"}
    for state, its_run, shown in (
        (FireState.COMPLETED, run(RunState.SUCCEEDED, error=None), {"status": "success", **started, **finished}),
        (FireState.COMPLETED, None, {"status": "success", **finished}),
        (FireState.FAILED, run(), {"status": "failed", **started, **finished, "error": "it went wrong"}),
        (FireState.PARTIAL, None, {"status": "failed", **finished, "error": "the run was cancelled"}),
        (FireState.CANCELLED, run(error=None), {"status": "failed", **started, **finished,
                                                "error": "the run was cancelled"}),
    ):  # fmt: skip
        assert autessa.outcome_json(fire(state), its_run) == shown, state
    again = run(RunState.PENDING, started_ms=None, finished_ms=None)
    assert autessa.outcome_json(fire(FireState.RUNNING, finished_ms=None), again) == {
        "status": "running",
        "error": "it went wrong",
    }
    broken = fire(FireState.FAILED, error="the target is disabled")
    assert autessa.outcome_json(broken, run(error=None))["error"] == "the target is disabled"


def test_the_arn_of_an_autessa_event_stays_the_same_and_tells_workspaces_apart() -> None:
    other = schedule("autessa", "rate(1 day)", workspace_id=an_id(10))
    assert ":us-east-1:948145076432:" in autessa.arn_of(other)
    assert autessa.arn_of(schedule("autessa", "rate(1 day)")) == (
        f"arn:aws:scheduler:us-east-1:047917438101:schedule/default/{prefixed('evt', SCHEDULE)}"
    )


# m9m


def test_an_m9m_schedule() -> None:
    made = schedule("m9m", "0 9 * * *", input=[{"json": {"a": 1}}], extra={"workflowId": "42"})
    assert m9m.show(made, around(TargetKind.WORKFLOW)) == {
        "id": f"sched-{ulid(SCHEDULE)}",
        "workflowId": "42",
        "workflowName": "What runs",
        "cronExpression": "0 9 * * *",
        "timezone": "America/New_York",
        "enabled": True,
        "inputData": [{"json": {"a": 1}}],
        "nextRun": "2026-03-21T05:00:00-04:00",
        "lastRun": "2026-03-20T05:00:00-04:00",
        "lastStatus": "failed",
        "runCount": 19,
        "successCount": 11,
        "failureCount": 5,
        "maxRuns": 77,
        "createdAt": "2026-03-01T08:00:00Z",
        "updatedAt": "2026-03-02T08:00:00Z",
        "maxDuration": 1.5,
    }
    plain = replace(
        made, state=ScheduleState.PAUSED, progress=replace(PROGRESS, last_slot=None, last_state=None)
    )
    definition = replace(plain.definition, input=None, policies=Policies())
    shown = m9m.show(replace(plain, definition=definition), around(TargetKind.WORKFLOW))
    assert {
        name: shown[name] for name in ("enabled", "inputData", "nextRun", "lastRun", "lastStatus", "maxRuns")
    } == {
        "enabled": False,
        "inputData": [],
        "nextRun": None,
        "lastRun": None,
        "lastStatus": None,
        "maxRuns": 0,
    }
    assert "maxDuration" not in shown


def test_failures_of_an_m9m_schedule_are_never_fewer_than_none() -> None:
    progress = replace(PROGRESS, fires=2, succeeded=1, open_fires=2, waiting_fires=1)
    assert m9m.show(schedule("m9m", "@daily", progress=progress), Around({}, {}))["failureCount"] == 0


def m9m_row(state: str, started: str | None, finished: str | None, took: int | None, number: Id) -> Json:
    return {
        "executionId": f"exec-{ulid(number)}",
        "scheduledTime": "2026-03-20T05:00:00-04:00",
        "startedAt": started,
        "finishedAt": finished,
        "status": state,
        "duration": took,
    }


BEGAN, ENDED = "2026-03-20T05:00:09.250-04:00", "2026-03-20T05:04:59.500-04:00"


def test_the_history_of_an_m9m_schedule() -> None:
    made = schedule("m9m", "0 9 * * *", extra={"workflowId": "42"})
    fires = [
        (fire(FireState.FAILED), run()),
        (fire(FireState.RUNNING, finished_ms=None), run(RunState.RUNNING, error=None)),
        (fire(FireState.COMPLETED), run(RunState.SUCCEEDED, error=None)),
        (fire(FireState.CANCELLED), None),
        (fire(FireState.WAITING, finished_ms=None), None),
    ]
    history = History(made, fires, 91, 60, 31, 7_250, day(19), day(18))
    shown = m9m.history_body(history, target(TargetKind.WORKFLOW))
    rows, others = shown.pop("data"), shown.pop("executions")
    assert shown == {
        "total": 91,
        "scheduleId": f"sched-{ulid(SCHEDULE)}",
        "successCount": 60,
        "failureCount": 31,
        "averageTime": 7_250,
        "lastSuccess": "2026-03-19T04:00:00.250-04:00",
        "lastFailure": "2026-03-18T04:00:00.250-04:00",
    }
    at_once = "2026-03-20T05:05:00.750-04:00"
    assert rows == [
        {**m9m_row("failed", BEGAN, ENDED, 290_250, RUN), "error": "it went wrong"},
        m9m_row("running", BEGAN, None, None, RUN),
        m9m_row("success", BEGAN, ENDED, 290_250, RUN),
        {**m9m_row("failed", at_once, at_once, 0, FIRE), "error": "the run was cancelled"},
        m9m_row("running", None, None, None, FIRE),
    ]
    named = {"scheduleId": f"sched-{ulid(SCHEDULE)}", "workflowId": "42"}
    assert others == [
        {
            "id": row["executionId"],
            **named,
            "startTime": row["startedAt"] or "2026-03-20T05:00:08.125-04:00",
            "endTime": row["finishedAt"],
            "duration": row["duration"] or 0,
            "status": row["status"],
            **({"error": row["error"]} if "error" in row else {}),
        }
        for row in rows
    ]


def test_an_m9m_execution() -> None:
    shown = executions.show(run(output='[{"json": {"a": 1}}]'), target(TargetKind.WORKFLOW))
    assert shown == {
        "id": f"exec-{ulid(RUN)}",
        "workflowId": "target-key",
        "status": "failed",
        "mode": "trigger",
        "startedAt": "2026-03-20T09:00:09.250Z",
        "finishedAt": "2026-03-20T09:04:59.500Z",
        "data": [{"json": {"a": 1}}],
        "error": "it went wrong",
    }
    waiting = run(RunState.PENDING, started_ms=None, finished_ms=None)
    shown = executions.show(waiting, target(TargetKind.WORKFLOW))
    assert (shown["startedAt"], shown["finishedAt"], shown["error"]) == (
        "2026-03-20T09:00:08.125Z",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("state", "status"),
    [("pending", "running"), ("running", "running"), ("succeeded", "completed"), ("failed", "failed"),
     ("cancelled", "cancelled")],
)  # fmt: skip
def test_the_states_of_an_m9m_execution(state: str, status: str) -> None:
    assert executions.show(run(RunState(state)), target(TargetKind.WORKFLOW))["status"] == status


@pytest.mark.parametrize(
    ("mode", "shown"),
    [("clock", "trigger"), ("backfill", "trigger"), ("manual", "manual"), ("retry", "retry")],
)
def test_the_modes_of_an_m9m_execution(mode: str, shown: str) -> None:
    assert executions.show(run(mode=RunMode(mode)), target(TargetKind.WORKFLOW))["mode"] == shown


@pytest.mark.parametrize(
    ("output", "items"),
    [
        (None, []),
        ("null", []),
        ("[]", []),
        ('[{"json": {"a": 1}, "more": 2}, {"json": 3}, {"a": 1}, 4]',
         [{"json": {"a": 1}, "more": 2}, {"json": {"json": 3}}, {"json": {"a": 1}}, {"json": {"value": 4}}]),
        ('{"json": {"a": 1}}', [{"json": {"json": {"a": 1}}}]),
        ('"text"', [{"json": {"value": "text"}}]),
    ],
)  # fmt: skip
def test_the_output_of_an_m9m_execution_is_shown_as_items(output: str | None, items: list[Json]) -> None:
    assert executions.show(run(output=output), target(TargetKind.WORKFLOW))["data"] == items


def test_an_m9m_workflow() -> None:
    parts = {"nodes": [1], "settings": {"a": 1}, "tags": ["x"], "active": True, "unknown": 1, "versionId": 7}
    made = target(TargetKind.WORKFLOW, extra={"workflow": parts, "other": 1})
    shown = {
        "nodes": [1],
        "connections": {},
        "settings": {"a": 1},
        "tags": ["x"],
        "id": "target-key",
        "name": "What runs",
        "description": "What it does",
        "active": True,
        "executor": {"type": "http", "url": "https://example.com/x"},
        "createdAt": "2026-03-03T08:00:00Z",
        "updatedAt": "2026-03-04T08:00:00Z",
    }
    assert workflows.show(made) == shown
    assert workflows.show(replace(made, state=TargetState.DISABLED)) == {**shown, "active": False}
    off = replace(made, extra={"workflow": {**parts, "active": False}})
    assert workflows.show(off) == {**shown, "active": False}
    assert workflows.show(replace(made, key=None, executor="none", config={})) == {
        **shown,
        "id": uuid_text(TARGET),
        "executor": None,
    }


# uranus


def test_a_uranus_schedule_of_each_type() -> None:
    shared = {
        "id": f"schedule-{ulid(SCHEDULE)}",
        "name": "Nightly",
        "next_run": "2026-03-21T09:00:00Z",
        "last_run": "2026-03-20T09:00:01Z",
        "callback_type": "workflow",
        "callback_id": "target-key",
        "status": "active",
        "created_at": "2026-03-01T08:00:00Z",
    }
    for spec, own in (
        ("0 9 * * *", {"type": "cron", "cron_expression": "0 9 * * *"}),
        ('{"delay":90}', {"type": "delayed", "delay_seconds": 90}),
        ('{"once":"2026-03-21T09:00:00Z"}', {"type": "once"}),
    ):
        made = schedule("uranus", spec, extra={"callback_type": "function", "callback_id": "gone"})
        assert uranus.show(made, around(TargetKind.WORKFLOW)) == shared | own


@pytest.mark.parametrize(
    ("state", "status"),
    [("active", "active"), ("paused", "paused"), ("completed", "completed"), ("archived", "completed")],
)
def test_the_status_of_a_uranus_schedule(state: str, status: str) -> None:
    assert uranus.status_of(schedule("uranus", "@daily", state=ScheduleState(state))) == status


def test_an_execution_of_a_uranus_schedule() -> None:
    row = {"executed_at": "2026-03-20T09:00:08Z"}
    for state, its_run, shown in (
        (FireState.COMPLETED, run(error=None), {"id": RUN, "status": "success"}),
        (FireState.RUNNING, run(), {"id": RUN, "status": "running"}),
        (FireState.WAITING, None, {"id": FIRE, "status": "running"}),
        (FireState.FAILED, run(), {"id": RUN, "status": "failed", "error": "it went wrong"}),
        (FireState.CANCELLED, None, {"id": FIRE, "status": "failed", "error": "the run was cancelled"}),
    ):
        expected = row | shown | {"id": f"exec-{ulid(shown['id'])}"}  # type: ignore[arg-type]
        assert uranus.execution_body(fire(state), its_run) == expected, state


# cadenya

OF_WORKSPACE = {"accountId": ACCOUNT, "workspaceId": prefixed("ws", WORKSPACE)}
BY_MAKER = {"profileId": prefixed("profile", MAKER)}
CALENDARS = '{"calendars":[{"hour":[{"start":9}]}]}'


def cadenya_schedule() -> Schedule:
    given = {"initialMessage": "Hi", "data": {"a": 1}, "systemPromptData": {"b": 2}, "variationId": "v1"}
    return schedule("cadenya", CALENDARS, input=given)


def shown_schedule() -> Json:
    return {
        "metadata": {
            "id": prefixed("as", SCHEDULE),
            **OF_WORKSPACE,
            "name": "Nightly",
            "externalId": "the-key",
            "labels": {"team": "blue", "bundle_key": "b1"},
            **BY_MAKER,
            "createdAt": "2026-03-01T08:00:00.250Z",
            "bundleKey": "b1",
            "updatedAt": "2026-03-02T08:00:00.250Z",
        },
        "spec": {
            "initialMessage": "Hi",
            "firstUserMessage": "Hi",
            "schedule": {"calendars": [{"hour": [{"start": 9}]}], "timezone": "America/New_York"},
            "overlapPolicy": "OVERLAP_POLICY_ALLOW",
            "status": "AGENT_SCHEDULE_STATUS_ACTIVE",
            "data": {"a": 1},
            "firstUserMessageData": {"a": 1},
            "systemPromptData": {"b": 2},
            "variationId": "v1",
        },
        "state": "STATE_ACTIVE",
    }


def test_a_cadenya_schedule() -> None:
    info = {
        "totalFires": 19,
        "createdBy": PROFILE,
        "lastFireAt": "2026-03-20T09:00:01.500Z",
        "lastObjectiveId": prefixed("obj", run_id(FIRE)),
        "lastSkippedAt": "2026-03-18T09:00:00.000Z",
        "lastSkipReason": "previous objective still running",
        "nextFireAt": "2026-03-21T09:00:00.000Z",
    }
    made = cadenya_schedule()
    assert cadenya.show(made, around(TargetKind.AGENT)) == {**shown_schedule(), "info": info}
    assert cadenya.show_briefly(made) == {**shown_schedule(), "info": {"totalFires": 19}}


@pytest.mark.parametrize(
    ("state", "word"),
    [("active", "ACTIVE"), ("paused", "PAUSED"), ("archived", "ARCHIVED"), ("completed", "ACTIVE")],
)
def test_the_state_of_a_cadenya_schedule(state: str, word: str) -> None:
    shown = cadenya.show(replace(cadenya_schedule(), state=ScheduleState(state)), Around({}, {}))
    assert (shown["state"], shown["spec"]["status"]) == (f"STATE_{word}", f"AGENT_SCHEDULE_STATUS_{word}")
    assert ("nextFireAt" in shown["info"]) is (state == "active")


def test_what_a_cadenya_schedule_does_not_have_is_left_out() -> None:
    bare = schedule("cadenya", CALENDARS, input={"initialMessage": "Hi"}, labels={}, key=None)
    shown = cadenya.show(replace(bare, progress=Progress(0, None, None)), Around({}, {}))
    assert shown["info"] == {"totalFires": 0}
    assert shown["spec"].keys() == {
        "initialMessage", "firstUserMessage", "schedule", "overlapPolicy", "status",
    }  # fmt: skip
    assert (shown["metadata"]["externalId"], "bundleKey" in shown["metadata"]) == ("", False)


VARIATIONS = [
    {"id": "v1", "name": "One", "weight": 2.0,
     "spec": {"systemPromptTemplate": "Be brief", "firstUserMessageTemplate": "Good evening"}},
]  # fmt: skip


def agent(**given: Any) -> Target:
    extra = {"labels": {"bundle_key": "b2"}, "variations": VARIATIONS, "variation_selection_mode": "first"}
    made = target(
        TargetKind.AGENT, input_schema={"type": "object"}, completion=Completion.CALLBACK, extra=extra
    )
    return replace(made, **given)


def shown_agent(by: Json) -> Json:
    return {
        "metadata": {
            "id": prefixed("agent", TARGET),
            **OF_WORKSPACE,
            "name": "What runs",
            "externalId": "target-key",
            "labels": {"bundle_key": "b2"},
            **BY_MAKER,
            "createdAt": "2026-03-03T08:00:00.250Z",
            "bundleKey": "b2",
            "updatedAt": "2026-03-04T08:00:00.250Z",
        },
        "spec": {
            "description": "What it does",
            "variationSelectionMode": "VARIATION_SELECTION_MODE_FIRST",
            "executor": {"type": "http", "url": "https://example.com/x"},
            "completion": "callback",
            "variations": VARIATIONS,
            "status": "AGENT_STATUS_PUBLISHED",
            "webhookEventsUrl": "https://example.com/x",
            "inputDataSchema": {"type": "object"},
        },
        "state": "STATE_PUBLISHED",
        "info": {"variationCount": 1, **by},
    }


def test_a_cadenya_agent() -> None:
    assert agents.show(agent(), {MAKER: PERSON}) == shown_agent({"createdBy": PROFILE})
    assert agents.show(agent(), {}) == shown_agent({})
    with_secret = agents.show(agent(), {}, "whsec_1")["spec"]
    assert (with_secret["executor"]["signing_secret"], with_secret["webhookEventsHmacSecret"]) == (
        "whsec_1",
    ) * 2
    borrowed = agents.show(agent(shared_from=an_id(9), config={}, description=None, key=None), {})
    assert "webhookEventsUrl" not in borrowed["spec"]
    assert (borrowed["spec"]["description"], borrowed["metadata"]["externalId"]) == ("", "")


def shown_variation(by: Json) -> Json:
    return {
        "metadata": {
            **{name: value for name, value in shown_agent({})["metadata"].items() if name != "updatedAt"},
            "id": "v1",
            "name": "One",
            "externalId": "",
            "labels": {},
        },
        "spec": {"description": "", **VARIATIONS[0]["spec"]},  # type: ignore[dict-item]
        "info": {
            "toolCount": 0,
            "toolSetCount": 0,
            "subAgentCount": 0,
            "score": 0,
            "feedbackCount": 0,
            "memoryLayerCount": 0,
            "effectiveToolCount": 0,
            "agentPoolCount": 0,
            "assignmentMetadata": {},
            **by,
        },
    }


def objective(phase: str = "succeeded", **given: Any) -> Objective:
    output = '{"answer": "Done.", "usage": {"input_tokens": 31, "output_tokens": 7}}'
    made = run(RunState.SUCCEEDED, output=output, error=None)
    return Objective(replace(made, **given), phase, {"data": {"a": 1}, "variationId": "v1"})


CONTEXT = ObjectiveContext({TARGET: agent()}, {SCHEDULE: cadenya_schedule()}, {MAKER: PERSON})
OBJECTIVE = {
    "externalId": "",
    "labels": {},
    **OF_WORKSPACE,
    **BY_MAKER,
    "createdAt": "2026-03-20T09:00:08.125Z",
}


def test_a_cadenya_objective() -> None:
    shown = {
        "metadata": {"id": prefixed("obj", RUN), **OBJECTIVE},
        "agentId": prefixed("agent", TARGET),
        "agentScheduleId": prefixed("as", SCHEDULE),
        "variationId": "v1",
        "configSnapshot": {
            "agent": shown_agent({}),
            "agentVariation": shown_variation({}),
            "agentSchedule": {**shown_schedule(), "info": {"totalFires": 19}},
        },
        "state": "OBJECTIVE_STATE_FINALIZED",
        "stateMessage": "",
        "initialMessage": "Good evening",
        "firstUserMessage": "Good evening",
        "systemPrompt": "Be brief",
        "chatHistory": [
            {"role": "user", "content": "Good evening"},
            {"role": "assistant", "content": "Done."},
        ],
        "parentObjectiveId": "",
        "secrets": [],
        "memoryCascade": [],
        "pinnedParameters": {},
        "data": {"a": 1},
        "firstUserMessageData": {"a": 1},
        "output": {"answer": "Done.", "usage": {"input_tokens": 31, "output_tokens": 7}},
    }
    assert objectives.show(objective(), CONTEXT, full=False) == shown
    full = objectives.show(objective(), CONTEXT, full=True)
    assert full["info"] == {
        "totalEvents": 2,
        "totalToolCalls": 0,
        "totalInputTokens": 31,
        "totalOutputTokens": 7,
        "totalContextWindows": 1,
        "totalIterations": 6,
        "createdBy": PROFILE,
        "effectiveMemoryCascade": [],
        "agent": shown_agent({})["metadata"],
        "agentVariation": shown_variation({})["metadata"],
        "currentContextWindowId": prefixed("window", RUN),
    }
    assert full["configSnapshot"]["agent"] == shown_agent({"createdBy": PROFILE})
    assert full["configSnapshot"]["agentSchedule"]["info"]["createdBy"] == PROFILE
    assert full["configSnapshot"]["agentVariation"] == shown_variation({})
    assert {name: full[name] for name in shown if name != "configSnapshot"} == {
        name: value for name, value in shown.items() if name != "configSnapshot"
    }


@pytest.mark.parametrize(
    ("phase", "state"),
    [("pending", "PENDING"), ("running", "RUNNING"), ("succeeded", "FINALIZED"), ("failed", "FAILED"),
     ("timed_out", "TIMED_OUT"), ("cancelled", "CANCELLED")],
)  # fmt: skip
def test_the_phases_of_a_cadenya_objective(phase: str, state: str) -> None:
    shown = objectives.show(objective(phase, error="it went wrong"), CONTEXT, full=False)
    assert (shown["state"], shown["stateMessage"]) == (f"OBJECTIVE_STATE_{state}", "it went wrong")
    said = [event["data"]["type"] for event in objectives.events(objective(phase), CONTEXT)]
    ends = {"succeeded": ["assistantMessage"], "failed": ["error"], "timed_out": ["error"]}
    assert said == ["userMessage", *ends.get(phase, [])]
    assert len(shown["chatHistory"]) == (2 if phase == "succeeded" else 1)


@pytest.mark.parametrize(
    ("output", "answer", "shown"),
    [
        (None, None, None),
        ('"text"', "text", {"value": "text"}),
        ("[1]", "[1]", {"value": [1]}),
        ('{"answer": 5}', '{"answer":5}', {"answer": 5}),
        ('{"a": 1}', '{"a":1}', {"a": 1}),
        ("0", "0", {"value": 0}),
        ('""', None, {"value": ""}),
    ],
)
def test_the_output_of_a_cadenya_objective_and_what_its_agent_has_said(
    output: str | None, answer: str | None, shown: Any
) -> None:
    found = objectives.show(objective(output=output), CONTEXT, full=False)
    assert found.get("output") == shown
    said = [one["content"] for one in found["chatHistory"] if one["role"] == "assistant"]
    assert said == ([] if answer is None else [answer])


@pytest.mark.parametrize("usage", ["null", "[]", '{"input_tokens": true, "output_tokens": "7"}', "{}"])
def test_tokens_that_are_no_numbers_count_as_none(usage: str) -> None:
    made = objective(output=f'{{"usage": {usage}}}')
    info = objectives.show(made, CONTEXT, full=True)["info"]
    assert (info["totalInputTokens"], info["totalOutputTokens"]) == (0, 0)


def test_the_events_of_a_cadenya_objective() -> None:
    def event(number: int, data: Json, at: str) -> Json:
        metadata = {"id": f"event_{ulid(RUN)}_{number}", **OBJECTIVE, "createdAt": f"2026-03-20T{at}Z"}
        return {"metadata": metadata, "data": data, "contextWindowId": prefixed("window", RUN)}

    begun = event(0, {"type": "userMessage", "userMessage": {"content": "Good evening"}}, "09:00:08.125")
    said = {"type": "assistantMessage", "assistantMessage": {"content": "Done.", "toolCalls": []}}
    assert objectives.events(objective(), CONTEXT) == [begun, event(1, said, "09:04:59.500")]
    for phase, error, words in (("failed", "no", "no"), ("timed_out", None, "it failed")):
        wrong = {"type": "error", "error": {"type": phase, "message": words}}
        found = objectives.events(objective(phase, error=error, finished_ms=None), CONTEXT)
        assert found == [begun, event(1, wrong, "09:00:08.125")]
