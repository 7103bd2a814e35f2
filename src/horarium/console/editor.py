"""The form with which a schedule is made and edited, with its next fires as they would be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api.drafts import patch, preview_timing, schedule_draft
from horarium.api.fields import path_id
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forms import Form, form_status, json_in, labels_in, placed, recurrence_in, together
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
    ("name", "target", "recurrence", "timezone", "input", "labels", "description", "overlap", "catch_up")
)


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
        body, unread = _body(form)
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
        body, unread = _body(form)
        # A patch merges objects, so labels that the form no longer has are removed one by one.
        gone = dict.fromkeys(schedule.labels.keys() - body["labels"].keys())
        body |= {"labels": body["labels"] | gone}
        try:
            with together(unread):
                change = await patch(who, self.services, schedule.id, body)
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
        coming, wrong = self._coming(who, form.fields, schedule)
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
        coming, wrong = self._coming(who, given, schedule)
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
        self, who: Identity, given: dict[str, str], schedule: Schedule | None
    ) -> tuple[Preview | None, str | None]:
        """The next fires of a form that makes a schedule, or changes the given one; or why there are none."""
        self.services.rates.charge(who, NEXT_FIRES * PREVIEWED_TIME)
        now = self.now_ms()
        try:
            body = {"recurrence": recurrence_in(given.get("recurrence", ""))}
            if given.get("timezone"):
                body["timezone"] = given["timezone"].strip()
            timing, _ = preview_timing(who, body, now, schedule)
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


def _body(form: Form) -> tuple[dict[str, Any], list[Problem]]:
    """What the form says, as a body of the API, and what of it cannot be read. In place of that stands something that
    the API accepts, so that the rest can be judged as well."""
    problems: list[Problem] = []
    read: dict[str, Any] = {}
    for name, (reader, instead) in _READERS.items():
        try:
            read[name] = reader(form)
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


def _as_form(schedule: Schedule) -> dict[str, str]:
    definition = schedule.definition
    given = definition.input
    return {
        "name": schedule.name,
        "recurrence": definition.timing.spec,
        "timezone": definition.timing.zone,
        "target": prefixed("tgt", definition.target_id),
        "description": schedule.description or "",
        "labels": "\n".join(f"{name}:{value}" for name, value in schedule.labels.items()),
        "input": "" if given is None else orjson.dumps(given, option=orjson.OPT_INDENT_2).decode(),
        "overlap": definition.policies.overlap.value,
        "catch_up": definition.policies.catch_up.value,
    }


_READERS: dict[str, tuple[Callable[[Form], Any], Any]] = {
    "recurrence": (lambda form: recurrence_in(form.text("recurrence")), "@daily"),
    "labels": (lambda form: labels_in(form, "labels"), {}),
    "input": (lambda form: json_in(form, "input"), None),
}
