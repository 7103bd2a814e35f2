"""The routes of objectives: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from starlette.requests import Request

from horarium.api.dialects.cadenya.handlers import EXTERNAL, CadenyaHandlers, filter_text
from horarium.api.dialects.cadenya.objectives import wire
from horarium.api.dialects.cadenya.objectives.schemas import OBJECTIVE_QUERY
from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.dialects.cadenya.wire import OBJECTIVE, SCHEDULE, page_json
from horarium.api.kit import Dialect, Operation, Query, segment
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id, from_prefixed
from horarium.domain.listings import ObjectiveListing
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

EVERY = "/workspaces/{workspaceId}/objectives"
ONE = EVERY + "/{id}"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of objectives."""
    of = Objectives(dialect, services)
    reading = partial(Operation, "GET", tag="objectives")
    return (
        reading(EVERY, of.list, "List objectives", answer="Objectives", query=OBJECTIVE_QUERY),
        reading(ONE, of.get, "Get an objective by ID", answer="Objective"),
        reading(f"{ONE}/events", of.events, "List objective events", answer="Events"),
    )


class Objectives(CadenyaHandlers):
    """What the fires of the schedules created."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        query = Query(request)
        state = query.choice("state", tuple(wire.PHASES))
        page = self.page(who, query)
        listing = ObjectiveListing(
            who.workspace_id,
            self.dialect.name,
            page.limit + 1,
            page.cursor,
            page.newest_first,
            phase=None if state is None else wire.PHASES[state],
        )
        try:
            listing = await self._narrowed(request, who, listing)
        except NotFound:  # of what does not exist there are no objectives
            return json_answer(200, page_json([], [], page.limit, 0))
        found, context, total = await self.services.objectives.list(listing)
        items = [wire.show(objective, context, page.include_info) for objective in found]
        ids = [objective.run.id for objective in found]
        return json_answer(200, page_json(items, ids, page.limit, total, found.ended_early))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        objective, context = await self._asked(request, who)
        return json_answer(200, wire.show(objective, context, full=True))

    async def events(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        objective, context = await self._asked(request, who)
        query = Query(request)
        newest_first = self.page(who, query).newest_first and query.text("sortOrder") is not None
        events = wire.events(objective, context)
        if newest_first:  # a conversation is read from its start, unless the query says otherwise
            events.reverse()
        return json_answer(200, {"items": events, "pagination": {"total": len(events)}})

    async def _asked(self, request: Request, who: Identity) -> tuple[Objective, ObjectiveContext]:
        """The objective that the path names. Raises NotFound."""
        reference = segment(request, "id")
        run = from_prefixed(OBJECTIVE, reference)
        if run is None:
            raise NotFound("objective", reference)
        return await self.services.objectives.get(who.workspace_id, self.dialect.name, run)

    async def _narrowed(self, request: Request, who: Identity, listing: ObjectiveListing) -> ObjectiveListing:
        """The listing, narrowed to an agent and to a schedule where the query names them. Raises NotFound."""
        agent, schedule = filter_text(request, "agentId"), filter_text(request, "agentScheduleId")
        if agent is not None:
            listing = replace(listing, agent_id=(await self.agent(who, agent)).id)
        if schedule is not None:
            listing = replace(listing, schedule_id=await self._schedule_id(who, schedule, listing.agent_id))
        return listing

    async def _schedule_id(self, who: Identity, reference: str, agent_id: Id | None) -> Id:
        """The id of a schedule. A deleted schedule is still named by its id, and a key names one only together with
        the agent. Raises NotFound."""
        if reference.startswith(EXTERNAL) and agent_id is not None:
            known = await self.schedule_with_key(who, agent_id, reference)
            found = None if known is None else known.id
        else:
            found = from_prefixed(SCHEDULE, reference)
        if found is None:
            raise NotFound("schedule", reference)
        return found
