"""Runs and fires: the list with its filters, one run with its attempts, one fire with its rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.web import Answer
from horarium.console.base import Pages, action_in
from horarium.console.rendering import path_to, redirect
from horarium.console.run_filters import STATES, Filters, run_filters_in
from horarium.domain.errors import NotFound
from horarium.domain.ids import HIGHEST_ID, Id, prefixed
from horarium.domain.listings import RunListing
from horarium.domain.run import Attempt, Run
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.pages import cursor_from, cursor_text
from horarium.service.rates import WRITE
from horarium.service.run_search import matching_runs, total_of_runs
from horarium.service.sent_requests import SCOPES, SentRequest
from horarium.service.totals import beside

PAGE = 50
# The highest number of an attempt that may be asked for.
MOST_ATTEMPTS = 1_000_000_000
# Rows of a fire that are run again at once.
MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Bar:
    """An attempt on the time line of its run: where it begins and how long it is, in thousandths of the line."""

    attempt: Attempt
    start: int
    width: int


class RunPages(Pages):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        query = Query(request)
        filters, schedule_id, fire_id = run_filters_in(query)
        cursor = query.text("cursor")
        query.done()
        listing = _listing(who, filters, schedule_id, fire_id, cursor)
        found = await matching_runs(self.services, listing, filters.target)
        causes = await self.services.runs.waits(who.workspace_id, found.items)
        targets = await self._targets_of(who, {run.target_id for run in found.items})
        return self.page(
            request,
            "runs.html",
            filters=filters,
            states=STATES,
            runs=found.items,
            total=await beside(
                found, PAGE, cursor is None, partial(total_of_runs, self.services, listing, filters.target)
            ),
            causes=causes,
            targets=targets,
            schedule=await self._schedule_of(who, schedule_id),
            older=None if found.next is None else filters.address(cursor=cursor_text(found.next)),
            first=None if cursor is None else filters.address(),
        )

    async def show(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        run, attempts = await self.services.runs.get(who.workspace_id, path_id(request, "run", "run"))
        causes = await self.services.runs.waits(who.workspace_id, [run])
        targets = await self._targets_of(who, {run.target_id})
        query = Query(request)
        number = query.number("attempt", 0, 1, MOST_ATTEMPTS)
        query.done()
        return self.page(
            request,
            "run.html",
            run=run,
            given=(await self.services.runs.inputs_of([run]))[run.id] if who.may("schedules:read") else None,
            sent=await self._sent(who, run, number or None) if attempts else None,
            bars=bars(run, attempts, self.now_ms()),
            cause=causes.get(run.id),
            target=targets.get(run.target_id),
            schedule=await self._schedule_of(who, run.schedule_id),
        )

    async def _sent(self, who: Identity, run: Run, number: int | None) -> SentRequest | None:
        """What an attempt has sent; None where that cannot be known any more, or is not for this key to see."""
        if not all(who.may(scope) for scope in SCOPES):
            return None
        try:
            return await self.services.sent_requests.of(who, run.id, number)
        except NotFound:
            return None

    async def act(self, request: Request) -> Answer:
        """Cancel a run that has not ended, or repeat one that has."""
        action = action_in(request, ("cancel", "retry"))
        who, _ = await self.sent(request, "runs:write")
        run_id = path_id(request, "run", "run")
        if action == "cancel":
            run = await self.services.runs.cancel(who.workspace_id, run_id, within=who.restriction)
            return redirect(path_to("runs", prefixed("run", run.id), done="cancelled"))
        run = await self.services.runs.retry(who, run_id)
        return redirect(path_to("runs", prefixed("run", run.id), done="retried"))

    async def ask_to_replay(self, request: Request) -> Answer:
        """The question before all rows of a fire are run again that have failed."""
        who = await self.who(request, "runs:write")
        fire_id = path_id(request, "fire", "fire")
        count = len(await self.services.runs.failed_rows(who.workspace_id, fire_id, MOST_AT_ONCE))
        more = " They are the first of them; do it again for the others." if count == MOST_AT_ONCE else ""
        place = path_to("fires", prefixed("fire", fire_id))
        return self.ask(
            request,
            "Run the failed rows again",
            f"{count} row{'' if count == 1 else 's'} of this fire failed and will be run again, each by a run of its "
            f"own. Rows that were run again already are left out.{more}",
            f"{place}/replay",
            f"Run {count} row{'' if count == 1 else 's'} again",
            place,
        )

    async def replay(self, request: Request) -> Answer:
        """Run the rows of a fire again that have failed, as many as are allowed at once."""
        who, _ = await self.sent(request, "runs:write")
        fire_id = path_id(request, "fire", "fire")
        failed = await self.services.runs.failed_rows(who.workspace_id, fire_id, MOST_AT_ONCE)
        for run_id in failed:
            await self.services.runs.retry(who, run_id)
        self.services.rates.spend(who, len(failed) * WRITE)
        return redirect(path_to("fires", prefixed("fire", fire_id), done="replayed"))

    async def show_fire(self, request: Request) -> Answer:
        """One fire: how far it is, and its runs."""
        who = await self.who(request, "runs:read")
        fire = await self.services.schedules.fire(who.workspace_id, path_id(request, "fire", "fire"))
        query = Query(request)
        state, cursor = query.choice("state", STATES), query.text("cursor")
        query.done()
        filters = Filters(state, None, None, prefixed("fire", fire.id))
        listing = _listing(who, filters, fire.schedule_id, fire.id, cursor)
        found = await matching_runs(self.services, listing, filters.target)
        older = None
        if found.next is not None:
            at = cursor_text(found.next)
            older = path_to("fires", prefixed("fire", fire.id), state=state, cursor=at)
        return self.page(
            request,
            "fire.html",
            fire=fire,
            runs=found.items,
            causes=await self.services.runs.waits(who.workspace_id, found.items),
            targets=await self._targets_of(who, {run.target_id for run in found.items}),
            schedule=await self._schedule_of(who, fire.schedule_id),
            filters=filters,
            states=STATES,
            older=older,
        )

    async def _schedule_of(self, who: Identity, schedule_id: Id | None) -> Schedule | None:
        """The schedule, also a deleted one, where the key may read schedules."""
        if schedule_id is None or not who.may("schedules:read"):
            return None
        try:
            return await self.services.explain.schedule(who.workspace_id, schedule_id)
        except NotFound:
            return None

    async def _targets_of(self, who: Identity, ids: set[Id]) -> dict[Id, Target]:
        return await self.services.targets.named(who.workspace_id, ids) if ids else {}


def _listing(
    who: Identity, filters: Filters, schedule_id: Id | None, fire_id: Id | None, cursor: str | None
) -> RunListing:
    """The runs that match all filters, and which page of them."""
    below = HIGHEST_ID if cursor is None else cursor_from(cursor)
    return RunListing(
        who.workspace_id, PAGE, below, schedule_id=schedule_id, fire_id=fire_id, state=filters.state
    )


def bars(run: Run, attempts: list[Attempt], now_ms: int) -> list[Bar]:
    """The attempts of a run on one line, which begins when it was due and ends with the run, or now."""
    begins = min([run.due_ms, *(attempt.started_ms for attempt in attempts)])
    ends = max([run.finished_ms or now_ms, *(attempt.finished_ms for attempt in attempts)])
    whole = max(1, ends - begins)
    found = []
    for attempt in attempts:
        start = (attempt.started_ms - begins) * 1000 // whole
        width = max(8, (attempt.finished_ms - attempt.started_ms) * 1000 // whole)
        found.append(Bar(attempt, min(start, 992), min(width, 1000 - min(start, 992))))
    return found
