"""inprocess: many schedules are due in one second, each runs a Python function once, and all is recorded.

Ours: engine and worker as the server runs them, from the first write to the last settled fire.
Ceiling: the same writes one after another (move the cursor, insert fire, run and queue entry; claim;
delete the queue entry, complete run, fire and cursor), with rows made before, in large transactions.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.stage import CHUNK, Report, Stage, in_chunks, next_noon, stage
from horarium.bench.storm import HOUR_MS, At, release_rows
from horarium.domain.ids import Id
from horarium.engine.loops import release_loop
from horarium.engine.steps import Engine
from horarium.engine.wake import Alarm
from horarium.executors.options import ExecutorOptions
from horarium.executors.python import make
from horarium.python_tuning import tuned_for_serving
from horarium.store.base import Tx
from horarium.worker.worker import Worker

CONCURRENCY = 256
LONGEST_S = 300.0
ROUNDS = 2

# How often `work` was called.
_calls = 0


async def work(call: dict[str, Any]) -> int:
    """The function that is run. It only counts its calls."""
    global _calls
    _calls += 1
    return _calls


async def run(database: str = "sqlite", runs: int = 20_000) -> Report:
    """Run the functions of `runs` schedules once each, in rounds that alternate with the ceiling's."""
    ours = ceiling = 0.0
    async with stage(database) as made:
        target = await made.target("python", {"function": f"{__name__}:work"})
        options = ExecutorOptions(python_functions=(f"{__name__}:work",))
        first = next_noon(made.clock.now_ms())
        hours = [first + number * HOUR_MS for number in range(2 * ROUNDS)]
        await fill(made, target, [Herd(timings_at(at // 1000), runs, at, first - 60_000) for at in hours])
        for number in range(ROUNDS):
            settled_before = 2 * number * runs
            ours += await work_off(made, hours[2 * number], runs, settled_before, {"python": make(options)})
            theirs_at = hours[2 * number + 1]
            rows = await release_rows(made, target, theirs_at)
            ceiling += await in_chunks(made.store, rows)
            ceiling += await finish_raw(made, rows, theirs_at)
    total = ROUNDS * runs
    return Report("inprocess", database, total / ours, total / ceiling, "runs/s", {"runs": runs})


async def work_off(made: Stage, at: int, runs: int, settled_before: int, executors: dict[str, Any]) -> float:
    """Seconds from the first write for a herd until its last fire has settled."""
    clock, before = At(at), _calls
    async with working(made, clock, executors) as worker, releasing(made, clock, worker) as going_on:
        begun = time.perf_counter()
        while _calls - before < runs or await made.store.read(settled) < settled_before + runs:
            if time.perf_counter() - begun > LONGEST_S or not going_on():
                raise RuntimeError("the herd was not finished in time")
            await asyncio.sleep(0.01)
        return time.perf_counter() - begun


@asynccontextmanager
async def releasing(made: Stage, clock: At, worker: Worker) -> AsyncIterator[Callable[[], bool]]:
    """Release what is due beside a worker, as the server does; tells whether that still goes on."""
    engine = Engine(made.store, clock, made.node)
    task = asyncio.create_task(release_loop(engine, Alarm(clock), worker, 60.0, lambda: False))
    try:
        yield lambda: not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def working(made: Stage, clock: At, executors: dict[str, Any]) -> AsyncIterator[Worker]:
    """A running worker; it and its executors are stopped when the block ends."""
    worker = Worker(made.store, clock, made.node, executors, made.vault, CONCURRENCY)
    tasks = worker.loops()
    try:
        with tuned_for_serving():
            yield worker
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for executor in executors.values():
            await executor.close()


async def settled(tx: Tx) -> int:
    """How many fires of the stage have settled, by the counters of its cursors."""
    return int((await tx.row("settled_total"))[0])


async def finish_raw(made: Stage, rows: list[tuple[str, list[Any]]], now: int) -> float:
    """Seconds to claim and complete inserted runs in large transactions."""
    runs = dict(rows)["insert_single_fires"]
    begun = time.perf_counter()
    for start in range(0, len(runs), CHUNK):
        part = runs[start : start + CHUNK]
        await made.store.urgent(_claim_raw, made.node, [run.id for run in part])
        await made.store.urgent(_complete_raw, made.node, part, now)
    return time.perf_counter() - begun


async def _claim_raw(tx: Tx, node: Id, ids: list[Id]) -> None:
    await tx.run("lease_runs", node=node, ids=ids, limited=0)


async def _complete_raw(tx: Tx, node: Id, runs: list[Any], now: int) -> None:
    await tx.many("release_leases", [(run.id, node, 1) for run in runs])
    await tx.many("finish_runs", [(run.id, "succeeded", now, now, 1, None, "1", None, None) for run in runs])
    await tx.many("settle_cursors", [(run.schedule_id, 1, 1, 0, 1, 0, run.id, "completed") for run in runs])
