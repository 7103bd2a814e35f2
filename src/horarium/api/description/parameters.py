"""The schemas of parameters, by their names: wherever our own API takes one of these, it is read in the same way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from horarium.api.description.shapes import Schema
from horarium.domain.fire import FireKind, FireState, SpanReason
from horarium.domain.listings import ScheduleOrder
from horarium.domain.run import RunState
from horarium.domain.schedule import ScheduleState
from horarium.domain.target import TargetKind
from horarium.service.checks import KEY_LIMIT
from horarium.service.pages import LIMIT, MOST
from horarium.service.purges import DELAY_DAYS, LONGEST_DELAY_DAYS

_INSTANT: Schema = {"type": "string", "format": "date-time", "examples": ["2026-03-08T09:00:00Z"]}
PARAMETERS: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
    "count": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 5},
    "label": {"type": "array", "items": {"type": "string"}, "examples": [["customer:c1"]]},
    "key": {"type": "string", "maxLength": KEY_LIMIT, "examples": ["customer-7/digest"]},
    "mode": {"type": "string", "enum": ["create", "upsert"], "default": "create"},
    "sort": {"type": "string", "enum": ["asc", "desc"], "default": "desc"},
    "order": {"type": "string", "enum": ["newest", "oldest"], "default": "newest"},
    "proof": {"type": "boolean", "default": False},
    "failing": {"type": "boolean"},
    "deleted": {"type": "boolean", "default": False},
    "total": {"type": "boolean", "default": False},
    "days": {"type": "integer", "minimum": 0, "maximum": LONGEST_DELAY_DAYS, "default": DELAY_DAYS},
    "row_key": {"type": "string", "examples": ["user-4"]},
    "include": {"type": "string", "enum": ["input", "row", "input,row", "row,input"]},
    "reason": {"type": "string", "enum": [reason.value for reason in SpanReason]},
    "entry": {"type": "string", "enum": ["fire", "span"]},
    "last_state": {"type": "string", "enum": [state.value for state in FireState]},
    "schedule_key": {"type": "string", "maxLength": KEY_LIMIT, "examples": ["customer-7/digest"]},
    "key_prefix": {"type": "string", "maxLength": KEY_LIMIT, "examples": ["customer-7/"]},
    **dict.fromkeys(("from", "to", "at", "since", "until", "next_fire_before"), _INSTANT),
}
_FIRE_STATES = [state.value for state in FireState]
_RUN_STATES = ["open", *(state.value for state in RunState), "waiting"]
_SCHEDULE_STATES = [state.value for state in ScheduleState if state is not ScheduleState.DELETED]


def _one_of(words: Iterable[str], **more: Any) -> Schema:
    return {"type": "string", "enum": list(words), **more}


# In one route a parameter is read in another way than in the others.
_ELSEWHERE: dict[tuple[str, str], Schema] = {
    ("/tables/{database}/{table}/rows", "after"): {"type": "integer", "minimum": 0, "default": 0},
    ("/tables/{database}/{table}/rows", "limit"): {"type": "integer", "minimum": 1, "default": 100},
    ("/schedules/{id}/preview", "after"): _INSTANT,
    ("/schedules/by-key/{key}/preview", "after"): _INSTANT,
    ("/schedules", "state"): _one_of(_SCHEDULE_STATES),
    ("/schedules", "sort"): _one_of((order.value for order in ScheduleOrder), default="desc"),
    ("/runs", "state"): _one_of(_RUN_STATES),
    ("/fires", "state"): _one_of(_FIRE_STATES),
    ("/targets", "kind"): _one_of(kind.value for kind in TargetKind),
    **{
        (path, "kind"): _one_of(kind.value for kind in FireKind)
        for path in ("/fires", "/schedules/{id}/fires", "/schedules/by-key/{key}/fires")
    },
}
# What stands in paths.
_IN_PATHS = {
    "id": "an id, as answers show it",
    "ref": "the id, the key or the number of a target",
    "key": "the key that its maker chose, percent-encoded as one segment",
    "kind": "a kind of directory items, such as users",
    "name": "the name of an audience source",
    "number": "the number of a version",
    "pause": "the id of a pause",
    "window": "the id of a maintenance window",
    "target": "the id, the key or the number of a target; * stands for all",
    "database": "the name of an embedded database",
    "table": "the name of an embedded table",
}


def schema_of(path: str, name: str) -> Schema:
    """The schema of a query parameter or a header of a route. What is not listed is text."""
    return _ELSEWHERE.get((path, name)) or PARAMETERS.get(name, {"type": "string"})


def in_path(name: str) -> dict[str, Any]:
    """What a part of a path is: its schema and its description."""
    bound = {"maxLength": KEY_LIMIT, "minLength": 1} if name == "key" else {}
    return {"schema": {"type": "string", **bound}, "description": _IN_PATHS.get(name, name)}
