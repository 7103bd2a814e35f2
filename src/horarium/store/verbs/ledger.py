"""Reading the ledger: fires, spans, and the definition that ruled at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from horarium.domain.errors import NotFound
from horarium.domain.fire import Fire, FireKind, FireState, Span, SpanReason
from horarium.domain.history import History, RunErrors
from horarium.domain.ids import HIGHEST_ID, Id, id_time, lowest_id_at, run_id
from horarium.domain.run import Missed, Run
from horarium.domain.schedule import (
    Definition,
    DefinitionVersion,
    Schedule,
    policies_from_text,
    timing_from_text,
)
from horarium.store.base import Tx
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.schedules import get_schedule, get_schedule_or_deleted
from horarium.store.verbs.texts import json_value

# Of a fire so many runs that ended badly are looked at for their errors, and so many different errors are told.
MOST_ERRORS = 1_000
ERROR_KINDS = 5
# Of the fires of a schedule so many are counted, the latest.
MOST_COUNTED = 10_000
# No version has so high a number.
_HIGHEST_VERSION = (1 << 62) - 1


class _StoredFire(NamedTuple):
    """The columns of `fire_columns` in ledger.sql."""

    id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    kind: str
    slot_ms: int
    due_ms: int
    state: str
    fired_ms: int
    finished_ms: int | None
    request: str
    audience_size: int | None
    runs: int
    succeeded: int
    failed: int
    cancelled: int
    error: str | None
    missed_count: int | None
    missed_first: int | None
    missed_last: int | None


class _StoredSpan(NamedTuple):
    """The columns of `spans_between`."""

    schedule_id: Id
    first_ms: int
    last_ms: int
    slots: int
    reason: str
    version: int
    recorded_ms: int


class _FireTotals(NamedTuple):
    """How the fires of a schedule ended, in numbers, and when it last went well and badly."""

    fires: int
    succeeded: int
    failed: int
    last_success: int | None
    last_failure: int | None


class RulingVersion(NamedTuple):
    """A definition that ruled at an instant: its number, and its timing and policies as JSON texts."""

    version: int
    timing: str
    policies: str


def fire_from_row(row: Sequence[Any]) -> Fire:
    """A fire from a row that has the columns of `fire_columns`."""
    stored = _StoredFire._make(row)
    missed = None
    if stored.missed_count is not None:
        missed = Missed(stored.missed_count, stored.missed_first or 0, stored.missed_last or 0)
    return Fire(
        id=stored.id,
        workspace_id=stored.workspace_id,
        schedule_id=stored.schedule_id,
        version=stored.version,
        kind=FireKind(stored.kind),
        slot_ms=stored.slot_ms,
        due_ms=stored.due_ms,
        state=FireState(stored.state),
        fired_ms=stored.fired_ms,
        finished_ms=stored.finished_ms,
        request=stored.request,
        missed=missed,
        audience_size=stored.audience_size,
        runs=stored.runs,
        succeeded=stored.succeeded,
        failed=stored.failed,
        cancelled=stored.cancelled,
        error=stored.error,
    )


def span_from_row(row: Sequence[Any]) -> Span:
    """A span from a row that has the columns of `spans_between`."""
    stored = _StoredSpan._make(row)
    return Span(
        stored.schedule_id,
        stored.first_ms,
        stored.last_ms,
        stored.slots,
        SpanReason(stored.reason),
        stored.version,
        stored.recorded_ms,
    )


async def get_fire(tx: Tx, workspace_id: Id, fire: Id) -> Fire:
    """A fire of a workspace. Raises NotFound."""
    row = await tx.row("get_fire", id=fire, workspace_id=workspace_id)
    if row is None:
        raise NotFound("fire")
    return fire_from_row(row)


async def fires_named(tx: Tx, workspace_id: Id, fires: Sequence[Id]) -> list[Fire]:
    """Fires of a workspace by id, in any order. Those that it does not have are left out."""
    rows = await tx.rows("fires_named", ids=list(fires), workspace_id=workspace_id)
    return [fire_from_row(row) for row in rows]


async def list_fires(
    tx: Tx, workspace_id: Id, schedule_id: Id, limit: int, cursor: Id | None = None, kind: str | None = None
) -> list[Fire]:
    """Fires of a schedule, latest slot first."""
    by_hand = kind is not None and kind != FireKind.CLOCK.value
    rows = await tx.rows(
        "list_fires_by_hand" if by_hand else "list_fires",
        workspace_id=workspace_id,
        schedule_id=schedule_id,
        cursor=cursor or HIGHEST_ID,
        kind=kind,
        limit=limit,
    )
    return [fire_from_row(row) for row in rows]


async def list_fires_by_fired(
    tx: Tx, workspace_id: Id, schedule_id: Id, limit: int, after: tuple[int, Id] | None = None
) -> list[Fire]:
    """Fires of a schedule in the order they happened, newest first, behind (fired_ms, id)."""
    fired, cursor = after or ((1 << 62), HIGHEST_ID)
    rows = await tx.rows(
        "list_fires_by_fired",
        workspace_id=workspace_id,
        schedule_id=schedule_id,
        fired_ms=fired,
        cursor=cursor,
        limit=limit,
    )
    return [fire_from_row(row) for row in rows]


async def errors_of_fires(tx: Tx, workspace_id: Id, fires: Sequence[Fire]) -> dict[Id, list[RunErrors]]:
    """With which errors runs of fires ended, by the fire's id: the most frequent first, at most ERROR_KINDS. Of each
    fire the first MOST_ERRORS runs that ended badly are looked at."""
    found = {}
    for fire in fires:
        if fire.failed + fire.cancelled == 0:
            continue
        at = id_time(fire.id)
        rows = await tx.rows(
            "errors_of_fire",
            workspace_id=workspace_id,
            fire_id=fire.id,
            low=lowest_id_at(at),
            high=lowest_id_at(at + 1),
            most=MOST_ERRORS,
            kinds=ERROR_KINDS,
        )
        found[fire.id] = [RunErrors(error, count) for error, count in rows]
    return found


async def latest_fires(
    tx: Tx, workspace_id: Id, schedule_id: Id, limit: int
) -> tuple[Schedule, list[tuple[Fire, Run | None]]]:
    """A schedule with its latest `limit` fires, each with its run if it has exactly one. Raises NotFound."""
    schedule = await get_schedule(tx, workspace_id, schedule_id)
    fires = await list_fires(tx, workspace_id, schedule_id, limit)
    ids = [run_id(fire.id) for fire in fires]
    rows = await tx.rows("runs_named", workspace_id=workspace_id, ids=ids) if ids else ()
    runs = {run.fire_id: run for run in map(run_from_row, rows)}
    return schedule, [(fire, runs.get(fire.id)) for fire in fires]


async def history(tx: Tx, workspace_id: Id, schedule_id: Id, limit: int) -> History:
    """The latest `limit` fires of a schedule with their runs, and figures about its latest MOST_COUNTED fires and runs.
    Raises NotFound."""
    schedule, fires = await latest_fires(tx, workspace_id, schedule_id, limit)
    own = {"workspace_id": workspace_id, "schedule_id": schedule_id, "most": MOST_COUNTED}
    totals = _FireTotals._make(await tx.row("fire_totals", **own))
    (average,) = await tx.row("average_run", **own)
    return History(
        schedule=schedule,
        fires=fires,
        total=totals.fires,
        succeeded=totals.succeeded,
        failed=totals.failed,
        average_ms=round(average or 0),
        last_success_ms=totals.last_success,
        last_failure_ms=totals.last_failure,
    )


async def entries_between(
    tx: Tx, workspace_id: Id, schedule_id: Id, from_ms: int, to_ms: int, limit: int
) -> tuple[list[Fire], list[Span]]:
    """The clock fires with slots in [from, to] and the spans that touch it, each in order."""
    fires = await tx.rows(
        "fires_between",
        workspace_id=workspace_id,
        schedule_id=schedule_id,
        low=lowest_id_at(from_ms),
        high=lowest_id_at(to_ms + 1),
        limit=limit,
    )
    spans = await tx.rows(
        "spans_between",
        workspace_id=workspace_id,
        schedule_id=schedule_id,
        from_ms=from_ms,
        to_ms=to_ms,
        limit=limit,
    )
    return [fire_from_row(row) for row in fires], [span_from_row(row) for row in spans]


async def version_at(tx: Tx, workspace_id: Id, schedule_id: Id, at: int) -> RulingVersion | None:
    """The definition that ruled at an instant, or None before the schedule was made."""
    row = await tx.row("version_at", workspace_id=workspace_id, schedule_id=schedule_id, at=at)
    return None if row is None else RulingVersion._make(row)


async def versions_of(
    tx: Tx, workspace_id: Id, schedule_id: Id, limit: int, below: int | None = None
) -> list[DefinitionVersion]:
    """The versions of a schedule's definition with their timings, the latest first, those with lower numbers than
    `below`. Raises NotFound for a schedule that never was in the workspace."""
    await get_schedule_or_deleted(tx, workspace_id, schedule_id)
    rows = await tx.rows(
        "versions_of_schedule",
        workspace_id=workspace_id,
        schedule_id=schedule_id,
        below=_HIGHEST_VERSION if below is None else below,
        limit=limit,
    )
    return [DefinitionVersion(number, from_ms, timing_from_text(timing)) for number, from_ms, timing in rows]


async def version_of(
    tx: Tx, workspace_id: Id, schedule_id: Id, number: int
) -> tuple[DefinitionVersion, Definition]:
    """One version of a schedule's definition, and the definition without its environment variables. Raises
    NotFound."""
    row = await tx.row(
        "version_of_schedule", workspace_id=workspace_id, schedule_id=schedule_id, version=number
    )
    if row is None:
        raise NotFound("version", str(number))
    found, from_ms, timing, policies, target_id, given, audience = row
    definition = Definition(
        timing_from_text(timing),
        policies_from_text(policies),
        target_id,
        json_value(given),
        json_value(audience),
    )
    return DefinitionVersion(found, from_ms, definition.timing), definition
