"""delivery: runs are signed, sent over HTTP to a local receiver, and recorded as succeeded.

Ours: the worker as the server runs it, from the first claim to the last settled fire. The runs were released before;
`with_release` includes the time for that. Ceiling: a bare aiohttp client that signs and posts the same bodies to the
same receiver, as many at once, and records nothing.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from base64 import b64encode

import aiohttp

from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.inprocess import CONCURRENCY, ROUNDS, settled, working
from horarium.bench.receiver import Receiver, receiving
from horarium.bench.stage import Report, Stage, next_noon, stage
from horarium.bench.storm import HOUR_MS, At, release_all
from horarium.domain.ids import Id
from horarium.executors.http import make
from horarium.executors.options import ExecutorOptions

LONGEST_S = 300.0
_KEY = b"k" * 32


async def run(database: str = "sqlite", runs: int = 20_000) -> Report:
    """Deliver `runs` runs, in rounds that alternate with the
    ceiling's, because no machine is equally fast all the time."""
    each = -(-runs // ROUNDS)
    released = ours = ceiling = 0.0
    async with stage(database) as made:
        with receiving() as receiver:
            target = await http_target(made, receiver.url)
            first = next_noon(made.clock.now_ms())
            hours = [first + number * HOUR_MS for number in range(ROUNDS)]
            await fill(made, target, [Herd(timings_at(at // 1000), each, at, first - 60_000) for at in hours])
            for number, at in enumerate(hours, 1):
                released += await release_all(made, at, each)
                ours += await _deliver(made, at, number * each)
                notes = await receiver.notes()
                if len(notes.posts) != each:
                    raise RuntimeError(f"{len(notes.posts)} deliveries of {each} runs")
                ceiling += await post_all(receiver, notes.body, each)
                await receiver.notes()
    runs = each * ROUNDS
    extra = {"runs": runs, "with_release": round(runs / (ours + released), 1)}
    return Report("delivery", database, runs / ours, runs / ceiling, "runs/s", extra)


async def http_target(made: Stage, url: str) -> Id:
    """Store a target that posts to a URL; its id."""
    public, secrets = make(ExecutorOptions(allow_loopback=True)).split({"url": url})
    return await made.target("http", public, secrets)


async def _deliver(made: Stage, at: int, total: int) -> float:
    """Seconds from the first claim until `total` fires have settled in all."""
    executor = make(ExecutorOptions(allow_loopback=True))
    begun = time.perf_counter()
    async with working(made, At(at), {"http": executor}) as worker:
        idle = worker.room()
        while worker.room() < idle or await made.store.read(settled) < total:
            if time.perf_counter() - begun > LONGEST_S:
                raise RuntimeError("the runs were not finished in time")
            await asyncio.sleep(0.01)
        return time.perf_counter() - begun


async def post_all(receiver: Receiver, body: bytes, posts: int) -> float:
    """How many seconds a bare client takes to sign and post `posts` bodies."""
    numbers = iter(range(posts))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            async with session.post(receiver.url, data=body, headers=signed(number, body)) as response:
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)) as session:
        begun = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(CONCURRENCY)))
        return time.perf_counter() - begun


def signed(number: int, body: bytes) -> dict[str, str]:
    """The headers of a signed post, made in the simplest way."""
    run, now = f"run_{number:026}", int(time.time())
    mac = hmac.digest(_KEY, f"{run}.{now}.".encode() + body, "sha256")
    return {
        "Content-Type": "application/json",
        "webhook-id": run,
        "webhook-timestamp": str(now),
        "webhook-signature": "v1," + b64encode(mac).decode(),
    }
