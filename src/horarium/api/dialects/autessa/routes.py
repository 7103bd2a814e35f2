"""autessa's six routes: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace

from starlette.requests import Request

from horarium.api.dialects.autessa import wire
from horarium.api.dialects.autessa.actions import Action
from horarium.api.dialects.autessa.errors import FORBIDDEN, NO_TARGET, NOT_YOURS, no_permission
from horarium.api.dialects.autessa.wire import Assignment, Facts, Order
from horarium.api.kit import Around, Dialect, Fields, Handlers, Json, Operation, Problems
from horarium.api.kit.writing import utc_text
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import Forbidden, Invalid, NotFound, Problem
from horarium.domain.ids import Id, from_prefixed, random_id, run_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Definition, Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

# How many events a list answers.
MOST_EVENTS = 100_000

FAILURES = (400, 401, 403, 404, 413, 429)


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of this dialect."""
    of = Events(dialect, services)
    return tuple(
        Operation(
            "POST",
            path,
            handler,
            summary,
            tag="scheduled events",
            answer=answer,
            body=body,
            body_required=path != "/all",
            failures=FAILURES,
        )
        for path, handler, summary, body, answer in (
            ("/all", of.list, "List all events", "Empty", "AllEvents"),
            ("/get", of.get, "Get a single event", "EventId", "OneEvent"),
            ("/create", of.create, "Create an event", "CreateEvent", "CreatedEvent"),
            ("/update", of.update, "Update an event", "UpdateEvent", "UpdatedEvent"),
            ("/toggle", of.toggle, "Enable or disable an event", "ToggleEvent", "ToggledEvent"),
            ("/delete", of.delete, "Delete an event", "EventId", "DeletedEvent"),
        )
    )


class Events(Handlers[Order, Facts]):
    """The scheduled events of a company, which is a workspace."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        await self.fields(request, optional=True)
        listing = ScheduleListing(
            who.workspace_id, MOST_EVENTS, newest_first=False, dialect=self.dialect.name
        )
        nobody_shares: Json = {"companySharedEvents": [], "sharedWithMeEvents": []}
        return await self.listed(who, listing, "ownedEvents", nobody_shares)

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        event = await self._event(who, await self.fields(request))
        shown = {**await self.shown_alone(who, event), **await self._last_outcome(who, event)}
        return json_answer(200, {"scheduledEvent": shown, "permission": "ADMIN"})

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        fields = await self.fields(request)
        order, now = self.dialect.parse(fields, True), self.now_ms()
        timing = wire.new_timing(order, now, fields.problems)
        given = await self._assignment(who, wire.action_of(order), fields.problems)
        if given is not None:
            fields.note(wire.mask_problems(given.action))
        assignment = fields.settled(given)
        action, event_id = assignment.action, random_id(now)
        draft = ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            fields.settled(order.name),
            fields.settled(timing),
            assignment.target.id,
            self.dialect.name,
            wire.policies_of(action),
            input=action.input,
            environment=self.services.environments.seal(action.environment, event_id),
            description=order.description,
            extra=wire.extra_of(action),
            paused=order.enabled is False,
            id=event_id,
        )
        event = await self.services.schedules.create(draft)
        answer = {
            "scheduledEvent": await self.shown_alone(who, event),
            "eventId": wire.event_id(event.id),
            "scheduleArn": wire.arn_of(event),
        }
        return json_answer(200, answer)

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        fields = await self.fields(request)
        before = await self._event(who, fields)
        around = await self.with_targets(who, [before])
        target = around.target_of(before)
        kind, given = wire.type_of(before, target), fields
        fields = fields.without_same_as(self.dialect.show(before, around))
        order = self.dialect.parse(fields, False)
        action = wire.action_of(order, kind)
        assignment = await self._assignment(who, action, fields.problems, before.definition)
        facts = Facts(self.now_ms(), assignment)
        if action is None and target is not None and wire.sends_action_as_shown(given, fields, kind):
            self._require_grant(who, target, fields.problems)
            facts = replace(facts, taken_over_by=who.principal_id)
        changed = await self._permitted(who, before, self.change(who, before, order, facts, fields.problems))
        return json_answer(200, {"scheduledEvent": await self.shown_alone(who, changed)})

    async def toggle(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        fields = await self.fields(request)
        order = Order(enabled=fields.flag("enabled", required=True))
        before = await self._event(who, fields)
        facts = Facts(self.now_ms())
        changed = await self._permitted(who, before, self.change(who, before, order, facts, fields.problems))
        answer = {"eventId": wire.event_id(changed.id), "enabled": wire.is_enabled(changed)}
        return json_answer(200, answer)

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:delete")
        event = await self._event(who, await self.fields(request))
        deleting = self.services.schedules.delete(who.workspace_id, event.id, within=who.restriction)
        deleted = await self._permitted(who, event, deleting)
        at = utc_text(deleted.deleted_ms or self.now_ms())
        return json_answer(200, {"eventId": wire.event_id(event.id), "deletedAt": at})

    async def _last_outcome(self, who: Identity, event: Schedule) -> Json:
        """How the event ran last, as a field to add to it; nothing where it has not run, or that is forgotten."""
        fire_id = event.progress.last_fire_id
        if fire_id is None:
            return {}
        try:
            fire = await self.services.schedules.fire(who.workspace_id, fire_id)
        except NotFound:
            return {}
        try:
            run, _ = await self.services.runs.get(who.workspace_id, run_id(fire_id))
        except NotFound:
            return {"lastOutcome": wire.outcome_json(fire, None)}
        return {"lastOutcome": wire.outcome_json(fire, run)}

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        return await self.with_targets(who, schedules)

    async def _event(self, who: Identity, fields: Fields) -> Schedule:
        """The event that a body names. Raises NotFound, and Invalid where it names none or one of another company.

        The contract of this API asks for 403 where the event is another company's. So whoever knows the id of an
        event learns that it exists, and nothing else about it. Ids have 74 random bits, so nobody can try them all.
        """
        given = fields.text("scheduledEventId", required=True)
        if given is None:
            fields.done()
        event_id = from_prefixed(wire.EVENT, given or "")
        try:
            return await self.schedule(who, event_id)
        except NotFound:
            if event_id is not None and await self._is_anothers(event_id):
                raise Invalid(Problem("", NOT_YOURS, FORBIDDEN)) from None
            raise

    async def _is_anothers(self, event_id: Id) -> bool:
        """Whether an event that this company does not have is another's: this product tells that apart from one that
        does not exist."""
        whose = await self.services.schedules.whose(event_id)
        if whose is None:
            return False
        _, dialect, deleted = whose
        return dialect == self.dialect.name and not deleted

    async def _assignment(
        self,
        who: Identity,
        action: Action | None,
        problems: Problems,
        before: Definition | None = None,
    ) -> Assignment | None:
        """An action with its target, once nothing speaks against it. What does is noted. `before` is the definition
        that the action changes."""
        if action is None:
            return None
        problems.extend(action.problems)
        if action.number is None:
            return None
        target = await self._target(who, action.number, action.names.kind, problems)
        if target is None:
            return None
        if not problems and target.kind is TargetKind.TABLE:
            problems.extend(await self.services.targets.check_write(target, action.input, action.names.place))
        if not problems:
            targets, place = self.services.targets, action.names.place
            problems.extend(targets.check_input(target, action.input, place, before))
            problems.extend(
                targets.check_environment(target, action.environment, f"{place}.environmentVariables")
            )
        return Assignment(action, target, who.principal_id, self.services.environments)

    async def _target(
        self, who: Identity, number: int, kind: TargetKind, problems: Problems
    ) -> Target | None:
        """The target of a kind with a number, on which the caller must hold a grant."""
        try:
            target = await self.services.targets.resolve(who.workspace_id, number, (kind,))
        except NotFound:
            problems.insert(0, Problem("", NO_TARGET, FORBIDDEN))
            return None
        return target if self._require_grant(who, target, problems) else None

    async def _permitted(self, who: Identity, event: Schedule, doing: Awaitable[Schedule]) -> Schedule:
        """What a use case makes of an event. Where the caller may not touch what the event runs, this product tells
        that in a text of its own: raises Invalid then."""
        try:
            return await doing
        except Forbidden:
            target, problems = (await self.with_targets(who, [event])).target_of(event), Problems()
            if target is None or self._require_grant(who, target, problems):
                raise
            raise Invalid(problems) from None

    @staticmethod
    def _require_grant(who: Identity, target: Target, problems: Problems) -> bool:
        """Whether the caller may schedule a target; if not, that is noted."""
        if who.may_schedule(target.id):
            return True
        problems.insert(0, Problem("", no_permission(target.kind.value, target.number), FORBIDDEN))
        return False
