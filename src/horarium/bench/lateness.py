"""lateness: how many milliseconds after its due instant a run arrives at its receiver; less is better.

Ours: `horarium serve` in a process of its own. Ceiling: an event loop that knows all instants, sleeps until each, and
posts the same body.

`spread`: each schedule has a jitter of a second, so that due instants are
spread over each second. Without it all fires of a second are due at once,
and lateness is mostly the time that so many posts take one after another.

With `expired` runs the ledger has so many that are beyond the retention time of a day, and the server deletes them
meanwhile; `told_deleted` is how many of them are gone at the end.

What the server itself says of the same run at /metrics stands beside it, in the fields that begin with `told_`.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from horarium.bench.crowd import fill_history
from horarium.bench.delivery import http_target, signed
from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.receiver import Notes, Receiver, receiving
from horarium.bench.serving import api_key, asker, serving
from horarium.bench.stage import Report, Stage, next_noon, stage
from horarium.domain.ids import from_prefixed
from horarium.service.metrics import PROCESS
from horarium.times import Timing, jitter_ms

JITTER_MS = 1_000

# Seconds from the start of the server to the first instant; for very many fires it is more.
LEAD_S = 5

CEILING_S = 10
LOADERS = 4

# Schedules are stored past the server's own code, so that it only finds them when it polls the database.
POLLING = {"HORARIUM_POLL": "1"}
# History is kept for a day.
RETENTION = {"HORARIUM_RETENTION_DAYS": "1"}


async def run(
    database: str = "sqlite",
    schedules: int = 10_000,
    rate: int = 100,
    seconds: int = 30,
    spread: bool = True,
    load: bool = False,
    expired: int = 0,
) -> Report:
    """`rate` fires a second for `seconds`, with `schedules` stored. `load`: requests are sent to the API meanwhile.
    `expired`: so many runs are deleted meanwhile, because they are beyond the retention time."""
    async with stage(database) as made:
        with receiving() as receiver:
            target = await http_target(made, receiver.url)
            now = time.time()
            rest_at = next_noon(int(now * 1000))
            rest = max(schedules - rate * seconds, 0)
            stored = await fill(
                made, target, [Herd(timings_at(rest_at // 1000), rest, rest_at, int(now) * 1000)]
            )
            history = await fill_history(made, target, stored, expired) if expired else 0
            with serving(made, POLLING | RETENTION if expired else POLLING) as server:
                first = int(time.time()) + LEAD_S + rate * seconds // 10_000
                jitter = JITTER_MS if spread else 0
                herds = [herd_of_second(first + number, rate, int(now) * 1000) for number in range(seconds)]
                await fill(made, target, herds, jitter)
                watched = first + seconds - time.time()
                asked = await _watch(made, server.port, first + seconds, load)
                told = await _told(server.port)
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
        "mean_ms": round(sum(late) / len(late), 2) if late else 0.0,
        "early": sum(ms < 0 for ms in late),
        "expired": history,
        "api_requests": asked,
        "api_requests_per_s": round(asked / watched) if load else 0,
        **told,
    }
    middle = quantile(late, 0.5)
    return Report("lateness", database, middle, quantile(raw, 0.5), "ms", extra, less_is_better=True)


def herd_of_second(at_s: int, rate: int, accounted_to: int) -> Herd:
    """`rate` schedules whose slot is that second of the day."""
    spec = time.strftime("%S %M %H * * *", time.gmtime(at_s))
    return Herd([Timing(spec, zone="UTC")], rate, at_s * 1000, accounted_to)


async def _watch(made: Stage, port: int, until_s: int, load: bool) -> int:
    """Wait until all fires have been due and delivered; how many requests the API has answered meanwhile."""
    asked, key = [0], await api_key(made) if load else ""
    loaders = [asyncio.create_task(_load(port, key, asked)) for _ in range(LOADERS if load else 0)]
    try:
        await asyncio.sleep(until_s + 2 - time.time())
        for loader in loaders:
            if loader.done():
                loader.result()
        return asked[0]
    finally:
        for loader in loaders:
            loader.cancel()
        await asyncio.gather(*loaders, return_exceptions=True)


async def _load(port: int, key: str, asked: list[int]) -> None:
    async with asker(port, key) as connection:
        while True:
            await connection.ask("GET", "/horarium/v1/me")
            await connection.ask("GET", "/horarium/v1/schedules?limit=10")
            asked[0] += 2


async def _told(port: int) -> dict[str, float]:
    """What /metrics says, of all processes of the server together: slots that fired, attempts that succeeded, runs sent
    and how late in the mean, requests."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        text = await answer.text()
    found = defaultdict[tuple[str, ...], float](float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = (value for name, value in sorted(sample.labels.items()) if name != PROCESS)
            found[sample.name, *labels] += sample.value
    sent = found["horarium_run_lateness_seconds_count",]
    late_s = found["horarium_run_lateness_seconds_sum",]
    return {
        "told_fired": found.get(("horarium_slots_total", "fired", ""), 0.0),
        "told_succeeded": found.get(("horarium_attempts_total", "succeeded"), 0.0),
        "told_sent": sent,
        "told_deleted": found.get(("horarium_history_deleted_total",), 0.0),
        "told_mean_ms": round(late_s / sent * 1000, 2) if sent else 0.0,
        "told_api_requests": found.get(("horarium_http_requests_total", "GET", "200"), 0.0),
    }


def lateness(notes: Notes, jitter: int) -> list[float]:
    """Milliseconds from the due instant to the arrival of each post, ascending."""
    found = []
    for at_us, when, source in notes.posts:
        due = datetime.fromisoformat(when).timestamp() * 1000
        if jitter:
            schedule = from_prefixed("sch", source.rpartition("/")[2])
            assert schedule is not None  # the server has written it
            due += jitter_ms(schedule, jitter)
        found.append(at_us / 1000 - due)
    return sorted(found)


def quantile(ascending: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; 0 where there are none."""
    if not ascending:
        return 0.0
    return round(ascending[min(int(len(ascending) * share), len(ascending) - 1)], 2)


async def _ceiling(receiver: Receiver, body: bytes, rate: int, seconds: int, spread: bool) -> list[float]:
    """How many milliseconds late the posts of a simple timer arrive, ascending."""
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
