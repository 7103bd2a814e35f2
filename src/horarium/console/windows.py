"""Maintenance windows of a workspace and of a schedule: when each comes next, and how they are made and removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from horarium.api.drafts import window_draft
from horarium.api.fields import path_id
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forms import Form, form_status, placed, recurrence_in, together
from horarium.console.of_schedules import OfSchedules
from horarium.console.pauses import names_of
from horarium.console.policy_pictures import AFTER_WINDOWS, SLOTS, WIDTH
from horarium.console.rendering import path_to, redirect
from horarium.console.words import in_words, lasting
from horarium.domain.errors import Conflict, Invalid, NotFound, Problem
from horarium.domain.ids import Id, prefixed
from horarium.domain.pauses import Pause
from horarium.domain.tenancy import Identity
from horarium.domain.windows import Window, times_after
from horarium.service.pauses import ADMIN
from horarium.service.rates import PREVIEWED_TIME
from horarium.service.windows import WindowDraft
from horarium.times import zone_names

# Times of each window that a list shows, and of one that is being made.
NEXT, PREVIEWED = 3, 5
# Beginnings that the form suggests.
RHYTHMS = (
    ("0 2 * * *", "every night at 2:00"),
    ("0 2 * * 0", "on Sundays at 2:00"),
    ("0 2 1 * *", "on the 1st of the month at 2:00"),
)
_FIELDS = frozenset(("recurrence", "duration", "timezone", "note", "catch_up"))


@dataclass(frozen=True, slots=True)
class Place:
    """Whose windows a page is about: a schedule's, or those of a workspace (`schedule_id` is None)."""

    workspace_id: Id
    schedule_id: Id | None
    name: str
    zone: str
    path: str


@dataclass(frozen=True, slots=True)
class ShownWindow:
    """A window with (begin, end) of its next times, and until when it holds now (None: it does not)."""

    window: Window
    next: Sequence[tuple[int, int]]
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Coming:
    """A window that would be made, with (begin, end) of its first times."""

    draft: WindowDraft
    times: Sequence[tuple[int, int]]


class WindowPages(Pages):
    """The windows of a workspace."""

    reads, writes = ADMIN, ADMIN

    async def list(self, request: Request) -> Answer:
        """What windows there are, and the form for another one."""
        who = await self.who(request, self.reads)
        return await self._page(request, who, await self._place(request, who))

    async def make(self, request: Request) -> Answer:
        who, form = await self.sent(request, self.writes)
        place = await self._place(request, who)
        try:
            draft = _draft(who, form, self.now_ms())
            await self.services.windows.make(who, place.workspace_id, place.schedule_id, draft)
        except (Invalid, Conflict) as error:
            return await self._page(request, who, place, form, error)
        return redirect(f"{place.path}/windows?done=window-made")

    async def preview(self, request: Request) -> Answer:
        """When a window as it stands in the form would hold, for the script of the page."""
        who, form = await self.sent(request)
        coming, wrong = self._coming(who, form)
        return self.page(request, "window_preview.html", coming=coming, wrong=wrong)

    async def ask_to_remove(self, request: Request) -> Answer:
        who = await self.who(request, self.writes)
        place, window_id = await self._place(request, who), _window_id(request)
        known = await self.services.windows.list(who, place.workspace_id, place.schedule_id)
        window = next((each for each in known if each.id == window_id), None)
        if window is None:
            raise NotFound("maintenance window")
        return self.ask(
            request,
            "Remove this maintenance window",
            f"{in_words(window.timing)}, for {lasting(window.duration_ms)}. Once it is removed it holds nothing back "
            "any more; if it holds now, it ends now.",
            f"{place.path}/windows/{prefixed('win', window.id)}/remove",
            "Remove",
            f"{place.path}/windows",
        )

    async def remove(self, request: Request) -> Answer:
        who, _ = await self.sent(request, self.writes)
        place = await self._place(request, who)
        await self.services.windows.take_back(who, place.workspace_id, place.schedule_id, _window_id(request))
        return redirect(f"{place.path}/windows?done=removed")

    async def _place(self, request: Request, who: Identity) -> Place:
        """Whose windows a path names; without an id there, those of the caller's workspace. Raises NotFound."""
        there = "id" in request.path_params
        workspace_id = path_id(request, "ws", "workspace") if there else who.workspace_id
        workspace = await self.services.tenancy.get_workspace(who, workspace_id)
        own = workspace_id == who.workspace_id
        path = path_to("settings") if own else path_to("workspaces", prefixed("ws", workspace_id))
        return Place(workspace_id, None, workspace.name, workspace.timezone, path)

    async def _in_force(self, place: Place) -> Sequence[Pause]:
        return await self.services.pauses.in_force(place.workspace_id, self.now_ms())

    async def _page(
        self,
        request: Request,
        who: Identity,
        place: Place,
        form: Form | None = None,
        error: Invalid | Conflict | None = None,
    ) -> Answer:
        found = await self.services.windows.list(who, place.workspace_id, place.schedule_id)
        form = Form([("timezone", place.zone)]) if form is None else form
        coming, wrong = self._coming(who, form)
        problems, others = placed(error, _FIELDS)
        return self.page(
            request,
            "maintenance.html",
            form_status(error),
            place=place,
            windows=shown(found, await self._in_force(place), self.now_ms()),
            names=await names_of(self.services, who, (window.by for window in found)),
            may_change=who.may(self.writes),
            given=form.fields,
            problems=problems,
            others=others,
            coming=coming,
            wrong=wrong,
            rhythms=RHYTHMS,
            zones=sorted(zone_names()),
            afterwards=AFTER_WINDOWS,
            slots=SLOTS,
            width=WIDTH,
        )

    def _coming(self, who: Identity, form: Form) -> tuple[Coming | None, str | None]:
        """A window as a form says it, or what is wrong with it; neither where the form is still empty."""
        if form.given("recurrence") is None or form.given("duration") is None:
            return None, None
        self.services.rates.charge(who, PREVIEWED * PREVIEWED_TIME)
        try:
            draft = _draft(who, form, self.now_ms())
            return Coming(draft, self.services.windows.preview(draft, PREVIEWED)), None
        except Invalid as error:
            return None, "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems[:3])


class ScheduleWindowPages(WindowPages, OfSchedules):
    """The windows of a schedule."""

    reads, writes = "schedules:read", "schedules:write"

    async def _place(self, request: Request, who: Identity) -> Place:
        schedule = await self.schedule(who, request, alive=True)
        path = path_to("schedules", prefixed("sch", schedule.id))
        return Place(who.workspace_id, schedule.id, schedule.name, schedule.definition.timing.zone, path)

    async def _in_force(self, place: Place) -> Sequence[Pause]:
        assert place.schedule_id is not None  # it is the place of a schedule
        return (await self.services.explain.holds(place.workspace_id, place.schedule_id)).pauses


def shown(windows: Iterable[Window], pauses: Sequence[Pause], now_ms: int) -> list[ShownWindow]:
    """Windows as pages show them. `pauses` are those in force, among which is each time of a window that has begun."""
    return [
        ShownWindow(window, times_after(window, now_ms, NEXT), _holds_until(window, pauses, now_ms))
        for window in windows
    ]


def _holds_until(window: Window, pauses: Sequence[Pause], now_ms: int) -> int | None:
    for pause in pauses:
        if pause.window_id == window.id and pause.holds_at(now_ms):
            return pause.ends_ms
    begun = window.holding_at(now_ms)  # it has begun a moment ago, and is not entered as a pause yet
    return None if begun is None else begun.ends_ms


def _window_id(request: Request) -> Id:
    return path_id(request, "win", "maintenance window", "window")


def _draft(who: Identity, form: Form, now_ms: int) -> WindowDraft:
    """The window of a form, under the rules of the API. Raises Invalid with every mistake."""
    body: dict[str, Any] = {
        field: text
        for field in ("duration", "timezone", "note", "catch_up")
        if (text := form.given(field)) is not None
    }
    unread: list[Problem] = []
    try:
        if form.given("recurrence") is not None:
            body["recurrence"] = recurrence_in(form.text("recurrence"))
    except Invalid as error:
        unread += error.problems
        body["recurrence"] = "@daily"
    with together(unread):
        draft = window_draft(who, body, now_ms)
    return draft
