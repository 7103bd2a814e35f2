"""Audiences: the sources of a workspace, an audience tried out, and the directory with its items."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from horarium.api.fields import Query
from horarium.api.queries import item_after, item_cursor
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.rendering import path_to, redirect
from horarium.domain.audience import AUDIENCE_TYPES
from horarium.domain.errors import Invalid, Problem, Unavailable
from horarium.domain.tenancy import Identity
from horarium.service.audiences import AudiencePreview
from horarium.service.directory import kind_of
from horarium.service.rates import AUDIENCE

READ, WRITE = "directory:read", "directory:write"
PAGE = 50
# Rows of an audience that is tried out.
SAMPLE = 10
# What the items of each kind are.
KIND_WORDS = {
    "users": "the people of the workspace",
    "contacts": "people outside of it, with custom fields",
    "deals": "deals, with their stage and last change",
    "tasks": "tasks, with their assignee and due date",
    "pipelines": "what deals go through",
    "stages": "the steps of pipelines",
}


class AudiencePages(Pages):
    async def show(self, request: Request) -> Answer:
        """The directory and the sources; and an audience that the address describes, counted, with its first rows."""
        who = await self.who(request, READ)
        query = Query(request)
        kind, given = query.text("type"), query.text("filter")
        query.done()
        sources = await self.services.audiences.list_sources(who.workspace_id)
        seen, wrong = None, None
        if kind is not None:
            try:
                seen = await self._tried(who, kind, given)
            except Invalid as error:
                wrong = "; ".join(
                    f"{problem.field} {problem.message}".strip() for problem in error.problems[:5]
                )
            except Unavailable as error:
                wrong = str(error)
        return self.page(
            request,
            "audiences.html",
            kinds=KIND_WORDS,
            sources=sources,
            types=[
                *AUDIENCE_TYPES,
                *(source.name for source in sources if source.name not in AUDIENCE_TYPES),
            ],
            kind=kind,
            given=given or "",
            seen=seen,
            wrong=wrong,
        )

    async def items(self, request: Request) -> Answer:
        """The items of one kind, in the order of their ids."""
        who = await self.who(request, READ)
        kind = kind_of(str(request.path_params["kind"]))
        after = item_after(request)
        found = await self.services.directory.list(who.workspace_id, kind.name, after, PAGE + 1)
        place, shown = path_to("audiences", "directory", kind.name), found[:PAGE]
        later = None
        if len(found) > PAGE:
            cursor = item_cursor(shown[-1]["id"])
            later = path_to("audiences", "directory", kind.name, cursor=cursor)
        return self.page(
            request,
            "directory.html",
            kind=kind,
            words=KIND_WORDS[kind.name],
            items=shown,
            first=place if after else None,
            later=later,
        )

    async def delete(self, request: Request) -> Answer:
        """Delete one item."""
        who, form = await self.sent(request, WRITE)
        kind = kind_of(str(request.path_params["kind"]))
        await self.services.directory.delete(who.workspace_id, kind.name, form.text("id"))
        return redirect(path_to("audiences", "directory", kind.name, done="removed"))

    async def _tried(self, who: Identity, kind: str, given: str | None) -> AudiencePreview:
        """How many rows an audience has, and the first of them. Raises Invalid, Unavailable, RateLimited."""
        audience: dict[str, Any] = {"type": kind}
        if given is not None:
            try:
                audience["filter"] = orjson.loads(given)
            except orjson.JSONDecodeError:
                raise Invalid(
                    Problem("filter", 'is not JSON, such as {"roles": ["owner"]}', "json")
                ) from None
        problems = await self.services.audiences.problems(who.workspace_id, audience, "")
        if problems:
            raise Invalid(problems)
        self.services.rates.charge(who, AUDIENCE)
        return await self.services.audiences.preview(who.workspace_id, audience, SAMPLE)
