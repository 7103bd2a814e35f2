"""What the demo prints, beside a server and a receiver whose clock the demo sets: it goes on while the demo waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from horarium.cli import demo_world
from horarium.cli.demo_world import Received, Receiver, Server
from tests.cli.printed_story import Walk, no_chance
from tests.cli.printing import lines_of, printed
from tests.support.house import House
from tests.support.names import Names
from tests.support.receiver import Receiver as OtherReceiver

BEGIN = "2026-03-01T12:00:00.237Z"
# When whoever looks at the demo presses Ctrl-C, if it does not end by itself.
INTERRUPTED_S = 20.0


class _Stage:
    """A server, and the clock of the demo."""

    def __init__(self, loop: asyncio.Runner, house: House, walk: Walk, loses: bool) -> None:
        self._loop, self._house, self._walk, self._loses = loop, house, walk, loses
        self._begun = house.clock.now

    def seconds(self) -> float:
        return (self._house.clock.now - self._begun) / 1000

    def sleep(self, seconds: float) -> None:
        """The server goes on meanwhile."""
        if self.seconds() > INTERRUPTED_S:
            raise KeyboardInterrupt
        self._house.clock.now += round(seconds * 1000)
        self._loop.run(self._work())

    async def _work(self) -> None:
        await self._house.release()
        await self._house.work()

    def news(self, receiver: Receiver, seconds: float) -> Iterator[Received]:
        self.sleep(seconds)
        found = []
        with suppress(Empty):
            while True:
                found.append(receiver._news.get_nowait())
        # What is sent at one instant arrives in any order.
        yield from sorted(found, key=lambda one: (one.slot, one.schedule, one.attempt))

    def received(self, receiver: Receiver) -> list[Received]:
        return receiver._all[1:] if self._loses else list(receiver._all)

    @contextmanager
    def server(self) -> Iterator[Server]:
        yield Server("http://testserver", self._house.key)


def lines() -> Iterator[str]:
    """The demo to its end, interrupted, and with a delivery that is lost."""
    for words, loses in ((["demo", "--exit", "--seconds", "5"], False), (["demo"], True)):
        yield f"$ horarium {' '.join(words)}{' (and the first delivery gets lost)' if loses else ''}"
        yield from _played(words, loses)


def _played(words: list[str], loses: bool) -> list[str]:
    with no_chance(), asyncio.Runner() as loop:
        opened = House.open(BEGIN)
        house = loop.run(opened.__aenter__())
        try:
            return _shown(loop, house, words, loses)
        finally:
            loop.run(opened.__aexit__(None, None, None))


def _shown(loop: asyncio.Runner, house: House, words: list[str], loses: bool) -> list[str]:
    walk = Walk(loop, house, OtherReceiver())
    stage, names, urls = _Stage(loop, house, walk, loses), Names(), list[str]()
    names.knows_key(house.key)

    def entered(receiver: Receiver) -> Receiver:
        urls.append(receiver.url)
        return real_enter(receiver)

    real_enter = Receiver.__enter__
    clock: Any = SimpleNamespace(monotonic=stage.seconds, sleep=stage.sleep)
    instant: Any = SimpleNamespace(time_ns=lambda: house.clock.now * 1_000_000)
    with ExitStack() as stack:
        for patched in (
            patch.object(Receiver, "__enter__", entered),
            patch.object(Receiver, "news", lambda receiver, seconds: stage.news(receiver, seconds)),
            patch.object(Receiver, "received", lambda receiver: stage.received(receiver)),
            patch.object(demo_world, "started_server", stage.server),
            patch.object(demo_world, "time", instant),
            patch("horarium.cli.demo.time", clock),
        ):
            stack.enter_context(patched)
        found = lines_of(*printed(words, walk.answer, sleep=lambda _: None))
    told = names.named("\n".join(found))
    for url in urls:
        told = told.replace(url, "http://receiver")
    return told.split("\n")
