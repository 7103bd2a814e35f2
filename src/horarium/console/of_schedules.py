"""What the pages about one schedule share: how they find it, and how they read instants that people type."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from horarium.api.fields import path_id
from horarium.console.base import Pages
from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.times import InstantError, Rounding, zone
from horarium.times.civil import parse_wall
from horarium.times.instants import milliseconds_of


class OfSchedules(Pages):
    """Base class of the pages about schedules."""

    async def schedule(self, who: Identity, request: Request, alive: bool = False) -> Schedule:
        """The schedule that a path names, also a deleted one unless it must be `alive`. Raises NotFound."""
        schedule_id = path_id(request, "sch", "schedule")
        if alive:
            return await self.services.schedules.get(who.workspace_id, schedule_id)
        return await self.services.explain.schedule(who.workspace_id, schedule_id)

    async def targets_of(self, who: Identity, schedules: Iterable[Schedule]) -> dict[Id, Target]:
        """The targets of schedules by id, without those that were deleted."""
        ids = {schedule.definition.target_id for schedule in schedules}
        return await self.services.targets.named(who.workspace_id, ids) if ids else {}


def instant_in(given: str, schedule: Schedule, field: str = "at") -> int:
    """The instant of a text, in milliseconds: with an offset as in the API, or a local time of the schedule.

    Raises Invalid.
    """
    text = given.strip().replace(" ", "T", 1) if given.strip()[:11].count(" ") else given.strip()
    try:
        return milliseconds_of(text, Rounding.DOWN)
    except InstantError:
        return _wall_ms(text, schedule, field)


def _wall_ms(text: str, schedule: Schedule, field: str) -> int:
    """The instant of a local time in the schedule's zone. Raises Invalid."""
    for complete in (text, f"{text}:00", f"{text}T00:00:00"):
        wall = parse_wall(complete)
        if wall is not None and wall.length == len(complete):
            return zone(schedule.definition.timing.zone).resolve(wall.second) * 1000
    words = (
        "write a time such as 2026-03-08 09:00, in the zone of the schedule, or with an offset as in "
        "2026-03-08T09:00:00Z"
    )
    raise Invalid(Problem(field, words, "instant"))
