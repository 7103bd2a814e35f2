"""fanout: an audience of many rows is resolved and every run is durable. Also: when the first run can be delivered,
and how much memory it takes.

Ours: the engine's fan-out from the release of the fire until its audience, which
is read from the directory, is resolved. Ceiling: the same rows (run, queue
entry), made before and sorted, written by plain statements in large transactions.

`python -m horarium.bench.fanout [DATABASE [ROWS ...]]` prints a line for each number of rows. Each is measured in a
process of its own, so that its memory is not that of another.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from horarium.audiences.directory import DirectorySource
from horarium.bench.stage import Report, Stage, in_chunks, stage
from horarium.domain.fire import Fire, FireState
from horarium.domain.ids import random_id, run_id
from horarium.domain.schedule import Policies, Schedule
from horarium.engine.fanout import FanoutRunner
from horarium.python_tuning import tuned_for_serving
from horarium.service.audiences import AudienceService
from horarium.service.directory import DirectoryService
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.store.base import READY
from horarium.store.rows import ReadyRow, RunRow
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import ledger, release
from horarium.store.verbs.creation import create_schedules
from horarium.times import Timing

AUDIENCE = {"type": "contacts", "filter": {"contact_type": "lead", "has_email": True}}


@dataclass(slots=True)
class Measured:
    """`first` and `whole`: seconds from the release of the fire until the first run could be claimed,
    and until the last was durable. `grown`: by how many megabytes the peak of the process's memory rose."""

    first: float
    whole: float
    grown: float


async def run(database: str = "sqlite", rows: int = 100_000) -> Report:
    """Resolve an audience of `rows` contacts, and write the same rows by plain statements."""
    async with stage(database) as made:
        target = await made.target("none", {})
        await _fill(made, rows)
        with tuned_for_serving():
            fire, found = await _fan_out(made, await _schedule(made, target))
        if (fire.runs, fire.audience_size) != (rows, rows):
            raise RuntimeError(f"{fire.runs} runs for {rows} rows: {fire.error}")
        ceiling = await in_chunks(made.store, _plain_rows(made, target, fire, rows))
        extra = {
            "rows": rows,
            "first_delivery_ms": round(found.first * 1000, 1),
            "memory_grown_mb": round(found.grown, 1),
        }
        return Report("fanout", database, rows / found.whole, rows / ceiling, "rows/s", extra)


async def _fill(made: Stage, rows: int) -> None:
    async def contacts() -> AsyncGenerator[tuple[int, Any], None]:
        for number in range(rows):
            yield number + 1, _contact(number)

    await DirectoryService(made.store, made.clock).put(made.workspace, "contacts", contacts())


def _contact(number: int) -> dict[str, Any]:
    return {
        "id": f"contact-{number:07}",
        "type": "lead",
        "email": f"person{number}@example.com",
        "name": f"Person {number}",
        "plan": "gold",
    }


async def _schedule(made: Stage, target: bytes) -> Schedule:
    now = made.clock.now_ms()
    timing = Timing("* * * * *", zone="UTC")
    draft = ScheduleDraft(
        made.workspace, made.principal, "bench", timing, target, policies=Policies(), audience=AUDIENCE
    )
    schedule = schedule_of(draft, now - 60_000)
    await made.store.write(create_schedules, [schedule])
    return schedule


async def _fan_out(made: Stage, schedule: Schedule) -> tuple[Fire, Measured]:
    audiences = AudienceService(
        made.store, Vault([new_key()]), {"directory": DirectorySource(made.store)}, made.clock
    )
    fan_out = FanoutRunner(made.store, made.clock, made.node, audiences)
    first: list[float] = []
    made.store.listen(lambda topic, _: first.append(time.perf_counter()) if topic == READY else None)
    before = _peak_mb()
    begun = time.perf_counter()
    released = await made.store.urgent(release.release, made.clock.now_ms(), 10)
    loop = asyncio.create_task(fan_out.loop())
    try:
        while True:
            (fire,) = await made.store.read(ledger.list_fires, made.workspace, schedule.id, 1)
            if fire.state is not FireState.RESOLVING:
                break
            await asyncio.sleep(0.02)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    whole = time.perf_counter() - begun
    assert released.fires == 1
    return fire, Measured(first[0] - begun, whole, _peak_mb() - before)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _plain_rows(made: Stage, target: bytes, fire: Fire, rows: int) -> list[tuple[str, list[Any]]]:
    """The rows that the same fan-out would write for another fire."""
    other, now = random_id(fire.slot_ms + 60_000), fire.fired_ms
    runs = []
    for number in range(rows):
        contact = _contact(number)
        data = (
            f'{{"contact_id":"{contact["id"]}","contact_email":"{contact["email"]}","contact_name":"{contact["name"]}",'
            '"contact_type":"lead","plan":"gold"}'
        )
        run, key = run_id(other, contact["id"]), contact["id"]
        runs.append(
            RunRow(run, made.workspace, target, "clock", now, now, fire.schedule_id, other, 1, key, 0, data)
        )
    runs.sort()
    return [
        ("insert_runs", runs),
        ("insert_ready", [ReadyRow(run.id, target, now, limited=0) for run in runs]),
    ]


def _print(database: str, rows: int) -> None:
    print(asyncio.run(run(database, rows)).line(), flush=True)


def main(arguments: list[str]) -> None:
    """Print a line for 1,000 rows and one for 100,000, or for each of the numbers given."""
    database = arguments[0] if arguments else "sqlite"
    for rows in [int(text) for text in arguments[1:]] or [1_000, 100_000]:
        process = multiprocessing.get_context("spawn").Process(target=_print, args=(database, rows))
        process.start()
        process.join()


if __name__ == "__main__":
    main(sys.argv[1:])
