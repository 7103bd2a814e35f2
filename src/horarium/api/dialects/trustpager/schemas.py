"""The schemas of trustpager's OpenAPI page."""

from __future__ import annotations

from horarium.api.kit.schemas import (
    COUNT,
    FLAG,
    INSTANT,
    TEXT,
    UUID,
    Schema,
    list_of,
    object_of,
    or_null,
    ref,
)

LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
SAMPLE: Schema = {"type": "integer", "minimum": 0, "maximum": 50, "default": 5}
_TEXTS: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}}
_TYPES = ["users", "tasks_by_assignee", "contacts", "deals"]


def _one(name: str) -> Schema:
    return object_of({"data": ref(name), "meta": {"type": "object"}}, "data meta")


def _page(name: str) -> Schema:
    window = object_of(
        {"limit": COUNT, "has_more": FLAG, "next_cursor": or_null(TEXT)}, "limit has_more next_cursor"
    )
    return object_of(
        {"data": list_of(name), "pagination": window, "meta": {"type": "object"}}, "data pagination meta"
    )


_CRON: Schema = {
    "type": "string",
    "description": "minute, hour, day of month, month, day of week",
    "examples": ["0 9 * * 1-5", "*/15 * * * *"],
}
_FILTER: Schema = {
    "type": "object",
    "description": "users: roles, user_ids; tasks_by_assignee: statuses, include_overdue_only, "
    "max_tasks_per_user; contacts: contact_type, has_email, limit; deals: status, stale_days, pipeline_id, "
    "stage_ids, limit. Any other key is refused.",
    "properties": {
        "roles": _TEXTS,
        "user_ids": _TEXTS,
        "statuses": _TEXTS,
        "include_overdue_only": FLAG,
        "max_tasks_per_user": {"type": "integer", "minimum": 1},
        "contact_type": TEXT,
        "has_email": FLAG,
        "status": TEXT,
        "stale_days": COUNT,
        "pipeline_id": TEXT,
        "stage_ids": _TEXTS,
        "limit": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
_ORDER: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": or_null(TEXT),
    "is_active": or_null({**FLAG, "default": True}),
    "cron_expression": _CRON,
    "timezone": or_null({**TEXT, "description": "IANA name; the workspace's default"}),
    "audience_type": {"type": "string", "enum": _TYPES},
    "audience_filter": or_null(_FILTER),
    "automation_id": {**TEXT, "minLength": 1, "description": "id, key or number of an automation"},
    "end_at": or_null({**INSTANT, "description": "a slot at exactly this instant still fires"}),
    "max_runs": or_null({"type": "integer", "minimum": 1}),
}
_SCHEDULE: dict[str, Schema] = {
    "id": UUID,
    **_ORDER,
    "next_run_at": or_null(INSTANT),
    "last_run_at": or_null(INSTANT),
    "run_count": COUNT,
    "created_at": INSTANT,
    "updated_at": INSTANT,
}
_COUNTS: dict[str, Schema] = {
    "status": {"enum": ["running", "completed", "partial", "failed"]},
    "audience_size": COUNT,
    "runs_triggered": COUNT,
    "runs_failed": COUNT,
}
SCHEMAS: dict[str, Schema] = {
    "Schedule": object_of(_SCHEDULE, " ".join(_SCHEDULE)),
    "ScheduleAnswer": _one("Schedule"),
    "SchedulePage": _page("Schedule"),
    "NewSchedule": object_of(_ORDER, "name cron_expression audience_type automation_id"),
    "ScheduleChange": object_of(_ORDER),
    "Cron": object_of(
        {
            "cron_expression": _CRON,
            "timezone": or_null(TEXT),
            "count": or_null({"type": "integer", "minimum": 1, "maximum": 20, "default": 5}),
        },
        "cron_expression",
    ),
    "NextRuns": object_of(
        {"cron_expression": TEXT, "timezone": TEXT, "next_runs": {"type": "array", "items": INSTANT}},
        "cron_expression timezone next_runs",
    ),
    "NextRunsAnswer": _one("NextRuns"),
    "Fired": object_of({"run_id": UUID, **_COUNTS}, " ".join(("run_id", *_COUNTS))),
    "FiredAnswer": _one("Fired"),
    "Audience": object_of(
        {
            "count": COUNT,
            "sample": {
                "type": "array",
                "items": object_of({"key": TEXT, "trigger_data": {"type": "object"}}, "key trigger_data"),
            },
        },
        "count sample",
    ),
    "AudienceAnswer": _one("Audience"),
    "Run": object_of(
        {
            "id": UUID,
            "schedule_id": UUID,
            "company_id": UUID,
            "fired_at": INSTANT,
            "completed_at": or_null(INSTANT),
            **_COUNTS,
            "error_message": or_null(
                {**TEXT, "description": "why it failed: the errors of its rows, each with how many had it"}
            ),
            "created_at": INSTANT,
        },
        " ".join(("id", "schedule_id", "company_id", "fired_at", "completed_at", *_COUNTS))
        + " error_message created_at",
    ),
    "RunPage": _page("Run"),
    "Error": object_of(
        {
            "error": object_of(
                {"code": TEXT, "message": TEXT, "fix": TEXT, "hint": TEXT, "status": {"type": "integer"}},
                "code message fix hint status",
            )
        },
        "error",
    ),
}
