"""Reading the ledger: fires, spans, and the definition that ruled at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from horarium.domain.errors import NotFound
from horarium.domain.fire import Fire, FireKind, FireState, Span, SpanReason
from horarium.domain.history import History
from horarium.domain.ids import HIGHEST_ID, Id, lowest_id_at, run_id
from horarium.domain.run import Missed
from horarium.store.base import Tx
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.schedules import get_schedule


def fire_from_row(row: Any) -> Fire:
    missed = None
    if row["missed_count"] is not None:
        missed = Missed(row["missed_count"], row["missed_first"], row["missed_last"])
    return Fire(
        id=row["id"],
        workspace_id=row["workspace_id"],
        schedule_id=row["schedule_id"],
        version=row["version"],
        kind=FireKind(row["kind"]),
        slot_ms=row["slot_ms"],
        due_ms=row["due_ms"],
        state=FireState(row["state"]),
        fired_ms=row["fired_ms"],
        finished_ms=row["finished_ms"],
        request=row["request"],
        missed=missed,
        audience_size=row["audience_size"],
        runs=row["runs"],
        succeeded=row["succeeded"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        error=row["error"],
    )


def span_from_row(row: Any) -> Span:
    return Span(
        row["schedule_id"],
        row["first_ms"],
        row["last_ms"],
        row["count"],
        SpanReason(row["reason"]),
        row["version"],
        row["recorded_ms"],
    )


async def get_fire(tx: Tx, workspace_id: Id, fire: Id) -> Fire:
    row = await tx.row("get_fire", id=fire, workspace_id=workspace_id)
    if row is None:
        raise NotFound("fire")
    return fire_from_row(row)


async def list_fires(
    tx: Tx, workspace_id: Id, schedule_id: Id, limit: int, cursor: Id | None = None, kind: str | None = None
) -> list[Fire]:
    """Fires of a schedule, latest slot first."""
    rows = await tx.rows(
        "list_fires",
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


async def history(tx: Tx, workspace_id: Id, schedule_id: Id, limit: int) -> History:
    """The latest `limit` fires of a schedule with their runs. Raises NotFound."""
    schedule = await get_schedule(tx, workspace_id, schedule_id)
    fires = await list_fires(tx, workspace_id, schedule_id, limit)
    rows = await runs_of_fires(tx, [run_id(fire.id) for fire in fires])
    runs = {run.fire_id: run for run in map(run_from_row, rows)}
    own = {"workspace_id": workspace_id, "schedule_id": schedule_id}
    totals = await tx.row("fire_totals", **own)
    average = (await tx.row("average_run", **own))["average"]
    return History(
        schedule=schedule,
        fires=[(fire, runs.get(fire.id)) for fire in fires],
        total=totals["fires"],
        succeeded=totals["succeeded"],
        failed=totals["failed"],
        average_ms=round(average or 0),
        last_success_ms=totals["last_success"],
        last_failure_ms=totals["last_failure"],
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


async def version_at(tx: Tx, workspace_id: Id, schedule_id: Id, at: int) -> Any:
    """The row of the definition that ruled at an instant, or None before the schedule was made."""
    return await tx.row("version_at", workspace_id=workspace_id, schedule_id=schedule_id, at=at)


async def runs_of_fires(tx: Tx, ids: Sequence[Id]) -> Sequence[Any]:
    """Rows of runs by id."""
    return await tx.rows("runs_of_fires", ids=list(ids)) if ids else ()
