"""Routes of the pauses of a workspace."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query
from horarium.api.models import (
    WorkspacePauseBody,
    WorkspaceResumeBody,
    catch_up_in,
    cleared_in,
    schema_of,
    validated,
)
from horarium.api.routes.base import CURSOR, LIMIT, Routes, position_of
from horarium.api.routes.tenancy import workspace_id_in
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import from_prefixed
from horarium.service.pauses import ADMIN
from horarium.service.services import Services

# A position in the list: the beginning of a pause in 8 bytes, and its id.
_POSITION = (24,)


class PauseRoutes(Routes):
    async def pause(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        body = validated(WorkspacePauseBody, await self.body_or_nothing(request))
        found = await self.services.pauses.pause(
            who,
            workspace_id_in(request, who),
            body.note,
            body.until,
            catch_up_in(body),
            body.from_,
            cleared_in(body),
        )
        return json_answer(200, show.pause(found))

    async def take_back(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        pause = from_prefixed("pau", request.path_params["pause"])
        if pause is None:
            raise NotFound("planned pause")
        await self.services.pauses.take_back(who, workspace_id_in(request, who), pause)
        return empty_answer()

    async def resume(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        body = validated(WorkspaceResumeBody, await self.body_or_nothing(request))
        found = await self.services.pauses.resume(who, workspace_id_in(request, who), catch_up_in(body))
        return json_answer(200, show.pause(found))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        query = Query(request)
        limit, position = query.limit(), position_of(request, _POSITION)
        query.done()
        after = None if position is None else (int.from_bytes(position[:8], "big", signed=True), position[8:])
        found = await self.services.pauses.page(who, workspace_id_in(request, who), limit, after)
        return json_answer(200, show.page(found, show.pause))


def add_routes(api: Api, services: Services) -> None:
    routes, tag, of_workspace = PauseRoutes(services), "workspaces", "/workspaces/{id}"
    words = "Stop the clock of all its schedules, now or later, until it is resumed or until an instant"
    pause, resume = schema_of(WorkspacePauseBody), schema_of(WorkspaceResumeBody)
    api.add("POST", f"{of_workspace}/pause", routes.pause, words, tag=tag, body=pause, optional_body=True)
    words = "Let the clock of its schedules go on from now"
    api.add("POST", f"{of_workspace}/resume", routes.resume, words, tag=tag, body=resume, optional_body=True)
    words = "Take back a pause that is planned and has not begun"
    api.add("DELETE", f"{of_workspace}/pauses/{{pause}}", routes.take_back, words, tag=tag, status=204)
    paged = {"limit": LIMIT, "cursor": CURSOR}
    words = "List its pauses, those that began last first"
    api.add("GET", f"{of_workspace}/pauses", routes.list, words, tag=tag, query=paged)
