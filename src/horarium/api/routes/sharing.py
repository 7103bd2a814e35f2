"""Routes of sharing: targets and sources of audiences of one workspace are used in others."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query, path_id
from horarium.api.models import ShareBody, SourceShareBody, schema_of, validated
from horarium.api.routes.base import CURSOR, LIMIT, Routes, cursor_of
from horarium.api.routes.targets import TargetRoutes
from horarium.api.unknown import OwnApi
from horarium.api.web import Answer, empty_answer, json_answer
from horarium.domain.ids import Id
from horarium.domain.tenancy import SERVER_SCOPE
from horarium.service.services import Services


class SharingRoutes(TargetRoutes):
    async def share(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        body = validated(ShareBody, await self.body_or_nothing(request))
        target, borrower = await self._named(who, request), _workspace(request)
        found, new = await self.services.sharing.share_target(who, target, borrower, body.key)
        return json_answer(201 if new else 200, show.share(found))

    async def shares(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        limit, after = query.limit(), cursor_of(request)
        query.done()
        target = await self._named(who, request)
        found = await self.services.sharing.page_of_target(who, target.id, after, limit)
        return json_answer(200, show.page(found, show.share))

    async def unshare(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        target, borrower = await self._named(who, request), _workspace(request)
        await self.services.sharing.end_target(who, target.id, borrower)
        return empty_answer()


class SourceSharingRoutes(Routes):
    async def share(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        body = validated(SourceShareBody, await self.body_or_nothing(request))
        sharing = self.services.sharing
        found, new = await sharing.share_source(who, _name(request), _workspace(request), body.name)
        return json_answer(201 if new else 200, show.source_share(found))

    async def shares(self, request: Request) -> Answer:
        who = await self.who(request, "directory:read")
        query = Query(request)
        limit, after = query.limit(), cursor_of(request)
        query.done()
        found = await self.services.sharing.page_of_source(who, _name(request), after, limit)
        return json_answer(200, show.page(found, show.source_share))

    async def unshare(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        await self.services.sharing.end_source(who, _name(request), _workspace(request))
        return empty_answer()


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _workspace(request: Request) -> Id:
    return path_id(request, "ws", "workspace", "workspace")


def add_routes(api: OwnApi, services: Services) -> None:
    routes, tag, place = SharingRoutes(services), "targets", "/targets/{ref}/shares"
    query = {"limit": LIMIT, "cursor": CURSOR}
    api.add(
        "GET", place, routes.shares, "List the workspaces with which a target is shared", tag=tag, query=query
    )
    one = f"{place}/{{workspace}}"
    words = "Share a target with another workspace (workspaces:admin)"
    api.add("PUT", one, routes.share, words, tag=tag, body=schema_of(ShareBody), optional_body=True)
    words = "Share a target with a workspace no longer (workspaces:admin)"
    api.add("DELETE", one, routes.unshare, words, tag=tag, status=204)
    sources, tag, place = SourceSharingRoutes(services), "audiences", "/audiences/{name}/shares"
    one = f"{place}/{{workspace}}"
    words = "List the workspaces with which an audience source is shared"
    api.add("GET", place, sources.shares, words, tag=tag, query=query)
    words = "Share an audience source with another workspace (workspaces:admin)"
    api.add("PUT", one, sources.share, words, tag=tag, body=schema_of(SourceShareBody), optional_body=True)
    words = "Share an audience source with a workspace no longer (workspaces:admin)"
    api.add("DELETE", one, sources.unshare, words, tag=tag, status=204)
