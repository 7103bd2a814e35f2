"""The schemas of this dialect's OpenAPI page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
TIME: Schema = {"type": "string", "format": "date-time"}
LABELS: Schema = {"type": "object", "additionalProperties": TEXT}
ANY_OBJECT: Schema = {"type": "object"}
ORDER: Schema = {"type": "string", "enum": ["asc", "desc"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _object(fields: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    found: dict[str, Any] = {"type": "object", "properties": dict(fields)}
    needed = list(required)
    return found | ({"required": needed} if needed else {})


def _enum(prefix: str, *names: str) -> Schema:
    return {"type": "string", "enum": [f"{prefix}_{name}" for name in names]}


PAGE_QUERY: Mapping[str, Schema] = {
    "limit": {"type": "integer", "minimum": 0},
    "cursor": TEXT,
    "sortOrder": ORDER,
    "includeInfo": FLAG,
}
SCHEDULE_QUERY: Mapping[str, Schema] = {
    **PAGE_QUERY,
    "prefix": TEXT,
    "query": TEXT,
    "bundleKey": TEXT,
    "labels": {"type": "string", "description": "name=value,name2=value2; all must match"},
}
_OBJECTIVE_STATE = _enum(
    "OBJECTIVE_STATE", "UNSPECIFIED", "PENDING", "RUNNING", "FINALIZED", "FAILED", "TIMED_OUT", "CANCELLED"
)
_AGENT_STATE = _enum("STATE", "UNSPECIFIED", "DRAFT", "PUBLISHED", "ARCHIVED")
OBJECTIVE_QUERY: Mapping[str, Schema] = {
    **PAGE_QUERY,
    "agentId": TEXT,
    "agentScheduleId": TEXT,
    "state": _OBJECTIVE_STATE,
}
AGENT_QUERY: Mapping[str, Schema] = {**PAGE_QUERY, "prefix": TEXT, "query": TEXT, "state": _AGENT_STATE}

_RANGE = _object({"start": WHOLE, "end": WHOLE, "step": WHOLE})
_RANGES = _list(_ref("ScheduleRange"))
_CALENDAR = _object(
    {
        "comment": {"type": "string", "maxLength": 200},
        **dict.fromkeys(("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek"), _RANGES),
    }
)
_SPEC_FIELDS: Mapping[str, Schema] = {
    "initialMessage": TEXT,
    "firstUserMessage": {"type": "string", "description": "another name of initialMessage"},
    "schedule": _ref("ScheduleRules"),
    "data": {"description": "any JSON value"},
    "firstUserMessageData": {"type": "object", "description": "another name of data"},
    "systemPromptData": ANY_OBJECT,
    "overlapPolicy": _enum("OVERLAP_POLICY", "UNSPECIFIED", "ALLOW", "SKIP"),
    "status": _enum("AGENT_SCHEDULE_STATUS", "UNSPECIFIED", "ACTIVE", "PAUSED", "ARCHIVED"),
    "variationId": TEXT,
}
_GIVEN_METADATA: Mapping[str, Schema] = {
    "name": TEXT,
    "externalId": TEXT,
    "labels": LABELS,
    "bundleKey": {"type": "string", "description": "also the label bundle_key"},
}
_METADATA_FIELDS: Mapping[str, Schema] = {
    "id": TEXT,
    "accountId": TEXT,
    "workspaceId": TEXT,
    "profileId": TEXT,
    "createdAt": TIME,
    "updatedAt": TIME,
    **_GIVEN_METADATA,
}
_ALWAYS = ("id", "accountId", "name", "externalId", "labels", "profileId", "createdAt")
_VARIATION = _object({"id": TEXT, "name": TEXT, "weight": {"type": "number"}, "spec": ANY_OBJECT})
_AGENT_SPEC: Mapping[str, Schema] = {
    "description": TEXT,
    "executor": {
        "type": "object",
        "description": "how it is executed: type (http, llm, python, command) and what that type wants",
        "properties": {"type": TEXT},
    },
    "webhookEventsUrl": {"type": "string", "description": "without an executor: where it is called"},
    "completion": {"type": "string", "enum": ["response", "callback"]},
    "inputDataSchema": {"type": "object", "description": "a JSON Schema that data must satisfy"},
    "variationSelectionMode": _enum("VARIATION_SELECTION_MODE", "UNSPECIFIED", "WEIGHTED", "RANDOM", "FIRST"),
    "variations": _list(_VARIATION),
}


def _page_of(name: str) -> Schema:
    return _object({"items": _list(_ref(name)), "pagination": _ref("Page")}, ("items", "pagination"))


SCHEMAS: Mapping[str, Schema] = {
    "Nothing": {"type": "object", "maxProperties": 0},
    "Status": _object(
        {"code": WHOLE, "message": TEXT, "details": _list(ANY_OBJECT)}, ("code", "message", "details")
    ),
    "Page": _object({"nextCursor": {"type": "string", "minLength": 1}, "total": WHOLE}),
    "ScheduleRange": _RANGE,
    "ScheduleRules": _object(
        {
            "timezone": {"type": "string", "description": "an IANA time zone"},
            "calendars": _list(_CALENDAR),
            "intervals": _list(
                _object({"every": TEXT, "offset": TEXT}, ("every",)),
            ),
        }
    ),
    "Metadata": _object(_METADATA_FIELDS, (*_ALWAYS, "workspaceId")),
    "AccountMetadata": _object(
        {name: one for name, one in _METADATA_FIELDS.items() if name != "workspaceId"}, _ALWAYS
    ),
    "Profile": _object(
        {
            "metadata": _ref("AccountMetadata"),
            "spec": _object(
                {"type": _enum("PROFILE_TYPE", "USER", "API_KEY", "SYSTEM"), "name": TEXT, "email": TEXT},
                ("type", "name", "email"),
            ),
        },
        ("metadata", "spec"),
    ),
    "ScheduleSpec": _object(
        _SPEC_FIELDS, ("initialMessage", "firstUserMessage", "schedule", "overlapPolicy", "status")
    ),
    "ScheduleInfo": _object(
        {
            "totalFires": WHOLE,
            "createdBy": _ref("Profile"),
            "lastFireAt": TIME,
            "lastObjectiveId": TEXT,
            "lastSkippedAt": TIME,
            "lastSkipReason": TEXT,
            "nextFireAt": TIME,
        },
        ("totalFires",),
    ),
    "Schedule": _object(
        {
            "metadata": _ref("Metadata"),
            "spec": _ref("ScheduleSpec"),
            "state": _enum("STATE", "ACTIVE", "PAUSED", "ARCHIVED"),
            "info": _ref("ScheduleInfo"),
        },
        ("metadata", "spec", "state", "info"),
    ),
    "Schedules": _page_of("Schedule"),
    "ScheduleCreate": _object(
        {
            "metadata": _object(_GIVEN_METADATA, ("name",)),
            "spec": _object(_SPEC_FIELDS, ("schedule",)),
        },
        ("metadata", "spec"),
    ),
    "ScheduleUpdate": _object(
        {
            "metadata": _object(_GIVEN_METADATA),
            "spec": _object(_SPEC_FIELDS),
            "updateMask": {"type": "string", "description": "spec.overlapPolicy,metadata.name"},
        }
    ),
    "AgentCreate": _object(
        {
            "metadata": _object(_GIVEN_METADATA, ("name",)),
            "spec": _object(_AGENT_SPEC),
            "defaultVariation": ANY_OBJECT,
        },
        ("metadata",),
    ),
    "Agent": _object(
        {
            "metadata": _ref("Metadata"),
            "spec": _object(_AGENT_SPEC),
            "state": _AGENT_STATE,
            "info": _object({"variationCount": WHOLE, "createdBy": _ref("Profile")}, ("variationCount",)),
        },
        ("metadata", "spec", "state", "info"),
    ),
    "Agents": _page_of("Agent"),
    "Objective": _object(
        {
            "metadata": _object(_METADATA_FIELDS, ("id", "accountId", "workspaceId", "createdAt")),
            "agentId": TEXT,
            "agentScheduleId": TEXT,
            "variationId": TEXT,
            "configSnapshot": ANY_OBJECT,
            "state": _OBJECTIVE_STATE,
            "stateMessage": TEXT,
            "initialMessage": TEXT,
            "firstUserMessage": TEXT,
            "data": {},
            "firstUserMessageData": {},
            "chatHistory": _list(_object({"role": TEXT, "content": TEXT}, ("role", "content"))),
            "output": ANY_OBJECT,
            "info": ANY_OBJECT,
        },
        ("metadata", "agentScheduleId", "state", "initialMessage", "chatHistory", "configSnapshot"),
    ),
    "Objectives": _page_of("Objective"),
    "Events": _object({"items": _list(ANY_OBJECT), "pagination": _ref("Page")}, ("items",)),
    "Whoami": _object(
        {"profile": _ref("Profile"), "defaultWorkspace": _ref("AccountMetadata")}, ("profile",)
    ),
    "Account": _object(
        {"metadata": _ref("AccountMetadata"), "spec": ANY_OBJECT, "info": ANY_OBJECT}, ("metadata",)
    ),
    "Workspace": _object(
        {"metadata": _ref("AccountMetadata"), "spec": ANY_OBJECT, "status": TEXT}, ("metadata", "status")
    ),
    "Workspaces": _page_of("Workspace"),
}
