"""lateness: how long after its due instant a run arrives at its receiver, at so many fires a second.

Ours: `horarium serve` in a process of its own, with as many schedules stored as wanted. Ceiling: an event loop that
knows all instants, sleeps to each, and posts the same body. Milliseconds; less is better.

`spread`: each schedule has a jitter of a second, so that due instants lie all over each second. Without, all fires of
a second are due at once, and lateness is mostly how long so many posts take one after another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import aiohttp

from horarium.bench.delivery import http_target, signed
from horarium.bench.filling import Herd, fill, herd
from horarium.bench.receiver import Notes, Receiver, receiving
from horarium.bench.serving import api_key, asker, serving
from horarium.bench.stage import Report, Stage, next_noon, stage
from horarium.domain.ids import from_prefixed
from horarium.times import Timing, jitter_ms

JITTER_MS = 1_000

# From the start of the server to the first instant; more for very many fires.
LEAD_S = 5

CEILING_S = 10
LOADERS = 4

# The server is not told of what is filled in behind its back: it finds it by looking.
LOOKING = {"HORARIUM_POLL": "1"}


async def run(
    database: str = "sqlite",
    schedules: int = 10_000,
    rate: int = 100,
    seconds: int = 30,
    spread: bool = True,
    load: bool = False,
) -> Report:
    """`rate` fires a second for so many seconds, `schedules` being stored; `load`: with the API asked all the while."""
    async with stage(database) as made:
        with receiving() as receiver:
            target = await http_target(made, receiver.url)
            now = time.time()
            rest_at = next_noon(int(now * 1000))
            rest = max(schedules - rate * seconds, 0)
            await fill(made, target, [Herd(herd(rest_at // 1000), rest, rest_at, int(now) * 1000)])
            with serving(made, LOOKING) as server:
                first = int(time.time()) + LEAD_S + rate * seconds // 10_000
                jitter = JITTER_MS if spread else 0
                herds = [_of_second(first + number, rate, int(now) * 1000) for number in range(seconds)]
                await fill(made, target, herds, jitter)
                watched = first + seconds - time.time()
                asked = await _watch(made, server.port, first + seconds, load)
            notes = await receiver.notes()
            late = lateness(notes, jitter)
            raw = await _ceiling(receiver, notes.body, rate, min(seconds, CEILING_S), spread)
    extra = {
        "schedules": schedules,
        "rate": rate,
        "seconds": seconds,
        "shape": "spread" if spread else "burst",
        "delivered": len(late),
        "expected": rate * seconds,
        "p50_ms": quantile(late, 0.5),
        "p99_ms": quantile(late, 0.99),
        "early": sum(one < 0 for one in late),
        "api_requests_per_s": round(asked / watched) if load else 0,
    }
    middle = quantile(late, 0.5)
    return Report("lateness", database, middle, quantile(raw, 0.5), "ms", extra, less_is_better=True)


def _of_second(at_s: int, rate: int, accounted_to: int) -> Herd:
    spec = time.strftime("%S %M %H * * *", time.gmtime(at_s))
    return Herd([Timing(spec, zone="UTC")], rate, at_s * 1000, accounted_to)


async def _watch(made: Stage, port: int, until_s: int, load: bool) -> int:
    """Wait until all has been due, and a little; how often the API was asked meanwhile."""
    asked, key = [0], await api_key(made) if load else ""
    loaders = [asyncio.create_task(_load(port, key, asked)) for _ in range(LOADERS if load else 0)]
    try:
        await asyncio.sleep(until_s + 2 - time.time())
        for one in loaders:
            if one.done():
                one.result()
        return asked[0]
    finally:
        for one in loaders:
            one.cancel()
        await asyncio.gather(*loaders, return_exceptions=True)


async def _load(port: int, key: str, asked: list[int]) -> None:
    async with asker(port, key) as one:
        while True:
            await one.ask("GET", "/horarium/v1/me")
            await one.ask("GET", "/horarium/v1/schedules?limit=10")
            asked[0] += 2


def lateness(notes: Notes, jitter: int) -> list[float]:
    """Milliseconds from due to arrival, of each post, ascending."""
    found = []
    for at_us, when, source in notes.posts:
        due = datetime.fromisoformat(when).timestamp() * 1000
        if jitter:
            schedule = from_prefixed("sch", source.rpartition("/")[2])
            assert schedule is not None  # we put it there
            due += jitter_ms(schedule, jitter)
        found.append(at_us / 1000 - due)
    return sorted(found)


def quantile(ascending: Sequence[float], share: float) -> float:
    if not ascending:
        return 0.0
    return round(ascending[min(int(len(ascending) * share), len(ascending) - 1)], 2)


async def _ceiling(receiver: Receiver, body: bytes, rate: int, seconds: int, spread: bool) -> list[float]:
    """Milliseconds that a plain timer's posts come late."""
    begin = int(time.time()) + 1
    due = [begin + second + (n / rate if spread else 0.0) for second in range(seconds) for n in range(rate)]

    async def post(session: aiohttp.ClientSession, number: int) -> None:
        async with session.post(receiver.url, data=body, headers=signed(number, body)) as response:
            await response.read()

    posting: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)) as session:
        for number, at in enumerate(due):
            wait = at - time.time()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(post(session, number))
            posting.add(task)
            task.add_done_callback(posting.discard)
        await asyncio.gather(*posting)
    arrived = sorted(at_us for at_us, _, _ in (await receiver.notes()).posts)
    return sorted(at_us / 1000 - at * 1000 for at_us, at in zip(arrived, due, strict=True))
