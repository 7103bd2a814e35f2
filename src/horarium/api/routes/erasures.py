"""Routes of the erasure of persons."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query, path_id
from horarium.api.models import PersonBody, schema_of, validated
from horarium.api.routes.base import CURSOR, LIMIT, Routes, cursor_of
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.erasures import ErasureState
from horarium.service.erasures import ERASE
from horarium.service.pages import cut
from horarium.service.services import Services


class ErasureRoutes(Routes):
    async def erase(self, request: Request) -> Answer:
        who = await self.who(request, ERASE)
        body = validated(PersonBody, await self.body(request))
        found = await self.services.erasures.erase(who, body.person, body.values or ())
        return json_answer(200 if found.state is ErasureState.DONE else 202, show.erasure(found))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, ERASE)
        query = Query(request)
        limit, cursor = query.limit(), cursor_of(request, newest_first=True)
        query.done()
        found = await self.services.erasures.list(who, limit + 1, cursor)
        return json_answer(200, show.page(cut(found, limit, lambda erasure: erasure.id), show.erasure))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, ERASE)
        found = await self.services.erasures.get(who, path_id(request, "ers", "erasure"))
        return json_answer(200, show.erasure(found))


def add_routes(api: Api, services: Services) -> None:
    routes, tag, body = ErasureRoutes(services), "erasures", schema_of(PersonBody)
    words = "Erase a person from everything that the workspace holds (keys:admin)"
    api.add("POST", "/erasures", routes.erase, words, tag=tag, body=body)
    paged = {"limit": LIMIT, "cursor": CURSOR}
    api.add("GET", "/erasures", routes.list, "List erasures, the latest first", tag=tag, query=paged)
    api.add("GET", "/erasures/{id}", routes.get, "Get an erasure and how far it has come", tag=tag)
