"""idle: the memory of a server that has very many schedules and nothing to do, and how soon after its start it fires.

Ours: `horarium serve` in a process of its own. Ceiling: a web server of the same framework with nothing behind
it. The unit is resident megabytes; less is better. The share of a core that each takes is reported too.
"""

from __future__ import annotations

import asyncio
import time

from horarium.bench.delivery import http_target
from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.receiver import Receiver, receiving
from horarium.bench.serving import Process, process, serving
from horarium.bench.stage import Report, next_noon, stage

SETTLE_S = 3.0
LONGEST_S = 60.0


async def run(database: str = "sqlite", schedules: int = 1_000_000, seconds: float = 20.0) -> Report:
    """Watch a server at rest for `seconds`. One of its schedules is due when it starts."""
    async with stage(database) as made:
        with receiving() as receiver:
            target = await http_target(made, receiver.url)
            noon, due = next_noon(made.clock.now_ms()), int(time.time()) // 60 * 60_000
            await fill(
                made,
                target,
                [
                    Herd(timings_at(noon // 1000), schedules - 1, noon, noon - 60_000),
                    Herd(timings_at(due // 1000, 1), 1, due, due - 1000),
                ],
            )
            with serving(made) as server:
                first = await _first_fire(receiver, server)
                share, resident = await _watch(server, seconds)
        with process(["horarium.bench.memory_api"], {}, made.folder / "memory.log") as plain:
            plain_share, plain_resident = await _watch(plain, min(seconds, 5.0))
    extra = {
        "schedules": schedules,
        "cpu_percent": round(share * 100, 2),
        "ceiling_cpu_percent": round(plain_share * 100, 2),
        "first_fire_s": round(first, 2),
    }
    return Report("idle", database, resident, plain_resident, "MB resident", extra, less_is_better=True)


async def _first_fire(receiver: Receiver, server: Process) -> float:
    """Seconds from the start of the server's process to the arrival of the first run."""
    while time.time() - server.begun < LONGEST_S:
        notes = await receiver.notes()
        if notes.posts:
            return notes.posts[0][0] / 1e6 - server.begun
        await asyncio.sleep(0.05)
    raise RuntimeError("the schedule that was due at the start has not been delivered")


async def _watch(server: Process, seconds: float) -> tuple[float, float]:
    """The share of a core that a process takes during `seconds`, and its resident megabytes at their end."""
    await asyncio.sleep(SETTLE_S)
    before, begun = server.usage()[0], time.perf_counter()
    await asyncio.sleep(seconds)
    after, resident = server.usage()
    return (after - before) / (time.perf_counter() - begun), resident
