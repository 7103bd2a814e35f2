"""Executions as m9m's bodies write them: runs of workflows."""

from __future__ import annotations

from typing import Any

import orjson

from horarium.api.kit import Json
from horarium.api.kit.writing import dashed, reference_to, utc_text
from horarium.domain.run import Run, RunState
from horarium.domain.target import Target

_MODES = {"manual": "manual", "retry": "retry"}
_RUN_STATUS = {
    RunState.PENDING: "running",
    RunState.RUNNING: "running",
    RunState.SUCCEEDED: "completed",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}
# How the states of runs that a list is filtered by are called inside.
RUN_STATES = {"running": "open", "completed": "succeeded", "failed": "failed", "cancelled": "cancelled"}


def show(run: Run, workflow: Target) -> Json:
    """An execution as it is answered."""
    return {
        "id": dashed("exec", run.id),
        "workflowId": reference_to(workflow),
        "status": _RUN_STATUS[run.state],
        "mode": _MODES.get(run.mode, "trigger"),
        "startedAt": utc_text(run.created_ms if run.started_ms is None else run.started_ms, True),
        "finishedAt": None if run.finished_ms is None else utc_text(run.finished_ms, True),
        "data": _items(None if run.output is None else orjson.loads(run.output)),
        "error": run.error if run.state.final else None,
    }


def _items(output: Any) -> list[Json]:
    """A run's output as items: objects whose field `json` is an object."""
    if output is None:
        return []
    if not isinstance(output, list):
        return [_item(output)]
    return [
        value if isinstance(value, dict) and isinstance(value.get("json"), dict) else _item(value)
        for value in output
    ]


def _item(value: Any) -> Json:
    return {"json": value if isinstance(value, dict) else {"value": value}}
