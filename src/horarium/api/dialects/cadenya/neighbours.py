"""What stands beside the schedules: agents, objectives, and what a client needs to find its way."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request

from horarium.api.dialects.cadenya.agents import agent_draft, on_the_wire
from horarium.api.dialects.cadenya.asking import Asking, objective_id, paged, text_asked
from horarium.api.dialects.cadenya.objectives import PHASES, events_json, objective_json
from horarium.api.dialects.cadenya.render import (
    account_json,
    agent_json,
    profile_json,
    workspace_json,
    workspace_metadata,
)
from horarium.api.dialects.cadenya.values import DIALECT
from horarium.api.kit import authenticate, read_json, segment
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import LOWEST_ID
from horarium.domain.listings import AgentListing, ObjectiveListing
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.target import TargetState
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

AGENT_STATES = {
    "STATE_UNSPECIFIED": None,
    "STATE_DRAFT": TargetState.DISABLED.value,
    "STATE_PUBLISHED": TargetState.ENABLED.value,
    "STATE_ARCHIVED": "archived",
}
OBJECTIVE_STATES: dict[str, str | None] = {
    "OBJECTIVE_STATE_UNSPECIFIED": None,
    **PHASES,
    "OBJECTIVE_STATE_WAITING": "waiting",
    "OBJECTIVE_STATE_INTERRUPTING": "interrupting",
}
"""The last two are known to clients and never come about here: a list of them is empty."""


class Neighbours:
    """Agents, objectives, and the caller's own account."""

    def __init__(self, services: Services) -> None:
        self.services, self.asking = services, Asking(services)
        self.objectives = services.objectives

    async def list_objectives(self, request: Request) -> Answer:
        who = await self.asking.who(request, "runs:read")
        page = self.asking.page(request, who)
        phase = _chosen(request, "OBJECTIVE_STATE_UNSPECIFIED", OBJECTIVE_STATES)
        listing = ObjectiveListing(
            who.workspace_id, DIALECT, page.limit + 1, page.cursor, page.newest_first, phase=phase
        )
        try:
            listing = await self._narrowed(request, who, listing)
        except NotFound:  # of what does not exist there are no objectives
            return json_answer(200, paged([], [], page, 0))
        found, around, total = await self.objectives.list(listing)
        items = [objective_json(one, around, page.include_info) for one in found]
        return json_answer(200, paged(items, [one.run.id for one in found], page, total))

    async def _narrowed(self, request: Request, who: Identity, listing: ObjectiveListing) -> ObjectiveListing:
        """The listing, narrowed to an agent and to a schedule where the query names them."""
        agent, schedule = text_asked(request, "agentId"), text_asked(request, "agentScheduleId")
        if agent is not None:
            listing = replace(listing, agent_id=(await self.asking.agent(who, agent)).id)
        if schedule is not None:
            found = await self.asking.schedule_filter(who, schedule, listing.agent_id)
            listing = replace(listing, schedule_id=found)
        return listing

    async def get_objective(self, request: Request) -> Answer:
        who = await self.asking.who(request, "runs:read")
        one, around = await self._objective(request, who)
        return json_answer(200, objective_json(one, around, full=True))

    async def list_events(self, request: Request) -> Answer:
        who = await self.asking.who(request, "runs:read")
        one, around = await self._objective(request, who)
        self.asking.page(request, who)
        events = events_json(one, around)
        order = request.query_params.get("sortOrder", "").lower()
        if order == "desc":  # a conversation is read from its start, unless asked otherwise
            events.reverse()
        return json_answer(200, {"items": events, "pagination": {"total": len(events)}})

    async def _objective(self, request: Request, who: Identity) -> tuple[Objective, ObjectiveContext]:
        return await self.objectives.get(who.workspace_id, DIALECT, objective_id(segment(request, "id")))

    async def list_agents(self, request: Request) -> Answer:
        who = await self.asking.who(request, "targets:read")
        page = self.asking.page(request, who)
        state = _chosen(request, "STATE_UNSPECIFIED", AGENT_STATES)
        listing = AgentListing(
            who.workspace_id,
            page.limit + 1,
            page.cursor,
            page.newest_first,
            state,
            text_asked(request, "prefix"),
            text_asked(request, "query"),
        )
        found, makers, total = await self.objectives.agents(listing)
        items = [agent_json(one, makers if page.include_info else None) for one in found]
        return json_answer(200, paged(items, [one.id for one in found], page, total))

    async def create_agent(self, request: Request) -> Answer:
        who = await self.asking.who(request, "targets:write")
        body = await read_json(request, self.services.settings.body_limit)
        draft = agent_draft(body, self.services.clock.now_ms())
        try:
            made = await self.services.targets.create(who, draft)
        except Invalid as error:
            raise on_the_wire(error) from None
        return json_answer(200, agent_json(made.target, {who.principal_id: who.principal}))

    async def get_agent(self, request: Request) -> Answer:
        who = await self.asking.who(request, "targets:read")
        agent = await self.asking.agent(who, segment(request, "id"))
        return json_answer(200, agent_json(agent, await self.objectives.makers([agent.created_by])))

    async def whoami(self, request: Request) -> Answer:
        who = await authenticate(request, self.services, ("bearer",))
        profile = profile_json(who.principal)
        return json_answer(
            200, {"profile": profile, "defaultWorkspace": workspace_metadata(who.workspace, who.principal)}
        )

    async def account(self, request: Request) -> Answer:
        who = await authenticate(request, self.services, ("bearer",))
        return json_answer(200, account_json(who.workspace, who.principal))

    async def workspaces(self, request: Request) -> Answer:
        who = await authenticate(request, self.services, ("bearer",))
        page = self.asking.page(request, who)
        found = await self.services.tenancy.list_workspaces(who, page.cursor or LOWEST_ID, page.limit + 1)
        items = [workspace_json(one, who.principal) for one in found.items]
        ids = [one.id for one in found.items]
        return json_answer(200, paged(items, ids, page))


def _chosen(request: Request, unspecified: str, among: dict[str, str | None]) -> str | None:
    """What the query's `state` stands for. Raises Invalid."""
    state = request.query_params.get("state") or unspecified
    if state not in among:
        raise Invalid(Problem("state", f"must be one of {', '.join(among)}"))
    return among[state]
