"""The schemas of uranus' OpenAPI page."""

from __future__ import annotations

from horarium.api.kit.schemas import INSTANT, TEXT, Schema, list_of, object_of, or_null

STATUS: Schema = {"enum": ["active", "paused", "completed"]}
TYPE: Schema = {"enum": ["once", "delayed", "cron"]}
WINDOW: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 10_000},
    "offset": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
}

_CALLBACK: Schema = {"enum": ["workflow", "function"]}
_ORDER: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "type": TYPE,
    "cron_expression": or_null(
        {
            "type": "string",
            "description": "of type cron: minute, hour, day of month, month, weekday; in the agent's zone",
            "examples": ["0 9 * * *"],
        }
    ),
    "next_run": or_null({**INSTANT, "description": "of type once: a time with an offset, in the future"}),
    "delay_seconds": or_null(
        {"type": "integer", "minimum": 1, "description": "of type delayed: counted from receipt"}
    ),
    "callback_type": _CALLBACK,
    "callback_id": {
        "type": ["string", "integer"],
        "description": "id, key or number of a workflow or function",
    },
    "status": {"enum": ["active", "paused", None]},
}
_SCHEDULE: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "type": TYPE,
    "cron_expression": TEXT,
    "delay_seconds": {"type": "integer"},
    "next_run": or_null(INSTANT),
    "last_run": or_null(INSTANT),
    "callback_type": _CALLBACK,
    "callback_id": TEXT,
    "status": STATUS,
    "created_at": INSTANT,
}
_ALWAYS = "id name type next_run last_run callback_type callback_id status created_at"
_CHANGE = {name: or_null(schema) for name, schema in _ORDER.items()} | {"status": or_null(STATUS)}
_PROBLEM = object_of({"field": TEXT, "issue": TEXT}, "field issue")

SCHEMAS: dict[str, Schema] = {
    "Schedule": object_of(_SCHEDULE, _ALWAYS),
    "ScheduleList": object_of({"schedules": list_of("Schedule")}, "schedules"),
    "ScheduleWithExecutions": object_of(
        {**_SCHEDULE, "executions": list_of("Execution")}, f"{_ALWAYS} executions"
    ),
    "Execution": object_of(
        {
            "id": TEXT,
            "executed_at": INSTANT,
            "status": {"enum": ["success", "failed", "running"]},
            "error": TEXT,
        },
        "id executed_at status",
    ),
    "NewSchedule": object_of(_ORDER, "name type callback_type callback_id"),
    "ScheduleChange": object_of(_CHANGE),
    "Error": object_of(
        {
            "error": object_of(
                {
                    "code": TEXT,
                    "message": TEXT,
                    "details": _PROBLEM,
                    "problems": list_of(_PROBLEM),
                },
                "code message",
            )
        },
        "error",
    ),
}
