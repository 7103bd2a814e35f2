"""uranus' routes: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.dialects.uranus import schemas, wire
from horarium.api.dialects.uranus.wire import Facts, Order
from horarium.api.kit import (
    CHANGING,
    Around,
    Dialect,
    Handlers,
    Operation,
    Problems,
    Query,
    own,
    segment,
)
from horarium.api.kit.writing import from_dashed
from horarium.api.web import Answer, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

EVERY, ONE = "/{id}/schedules", "/{id}/schedules/{scheduleId}"

# How many schedules a list without a limit answers.
MOST = 10_000

# How many executions a schedule is shown with.
EXECUTIONS = 50


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of this dialect."""
    of = Schedules(dialect, services)
    listed = {"status": schemas.STATUS, "type": schemas.TYPE, **schemas.WINDOW}
    return (
        Operation("GET", EVERY, of.list, "List schedules", answer="ScheduleList", query=listed),
        Operation(
            "POST",
            EVERY,
            of.create,
            "Create a schedule",
            status=201,
            body="NewSchedule",
            answer="Schedule",
            failures=CHANGING,
        ),
        Operation("GET", ONE, of.get, "Get a schedule", answer="ScheduleWithExecutions"),
        Operation(
            "PUT",
            ONE,
            of.update,
            "Change a schedule",
            body="ScheduleChange",
            answer="Schedule",
            failures=CHANGING,
        ),
        Operation("DELETE", ONE, of.delete, "Delete a schedule", status=204),
    )


class Schedules(Handlers[Order, Facts]):
    """The schedules of an agent."""

    async def list(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:read")
        query = Query(request)
        kind, state = query.choice("type", wire.TYPES), query.choice("status", wire.STATUSES)
        skip, limit = query.number("offset", 0, 0, 999_999_999), query.number("limit", MOST, 1, MOST)
        query.done()
        listing = ScheduleListing(
            who.workspace_id,
            limit,
            skip=skip,
            newest_first=False,
            dialect=self.dialect.name,
            owner_id=agent.id,
            state=state,
            recurrence=None if kind is None else wire.MEMBER_OF[kind],
        )
        return await self.listed(who, listing, "schedules")

    async def create(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:write")
        fields = await self.fields(request)
        order = self.dialect.parse(fields, True)
        timing = wire.new_timing(order, Facts(_zone(agent), None, self.now_ms()), fields.problems)
        callback = fields.settled(
            await self._callback(who, order.callback_type, order.callback_id, fields.problems)
        )
        draft = ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            order.name or "",
            fields.settled(timing),
            callback.id,
            self.dialect.name,
            wire.POLICIES,
            owner_id=agent.id,
            extra={"callback_type": callback.kind.value, "callback_id": str(order.callback_id)},
            paused=order.status == "paused",
        )
        made = await self.services.schedules.create(draft)
        return json_answer(201, await self.shown_alone(who, made))

    async def get(self, request: Request) -> Answer:
        # In this API a schedule is shown with its executions. So schedules:read shows them, for which our own API asks
        # for runs:read.
        who, agent = await self._agent(request, "schedules:read")
        found, fires = await self.services.schedules.latest_fires(
            who.workspace_id, _schedule_id(request), EXECUTIONS
        )
        schedule = own(found, self.dialect.name, agent.id)
        executions = [wire.execution_body(fire, run) for fire, run in fires]
        return json_answer(200, {**await self.shown_alone(who, schedule), "executions": executions})

    async def update(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:write")
        before = await self.schedule(who, _schedule_id(request), agent.id)
        fields = wire.changes(await self.fields(request), await self.shown_alone(who, before))
        order = self.dialect.parse(fields, False)
        callback = await self._new_callback(who, before, order, fields.problems)
        facts = Facts(_zone(agent), callback, self.now_ms())
        changed = await self.change(who, before, order, facts, fields.problems)
        return json_answer(200, await self.shown_alone(who, changed))

    async def delete(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:delete")
        found = await self.schedule(who, _schedule_id(request), agent.id)
        await self.services.schedules.delete(who.workspace_id, found.id, within=who.restriction)
        return empty_answer()

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        return await self.with_targets(who, schedules)

    async def _agent(self, request: Request, scope: str) -> tuple[Identity, Target]:
        """Who asks, and the agent in the path. Raises NotFound."""
        who = await self.who(request, scope)
        reference = segment(request, "id")
        try:
            agent = await self.services.targets.resolve(who.workspace_id, reference, (TargetKind.AGENT,))
        except NotFound:
            raise NotFound("agent", reference) from None
        return who, agent

    async def _callback(
        self, who: Identity, kind: str | None, reference: str | int | None, problems: Problems
    ) -> Target | None:
        """The target to call back, which must be of the kind."""
        if kind is None:
            return None
        missing = f"does not name a {kind} of this workspace"
        return await self.target(who, reference, (kind,), "callback_id", missing, problems)

    async def _new_callback(
        self, who: Identity, before: Schedule, order: Order, problems: Problems
    ) -> Target | None:
        """The target that a change asks for; None where it asks for none, or for the one that there is."""
        if order.callback_type is None and order.callback_id is None:
            return None
        known = (await self.with_targets(who, [before])).target_of(before)
        kind = order.callback_type or (known.kind.value if known else before.extra.get("callback_type"))
        current = wire.callback_of(before, known)
        reference = current if order.callback_id is None else order.callback_id
        if known is not None and kind == known.kind and str(reference) == current:
            return None
        return await self._callback(who, kind, reference, problems)


def _schedule_id(request: Request) -> Id:
    found = from_dashed("schedule", "sch", segment(request, "scheduleId"))
    if found is None:
        raise NotFound("schedule")
    return found


def _zone(agent: Target) -> str:
    """The zone in which the agent's cron expressions are read."""
    return str(agent.extra.get("calendar_timezone") or "UTC")
