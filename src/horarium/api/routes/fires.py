"""Routes of fires and of the ledger, which accounts for every slot."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query, instant_or_none, instant_text, path_id
from horarium.api.kit.registry import Dialects
from horarium.api.routes.base import CURSOR, LIMIT, Routes, cursor_of
from horarium.api.schedule_ids import ScheduleIds
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.fire import Fire, FireKind, Span
from horarium.service.pages import cut
from horarium.service.services import Services
from horarium.times import Rounding

KINDS = tuple(kind.value for kind in FireKind)


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
        cursor = cursor_of(request, newest_first=True)
        query.done()
        found = await self.services.schedules.fires(who.workspace_id, schedule.id, limit + 1, cursor, kind)
        return json_answer(200, show.page(cut(found, limit, lambda fire: fire.id), show.fire))

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
    filters = {"kind": f"one of {', '.join(KINDS)}", "limit": LIMIT, "cursor": CURSOR}
    window = {"from": "first instant", "to": "last instant; now", "limit": LIMIT}
    api.add("GET", f"{schedule}/fires", routes.list, "List a schedule's fires", tag=tag, query=filters)
    api.add("GET", f"{schedule}/ledger", routes.ledger, "Account for every slot", tag=tag, query=window)
    api.add("GET", "/fires/{id}", routes.get, "Get a fire", tag=tag)
