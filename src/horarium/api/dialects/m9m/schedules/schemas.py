"""The schemas of schedules and their history."""

from __future__ import annotations

from horarium.api.dialects.m9m.schedules.wire import LONGEST_DURATION_S
from horarium.api.dialects.m9m.schemas import ITEMS
from horarium.api.kit.schemas import COUNT, FLAG, INSTANT, TEXT, Schema, list_of, object_of, or_null

LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}

_CRON: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 1024,
    "description": "five fields (minute, hour, day of month, month, day of week), a macro such as @daily, or "
    "@every with a length such as 1h30m",
    "examples": ["0 9 * * MON-FRI", "@hourly", "@every 1h30m"],
}
_ZONE: Schema = {"type": "string", "description": "IANA name", "examples": ["America/New_York"]}
_ORDER: dict[str, Schema] = {
    "workflowId": {"type": "string", "minLength": 1, "description": "id, key or number of a workflow"},
    "cronExpression": _CRON,
    "timezone": or_null({**_ZONE, "default": "UTC"}),
    "enabled": or_null({**FLAG, "default": True}),
    "inputData": or_null(ITEMS),
    "maxRuns": or_null({**COUNT, "maximum": (1 << 53) - 1, "description": "0: no limit"}),
    "maxDuration": or_null(
        {
            **COUNT,
            "maximum": LONGEST_DURATION_S,
            "description": "seconds that a run may take; 0: the limit of its workflow",
        }
    ),
}
_STATUS: Schema = {"enum": ["success", "failed", "running", None]}
_SCHEDULE: dict[str, Schema] = {
    "id": TEXT,
    "workflowId": TEXT,
    "workflowName": TEXT,
    "cronExpression": TEXT,
    "timezone": TEXT,
    "enabled": FLAG,
    # Our own API may have given the schedule an input that is no list.
    "inputData": {"description": "what each run is given: items, or what another API has set"},
    "nextRun": or_null(INSTANT),
    "lastRun": or_null(INSTANT),
    "lastStatus": _STATUS,
    "runCount": COUNT,
    "successCount": COUNT,
    "failureCount": COUNT,
    "maxRuns": COUNT,
    "createdAt": INSTANT,
    "updatedAt": INSTANT,
}
_HISTORY_ROW: dict[str, Schema] = {
    "executionId": TEXT,
    "scheduledTime": INSTANT,
    "startedAt": or_null(INSTANT),
    "finishedAt": or_null(INSTANT),
    "status": {"enum": ["success", "failed", "running"]},
    "duration": or_null(COUNT),
}
_PAGE_ROW: dict[str, Schema] = {
    "id": TEXT,
    "scheduleId": TEXT,
    "workflowId": TEXT,
    "startTime": INSTANT,
    "endTime": or_null(INSTANT),
    "duration": COUNT,
    "status": {"enum": ["success", "failed", "running"]},
}
_HISTORY: dict[str, Schema] = {
    "data": list_of("HistoryRow"),
    "total": COUNT,
    "scheduleId": TEXT,
    "executions": list_of("ScheduleExecution"),
    "successCount": COUNT,
    "failureCount": COUNT,
    "averageTime": COUNT,
    "lastSuccess": or_null(INSTANT),
    "lastFailure": or_null(INSTANT),
}

SCHEMAS: dict[str, Schema] = {
    "Schedule": object_of(
        {**_SCHEDULE, "maxDuration": {"type": "number", "description": "left out where there is none"}},
        " ".join(_SCHEDULE),
    ),
    "ScheduleList": object_of({"data": list_of("Schedule"), "total": COUNT}, "data total"),
    "NewSchedule": object_of(_ORDER, "workflowId cronExpression"),
    "ScheduleChange": object_of(
        {**_ORDER, "workflowId": or_null(_ORDER["workflowId"]), "cronExpression": or_null(_CRON)}
    ),
    "HistoryRow": object_of({**_HISTORY_ROW, "error": TEXT}, " ".join(_HISTORY_ROW)),
    "ScheduleExecution": object_of({**_PAGE_ROW, "error": TEXT}, " ".join(_PAGE_ROW)),
    "History": object_of(_HISTORY, " ".join(_HISTORY)),
}
