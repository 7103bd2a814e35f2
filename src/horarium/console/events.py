"""Events: what a workspace is told of, with filters that can be linked to, and one event in full."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.queries import event_filter_in, number_in
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.event_words import TYPES, shown_event
from horarium.console.rendering import path_to
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.service.pages import number_cursor
from horarium.times import Rounding

PAGE = 50


class EventPages(Pages):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        query = Query(request)
        given = {name: query.text(name) for name in ("type", "label", "schedule", "since")}
        wanted = event_filter_in(query, query.id("schedule", "sch"), empty_labels=True)
        since = query.instant("since", Rounding.UP)
        cursor = query.text("cursor")
        query.done()
        found = await self.services.events.page(who, wanted, PAGE, number_in(request), since)
        schedule = await self._name_of(who.workspace_id, wanted.schedules) if wanted.schedules else None
        older = None if found.next is None else path_to("events", **given, cursor=number_cursor(found.next))
        return self.page(
            request,
            "events.html",
            events=[shown_event(event) for event in found.items],
            given=given,
            filtered=any(given.values()),
            types=TYPES,
            schedule=schedule,
            stream=None if cursor or given["since"] else path_to("live", "events", **given),
            first=None if cursor is None else path_to("events", **given),
            older=older,
        )

    async def show(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        event = await self.services.events.get(who, path_id(request, "evt", "event"))
        return self.page(request, "event.html", event=shown_event(event), told_ms=event.told_ms)

    async def _name_of(self, workspace_id: Id, schedules: Sequence[Id]) -> str | None:
        """The name of the schedule that a list is filtered by, also of a deleted one."""
        try:
            return (await self.services.explain.schedule(workspace_id, schedules[0])).name
        except NotFound:
            return None
