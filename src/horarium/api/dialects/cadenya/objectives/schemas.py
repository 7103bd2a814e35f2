"""The schemas of objectives."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.api.dialects.cadenya.schemas import ANY_OBJECT, METADATA, PAGE_QUERY, page_of, words
from horarium.api.kit.schemas import TEXT, Schema, list_of, object_of, ref

_WORDS = ("UNSPECIFIED", "PENDING", "RUNNING", "FINALIZED", "FAILED", "TIMED_OUT", "CANCELLED")
_STATE = words("OBJECTIVE_STATE", *_WORDS)
_ASKED: Schema = {
    **TEXT,
    "enum": [f"{prefix}_{word}" for prefix in ("OBJECTIVE_STATE", "STATE") for word in _WORDS],
}
OBJECTIVE_QUERY: Mapping[str, Schema] = {
    **PAGE_QUERY,
    "agentId": TEXT,
    "agentScheduleId": TEXT,
    "state": _ASKED,
}

SCHEMAS: Mapping[str, Schema] = {
    "Objective": object_of(
        {
            "metadata": object_of(METADATA, "id accountId workspaceId createdAt"),
            "agentId": TEXT,
            "agentScheduleId": TEXT,
            "variationId": TEXT,
            "configSnapshot": ANY_OBJECT,
            "state": _STATE,
            "stateMessage": TEXT,
            "initialMessage": TEXT,
            "firstUserMessage": TEXT,
            "data": {},
            "firstUserMessageData": {},
            "chatHistory": list_of(object_of({"role": TEXT, "content": TEXT}, "role content")),
            "output": ANY_OBJECT,
            "info": ANY_OBJECT,
        },
        "metadata agentScheduleId state initialMessage chatHistory configSnapshot",
    ),
    "Objectives": page_of("Objective"),
    "Events": object_of({"items": list_of(ANY_OBJECT), "pagination": ref("Page")}, "items"),
}
