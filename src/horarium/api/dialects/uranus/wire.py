"""What uranus' bodies say, and how schedules are written in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from horarium.api.dialects.common import (
    Fields,
    dashed,
    failure_of,
    outcome_word,
    reference_to,
    utc_text,
)
from horarium.domain.errors import Invalid, Problem
from horarium.domain.fire import Fire
from horarium.domain.ids import uuid_text
from horarium.domain.overlap import Overlap
from horarium.domain.run import Run
from horarium.domain.schedule import AfterPause, Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.service.checks import name_problems
from horarium.service.schedules import anchor_at, compiled
from horarium.times import Timing, canonical_spec

DIALECT = "uranus"
CALLBACKS = ("workflow", "function")
TYPES = ("once", "delayed", "cron")
OWN_FIELD = {"once": "next_run", "delayed": "delay_seconds", "cron": "cron_expression"}
"""The field that says when, for each type."""
POLICIES = Policies(overlap=Overlap.SKIP, after_pause=AfterPause.FIRE)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """A schedule as a body asks for it; None is left out. `when` is what the type's own field holds: an
    instant in ms, seconds, or an expression."""

    name: str | None
    type: str | None
    when: int | str | None
    callback_type: str | None
    callback_id: str | int | None
    status: str | None


def order_of(fields: Fields, known_type: str | None) -> Order:
    """Reads a body, for a new schedule where `known_type` is None; problems stay with `fields`."""
    new = known_type is None
    name = fields.text("name", required=new or "name" in fields)
    if name is not None:
        fields.problems += name_problems("name", name)
    kind = fields.choice("type", TYPES, required=new)
    given = {
        "once": fields.instant("next_run"),
        "delayed": fields.integer("delay_seconds", least=1),
        "cron": fields.text("cron_expression", most=1024),
    }
    meant = kind or known_type
    own = OWN_FIELD.get(meant or "")
    if own is not None and own not in fields and meant != known_type:
        fields.wrong(own, f"is required for the type {meant}", "required")
    return Order(
        name,
        kind,
        given.get(meant or ""),
        fields.choice("callback_type", CALLBACKS, required=new),
        fields.reference("callback_id", required=new),
        fields.choice("status", ("active", "paused") if new else ("active", "paused", "completed")),
    )


def timing_of(
    kind: str, when: int | str | None, zone: str, known: Timing | None, now_ms: int, problems: list[Problem]
) -> Timing | None:
    """The timing of a type and what its own field holds. What is the same as before stays as it was; None,
    with its problems noted, where it is none or lies in the past."""
    if when is None:
        return None if known is None else _in_zone(known, kind, zone)
    spec = _spec(kind, when)
    if known is not None and known.spec == spec:
        return _in_zone(known, kind, zone)
    if kind == "once" and isinstance(when, int) and when <= now_ms:
        problems.append(Problem("next_run", "lies in the past; the type once needs a time ahead"))
        return None
    return _checked(_in_zone(Timing(spec, DIALECT), kind, zone), kind, now_ms, problems)


def _spec(kind: str, when: int | str) -> str:
    if kind == "once" and isinstance(when, int):
        return canonical_spec({"once": utc_text(when)})
    return canonical_spec({"delay": when} if kind == "delayed" else str(when))


def _in_zone(timing: Timing, kind: str, zone: str) -> Timing:
    """Only cron has readings of a clock on a wall."""
    return replace(timing, zone=zone) if kind == "cron" else timing


def _checked(timing: Timing, kind: str, now_ms: int, problems: list[Problem]) -> Timing | None:
    try:
        compiled(timing)
        return replace(timing, anchor=anchor_at(timing.spec, DIALECT, now_ms))
    except Invalid as error:
        for one in error.problems:
            field = "calendar_timezone" if one.field == "timezone" else OWN_FIELD[kind]
            problems.append(replace(one, field=field))
        return None


def edited(
    before: Schedule, body: Mapping[str, Any], zone: str, callback: Target | None, now_ms: int
) -> Schedule:
    """A schedule as a PUT asks for it. `callback` is the target it shall call back, None where that does not
    change. Raises Invalid."""
    known_type = type_of(before)
    fields = Fields(body)
    order = order_of(fields, known_type)
    kind = order.type or known_type
    known = before.definition.timing if kind == known_type else None
    timing = timing_of(kind, order.when, zone, known, now_ms, fields.problems)
    retimed = timing is not None and timing.spec != before.definition.timing.spec
    state = _state(before, order.status, retimed, fields)
    fields.done()
    assert timing is not None  # it would have left a problem
    definition = replace(before.definition, timing=timing)
    extra = {**before.extra, "type": kind}
    if callback is not None:
        definition = replace(definition, target_id=callback.id)
        given = body.get("callback_id")
        extra |= {"callback_type": callback.kind.value, "callback_id": None if given is None else str(given)}
    name = before.name if order.name is None else order.name
    return replace(before, name=name, definition=definition, extra=extra, state=state)


def _state(before: Schedule, status: str | None, retimed: bool, fields: Fields) -> ScheduleState:
    """The state that a PUT leads to. One that has had its fire goes on with a new time, and only with one."""
    completed = status_of(before) == "completed"
    if status == "completed" and not completed:
        fields.wrong("status", "cannot be set to completed; a schedule of one fire completes by itself")
    elif status == "active" and completed and not retimed:
        words = "a completed schedule becomes active with a new next_run in the future, or new delay_seconds"
        fields.wrong("status", words)
    if status == "paused":
        if completed and not retimed:
            fields.wrong("status", "a completed schedule cannot be paused: it has nothing left to fire")
        return ScheduleState.PAUSED
    if status == "active" or (completed and retimed):
        return ScheduleState.ACTIVE
    return before.state


def type_of(schedule: Schedule) -> str:
    """The schedule's type, as its recurrence has it: it may have been edited from elsewhere."""
    spec = schedule.definition.timing.spec
    if not spec.startswith("{"):
        return "cron"
    return "once" if "once" in orjson.loads(spec) else "delayed"


_STATUSES = {ScheduleState.ACTIVE: "active", ScheduleState.PAUSED: "paused"}


def status_of(schedule: Schedule) -> str:
    return _STATUSES.get(schedule.state, "completed")


def schedule_body(schedule: Schedule, callback: Target | None) -> Json:
    kind, timing, progress = type_of(schedule), schedule.definition.timing, schedule.progress
    body: Json = {"id": dashed("schedule", schedule.id), "name": schedule.name, "type": kind}
    if kind == "cron":
        body["cron_expression"] = timing.spec
    elif kind == "delayed":
        body["delay_seconds"] = _seconds(timing)
    return {
        **body,
        "next_run": _utc(progress.next_slot),
        "last_run": _utc(progress.last_fired_ms),
        "callback_type": callback.kind.value if callback else schedule.extra.get("callback_type"),
        "callback_id": callback_of(schedule, callback),
        "status": status_of(schedule),
        "created_at": utc_text(schedule.created_ms),
    }


def callback_of(schedule: Schedule, callback: Target | None) -> str:
    """How the target that a schedule calls back is named."""
    given = schedule.extra.get("callback_id")
    if callback is None:
        return given or uuid_text(schedule.definition.target_id)
    return reference_to(callback, given)


def _seconds(timing: Timing) -> int | None:
    found = orjson.loads(timing.spec) if timing.spec.startswith("{") else {}
    return found.get("delay")


def _utc(at_ms: int | None) -> str | None:
    return None if at_ms is None else utc_text(at_ms)


def execution_body(fire: Fire, run: Run | None) -> Json:
    row: Json = {
        "id": dashed("exec", run.id if run else fire.id),
        "executed_at": utc_text(fire.fired_ms),
        "status": outcome_word(fire.state),
    }
    if row["status"] == "failed":
        row["error"] = failure_of(fire, run)
    return row
