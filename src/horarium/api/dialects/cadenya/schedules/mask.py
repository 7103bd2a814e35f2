"""The fields of a schedule that a body can replace."""

from __future__ import annotations

from horarium.api.dialects.cadenya.mask import METADATA, STATE, STATUS, FieldPaths

MESSAGE, DATA, SYSTEM_DATA = "spec.initialMessage", "spec.data", "spec.systemPromptData"
SCHEDULE = "spec.schedule"
CALENDARS, INTERVALS, TIMEZONE = f"{SCHEDULE}.calendars", f"{SCHEDULE}.intervals", f"{SCHEDULE}.timezone"
OVERLAP, VARIATION = "spec.overlapPolicy", "spec.variationId"

# Two fields of the spec have a second spelling, which newer clients use: (older, newer).
MESSAGE_SPELLINGS = ("initialMessage", "firstUserMessage")
DATA_SPELLINGS = ("data", "firstUserMessageData")

PATHS = FieldPaths(
    [*METADATA, MESSAGE, DATA, SYSTEM_DATA, CALENDARS, INTERVALS, TIMEZONE, OVERLAP, STATUS, VARIATION],
    {
        STATE: STATUS,
        **{f"spec.{newer}": f"spec.{older}" for older, newer in (MESSAGE_SPELLINGS, DATA_SPELLINGS)},
    },
)
