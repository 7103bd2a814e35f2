"""The routes of agents: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request

from horarium.api.dialects.cadenya.agents import wire
from horarium.api.dialects.cadenya.agents.schemas import AGENT_QUERY
from horarium.api.dialects.cadenya.handlers import CadenyaHandlers, filter_text
from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.dialects.cadenya.wire import page_json
from horarium.api.kit import CHANGING, Dialect, Operation, Query, segment
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import Invalid
from horarium.domain.listings import AgentListing
from horarium.service.services import Services

EVERY = "/workspaces/{workspaceId}/agents"
ONE = EVERY + "/{id}"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of agents."""
    of = Agents(dialect, services)
    tagged = partial(Operation, tag="agents")
    create = partial(tagged, answer="Agent", body="AgentCreate", failures=CHANGING)
    return (
        tagged("GET", EVERY, of.list, "List agents", answer="Agents", query=AGENT_QUERY),
        create("POST", EVERY, of.create, "Create a new agent"),
        tagged("GET", ONE, of.get, "Get an agent by ID", answer="Agent"),
    )


class Agents(CadenyaHandlers):
    """The targets of kind agent."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        state = query.choice("state", tuple(wire.STATES))
        page = self.page(who, query)
        listing = AgentListing(
            who.workspace_id,
            page.limit + 1,
            page.cursor,
            page.newest_first,
            None if state is None else wire.STATES[state],
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
        draft = wire.parse(fields, self.now_ms())
        fields.done()
        try:
            made = await self.services.targets.create(who, draft)
        except Invalid as error:
            raise wire.renamed(error) from None
        return json_answer(200, wire.show(made.target, {who.principal_id: who.principal}))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        agent = await self.agent(who, segment(request, "id"))
        return json_answer(200, wire.show(agent, await self.services.objectives.makers([agent.created_by])))
