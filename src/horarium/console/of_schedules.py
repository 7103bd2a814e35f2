"""What the pages about one schedule share: how they find it."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from horarium.api.fields import path_id
from horarium.console.base import Pages
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity


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
