"""Whoever follows the events of a workspace."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from horarium.domain.events import EventFilter
from horarium.service.events import READ_AT_ONCE, EventService
from horarium.store.verbs import events as verbs
from tests.support.house import HandClock

WORKSPACE = bytes(16)


class Log:
    """A store with so many events, that does not tell how far its logs go."""

    def __init__(self, events: int) -> None:
        self.events = [cast("Any", SimpleNamespace(number=number)) for number in range(1, events + 1)]

    def listen(self, heard: Any) -> None:
        return

    async def read(self, verb: Any, *given: Any) -> Any:
        if verb is not verbs.events_after:
            await asyncio.Event().wait()
        _, after, limit = given
        return self.events[after : after + limit]


async def test_all_that_is_there_is_read_at_once_before_it_is_known_how_far_the_log_goes():
    log = Log(2 * READ_AT_ONCE + 5)
    service = EventService(cast("Any", log), HandClock(0), cast("Any", None), 1)
    everything = cast("EventFilter", SimpleNamespace(wants=lambda _: True))
    following = service.follow(WORKSPACE, everything, 0, 3_600)
    try:
        async with asyncio.timeout(5):
            found = [await anext(following) for _ in range(3)]
    finally:
        await following.aclose()
        service.close()
    assert [heard.events for heard in found] == [
        log.events[:READ_AT_ONCE],
        log.events[READ_AT_ONCE : 2 * READ_AT_ONCE],
        log.events[2 * READ_AT_ONCE :],
    ]
