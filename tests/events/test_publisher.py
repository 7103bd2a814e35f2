"""Notes become events as soon as somebody tells of them, and after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.events.publisher import TROUBLE_S, Publisher
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
        self.told: asyncio.Event

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
        outbox.told = asyncio.Event()
        working = asyncio.create_task(Publisher(outbox, outbox, outbox.told).loop())
        await asyncio.sleep(0.5)
        await script(outbox)
        assert not working.done()
        working.cancel()
        return outbox

    return run_in_virtual_time(play())


@pytest.mark.parametrize(("topic", "published"), [(OUTBOX, [(0.5, 3)]), (EVENTS, [])])
def test_notes_become_events_at_once_when_a_commit_tells_of_them(
    topic: str, published: list[tuple[float, int]]
):
    async def script(outbox: Outbox) -> None:
        outbox.notes = 3
        for hear in outbox.hears:
            hear(topic, 0)
        await asyncio.sleep(1)

    assert played(script).published == published


def test_notes_that_somebody_else_has_found_become_events_at_once():
    async def script(outbox: Outbox) -> None:
        outbox.notes = 3
        outbox.told.set()
        await asyncio.sleep(1)

    assert played(script).published == [(0.5, 3)]


def test_all_notes_that_are_there_become_events_without_a_pause():
    async def script(outbox: Outbox) -> None:
        outbox.notes = 2 * PUBLISHED_AT_ONCE
        outbox.hears[0](OUTBOX, 0)
        await asyncio.sleep(0.1)

    assert played(script).published == [(0.5, PUBLISHED_AT_ONCE)] * 2


def test_it_asks_once_for_each_time_that_it_is_told_and_writes_nothing_where_there_is_nothing():
    async def script(outbox: Outbox) -> None:
        for _ in range(3):
            outbox.told.set()
            await asyncio.sleep(10)

    assert played(script).asked == ["any_notes"] * 4  # it looks once when it starts


def test_an_outage_of_the_database_is_survived_with_a_pause_after_each_try():
    async def script(outbox: Outbox) -> None:
        outbox.away = True
        for _ in range(100):
            outbox.hears[0](OUTBOX, 0)
            await asyncio.sleep(0.1)
        told = {"log_level": "warning", "event": "events_not_published", "error": "the database is away"}
        assert lines == [told] * (len(outbox.asked) - 1)  # the first look was before
        assert len(outbox.asked) < 10 / TROUBLE_S + 3
        outbox.notes, outbox.away = 1, False
        await asyncio.sleep(TROUBLE_S)

    with capture_logs() as lines:
        outbox = played(script)
    assert [count for _, count in outbox.published] == [1]
