"""api: schedules are made and read over HTTP with 16 connections, and many are made by one request.

Ours: `horarium serve`. Ceiling: the same framework answering from memory, which checks nothing and stores nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import orjson

from horarium.bench.delivery import http_target
from horarium.bench.lateness import quantile
from horarium.bench.serving import Asker, api_key, asker, process, serving
from horarium.bench.stage import Report, stage
from horarium.domain.ids import prefixed

CONNECTIONS = 16
ROUNDS = 3
SCHEDULES = "/horarium/v1/schedules"

# Sends a request to the server on a port, over a connection. The number makes requests differ.
Ask = Callable[[int, Asker, int], Awaitable[None]]


async def run(database: str = "sqlite", seconds: float = 6.0, bulk: int = 10_000) -> list[Report]:
    """Three reports: create, get and bulk. The first two take `seconds` each for ours, and as long for the ceiling."""
    async with stage(database) as made:
        target = await http_target(made, "http://127.0.0.1:9/")
        body = {"recurrence": "0 9 * * 1-5", "timezone": "Europe/Paris", "target": prefixed("tgt", target)}
        key = await api_key(made)
        memory = ["horarium.bench.memory_api"]
        with serving(made) as ours, process(memory, {}, made.folder / "memory.log") as theirs:
            found = [await _both(ours.port, theirs.port, key, ask, seconds) for ask in _asks(body)]
            bulks = await _bulk(ours.port, key, body, bulk), await _bulk(theirs.port, key, body, bulk)
    names = ("create", "get")
    reports = [
        Report("api", database, own, ceiling, "requests/s", {"what": name, "p50_ms": p50, "p99_ms": p99})
        for name, (own, ceiling, p50, p99) in zip(names, found, strict=True)
    ]
    extra = {"what": "bulk", "lines": bulk}
    return [*reports, Report("api", database, bulk / bulks[0], bulk / bulks[1], "schedules/s", extra)]


def _asks(body: dict[str, str]) -> tuple[Ask, Ask]:
    """Making a schedule, and reading one of those that the same server made."""

    async def create(port: int, connection: Asker, number: int) -> None:
        text = orjson.dumps({"name": f"schedule {number}", "input": {"n": number}, **body})
        answer = await connection.ask("POST", SCHEDULES, text)
        if number % 50 == 0:
            known.setdefault(port, []).append(orjson.loads(answer)["id"])

    async def get(port: int, connection: Asker, number: int) -> None:
        await connection.ask("GET", f"{SCHEDULES}/{known[port][number % len(known[port])]}")

    known: dict[int, list[str]] = {}
    return create, get


async def _both(
    ours: int, theirs: int, key: str, ask: Ask, seconds: float
) -> tuple[float, float, float, float]:
    """Requests a second of ours and of the ceiling, measured in turns; then our p50 and p99 in milliseconds."""
    counts, took = {ours: 0, theirs: 0}, list[float]()
    for _ in range(ROUNDS):
        for port in (ours, theirs):
            found = await _ask_for(port, key, ask, seconds / ROUNDS)
            counts[port] += len(found)
            if port == ours:
                took += found
    took.sort()
    return counts[ours] / seconds, counts[theirs] / seconds, quantile(took, 0.5), quantile(took, 0.99)


async def _ask_for(port: int, key: str, ask: Ask, seconds: float) -> list[float]:
    """How many milliseconds each request took, when all connections send requests for so many seconds."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def work(connection: Asker) -> None:
        while (begun := time.perf_counter()) < until:
            await ask(port, connection, len(took))
            took.append((time.perf_counter() - begun) * 1000)

    async with AsyncExitStack() as stack:
        askers = [await stack.enter_async_context(asker(port, key)) for _ in range(CONNECTIONS)]
        await asyncio.gather(*(work(connection) for connection in askers))
    return took


async def _bulk(port: int, key: str, body: dict[str, str], lines: int) -> float:
    """How many seconds one request takes that makes `lines` schedules."""
    text = b"".join(
        orjson.dumps({"name": f"line {n}", "input": {"n": n}, **body}, option=orjson.OPT_APPEND_NEWLINE)
        for n in range(lines)
    )
    async with asker(port, key) as connection:
        begun = time.perf_counter()
        answers = await connection.ask("POST", f"{SCHEDULES}/bulk", text, "application/x-ndjson")
        seconds = time.perf_counter() - begun
    if answers.count(b'"status":201') != lines:
        raise RuntimeError(f"not all lines were accepted: {answers[:300]!r}")
    return seconds
