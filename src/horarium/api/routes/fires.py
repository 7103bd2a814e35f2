"""Routes of fires and of the ledger, which accounts for every slot."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query, instant_or_none, instant_text, path_id
from horarium.api.kit.registry import Dialects
from horarium.api.routes.base import (
    CURSOR,
    EARLY,
    LABEL,
    LIMIT,
    TOTAL,
    Routes,
    cursor_of,
    labels_in,
    page_answer,
    position_of,
)
from horarium.api.schedule_ids import KEY_FILTER, KEY_FILTER_WORDS, ScheduleIds
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.fire import Fire, FireKind, FireState, Span, SpanReason
from horarium.domain.listings import FireListing, LedgerListing, Total
from horarium.service.pages import Page, cut
from horarium.service.run_search import target_of
from horarium.service.services import Services
from horarium.service.totals import beside
from horarium.times import Rounding

KINDS = tuple(kind.value for kind in FireKind)
STATES = tuple(state.value for state in FireState)
REASONS = tuple(reason.value for reason in SpanReason)
ENTRIES = ("fire", "span")


class FireRoutes(Routes):
    def __init__(self, services: Services, dialects: Dialects) -> None:
        super().__init__(services)
        self.ids = ScheduleIds(services, dialects)

    async def list(self, request: Request) -> Answer:
        """The fires of a schedule, the latest slot first."""
        who = await self.who(request, "runs:read")
        schedule = await self.ids.with_history(who, request)
        query = Query(request)
        limit, kind = query.limit(), query.choice("kind", KINDS)
        cursor, wants_total = cursor_of(request, newest_first=True), query.flag("total")
        query.done()
        found = await self.services.schedules.fires(who.workspace_id, schedule.id, limit + 1, cursor, kind)
        of_it = FireListing(
            who.workspace_id, limit, schedule_id=schedule.id, kind=None if kind is None else FireKind(kind)
        )
        total = await self.services.totals.fires(of_it) if wants_total else None
        return await page_answer(cut(found, limit, lambda fire: fire.id), show.fire, total)

    async def list_all(self, request: Request) -> Answer:
        """The fires of a workspace, the latest slot first."""
        who = await self.who(request, "runs:read")
        query = Query(request)
        kind, target = query.choice("kind", KINDS), query.text("target")
        listing = FireListing(
            who.workspace_id,
            query.limit(),
            cursor_of(request, newest_first=True),
            schedule_id=await self.ids.in_query(who, query, "schedule"),
            kind=None if kind is None else FireKind(kind),
            state=query.choice("state", STATES),
            labels=labels_in(query),
            from_ms=query.instant("from", Rounding.UP),
            to_ms=query.instant("to", Rounding.DOWN),
        )
        wants_total = query.flag("total")
        query.done()
        try:
            target_id = await target_of(self.services, who.workspace_id, target)
        except NotFound:
            nothing: Page[Fire] = Page([])
            return json_answer(200, show.page(nothing, show.fire, Total(0) if wants_total else None))
        listing = replace(listing, target_id=target_id)
        found = await self.services.searches.fires(listing)
        total = None
        if wants_total:
            count = partial(self.services.totals.fires, listing)
            total = await beside(found, listing.limit, query.text("cursor") is None, count)
        return await page_answer(found, show.fire, total)

    async def ledger_of_all(self, request: Request) -> Answer:
        """What became of the slots of a workspace: fires of the clock, and spans of slots that did not fire."""
        who = await self.who(request, "runs:read")
        query = Query(request)
        start, end = query.instant("from", Rounding.UP), query.instant("to", Rounding.DOWN)
        reason, entry = query.choice("reason", REASONS), query.choice("entry", ENTRIES)
        if reason is not None and entry == "fire":
            query.wrong("reason", "is one of spans; leave it out, or list spans")
        listing = LedgerListing(
            who.workspace_id,
            query.limit(),
            0 if start is None else start,
            self.services.clock.now_ms() if end is None else end,
            position_of(request, (25,)),
            fires=entry != "span" and reason is None,
            spans=entry != "fire",
            reason=None if reason is None else SpanReason(reason),
            schedule_id=await self.ids.in_query(who, query, "schedule"),
            labels=labels_in(query),
        )
        query.done()
        found = await self.services.searches.entries(listing)
        return await page_answer(found, show.ledger_entry)

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        found = await self.services.schedules.fire(who.workspace_id, path_id(request, "fire", "fire"))
        return json_answer(200, show.fire(found))

    async def ledger(self, request: Request) -> Answer:
        """Every slot once, in order: fires of the clock, and spans of slots that did not fire."""
        who = await self.who(request, "runs:read")
        schedule = await self.ids.with_history(who, request)
        query = Query(request)
        limit, start, end = (
            query.limit(),
            query.instant("from", Rounding.UP),
            query.instant("to", Rounding.DOWN),
        )
        query.done()
        start = 0 if start is None else start
        end = self.services.clock.now_ms() if end is None else end
        found = await self.services.explain.ledger(who.workspace_id, schedule.id, start, end, limit)
        shown = {
            "items": [show.ledger_entry(entry) for entry in found],
            "next_from": instant_text(_end_of(found[-1]) + 1000) if len(found) == limit else None,
            "accounted_to": instant_or_none(schedule.progress.accounted_to),
        }
        return json_answer(200, shown)


def _end_of(entry: Fire | Span) -> int:
    return entry.slot_ms if isinstance(entry, Fire) else entry.last_ms


def add_routes(api: Api, services: Services, dialects: Dialects) -> None:
    routes, tag, schedule = FireRoutes(services, dialects), "fires", "/schedules/{id}"
    filters = {"kind": f"one of {', '.join(KINDS)}", "limit": LIMIT, "cursor": CURSOR, "total": TOTAL}
    window = {"from": "first instant", "to": "last instant; now", "limit": LIMIT}
    api.add("GET", f"{schedule}/fires", routes.list, "List a schedule's fires", tag=tag, query=filters)
    api.add("GET", f"{schedule}/ledger", routes.ledger, "Account for every slot", tag=tag, query=window)
    api.add("GET", "/fires/{id}", routes.get, "Get a fire", tag=tag)
    both = {
        "schedule": "id of a schedule",
        KEY_FILTER: KEY_FILTER_WORDS,
        "label": f"{LABEL}; those of the schedule",
        "from": "the first slot",
        "to": "the last slot",
        "limit": f"{LIMIT}; {EARLY}",
        "cursor": CURSOR,
    }
    of_fires = {
        "kind": f"one of {', '.join(KINDS)}",
        "state": f"one of {', '.join(STATES)}",
        "target": "id, key or number of a target",
        **both,
        "total": TOTAL,
    }
    of_entries = {
        "entry": "fire or span; both where it is left out",
        "reason": f"only spans with this reason: one of {', '.join(REASONS)}",
        **both,
        "to": "the last slot; now",
    }
    api.add("GET", "/fires", routes.list_all, "List the fires of a workspace", tag=tag, query=of_fires)
    words = "Account for the slots of a workspace, the latest first"
    api.add("GET", "/ledger", routes.ledger_of_all, words, tag=tag, query=of_entries)
