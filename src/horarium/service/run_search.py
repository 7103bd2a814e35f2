"""A page of runs by what they belong to: the own API and the console list runs through this."""

from __future__ import annotations

from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.run import Run
from horarium.service.pages import Page, cut
from horarium.service.services import Services


async def matching_runs(
    services: Services,
    workspace_id: Id,
    limit: int,
    cursor: Id,
    schedule_id: Id | None,
    fire_id: Id | None,
    target: str | None,
    state: str | None,
) -> Page[Run]:
    """Up to `limit` runs of a workspace that match all filters, the newest of those with lower ids than `cursor` first.

    `target` is its id, key or number. A filter for something that does not exist matches no run.
    """
    try:
        if fire_id is not None:
            of_fire = (await services.schedules.fire(workspace_id, fire_id)).schedule_id
            if schedule_id not in (None, of_fire):
                return Page([])
            schedule_id = of_fire
        target_id = None if target is None else (await services.targets.resolve(workspace_id, target)).id
    except NotFound:
        return Page([])
    found = await services.runs.list(workspace_id, limit + 1, cursor, schedule_id, fire_id, target_id, state)
    return cut(found, limit, lambda run: run.id)
