"""What is done with many schedules at once: with all that match the filters of the list, after a look at them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from starlette.requests import Request

from horarium.api.fields import Query
from horarium.api.web import Answer
from horarium.console.of_schedules import OfSchedules
from horarium.console.schedule_filters import Filters, filters_in
from horarium.domain.errors import Conflict, Forbidden, NotFound
from horarium.domain.ids import HIGHEST_ID, Id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule, ScheduleState
from horarium.domain.tenancy import Identity
from horarium.service.rates import BULK_LINE

# Schedules that are changed at once, that are read at a time, and that the question shows.
MOST_AT_ONCE, READ, SAMPLE = 2_000, 200, 10
# The scope that each action needs, and the state in which it changes nothing.
ACTIONS = {
    "pause": ("schedules:write", ScheduleState.PAUSED),
    "resume": ("schedules:write", ScheduleState.ACTIVE),
    "delete": ("schedules:delete", ScheduleState.DELETED),
}


@dataclass(slots=True)
class Done:
    """What became of many schedules: how many were changed, how many were so already, and which were refused, each
    with the reason. `left` tells that there are more than are changed at once."""

    changed: int = 0
    already: int = 0
    refused: list[tuple[Schedule, str]] = field(default_factory=list)
    left: bool = False


class ManyPages(OfSchedules):
    async def ask_first(self, request: Request) -> Answer:
        """How many schedules match, and the first of them, before anything is done with them."""
        query = Query(request)
        action = query.choice("action", tuple(ACTIONS)) or "pause"
        scope, _ = ACTIONS.get(action, ACTIONS["pause"])
        who = await self.who(request, scope)
        who.require("schedules:read")
        filters, listing = await filters_in(query, who, self.services, tuple(self.dialects))
        return await self._shown(request, action, filters, listing)

    async def act(self, request: Request) -> Answer:
        """Do it with each schedule that matches, one after another, the newest first. What is refused is told."""
        who, form = await self.sent(request)
        query = Query(request)
        action = query.choice("action", tuple(ACTIONS)) or "pause"
        scope, _ = ACTIONS.get(action, ACTIONS["pause"])
        who.require(scope)
        who.require("schedules:read")
        filters, listing = await filters_in(query, who, self.services, tuple(self.dialects))
        done = Done()
        async for schedule in self._matching(listing):
            if done.changed + len(done.refused) == MOST_AT_ONCE:
                done.left = True
                break
            await self._do(who, action, schedule, form.given("note"), done)
        self.services.rates.spend(who, (done.changed + len(done.refused)) * BULK_LINE)
        return await self._shown(request, action, filters, listing, done)

    async def _do(self, who: Identity, action: str, schedule: Schedule, note: str | None, done: Done) -> None:
        schedules, workspace_id, within = self.services.schedules, who.workspace_id, who.restriction
        if schedule.state is ACTIONS[action][1]:
            done.already += 1
            return
        try:
            if action == "pause":
                await schedules.pause(workspace_id, schedule.id, note, within=within)
            elif action == "resume":
                await schedules.resume(who, schedule.id)
            else:
                await schedules.delete(workspace_id, schedule.id, within=within)
        except NotFound:  # somebody else has deleted it meanwhile
            return
        except (Conflict, Forbidden) as error:
            done.refused.append((schedule, str(error)))
            return
        done.changed += 1

    async def _matching(self, listing: ScheduleListing) -> AsyncIterator[Schedule]:
        """All schedules that match, the newest first; those that are made meanwhile are not among them."""
        below: Id = HIGHEST_ID
        while found := await self.services.schedules.list(replace(listing, limit=READ, cursor=below)):
            for schedule in found:
                yield schedule
            below = found[-1].id

    async def _shown(
        self,
        request: Request,
        action: str,
        filters: Filters,
        listing: ScheduleListing,
        done: Done | None = None,
    ) -> Answer:
        sample = await self.services.schedules.list(replace(listing, limit=SAMPLE))
        return self.page(
            request,
            "many.html",
            action=action,
            actions=tuple(ACTIONS),
            filters=filters,
            count=await self.services.schedules.count(listing),
            sample=sample,
            most=MOST_AT_ONCE,
            done=done,
        )
