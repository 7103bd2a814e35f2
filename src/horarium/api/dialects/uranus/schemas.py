"""The schemas of uranus' OpenAPI page."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
STATUS: Json = {"enum": ["active", "paused", "completed"]}
TYPE: Json = {"enum": ["once", "delayed", "cron"]}
WINDOW: dict[str, Json] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 10_000},
    "offset": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
}
SECURITY: dict[str, Json] = {"bearer": {"type": "http", "scheme": "bearer"}}


def _object(properties: dict[str, Json], required: str = "") -> Json:
    made: Json = {"type": "object", "properties": properties}
    return {**made, "required": required.split()} if required else made


def _or_null(schema: Json) -> Json:
    if "enum" in schema:
        return {"enum": [*(one for one in schema["enum"] if one is not None), None]}
    known = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*(one for one in known if one != "null"), "null"]}


def _list(of: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}


_INSTANT: Json = {"type": "string", "format": "date-time"}
_CALLBACK: Json = {"enum": ["workflow", "function"]}
_ORDER: dict[str, Json] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "type": TYPE,
    "cron_expression": _or_null(
        {
            "type": "string",
            "description": "of type cron: minute, hour, day of month, month, weekday; in the agent's zone",
            "examples": ["0 9 * * *"],
        }
    ),
    "next_run": _or_null({**_INSTANT, "description": "of type once: a time with an offset, in the future"}),
    "delay_seconds": _or_null(
        {"type": "integer", "minimum": 1, "description": "of type delayed: counted from receipt"}
    ),
    "callback_type": _CALLBACK,
    "callback_id": {
        "type": ["string", "integer"],
        "description": "id, key or number of a workflow or function",
    },
    "status": {"enum": ["active", "paused", None]},
}
_SCHEDULE: dict[str, Json] = {
    "id": TEXT,
    "name": TEXT,
    "type": TYPE,
    "cron_expression": TEXT,
    "delay_seconds": {"type": "integer"},
    "next_run": _or_null(_INSTANT),
    "last_run": _or_null(_INSTANT),
    "callback_type": _CALLBACK,
    "callback_id": TEXT,
    "status": STATUS,
    "created_at": _INSTANT,
}
_ALWAYS = "id name type next_run last_run callback_type callback_id status created_at"
_CHANGE = {name: _or_null(schema) for name, schema in _ORDER.items()} | {"status": _or_null(STATUS)}
_PROBLEM = _object({"field": TEXT, "issue": TEXT}, "field issue")

SCHEMAS: dict[str, Json] = {
    "Schedule": _object(_SCHEDULE, _ALWAYS),
    "ScheduleList": _object({"schedules": _list("Schedule")}, "schedules"),
    "ScheduleWithExecutions": _object(
        {**_SCHEDULE, "executions": _list("Execution")}, f"{_ALWAYS} executions"
    ),
    "Execution": _object(
        {
            "id": TEXT,
            "executed_at": _INSTANT,
            "status": {"enum": ["success", "failed", "running"]},
            "error": TEXT,
        },
        "id executed_at status",
    ),
    "NewSchedule": _object(_ORDER, "name type callback_type callback_id"),
    "ScheduleChange": _object(_CHANGE),
    "Error": _object(
        {
            "error": _object(
                {
                    "code": TEXT,
                    "message": TEXT,
                    "details": _PROBLEM,
                    "problems": {"type": "array", "items": _PROBLEM},
                },
                "code message",
            )
        },
        "error",
    ),
}
