"""Routes of maintenance windows, of a workspace and of a schedule."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api import show
from horarium.api.drafts import window_draft
from horarium.api.fields import Query
from horarium.api.models import WindowBody, schema_of
from horarium.api.routes.base import ONCE, Routes, replayed
from horarium.api.routes.tenancy import workspace_id_in
from horarium.api.schedule_ids import ScheduleIds
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id, from_prefixed
from horarium.domain.tenancy import Identity
from horarium.service.pauses import ADMIN
from horarium.service.services import Services


class WorkspaceWindowRoutes(Routes):
    """`_place` is the workspace, and the schedule, whose windows a path names."""

    async def make(self, request: Request) -> Answer:
        who = await self.who(request, self.writes)
        place = await self._place(request, who)
        scope = f"window {b' '.join(one or b'' for one in place).hex()}"
        body, repeated = await self.body_once(request, who, scope)
        draft = window_draft(who, body, self.services.clock.now_ms())
        made, again = await self.services.windows.make_once(who, *place, draft, repeated)
        return json_answer(201, show.window(made), headers=replayed(again))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, self.reads)
        Query(request).done()
        found = await self.services.windows.list(who, *await self._place(request, who))
        return json_answer(200, {"items": [show.window(window) for window in found], "next_cursor": None})

    async def take_back(self, request: Request) -> Answer:
        who = await self.who(request, self.writes)
        place = await self._place(request, who)
        window = from_prefixed("win", request.path_params["window"])
        if window is None:
            raise NotFound("maintenance window")
        await self.services.windows.take_back(who, *place, window)
        return empty_answer()

    writes, reads = ADMIN, ADMIN

    async def _place(self, request: Request, who: Identity) -> tuple[Id, Id | None]:
        return workspace_id_in(request, who), None


class ScheduleWindowRoutes(WorkspaceWindowRoutes):
    writes, reads = "schedules:write", "schedules:read"

    def __init__(self, services: Services, ids: ScheduleIds) -> None:
        super().__init__(services)
        self.ids = ids

    async def _place(self, request: Request, who: Identity) -> tuple[Id, Id | None]:
        return who.workspace_id, await self.ids.in_path(who, request)


def add_routes(api: Api, services: Services, ids: ScheduleIds) -> None:
    body = schema_of(WindowBody)
    for routes, tag, path, whose in (
        (WorkspaceWindowRoutes(services), "workspaces", "/workspaces/{id}", "the workspace"),
        (ScheduleWindowRoutes(services, ids), "schedules", "/schedules/{id}", "the schedule"),
    ):
        words = f"Stop the clock of {whose} again and again, for a time: a maintenance window that recurs"
        api.add("POST", f"{path}/windows", routes.make, words, tag=tag, body=body, status=201, headers=ONCE)
        words = f"List the maintenance windows of {whose}"
        api.add("GET", f"{path}/windows", routes.list, words, tag=tag)
        words = f"Take back a maintenance window of {whose}; if it holds, it ends now"
        api.add("DELETE", f"{path}/windows/{{window}}", routes.take_back, words, tag=tag, status=204)
