"""viewers: how late runs arrive while people look at the console, beside the same without them; less is better.

One server fires at a steady rate. In turns nobody looks, and then VIEWERS people do: each follows the stream of a page,
and loads a page every PAGE_S seconds. The figures of all turns of a kind are taken together, so that a machine that
becomes slower meanwhile makes both slower. Ours is the lateness at p50 with viewers, the ceiling that without.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from horarium.bench.delivery import http_target
from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.lateness import JITTER_MS, POLLING, herd_of_second, lateness, quantile
from horarium.bench.receiver import Receiver, receiving
from horarium.bench.serving import Process, api_key, asker, serving
from horarium.bench.stage import Report, Stage, next_noon, stage

VIEWERS, PAGE_S = 10, 5.0
PAGES = ("/console/", "/console/schedules", "/console/runs", "/console/targets", "/console/events")
STREAMS = ("/console/live/now", "/console/live/events")
# Seconds before the first fire of a turn, in which its schedules are stored and viewers come; and after the last.
LEAD_S, TAIL_S = 6, 3


class Looked:
    """How much the viewers have seen: pages, bytes of streams, and how long each page took in milliseconds."""

    def __init__(self) -> None:
        self.pages_ms: list[float] = []
        self.streamed = 0


async def run(
    database: str = "sqlite", schedules: int = 10_000, rate: int = 100, seconds: int = 30, turns: int = 3
) -> Report:
    """`rate` fires a second for `seconds` in each turn, `turns` without viewers and `turns` with them, with `schedules`
    stored besides. A turn before them warms everything up and does not count."""
    late: dict[bool, list[float]] = {False: [], True: []}
    looked = Looked()
    async with stage(database) as made:
        with receiving() as receiver:
            target = await http_target(made, receiver.url)
            key, now_s = await api_key(made), int(time.time())
            rest_at = next_noon(now_s * 1000)
            await fill(made, target, [Herd(timings_at(rest_at // 1000), schedules, rest_at, now_s * 1000)])
            with serving(made, POLLING) as server:
                await _turn(made, receiver, target, rate, min(seconds, 5))
                for number in range(2 * turns):
                    watched = number % 2 == 1
                    if watched:
                        async with _viewers(server, key, looked):
                            late[True] += await _turn(made, receiver, target, rate, seconds)
                    else:
                        late[False] += await _turn(made, receiver, target, rate, seconds)
    without, with_viewers = sorted(late[False]), sorted(late[True])
    extra = {
        "schedules": schedules,
        "rate": rate,
        "seconds": seconds,
        "turns": turns,
        "viewers": VIEWERS,
        "delivered": len(without) + len(with_viewers),
        "expected": 2 * turns * rate * seconds,
        "p50_without_ms": quantile(without, 0.5),
        "p50_with_ms": quantile(with_viewers, 0.5),
        "p99_without_ms": quantile(without, 0.99),
        "p99_with_ms": quantile(with_viewers, 0.99),
        "pages": len(looked.pages_ms),
        "page_p50_ms": quantile(sorted(looked.pages_ms), 0.5),
        "page_p99_ms": quantile(sorted(looked.pages_ms), 0.99),
        "streamed_bytes": looked.streamed,
    }
    ours, ceiling = quantile(with_viewers, 0.5), quantile(without, 0.5)
    return Report("viewers", database, ours, ceiling, "ms at p50", extra, less_is_better=True)


async def _turn(made: Stage, receiver: Receiver, target: bytes, rate: int, seconds: int) -> list[float]:
    """How many milliseconds late each run of a turn arrives."""
    await receiver.notes()
    first = int(time.time()) + LEAD_S + rate * seconds // 10_000
    herds = [herd_of_second(first + number, rate, int(time.time()) * 1000) for number in range(seconds)]
    await fill(made, target, herds, JITTER_MS)
    await asyncio.sleep(first + seconds + TAIL_S - time.time())
    return lateness(await receiver.notes(), JITTER_MS)


@asynccontextmanager
async def _viewers(server: Process, key: str, looked: Looked) -> AsyncIterator[None]:
    """People at the console until the block ends. Raises what any of them met with."""
    async with asker(server.port, key) as connection:
        cookie = await connection.sign_in()
    looking = [
        asyncio.create_task(each)
        for number in range(VIEWERS)
        for each in (
            _follow(server.port, cookie, STREAMS[number % len(STREAMS)], looked),
            _load(server.port, cookie, number, looked),
        )
    ]
    try:
        yield
        for each in looking:
            if each.done():
                each.result()
    finally:
        for each in looking:
            each.cancel()
        await asyncio.gather(*looking, return_exceptions=True)


async def _load(port: int, cookie: str, number: int, looked: Looked) -> None:
    """One page after another, each viewer at an instant of their own and with another page first. Each page has a
    connection of its own, since the server ends one that is idle for as long as that."""
    await asyncio.sleep(PAGE_S * number / VIEWERS)
    while True:
        begun = time.perf_counter()
        async with asker(port, "", cookie) as connection:
            await connection.ask("GET", PAGES[number % len(PAGES)])
        looked.pages_ms.append((time.perf_counter() - begun) * 1000)
        number += 1
        await asyncio.sleep(max(0.0, begun + PAGE_S - time.perf_counter()))


async def _follow(port: int, cookie: str, path: str, looked: Looked) -> None:
    """A stream, for as long as it lasts; a browser asks anew for one that has ended, and so does this."""
    while True:
        async with asker(port, "", cookie) as connection:
            async for piece in connection.stream(path):
                looked.streamed += len(piece)
