"""The schemas of trustpager's OpenAPI page."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
SAMPLE: Json = {"type": "integer", "minimum": 0, "maximum": 50, "default": 5}
SECURITY: dict[str, Json] = {"bearer": {"type": "http", "scheme": "bearer"}}
_UUID: Json = {"type": "string", "format": "uuid"}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_FLAG: Json = {"type": "boolean"}
_TEXTS: Json = {"type": "array", "items": {"type": "string", "minLength": 1}}
_TYPES = ["users", "tasks_by_assignee", "contacts", "deals"]


def _or_null(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def _object(properties: dict[str, Json], required: str = "") -> Json:
    made: Json = {"type": "object", "properties": properties}
    return {**made, "required": required.split()} if required else made


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _one(name: str) -> Json:
    return _object({"data": _reference(name), "meta": {"type": "object"}}, "data meta")


def _page(name: str) -> Json:
    window = _object(
        {"limit": _COUNT, "has_more": _FLAG, "next_cursor": _or_null(TEXT)}, "limit has_more next_cursor"
    )
    data = {"type": "array", "items": _reference(name)}
    return _object({"data": data, "pagination": window, "meta": {"type": "object"}}, "data pagination meta")


_CRON: Json = {
    "type": "string",
    "description": "minute, hour, day of month, month, day of week",
    "examples": ["0 9 * * 1-5", "*/15 * * * *"],
}
_FILTER: Json = {
    "type": "object",
    "description": "users: roles, user_ids; tasks_by_assignee: statuses, include_overdue_only, "
    "max_tasks_per_user; contacts: contact_type, has_email, limit; deals: status, stale_days, pipeline_id, "
    "stage_ids, limit. Any other key is refused.",
    "properties": {
        "roles": _TEXTS,
        "user_ids": _TEXTS,
        "statuses": _TEXTS,
        "include_overdue_only": _FLAG,
        "max_tasks_per_user": {"type": "integer", "minimum": 1},
        "contact_type": TEXT,
        "has_email": _FLAG,
        "status": TEXT,
        "stale_days": _COUNT,
        "pipeline_id": TEXT,
        "stage_ids": _TEXTS,
        "limit": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
_ORDER: dict[str, Json] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": _or_null(TEXT),
    "is_active": _or_null({**_FLAG, "default": True}),
    "cron_expression": _CRON,
    "timezone": _or_null({**TEXT, "description": "IANA name; the workspace's default"}),
    "audience_type": {"type": "string", "enum": _TYPES},
    "audience_filter": _or_null(_FILTER),
    "automation_id": {**TEXT, "minLength": 1, "description": "id, key or number of an automation"},
    "end_at": _or_null({**_INSTANT, "description": "a slot at exactly this instant still fires"}),
    "max_runs": _or_null({"type": "integer", "minimum": 1}),
}
_SCHEDULE: dict[str, Json] = {
    "id": _UUID,
    **_ORDER,
    "next_run_at": _or_null(_INSTANT),
    "last_run_at": _or_null(_INSTANT),
    "run_count": _COUNT,
    "created_at": _INSTANT,
    "updated_at": _INSTANT,
}
_COUNTS: dict[str, Json] = {
    "status": {"enum": ["running", "completed", "partial", "failed"]},
    "audience_size": _COUNT,
    "runs_triggered": _COUNT,
    "runs_failed": _COUNT,
}
SCHEMAS: dict[str, Json] = {
    "Schedule": _object(_SCHEDULE, " ".join(_SCHEDULE)),
    "ScheduleAnswer": _one("Schedule"),
    "SchedulePage": _page("Schedule"),
    "NewSchedule": _object(_ORDER, "name cron_expression audience_type automation_id"),
    "ScheduleChange": _object(_ORDER),
    "Cron": _object(
        {
            "cron_expression": _CRON,
            "timezone": _or_null(TEXT),
            "count": _or_null({"type": "integer", "minimum": 1, "maximum": 20, "default": 5}),
        },
        "cron_expression",
    ),
    "NextRuns": _object(
        {"cron_expression": TEXT, "timezone": TEXT, "next_runs": {"type": "array", "items": _INSTANT}},
        "cron_expression timezone next_runs",
    ),
    "NextRunsAnswer": _one("NextRuns"),
    "Fired": _object({"run_id": _UUID, **_COUNTS}, " ".join(("run_id", *_COUNTS))),
    "FiredAnswer": _one("Fired"),
    "Audience": _object(
        {
            "count": _COUNT,
            "sample": {
                "type": "array",
                "items": _object({"key": TEXT, "trigger_data": {"type": "object"}}, "key trigger_data"),
            },
        },
        "count sample",
    ),
    "AudienceAnswer": _one("Audience"),
    "Run": _object(
        {
            "id": _UUID,
            "schedule_id": _UUID,
            "company_id": _UUID,
            "fired_at": _INSTANT,
            "completed_at": _or_null(_INSTANT),
            **_COUNTS,
            "error_message": _or_null(TEXT),
            "created_at": _INSTANT,
        },
        " ".join(("id", "schedule_id", "company_id", "fired_at", "completed_at", *_COUNTS))
        + " error_message created_at",
    ),
    "RunPage": _page("Run"),
    "Error": _object(
        {
            "error": _object(
                {"code": TEXT, "message": TEXT, "fix": TEXT, "hint": TEXT, "status": {"type": "integer"}},
                "code message fix hint status",
            )
        },
        "error",
    ),
}
