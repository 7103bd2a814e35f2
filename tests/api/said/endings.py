"""What the five other APIs say of schedules that have fired their last time, and how these go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.mutations.examples import KEYS

# A request: its line, its body, and the name that what it makes gets.
Request = tuple[str, Any, str]
# When all that is made here has fired.
LATER = "2026-03-05T13:00:30Z"


def _trustpager(numbers: Mapping[str, int]) -> tuple[list[Request], list[Request]]:
    order = {
        "name": "Once",
        "cron_expression": "* * * * *",
        "audience_type": "users",
        "audience_filter": {"roles": ["owner"]},
        "automation_id": KEYS["automation"],
    }
    path = "/event-schedules/{ended}"
    made: list[Request] = [
        ("POST /event-schedules", order | {"max_runs": 1}, "ended"),
        ("POST /event-schedules", order | {"end_at": "2026-03-05T13:00:00Z"}, "over"),
        ("POST /event-schedules", order | {"name": "Failing"}, "failing"),
    ]
    return made, [
        *((f"GET /event-schedules/{{{name}}}{rest}", None, "") for name in ("ended", "over", "failing")
          for rest in ("", "/runs")),
        (f"PATCH {path}", {"is_active": True}, ""),
        (f"PATCH {path}", {"name": "Off as it was"}, ""),
        (f"PATCH {path}", {"is_active": True, "max_runs": 2}, ""),
        (f"PATCH {path}", {"is_active": True}, ""),
        (f"PATCH {path}", {"is_active": False, "max_runs": None}, ""),
        (f"PATCH {path}", {"description": None, "end_at": None}, ""),
        ("PATCH /event-schedules/{failing}", {"is_active": True, "max_runs": 1}, ""),
        ("PATCH /event-schedules/{over}", {"is_active": False}, ""),
        ("PATCH /event-schedules/{over}", {"end_at": None, "is_active": True}, ""),
        (f"GET {path}", None, ""),
    ]  # fmt: skip


def _autessa(numbers: Mapping[str, int]) -> tuple[list[Request], list[Request]]:
    request = {"agentId": numbers["agent"], "input": "Hi"}
    event = {
        "eventName": "Once",
        "actionType": "INVOKE_AGENT",
        "agentConfig": {"agentExecutionRequest": request},
    }
    kept = {
        **event,
        "timezone": "America/New_York",
        "agentConfig": {**event["agentConfig"], "continueOnError": True},
    }
    made: list[Request] = [
        ("POST /create", event | {"cronExpression": "at(2026-03-05T13:00:00)"}, "ended"),
        ("POST /create", event | {"cronExpression": "cron(0 13 5 3 ? 2026)"}, "over"),
        ("POST /create", event | {"cronExpression": "at(2026-03-05T12:00:00)"}, ""),
        ("POST /create", kept | {"cronExpression": "rate(5 minutes)"}, "failing"),
    ]
    shown = [("POST /get", {"scheduledEventId": f"{{{name}}}"}, "") for name in ("ended", "over", "failing")]
    changes: list[tuple[str, Any]] = [
        ("ended", {"enabled": True}), ("ended", {"eventName": "Off as it was"}),
        ("ended", {"agentConfig": {"agentExecutionRequest": {**request, "input": "Other"}}}),
        ("ended", {"cronExpression": "at(2026-03-06T13:00:00)"}),
        ("ended", {"cronExpression": "at(2026-03-06T14:00:00)", "enabled": True}),
        ("over", {"enabled": False}), ("over", {"enabled": True}), ("over", {"cronExpression": "rate(1 hour)"}),
        ("failing", {"cronExpression": "cron(0 9 * * ? *)"}), ("failing", {"enabled": False}),
        ("failing", {"agentConfig": {"agentExecutionRequest": request, "continueOnError": False}}),
        ("failing", {"agentConfig": {"agentExecutionRequest": {**request, "environmentVariables": {"A": "***"}}}}),
        ("failing", {"agentConfig": {"agentExecutionRequest": {**request, "environmentVariables": {"A": "b"}}}}),
    ]  # fmt: skip
    asked = [("POST /update", {"scheduledEventId": f"{{{name}}}"} | change, "") for name, change in changes]
    toggled = [
        ("POST /toggle", {"scheduledEventId": f"{{{name}}}", "enabled": on}, "")
        for name in ("ended", "over", "failing")
        for on in (True, True, False, False)
    ]
    return made, [*shown, *asked, *shown, *toggled, *shown]


def _m9m(numbers: Mapping[str, int]) -> tuple[list[Request], list[Request]]:
    order = {"workflowId": KEYS["workflow"], "cronExpression": "* * * * *", "timezone": "America/New_York"}
    made: list[Request] = [
        ("POST /schedules", order | {"maxRuns": 1}, "ended"),
        ("POST /schedules", order | {"workflowId": "twice"}, "failing"),
        ("POST /schedules", order | {"enabled": False}, "over"),
    ]
    return made, [
        *((f"GET /schedules/{{{name}}}{rest}", None, "") for name in ("ended", "failing", "over")
          for rest in ("", "/history")),
        ("PUT /schedules/{ended}", {"enabled": True}, ""),
        ("POST /schedules/{ended}/enable", None, ""),
        ("PUT /schedules/{ended}", {"maxRuns": 2}, ""),
        ("POST /schedules/{ended}/enable", None, ""),
        ("PUT /schedules/{ended}", {"maxRuns": 0, "maxDuration": 0}, ""),
        ("PUT /schedules/{failing}", {"workflowId": ""}, ""),
        ("PUT /schedules/{failing}", {"workflowId": "off"}, ""),
        ("PUT /schedules/{over}", {"timezone": "Asia/Tokyo"}, ""),
        ("GET /executions?status=error&limit=3", None, ""),
        ("GET /executions?status=success&limit=3", None, ""),
    ]  # fmt: skip


def _uranus(numbers: Mapping[str, int]) -> tuple[list[Request], list[Request]]:
    path = "/secretary/schedules"
    callback = {"callback_type": "workflow", "callback_id": "broken", "name": "Once"}
    workflow = callback | {"callback_id": KEYS["workflow"]}
    made: list[Request] = [
        (f"POST {path}", workflow | {"type": "once", "next_run": "2026-03-05T13:00:00Z"}, "ended"),
        (f"POST {path}", workflow | {"type": "delayed", "delay_seconds": 60}, "over"),
        (f"POST {path}", workflow | {"type": "cron", "cron_expression": "* * * * *", "status": "paused"}, "paused"),
        (f"POST {path}", callback | {"type": "cron", "cron_expression": "* * * * *"}, "function for workflow"),
        (f"POST {path}", callback | {"callback_type": "function", "type": "cron", "cron_expression": "* * * * *"},
         "failing"),
    ]  # fmt: skip
    changes: list[tuple[str, Any]] = [
        ("ended", {"status": "active"}), ("ended", {"status": "paused"}), ("ended", {"status": "completed"}),
        ("ended", {"name": "Completed as it was"}), ("ended", {"next_run": "2026-03-05T12:00:00Z"}),
        ("ended", {"next_run": "2026-03-06T13:00:00Z"}), ("over", {"delay_seconds": 60}),
        ("over", {"delay_seconds": 90, "status": "paused"}), ("over", {"type": "cron"}),
        ("over", {"type": "cron", "cron_expression": "0 9 * * *"}), ("paused", {"status": "completed"}),
        ("paused", {"status": "active"}), ("paused", {"status": "active"}),
        ("paused", {"callback_id": KEYS["function"]}), ("paused", {"callback_type": "function"}),
        ("paused", {"callback_type": "function", "callback_id": KEYS["function"]}),
    ]  # fmt: skip
    return made, [
        *((f"GET {path}/{{{name}}}", None, "") for name in ("ended", "over", "paused", "failing")),
        *((f"PUT {path}/{{{name}}}", change, "") for name, change in changes),
        *((f"GET {path}?status={status}", None, "") for status in ("active", "paused", "completed")),
    ]


def _cadenya(numbers: Mapping[str, int]) -> tuple[list[Request], list[Request]]:
    path = "/workspaces/{acme}/agents/cadenya-agent/schedules"
    rules = {"timezone": "UTC", "calendars": [{"hour": [{"start": 13}], "year": [{"start": 2026}],
             "month": [{"start": 3}], "dayOfMonth": [{"start": 5}]}]}  # fmt: skip
    spec = {"initialMessage": "Hi", "schedule": rules}
    named = {"name": "N", "labels": {"a": "1"}, "bundleKey": "one", "externalId": "e1"}
    made: list[Request] = [
        (f"POST {path}", {"metadata": named, "spec": spec}, "ended"),
        (f"POST {path}", {"metadata": named, "spec": spec}, ""),
    ]
    one = f"{path}/{{ended}}"
    changes: list[Any] = [
        {"metadata": {"labels": {"b": "2"}}},
        {"metadata": {"bundleKey": "two"}},
        {"metadata": {"labels": {"bundleKey": "three", "c": "3"}}},
        {"metadata": {"labels": {}, "bundleKey": ""}},
        {"metadata": {"name": "M"}, "updateMask": "metadata.name,metadata.labels,metadata.bundleKey"},
        {"metadata": {}, "updateMask": "metadata.externalId"},
        {"spec": {"status": "AGENT_SCHEDULE_STATUS_ACTIVE"}},
        {"spec": {"overlapPolicy": "OVERLAP_POLICY_BUFFER_ONE"}, "updateMask": "spec.overlapPolicy"},
        {"spec": {"overlapPolicy": "OVERLAP_POLICY_NOTHING"}},
        {"updateMask": "spec.nothing"},
        {"spec": {"schedule": {"intervals": [{"every": "60s"}]}}},
    ]
    return made, [
        (f"GET {one}?includeInfo=true", None, ""),
        (f"POST {one}:pause", None, ""),
        (f"POST {one}:resume", None, ""),
        *((f"PATCH {one}", change, "") for change in changes),
        (f"POST {one}:archive", None, ""),
        *((f"POST {one}:{verb}", None, "") for verb in ("pause", "resume", "archive")),
        (f"PATCH {one}", {"metadata": {"name": "x"}}, ""),
        (f"GET {one}?includeInfo=true", None, ""),
        (f"GET {path}?includeInfo=true&limit=2", None, ""),
    ]


ENDINGS = {
    "trustpager": _trustpager,
    "autessa": _autessa,
    "m9m": _m9m,
    "uranus": _uranus,
    "cadenya": _cadenya,
}
