"""Objectives, which are the runs of one dialect's schedules, with what they came from; and agents with their
makers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from horarium.domain.errors import NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.listings import AgentListing, ObjectiveListing, PageRows
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal
from horarium.store.base import Tx
from horarium.store.verbs.page_bytes import LARGE, whole_page
from horarium.store.verbs.run_lists import AROUND, MOST_COUNTED, NEARBY, NEARBY_FOR_EACH
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.schedules import schedule_from_row
from horarium.store.verbs.targets import targets_named, whole_targets
from horarium.store.verbs.tenancy import principal_from_row
from horarium.store.verbs.texts import beginning_with, containing, json_value

# With fewer schedules than this a dialect's runs are found through them, and not one by one.
FEW = 500


async def list_objectives(
    tx: Tx, listing: ObjectiveListing
) -> tuple[PageRows[Objective], ObjectiveContext, int]:
    """One page of objectives, what they came from, and how many there are in all (MOST_COUNTED where there are
    more). The page ends early where the texts are large."""
    found, total = await _ids_and_total(tx, listing)
    objectives = await _page(tx, listing, sorted(found, reverse=listing.newest_first))
    return objectives, await _context_of(tx, listing.workspace_id, objectives), total


async def _ids_and_total(tx: Tx, listing: ObjectiveListing) -> tuple[list[Id], int]:
    """The ids of a page, in any order, and the count. The phase decides by which way runs are found, as the state does
    in `run_lists`. Where the first page is not full, it has all that there are."""
    order = "desc" if listing.newest_first else "asc"
    row = await tx.row("frequency_of_dialect", **_filters(listing), limit=FEW)
    few = int(row[0]) < FEW
    if listing.phase in (None, "succeeded"):
        found = await _of_schedules(tx, listing, order, few)
        counting, given = "count_objectives_of_schedules", {**_filters(listing), "state": listing.phase}
    elif listing.phase in ("failed", "timed_out", "cancelled"):
        given = {**_filters(listing), "phase": listing.phase, "few": int(few)}
        found = await _ids(tx, f"objectives_with_error_{order}", given, listing)
        counting = "count_objectives_with_error"
        given |= {"after": LOWEST_ID, "before": HIGHEST_ID}
    elif listing.phase in ("pending", "running"):
        given = {**_filters(listing), "phase": listing.phase, "few": int(few), "kind": None}
        found = await _ids(tx, f"open_objectives_{order}", given, listing)
        counting = "count_open_objectives"
        given |= {"after": LOWEST_ID, "before": HIGHEST_ID}
    else:
        return [], 0
    if listing.cursor is None and len(found) < listing.limit:
        return found, len(found)
    row = await tx.row(counting, **given, limit=MOST_COUNTED)
    return found, int(row[0])


async def _ids(tx: Tx, statement: str, given: Mapping[str, Any], listing: ObjectiveListing) -> list[Id]:
    return [run for (run,) in await tx.rows(statement, **given, **_window(listing), limit=listing.limit)]


async def _of_schedules(tx: Tx, listing: ObjectiveListing, order: str, few: bool) -> list[Id]:
    """The ids of a page of runs in any phase, or of those that went well. Where the dialect is much used they are
    among the next runs of the workspace; otherwise they are found through the schedules of the dialect, first among
    the next of their runs."""
    given = {**_filters(listing), "state": listing.phase, "limit": listing.limit}
    window = _window(listing)
    if not few:
        nearby = await _next(tx, listing, window, NEARBY + NEARBY_FOR_EACH * listing.limit)
        rows = await tx.rows(f"nearby_objectives_{order}", **given, **nearby, few=0)
        if nearby == window or len(rows) == listing.limit:
            return [run for (run,) in rows]
    for skip in (AROUND, None):
        around = window if skip is None else await _next(tx, listing, window, skip)
        rows = await tx.rows(f"objectives_of_schedules_{order}", **given, **around)
        if around == window or len(rows) == listing.limit:
            break
    return [run for (run,) in rows]


async def _next(tx: Tx, listing: ObjectiveListing, window: dict[str, Id], skip: int) -> dict[str, Id]:
    """The part of a window in which the next `skip` runs of the workspace lie; all of it where there are not so
    many."""
    bound, cursor = ("after", "before") if listing.newest_first else ("before", "after")
    statement = "run_id_further_down" if listing.newest_first else "run_id_further_up"
    end = await tx.row(statement, workspace_id=listing.workspace_id, cursor=window[cursor], skip=skip)
    return window if end is None else {**window, bound: end[0]}


def _window(listing: ObjectiveListing) -> dict[str, Id]:
    """The ids between which the runs of a page lie; neither is one of them."""
    if listing.newest_first:
        return {"after": LOWEST_ID, "before": listing.cursor or HIGHEST_ID}
    return {"after": listing.cursor or LOWEST_ID, "before": HIGHEST_ID}


async def get_objective(
    tx: Tx, workspace_id: Id, dialect: str, run: Id
) -> tuple[Objective, ObjectiveContext]:
    """One objective, with what it came from. Raises NotFound."""
    found = await _objectives(tx, workspace_id, dialect, [run])
    if not found:
        raise NotFound("objective")
    return found[0], await _context_of(tx, workspace_id, found)


async def _page(tx: Tx, listing: ObjectiveListing, ids: list[Id]) -> PageRows[Objective]:
    """Objectives in the order of `ids`, as many as a page may hold in bytes."""
    if not ids:
        return PageRows()
    of = {"workspace_id": listing.workspace_id, "dialect": listing.dialect}
    rows = await tx.rows("objectives_listed", **of, ids=ids, large=LARGE)
    place = {run: number for number, run in enumerate(ids)}
    page = await whole_page(
        sorted(rows, key=lambda row: place[row[0]]),
        lambda large: tx.rows("objectives_named", **of, ids=large),
    )
    return PageRows(map(_objective, page), page.ended_early)


async def _objectives(tx: Tx, workspace_id: Id, dialect: str, ids: Sequence[Id]) -> list[Objective]:
    """Objectives by the ids of their runs, in any order."""
    if not ids:
        return []
    rows = await tx.rows("objectives_named", workspace_id=workspace_id, dialect=dialect, ids=list(ids))
    return [_objective(row) for row in rows]


async def makers(tx: Tx, ids: Collection[Id]) -> dict[Id, Principal]:
    """Principals by id, including those that have been removed."""
    wanted = sorted(set(ids))
    rows = await tx.rows("principals_by_id", ids=wanted) if wanted else ()
    return {principal.id: principal for principal in map(principal_from_row, rows)}


async def list_agents(tx: Tx, listing: AgentListing) -> tuple[PageRows[Target], Mapping[Id, Principal], int]:
    """One page of agents, who made them, and how many there are in all. It ends early where their texts are large."""
    statement = "list_agents_desc" if listing.newest_first else "list_agents_asc"
    start = HIGHEST_ID if listing.newest_first else LOWEST_ID
    rows = await tx.rows(
        statement, **_agent_filters(listing), cursor=listing.cursor or start, limit=listing.limit, large=LARGE
    )
    found = await whole_targets(tx, listing.workspace_id, rows)
    total = int((await tx.row("count_agents", **_agent_filters(listing)))[0])
    return found, await makers(tx, [agent.created_by for agent in found]), total


async def _context_of(tx: Tx, workspace_id: Id, objectives: Iterable[Objective]) -> ObjectiveContext:
    runs = [objective.run for objective in objectives]
    ids = {run.schedule_id for run in runs if run.schedule_id is not None}
    rows = await tx.rows("schedules_named", workspace_id=workspace_id, ids=sorted(ids)) if ids else ()
    schedules = {schedule.id: schedule for schedule in map(schedule_from_row, rows)}
    agents = await targets_named(tx, workspace_id, {run.target_id for run in runs})
    made_by = {schedule.created_by for schedule in schedules.values()}
    made_by |= {agent.created_by for agent in agents.values()}
    return ObjectiveContext(agents, schedules, await makers(tx, made_by))


def _objective(row: Sequence[Any]) -> Objective:
    *run, phase, given = row
    return Objective(run_from_row(run), phase, json_value(given))


def _filters(listing: ObjectiveListing) -> dict[str, Any]:
    return {
        "workspace_id": listing.workspace_id,
        "dialect": listing.dialect,
        "target_id": listing.agent_id,
        "schedule_id": listing.schedule_id,
    }


def _agent_filters(listing: AgentListing) -> dict[str, Any]:
    return {
        "workspace_id": listing.workspace_id,
        "state": listing.state,
        "key": None,  # one of the filters of targets, for which this API has no parameter
        "prefix": beginning_with(listing.prefix),
        "search": containing(listing.search),
    }
