"""trustpager on the wire: what a body means in the domain's words, and back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from horarium.api.dialects.common import Fields
from horarium.api.fields import instant_or_none, instant_text
from horarium.domain.audience import AUDIENCE_TYPES
from horarium.domain.errors import Invalid, Problem
from horarium.domain.fire import Fire, FireState
from horarium.domain.ids import Id, uuid_text
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.service.checks import name_problems
from horarium.service.schedules import recurrence_problems
from horarium.times import RecurrenceError, Timing, compile_timing
from horarium.times.civil import parse_rfc3339

DIALECT = "trustpager"
CLEARED = object()
"""A null in a field that null clears."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """The fields of a body; None where one is left out. `end_at` (seconds) and `max_runs` may be CLEARED."""

    name: str | None
    description: str | None
    is_active: bool | None
    cron: str | None
    timezone: str | None
    audience_type: str | None
    audience_filter: Json | None
    automation: str | None
    end_at: Any
    max_runs: Any


def order_of(fields: Fields, new: bool) -> Order:
    """The order in a body; with `new`, what a schedule cannot do without is required."""
    name = fields.text("name", new)
    if name is not None:
        fields.problems += name_problems("name", name)
    return Order(
        name=name,
        description=fields.text("description"),
        is_active=fields.flag("is_active"),
        cron=fields.text("cron_expression", new, 1_000),
        timezone=fields.text("timezone"),
        audience_type=fields.choice("audience_type", tuple(AUDIENCE_TYPES), new),
        audience_filter=fields.object("audience_filter"),
        automation=fields.text("automation_id", new),
        end_at=_clearable(fields, "end_at", _end(fields)),
        max_runs=_clearable(fields, "max_runs", fields.integer("max_runs", 1)),
    )


def _clearable(fields: Fields, name: str, found: Any) -> Any:
    return CLEARED if name in fields.body and fields.body[name] is None else found


def _end(fields: Fields) -> int | None:
    """The last whole second that may fire."""
    given = fields.text("end_at")
    parsed = None if given is None else parse_rfc3339(given)
    if given is not None and parsed is None:
        fields.wrong("end_at", "must be a time with an offset, such as 2026-12-31T23:59:59Z")
    return None if parsed is None else parsed[0]


def timing_of(
    order: Order, before: Timing | None, default_zone: str, problems: list[Problem]
) -> Timing | None:
    """The timing an order asks for, on top of the one there is; None where something is wrong with it."""
    known = before or Timing("", DIALECT, default_zone)
    timing = replace(
        known,
        spec=order.cron if order.cron is not None else known.spec,
        dialect=DIALECT if order.cron is not None else known.dialect,
        zone=order.timezone if order.timezone is not None else known.zone,
        end=_or_cleared(order.end_at, known.end),
    )
    if not timing.spec:
        # The expression is missing, which was told already: the zone and the end are judged all the same.
        timing = replace(timing, spec="* * * * *")
    try:
        compile_timing(timing)
    except RecurrenceError as error:
        found = recurrence_problems(error, "cron_expression")
        problems += [replace(one, field="end_at") if one.field == "end" else one for one in found]
        return None
    return timing


def policies_of(order: Order, before: Policies | None = None) -> Policies:
    """Each fire triggers on its own, whatever an earlier one still does."""
    known = before or Policies(overlap=Overlap.ALLOW)
    return replace(known, max_fires=_or_cleared(order.max_runs, known.max_fires))


def _or_cleared(given: Any, known: int | None) -> int | None:
    if given is CLEARED:
        return None
    return known if given is None else int(given)


def audience_of(order: Order, before: Mapping[str, Any] | None = None) -> Json:
    """The audience an order asks for, on top of the one there is."""
    known = before or {}
    given = order.audience_filter if order.audience_filter is not None else known.get("filter") or {}
    return {"type": order.audience_type or known.get("type"), "filter": given}


def audience_problem(problem: Problem) -> Problem:
    """A problem of an audience under the names that this product has for its parts."""
    field = problem.field.replace("audience.filter", "audience_filter")
    return replace(problem, field=field.replace("audience.type", "audience_type"))


def is_active(schedule: Schedule) -> bool:
    """Whether it is switched on. One that has passed its end_at still is; one that has used up its max_runs
    is not."""
    if schedule.state is ScheduleState.COMPLETED:
        return schedule.ended_reason != "max_fires"
    return schedule.state is ScheduleState.ACTIVE


def switched(before: Schedule, after: Schedule, wanted: bool | None) -> Schedule:
    """`after` with the state that an edit leaves it in. An exhausted one stays off until it is switched
    on."""
    on = is_active(before) if wanted is None else wanted
    untouched = on == is_active(before) and after.definition == before.definition
    if untouched:
        return after
    return replace(after, state=ScheduleState.ACTIVE if on else ScheduleState.PAUSED)


def schedule_json(one: Schedule) -> Json:
    definition, progress = one.definition, one.progress
    audience = definition.audience or {}
    end = definition.timing.end
    return {
        "id": uuid_text(one.id),
        "name": one.name,
        "description": one.description,
        "is_active": is_active(one),
        "cron_expression": definition.timing.spec,
        "timezone": definition.timing.zone,
        "audience_type": audience.get("type"),
        "audience_filter": audience.get("filter") or {},
        "automation_id": one.extra.get("automation_id") or uuid_text(definition.target_id),
        "next_run_at": instant_or_none(progress.next_slot),
        "last_run_at": instant_or_none(progress.last_fired_ms),
        "run_count": progress.fires,
        "max_runs": definition.policies.max_fires,
        "end_at": None if end is None else instant_text(end * 1000),
        "created_at": instant_text(one.created_ms),
        "updated_at": instant_text(one.updated_ms),
    }


_STATUS = {
    FireState.COMPLETED: "completed",
    FireState.PARTIAL: "partial",
    FireState.FAILED: "failed",
    FireState.CANCELLED: "failed",
}


def run_json(fire: Fire) -> Json:
    """A fire as this product's run record: one for each time the schedule fired."""
    error = fire.error
    if error is None and fire.state is FireState.CANCELLED:
        error = "cancelled"
    return {
        "id": uuid_text(fire.id),
        "schedule_id": uuid_text(fire.schedule_id),
        "company_id": uuid_text(fire.workspace_id),
        "fired_at": instant_text(fire.fired_ms),
        "completed_at": instant_or_none(fire.finished_ms),
        **_counts(fire),
        "error_message": error,
        "created_at": instant_text(fire.fired_ms),
    }


def fired_json(fire: Fire) -> Json:
    """What fire-now answers."""
    return {"run_id": uuid_text(fire.id), **_counts(fire)}


def _counts(fire: Fire) -> Json:
    return {
        "status": _STATUS.get(fire.state, "running"),
        "audience_size": fire.audience_size or 0,
        "runs_triggered": fire.runs,
        "runs_failed": fire.failed + fire.cancelled,
    }


def one(data: Json) -> Json:
    """An object as it is answered."""
    return {"data": data, "meta": {}}


def many(data: list[Json], limit: int, cursor: str | None) -> Json:
    """A page of a list as it is answered."""
    window = {"limit": limit, "has_more": cursor is not None, "next_cursor": cursor}
    return {"data": data, "pagination": window, "meta": {}}


def cursor_text(position: bytes, of: bytes) -> str:
    """An opaque cursor of one list (`of`): it is good for no other."""
    return urlsafe_b64encode(position + _seal(position, of)).decode().rstrip("=")


def cursor_from(text: str, of: bytes) -> bytes:
    """The position behind a cursor. Raises Invalid for what no answer of this list ever gave."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if text.isascii() else b""
    except ValueError:
        raw = b""
    position = raw[:-_SEAL]
    if not position or raw[-_SEAL:] != _seal(position, of) or cursor_text(position, of) != text:
        raise Invalid(Problem("after", "is not a cursor of this list", "cursor"))
    return position


_SEAL = 6


def _seal(position: bytes, of: bytes) -> bytes:
    return blake2b(of + position, digest_size=_SEAL).digest()


def fire_position(fire: Fire) -> bytes:
    return fire.fired_ms.to_bytes(8, "big") + fire.id


def position_of_fire(position: bytes) -> tuple[int, Id]:
    return int.from_bytes(position[:8], "big"), position[8:]
