"""storm: many schedules are due in one second, and every fire and run is durable.

Ours: the engine's release step until nothing is due. Ceiling: the same rows (cursor moved, fire, run,
queue entry), made before, written by plain statements in large transactions. `again` is ours a day later,
when the herd is due for the second time: by then PostgreSQL has written its cursors next to each other.
"""

from __future__ import annotations

import time
from typing import Any

from horarium.bench.crowd import fill_history
from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.stage import Report, Stage, in_chunks, next_noon, stage
from horarium.domain.ids import Id, fire_id
from horarium.engine.steps import Engine
from horarium.python_tuning import tuned_for_serving
from horarium.store.base import Tx
from horarium.store.rows import DueCursor, FiredCursor, ReadyRow, SingleFireRow

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


async def run(database: str = "sqlite", schedules: int = 100_000, due: int = 50_000, runs: int = 0) -> Report:
    """Fire `due` schedules of one second, with `schedules` stored (at least twice as many as are due), and about `runs`
    runs in the ledger."""
    async with stage(database) as made:
        target = await made.target("none", {})
        ours_at = next_noon(made.clock.now_ms())
        theirs_at, rest_at = ours_at + HOUR_MS, ours_at + 3 * DAY_MS + 2 * HOUR_MS
        rest = max(schedules - 2 * due, 0)
        herds = [Herd(timings_at(ours_at // 1000), due, ours_at, ours_at - 60_000)]
        for at, count in ((theirs_at, due), (rest_at, rest)):
            herds.append(Herd(timings_at(at // 1000, weekly=True), count, at, ours_at - 60_000))
        stored = await fill(made, target, herds)
        history = await fill_history(made, target, stored, runs) if runs else 0
        ours = due / await release_all(made, ours_at, due)
        ceiling = due / await in_chunks(made.store, await release_rows(made, target, theirs_at))
        # Where a zone changes its clocks that night, a few are due an hour later.
        fires, seconds = await release_due(made, ours_at + DAY_MS)
        extra = {"schedules": 2 * due + rest, "due": due, "runs": history, "again": round(fires / seconds, 2)}
        return Report("storm", database, ours, ceiling, "fires/s", extra)


class At:
    """A clock that stands still at the hour of the herd."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now_ms(self) -> int:
        return self._now


async def release_all(made: Stage, at: int, due: int) -> float:
    """How many seconds the engine takes to release a herd."""
    fires, seconds = await release_due(made, at)
    if fires != due:
        raise RuntimeError(f"{fires} of {due} fired")
    return seconds


async def release_due(made: Stage, at: int) -> tuple[int, float]:
    """How many fires the engine releases until nothing is due, and in how many seconds."""
    engine = Engine(made.store, At(at), made.node)
    with tuned_for_serving():
        begun, fires = time.perf_counter(), 0
        while released := (await engine.release(0)).fires:
            fires += released
        return fires, time.perf_counter() - begun


async def release_rows(made: Stage, target: Id, at: int) -> list[tuple[str, list[Any]]]:
    """The rows that releasing the herd of an instant writes."""
    cursors = await made.store.urgent(_due_at, at)
    fires = [(place, schedule, fire_id(schedule, "clock", at)) for place, schedule in cursors]
    tomorrow = at + DAY_MS
    ws = made.workspace
    return [
        (
            "move_fired_cursors",
            [
                FiredCursor(place, schedule, fire, at, tomorrow, tomorrow, at)
                for place, schedule, fire in fires
            ],
        ),
        (
            "insert_single_fires",
            [
                SingleFireRow(fire, ws, schedule, 1, target, "clock", at, at, at)
                for _, schedule, fire in fires
            ],
        ),
        ("insert_ready", [ReadyRow(fire, target, at, limited=0) for _, _, fire in fires]),
    ]


async def _due_at(tx: Tx, at: int) -> list[tuple[int, Id]]:
    rows = await tx.rows("due_schedules", now=at, limit=10_000_000)
    return [(cursor.place, cursor.schedule_id) for cursor in map(DueCursor._make, rows)]
