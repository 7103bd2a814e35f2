"""The schemas of this dialect's OpenAPI page."""

from __future__ import annotations

from typing import Any

from horarium.api.kit.schemas import FLAG, INSTANT, TEXT, Schema, list_of, object_of, ref

WHOLE: Schema = {"type": "integer"}
VARIABLES: Schema = {"type": "object", "additionalProperties": TEXT}


def _event(answered: bool) -> dict[str, Schema]:
    """The fields of an event. In an answer a config may lack what a request needs: our own API may have given the event
    any input, and its target may have been deleted."""

    def config(fields: dict[str, Schema], required: tuple[str, ...]) -> dict[str, Any]:
        return object_of(fields, () if answered else required)

    agent = config(
        {
            "agentId": WHOLE,
            "input": TEXT if answered else {**TEXT, "minLength": 1},
            "environmentVariables": VARIABLES,
        },
        ("agentId", "input"),
    )
    tool = config(
        {"toolId": WHOLE, "variables": {"type": "object"}, "environmentVariables": VARIABLES}, ("toolId",)
    )
    table = config(
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
    return {
        "eventName": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": TEXT,
        "cronExpression": {"type": "string", "examples": ["cron(0 9 * * ? *)", "rate(5 minutes)"]},
        "timezone": {"type": "string", "description": "an IANA time zone; UTC"},
        "actionType": {"type": "string", "enum": ["INVOKE_AGENT", "INVOKE_TOOL", "UPDATE_AUTESSADB"]},
        "agentConfig": object_of(
            {"agentExecutionRequest": agent, "continueOnError": FLAG}, ("agentExecutionRequest",)
        ),
        "toolConfig": object_of(
            {"toolExecutionRequest": tool, "continueOnError": FLAG}, ("toolExecutionRequest",)
        ),
        "autessaDbConfig": table,
    }


_GIVEN, _ANSWERED = _event(answered=False), _event(answered=True)
_EVENTS: Schema = list_of("ScheduledEvent")

SCHEMAS: dict[str, Schema] = {
    "Errors": object_of({"errors": {"type": "array", "items": TEXT, "minItems": 1}}, ("errors",)),
    "Empty": {"type": "object"},
    "EventId": object_of({"scheduledEventId": TEXT}, ("scheduledEventId",)),
    "CreateEvent": object_of({**_GIVEN, "enabled": FLAG}, ("eventName", "cronExpression", "actionType")),
    "UpdateEvent": object_of({"scheduledEventId": TEXT, **_GIVEN, "enabled": FLAG}, ("scheduledEventId",)),
    "ToggleEvent": object_of({"scheduledEventId": TEXT, "enabled": FLAG}, ("scheduledEventId", "enabled")),
    "ScheduledEvent": object_of(
        {
            "eventId": TEXT,
            "enabled": FLAG,
            "sharingLevel": {"type": "string", "enum": ["COMPANY"]},
            "companyPermissionLevel": {"type": "string", "enum": ["ADMIN"]},
            "nextRunAt": INSTANT,
            "lastRunAt": INSTANT,
            "lastOutcome": {
                **object_of(
                    {
                        "status": {"type": "string", "enum": ["success", "failed", "running"]},
                        "startedAt": INSTANT,
                        "finishedAt": INSTANT,
                        "error": TEXT,
                    },
                    ("status",),
                ),
                "description": "how it ran last; in the answer of /get only",
            },
            **_ANSWERED,
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
    "AllEvents": object_of(
        {"ownedEvents": _EVENTS, "companySharedEvents": _EVENTS, "sharedWithMeEvents": _EVENTS},
        ("ownedEvents", "companySharedEvents", "sharedWithMeEvents"),
    ),
    "OneEvent": object_of(
        {"scheduledEvent": ref("ScheduledEvent"), "permission": {"type": "string", "enum": ["ADMIN"]}},
        ("scheduledEvent", "permission"),
    ),
    "CreatedEvent": object_of(
        {"scheduledEvent": ref("ScheduledEvent"), "eventId": TEXT, "scheduleArn": TEXT},
        ("scheduledEvent", "eventId", "scheduleArn"),
    ),
    "UpdatedEvent": object_of({"scheduledEvent": ref("ScheduledEvent")}, ("scheduledEvent",)),
    "ToggledEvent": object_of({"eventId": TEXT, "enabled": FLAG}, ("eventId", "enabled")),
    "DeletedEvent": object_of({"eventId": TEXT, "deletedAt": INSTANT}, ("eventId", "deletedAt")),
}
