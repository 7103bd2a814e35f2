"""What uranus' bodies mean, and how schedules are written in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson

from horarium.api.kit import Around, Fields, Json, Problems, TimingNames, resolve_timing
from horarium.api.kit.writing import dashed, failure_of, outcome_word, reference_to, utc_or_none, utc_text
from horarium.domain.fire import Fire
from horarium.domain.ids import uuid_text
from horarium.domain.overlap import Overlap
from horarium.domain.run import Run
from horarium.domain.schedule import AfterPause, Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.service.checks import name_problems
from horarium.times import Rounding, Timing, canonical_spec

NAME = "uranus"
CALLBACKS = ("workflow", "function")
STATUSES = ("active", "paused", "completed")
POLICIES = Policies(overlap=Overlap.SKIP, after_pause=AfterPause.FIRE)

# The field that says when, for each type.
OWN_FIELD = {"once": "next_run", "delayed": "delay_seconds", "cron": "cron_expression"}
TYPES = tuple(OWN_FIELD)

# The member of a recurrence that is an object, for each type; empty where it is a text.
MEMBER_OF = {"once": "once", "delayed": "delay", "cron": ""}


@dataclass(frozen=True, slots=True)
class Order:
    """A schedule as a body asks for it; None is left out. `when` holds what the own field of each type says, where it
    is given: an instant in ms, seconds, or an expression; None where it is wrong."""

    name: str | None
    type: str | None
    when: Mapping[str, int | str | None]
    callback_type: str | None
    callback_id: str | int | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`zone` is the one in which the agent's cron expressions are read; `callback` is the target to call back, None
    where that does not change."""

    zone: str
    callback: Target | None
    now_ms: int


def changes(fields: Fields, shown: Json) -> Fields:
    """The fields of an update that differ from what is shown. Another type needs its own field, also one that is
    shown as it is given."""
    found = fields.without_same_as(shown)
    own = OWN_FIELD.get(str(found.body.get("type")))
    if own is None or own not in fields.body:
        return found
    return Fields({**found.body, own: fields.body[own]}, found.path, found.problems)


def parse(fields: Fields, new: bool) -> Order:
    """The order in a body."""
    name = fields.text("name", required=new or "name" in fields)
    if name is not None:
        fields.note(name_problems("name", name))
    kind = fields.choice("type", TYPES, required=new)
    when: Mapping[str, int | str | None] = {
        "once": _next_run(fields),
        "delayed": fields.integer("delay_seconds", least=1),
        "cron": fields.text("cron_expression", most=1024),
    }
    when = {type_: found for type_, found in when.items() if OWN_FIELD[type_] in fields}
    if new and kind is not None and kind not in when:
        _require_own_field(kind, fields.problems)
    return Order(
        name,
        kind,
        when,
        fields.choice("callback_type", CALLBACKS, required=new),
        fields.reference("callback_id", required=new),
        fields.choice("status", STATUSES[:2] if new else STATUSES),
    )


def _next_run(fields: Fields) -> int | None:
    """The instant of a schedule of the type once, in milliseconds."""
    found = fields.instant("next_run", Rounding.UP)
    return None if found is None else found * 1000


def _require_own_field(kind: str, problems: Problems) -> None:
    problems.wrong(OWN_FIELD[kind], f"is required for the type {kind}", "required")


def new_timing(order: Order, facts: Facts, problems: Problems) -> Timing | None:
    """The timing of a new schedule; None where the order does not say it, which is noted already."""
    when = None if order.type is None else order.when.get(order.type)
    return None if order.type is None or when is None else _timing(order.type, when, facts, problems)


def edited(before: Schedule, order: Order, facts: Facts) -> Schedule:
    """A schedule as an order wants it: what is left out is kept. Raises Invalid."""
    problems = Problems()
    known_type = type_of(before)
    kind, known = order.type or known_type, before.definition.timing
    when = order.when.get(kind)
    timing = known
    if when is not None and (kind != known_type or known.spec != _spec(kind, when)):
        timing = _timing(kind, when, facts, problems)
    if kind != known_type and kind not in order.when:
        _require_own_field(kind, problems)
    state = _state(before, order.status, timing.spec != known.spec, problems)
    problems.done()
    definition, extra = replace(before.definition, timing=timing), before.extra
    if facts.callback is not None:
        definition = replace(definition, target_id=facts.callback.id)
        given = None if order.callback_id is None else str(order.callback_id)
        extra = {**extra, "callback_type": facts.callback.kind.value, "callback_id": given}
    name = before.name if order.name is None else order.name
    return replace(before, name=name, definition=definition, extra=extra, state=state)


def _timing(kind: str, when: int | str, facts: Facts, problems: Problems) -> Timing:
    """A timing of a type that begins now, from what the type's own field holds."""
    timing = _in_zone(Timing(_spec(kind, when), NAME), kind, facts.zone)
    if kind == "once" and isinstance(when, int) and when <= facts.now_ms:
        problems.wrong("next_run", "lies in the past; the type once needs a time ahead")
        return timing
    names = TimingNames(OWN_FIELD[kind], "calendar_timezone", parts=False)
    return resolve_timing(timing, None, facts.now_ms, names, problems)


def _spec(kind: str, when: int | str) -> str:
    if kind == "once" and isinstance(when, int):
        return canonical_spec({"once": utc_text(when)})
    return canonical_spec({"delay": when} if kind == "delayed" else str(when))


def _in_zone(timing: Timing, kind: str, zone: str) -> Timing:
    """Only the times of cron are readings of a clock on a wall."""
    return replace(timing, zone=zone) if kind == "cron" else timing


def _state(before: Schedule, status: str | None, retimed: bool, problems: Problems) -> ScheduleState:
    """The state that a PUT leads to. A schedule that has had its only fire goes on with a new time, and only so."""
    completed = status_of(before) == "completed"
    if status == "completed" and not completed:
        words = "cannot be set to completed; a schedule of one fire completes by itself"
        problems.wrong("status", words)
    elif status == "active" and completed and not retimed:
        words = "a completed schedule becomes active with a new next_run in the future, or new delay_seconds"
        problems.wrong("status", words)
    if status == "paused":
        if completed and not retimed:
            problems.wrong("status", "a completed schedule cannot be paused: it has nothing left to fire")
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


_STATUS_OF = {ScheduleState.ACTIVE: "active", ScheduleState.PAUSED: "paused"}


def status_of(schedule: Schedule) -> str:
    """How a schedule's state is called here."""
    return _STATUS_OF.get(schedule.state, "completed")


def show(schedule: Schedule, around: Around) -> Json:
    """A schedule as it is answered."""
    kind, timing, progress = type_of(schedule), schedule.definition.timing, schedule.progress
    callback = around.target_of(schedule)
    body: Json = {"id": dashed("schedule", schedule.id), "name": schedule.name, "type": kind}
    if kind == "cron":
        body["cron_expression"] = timing.spec
    elif kind == "delayed":
        body["delay_seconds"] = orjson.loads(timing.spec).get("delay")
    return {
        **body,
        "next_run": utc_or_none(progress.next_slot),
        "last_run": utc_or_none(progress.last_fired_ms),
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


def execution_body(fire: Fire, run: Run | None) -> Json:
    """A fire, with its run, as a schedule's history shows it."""
    row: Json = {
        "id": dashed("exec", run.id if run else fire.id),
        "executed_at": utc_text(fire.fired_ms),
        "status": outcome_word(fire.state),
    }
    if row["status"] == "failed":
        row["error"] = failure_of(fire, run)
    return row
