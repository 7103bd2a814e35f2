"""Schedules: the list with its filters, and one schedule with what it did, what it will do, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from secrets import token_hex

from starlette.requests import Request

from horarium.api.fields import Query
from horarium.api.models import catch_up_in
from horarium.api.web import Answer
from horarium.console.base import action_in
from horarium.console.calendar import following, local_date, make_month, midnight, month_of
from horarium.console.forms import Form, placed
from horarium.console.instants import instant_in
from horarium.console.of_schedules import OfSchedules
from horarium.console.pause_forms import afterwards_in, pause_in
from horarium.console.pauses import paused
from horarium.console.policy_pictures import AFTER_PAUSES, SLOTS, WIDTH
from horarium.console.rendering import path_to, redirect
from horarium.console.schedule_filters import STATES, filters_in
from horarium.console.windows import shown
from horarium.domain.errors import Invalid, Unavailable
from horarium.domain.fire import Fire, Span
from horarium.domain.ids import HIGHEST_ID, prefixed
from horarium.domain.schedule import Schedule, ScheduleState, stored_recurrence
from horarium.domain.tenancy import Identity
from horarium.service.audiences import rows_shown
from horarium.service.explain import Explanation, upcoming
from horarium.service.pages import cursor_from, cursor_text, cut
from horarium.service.rates import AUDIENCE, PREVIEWED_TIME
from horarium.service.totals import beside
from horarium.times import zone

PAGE = 50
# The latest fires of each schedule that the list shows as a line.
FIRES = 30
NEXT_FIRES = 10
# Rows of an audience that the question before a fire by hand shows.
SAMPLE = 3
# Entries of the ledger that a calendar counts, and that the list beside it shows.
MOST_OF_MONTH, SHOWN = 1_000, 30


class SchedulePages(OfSchedules):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        cursor = query.text("cursor")
        filters, listing = await filters_in(query, who, self.services, tuple(self.dialects))
        below = HIGHEST_ID if cursor is None else cursor_from(cursor)
        listing = replace(listing, limit=PAGE + 1, cursor=below)
        found = cut(await self.services.schedules.list(listing), PAGE, lambda schedule: schedule.id)
        targets = await self.targets_of(who, found.items)
        outcomes = {}
        if found.items and who.may("runs:read"):
            ids = [schedule.id for schedule in found.items]
            outcomes = await self.services.overview.outcomes(who.workspace_id, ids, FIRES)
        return self.page(
            request,
            "schedules.html",
            filters=filters,
            states=STATES,
            schedules=found.items,
            total=await beside(found, PAGE, cursor is None, partial(self.services.totals.schedules, listing)),
            coming=await self.services.explain.next_fires(who.workspace_id, found.items),
            outcomes=outcomes,
            fires=FIRES,
            targets=targets,
            paused=await paused(self.services, who),
            older=None if found.next is None else filters.address(cursor=cursor_text(found.next)),
            first=None if cursor is None else filters.address(),
        )

    async def show(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        schedule = await self.schedule(who, request)
        return await self._shown(request, who, schedule)

    async def explain(self, request: Request) -> Answer:
        """The page of a schedule, with the answer to "why?" at an instant that was typed or chosen."""
        who = await self.who(request, "schedules:read")
        schedule = await self.schedule(who, request)
        given = request.query_params.get("at", "").strip()
        wrong, explained = None, None
        try:
            at_ms = instant_in(given, schedule.definition.timing.zone)
        except Invalid as error:
            wrong = error.problems[0].message
        else:
            explained = await self.services.explain.explain(who.workspace_id, schedule.id, at_ms)
        return await self._shown(request, who, schedule, explained, wrong)

    async def confirm(self, request: Request) -> Answer:
        """The question before something is done with a schedule."""
        action = action_in(request, _SCOPES)
        who = await self.who(request, _SCOPES[action])
        return await self._question(request, who, await self.schedule(who, request, alive=True), action)

    async def act(self, request: Request) -> Answer:
        """Do it: pause, resume, fire or delete, as the API does."""
        action = action_in(request, _SCOPES)
        who, form = await self.sent(request, _SCOPES[action])
        schedule = await self.schedule(who, request, alive=True)
        version = _version(form.given("version"))
        schedules, workspace_id = self.services.schedules, who.workspace_id
        if action == "fire":
            fire = await schedules.fire_now(who, schedule.id, form.given("once"))
            return redirect(path_to("fires", prefixed("fire", fire.id), done="fired"))
        if action == "pause":
            try:
                body = pause_in(form, schedule.definition.timing.zone)
                await schedules.pause(
                    who,
                    schedule.id,
                    body.note,
                    version,
                    until_ms=body.until,
                    catch_up=catch_up_in(body),
                )
            except Invalid as error:
                return await self._question(request, who, schedule, action, form, error)
        elif action == "resume":
            await schedules.resume(who, schedule.id, version, afterwards_in(form))
        else:
            await schedules.delete(workspace_id, schedule.id, version, within=who.restriction)
            return redirect(path_to("schedules", done="deleted"))
        return redirect(path_to("schedules", prefixed("sch", schedule.id), done=f"{action}d"))

    async def _question(
        self,
        request: Request,
        who: Identity,
        schedule: Schedule,
        action: str,
        form: Form | None = None,
        error: Invalid | None = None,
    ) -> Answer:
        targets = await self.targets_of(who, [schedule])
        audience = schedule.definition.audience if action == "fire" else None
        seen, unread = None, None
        if audience is not None:
            self.services.rates.charge(who, AUDIENCE)
            try:
                seen = await self.services.audiences.preview(
                    who.workspace_id, audience, rows_shown(who, SAMPLE)
                )
            except Unavailable as failed:
                unread = str(failed)
        problems, others = placed(error, _PAUSE_FIELDS)
        return self.page(
            request,
            "confirm.html",
            200 if error is None else 400,
            seen=seen,
            unread=unread,
            schedule=schedule,
            target=targets.get(schedule.definition.target_id),
            action=action,
            once=token_hex(12),
            afterwards=AFTER_PAUSES,
            slots=SLOTS,
            width=WIDTH,
            given={} if form is None else form.fields,
            problems=problems,
            others=others,
        )

    async def _shown(
        self,
        request: Request,
        who: Identity,
        schedule: Schedule,
        explained: Explanation | None = None,
        wrong: str | None = None,
    ) -> Answer:
        now = self.now_ms()
        timing = schedule.definition.timing
        self.services.rates.charge(who, NEXT_FIRES * PREVIEWED_TIME)
        local_zone = zone(timing.zone)
        first = month_of(request.query_params.get("month"), local_date(local_zone, now // 1000))
        begins, ends = midnight(local_zone, first), midnight(local_zone, following(first))
        sees_runs = who.may("runs:read")
        entries: Sequence[Fire | Span] = []
        latest: Sequence[Fire | Span] = []
        if sees_runs:
            entries = await self.services.explain.ledger(
                who.workspace_id, schedule.id, begins * 1000, ends * 1000 - 1, MOST_OF_MONTH
            )
            latest = await self._latest(who, schedule, now)
        holds = await self.services.explain.holds(who.workspace_id, schedule.id)
        goes_on = schedule.state is ScheduleState.ACTIVE
        recurrence = stored_recurrence(timing) if goes_on else None
        month = make_month(first, local_zone, entries, recurrence, now // 1000, len(entries) < MOST_OF_MONTH)
        targets = await self.targets_of(who, [schedule])
        return self.page(
            request,
            "schedule.html",
            audience_off=await self.services.audiences.off_reason(
                who.workspace_id, schedule.definition.audience
            ),
            schedule=schedule,
            target=targets.get(schedule.definition.target_id),
            coming=upcoming(schedule, now, NEXT_FIRES, holds),
            windows=shown(holds.windows, holds.pauses, now),
            paused=await paused(self.services, who),
            month=month,
            latest=latest,
            sees_runs=sees_runs,
            explained=explained,
            asked=request.query_params.get("at", ""),
            wrong=wrong,
            today=local_date(local_zone, now // 1000),
        )

    async def _latest(self, who: Identity, schedule: Schedule, now: int) -> Sequence[Fire | Span]:
        """The latest entries of the ledger and fires by hand, the latest first."""
        fires = await self.services.schedules.fires(who.workspace_id, schedule.id, SHOWN)
        since = fires[-1].slot_ms if len(fires) == SHOWN else 0
        entries = await self.services.explain.ledger(who.workspace_id, schedule.id, since, now, MOST_OF_MONTH)
        spans = [entry for entry in entries if isinstance(entry, Span)]
        together: list[Fire | Span] = [*fires, *spans]
        return sorted(together, key=_when, reverse=True)[:SHOWN]


_SCOPES = {
    "pause": "schedules:write",
    "resume": "schedules:write",
    "fire": "schedules:write",
    "delete": "schedules:delete",
}
_PAUSE_FIELDS = frozenset(("note", "until", "catch_up"))


def _when(entry: Fire | Span) -> int:
    return entry.fired_ms if isinstance(entry, Fire) else entry.last_ms


def _version(given: str | None) -> int | None:
    return int(given) if given is not None and given.isdecimal() and len(given) <= 18 else None
