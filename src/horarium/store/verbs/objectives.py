"""Objectives: what the fires of one dialect's schedules had run, read together with what it came from.
And agents, listed from either end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal
from horarium.store.base import Tx
from horarium.store.verbs.runs import Run, run_from_row
from horarium.store.verbs.schedules import MAX_ID, MIN_ID, schedule_from_row
from horarium.store.verbs.targets import target_from_row
from horarium.store.verbs.tenancy import principal_from_row

PHASES = ("pending", "running", "succeeded", "failed", "timed_out", "cancelled")


@dataclass(frozen=True, slots=True)
class Objective:
    """A run, the input it was given, and one of PHASES."""

    run: Run
    phase: str
    input: Any


@dataclass(frozen=True, slots=True)
class Around:
    """What objectives came from, by id: agents and schedules as they are now, deleted ones too, and who made
    them."""

    agents: Mapping[Id, Target]
    schedules: Mapping[Id, Schedule]
    makers: Mapping[Id, Principal]


@dataclass(frozen=True, slots=True)
class ObjectiveListing:
    """What to list: None means any. From beyond `cursor`."""

    workspace_id: Id
    dialect: str
    limit: int
    cursor: Id | None = None
    newest_first: bool = True
    schedule_id: Id | None = None
    agent_id: Id | None = None
    phase: str | None = None

    def filters(self) -> dict[str, Any]:
        return {
            "workspace_id": self.workspace_id,
            "dialect": self.dialect,
            "target_id": self.agent_id,
            "schedule_id": self.schedule_id,
            "phase": self.phase,
        }


@dataclass(frozen=True, slots=True)
class AgentListing:
    """What to list: None means any; `prefix` and `search` in any case. From beyond `cursor`."""

    workspace_id: Id
    limit: int
    cursor: Id | None = None
    newest_first: bool = True
    state: str | None = None
    prefix: str | None = None
    search: str | None = None

    def filters(self) -> dict[str, Any]:
        return {
            "workspace_id": self.workspace_id,
            "state": self.state,
            "prefix": None if self.prefix is None else _literal(self.prefix) + "%",
            "search": None if self.search is None else f"%{_literal(self.search)}%",
        }


async def list_objectives(tx: Tx, listing: ObjectiveListing) -> tuple[list[Objective], Around, int]:
    """One page, what it came from, and how many there are in all."""
    statement = "list_objectives_desc" if listing.newest_first else "list_objectives_asc"
    start = MAX_ID if listing.newest_first else MIN_ID
    rows = await tx.rows(statement, **listing.filters(), cursor=listing.cursor or start, limit=listing.limit)
    found = [_objective(row) for row in rows]
    total = int((await tx.row("count_objectives", **listing.filters()))[0])
    return found, await _around(tx, found), total


async def get_objective(tx: Tx, workspace_id: Id, dialect: str, run: Id) -> tuple[Objective, Around]:
    """One, with what it came from. Raises NotFound."""
    following = (int.from_bytes(run, "big") + 1 & (1 << 128) - 1).to_bytes(16, "big")
    listing = ObjectiveListing(workspace_id, dialect, 1, following)
    rows = await tx.rows("list_objectives_desc", **listing.filters(), cursor=following, limit=1)
    if not rows or bytes(rows[0]["id"]) != run:
        raise NotFound("objective")
    found = _objective(rows[0])
    return found, await _around(tx, [found])


async def makers(tx: Tx, ids: Iterable[Id]) -> dict[Id, Principal]:
    """Principals by id, also those that are gone since."""
    wanted = sorted(set(ids))
    rows = await tx.rows("principals_by_id", ids=wanted) if wanted else ()
    return {one.id: one for one in map(principal_from_row, rows)}


async def list_agents(tx: Tx, listing: AgentListing) -> tuple[list[Target], Mapping[Id, Principal], int]:
    """One page of agents, who made them, and how many there are in all."""
    statement = "list_agents_desc" if listing.newest_first else "list_agents_asc"
    start = MAX_ID if listing.newest_first else MIN_ID
    rows = await tx.rows(statement, **listing.filters(), cursor=listing.cursor or start, limit=listing.limit)
    found = [target_from_row(row) for row in rows]
    total = int((await tx.row("count_agents", **listing.filters()))[0])
    return found, await makers(tx, (one.created_by for one in found)), total


async def _around(tx: Tx, objectives: Iterable[Objective]) -> Around:
    runs = [one.run for one in objectives]
    schedules = {one.schedule_id for one in runs if one.schedule_id is not None}
    rows = await tx.rows("schedules_by_id", ids=sorted(schedules)) if schedules else ()
    known = {one.id: one for one in map(schedule_from_row, rows)}
    targets = {one.target_id for one in runs}
    rows = await tx.rows("targets_by_id", ids=sorted(targets)) if targets else ()
    agents = {one.id: one for one in map(target_from_row, rows)}
    ids = [one.created_by for one in known.values()] + [one.created_by for one in agents.values()]
    return Around(agents, known, await makers(tx, ids))


def _objective(row: Any) -> Objective:
    return Objective(
        run_from_row(row), row["phase"], None if row["input"] is None else orjson.loads(row["input"])
    )


def _literal(text: str) -> str:
    """A text as a LIKE pattern that matches only itself, in lower case."""
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
