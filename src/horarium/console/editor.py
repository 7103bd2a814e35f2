"""The form with which a schedule is made and edited, with its next fires as they would be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api.drafts import patch, preview_timing, schedule_draft
from horarium.api.fields import path_id
from horarium.api.kit.writing import zoned_text
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forms import (
    Form,
    form_status,
    instant_at,
    json_in,
    labels_in,
    labels_text,
    placed,
    recurrence_in,
    together,
)
from horarium.console.policy_pictures import CATCH_UPS, OVERLAPS, SLOTS, WIDTH
from horarium.console.rendering import path_to, redirect
from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.ids import from_prefixed, prefixed
from horarium.domain.listings import TargetListing
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.explain import Preview, preview
from horarium.service.rates import PREVIEWED_TIME
from horarium.times import zone_names

NEXT_FIRES = 10
# Targets that the form offers.
OFFERED = 200
# Rhythms that the form suggests.
RHYTHMS = (
    ("@every 5m", "every 5 minutes"),
    ("0 * * * *", "every hour"),
    ("0 9 * * *", "daily at 9:00"),
    ("0 9 * * 1-5", "on weekdays at 9:00"),
    ("0 9 * * 1", "on Mondays at 9:00"),
    ("0 9 1 * *", "on the 1st of the month at 9:00"),
)
# The fields of the form under the names of the body's.
_SHOWN = frozenset(
    ("name", "target", "recurrence", "timezone", "input", "audience", "start_at", "end_at", "labels", "description",
     "overlap", "catch_up")
)  # fmt: skip
# Those that the form holds as wholes: what somebody has taken out of one of them is gone.
_WHOLE = frozenset(("recurrence", "input", "audience", "labels"))


class EditorPages(Pages):
    async def new(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        first = request.query_params.get("first") == "1"
        given = {
            "target": request.query_params.get("target", ""),
            "timezone": who.workspace.timezone,
            "recurrence": "@every 10s" if first else "0 9 * * 1-5",
            **({"name": "My first schedule", "first": "1"} if first else {}),
        }
        return await self._form(request, who, given)

    async def create(self, request: Request) -> Answer:
        who, form = await self.sent(request, "schedules:write")
        body, unread = _body(form, who)
        try:
            with together(unread):
                draft = await schedule_draft(who, self.services, body, self.now_ms())
            made = await self.services.schedules.create(draft)
        except (Invalid, Conflict) as error:
            return await self._form(request, who, form.fields, error)
        if form.text("first"):
            return redirect(path_to(done="first"))
        return redirect(path_to("schedules", prefixed("sch", made.id), done="created"))

    async def edit(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        schedule = await self._own(who, request)
        return await self._form(request, who, _as_form(schedule), schedule=schedule)

    async def save(self, request: Request) -> Answer:
        """Change what the form shows, if nobody else has changed the schedule since it was opened."""
        who, form = await self.sent(request, "schedules:write")
        schedule = await self._own(who, request)
        version = form.text("version")
        body, unread = _body(form, who)
        try:
            with together(unread):
                change = await patch(who, self.services, schedule.id, body, _WHOLE)
                if unread:
                    change.edit(schedule)
            seen = int(version) if version.isdecimal() and len(version) <= 18 else None
            await self.services.schedules.change(who, schedule.id, change.edit, seen)
        except (Invalid, Conflict) as error:
            return await self._form(request, who, form.fields, error, schedule)
        return redirect(path_to("schedules", prefixed("sch", schedule.id), done="saved"))

    async def preview(self, request: Request) -> Answer:
        """The next fires of what stands in the form, for the script of the page."""
        who, form = await self.sent(request, "schedules:read")
        schedule_id = from_prefixed("sch", form.text("schedule"))
        schedule = None
        if schedule_id is not None:
            schedule = await self.services.schedules.get(who.workspace_id, schedule_id)
        coming, wrong = self._coming(who, form, schedule)
        return self.page(request, "preview.html", coming=coming, wrong=wrong, zone=form.text("timezone"))

    async def _form(
        self,
        request: Request,
        who: Identity,
        given: dict[str, str],
        error: Invalid | Conflict | None = None,
        schedule: Schedule | None = None,
    ) -> Answer:
        listing = TargetListing(who.workspace_id, OFFERED)
        targets = (await self.services.targets.list(who, listing)).items if who.may("targets:read") else []
        coming, wrong = self._coming(who, Form(given.items()), schedule)
        problems, others = placed(error, _SHOWN)
        status = form_status(error)
        return self.page(
            request,
            "editor.html",
            status,
            given=given,
            problems=problems,
            others=others,
            schedule=schedule,
            targets=targets,
            zones=sorted(zone_names()),
            rhythms=RHYTHMS,
            overlaps=OVERLAPS,
            catch_ups=CATCH_UPS,
            slots=SLOTS,
            width=WIDTH,
            coming=coming,
            wrong=wrong,
            zone=given.get("timezone", ""),
        )

    def _coming(
        self, who: Identity, form: Form, schedule: Schedule | None
    ) -> tuple[Preview | None, str | None]:
        """The next fires of a form that makes a schedule, or changes the given one; or why there are none."""
        self.services.rates.charge(who, NEXT_FIRES * PREVIEWED_TIME)
        now = self.now_ms()
        try:
            zone_name = _zone(form, who)
            body = {name: _READERS[name][0](form, zone_name) for name in _TIMES}
            if (timezone := form.given("timezone")) is not None:
                body["timezone"] = timezone
            timing, _ = preview_timing(who, body, now, schedule, _WHOLE)
            return preview(timing, now, NEXT_FIRES), None
        except Invalid as error:
            return None, "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems[:3])

    async def _own(self, who: Identity, request: Request) -> Schedule:
        """The schedule that a path names, if the console can edit it. Raises NotFound, Conflict."""
        schedule = await self.services.schedules.get(who.workspace_id, path_id(request, "sch", "schedule"))
        if schedule.dialect != "native":
            words = f"this schedule belongs to the API {schedule.dialect}, and is edited through that"
            raise Conflict(words, "state")
        return schedule


def _body(form: Form, who: Identity) -> tuple[dict[str, Any], list[Problem]]:
    """What the form says, as a body of the API, and what of it cannot be read. In place of that stands something that
    the API accepts, so that the rest can be judged as well."""
    problems: list[Problem] = []
    read: dict[str, Any] = {}
    zone_name = _zone(form, who)
    for name, (reader, instead) in _READERS.items():
        try:
            read[name] = reader(form, zone_name)
        except Invalid as error:
            problems += error.problems
            read[name] = instead
    body: dict[str, Any] = {
        **read,
        "name": form.text("name"),
        "target": form.text("target"),
        "description": form.given("description"),
        "policies": {
            name: text for name in ("overlap", "catch_up") if (text := form.given(name)) is not None
        },
    }
    if (timezone := form.given("timezone")) is not None:
        body["timezone"] = timezone
    return body, problems


def _zone(form: Form, who: Identity) -> str:
    """The zone of the local times in a form. One that is not known is told at its own field."""
    given = form.text("timezone")
    return given if given in zone_names() else who.workspace.timezone


def _as_form(schedule: Schedule) -> dict[str, str]:
    definition = schedule.definition
    timing = definition.timing
    return {
        "name": schedule.name,
        "recurrence": timing.spec,
        "timezone": timing.zone,
        "start_at": _local(timing.start, timing.zone),
        "end_at": _local(timing.end, timing.zone),
        "target": prefixed("tgt", definition.target_id),
        "description": schedule.description or "",
        "labels": labels_text(schedule.labels),
        "input": _json_text(definition.input),
        "audience": _json_text(definition.audience),
        "overlap": definition.policies.overlap.value,
        "catch_up": definition.policies.catch_up.value,
    }


def _local(at_s: int | None, zone_name: str) -> str:
    """An instant (s) in the time of a zone, with its offset; nothing for None."""
    return "" if at_s is None else zoned_text(at_s * 1000, zone_name)


def _json_text(value: Any) -> str:
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


# The fields of the form that are not taken as they are typed: how each is read (with the zone of local times), and what
# stands in its place where it cannot be read.
_READERS: dict[str, tuple[Callable[[Form, str], Any], Any]] = {
    "recurrence": (lambda form, _: recurrence_in(form.text("recurrence")), "@daily"),
    "start_at": (lambda form, zone_name: instant_at(form, "start_at", zone_name), None),
    "end_at": (lambda form, zone_name: instant_at(form, "end_at", zone_name), None),
    "labels": (lambda form, _: labels_in(form, "labels"), {}),
    "input": (lambda form, _: json_in(form, "input"), None),
    "audience": (lambda form, _: json_in(form, "audience"), None),
}
# Those of them that say when a schedule fires.
_TIMES = ("recurrence", "start_at", "end_at")
