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

_WORDS = ("UNSPECIFIED", "DRAFT", "PUBLISHED", "ARCHIVED")
_STATE, _STATUS = words("STATE", *_WORDS), words("AGENT_STATUS", *_WORDS)
AGENT_QUERY: Mapping[str, Schema] = {
    **PAGE_QUERY,
    "prefix": TEXT,
    "query": TEXT,
    "state": _STATE,
    "status": {**_STATUS, "description": "another name of state"},
}

_VARIATION = object_of({"id": TEXT, "name": TEXT, "weight": {"type": "number"}, "spec": ANY_OBJECT})
_SPEC: Mapping[str, Schema] = {
    "description": TEXT,
    "executor": {
        "type": "object",
        "description": "how it is executed: type (http, llm, python, command) and what that type wants",
        "properties": {"type": TEXT},
    },
    "webhookEventsUrl": {
        "type": "string",
        "description": "where it is called; the url of an executor of type http",
    },
    "status": {**_STATUS, "description": "another name of state"},
    "completion": {"type": "string", "enum": ["response", "callback"]},
    "inputDataSchema": {"type": "object", "description": "a JSON Schema that data must satisfy"},
    "variationSelectionMode": words("VARIATION_SELECTION_MODE", "UNSPECIFIED", "WEIGHTED", "RANDOM", "FIRST"),
    "variations": list_of(_VARIATION),
}

_SECRET: Schema = {
    "type": "string",
    "description": "what requests to the agent are signed with; shown once, in the answer that makes it",
}

SCHEMAS: Mapping[str, Schema] = {
    "AgentCreate": object_of(
        {
            "metadata": object_of(GIVEN_METADATA, "name"),
            "spec": object_of(_SPEC),
            "state": _STATE,
            "defaultVariation": ANY_OBJECT,
        },
        "metadata",
    ),
    "AgentUpdate": object_of(
        {
            "metadata": object_of(GIVEN_METADATA),
            "spec": object_of(_SPEC),
            "state": _STATE,
            "updateMask": {"type": "string", "description": "spec.description,metadata.name"},
        }
    ),
    "Variation": object_of(
        {"metadata": ref("Metadata"), "spec": ANY_OBJECT, "info": ANY_OBJECT}, "metadata spec info"
    ),
    "Variations": page_of("Variation"),
    "Agent": object_of(
        {
            "metadata": ref("Metadata"),
            "spec": object_of({**_SPEC, "webhookEventsHmacSecret": _SECRET}),
            "state": _STATE,
            "info": object_of({"variationCount": WHOLE, "createdBy": ref("Profile")}, "variationCount"),
        },
        "metadata spec state info",
    ),
    "Agents": page_of("Agent"),
}
