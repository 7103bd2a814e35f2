"""What autessa's bodies mean, and how events are written in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from horarium.api.dialects.autessa.actions import ACTIONS, TOOL, Action, parse_actions, request_in, type_for
from horarium.api.dialects.autessa.errors import NAME_REQUIRED
from horarium.api.kit import Around, Fields, Json, Problems, TimingNames, resolve_timing
from horarium.api.kit.writing import failure_of, outcome_word, utc_text
from horarium.domain.errors import Problem
from horarium.domain.fire import Fire
from horarium.domain.ids import Id, prefixed
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.run import Run
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.domain.target import MASK, Target
from horarium.service.checks import name_problems
from horarium.service.environments import EnvironmentService
from horarium.service.schedules import compiled, has_passed
from horarium.times import Timing

NAME = "autessa"

# Before the ids of events.
EVENT = "evt"

# Part of the names that look like those of a cloud's schedules.
REGION = "us-east-1"

PASSED = "the time of this at() expression has passed; give one that lies ahead"

_CRON = "cronExpression"
_TIMING = TimingNames(_CRON)


@dataclass(frozen=True, slots=True)
class Order:
    """An event as a body asks for it; None is left out. `actions` holds what the body says of each action, by type;
    `action_of` picks the one that counts."""

    name: str | None = None
    description: str | None = None
    cron: str | None = None
    timezone: str | None = None
    enabled: bool | None = None
    action_type: str | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """An action that an event gets, with its target and who sets it: they answer for the target from now on.
    `environments` seals its environment variables."""

    action: Action
    target: Target
    principal_id: Id
    environments: EnvironmentService


@dataclass(frozen=True, slots=True)
class Facts:
    """`assignment` is None where an order asks for no action, or where its target is not there. `taken_over_by` is who
    sends the action as it is shown: it stays, and they answer for the target from now on."""

    now_ms: int
    assignment: Assignment | None = None
    taken_over_by: Id | None = None


def parse(fields: Fields, new: bool) -> Order:
    """The order in a body."""
    return Order(
        name=_name(fields, new or "eventName" in fields),
        description=fields.text("description"),
        cron=fields.text(_CRON, required=new or _CRON in fields),
        timezone=fields.text("timezone"),
        enabled=fields.flag("enabled"),
        action_type=fields.choice("actionType", tuple(ACTIONS), required=new),
        actions=parse_actions(fields.body),
    )


def _name(fields: Fields, required: bool) -> str | None:
    """The event's name. The product has a text of its own for one that is missing or empty."""
    name: str | None = fields.value("eventName", str, "a string")
    if required and ("eventName" not in fields or (name is not None and not name.strip())):
        fields.note([Problem("", NAME_REQUIRED, "required")])
        return None
    if name is not None:
        fields.note(name_problems("eventName", name))
    return name


def action_of(order: Order, known_type: str = "") -> Action | None:
    """The action that an order asks for, of an event whose action is of `known_type`; None where that stays."""
    kind = order.action_type or known_type
    action = order.actions.get(kind)
    return None if action is None or (kind == known_type and not action.given) else action


def type_of(schedule: Schedule, target: Target | None) -> str:
    """The type of an event's action: by its target, which our own API may have replaced, else as it was given."""
    by_kind = None if target is None else type_for(target.kind)
    return by_kind or str(schedule.extra.get("actionType", ""))


def new_timing(order: Order, now_ms: int, problems: Problems) -> Timing | None:
    """The timing of a new event; None where the order has no expression, which is noted already."""
    if order.cron is None:
        return None
    return _ahead(Timing(order.cron, NAME, order.timezone or "UTC"), None, now_ms, problems)


def _changed_timing(known: Timing, order: Order, now_ms: int, problems: Problems) -> Timing:
    """The timing that a change leads to. A rate counts anew only from a new expression."""
    wanted = replace(known, spec=order.cron or known.spec, zone=order.timezone or known.zone)
    return known if wanted == known else _ahead(wanted, known, now_ms, problems)


def _ahead(wanted: Timing, known: Timing | None, now_ms: int, problems: Problems) -> Timing:
    """A timing, whose time must lie ahead if it has only one."""
    found = Problems()
    timing = resolve_timing(wanted, known, now_ms, _TIMING, found)
    if not found and has_passed(timing, now_ms):
        found.wrong(_CRON, PASSED)
    problems.extend(found)
    return timing


def edited(before: Schedule, order: Order, facts: Facts) -> Schedule:
    """An event as an order wants it: what is left out is kept. Raises Invalid."""
    problems, known, assignment = Problems(), before.definition, facts.assignment
    definition = replace(known, timing=_changed_timing(known.timing, order, facts.now_ms, problems))
    if (
        not problems
        and order.enabled
        and not is_enabled(before)
        and has_passed(definition.timing, facts.now_ms)
    ):
        problems.wrong(_CRON, PASSED)
    if assignment is not None:
        stored = assignment.environments.known(before, assignment.target.id)
        problems.extend(mask_problems(assignment.action, stored))
    problems.done()
    after = replace(before, created_by=facts.taken_over_by or before.created_by)
    if assignment is not None:
        action, target = assignment.action, assignment.target
        definition = replace(
            definition,
            target_id=target.id,
            input=action.input,
            policies=policies_of(action, known.policies),
            environment=assignment.environments.replaced(before, target.id, action.environment),
        )
        after = replace(after, extra=extra_of(action), created_by=assignment.principal_id)
    if definition != known:
        after = replace(after, definition=definition, state=_state_kept(before))
    after = replace(
        after,
        name=before.name if order.name is None else order.name,
        description=before.description if order.description is None else order.description,
    )
    return after if order.enabled in (None, is_enabled(before)) else _switched(after, order.enabled is True)


def mask_problems(action: Action, stored: Collection[str] = ()) -> Iterator[Problem]:
    """Asks for the secrets that *** does not stand for: `stored` names those that the event has for its target."""
    for name, value in action.environment.items():
        if value == MASK and name not in stored:
            words = (
                "is ***, which keeps a secret that is stored under this name for the same target, and none is; "
                "give the secret itself"
            )
            yield Problem(f"{action.names.place}.environmentVariables.{name}", words)


def _switched(schedule: Schedule, on: bool) -> Schedule:
    return replace(schedule, state=ScheduleState.ACTIVE if on else ScheduleState.PAUSED)


def _state_kept(before: Schedule) -> ScheduleState:
    """On or off as it was, also for an event that has run its only time and is off since."""
    off = before.state is ScheduleState.COMPLETED and not is_enabled(before)
    return ScheduleState.PAUSED if off else before.state


# Each fire stands alone.
POLICIES = Policies(overlap=Overlap.ALLOW)


def policies_of(action: Action, known: Policies = POLICIES) -> Policies:
    """The policies that an action asks for, on top of those that there are. Where errors are to be passed over, an
    attempt is not repeated."""
    if action.give_up_at_once == gives_up_at_once(known):
        return known
    return replace(known, retry=Retry(max_attempts=1) if action.give_up_at_once else POLICIES.retry)


def gives_up_at_once(policies: Policies) -> bool:
    """Whether an attempt that fails is not repeated."""
    return policies.retry.max_attempts == 1


def extra_of(action: Action) -> Json:
    """What only this dialect knows of an event."""
    return {"actionType": action.type, "config": dict(action.config)}


def sends_action_as_shown(given: Fields, changed: Fields, kind: str) -> bool:
    """Whether a body has the config of an action of this type, and has it as it is shown. `changed` are the fields
    that differ from what is shown."""
    names = ACTIONS.get(kind)
    return names is not None and names.config in given and names.config not in changed.body


def is_enabled(schedule: Schedule) -> bool:
    """Whether an event is on. One that has run its only time is off; one whose years are over stays as it was set."""
    if schedule.state is ScheduleState.COMPLETED:
        return not compiled(schedule.definition.timing).one_shot
    return schedule.state is ScheduleState.ACTIVE


def show(schedule: Schedule, around: Around) -> Json:
    """An event as it is answered. The values of its environment variables are never shown."""
    timing, progress, target = schedule.definition.timing, schedule.progress, around.target_of(schedule)
    shown: Json = {
        "eventId": event_id(schedule.id),
        "eventName": schedule.name,
        "description": schedule.description or "",
        _CRON: timing.spec,
        "timezone": timing.zone,
        "enabled": is_enabled(schedule),
        "actionType": type_of(schedule, target),
        "sharingLevel": "COMPANY",
        "companyPermissionLevel": "ADMIN",
    }
    shown |= _config(schedule, target)
    if progress.next_slot is not None and schedule.state is ScheduleState.ACTIVE:
        shown["nextRunAt"] = utc_text(progress.next_slot)
    if progress.last_fired_ms is not None:
        shown["lastRunAt"] = utc_text(progress.last_fired_ms)
    return shown


def _config(schedule: Schedule, target: Target | None) -> Json:
    """The config of an event's action, in the field that it has. What the target is given and how often it is tried
    are shown as they are stored, because our own API can change them. Only what can be read nowhere else is shown as
    it was given: the names of environment variables, and what was left out."""
    kind, definition = type_of(schedule, target), schedule.definition
    names = ACTIONS.get(kind)
    if names is None:
        return {}
    given = schedule.extra.get("config") or {} if schedule.extra.get("actionType") == kind else {}
    request = request_in(kind, definition.input)
    if target is not None:
        request[names.number] = target.number
    config = request
    if names.request is not None:
        asked = given.get(names.request) or {}
        if kind == TOOL and "variables" not in asked and request.get("variables") == {}:
            del request["variables"]
        if "environmentVariables" in asked:
            request["environmentVariables"] = asked["environmentVariables"]
        config = {names.request: request}
    gives_up = gives_up_at_once(definition.policies)
    if gives_up or "continueOnError" in given:
        config["continueOnError"] = gives_up
    return {names.config: config}


def outcome_json(fire: Fire, run: Run | None) -> Json:
    """How an event ran last: the fire, and its run if it is still kept. What is absent is left out."""
    shown: Json = {"status": outcome_word(fire.state)}
    if run is not None and run.started_ms is not None:
        shown["startedAt"] = utc_text(run.started_ms)
    if fire.finished_ms is not None:
        shown["finishedAt"] = utc_text(fire.finished_ms)
    if shown["status"] == "failed":
        shown["error"] = failure_of(fire, run)
    elif run is not None and run.error is not None:
        shown["error"] = run.error  # of the attempt before: the run is tried again
    return shown


def event_id(schedule_id: Id) -> str:
    """The id of an event."""
    return prefixed(EVENT, schedule_id)


def arn_of(schedule: Schedule) -> str:
    """A name in the form that the product gives out. It is made up, and always the same for one event."""
    digest = blake2b(schedule.workspace_id, digest_size=8).digest()
    account = int.from_bytes(digest, "big") % 10**12
    return f"arn:aws:scheduler:{REGION}:{account:012d}:schedule/default/{event_id(schedule.id)}"
