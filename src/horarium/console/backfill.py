"""Backfill: past slots of a schedule are fired, after a dry run has shown which these are."""

from __future__ import annotations

from secrets import token_hex

from starlette.requests import Request

from horarium.api.web import Answer
from horarium.console.instants import instant_in
from horarium.console.of_schedules import OfSchedules
from horarium.console.rendering import path_to, redirect
from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import prefixed
from horarium.domain.schedule import Schedule

# Slots that the dry run shows: the first of them.
SHOWN = 20


class BackfillPages(OfSchedules):
    async def plan(self, request: Request) -> Answer:
        """The form; and, where the address names a range, what a backfill of it would fire."""
        who = await self.who(request, "schedules:write")
        schedule = await self.schedule(who, request, alive=True)
        given = {name: request.query_params.get(name, "").strip() for name in ("from", "to")}
        slots, problems = None, dict[str, str]()
        if given["from"] or given["to"]:
            try:
                from_ms, to_ms = _range(given, schedule)
                slots = await self.services.schedules.slots_to_backfill(who, schedule.id, from_ms, to_ms)
            except Invalid as error:
                problems = {problem.field: problem.message for problem in error.problems}
        targets = await self.targets_of(who, [schedule])
        return self.page(
            request,
            "backfill.html",
            200 if not problems else 400,
            schedule=schedule,
            target=targets.get(schedule.definition.target_id),
            given=given,
            problems=problems,
            slots=slots,
            shown=SHOWN,
            once=token_hex(12),
        )

    async def fire(self, request: Request) -> Answer:
        """Fire the slots of the range that the form names. A form that is sent twice fires once."""
        who, form = await self.sent(request, "schedules:write")
        schedule = await self.schedule(who, request, alive=True)
        from_ms, to_ms = _range(form.fields, schedule)
        await self.services.schedules.backfill(who, schedule.id, from_ms, to_ms, form.given("once"))
        return redirect(path_to("schedules", prefixed("sch", schedule.id), done="backfilled"))


def _range(given: dict[str, str], schedule: Schedule) -> tuple[int, int]:
    """The first and the last instant of a range, in milliseconds. Raises Invalid."""
    problems: list[Problem] = []
    found = []
    for name in ("from", "to"):
        try:
            found.append(instant_in(given.get(name, ""), schedule.definition.timing.zone, name))
        except Invalid as error:
            problems += error.problems
    if problems:
        raise Invalid(problems)
    return found[0], found[1]
