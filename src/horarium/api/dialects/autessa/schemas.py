"""The schemas of this dialect's OpenAPI page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
TIME: Schema = {"type": "string", "format": "date-time"}
VARIABLES: Schema = {"type": "object", "additionalProperties": TEXT}


def _object(fields: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    return {"type": "object", "properties": dict(fields)} | ({"required": list(required)} if required else {})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_AGENT = _object(
    {
        "agentExecutionRequest": _object(
            {
                "agentId": WHOLE,
                "input": {"type": "string", "minLength": 1},
                "environmentVariables": VARIABLES,
            },
            ("agentId", "input"),
        ),
        "continueOnError": FLAG,
    },
    ("agentExecutionRequest",),
)
_TOOL = _object(
    {
        "toolExecutionRequest": _object(
            {"toolId": WHOLE, "variables": {"type": "object"}, "environmentVariables": VARIABLES}, ("toolId",)
        ),
        "continueOnError": FLAG,
    },
    ("toolExecutionRequest",),
)
_TABLE = _object(
    {
        "operation": {"type": "string", "enum": ["INSERT", "UPDATE"]},
        "targetTableId": WHOLE,
        "values": {"type": "object", "minProperties": 1},
        "dbRecordId": WHOLE,
        "whereConditions": {"type": "string", "description": "a JSON string"},
        "continueOnError": FLAG,
    },
    ("operation", "targetTableId", "values"),
)
_GIVEN: Mapping[str, Schema] = {
    "eventName": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": TEXT,
    "cronExpression": {"type": "string", "examples": ["cron(0 9 * * ? *)", "rate(5 minutes)"]},
    "timezone": {"type": "string", "description": "an IANA time zone; UTC"},
    "actionType": {"type": "string", "enum": ["INVOKE_AGENT", "INVOKE_TOOL", "UPDATE_AUTESSADB"]},
    "agentConfig": _AGENT,
    "toolConfig": _TOOL,
    "autessaDbConfig": _TABLE,
}
_EVENTS: Schema = {"type": "array", "items": _ref("ScheduledEvent")}

SCHEMAS: Mapping[str, Schema] = {
    "Errors": _object({"errors": {"type": "array", "items": TEXT, "minItems": 1}}, ("errors",)),
    "Empty": {"type": "object"},
    "EventId": _object({"scheduledEventId": TEXT}, ("scheduledEventId",)),
    "CreateEvent": _object({**_GIVEN, "enabled": FLAG}, ("eventName", "cronExpression", "actionType")),
    "UpdateEvent": _object({"scheduledEventId": TEXT, **_GIVEN}, ("scheduledEventId",)),
    "ToggleEvent": _object({"scheduledEventId": TEXT, "enabled": FLAG}, ("scheduledEventId", "enabled")),
    "ScheduledEvent": _object(
        {
            "eventId": TEXT,
            "enabled": FLAG,
            "sharingLevel": {"type": "string", "enum": ["COMPANY"]},
            "companyPermissionLevel": {"type": "string", "enum": ["ADMIN"]},
            "nextRunAt": TIME,
            "lastRunAt": TIME,
            **_GIVEN,
        },
        (
            "eventId",
            "eventName",
            "description",
            "cronExpression",
            "timezone",
            "enabled",
            "actionType",
            "sharingLevel",
            "companyPermissionLevel",
        ),
    ),
    "AllEvents": _object(
        {"ownedEvents": _EVENTS, "companySharedEvents": _EVENTS, "sharedWithMeEvents": _EVENTS},
        ("ownedEvents", "companySharedEvents", "sharedWithMeEvents"),
    ),
    "OneEvent": _object(
        {"scheduledEvent": _ref("ScheduledEvent"), "permission": {"type": "string", "enum": ["ADMIN"]}},
        ("scheduledEvent", "permission"),
    ),
    "CreatedEvent": _object(
        {"scheduledEvent": _ref("ScheduledEvent"), "eventId": TEXT, "scheduleArn": TEXT},
        ("scheduledEvent", "eventId", "scheduleArn"),
    ),
    "UpdatedEvent": _object({"scheduledEvent": _ref("ScheduledEvent")}, ("scheduledEvent",)),
    "ToggledEvent": _object({"eventId": TEXT, "enabled": FLAG}, ("eventId", "enabled")),
    "DeletedEvent": _object({"eventId": TEXT, "deletedAt": TIME}, ("eventId", "deletedAt")),
}
