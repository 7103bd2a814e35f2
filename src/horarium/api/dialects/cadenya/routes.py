"""The routes of this dialect. Paths are matched while still quoted, so that an id may hold any character."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from horarium.api.dialects.cadenya import schemas
from horarium.api.dialects.cadenya.asking import Asking, labels_asked, paged, text_asked
from horarium.api.dialects.cadenya.errors import render
from horarium.api.dialects.cadenya.neighbours import Neighbours
from horarium.api.dialects.cadenya.reading import EVERYTHING, ScheduleReader, agent_problems, masked
from horarium.api.dialects.cadenya.render import schedule_json
from horarium.api.dialects.cadenya.values import (
    BUNDLE_LABEL,
    DIALECT,
    Wanted,
    archived,
    changed,
    draft_of,
    paused,
    resumed,
    wanted_of,
)
from horarium.api.kit import Fields, read_json, segment
from horarium.api.kit.unmoved import OldApp
from horarium.api.web import Answer, Handler, json_answer
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.service.services import Services

AGENTS = "/workspaces/{workspaceId}/agents"
SCHEDULES = AGENTS + "/{agentId}/schedules"
OBJECTIVES = "/workspaces/{workspaceId}/objectives"


class Schedules:
    """The schedules of an agent."""

    def __init__(self, services: Services) -> None:
        self.services, self.asking = services, Asking(services)
        self.objectives = services.objectives

    async def list(self, request: Request) -> Answer:
        who = await self.asking.who(request, "schedules:read")
        agent = await self.asking.agent(who, segment(request, "agentId"))
        page = self.asking.page(request, who)
        labels = labels_asked(request.query_params.get("labels", ""))
        bundle = text_asked(request, "bundleKey")
        listing = ScheduleListing(
            who.workspace_id,
            page.limit + 1,
            page.cursor,
            newest_first=page.newest_first,
            dialect=DIALECT,
            owner_id=agent.id,
            prefix=text_asked(request, "prefix"),
            search=text_asked(request, "query"),
            labels=labels + (((BUNDLE_LABEL, bundle),) if bundle else ()),
            search_input=False,
        )
        found = await self.services.schedules.list(listing)
        total = await self.services.schedules.count(listing)
        makers = None
        if page.include_info:
            makers = await self.objectives.makers([schedule.created_by for schedule in found])
        items = [schedule_json(one, makers) for one in found]
        return json_answer(200, paged(items, [one.id for one in found], page, total))

    async def create(self, request: Request) -> Answer:
        who = await self.asking.who(request, "schedules:write")
        agent = await self.asking.agent(who, segment(request, "agentId"))
        who.require_target(agent.id, agent.name)
        reader = ScheduleReader(await read_json(request, self.services.settings.body_limit))
        wanted, taken = reader.read(Wanted(), EVERYTHING)
        reader.problems += agent_problems(self.services.targets, agent, wanted, taken)
        reader.done()
        return await self._answer(await self.services.schedules.create(draft_of(wanted, who, agent)))

    async def get(self, request: Request) -> Answer:
        who = await self.asking.who(request, "schedules:read")
        return await self._answer((await self.asking.schedule(request, who))[1])

    async def update(self, request: Request) -> Answer:
        who = await self.asking.who(request, "schedules:write")
        agent, schedule = await self.asking.schedule(request, who)
        body = await read_json(request, self.services.settings.body_limit, optional=True)
        fields = Fields(body)
        given = fields.text("updateMask") or request.query_params.get("updateMask", "")
        fields.done()
        mask = masked(given)
        reader = ScheduleReader(body, mask)
        paths = mask or reader.present()
        reader.done()

        def change(before: Schedule) -> Schedule:
            reader.problems.clear()
            wanted, taken = reader.read(wanted_of(before), paths)
            reader.problems += agent_problems(self.services.targets, agent, wanted, taken)
            reader.done()
            return changed(before, wanted)

        return await self._answer(await self.services.schedules.change(who.workspace_id, schedule.id, change))

    async def delete(self, request: Request) -> Answer:
        who = await self.asking.who(request, "schedules:delete")
        _, schedule = await self.asking.schedule(request, who)
        await self.services.schedules.delete(who.workspace_id, schedule.id)
        return json_answer(200, {})

    def verb(self, change: Callable[[Schedule], Schedule]) -> Handler:
        """A handler that applies a change without a body."""

        async def handle(request: Request) -> Answer:
            who = await self.asking.who(request, "schedules:write")
            _, schedule = await self.asking.schedule(request, who)
            return await self._answer(
                await self.services.schedules.change(who.workspace_id, schedule.id, change)
            )

        return handle

    async def _answer(self, schedule: Schedule) -> Answer:
        return json_answer(200, schedule_json(schedule, await self.objectives.makers([schedule.created_by])))


def make(services: Services) -> OldApp:
    """The application of this dialect."""
    app = OldApp(
        splits_path=True,
        title="Agent schedules",
        description="Schedules of agents; each fire creates an objective. Mounted at /v1.",
        render=render,
        schemas=schemas.SCHEMAS,
        security={"key": {"type": "http", "scheme": "bearer"}},
        failure="Status",
    )
    _add_schedules(app, Schedules(services))
    _add_neighbours(app, Neighbours(services))
    return app


def _add_schedules(app: OldApp, routes: Schedules) -> None:
    one = SCHEDULES + "/{id}"
    app.route(
        "GET", SCHEDULES, routes.list, "List schedules", answer="Schedules", query=schemas.SCHEDULE_QUERY
    )
    app.route(
        "POST",
        SCHEDULES,
        routes.create,
        "Create a new schedule",
        answer="Schedule",
        body="ScheduleCreate",
        failures=(400, 401, 403, 404, 409, 413, 429),
    )
    for verb, change in (("pause", paused), ("resume", resumed), ("archive", archived)):
        app.route(
            "POST",
            f"{one}:{verb}",
            routes.verb(change),
            f"{verb.capitalize()} a schedule",
            answer="Schedule",
            failures=(400, 401, 403, 404, 409, 429),
        )
    app.route("GET", one, routes.get, "Get a schedule by ID", answer="Schedule")
    app.route(
        "PATCH",
        one,
        routes.update,
        "Update a schedule",
        answer="Schedule",
        body="ScheduleUpdate",
        body_required=False,
        query={"updateMask": schemas.TEXT},
        failures=(400, 401, 403, 404, 409, 413, 429),
    )
    app.route("DELETE", one, routes.delete, "Delete a schedule", answer="Nothing")


def _add_neighbours(app: OldApp, routes: Neighbours) -> None:
    for path, handler, summary, answer, query in (
        (OBJECTIVES, routes.list_objectives, "List objectives", "Objectives", schemas.OBJECTIVE_QUERY),
        (OBJECTIVES + "/{id}", routes.get_objective, "Get an objective by ID", "Objective", None),
        (OBJECTIVES + "/{id}/events", routes.list_events, "List objective events", "Events", None),
        (AGENTS, routes.list_agents, "List agents", "Agents", schemas.AGENT_QUERY),
        (AGENTS + "/{id}", routes.get_agent, "Get an agent by ID", "Agent", None),
        ("/whoami", routes.whoami, "Who the key belongs to", "Whoami", None),
        ("/account", routes.account, "The account", "Account", None),
        ("/workspaces", routes.workspaces, "List workspaces", "Workspaces", schemas.PAGE_QUERY),
    ):
        app.route("GET", path, handler, summary, tag="neighbours", answer=answer, query=query)
    app.route(
        "POST",
        AGENTS,
        routes.create_agent,
        "Create a new agent",
        tag="neighbours",
        answer="Agent",
        body="AgentCreate",
        failures=(400, 401, 403, 404, 409, 413, 429),
    )
