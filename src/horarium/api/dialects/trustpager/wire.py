"""trustpager on the wire: what a body means in the domain's words, and back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from horarium.api.kit import Around, Fields, Json, Problems, TimingNames, resolve_timing
from horarium.api.kit.writing import instant_or_none, instant_text, reference_to
from horarium.domain.audience import AUDIENCE_TYPES
from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.fire import Fire, FireState
from horarium.domain.history import RunErrors
from horarium.domain.ids import LOWEST_ID, Id, uuid_text
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.service.checks import name_problems
from horarium.times import Rounding, Timing
from horarium.times.instants import LAST_MS

NAME = "trustpager"

# Each fire triggers on its own, whatever an earlier one still does.
POLICIES = Policies(overlap=Overlap.ALLOW)

_CLEARABLE = ("end_at", "max_runs")
_TIMING = TimingNames("cron_expression")


@dataclass(frozen=True, slots=True)
class Order:
    """The fields of a body; None where one is left out. `end_at` is in seconds, the last one that may fire.

    `cleared` names the fields that the body sets to null in order to clear them.
    """

    name: str | None
    description: str | None
    is_active: bool | None
    cron: str | None
    timezone: str | None
    audience_type: str | None
    audience_filter: Json | None
    automation: str | None
    end_at: int | None
    max_runs: int | None
    cleared: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """`automation` is the target that the body names, None where it names none."""

    automation: Target | None
    now_ms: int


def parse(fields: Fields, new: bool) -> Order:
    """The order in a body; with `new`, what a schedule cannot do without is required."""
    name = fields.text("name", new)
    if name is not None:
        fields.note(name_problems("name", name))
    return Order(
        name=name,
        description=fields.text("description"),
        is_active=fields.flag("is_active"),
        cron=fields.text("cron_expression", new or "cron_expression" in fields, 1_000),
        timezone=fields.text("timezone"),
        audience_type=fields.choice("audience_type", tuple(AUDIENCE_TYPES), new),
        audience_filter=fields.object("audience_filter"),
        automation=fields.text("automation_id", new),
        end_at=fields.instant("end_at", Rounding.DOWN),
        max_runs=fields.integer("max_runs", 1),
        cleared=frozenset(
            field for field in _CLEARABLE if field in fields.body and fields.body[field] is None
        ),
    )


def new_timing(
    cron: str | None,
    timezone: str | None,
    end: int | None,
    default_zone: str,
    now_ms: int,
    problems: Problems,
) -> Timing:
    """The timing of a new schedule. Where the expression is missing, which is noted already, the zone and the end are
    judged all the same."""
    zone = default_zone if timezone is None else timezone
    return resolve_timing(Timing(cron or "* * * * *", NAME, zone, end=end), None, now_ms, _TIMING, problems)


def edited(before: Schedule, order: Order, facts: Facts) -> Schedule:
    """A schedule as an order wants it: what is left out is kept. Raises Invalid, Conflict."""
    problems, known = Problems(), before.definition
    end = known.timing.end if order.end_at is None else order.end_at
    wanted = replace(
        known.timing,
        spec=known.timing.spec if order.cron is None else order.cron,
        zone=known.timing.zone if order.timezone is None else order.timezone,
        end=None if "end_at" in order.cleared else end,
    )
    timing = resolve_timing(wanted, known.timing, facts.now_ms, _TIMING, problems)
    problems.done()
    definition = replace(
        known,
        timing=timing,
        policies=policies_of(order, known.policies),
        audience=new_audience(order, known.audience),
        target_id=known.target_id if facts.automation is None else facts.automation.id,
    )
    after = replace(
        before,
        name=before.name if order.name is None else order.name,
        description=before.description if order.description is None else order.description,
        definition=definition,
        extra=before.extra
        if facts.automation is None
        else {**before.extra, "automation_id": order.automation},
    )
    return _switched(before, after, order.is_active)


def policies_of(order: Order, before: Policies = POLICIES) -> Policies:
    """The policies that an order asks for, on top of those that there are."""
    return replace(
        before, max_fires=None if "max_runs" in order.cleared else order.max_runs or before.max_fires
    )


def new_audience(order: Order, before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The audience that an order leads to: the one there is, where it says nothing of that."""
    says_nothing = order.audience_type is None and order.audience_filter is None
    return before if says_nothing else audience_of(order, before)


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
    """Whether a schedule is switched on. One that has passed its end_at still is; one that has used up its max_runs
    is not."""
    if schedule.state is ScheduleState.COMPLETED:
        return schedule.ended_reason != "max_fires"
    return schedule.state is ScheduleState.ACTIVE


def _switched(before: Schedule, after: Schedule, wanted: bool | None) -> Schedule:
    """`after` with the state that an edit leaves it in. A schedule that has used up its runs stays off until it is
    switched on. Raises Conflict where it would be switched on and still has no run left."""
    on = is_active(before) if wanted is None else wanted
    most, runs = after.definition.policies.max_fires, before.progress.fires
    if wanted and not is_active(before) and most is not None and runs >= most:
        words = (
            f"is_active cannot become true: the schedule has used up its max_runs ({runs} of {most}). Send max_runs "
            f"of at least {runs + 1}, or null for no limit, in the same request"
        )
        raise Conflict(words, "used_up", "max_runs")
    untouched = on == is_active(before) and after.definition == before.definition
    if untouched:
        return after
    return replace(after, state=ScheduleState.ACTIVE if on else ScheduleState.PAUSED)


def show(schedule: Schedule, around: Around) -> Json:
    """A schedule as it is answered."""
    definition, progress, automation = schedule.definition, schedule.progress, around.target_of(schedule)
    given = schedule.extra.get("automation_id")
    audience = definition.audience or {}
    end = definition.timing.end
    return {
        "id": uuid_text(schedule.id),
        "name": schedule.name,
        "description": schedule.description,
        "is_active": is_active(schedule),
        "cron_expression": definition.timing.spec,
        "timezone": definition.timing.zone,
        "audience_type": audience.get("type"),
        "audience_filter": audience.get("filter") or {},
        "automation_id": reference_to(automation, given)
        if automation
        else given or uuid_text(definition.target_id),
        "next_run_at": instant_or_none(progress.next_slot),
        "last_run_at": instant_or_none(progress.last_fired_ms),
        "run_count": progress.fires,
        "max_runs": definition.policies.max_fires,
        "end_at": None if end is None else instant_text(end * 1000),
        "created_at": instant_text(schedule.created_ms),
        "updated_at": instant_text(schedule.updated_ms),
    }


_STATUS = {
    FireState.COMPLETED: "completed",
    FireState.PARTIAL: "partial",
    FireState.FAILED: "failed",
    FireState.CANCELLED: "failed",
}


def run_json(fire: Fire, errors: Sequence[RunErrors]) -> Json:
    """A fire as this product's run record: one for each time the schedule fired. `errors` are those of its rows that
    failed, the most frequent first."""
    return {
        "id": uuid_text(fire.id),
        "schedule_id": uuid_text(fire.schedule_id),
        "company_id": uuid_text(fire.workspace_id),
        "fired_at": instant_text(fire.fired_ms),
        "completed_at": instant_or_none(fire.finished_ms),
        **_counts(fire),
        "error_message": _error_message(fire, errors),
        "created_at": instant_text(fire.fired_ms),
    }


def _error_message(fire: Fire, errors: Sequence[RunErrors]) -> str | None:
    """Why a fire failed: why its audience could not be read, else the errors of its rows, each with how many had it."""
    if fire.error is not None or not fire.state.final:
        return fire.error
    if fire.state is FireState.CANCELLED:
        return "cancelled"
    if not errors:
        return None
    if len(errors) == 1 and errors[0].count == fire.failed + fire.cancelled:
        return errors[0].message
    others = fire.failed + fire.cancelled - sum(error.count for error in errors)
    told = [*errors, RunErrors("other errors", others)] if others else errors
    return "; ".join(f"{one.message} ({one.count} {'row' if one.count == 1 else 'rows'})" for one in told)


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
    if not position or cursor_text(position, of) != text:
        raise _no_cursor()
    return position


def _no_cursor() -> Invalid:
    return Invalid(Problem("after", "is not a cursor of this list", "cursor"))


_SEAL = 6


def _seal(position: bytes, of: bytes) -> bytes:
    return blake2b(of + position, digest_size=_SEAL).digest()


def fire_position(fire: Fire) -> bytes:
    return fire.fired_ms.to_bytes(8, "big") + fire.id


def position_of_fire(position: bytes) -> tuple[int, Id]:
    """The instant (ms) and the id in what `fire_position` gave. Raises Invalid for anything else."""
    fired_ms, fire_id = int.from_bytes(position[:8], "big"), position[8:]
    if fired_ms > LAST_MS or len(fire_id) != len(LOWEST_ID):
        raise _no_cursor()
    return fired_ms, fire_id
