"""What sundial's bodies mean, and how timers are written in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from horarium.api.kit import Around, Fields, Json, Problems, TimingNames, resolve_timing
from horarium.api.kit.writing import instant_or_none, reference_to
from horarium.domain.ids import uuid_text
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.times import Timing
from horarium.times.grammar import cron_text
from horarium.times.problems import fail
from horarium.times.rules import Rule

NAME = "sundial"
NAMES = TimingNames("when", "zone")


def time_of_day(text: str) -> Rule:
    """The grammar of a recurrence: 09:30 means every day at that time."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        raise fail("", "must be a time of day such as 09:30", text)
    return cron_text(macros=False)(f"{found[2]} {found[1]} * * *")


@dataclass(frozen=True, slots=True)
class Order:
    when: str | None
    zone: str | None
    calls: str | int | None


@dataclass(frozen=True, slots=True)
class Facts:
    function: Target | None
    now_ms: int


def parse(fields: Fields, new: bool) -> Order:
    return Order(
        fields.text("when", required=new), fields.text("zone"), fields.reference("calls", required=new)
    )


def new_timing(order: Order, now_ms: int, problems: Problems) -> Timing:
    timing = Timing(order.when or "00:00", NAME, order.zone or "UTC")
    return resolve_timing(timing, None, now_ms, NAMES, problems)


def edited(before: Schedule, order: Order, facts: Facts) -> Schedule:
    problems, known = Problems(), before.definition
    wanted = replace(known.timing, spec=order.when or known.timing.spec, zone=order.zone or known.timing.zone)
    timing = resolve_timing(wanted, known.timing, facts.now_ms, NAMES, problems)
    problems.done()
    target_id = known.target_id if facts.function is None else facts.function.id
    return replace(before, definition=replace(known, timing=timing, target_id=target_id))


def show(schedule: Schedule, around: Around) -> Json:
    function, timing = around.target_of(schedule), schedule.definition.timing
    return {
        "id": uuid_text(schedule.id),
        "when": timing.spec,
        "zone": timing.zone,
        "calls": reference_to(function) if function else uuid_text(schedule.definition.target_id),
        "next": instant_or_none(schedule.progress.next_slot),
    }
