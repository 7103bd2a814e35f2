"""Schedules as they are read: one, by its key, page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from horarium.domain.errors import NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import (
    NO_OWNER,
    Definition,
    Progress,
    Schedule,
    ScheduleState,
    policies_from_text,
    timing_from_text,
)
from horarium.store.base import Tx, point


def _member(name: str, value: str) -> str:
    """A member of a JSON object as `extra` is stored, as a pattern. Quotes inside texts are escaped there, so
    that nothing else looks like it."""
    return (
        orjson.dumps({name: value})
        .decode()[1:-1]
        .replace("\\", "\\\\")
        .replace("%", "\\%")
        .replace("_", "\\_")
    )


def _like(text: str) -> str:
    """A text as a pattern that matches only itself, in lower case."""
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def schedule_from_row(row: Any) -> Schedule:
    """A schedule from a row of `get_schedule` or a listing."""
    return Schedule(
        id=row["id"],
        workspace_id=row["workspace_id"],
        dialect=row["dialect"],
        name=row["name"],
        state=ScheduleState(row["state"]),
        definition=Definition(
            timing=timing_from_text(row["timing"]),
            policies=policies_from_text(row["policies"]),
            target_id=row["run_target_id"],
            input=None if row["input"] is None else orjson.loads(row["input"]),
            audience=None if row["audience"] is None else orjson.loads(row["audience"]),
            environment=row["environment"],
        ),
        progress=Progress(
            **{name: row[name] for name in _PROGRESS},
        ),
        version=row["version"],
        definition_version=row["definition_version"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        created_by=row["created_by"],
        owner_id=row["owner_id"],
        key=row["key"],
        description=row["description"],
        labels=orjson.loads(row["labels"]),
        extra=orjson.loads(row["extra"]),
        note=row["note"],
        ended_ms=row["ended_ms"],
        ended_reason=row["ended_reason"],
        deleted_ms=row["deleted_ms"],
    )


_PROGRESS = (
    "accounted_to",
    "next_slot",
    "next_due",
    "fires",
    "succeeded",
    "failed",
    "skipped",
    "open_fires",
    "waiting_fires",
    "failures_in_row",
    "last_slot",
    "last_fired_ms",
    "last_fire_id",
    "last_state",
    "last_skip_ms",
    "last_skip_reason",
)


@point
async def get_schedule(tx: Tx, workspace_id: Id, schedule_id: Id) -> Schedule:
    """A live schedule of the workspace. Raises NotFound."""
    row = await tx.row("get_schedule", id=schedule_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("schedule")
    return schedule_from_row(row)


@point
async def find_schedule_by_key(
    tx: Tx, workspace_id: Id, dialect: str, key: str, owner_id: Id = NO_OWNER
) -> Schedule | None:
    """The live schedule with a key that its maker chose, within its dialect and owner."""
    row = await tx.row(
        "get_schedule_by_key", workspace_id=workspace_id, dialect=dialect, owner_id=owner_id, key=key
    )
    return None if row is None else schedule_from_row(row)


async def whose_schedule(tx: Tx, schedule_id: Id) -> tuple[Id, str, bool] | None:
    """(workspace, dialect, deleted) of a schedule of any workspace, or None: for telling the two kinds of
    absence apart, never for reading it."""
    row = await tx.row("workspace_of_schedule", id=schedule_id)
    return None if row is None else (row["workspace_id"], row["dialect"], row["deleted_ms"] is not None)


async def list_schedules(tx: Tx, listing: ScheduleListing) -> list[Schedule]:
    """One page; ask for one more than shown to know whether there is a next one."""
    statement = "list_schedules_desc" if listing.newest_first else "list_schedules_asc"
    start = HIGHEST_ID if listing.newest_first else LOWEST_ID
    further = listing.labels[1:]
    rows = await tx.rows(
        statement,
        **_filters(listing),
        cursor=listing.cursor or start,
        limit=listing.limit if not further else 1_000_000,
        skip=listing.skip if not further else 0,
    )
    found = [schedule_from_row(row) for row in rows]
    if further:
        found = [one for one in found if all(one.labels.get(name) == value for name, value in further)]
        found = found[listing.skip : listing.skip + listing.limit]
    return found


async def count_schedules(tx: Tx, listing: ScheduleListing) -> int:
    """How many schedules a listing's filters take, whatever its page."""
    if len(listing.labels) > 1:
        everything = replace(listing, cursor=None, skip=0, limit=1_000_000)
        return len(await list_schedules(tx, everything))
    return int((await tx.row("count_schedules", **_filters(listing)))[0])


def _filters(listing: ScheduleListing) -> dict[str, Any]:
    name, value = listing.labels[0] if listing.labels else (None, None)
    return {
        "workspace_id": listing.workspace_id,
        "dialect": listing.dialect,
        "owner_id": listing.owner_id,
        "target_id": listing.target_id,
        "state": listing.state,
        "not_state": listing.not_state,
        "extra": None if listing.extra is None else f"%{_member(*listing.extra)}%",
        "prefix": None if listing.prefix is None else _like(listing.prefix) + "%",
        "search": None if listing.search is None else f"%{_like(listing.search)}%",
        "search_input": 1 if listing.search_input else 0,
        "label_name": name,
        "label_value": value,
    }
