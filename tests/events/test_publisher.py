"""Notes become events as soon as somebody tells of them, soon where nobody does, and after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from horarium.domain.errors import Unavailable
from horarium.events.publisher import LOOK_S, TROUBLE_S, Publisher
from horarium.store.base import EVENTS, OUTBOX
from horarium.store.verbs.events import PUBLISHED_AT_ONCE
from tests.simulation.loop import run_in_virtual_time


class Outbox:
    """As much of a store as a publisher asks for: how many notes there are. `away`: it refuses all."""

    def __init__(self) -> None:
        self.notes = 0
        self.away = False
        self.asked: list[str] = []
        self.published: list[tuple[float, int]] = []
        self.hears: list[Callable[[str, int], None]] = []
        self.listen = self.hears.append

    def now_ms(self) -> int:
        return 5

    async def read(self, verb: Any) -> bool:
        self.asked.append(verb.__name__)
        if self.away:
            raise Unavailable("the database is away")
        return self.notes > 0

    async def urgent(self, verb: Any, now: int) -> int:
        assert now == 5
        self.asked.append(verb.__name__)
        taken = min(self.notes, PUBLISHED_AT_ONCE)
        self.notes -= taken
        self.published.append((round(asyncio.get_running_loop().time(), 2), taken))
        return taken


def played(script: Callable[[Outbox], Awaitable[None]]) -> Outbox:
    """Play a script while a publisher works, in virtual time."""

    async def play() -> Outbox:
        outbox: Any = Outbox()
        working = asyncio.create_task(Publisher(outbox, outbox).loop())
        await asyncio.sleep(0.5)
        await script(outbox)
        assert not working.done()
        working.cancel()
        return outbox

    return run_in_virtual_time(play())


@pytest.mark.parametrize(("topic", "at"), [(OUTBOX, 0.5), (EVENTS, 1.0)])
def test_notes_that_are_told_of_become_events_at_once_and_others_at_the_next_look(topic: str, at: float):
    async def script(outbox: Outbox) -> None:
        outbox.notes = 3
        for hear in outbox.hears:
            hear(topic, 0)
        await asyncio.sleep(LOOK_S)

    assert played(script).published == [(at, 3)]


def test_all_notes_that_are_there_become_events_without_a_pause():
    async def script(outbox: Outbox) -> None:
        outbox.notes = 2 * PUBLISHED_AT_ONCE
        outbox.hears[0](OUTBOX, 0)
        await asyncio.sleep(0.1)

    assert played(script).published == [(0.5, PUBLISHED_AT_ONCE)] * 2


def test_where_there_is_nothing_it_is_looked_once_a_second_and_nothing_is_written():
    async def script(outbox: Outbox) -> None:
        await asyncio.sleep(100)

    outbox = played(script)
    assert set(outbox.asked) == {"any_notes"}
    assert len(outbox.asked) == pytest.approx(101 / LOOK_S, abs=2)


def test_after_each_telling_the_next_look_is_a_whole_pause_away():
    async def script(outbox: Outbox) -> None:
        for _ in range(10):
            outbox.hears[0](OUTBOX, 0)
            await asyncio.sleep(0.01)
        before = len(outbox.asked)
        await asyncio.sleep(LOOK_S * 0.95)
        assert len(outbox.asked) == before
        await asyncio.sleep(LOOK_S * 0.1)
        assert len(outbox.asked) == before + 1

    played(script)


def test_an_outage_of_the_database_is_survived_with_a_pause_after_each_try():
    async def script(outbox: Outbox) -> None:
        outbox.away = True
        for _ in range(100):
            outbox.hears[0](OUTBOX, 0)
            await asyncio.sleep(0.1)
        assert len(outbox.asked) < 10 / TROUBLE_S + 3
        outbox.notes, outbox.away = 1, False
        await asyncio.sleep(TROUBLE_S + LOOK_S)

    assert [count for _, count in played(script).published] == [1]
