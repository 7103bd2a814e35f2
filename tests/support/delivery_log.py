"""A receiver of runs that outlives every server: a process of its own that writes a line for each delivery.

`python -m tests.support.delivery_log FILE` prints its port, then appends "arrived_ms run_id slot_ms attempt" to
the file, before it answers. Answers take a random while, so that a server may be killed while it waits for one.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import orjson
from aiohttp import web

SLOWEST_S = 0.06


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as the receiver saw it; `run` as the API writes ids, times in milliseconds."""

    at_ms: int
    run: str
    slot_ms: int
    attempt: int


@contextmanager
def receiving(log: Path) -> Iterator[str]:
    """The URL of a receiver process that appends to `log`; the process ends with the block."""
    command = [sys.executable, "-m", "tests.support.delivery_log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.kill()


def deliveries(log: Path) -> list[Delivery]:
    """What has been received, in order. A line that is still being written is left out."""
    found = []
    for line in log.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            at, run, slot, attempt = line.split()
            found.append(Delivery(int(at), run, int(slot), int(attempt)))
    return found


def _take(log: TextIO, body: bytes) -> None:
    sent = orjson.loads(body)
    slot = round(datetime.fromisoformat(sent["slot"]).timestamp() * 1000)
    log.write(f"{time.time_ns() // 1_000_000} {sent['run']['id']} {slot} {sent['attempt']}\n")
    log.flush()


async def _serve(path: Path) -> None:
    with path.open("a") as log:

        async def handle(request: web.Request) -> web.Response:
            _take(log, await request.read())
            await asyncio.sleep(random.random() * SLOWEST_S)
            return web.Response()

        application = web.Application()
        application.router.add_post("/", handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
