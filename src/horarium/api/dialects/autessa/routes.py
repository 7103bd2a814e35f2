"""The six routes of this dialect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request

from horarium.api.dialects.autessa import schemas
from horarium.api.dialects.autessa.actions import ACTIONS, Given, kept_environment, read_action, refuse_masks
from horarium.api.dialects.autessa.errors import (
    NAME_REQUIRED,
    NO_TARGET,
    EventNotFound,
    RequestRefused,
    no_permission,
    render,
)
from horarium.api.dialects.autessa.events import (
    DIALECT,
    EVENT,
    arn_of,
    event_id,
    event_json,
    extra_of,
    is_enabled,
    policies_of,
    redefined,
    switched,
    timing_of,
)
from horarium.api.kit import Fields, authenticate, read_json
from horarium.api.kit.unmoved import OldApp
from horarium.api.kit.writing import utc_text
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import Forbidden, Invalid, NotFound, Problem, Unavailable
from horarium.domain.ids import Id, from_prefixed, random_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.executors.sql import SqlExecutor
from horarium.service.checks import name_problems
from horarium.service.schedules import ScheduleDraft, has_passed, recurrence_problems
from horarium.service.services import Services
from horarium.times import RecurrenceError, Timing

MOST_EVENTS = 100_000
PASSED = "the time of this at() expression has passed; give one that lies ahead"


@dataclass(slots=True)
class Reading:
    """A body being read: its fields, and what is wrong with it and with who sends it."""

    who: Identity
    fields: Fields
    forbidden: list[str] = field(default_factory=list)

    def done(self) -> None:
        if self.forbidden or self.fields.problems:
            raise RequestRefused(self.forbidden, self.fields.problems)


class Events:
    """The routes; they hold nothing but the services."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def list_all(self, request: Request) -> Answer:
        reading = await self._read(request, "schedules:read", optional=True)
        listing = ScheduleListing(reading.who.workspace_id, MOST_EVENTS, newest_first=False, dialect=DIALECT)
        found = await self.services.schedules.list(listing)
        owned = [event_json(one) for one in found]
        return json_answer(200, {"ownedEvents": owned, "companySharedEvents": [], "sharedWithMeEvents": []})

    async def get(self, request: Request) -> Answer:
        reading = await self._read(request, "schedules:read")
        event = await self._event(reading)
        return json_answer(200, {"scheduledEvent": event_json(event), "permission": "ADMIN"})

    async def create(self, request: Request) -> Answer:
        reading = await self._read(request, "schedules:write")
        fields, now = reading.fields, self.services.clock.now_ms()
        name = _name(fields, required=True)
        description = fields.text("description")
        timing = self._timing(fields, now)
        enabled = fields.flag("enabled")
        given, target = await self._action(
            reading, fields.choice("actionType", tuple(ACTIONS), required=True)
        )
        reading.done()
        assert given is not None
        assert target is not None
        assert timing is not None
        new = random_id(now)
        draft = ScheduleDraft(
            workspace_id=reading.who.workspace_id,
            created_by=reading.who.principal_id,
            name=name or "",
            timing=timing,
            target_id=target.id,
            dialect=DIALECT,
            policies=policies_of(given),
            input=given.input,
            environment=self._sealed(given.environment, new),
            description=description,
            extra=extra_of(given),
            paused=enabled is False,
            id=new,
        )
        event = await self.services.schedules.create(draft)
        answer = {
            "scheduledEvent": event_json(event),
            "eventId": event_id(event.id),
            "scheduleArn": arn_of(event),
        }
        return json_answer(200, answer)

    async def update(self, request: Request) -> Answer:
        reading = await self._read(request, "schedules:write")
        event = await self._event(reading)
        fields, now = reading.fields, self.services.clock.now_ms()
        name = _name(fields, required="eventName" in fields.body and fields.body["eventName"] is not None)
        description = fields.text("description")
        timing = self._changed_timing(fields, event.definition.timing, now)
        given, target = await self._changed_action(reading, event)
        reading.done()

        def change(before: Schedule) -> Schedule:
            after = before if timing is None else redefined(before, timing=timing)
            if given is not None and target is not None:
                after = self._with_action(after, given, target, reading.who)
            after = after if name is None else replace(after, name=name)
            return after if description is None else replace(after, description=description)

        changed = await self.services.schedules.change(reading.who.workspace_id, event.id, change)
        return json_answer(200, {"scheduledEvent": event_json(changed)})

    async def toggle(self, request: Request) -> Answer:
        reading = await self._read(request, "schedules:write")
        on = reading.fields.flag("enabled", required=True)
        event = await self._event(reading)
        reading.done()
        now = self.services.clock.now_ms()

        def change(before: Schedule) -> Schedule:
            if on and not is_enabled(before) and has_passed(before.definition.timing, now):
                raise RequestRefused(invalid=[Problem("cronExpression", PASSED)])
            return switched(before, on is True)

        changed = await self.services.schedules.change(reading.who.workspace_id, event.id, change)
        return json_answer(200, {"eventId": event_id(changed.id), "enabled": is_enabled(changed)})

    async def delete(self, request: Request) -> Answer:
        reading = await self._read(request, "schedules:delete")
        event = await self._event(reading)
        deleted = await self.services.schedules.delete(reading.who.workspace_id, event.id)
        at = utc_text(deleted.deleted_ms or self.services.clock.now_ms())
        return json_answer(200, {"eventId": event_id(event.id), "deletedAt": at})

    async def _read(self, request: Request, scope: str, optional: bool = False) -> Reading:
        who = await authenticate(request, self.services, ("bearer", "raw"), scope)
        body = await read_json(request, self.services.settings.body_limit, optional)
        return Reading(who, Fields(body))

    async def _event(self, reading: Reading) -> Schedule:
        """The event that a body names. Raises RequestRefused where it names none, EventNotFound, Forbidden."""
        given = reading.fields.text("scheduledEventId", required=True)
        if given is None:
            reading.done()
        an_id = from_prefixed(EVENT, given or "")
        if an_id is None:
            raise EventNotFound
        try:
            found = await self.services.schedules.get(reading.who.workspace_id, an_id)
        except NotFound:
            raise await self._absence(reading.who, an_id) from None
        if found.dialect != DIALECT:
            raise EventNotFound
        return found

    async def _absence(self, who: Identity, an_id: Id) -> EventNotFound | Forbidden:
        """Which of the two kinds of absence it is: this product tells them apart."""
        whose = await self.services.schedules.whose(an_id)
        if whose is None or whose[1] != DIALECT or whose[2] or whose[0] == who.workspace_id:
            return EventNotFound()
        return Forbidden("another company's")

    def _timing(self, fields: Fields, now: int) -> Timing | None:
        """When a new event runs; None where that cannot be said, with the problems noted."""
        expression = fields.text("cronExpression", required=True)
        zone = fields.text("timezone") or "UTC"
        return None if expression is None else self._checked(fields, expression, zone, now)

    def _changed_timing(self, fields: Fields, before: Timing, now: int) -> Timing | None:
        """When a changed event runs; None where that stays. A rate counts anew only from a new expression."""
        expression = fields.text("cronExpression", required="cronExpression" in fields) or before.spec
        zone = fields.text("timezone") or before.zone
        if (expression, zone) == (before.spec, before.zone):
            return None
        timing = self._checked(fields, expression, zone, now)
        if timing is None or expression != before.spec:
            return timing
        return replace(timing, anchor=before.anchor)

    def _checked(self, fields: Fields, expression: str, zone: str, now: int) -> Timing | None:
        try:
            timing = timing_of(expression, zone, now)
            passed = has_passed(timing, now)
        except RecurrenceError as error:
            fields.problems += recurrence_problems(error, "cronExpression")
            self._check_zone(fields, zone)
            return None
        except Invalid as error:
            fields.problems += [_renamed(one) for one in error.problems]
            return None
        if passed:
            fields.wrong("cronExpression", PASSED)
        return timing

    def _check_zone(self, fields: Fields, zone: str) -> None:
        """The zone by itself, where the expression cannot be read."""
        try:
            has_passed(Timing("rate(1 day)", DIALECT, zone), 0)
        except Invalid as error:
            fields.problems += error.problems

    async def _changed_action(self, reading: Reading, event: Schedule) -> tuple[Given | None, Target | None]:
        """The action that an update gives; neither where it gives none."""
        known = str(event.extra.get("actionType", ""))
        kind = reading.fields.choice("actionType", tuple(ACTIONS)) or known
        if kind not in ACTIONS or (kind == known and ACTIONS[kind].config not in reading.fields):
            return None, None
        given, target = await self._action(reading, kind)
        if given is not None and target is not None and target.id != event.definition.target_id:
            refuse_masks(reading.fields, given)
        return given, target

    async def _action(self, reading: Reading, kind: str | None) -> tuple[Given | None, Target | None]:
        """What an event does and to which target, with everything that speaks against it noted."""
        if kind is None:
            return None, None
        given = read_action(reading.fields, kind)
        target = None
        if given.number is not None:
            target = await self._target(reading, given.number, given.action.kind)
        if target is not None and target.kind is TargetKind.TABLE and not reading.fields.problems:
            await self._check_operation(reading, target, given)
        if target is not None and not reading.fields.problems:
            place = f"{given.action.config}.{given.action.request}"
            reading.fields.problems += self.services.targets.check_input(target, given.input, place)
            reading.fields.problems += self.services.targets.check_environment(
                target, given.environment, f"{place}.environmentVariables"
            )
        return given, target

    async def _target(self, reading: Reading, number: int, kind: TargetKind) -> Target | None:
        """A target by its number alone, on which the caller holds a grant."""
        try:
            target = await self.services.targets.resolve(reading.who.workspace_id, number, {kind})
        except NotFound:
            reading.forbidden.append(NO_TARGET)
            return None
        if not reading.who.may_schedule(target.id):
            reading.forbidden.append(no_permission(kind.value, number))
            return None
        return target

    async def _check_operation(self, reading: Reading, target: Target, given: Given) -> None:
        """Hold a write against the table as it is now."""
        executor = self.services.executors.get(target.executor)
        if not isinstance(executor, SqlExecutor):
            return
        secrets = self.services.targets.secrets_of(target)
        for one in await executor.check_operation(target.workspace_id, target.config, secrets, given.input):
            if one.code == "unavailable":
                raise Unavailable(f"the table cannot be looked at now: {one.message}")
            reading.fields.wrong(f"autessaDbConfig.{one.field}".rstrip("."), one.message, one.code)

    def _with_action(self, before: Schedule, given: Given, target: Target, who: Identity) -> Schedule:
        """An event with another action. It answers for its target from now on who has just set it."""
        # Secrets stay with the target that they were given for.
        stored = before.definition.environment if before.definition.target_id == target.id else None
        known = {} if stored is None else self.services.vault.open(stored, before.id)
        environment = kept_environment(given, known)
        sealed = stored if environment == known else self._sealed(environment, before.id)
        after = redefined(
            before,
            target_id=target.id,
            input=given.input,
            policies=policies_of(given),
            environment=sealed,
        )
        return replace(after, extra=extra_of(given), created_by=who.principal_id)

    def _sealed(self, environment: Any, schedule_id: Id) -> bytes | None:
        return self.services.vault.seal(environment, schedule_id) if environment else None


def _name(fields: Fields, required: bool) -> str | None:
    """The event's name; the document has a text of its own for an absent or empty one."""
    given = fields.value("eventName", str, "a string")
    if required and (fields.body.get("eventName") is None or (given is not None and not given.strip())):
        fields.problems.append(Problem("", NAME_REQUIRED, "required"))
        return None
    if given is not None:
        fields.problems += name_problems("eventName", given)
    return str(given) if given is not None else None


def _renamed(problem: Problem) -> Problem:
    """A problem of a recurrence, under the name that it has here."""
    return replace(problem, field=problem.field.replace("recurrence", "cronExpression", 1))


def make(services: Services) -> OldApp:
    """The application of this dialect."""
    app = OldApp(
        title="Scheduled Events",
        description="Recurring or one-time events that run an agent, a tool or a table write. "
        "Mounted at /clients/scheduled-events.",
        render=render,
        schemas=schemas.SCHEMAS,
        security={"key": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        failure="Errors",
    )
    events = Events(services)
    for path, handler, summary, body, answer in (
        ("/all", events.list_all, "List all events", "Empty", "AllEvents"),
        ("/get", events.get, "Get a single event", "EventId", "OneEvent"),
        ("/create", events.create, "Create an event", "CreateEvent", "CreatedEvent"),
        ("/update", events.update, "Update an event", "UpdateEvent", "UpdatedEvent"),
        ("/toggle", events.toggle, "Enable or disable an event", "ToggleEvent", "ToggledEvent"),
        ("/delete", events.delete, "Delete an event", "EventId", "DeletedEvent"),
    ):
        app.route(
            "POST",
            path,
            handler,
            summary,
            tag="scheduled events",
            answer=answer,
            body=body,
            body_required=path != "/all",
            failures=(400, 401, 403, 404, 413, 429),
        )
    return app
