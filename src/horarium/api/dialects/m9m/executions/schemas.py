"""The schemas of executions."""

from __future__ import annotations

from horarium.api.dialects.m9m.schemas import page_of
from horarium.api.kit.schemas import INSTANT, TEXT, Schema, object_of, or_null

STATUS: Schema = {"enum": ["running", "completed", "failed", "cancelled"]}

_EXECUTION: dict[str, Schema] = {
    "id": TEXT,
    "workflowId": TEXT,
    "status": STATUS,
    "mode": {"enum": ["trigger", "manual", "retry"]},
    "startedAt": INSTANT,
    "finishedAt": or_null(INSTANT),
    "data": {"type": "array", "items": {"type": "object"}},
    "error": or_null(TEXT),
}

SCHEMAS: dict[str, Schema] = {
    "Execution": object_of(_EXECUTION, " ".join(_EXECUTION)),
    "Executions": page_of("Execution", "executions"),
    "Cancelled": object_of(
        {**_EXECUTION, "message": TEXT, "executionId": TEXT}, " ".join(_EXECUTION) + " message executionId"
    ),
}
