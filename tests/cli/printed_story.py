"""A walk through a server whose clock the walk sets: what its commands print of things in each of their states.

A line of the walk is a command (`$`, or `T` for one on a terminal), an instant to which the clock goes and at which all
that is due is done (`@`), or a heading (`#`). Ids are written as the page names them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shlex
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import httpx

from horarium.events.deliverer import Deliverer
from horarium.events.publisher import Publisher
from tests.cli.printing import lines_of, printed
from tests.support.house import House
from tests.support.names import Names
from tests.support.receiver import Answer, Receiver

BEGIN = "2026-03-01T12:00:00Z"
FILES = {
    "people.csv": "id,full_name,email,status\nc1,Ada,ada@example.com,active\nc2,Ben,ben@example.com,gone\nc3,Cleo,,\n",
    "wrong.ndjson": '{"id": "u1"}\n{"email": "x@example.com"}\nnonsense\n',
    "many.ndjson": "nonsense\n" * 25,
    "input.json": '{"of": "a file"}',
    "latin.json": "\udce9",
}
WALK = Path(__file__).with_name("printed_walk.txt")
# What tells of the time that a request took, of when it was made, and of the program that answered.
_CHANCE = (
    (re.compile(r"^(  took +)[0-9.]+"), r"\1N"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "DATE"),
    (re.compile(r"Python/\S+ aiohttp/[0-9.a-z]+"), "SERVER"),
    (re.compile(r"-:--:--|[0-9.]+ (?:k?bytes|kB)/s"), "SPEED"),
)


class Walk:
    """The server, and the commands that it has been asked."""

    def __init__(self, loop: asyncio.Runner, house: House, receiver: Receiver) -> None:
        self._loop, self._house, self._receiver = loop, house, receiver
        self._transport = httpx.ASGITransport(house.api)
        self._names = Names()
        self._names.knows_key(house.key)
        self._publisher = Publisher(house.store, house.clock, asyncio.Event())
        services = house.services
        self._deliverer = Deliverer(
            house.store, house.clock, house.node, services.vault, services.webhooks.post
        )

    def lines(self, walk: str) -> Iterator[str]:
        for line in walk.splitlines():
            if line.startswith(("$ ", "T ")):
                yield from self._command(line[0], line[2:])
            elif line.startswith("@ "):
                yield line
                self._loop.run(self._house.move(line[2:]))
                self._loop.run(self._carry_on())
                self._loop.run(self._send_events())
            elif line:
                yield line

    def _command(self, kind: str, text: str) -> Iterator[str]:
        yield f"{kind} horarium {text}"
        terminal = kind == "T"
        words = shlex.split(self._names.known(text.replace("http://receiver", self._receiver.url(""))))
        found = lines_of(
            *printed(words, self.answer, terminal, environment=self._environment(), sleep=self._later),
            terminal,
        )
        self._house.clock.now += 1000
        told = self._names.named("\n".join(found or ["  (nothing)"]))
        for line in told.replace(self._receiver.url(""), "http://receiver").split("\n"):
            for form, name in _CHANCE:
                line = form.sub(name, line)
            yield line

    def _environment(self) -> dict[str, str | None]:
        return {"HORARIUM_KEY": self._house.key, "HORARIUM_URL": "http://testserver"}

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._loop.run(self._answered(request))

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("accept") == "text/event-stream":
            return httpx.Response(403, json={"detail": "the walk does not wait for events"})
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = await self._transport.handle_async_request(asked)
        content = b"".join([piece async for piece in answer.stream])  # type: ignore[union-attr]
        await self._carry_on(actions=False)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    def _later(self, seconds: float) -> None:
        """While a command waits, the server goes on."""
        self._house.clock.now += round(seconds * 1000)
        self._loop.run(self._carry_on())

    async def _carry_on(self, actions: bool = True) -> None:
        services = self._house.services
        if actions:
            for steps in (services.actions, services.erasures, services.purges):
                while await steps.step():
                    pass
        while await self._publisher.step():
            pass
        await services.audit.link()

    async def _send_events(self) -> None:
        for _ in range(3):
            self._deliverer._look_at = 0.0
            await self._deliverer.step()
            await asyncio.gather(*self._deliverer._tasks)
            await self._deliverer.tell()


@contextmanager
def no_chance() -> Iterator[None]:
    """Chance is the same each time, so that what is made at one instant comes in the same order."""
    numbers = itertools.count()

    def chosen(count: int) -> bytes:
        return b"".join(
            blake2b(b"%d %d" % (next(numbers), part)).digest() for part in range(-(-count // 64))
        )[:count]

    with ExitStack() as stack:
        for name, value in (
            ("os.urandom", chosen), ("random._urandom", chosen),
            ("horarium.domain.ids._random_pieces", deque()), ("horarium.domain.ids._latest", [0, 0]),
            ("horarium.domain.ids._own_bits", 1), ("horarium.domain.ids._numbers", itertools.count()),
        ):  # fmt: skip
            stack.enter_context(patch(name, value))
        yield


def lines() -> Iterator[str]:
    """The walk with what was printed."""
    with no_chance(), TemporaryDirectory() as folder, chdir(folder), asyncio.Runner() as loop:
        for name, text in FILES.items():
            Path(name).write_bytes(os.fsencode(text))
        house_open, receiver = House.open(BEGIN), Receiver()
        house = loop.run(house_open.__aenter__())
        loop.run(receiver.__aenter__())
        receiver.script("/fails", Answer(500, b"out of order"))
        receiver.script("/hook", Answer(200, b'{"done": true}'))
        try:
            with patch("horarium.cli.client.LARGEST_PAGE", 2):
                yield from Walk(loop, house, receiver).lines(WALK.read_text("utf-8"))
        finally:
            loop.run(receiver.__aexit__(None, None, None))
            loop.run(house_open.__aexit__(None, None, None))


__all__ = ["lines"]
