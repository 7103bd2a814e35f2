"""The schemas of schedules."""

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
from horarium.api.kit.schemas import INSTANT, TEXT, Schema, list_of, object_of, ref

SCHEDULE_QUERY: Mapping[str, Schema] = {
    **PAGE_QUERY,
    "prefix": TEXT,
    "query": TEXT,
    "bundleKey": TEXT,
    "labels": {"type": "string", "description": "name=value,name2=value2; all must match"},
}

_CALENDAR = object_of(
    {
        "comment": {"type": "string", "maxLength": 200},
        **{
            name: list_of("ScheduleRange")
            for name in ("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek")
        },
    }
)
_SPEC: Mapping[str, Schema] = {
    "initialMessage": TEXT,
    "firstUserMessage": {"type": "string", "description": "another name of initialMessage"},
    "schedule": ref("ScheduleRules"),
    "data": {"description": "any JSON value"},
    "firstUserMessageData": {"type": "object", "description": "another name of data"},
    "systemPromptData": ANY_OBJECT,
    "overlapPolicy": words("OVERLAP_POLICY", "UNSPECIFIED", "ALLOW", "SKIP"),
    "status": words("AGENT_SCHEDULE_STATUS", "UNSPECIFIED", "ACTIVE", "PAUSED", "ARCHIVED"),
    "variationId": TEXT,
}

_STATE = {
    **words("STATE", "UNSPECIFIED", "ACTIVE", "PAUSED", "ARCHIVED"),
    "description": "another name of spec.status",
}

SCHEMAS: Mapping[str, Schema] = {
    "ScheduleRange": object_of({"start": WHOLE, "end": WHOLE, "step": WHOLE}),
    "ScheduleRules": object_of(
        {
            "timezone": {"type": "string", "description": "an IANA time zone"},
            "calendars": list_of(_CALENDAR),
            "intervals": list_of(object_of({"every": TEXT, "offset": TEXT}, "every")),
        }
    ),
    "ScheduleSpec": object_of(_SPEC, "initialMessage firstUserMessage schedule overlapPolicy status"),
    "ScheduleInfo": object_of(
        {
            "totalFires": WHOLE,
            "createdBy": ref("Profile"),
            "lastFireAt": INSTANT,
            "lastObjectiveId": TEXT,
            "lastSkippedAt": INSTANT,
            "lastSkipReason": TEXT,
            "nextFireAt": INSTANT,
        },
        "totalFires",
    ),
    "Schedule": object_of(
        {
            "metadata": ref("Metadata"),
            "spec": ref("ScheduleSpec"),
            "state": _STATE,
            "info": ref("ScheduleInfo"),
        },
        "metadata spec state info",
    ),
    "Schedules": page_of("Schedule"),
    "ScheduleCreate": object_of(
        {
            "metadata": object_of(GIVEN_METADATA, "name"),
            "spec": object_of(_SPEC, "schedule"),
            "state": _STATE,
        },
        "metadata spec",
    ),
    "ScheduleUpdate": object_of(
        {
            "metadata": object_of(GIVEN_METADATA),
            "spec": object_of(_SPEC),
            "state": _STATE,
            "updateMask": {"type": "string", "description": "spec.overlapPolicy,metadata.name"},
        }
    ),
}
