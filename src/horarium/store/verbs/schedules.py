"""Schedules as they are read, by id and by key; `schedule_lists` has their lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.pauses import WHEN_RESUMED
from horarium.domain.schedule import (
    NO_OWNER,
    CatchUp,
    Definition,
    Progress,
    Schedule,
    ScheduleState,
    policies_from_text,
    timing_from_text,
)
from horarium.store.base import Tx, point
from horarium.store.verbs.texts import json_value

# The members of the enum by their values: in a tenth of the time that asking the enum takes.
_STATES = {state.value: state for state in ScheduleState}


class _StoredSchedule(NamedTuple):
    """The columns of `whole_schedules` in schedules.sql: what a schedule is, its definition, how far it has come."""

    id: Id
    workspace_id: Id
    dialect: str
    name: str
    state: str
    version: int
    definition_version: int
    created_ms: int
    updated_ms: int
    created_by: Id
    owner_id: Id
    key: str | None
    description: str | None
    labels: str
    extra: str
    note: str | None
    ended_ms: int | None
    ended_reason: str | None
    deleted_ms: int | None
    paused_until_ms: int | None
    catch_up_after: str | None
    timing: str
    policies: str
    target_id: Id
    input: str | None
    audience: str | None
    environment: bytes | None
    accounted_to: int
    next_slot: int | None
    next_due: int | None
    fires: int
    succeeded: int
    failed: int
    skipped: int
    open_fires: int
    waiting_fires: int
    failures_in_row: int
    last_slot: int | None
    last_fired_ms: int | None
    last_fire_id: Id | None
    last_state: str | None
    last_skip_ms: int | None
    last_skip_reason: str | None


def schedule_from_row(row: Sequence[Any]) -> Schedule:
    """A schedule from a row that has the columns of `whole_schedules`."""
    stored = _StoredSchedule._make(row)
    return Schedule(
        id=stored.id,
        workspace_id=stored.workspace_id,
        dialect=stored.dialect,
        name=stored.name,
        state=_STATES[stored.state],
        definition=_definition(stored),
        progress=_progress(stored),
        version=stored.version,
        definition_version=stored.definition_version,
        created_ms=stored.created_ms,
        updated_ms=stored.updated_ms,
        created_by=stored.created_by,
        owner_id=stored.owner_id,
        key=stored.key,
        description=stored.description,
        labels=orjson.loads(stored.labels),
        extra=orjson.loads(stored.extra),
        note=stored.note,
        ended_ms=stored.ended_ms,
        ended_reason=stored.ended_reason,
        deleted_ms=stored.deleted_ms,
        paused_until_ms=stored.paused_until_ms,
        catch_up_after=CatchUp.NONE if stored.catch_up_after is None else CatchUp(stored.catch_up_after),
    )


def _definition(stored: _StoredSchedule) -> Definition:
    return Definition(
        timing=timing_from_text(stored.timing),
        policies=policies_from_text(stored.policies),
        target_id=stored.target_id,
        input=json_value(stored.input),
        audience=json_value(stored.audience),
        environment=stored.environment,
    )


def _progress(stored: _StoredSchedule) -> Progress:
    waits = stored.next_due == WHEN_RESUMED
    return Progress(
        accounted_to=stored.accounted_to,
        next_slot=None if waits else stored.next_slot,
        next_due=None if waits else stored.next_due,
        fires=stored.fires,
        succeeded=stored.succeeded,
        failed=stored.failed,
        skipped=stored.skipped,
        open_fires=stored.open_fires,
        waiting_fires=stored.waiting_fires,
        failures_in_row=stored.failures_in_row,
        last_slot=stored.last_slot,
        last_fired_ms=stored.last_fired_ms,
        last_fire_id=stored.last_fire_id,
        last_state=stored.last_state,
        last_skip_ms=stored.last_skip_ms,
        last_skip_reason=stored.last_skip_reason,
    )


@point
async def get_schedule(tx: Tx, workspace_id: Id, schedule_id: Id) -> Schedule:
    """A schedule of a workspace that has not been deleted. Raises NotFound."""
    row = await tx.row("get_schedule", id=schedule_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("schedule")
    return schedule_from_row(row)


async def get_schedule_or_deleted(tx: Tx, workspace_id: Id, schedule_id: Id) -> Schedule:
    """A schedule of a workspace, also one that has been deleted, for reading its history. Raises NotFound."""
    rows = await tx.rows("schedules_named", workspace_id=workspace_id, ids=[schedule_id])
    if not rows:
        raise NotFound("schedule")
    return schedule_from_row(rows[0])


async def deleted_schedules(tx: Tx, workspace_id: Id, after: Id, limit: int) -> list[Id]:
    """The ids of up to `limit` schedules that were deleted and whose history is kept, in their order, behind an id."""
    rows = await tx.rows("deleted_schedules", workspace_id=workspace_id, after=after, limit=limit)
    return [row[0] for row in rows]


async def schedules_named(tx: Tx, workspace_id: Id, ids: Sequence[Id]) -> list[Schedule]:
    """Schedules of a workspace, deleted ones too, in the order of their ids here; those that it does not have are left
    out."""
    rows = await tx.rows("schedules_named", workspace_id=workspace_id, ids=list(ids)) if ids else ()
    found = {schedule.id: schedule for schedule in map(schedule_from_row, rows)}
    return [found[each] for each in ids if each in found]


@point
async def find_schedule_by_key(
    tx: Tx, workspace_id: Id, dialect: str, key: str, owner_id: Id = NO_OWNER
) -> Schedule | None:
    """The schedule with a key that its maker chose, within its dialect and owner, or None."""
    row = await tx.row(
        "get_schedule_by_key", workspace_id=workspace_id, dialect=dialect, owner_id=owner_id, key=key
    )
    return None if row is None else schedule_from_row(row)


async def schedules_with_keys(
    tx: Tx, workspace_id: Id, dialect: str, keys: Sequence[str], owner_id: Id = NO_OWNER
) -> dict[str, Schedule]:
    """As `find_schedule_by_key` for many keys; those that name no schedule are left out."""
    named = orjson.dumps(list(keys)).decode()
    rows = await tx.rows(
        "schedules_with_keys", workspace_id=workspace_id, dialect=dialect, owner_id=owner_id, keys=named
    )
    return {str(found.key): found for found in map(schedule_from_row, rows)}


async def whose_schedule(tx: Tx, schedule_id: Id) -> tuple[Id, str, bool] | None:
    """(workspace, dialect, deleted) of a schedule of any workspace, or None: for telling "not yours" from "not there",
    never for reading the schedule."""
    row = await tx.row("workspace_of_schedule", id=schedule_id)
    if row is None:
        return None
    workspace_id, dialect, deleted_ms = row
    return workspace_id, dialect, deleted_ms is not None
