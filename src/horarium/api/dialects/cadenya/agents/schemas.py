"""The schemas of agents."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.api.dialects.cadenya.schemas import (
    ANY_OBJECT,
    GIVEN_METADATA,
    PAGE_QUERY,
    WHOLE,
    page_of,
    words,
)
from horarium.api.kit.schemas import TEXT, Schema, list_of, object_of, ref

_STATE = words("STATE", "UNSPECIFIED", "DRAFT", "PUBLISHED", "ARCHIVED")
AGENT_QUERY: Mapping[str, Schema] = {**PAGE_QUERY, "prefix": TEXT, "query": TEXT, "state": _STATE}

_VARIATION = object_of({"id": TEXT, "name": TEXT, "weight": {"type": "number"}, "spec": ANY_OBJECT})
_SPEC: Mapping[str, Schema] = {
    "description": TEXT,
    "executor": {
        "type": "object",
        "description": "how it is executed: type (http, llm, python, command) and what that type wants",
        "properties": {"type": TEXT},
    },
    "webhookEventsUrl": {"type": "string", "description": "without an executor: where it is called"},
    "completion": {"type": "string", "enum": ["response", "callback"]},
    "inputDataSchema": {"type": "object", "description": "a JSON Schema that data must satisfy"},
    "variationSelectionMode": words("VARIATION_SELECTION_MODE", "UNSPECIFIED", "WEIGHTED", "RANDOM", "FIRST"),
    "variations": list_of(_VARIATION),
}

SCHEMAS: Mapping[str, Schema] = {
    "AgentCreate": object_of(
        {
            "metadata": object_of(GIVEN_METADATA, "name"),
            "spec": object_of(_SPEC),
            "defaultVariation": ANY_OBJECT,
        },
        "metadata",
    ),
    "Agent": object_of(
        {
            "metadata": ref("Metadata"),
            "spec": object_of(_SPEC),
            "state": _STATE,
            "info": object_of({"variationCount": WHOLE, "createdBy": ref("Profile")}, "variationCount"),
        },
        "metadata spec state info",
    ),
    "Agents": page_of("Agent"),
}
