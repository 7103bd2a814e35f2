"""Objectives: what the fires of one dialect's schedules had run, read together with what it came from.
And agents, listed from either end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson

from horarium.domain.errors import NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.listings import AgentListing, ObjectiveListing
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal
from horarium.store.base import Tx
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.schedules import schedule_from_row
from horarium.store.verbs.targets import target_from_row
from horarium.store.verbs.tenancy import principal_from_row


async def list_objectives(tx: Tx, listing: ObjectiveListing) -> tuple[list[Objective], ObjectiveContext, int]:
    """One page, what it came from, and how many there are in all."""
    statement = "list_objectives_desc" if listing.newest_first else "list_objectives_asc"
    start = HIGHEST_ID if listing.newest_first else LOWEST_ID
    rows = await tx.rows(
        statement, **_objective_filters(listing), cursor=listing.cursor or start, limit=listing.limit
    )
    found = [_objective(row) for row in rows]
    total = int((await tx.row("count_objectives", **_objective_filters(listing)))[0])
    return found, await _context_of(tx, found), total


async def get_objective(
    tx: Tx, workspace_id: Id, dialect: str, run: Id
) -> tuple[Objective, ObjectiveContext]:
    """One, with what it came from. Raises NotFound."""
    following = (int.from_bytes(run, "big") + 1 & (1 << 128) - 1).to_bytes(16, "big")
    listing = ObjectiveListing(workspace_id, dialect, 1, following)
    rows = await tx.rows("list_objectives_desc", **_objective_filters(listing), cursor=following, limit=1)
    if not rows or bytes(rows[0]["id"]) != run:
        raise NotFound("objective")
    found = _objective(rows[0])
    return found, await _context_of(tx, [found])


async def makers(tx: Tx, ids: Collection[Id]) -> dict[Id, Principal]:
    """Principals by id, also those that are gone since."""
    wanted = sorted(set(ids))
    rows = await tx.rows("principals_by_id", ids=wanted) if wanted else ()
    return {one.id: one for one in map(principal_from_row, rows)}


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


async def _context_of(tx: Tx, objectives: Iterable[Objective]) -> ObjectiveContext:
    runs = [one.run for one in objectives]
    schedules = {one.schedule_id for one in runs if one.schedule_id is not None}
    rows = await tx.rows("schedules_by_id", ids=sorted(schedules)) if schedules else ()
    known = {one.id: one for one in map(schedule_from_row, rows)}
    targets = {one.target_id for one in runs}
    rows = await tx.rows("targets_by_id", ids=sorted(targets)) if targets else ()
    agents = {one.id: one for one in map(target_from_row, rows)}
    ids = [one.created_by for one in known.values()] + [one.created_by for one in agents.values()]
    return ObjectiveContext(agents, known, await makers(tx, ids))


def _objective(row: Any) -> Objective:
    return Objective(
        run_from_row(row), row["phase"], None if row["input"] is None else orjson.loads(row["input"])
    )


def _literal(text: str) -> str:
    """A text as a LIKE pattern that matches only itself, in lower case."""
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


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
        "prefix": None if listing.prefix is None else _literal(listing.prefix) + "%",
        "search": None if listing.search is None else f"%{_literal(listing.search)}%",
    }
