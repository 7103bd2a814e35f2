"""Events as this dialect writes them, and as the core's schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from horarium.api.dialects.autessa.actions import Given
from horarium.api.kit.writing import utc_text
from horarium.domain.ids import Id, prefixed
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.service.schedules import anchor_at, compiled
from horarium.times import Timing

DIALECT = "autessa"
EVENT = "evt"
REGION = "us-east-1"
ONCE = Retry(max_attempts=1)


def event_id(schedule_id: Id) -> str:
    return prefixed(EVENT, schedule_id)


def event_json(schedule: Schedule) -> dict[str, Any]:
    """A scheduled event. The values of environment variables are never shown."""
    timing, progress = schedule.definition.timing, schedule.progress
    found: dict[str, Any] = {
        "eventId": event_id(schedule.id),
        "eventName": schedule.name,
        "description": schedule.description or "",
        "cronExpression": timing.spec,
        "timezone": timing.zone,
        "enabled": is_enabled(schedule),
        "actionType": schedule.extra.get("actionType", ""),
        "sharingLevel": "COMPANY",
        "companyPermissionLevel": "ADMIN",
    }
    if "configField" in schedule.extra:
        found[str(schedule.extra["configField"])] = schedule.extra["config"]
    if progress.next_slot is not None and schedule.state is ScheduleState.ACTIVE:
        found["nextRunAt"] = utc_text(progress.next_slot)
    if progress.last_fired_ms is not None:
        found["lastRunAt"] = utc_text(progress.last_fired_ms)
    return found


def is_enabled(schedule: Schedule) -> bool:
    """Whether an event is on. One that has run its only time is off; one whose years are over stays as it
    was set."""
    if schedule.state is ScheduleState.COMPLETED:
        return not compiled(schedule.definition.timing).one_shot
    return schedule.state is ScheduleState.ACTIVE


def arn_of(schedule: Schedule) -> str:
    """A name in the form that the product gives out: made up, and always the same for one event."""
    digest = blake2b(schedule.workspace_id, digest_size=8).digest()
    account = int.from_bytes(digest, "big") % 10**12
    return f"arn:aws:scheduler:{REGION}:{account:012d}:schedule/default/{event_id(schedule.id)}"


def timing_of(expression: str, zone: str, now_ms: int) -> Timing:
    """What an expression given now means. Raises RecurrenceError."""
    return Timing(expression, DIALECT, zone, anchor_at(expression, DIALECT, now_ms))


def policies_of(given: Given) -> Policies:
    """Each fire stands alone; where errors are to be passed over, an attempt is not repeated."""
    policies = Policies(overlap=Overlap.ALLOW)
    return replace(policies, retry=ONCE) if given.give_up_at_once else policies


def extra_of(given: Given) -> Mapping[str, Any]:
    """What only this dialect knows of an event."""
    return {
        "actionType": given.type,
        "configField": given.action.config,
        "config": dict(given.config),
    }


def switched(before: Schedule, on: bool) -> Schedule:
    """An event on or off; what is so already stays as it is."""
    if is_enabled(before) is on:
        return before
    return replace(before, state=ScheduleState.ACTIVE if on else ScheduleState.PAUSED)


def redefined(before: Schedule, **changes: Any) -> Schedule:
    """An event with another definition; on or off as it was, also where it had run its only time."""
    definition = replace(before.definition, **changes)
    if definition == before.definition:
        return before
    off = before.state is ScheduleState.COMPLETED and not is_enabled(before)
    return replace(before, definition=definition, state=ScheduleState.PAUSED if off else before.state)
