"""Events: what a workspace is told of by webhooks and by its stream, and what each of them says.

The transaction in which something happens writes a note of it (`EventNote`) beside the change itself. A moment later
the note gets its place in the log of its workspace and becomes an event. Instants are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from horarium.domain.fire import Fire, FireState, SpanReason
from horarium.domain.ids import Id, derived_id, id_time, prefixed
from horarium.times.instants import held_ms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Characters of an error that an event tells.
LONGEST_ERROR = 500


class EventType(StrEnum):
    """What has happened. The part before the dot is the kind of thing that it happened to."""

    FIRE_COMPLETED = "fire.completed"
    FIRE_PARTIAL = "fire.partial"
    FIRE_FAILED = "fire.failed"
    FIRE_CANCELLED = "fire.cancelled"
    # Slots that the overlap policy left out.
    FIRE_SKIPPED = "fire.skipped"
    # Slots that nobody fired, because no server was there in time.
    FIRE_MISSED = "fire.missed"
    # A fire began later than the lateness objective of its schedule allows.
    FIRE_LATE = "fire.late"
    # A schedule paused itself after failures in a row.
    SCHEDULE_PAUSED = "schedule.paused"
    # One slot of a schedule is left.
    SCHEDULE_ENDING = "schedule.ending"
    SCHEDULE_ENDED = "schedule.ended"
    TARGET_DISABLED = "target.disabled"
    # The server has stopped calling a target that does not answer, and only probes it.
    TARGET_FAILING = "target.failing"
    # It calls such a target again.
    TARGET_RECOVERED = "target.recovered"
    # The audience of a fire could not be read, or not to its end.
    AUDIENCE_FAILED = "audience.failed"
    # A workspace has most of what a quota allows it.
    QUOTA_NEAR = "quota.near"
    # A webhook failed for so long that nothing is sent to it any more.
    WEBHOOK_DISABLED = "webhook.disabled"


# What the event of a fire's end is called.
_ENDS = {
    FireState.COMPLETED: EventType.FIRE_COMPLETED,
    FireState.PARTIAL: EventType.FIRE_PARTIAL,
    FireState.FAILED: EventType.FIRE_FAILED,
    FireState.CANCELLED: EventType.FIRE_CANCELLED,
}
# What the event of slots that did not fire is called; slots of a pause or an edit have none.
_PASSED = {
    SpanReason.SKIPPED: EventType.FIRE_SKIPPED,
    SpanReason.UNBEGUN: EventType.FIRE_SKIPPED,
    SpanReason.MISSED: EventType.FIRE_MISSED,
}


class EventNote(NamedTuple):
    """What a transaction notes of something that has happened in it. `said` is what only that transaction knows, as
    JSON. `id` is derived from what has happened, so that it is the same whichever node notes it."""

    workspace_id: Id
    id: Id
    type: EventType
    at_ms: int
    schedule_id: Id | None = None
    fire_id: Id | None = None
    target_id: Id | None = None
    said: Mapping[str, Any] = {}


def fire_ended(workspace_id: Id, schedule_id: Id, fire_id: Id, state: FireState, at_ms: int) -> EventNote:
    """A fire has come to its end; `state` is a final one."""
    an_id = derived_id(id_time(fire_id), b"fire ended", fire_id)
    return EventNote(workspace_id, an_id, _ENDS[state], at_ms, schedule_id, fire_id)


def fire_late(
    workspace_id: Id, schedule_id: Id, fire_id: Id, late_ms: int, objective_ms: int, at_ms: int
) -> EventNote:
    """A fire began so much later than due, which is more than its schedule's objective."""
    an_id = derived_id(id_time(fire_id), b"fire late", fire_id)
    said = {"late": late_ms / 1000, "objective": objective_ms / 1000}
    return EventNote(workspace_id, an_id, EventType.FIRE_LATE, at_ms, schedule_id, fire_id, said=said)


def slots_passed(
    workspace_id: Id, schedule_id: Id, first_ms: int, last_ms: int, count: int, reason: SpanReason, at_ms: int
) -> EventNote | None:
    """Slots that did not fire; None where nobody is told of them."""
    told_as = _PASSED.get(reason)
    if told_as is None:
        return None
    an_id = derived_id(first_ms, b"slots passed", schedule_id, first_ms.to_bytes(8, "big", signed=True))
    said = {
        "first_slot": instant_text(first_ms),
        "last_slot": instant_text(last_ms),
        "slots": count,
        "reason": reason.value,
    }
    return EventNote(workspace_id, an_id, told_as, at_ms, schedule_id, said=said)


def schedule_paused(workspace_id: Id, schedule_id: Id, failures: int, note: str, at_ms: int) -> EventNote:
    """A schedule has paused itself after so many failed fires in a row."""
    an_id = derived_id(at_ms, b"schedule paused", schedule_id)
    said = {"failures_in_row": failures, "reason": note}
    return EventNote(workspace_id, an_id, EventType.SCHEDULE_PAUSED, at_ms, schedule_id, said=said)


def schedule_ended(workspace_id: Id, schedule_id: Id, reason: str, at_ms: int) -> EventNote:
    """Nothing of a schedule will fire any more."""
    an_id = derived_id(at_ms, b"schedule ended", schedule_id)
    return EventNote(
        workspace_id, an_id, EventType.SCHEDULE_ENDED, at_ms, schedule_id, said={"reason": reason}
    )


def schedule_ending(workspace_id: Id, schedule_id: Id, last_ms: int, at_ms: int) -> EventNote:
    """One slot of a schedule is left."""
    an_id = derived_id(last_ms, b"schedule ending", schedule_id)
    said = {"last_slot": instant_text(last_ms)}
    return EventNote(workspace_id, an_id, EventType.SCHEDULE_ENDING, at_ms, schedule_id, said=said)


def target_disabled(workspace_id: Id, target_id: Id, reason: str | None, at_ms: int) -> EventNote:
    """A target has been switched off, by itself (410) or by somebody."""
    an_id = derived_id(at_ms, b"target disabled", target_id)
    return EventNote(
        workspace_id,
        an_id,
        EventType.TARGET_DISABLED,
        at_ms,
        target_id=target_id,
        said={"reason": _cut(reason)},
    )


def target_failing(workspace_id: Id, target_id: Id, since_ms: int) -> EventNote:
    """A target does not answer any more and is only probed."""
    an_id = derived_id(since_ms, b"target failing", target_id)
    said = {"since": instant_text(since_ms)}
    return EventNote(workspace_id, an_id, EventType.TARGET_FAILING, since_ms, target_id=target_id, said=said)


def target_recovered(workspace_id: Id, target_id: Id, since_ms: int, at_ms: int) -> EventNote:
    """A target that was only probed since an instant is called again."""
    an_id = derived_id(since_ms, b"target recovered", target_id)
    said = {"since": instant_text(since_ms)}
    return EventNote(workspace_id, an_id, EventType.TARGET_RECOVERED, at_ms, target_id=target_id, said=said)


def audience_failed(
    workspace_id: Id, schedule_id: Id, fire_id: Id, error: str, rows: int, at_ms: int
) -> EventNote:
    """The audience of a fire could not be read to its end; `rows` of it have been read."""
    an_id = derived_id(id_time(fire_id), b"audience failed", fire_id)
    said = {"error": _cut(error), "rows": rows}
    return EventNote(workspace_id, an_id, EventType.AUDIENCE_FAILED, at_ms, schedule_id, fire_id, said=said)


def quota_near(workspace_id: Id, quota: str, used: int, limit: int, at_ms: int) -> EventNote:
    """A workspace has come near to what a quota allows it."""
    an_id = derived_id(at_ms, b"quota near", workspace_id, quota.encode())
    said = {"quota": quota, "used": used, "limit": limit}
    return EventNote(workspace_id, an_id, EventType.QUOTA_NEAR, at_ms, said=said)


def webhook_disabled(workspace_id: Id, webhook_id: Id, reason: str, at_ms: int) -> EventNote:
    """Nothing is sent to a webhook any more."""
    an_id = derived_id(at_ms, b"webhook disabled", webhook_id)
    said = {"webhook": prefixed("hook", webhook_id), "reason": reason}
    return EventNote(workspace_id, an_id, EventType.WEBHOOK_DISABLED, at_ms, said=said)


def packed(notes: Iterable[EventNote]) -> bytes:
    """Notes of one workspace as they are stored until they become events."""
    return orjson.dumps(
        [
            (
                note.id.hex(),
                note.type.value,
                note.at_ms,
                _hex(note.schedule_id),
                _hex(note.fire_id),
                _hex(note.target_id),
                note.said,
            )
            for note in notes
        ]
    )


def unpacked(workspace_id: Id, stored: bytes) -> list[EventNote]:
    """The notes in a text from `packed`."""
    return [
        EventNote(
            workspace_id,
            bytes.fromhex(an_id),
            EventType(kind),
            at_ms,
            _id(schedule_id),
            _id(fire_id),
            _id(target_id),
            said,
        )
        for an_id, kind, at_ms, schedule_id, fire_id, target_id, said in orjson.loads(stored)
    ]


def _hex(an_id: Id | None) -> str | None:
    return None if an_id is None else an_id.hex()


def _id(text: str | None) -> Id | None:
    return None if text is None else bytes.fromhex(text)


class NamedSchedule(NamedTuple):
    """What an event says of its schedule. `labels` is JSON text."""

    id: Id
    key: str | None
    name: str
    labels: str
    target_id: Id


class NamedTarget(NamedTuple):
    """What an event says of its target."""

    id: Id
    key: str | None
    name: str


class SingleRun(NamedTuple):
    """What the event of a single fire says of its only run. `began_ms`: when its first attempt began (None: none did).
    `policies` are those of its schedule at the time, as JSON text."""

    id: Id
    error: str | None
    status: int | None
    began_ms: int | None
    policies: str | None


class Event(NamedTuple):
    """An event of a workspace. `number` is its place in the log of the workspace, `told_ms` when it got it. `content`
    is the JSON text that is shown and sent."""

    number: int
    id: Id
    type: str
    schedule_id: Id | None
    at_ms: int
    told_ms: int
    content: str


def content_of(
    note: EventNote,
    schedule: NamedSchedule | None,
    target: NamedTarget | None,
    fire: Fire | None,
    run: SingleRun | None,
) -> str:
    """The JSON text that is shown and sent for a note. What has been deleted meanwhile is told by its id alone."""
    shown: dict[str, Any] = {
        "id": prefixed("evt", note.id),
        "type": note.type.value,
        "at": instant_text(note.at_ms),
        "workspace": prefixed("ws", note.workspace_id),
        "schedule": None,
        "target": None,
        "fire": None,
        "details": dict(note.said),
    }
    if note.schedule_id is not None:
        shown["schedule"] = {
            "id": prefixed("sch", note.schedule_id),
            "key": None if schedule is None else schedule.key,
            "name": None if schedule is None else schedule.name,
            "labels": {} if schedule is None else orjson.loads(schedule.labels),
        }
    if note.target_id is not None or target is not None:
        target_id = note.target_id if target is None else target.id
        shown["target"] = {
            "id": prefixed("tgt", target_id or b""),
            "key": None if target is None else target.key,
            "name": None if target is None else target.name,
        }
    if note.fire_id is not None:
        shown["fire"] = _fire(note.fire_id, fire, run)
    return orjson.dumps(shown).decode()


def _fire(fire_id: Id, fire: Fire | None, run: SingleRun | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": prefixed("fire", fire_id)}
    if fire is None:
        return shown
    error = fire.error if run is None or run.error is None else run.error
    return shown | {
        "kind": fire.kind.value,
        "state": fire.state.value,
        "slot": instant_text(fire.slot_ms),
        "due_at": instant_text(fire.due_ms),
        "fired_at": instant_text(fire.fired_ms),
        "finished_at": None if fire.finished_ms is None else instant_text(fire.finished_ms),
        "runs": fire.runs,
        "succeeded": fire.succeeded,
        "failed": fire.failed,
        "cancelled": fire.cancelled,
        "error": _cut(error),
    }


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:LONGEST_ERROR]


def instant_text(at_ms: int) -> str:
    """An instant in RFC 3339, in UTC with milliseconds."""
    return (_EPOCH + timedelta(milliseconds=held_ms(at_ms))).isoformat(timespec="milliseconds")[:-6] + "Z"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events somebody wants. An empty part wants all. `types`: a type, or all of one kind as `fire.*`. `labels`
    must all be on the schedule of an event, and `schedules` are ids of which its schedule is one."""

    types: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    schedules: Sequence[Id] = ()

    def wants(self, event: Event) -> bool:
        """Whether an event is among those."""
        if self.types and not _among(event.type, self.types):
            return False
        if self.schedules and event.schedule_id not in self.schedules:
            return False
        if not self.labels:
            return True
        for mark in _marks(tuple(self.labels.items())):
            if mark not in event.content:
                return False
        schedule = orjson.loads(event.content)["schedule"]
        return schedule is not None and self.labels.items() <= schedule["labels"].items()


@lru_cache(maxsize=1024)
def _marks(labels: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """What the contents of events hold somewhere that have these labels, as they are written: to look for it takes a
    tenth of the time that reading a content does."""
    return tuple(orjson.dumps({name: value}).decode()[1:-1] for name, value in labels)


def _among(kind: str, wanted: Iterable[str]) -> bool:
    return any(one == kind or (one.endswith("*") and kind.startswith(one[:-1])) for one in wanted)


def type_problem(text: str) -> str | None:
    """What is wrong with a type in a filter; None where it names a type, or all of one kind."""
    kinds = {kind.value.partition(".")[0] for kind in EventType}
    if text == "*" or text in set(EventType) or (text.endswith(".*") and text[:-2] in kinds):
        return None
    return (
        f"{text[:60]!r} is no type of event; types are {', '.join(EventType)}, and all of one kind as fire.*"
    )
