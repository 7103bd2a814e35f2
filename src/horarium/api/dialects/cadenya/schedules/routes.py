"""The routes of schedules: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.dialects.cadenya.handlers import CadenyaHandlers, filter_text
from horarium.api.dialects.cadenya.operations import update, verbs
from horarium.api.dialects.cadenya.schedules import mask, wire
from horarium.api.dialects.cadenya.schedules.schemas import SCHEDULE_QUERY
from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.dialects.cadenya.wire import BUNDLE_LABEL, page_json
from horarium.api.kit import CHANGING, Dialect, Operation, Problems, Query, segment
from horarium.api.web import Answer, Handler, json_answer
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

EVERY = "/workspaces/{workspaceId}/agents/{agentId}/schedules"
ONE = EVERY + "/{id}"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of schedules."""
    of = Schedules(dialect, services)
    return (
        Operation("GET", EVERY, of.list, "List schedules", answer="Schedules", query=SCHEDULE_QUERY),
        Operation(
            "POST",
            EVERY,
            of.create,
            "Create a new schedule",
            answer="Schedule",
            body="ScheduleCreate",
            failures=CHANGING,
        ),
        *verbs(
            Operation,
            ONE,
            "Schedule",
            "a schedule",
            {verb: of.verb(order) for verb, order in wire.VERBS.items()},
        ),
        Operation("GET", ONE, of.get, "Get a schedule by ID", answer="Schedule"),
        update(Operation, ONE, "Schedule", "a schedule", of.update),
        Operation("DELETE", ONE, of.delete, "Delete a schedule", answer="Nothing"),
    )


class Schedules(CadenyaHandlers):
    """The schedules of an agent."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        agent = await self.agent(who, segment(request, "agentId"))
        query, bundle = Query(request), filter_text(request, "bundleKey")
        labels = _labels(filter_text(request, "labels") or "", query)
        page = self.page(who, query)
        listing = ScheduleListing(
            who.workspace_id,
            page.limit + 1,
            page.cursor,
            newest_first=page.newest_first,
            dialect=self.dialect.name,
            owner_id=agent.id,
            prefix=filter_text(request, "prefix"),
            search=filter_text(request, "query"),
            labels=(*labels, *([(BUNDLE_LABEL, bundle)] if bundle else ())),
            search_input=False,
        )
        found = await self.services.schedules.list(listing)
        total = await self.services.schedules.count(listing)
        if page.include_info:
            items = await self.shown(who, found)
        else:
            items = [wire.show_briefly(schedule) for schedule in found]
        ids = [schedule.id for schedule in found]
        return json_answer(200, page_json(items, ids, page.limit, total, found.ended_early))

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        agent = await self.agent(who, segment(request, "agentId"))
        who.require_target(agent.id, agent.name)
        fields = await self.fields(request)
        who.require_target(agent.id, agent.name)  # the body may have been on its way for long
        order = self.dialect.parse(fields, True)
        timing = wire.new_timing(order, Facts(self.now_ms()), fields.problems)
        fields.note(wire.agent_problems(order, agent, None))
        draft = wire.draft(order, who.workspace_id, who.principal_id, agent, fields.settled(timing))
        return await self._answer(who, await self.services.schedules.create(draft))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        _, schedule = await self._asked(request, who)
        return await self._answer(who, schedule)

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        agent, before = await self._asked(request, who)
        fields = await self.fields_and_mask(request)
        fields = mask.PATHS.changes(fields, await self.shown_alone(who, before))
        order = self.dialect.parse(fields, False)
        fields.note(wire.agent_problems(order, agent, before))
        changed = await self.change(who, before, order, Facts(self.now_ms()), fields.problems)
        return await self._answer(who, changed)

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:delete")
        _, schedule = await self._asked(request, who)
        await self.services.schedules.delete(who.workspace_id, schedule.id, within=who.restriction)
        return json_answer(200, {})

    def verb(self, order: Order) -> Handler:
        """A handler that carries out an order which no body tells."""

        async def handle(request: Request) -> Answer:
            who = await self.who(request, "schedules:write")
            _, before = await self._asked(request, who)
            changed = await self.change(who, before, order, Facts(self.now_ms()), Problems())
            return await self._answer(who, changed)

        return handle

    async def _asked(self, request: Request, who: Identity) -> tuple[Target, Schedule]:
        """The agent and its schedule that the path names. Raises NotFound."""
        agent = await self.agent(who, segment(request, "agentId"))
        return agent, await self.schedule_of(who, agent, segment(request, "id"))

    async def _answer(self, who: Identity, schedule: Schedule) -> Answer:
        return json_answer(200, await self.shown_alone(who, schedule))


def _labels(text: str, query: Query) -> Sequence[tuple[str, str]]:
    """The labels in `k=v,k2=v2`. What is wrong is noted in the query."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not name or not equals:
            query.wrong("labels", f"{part[:60]!r} is not of the form name=value")
        found.append((name, value))
    return found
