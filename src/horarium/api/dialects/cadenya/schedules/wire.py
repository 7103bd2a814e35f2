"""What the bodies of schedules mean, and how schedules are written in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from horarium.api.dialects.cadenya.mask import EXTERNAL_ID, STATUS
from horarium.api.dialects.cadenya.mask import NAME as NAME_PATH
from horarium.api.dialects.cadenya.schedules import mask
from horarium.api.dialects.cadenya.schedules.inputs import (
    DATA,
    MESSAGE,
    SYSTEM_DATA,
    VARIATION_ID,
    data_shown,
    has_stand_in,
    members_of,
    message_in,
)
from horarium.api.dialects.cadenya.schedules.mask import PATHS
from horarium.api.dialects.cadenya.schedules.rules import rules_of, tidied
from horarium.api.dialects.cadenya.states import StateNames
from horarium.api.dialects.cadenya.wire import (
    NAME,
    OBJECTIVE,
    SCHEDULE,
    bundle_key_in,
    labels_after,
    labels_in,
    line_in,
    metadata_of,
    name_in,
    profile_json,
)
from horarium.api.kit import Around, Fields, Json, Problems, TimingNames, resolve_timing
from horarium.api.kit.writing import instant_text
from horarium.domain.errors import Conflict, Problem
from horarium.domain.ids import Id, prefixed, run_id
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.variations import variations_of
from horarium.service.checks import depth_problems
from horarium.service.schedules import ScheduleDraft
from horarium.service.schemas import input_problems
from horarium.times import Timing, canonical_spec

T = TypeVar("T")

LONGEST_MESSAGE = 200_000
SKIPPED = "previous objective still running"
_TIMING = TimingNames(mask.SCHEDULE, mask.TIMEZONE)
_OVERLAPS = {
    "OVERLAP_POLICY_UNSPECIFIED": Overlap.SKIP,
    "OVERLAP_POLICY_ALLOW": Overlap.ALLOW,
    "OVERLAP_POLICY_SKIP": Overlap.SKIP,
}
_STATES = StateNames(
    "AGENT_SCHEDULE_STATUS",
    {"ACTIVE": ScheduleState.ACTIVE, "PAUSED": ScheduleState.PAUSED, "ARCHIVED": ScheduleState.ARCHIVED},
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a body asks for. `replaced` holds the paths of the fields that it replaces; every other field is kept.

    A replaced field that is None is cleared. `calendars` and `intervals` are as the body has them, unchecked. `state`
    is the state to bring the schedule to, None to leave it. With `resumes`, the schedule has to be a paused one.
    """

    replaced: frozenset[str] = frozenset()
    name: str | None = None
    external_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    bundle_key: str | None = None
    message: str | None = None
    data: Any = None
    system_data: Json | None = None
    calendars: Any = None
    intervals: Any = None
    timezone: str | None = None
    overlap: Overlap = Overlap.SKIP
    state: ScheduleState | None = None
    resumes: bool = False
    variation: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The time at which an order is carried out."""

    now_ms: int


# What the verbs ask for, which have no body.
VERBS: Mapping[str, Order] = {
    "pause": Order(state=ScheduleState.PAUSED),
    "resume": Order(state=ScheduleState.ACTIVE, resumes=True),
    "archive": Order(state=ScheduleState.ARCHIVED),
}


# What a body asks for.


def parse(fields: Fields, new: bool) -> Order:
    """The order in a body. A new schedule has every field replaced, so that what it cannot do without is required."""
    listed = () if new else PATHS.read(fields)
    if fields.problems:
        return Order()
    metadata, spec = (PATHS.part(fields, name, listed) for name in ("metadata", "spec"))
    beside = PATHS.beside(fields, listed)
    replaced = PATHS.every if new else PATHS.at(listed) or PATHS.held_in(metadata, spec, beside)
    rules = spec.inner("schedule")
    order = Order(
        name=name_in(metadata, NAME_PATH in replaced),
        external_id=line_in(metadata, "externalId"),
        labels=labels_in(metadata),
        bundle_key=bundle_key_in(metadata),
        message=_either(
            spec, mask.MESSAGE_SPELLINGS, lambda name: spec.text(name, most=LONGEST_MESSAGE) or None
        ),
        data=_either(spec, mask.DATA_SPELLINGS, lambda name: _data(spec, name)),
        system_data=_shallow(spec, SYSTEM_DATA, spec.object("systemPromptData")),
        calendars=rules.body.get("calendars"),
        intervals=rules.body.get("intervals"),
        timezone=rules.text("timezone") if mask.TIMEZONE in replaced else None,
        overlap=_OVERLAPS[spec.choice("overlapPolicy", tuple(_OVERLAPS)) or "OVERLAP_POLICY_UNSPECIFIED"],
        state=_STATES.read(spec, beside),
        variation=line_in(spec, "variationId"),
    )
    # What is wrong is not carried out, so that nothing else is found wrong because of it.
    return replace(order, replaced=replaced - PATHS.at(problem.field for problem in fields.problems))


def _data(spec: Fields, name: str) -> Any:
    """Any JSON value in the older spelling, an object in the newer one."""
    return _shallow(spec, name, spec.body.get(name) if name == DATA else spec.object(name))


def _shallow(spec: Fields, name: str, value: T) -> T:
    """A member of the input, which must leave room for the levels around it; that it does not is noted."""
    spec.note(depth_problems(f"{spec.path}.{name}", {name: value}))
    return value


def _either(spec: Fields, spellings: tuple[str, str], read: Callable[[str], T | None]) -> T | None:
    """The value under either spelling. Where both are given, they must agree."""
    values = [value for value in map(read, spellings) if value is not None]
    if len(values) == 2 and values[0] != values[1]:
        older, newer = spellings
        spec.wrong(newer, f"differs from {older}, of which it is another name; give one of them")
    return values[0] if values else None


def agent_problems(order: Order, agent: Target, before: Schedule | None) -> Sequence[Problem]:
    """What is wrong with an order by its agent: by the agent's schema of data, and by the variations it has. `before`
    is the schedule that is changed, None for a new one."""
    problems: list[Problem] = []
    deciding = {mask.MESSAGE} if before is None else {mask.MESSAGE, mask.SYSTEM_DATA, mask.VARIATION}
    after = _input(order, {} if before is None else before.definition.input)
    if order.replaced & deciding and not message_in(after) and not has_stand_in(after, agent):
        words = (
            "is required: nothing stands in for it, because there is no systemPromptData, and the agent's variations "
            "have no firstUserMessageTemplate"
        )
        problems.append(Problem(mask.MESSAGE, words, "required"))
    if mask.DATA in order.replaced and agent.input_schema is not None:
        problems += input_problems(agent.input_schema, {} if order.data is None else order.data, mask.DATA)
    known = [variation.id for variation in variations_of(agent.extra, agent.id)]
    if order.variation is not None and order.variation not in known:
        words = f"{order.variation!r} is not a variation of this agent; there are {', '.join(known)}"
        problems.append(Problem(mask.VARIATION, words, "unknown"))
    return problems


# What an order makes of a schedule.


def new_timing(order: Order, facts: Facts, problems: Problems) -> Timing | None:
    """The timing of a new schedule; None where the order does not say it, which is noted already."""
    if mask.CALENDARS not in order.replaced:
        return None
    return _timing(order, Timing("{}", NAME), facts, problems)


def draft(order: Order, workspace_id: Id, created_by: Id, agent: Target, timing: Timing) -> ScheduleDraft:
    """A new schedule of an agent."""
    labels, bundle_key = labels_after(order, {}, None)
    new_input = _input(order, {})
    return ScheduleDraft(
        workspace_id,
        created_by,
        order.name or "",
        timing,
        agent.id,
        NAME,
        Policies(overlap=order.overlap),
        input=new_input,
        owner_id=agent.id,
        key=order.external_id,
        description=message_in(new_input),
        labels=labels,
        extra=_extra(bundle_key),
        state=order.state or ScheduleState.ACTIVE,
    )


def edited(before: Schedule, order: Order, facts: Facts) -> Schedule:
    """A schedule as an order wants it: what it does not replace is kept. Raises Invalid, Conflict."""
    problems, known = Problems(), before.definition
    timing = _timing(order, known.timing, facts, problems)
    problems.done()
    state = _state(before, order)
    labels, bundle_key = labels_after(order, before.labels, before.extra.get("bundleKey"))
    new_input = _input(order, known.input)
    overlap = order.overlap if mask.OVERLAP in order.replaced else known.policies.overlap
    policies = replace(known.policies, overlap=overlap)
    return replace(
        before,
        name=before.name if order.name is None else order.name,
        key=order.external_id if EXTERNAL_ID in order.replaced else before.key,
        description=before.description
        if message_in(new_input) == message_in(known.input)
        else message_in(new_input),
        labels=labels,
        extra=_extra(bundle_key),
        definition=replace(known, timing=timing, policies=policies, input=new_input),
        state=state,
    )


def _timing(order: Order, known: Timing, facts: Facts, problems: Problems) -> Timing:
    """The timing that an order asks for, on top of the one there is. What is wrong with it is noted."""
    if order.replaced.isdisjoint((mask.CALENDARS, mask.INTERVALS, mask.TIMEZONE)):
        return known
    rules = rules_of(known)
    if mask.CALENDARS in order.replaced:
        rules["calendars"] = order.calendars
    if mask.INTERVALS in order.replaced:
        rules["intervals"] = order.intervals
    zone = order.timezone if mask.TIMEZONE in order.replaced else known.zone
    if not zone:
        problems.wrong(mask.TIMEZONE, "is required", "required")
    rules = {name: value for name, value in rules.items() if value not in (None, [])}
    wanted = replace(known, spec=canonical_spec(rules), zone=zone or "UTC")
    timing = resolve_timing(wanted, known, facts.now_ms, _TIMING, problems)
    return timing if problems else replace(timing, spec=canonical_spec(tidied(rules)))


def _state(before: Schedule, order: Order) -> ScheduleState:
    """The state that an order leads to. A completed schedule counts as an active one. Raises Conflict where the
    schedule may not be brought there."""
    if order.resumes and before.state not in (ScheduleState.PAUSED, ScheduleState.ARCHIVED):
        raise Conflict("the schedule is not paused, so it cannot be resumed", "state", STATUS)
    if order.state is None:
        return before.state
    if before.state is ScheduleState.ARCHIVED and order.state is not ScheduleState.ARCHIVED:
        words = "the schedule is archived; an archived schedule cannot be paused or made active again"
        raise Conflict(words, "state", STATUS)
    stays = order.state is ScheduleState.ACTIVE and before.state is ScheduleState.COMPLETED
    return before.state if stays else order.state


def _extra(bundle_key: str | None) -> dict[str, str]:
    return {} if bundle_key is None else {"bundleKey": bundle_key}


def _input(order: Order, known: Any) -> Any:
    """What the agent's executor receives: the input there is, with the members that an order replaces."""
    members = {
        MESSAGE: (mask.MESSAGE, order.message or ""),
        DATA: (mask.DATA, order.data),
        SYSTEM_DATA: (mask.SYSTEM_DATA, order.system_data),
        VARIATION_ID: (mask.VARIATION, order.variation),
    }
    replaced = {name: value for name, (path, value) in members.items() if path in order.replaced}
    if not replaced:
        return known
    return {name: value for name, value in {**members_of(known), **replaced}.items() if value is not None}


# How a schedule is answered.


def show(schedule: Schedule, around: Around) -> Json:
    """A schedule with all of its info."""
    return {**_resource(schedule), "info": _info(schedule, around)}


def show_briefly(schedule: Schedule) -> Json:
    """A schedule whose info is the number of its fires alone."""
    return {**_resource(schedule), "info": {"totalFires": schedule.progress.fires}}


def _resource(schedule: Schedule) -> Json:
    """A schedule without info. What is absent is left out; nothing is null."""
    lasting = schedule.state in (ScheduleState.PAUSED, ScheduleState.ARCHIVED)
    state = schedule.state if lasting else ScheduleState.ACTIVE
    metadata = metadata_of(SCHEDULE, schedule, schedule.labels)
    return {
        "metadata": {**metadata, "updatedAt": instant_text(schedule.updated_ms)},
        "spec": _spec(schedule, state),
        "state": _STATES.state(state),
    }


def _spec(schedule: Schedule, state: ScheduleState) -> Json:
    definition = schedule.definition
    message = message_in(definition.input)
    allow = definition.policies.overlap is Overlap.ALLOW
    spec: Json = {
        "initialMessage": message,
        "firstUserMessage": message,
        "schedule": {**rules_of(definition.timing), "timezone": definition.timing.zone},
        "overlapPolicy": "OVERLAP_POLICY_ALLOW" if allow else "OVERLAP_POLICY_SKIP",
        "status": _STATES.status(state),
        **data_shown(definition.input),
    }
    variation = members_of(definition.input).get(VARIATION_ID)
    return {**spec, "variationId": variation} if variation else spec


def _info(schedule: Schedule, around: Around) -> Json:
    progress = schedule.progress
    info: Json = {"totalFires": progress.fires}
    if schedule.created_by in around.makers:
        info["createdBy"] = profile_json(around.makers[schedule.created_by])
    if progress.last_fired_ms is not None:
        info["lastFireAt"] = instant_text(progress.last_fired_ms)
    if progress.last_fire_id is not None:
        info["lastObjectiveId"] = prefixed(OBJECTIVE, run_id(progress.last_fire_id))
    if progress.last_skip_ms is not None:
        info |= {"lastSkippedAt": instant_text(progress.last_skip_ms), "lastSkipReason": SKIPPED}
    if progress.next_slot is not None and schedule.state is ScheduleState.ACTIVE:
        info["nextFireAt"] = instant_text(progress.next_slot)
    return info
