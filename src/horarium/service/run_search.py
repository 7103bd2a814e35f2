"""A page of runs by what they belong to: the own API and the console list runs through this."""

from __future__ import annotations

from dataclasses import replace

from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.listings import RunListing, Total
from horarium.domain.run import Run
from horarium.service.pages import Page
from horarium.service.services import Services
from horarium.store.verbs import page_bytes
from horarium.store.verbs.page_bytes import PageRoom


async def matching_runs(services: Services, listing: RunListing, target: str | None) -> Page[Run]:
    """A page of the runs of a listing that are of a `target` as well: its id, key or number.

    A filter for something that does not exist matches no run.
    """
    whole = await _whole(services, listing, target)
    return Page([]) if whole is None else await services.searches.runs(whole)


async def total_of_runs(services: Services, listing: RunListing, target: str | None) -> Total:
    """How many runs `matching_runs` finds on all pages."""
    whole = await _whole(services, listing, target)
    return Total(0) if whole is None else await services.totals.runs(whole)


async def _whole(services: Services, listing: RunListing, target: str | None) -> RunListing | None:
    """A listing with what its filters name; None where one of them names nothing."""
    workspace_id = listing.workspace_id
    try:
        if listing.fire_id is not None:
            of_fire = (await services.schedules.fire(workspace_id, listing.fire_id)).schedule_id
            if listing.schedule_id not in (None, of_fire):
                return None
            listing = replace(listing, schedule_id=of_fire)
        return replace(listing, target_id=await target_of(services, workspace_id, target))
    except NotFound:
        return None


async def target_of(services: Services, workspace_id: Id, target: str | None) -> Id | None:
    """The id of the target that a filter names by its id, key or number; None without one. Raises NotFound."""
    return None if target is None else (await services.targets.resolve(workspace_id, target)).id


async def with_inputs(
    services: Services, page: Page[Run], by_row: bool
) -> tuple[Page[Run], dict[Id, str | None]]:
    """A page with the inputs of its runs as JSON texts, by their ids. It ends before the run whose input would make
    it larger than a page may be. `by_row`: they are in the order of their fires (see RunListing)."""
    inputs = await services.runs.inputs_of(page.items)
    sizes = [len(inputs[run.id] or "") for run in page.items]
    count = PageRoom(page_bytes.PAGE_BYTES).take(sizes)
    if count == len(sizes):
        return page, inputs
    last = page.items[count - 1]
    position = (last.fire_id or b"") + last.id if by_row else last.id
    return Page(page.items[:count], position), inputs
