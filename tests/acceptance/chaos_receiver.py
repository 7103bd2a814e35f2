"""The receiver of the chaos test: a process of its own that no fault touches, and targets of every temper.

`python -m tests.acceptance.chaos_receiver FILE` prints its port and appends "arrived_ms run_id slot_ms attempt" to the
file before it answers. The run is the Idempotency-Key that was sent. Paths: `/plain`, `/slow` (1 to 2 s), `/hang`
(never answers, until `POST /wake`), `/fail` (500 two times of three), `/callback` (202, and the answer later); `POST
/mood` with seconds makes `/plain` hold its answers for so long.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

import aiohttp
import orjson
from aiohttp import web

HANG_S = 60.0
ANSWERING_S = 20.0
"""How long a target goes on trying to finish its run when nobody listens."""


@contextmanager
def receiving(log: Path) -> Iterator[str]:
    """The base URL of a receiver process that appends to `log`; the process ends with the block."""
    command = [sys.executable, "-m", "tests.acceptance.chaos_receiver", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Receiver:
    """Writes down what comes, then answers as its path says."""

    def __init__(self, log: TextIO) -> None:
        self._log = log
        self._sulking_until = 0.0
        self._awake = False
        self._answering: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        made = web.Application()
        made.router.add_post("/mood", self.mood)
        made.router.add_post("/wake", self.wake)
        for path in ("plain", "slow", "hang", "fail", "callback"):
            made.router.add_post(f"/{path}", getattr(self, path))
        return made

    async def mood(self, request: web.Request) -> web.Response:
        self._sulking_until = time.monotonic() + float(await request.text())
        return web.Response()

    async def wake(self, request: web.Request) -> web.Response:
        self._awake = True
        return web.Response()

    async def plain(self, request: web.Request) -> web.Response:
        await self._write_down(request)
        await asyncio.sleep(max(random.random() * 0.05, self._sulking_until - time.monotonic()))
        return web.Response()

    async def slow(self, request: web.Request) -> web.Response:
        await self._write_down(request)
        await asyncio.sleep(1 + random.random())
        return web.Response()

    async def hang(self, request: web.Request) -> web.Response:
        await self._write_down(request)
        if not self._awake:
            await asyncio.sleep(HANG_S)
        return web.Response()

    async def fail(self, request: web.Request) -> web.Response:
        await self._write_down(request)
        return web.Response(status=random.choice((200, 500, 500)))

    async def callback(self, request: web.Request) -> web.Response:
        await self._write_down(request)
        url, token = (request.headers[f"Horarium-Callback-{name}"] for name in ("Url", "Token"))
        task = asyncio.create_task(_finish(f"{url}/complete", token))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        return web.Response(status=202)

    async def _write_down(self, request: web.Request) -> None:
        sent = orjson.loads(await request.read())
        slot = round(datetime.fromisoformat(sent["slot"]).timestamp() * 1000)
        run = request.headers["Idempotency-Key"]
        self._log.write(f"{time.time_ns() // 1_000_000} {run} {slot} {sent['attempt']}\n")
        self._log.flush()


async def _finish(url: str, token: str) -> None:
    """Tell the server that the run is done, until it hears it or says that it does not want to know."""
    until = time.monotonic() + ANSWERING_S
    await asyncio.sleep(random.random())
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        while time.monotonic() < until:
            try:
                async with session.post(url, json={"token": token}) as response:
                    if response.status < 500:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.3)


async def _serve(path: Path) -> None:
    with path.open("a") as log:
        runner = web.AppRunner(Receiver(log).application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
