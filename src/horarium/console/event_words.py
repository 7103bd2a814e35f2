"""What pages say of events: one sentence for each, and what it leads to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from horarium.console.rendering import path_to
from horarium.domain.events import Event, EventType

# The types that a filter offers: every one, and all of one kind.
TYPES = (
    *(f"{kind}.*" for kind in dict.fromkeys(each.partition(".")[0] for each in EventType)),
    *(each.value for each in EventType),
)


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """An event as a page shows it. `about` is the name of what it happened to and `place` its page; `further` is the
    page that says more, such as that of the fire, and is None where there is none."""

    id: str
    type: str
    at_ms: int
    about: str
    place: str | None
    sentence: str
    further: str | None
    content: Mapping[str, Any]


def shown_event(event: Event) -> ShownEvent:
    """An event in words."""
    content = orjson.loads(event.content)
    about, place = _about(content)
    fire = content["fire"]
    return ShownEvent(
        content["id"],
        event.type,
        event.at_ms,
        about,
        place,
        sentence(content),
        None if fire is None else path_to("fires", fire["id"]),
        content,
    )


def sentence(content: Mapping[str, Any]) -> str:
    """What an event says, in a few words. `content` is the event as the API shows it."""
    words = _SENTENCES.get(content["type"])
    return "" if words is None else words(content["fire"] or {}, content["details"])


def _about(content: Mapping[str, Any]) -> tuple[str, str | None]:
    for kind, pages in (("schedule", "schedules"), ("target", "targets")):
        if (found := content[kind]) is not None:
            return found["name"] or found["key"] or "deleted", path_to(pages, found["id"])
    if (webhook := content["details"].get("webhook")) is not None:
        return "webhook", path_to("events", "webhooks", webhook)
    return "the workspace", path_to("settings")


def _ended(fire: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    if "runs" not in fire:
        return "its fire is not kept any more"
    if fire["error"]:
        return str(fire["error"])
    if not fire["runs"]:
        return "it had no run"
    parts = [f"{fire[name]:,} {name}" for name in ("succeeded", "failed", "cancelled") if fire[name]] or [
        "none has ended"
    ]
    return f"{', '.join(parts)} of {_count(fire['runs'], 'run')}"


def _passed(_: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    return f"{_count(details['slots'], 'slot')} did not fire: {_REASONS.get(details['reason'], details['reason'])}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


_REASONS = {
    "skipped": "an earlier fire was still running",
    "unbegun": "an earlier fire had not begun",
    "missed": "no server was there in time",
}
_SENTENCES: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    EventType.FIRE_COMPLETED: _ended,
    EventType.FIRE_PARTIAL: _ended,
    EventType.FIRE_FAILED: _ended,
    EventType.FIRE_CANCELLED: _ended,
    EventType.FIRE_SKIPPED: _passed,
    EventType.FIRE_MISSED: _passed,
    EventType.FIRE_LATE: lambda _, said: (
        f"it began {said['late']:g} s late; {said['objective']:g} s are allowed"
    ),
    EventType.SCHEDULE_PAUSED: lambda _, said: str(said["reason"]),
    EventType.SCHEDULE_ENDING: lambda _, said: f"one slot is left: {said['last_slot']}",
    EventType.SCHEDULE_ENDED: lambda _, said: str(said["reason"]),
    EventType.TARGET_DISABLED: lambda _, said: str(said["reason"] or "switched off"),
    EventType.TARGET_FAILING: lambda _, said: f"it has not answered since {said['since']} and is only probed",
    EventType.TARGET_RECOVERED: lambda _, said: f"it answers again; it had not since {said['since']}",
    EventType.AUDIENCE_FAILED: lambda _, said: (
        f"{said['error']} ({_count(said['rows'], 'row')} had been read)"
    ),
    EventType.QUOTA_NEAR: lambda _, said: (
        f"{said['used']:,} of {said['limit']:,} are used of: {said['quota']}"
    ),
    EventType.WEBHOOK_DISABLED: lambda _, said: str(said["reason"]),
}
