"""The schemas of m9m's OpenAPI page."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
WINDOW: dict[str, Json] = {
    "offset": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
}
HISTORY: Json = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
EXECUTION_STATUS: Json = {"enum": ["running", "completed", "failed", "cancelled"]}
FAILURES = (400, 401, 403, 404, 429)
SECURITY: dict[str, Json] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def _object(properties: dict[str, Json], required: str = "", **more: Any) -> Json:
    made: Json = {"type": "object", "properties": properties, **more}
    return {**made, "required": required.split()} if required else made


def _or_null(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: str) -> Json:
    return {"type": "array", "items": _reference(of)}


_INSTANT: Json = {"type": "string", "format": "date-time"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_ITEMS: Json = {"type": "array", "items": {}, "description": "what each run is given"}
_CRON: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": 1024,
    "description": "five fields (minute, hour, day of month, month, day of week), a macro such as @daily, or "
    "@every with a length such as 1h30m",
    "examples": ["0 9 * * MON-FRI", "@hourly", "@every 1h30m"],
}
_ZONE: Json = {"type": "string", "description": "IANA name", "examples": ["America/New_York"]}
_ORDER: dict[str, Json] = {
    "workflowId": {"type": "string", "minLength": 1, "description": "id, key or number of a workflow"},
    "cronExpression": _CRON,
    "timezone": _or_null({**_ZONE, "default": "UTC"}),
    "enabled": _or_null({**FLAG, "default": True}),
    "inputData": _or_null(_ITEMS),
    "maxRuns": _or_null({**_COUNT, "maximum": (1 << 53) - 1, "description": "0: no limit"}),
}
_STATUS: Json = {"enum": ["success", "failed", "running", None]}
_SCHEDULE: dict[str, Json] = {
    "id": TEXT,
    "workflowId": TEXT,
    "workflowName": TEXT,
    "cronExpression": TEXT,
    "timezone": TEXT,
    "enabled": FLAG,
    "inputData": _ITEMS,
    "nextRun": _or_null(_INSTANT),
    "lastRun": _or_null(_INSTANT),
    "lastStatus": _STATUS,
    "runCount": _COUNT,
    "successCount": _COUNT,
    "failureCount": _COUNT,
    "maxRuns": _COUNT,
    "createdAt": _INSTANT,
    "updatedAt": _INSTANT,
}
_HISTORY_ROW: dict[str, Json] = {
    "executionId": TEXT,
    "scheduledTime": _INSTANT,
    "startedAt": _or_null(_INSTANT),
    "finishedAt": _or_null(_INSTANT),
    "status": {"enum": ["success", "failed", "running"]},
    "duration": _or_null(_COUNT),
}
_PAGE_ROW: dict[str, Json] = {
    "id": TEXT,
    "scheduleId": TEXT,
    "workflowId": TEXT,
    "startTime": _INSTANT,
    "endTime": _or_null(_INSTANT),
    "duration": _COUNT,
    "status": {"enum": ["success", "failed", "running"]},
}
_HISTORY: dict[str, Json] = {
    "data": _list("HistoryRow"),
    "total": _COUNT,
    "scheduleId": TEXT,
    "executions": _list("ScheduleExecution"),
    "successCount": _COUNT,
    "failureCount": _COUNT,
    "averageTime": _COUNT,
    "lastSuccess": _or_null(_INSTANT),
    "lastFailure": _or_null(_INSTANT),
}
_PARTS: dict[str, Json] = {
    "active": FLAG,
    "nodes": {"type": "array"},
    "connections": {"type": "object"},
    "settings": {"type": "object"},
    "staticData": {"type": "object"},
    "pinData": {"type": "object"},
    "tags": {"type": "array"},
    "versionId": TEXT,
    "isArchived": FLAG,
}
_EXECUTOR: Json = {
    "type": "object",
    "properties": {"type": {"type": "string", "minLength": 1}},
    "required": ["type"],
    "description": "how the workflow is executed: the type of an executor, and what that type wants",
    "examples": [{"type": "http", "url": "https://example.com/hook"}],
}
_FLOW: dict[str, Json] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": _or_null({**TEXT, "maxLength": 10_000}),
    "executor": _or_null(_EXECUTOR),
    **{name: _or_null(schema) for name, schema in _PARTS.items()},
}
_WORKFLOW: dict[str, Json] = {
    "id": TEXT,
    "name": TEXT,
    "description": _or_null(TEXT),
    **_PARTS,
    "executor": {"type": ["object", "null"]},
    "signingSecret": {**TEXT, "description": "in the answer to its making only"},
    "createdAt": _INSTANT,
    "updatedAt": _INSTANT,
}
_EXECUTION: dict[str, Json] = {
    "id": TEXT,
    "workflowId": TEXT,
    "status": EXECUTION_STATUS,
    "mode": {"enum": ["trigger", "manual", "retry"]},
    "startedAt": _INSTANT,
    "finishedAt": _or_null(_INSTANT),
    "data": {"type": "array", "items": {"type": "object"}},
    "error": _or_null(TEXT),
}
_ERROR: dict[str, Json] = {
    "error": TEXT,
    "code": TEXT,
    "message": TEXT,
    "details": {"type": "object", "additionalProperties": TEXT},
}


def _page(of: str, name: str) -> Json:
    rows = _list(of)
    shown = {"data": rows, name: rows, "total": _COUNT, "offset": _COUNT, "limit": _COUNT}
    return _object(shown, " ".join(shown))


SCHEMAS: dict[str, Json] = {
    "Schedule": _object(_SCHEDULE, " ".join(_SCHEDULE)),
    "ScheduleList": _object({"data": _list("Schedule"), "total": _COUNT}, "data total"),
    "NewSchedule": _object(_ORDER, "workflowId cronExpression"),
    "ScheduleChange": _object(
        {**_ORDER, "workflowId": _or_null(_ORDER["workflowId"]), "cronExpression": _or_null(_CRON)}
    ),
    "HistoryRow": _object({**_HISTORY_ROW, "error": TEXT}, " ".join(_HISTORY_ROW)),
    "ScheduleExecution": _object({**_PAGE_ROW, "error": TEXT}, " ".join(_PAGE_ROW)),
    "History": _object(_HISTORY, " ".join(_HISTORY)),
    "Workflow": _object(_WORKFLOW, "id name active nodes connections executor createdAt updatedAt"),
    "Workflows": _page("Workflow", "workflows"),
    "NewWorkflow": _object(
        {"id": _or_null({"type": "string", "minLength": 1, "maxLength": 200}), **_FLOW}, "name"
    ),
    "WorkflowChange": _object({**_FLOW, "name": _or_null(_FLOW["name"])}),
    "Items": {"anyOf": [{"type": ["array", "null"]}, _object({"inputData": _or_null(_ITEMS)})]},
    "Execution": _object(_EXECUTION, " ".join(_EXECUTION)),
    "Executions": _page("Execution", "executions"),
    "Cancelled": _object(
        {**_EXECUTION, "message": TEXT, "executionId": TEXT}, " ".join(_EXECUTION) + " message executionId"
    ),
    "Error": _object(_ERROR, "error code message"),
}
