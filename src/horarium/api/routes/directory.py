"""Routes of the directory and of the sources of audiences."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api import show
from horarium.api.errors import PROBLEM
from horarium.api.fields import Query, id_or_none, instant_text
from horarium.api.imports import items_of, within_quota
from horarium.api.models import SAMPLE, AudienceBody, SourceBody, changed_body, read, schema_of, validated
from horarium.api.queries import item_after, item_cursor
from horarium.api.routes.base import CURSOR, LIMIT, TOTAL, Routes
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.audience import StoredSource
from horarium.domain.directory import KINDS, RefusedLine
from horarium.domain.errors import Invalid, Unavailable
from horarium.domain.ids import prefixed
from horarium.domain.listings import Total
from horarium.domain.tenancy import Identity
from horarium.service.audiences import AudiencePreview, rows_shown
from horarium.service.directory import Imported
from horarium.service.pages import Page
from horarium.service.rates import AUDIENCE
from horarium.service.services import Services

READ, WRITE = "directory:read", "directory:write"
_ABOUT_PUT = (
    "a JSON list, NDJSON (application/x-ndjson) or CSV (text/csv); enters or replaces by id, in chunks of 1000 "
    "that are stored whole or not at all"
)


class DirectoryRoutes(Routes):
    async def put(self, request: Request) -> Answer:
        """Answers 200 if everything is stored. Otherwise 400 lists the refused lines, and says what is stored."""
        who = await self.who(request, WRITE)
        items = within_quota(self.services, who, items_of(request, self.services.settings.bulk_limit))
        found = await self.services.directory.put(who.workspace_id, _kind(request), items)
        if not found.refused:
            return json_answer(200, {"stored": found.stored})
        return json_answer(400, _report(found), PROBLEM)

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        query = Query(request)
        limit = query.limit()
        query.done()
        after = item_after(request)
        found = await self.services.directory.list(who.workspace_id, _kind(request), after, limit + 1)
        more = len(found) > limit
        items = found[:limit]
        cursor = item_cursor(items[-1]["id"]) if more else None
        return json_answer(200, {"items": items, "next_cursor": cursor})

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        found = await self.services.directory.get(who.workspace_id, _kind(request), request.path_params["id"])
        return json_answer(200, found)

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, WRITE)
        await self.services.directory.delete(who.workspace_id, _kind(request), request.path_params["id"])
        return empty_answer()


class SourceRoutes(Routes):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        query = Query(request)
        wants_total = query.flag("total")
        query.done()
        found = await self.services.audiences.list_sources(who.workspace_id)
        total = Total(len(found)) if wants_total else None
        return json_answer(200, show.page(Page(found), shown_source, total))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        return json_answer(
            200, shown_source(await self.services.audiences.get_source(who.workspace_id, _name(request)))
        )

    async def put(self, request: Request) -> Answer:
        who = await self.who(request, WRITE)
        name = _name(request)
        body = validated(SourceBody, changed_body(SourceBody, await self.body(request), {"name": name}))
        stored = await self.services.audiences.put_source(who, name, body.type, body.config)
        return json_answer(200, shown_source(stored))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, WRITE)
        await self.services.audiences.delete_source(who, _name(request))
        return empty_answer()

    async def preview(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        raw = await self.body(request)
        body, problems = read(AudienceBody, raw)
        problems += await self.services.audiences.problems(who.workspace_id, raw.get("audience"))
        if problems or body is None:
            raise Invalid(problems)
        self.services.rates.charge(who, AUDIENCE)
        seen = await self.services.audiences.preview(who.workspace_id, body.audience, body.sample)
        return json_answer(200, audience_json(seen))


def audience_json(seen: AudiencePreview) -> dict[str, Any]:
    """How many rows an audience has now. `more` says that there are more than were counted, `fault` why a fire would
    fail on them."""
    rows = [{"key": row.key, "data": row.data} for row in seen.rows]
    return {"count": seen.count, "more": seen.more, "sample": rows, "fault": seen.fault}


async def audience_now(services: Services, who: Identity, audience: Any) -> dict[str, Any]:
    """An audience as part of an answer about a schedule; its rows only for who may read directories. If its source
    cannot be read, the error is part of it."""
    services.rates.charge(who, AUDIENCE)
    try:
        return audience_json(
            await services.audiences.preview(who.workspace_id, audience, rows_shown(who, SAMPLE))
        )
    except Unavailable as error:
        return {"count": None, "more": False, "sample": [], "fault": None, "error": str(error)}


def _report(found: Imported) -> dict[str, Any]:
    return {
        "type": "urn:horarium:problem:invalid",
        "title": "Some lines cannot be accepted",
        "status": 400,
        "detail": f"{len(found.refused)} lines were refused; {found.stored} items were stored",
        "stored": found.stored,
        "not_stored": [{"first_line": first, "last_line": last} for first, last in found.left_out],
        "ended_early": found.ended_early,
        "errors": [_refused(line) for line in found.refused],
    }


def _refused(refused: RefusedLine) -> dict[str, Any]:
    problem = refused.problem
    return {"line": refused.line, "field": problem.field, "message": problem.message, "code": problem.code}


def shown_source(source: StoredSource) -> dict[str, Any]:
    return {
        "id": prefixed("src", source.id),
        "name": source.name,
        "type": source.type,
        "config": source.config,
        "shared_from": id_or_none("src", source.shared_from),
        "disabled_reason": source.off_reason,
        "created_at": instant_text(source.created_ms),
        "updated_at": instant_text(source.updated_ms),
    }


def _kind(request: Request) -> str:
    return str(request.path_params["kind"])


def _name(request: Request) -> str:
    return str(request.path_params["name"])


_ITEMS = {"type": "array", "items": {"type": "object", "required": ["id"]}, "description": _ABOUT_PUT}


def add_routes(api: Api, services: Services) -> None:
    directory, sources = DirectoryRoutes(services), SourceRoutes(services)
    kinds = ", ".join(KINDS)
    tag = "directory"
    place, item = "/directory/{kind}", "/directory/{kind}/{id:path}"
    page = {"limit": LIMIT, "cursor": CURSOR}
    api.add("PUT", place, directory.put, f"Enter or replace items ({kinds})", tag=tag, body=_ITEMS)
    api.add("GET", place, directory.list, "List items", tag=tag, query=page)
    api.add("GET", item, directory.get, "Get an item", tag=tag)
    api.add("DELETE", item, directory.delete, "Delete an item", tag=tag, status=204)
    tag = "audiences"
    place = "/audiences/{name}"
    api.add(
        "POST",
        "/audiences/preview",
        sources.preview,
        "Count an audience",
        tag=tag,
        body=schema_of(AudienceBody),
    )
    api.add("GET", "/audiences", sources.list, "List audience sources", tag=tag, query={"total": TOTAL})
    api.add("GET", place, sources.get, "Get an audience source", tag=tag)
    api.add(
        "PUT", place, sources.put, "Make or replace an audience source", tag=tag, body=schema_of(SourceBody)
    )
    api.add("DELETE", place, sources.delete, "Delete an audience source", tag=tag, status=204)
