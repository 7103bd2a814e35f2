"""Objectives, which are the runs of one dialect's schedules, with what they came from; and agents with their
makers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from horarium.domain.errors import NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.listings import AgentListing, ObjectiveListing
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal
from horarium.store.base import Tx
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.schedules import schedule_from_row
from horarium.store.verbs.targets import target_from_row, targets_named
from horarium.store.verbs.tenancy import principal_from_row
from horarium.store.verbs.texts import beginning_with, containing, json_value


async def list_objectives(tx: Tx, listing: ObjectiveListing) -> tuple[list[Objective], ObjectiveContext, int]:
    """One page of objectives, what they came from, and how many there are in all."""
    statement = "list_objectives_desc" if listing.newest_first else "list_objectives_asc"
    start = HIGHEST_ID if listing.newest_first else LOWEST_ID
    rows = await tx.rows(
        statement, **_objective_filters(listing), cursor=listing.cursor or start, limit=listing.limit
    )
    found = [_objective(row) for row in rows]
    total = int((await tx.row("count_objectives", **_objective_filters(listing)))[0])
    return found, await _context_of(tx, listing.workspace_id, found), total


async def get_objective(
    tx: Tx, workspace_id: Id, dialect: str, run: Id
) -> tuple[Objective, ObjectiveContext]:
    """One objective, with what it came from. Raises NotFound."""
    following = (int.from_bytes(run, "big") + 1 & (1 << 128) - 1).to_bytes(16, "big")
    listing = ObjectiveListing(workspace_id, dialect, 1, following)
    rows = await tx.rows("list_objectives_desc", **_objective_filters(listing), cursor=following, limit=1)
    found = [_objective(row) for row in rows]
    if not found or found[0].run.id != run:
        raise NotFound("objective")
    return found[0], await _context_of(tx, workspace_id, found)


async def makers(tx: Tx, ids: Collection[Id]) -> dict[Id, Principal]:
    """Principals by id, including those that have been removed."""
    wanted = sorted(set(ids))
    rows = await tx.rows("principals_by_id", ids=wanted) if wanted else ()
    return {principal.id: principal for principal in map(principal_from_row, rows)}


async def list_agents(tx: Tx, listing: AgentListing) -> tuple[list[Target], Mapping[Id, Principal], int]:
    """One page of agents, who made them, and how many there are in all."""
    statement = "list_agents_desc" if listing.newest_first else "list_agents_asc"
    start = HIGHEST_ID if listing.newest_first else LOWEST_ID
    rows = await tx.rows(
        statement, **_agent_filters(listing), cursor=listing.cursor or start, limit=listing.limit
    )
    found = [target_from_row(row) for row in rows]
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


def _objective_filters(listing: ObjectiveListing) -> dict[str, Any]:
    return {
        "workspace_id": listing.workspace_id,
        "dialect": listing.dialect,
        "target_id": listing.agent_id,
        "schedule_id": listing.schedule_id,
        "phase": listing.phase,
    }


def _agent_filters(listing: AgentListing) -> dict[str, Any]:
    return {
        "workspace_id": listing.workspace_id,
        "state": listing.state,
        "prefix": beginning_with(listing.prefix),
        "search": containing(listing.search),
    }
