"""The routes of agents and of their variations: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request

from horarium.api.dialects.cadenya.agents import paths, wire
from horarium.api.dialects.cadenya.agents.schemas import AGENT_QUERY
from horarium.api.dialects.cadenya.agents.wire import AgentOrder
from horarium.api.dialects.cadenya.handlers import CadenyaHandlers, filter_text
from horarium.api.dialects.cadenya.operations import update, verbs
from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.dialects.cadenya.schemas import PAGE_QUERY
from horarium.api.dialects.cadenya.wire import page_json
from horarium.api.kit import CHANGING, Dialect, Operation, Query, segment
from horarium.api.web import Answer, Handler, json_answer
from horarium.domain.errors import InUse, Invalid, NotFound
from horarium.domain.listings import AgentListing
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.domain.variations import variations_of
from horarium.service.services import Services
from horarium.service.targets import NewTarget

EVERY = "/workspaces/{workspaceId}/agents"
ONE = EVERY + "/{id}"
VARIATIONS = EVERY + "/{agentId}/variations"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of agents."""
    of = Agents(dialect, services)
    tagged = partial(Operation, tag="agents")
    create = partial(tagged, answer="Agent", body="AgentCreate", failures=CHANGING)
    return (
        tagged("GET", EVERY, of.list, "List agents", answer="Agents", query=AGENT_QUERY),
        create("POST", EVERY, of.create, "Create a new agent"),
        *verbs(
            tagged, ONE, "Agent", "an agent", {verb: of.verb(order) for verb, order in wire.VERBS.items()}
        ),
        tagged("GET", ONE, of.get, "Get an agent by ID", answer="Agent"),
        update(tagged, ONE, "Agent", "an agent", of.update),
        tagged("DELETE", ONE, of.delete, "Delete an agent", answer="Nothing"),
        tagged("GET", VARIATIONS, of.variations, "List variations", answer="Variations", query=PAGE_QUERY),
        tagged("GET", VARIATIONS + "/{id}", of.variation, "Get a variation by ID", answer="Variation"),
    )


class Agents(CadenyaHandlers):
    """The targets of kind agent."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        state = wire.STATES.asked(query)
        page = self.page(who, query)
        listing = AgentListing(
            who.workspace_id,
            page.limit + 1,
            page.cursor,
            page.newest_first,
            None if state is None else state.value,
            filter_text(request, "prefix"),
            filter_text(request, "query"),
        )
        found, makers, total = await self.services.objectives.agents(listing)
        items = [wire.show(agent, makers if page.include_info else {}) for agent in found]
        ids = [agent.id for agent in found]
        return json_answer(200, page_json(items, ids, page.limit, total, found.ended_early))

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        fields = await self.fields(request)
        order = wire.parse(fields, True, self.now_ms())
        fields.done()
        try:
            made = await self.services.targets.create(who, wire.draft(order))
        except Invalid as error:
            raise wire.renamed(error, order) from None
        return await self._answer(made)

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        return await self._answer(NewTarget(await self.agent(who, segment(request, "id")), None))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        agent = await self.agent(who, segment(request, "id"))
        fields = paths.PATHS.changes(await self.fields_and_mask(request), wire.show(agent, {}), paths.OWN)
        order = wire.parse(fields, False, self.now_ms())
        fields.done()
        return await self._answer(await self._edited(who, agent, order))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        agent = await self.agent(who, segment(request, "id"))
        try:
            await self.services.targets.delete(who, agent.id)
        except InUse as error:
            raise wire.in_use(error) from None
        return json_answer(200, {})

    def verb(self, order: AgentOrder) -> Handler:
        """A handler that carries out an order which no body tells."""

        async def handle(request: Request) -> Answer:
            who = await self.who(request, "targets:write")
            agent = await self.agent(who, segment(request, "id"))
            return await self._answer(await self._edited(who, agent, order))

        return handle

    async def variations(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        agent = await self.agent(who, segment(request, "agentId"))
        query = Query(request)
        page = self.page(who, query)
        variations = list(enumerate(variations_of(agent.extra, agent.id), 1))
        if (
            page.newest_first and query.text("sortOrder") is not None
        ):  # their order decides which one is the first
            variations.reverse()
        # A variation has no id that could be a cursor, so its number stands for it.
        beyond = int.from_bytes(page.cursor or b"")
        numbers = [number for number, _ in variations]
        begin = numbers.index(beyond) + 1 if beyond in numbers else 0
        found = variations[begin : begin + page.limit + 1]
        makers = await self.services.objectives.makers([agent.created_by] if page.include_info else [])
        items = [wire.variation_json(agent, variation, makers) for _, variation in found]
        ids = [number.to_bytes(16) for number, _ in found]
        return json_answer(200, page_json(items, ids, page.limit, len(variations)))

    async def variation(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        agent, wanted = await self.agent(who, segment(request, "agentId")), segment(request, "id")
        for variation in variations_of(agent.extra, agent.id):
            if variation.id == wanted:
                makers = await self.services.objectives.makers([agent.created_by])
                return json_answer(200, wire.variation_json(agent, variation, makers))
        raise NotFound("variation", wanted)

    async def _edited(self, who: Identity, agent: Target, order: AgentOrder) -> NewTarget:
        """The agent after an order. Raises Invalid, Conflict, Forbidden, NotFound."""
        try:
            return await self.services.targets.edit(who, agent.id, lambda before: wire.edited(before, order))
        except Invalid as error:
            raise wire.renamed(error, order) from None

    async def _answer(self, made: NewTarget) -> Answer:
        makers = await self.services.objectives.makers([made.target.created_by])
        return json_answer(200, wire.show(made.target, makers, made.signing_secret))
