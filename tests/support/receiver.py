"""A real HTTP server for tests, on a free port of 127.0.0.1: records what came and answers by script.

async with Receiver() as receiver:
    receiver.script("/hook", Answer(500), Answer(503), Answer(200, b"ok"))   # the last one stays
    ... deliver to receiver.url("/hook") ...
    assert receiver.requests[0].headers["webhook-id"] == ...
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web
from multidict import CIMultiDictProxy


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    method: str
    raw_path: str
    """Path and query as they came over the wire."""
    path: str
    query: str
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer. With `until`, it waits for that event first (a hang that a test can end)."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    until: asyncio.Event | None = None

    async def give(self, request: web.Request) -> web.StreamResponse:
        if self.until is not None:
            await self.until.wait()
        return web.Response(status=self.status, body=self.body, headers=dict(self.headers))


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is cut without an answer."""

    async def give(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@dataclass(frozen=True, slots=True)
class Drip:
    """Headers at once, then a byte every `every` seconds, for ever."""

    every: float = 0.02

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(self.every)


@dataclass(slots=True)
class Flood:
    """A long body; `sent` tells how much of it was taken from us."""

    size: int = 100 * 1024 * 1024
    sent: int = 0

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(self.size)})
        await response.prepare(request)
        piece = b"x" * 65536
        while self.sent < self.size:
            await response.write(piece)
            self.sent += len(piece)
        return response


@dataclass(frozen=True, slots=True)
class Truncated:
    """A body that breaks off before the length it announced."""

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"only this")
        assert request.transport is not None
        request.transport.close()
        return response


Step = Answer | Reset | Drip | Flood | Truncated


class Receiver:
    """Answers 200 with an empty body where nothing is scripted."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.arrived = asyncio.Event()
        self.connections: set[Any] = set()
        self._scripts: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._runner: web.AppRunner | None = None
        self.port = 0

    def script(self, path: str, *steps: Step) -> None:
        """What a path answers, in order; the last step is repeated."""
        self._scripts[path] = deque(steps)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            self.connections.add(request.transport.get_extra_info("peername"))
        body = await request.read()
        self.requests.append(
            Received(
                request.method, request.raw_path, request.path, request.query_string, request.headers, body
            )
        )
        self.arrived.set()
        try:
            return await self._next_step(request.path).give(request)
        except ConnectionError:
            # The other side had enough of it, which is what some tests are about.
            return web.Response()

    def _next_step(self, path: str) -> Step:
        steps = self._scripts[path]
        if not steps:
            return Answer()
        return steps.popleft() if len(steps) > 1 else steps[0]

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
