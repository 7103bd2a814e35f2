"""Whoever follows the events of a workspace."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from horarium.domain.errors import RateLimited, Unavailable
from horarium.domain.events import EventFilter, quota_near
from horarium.domain.ids import random_id
from horarium.domain.listings import Total
from horarium.service import events as module
from horarium.service.events import READ_AT_ONCE, EventService
from horarium.store.base import DUE, EVENTS, Tx
from horarium.store.verbs import events as verbs
from tests.support.house import HandClock, House

WORKSPACE = bytes(16)
NOW = "2026-03-01T12:00:00Z"


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


class Growing(Log):
    """A store whose log grows, and that tells how far it goes."""

    def __init__(self) -> None:
        super().__init__(0)
        self.looks = 0

    def listen(self, heard: Any) -> None:
        self.tell = heard

    async def read(self, verb: Any, *given: Any) -> Any:
        if verb is not verbs.log_ends:
            return await super().read(verb, *given)
        self.looks += 1
        return {WORKSPACE: len(self.events)}


def followed(log: Log, streams: int = 1) -> tuple[EventService, Any]:
    """A service that reads a log, and what makes a follower of all of it."""
    service = EventService(cast("Any", log), HandClock(0), cast("Any", None), streams)
    everything = cast("EventFilter", SimpleNamespace(wants=lambda _: True))
    return service, lambda: service.follow(WORKSPACE, everything, 0, 3_600)


async def test_who_follows_hears_of_an_event_as_soon_as_a_commit_tells_of_it_and_looks_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "LOOK_S", 3_600.0)
    log = Growing()
    service, follow = followed(log)
    following = follow()
    heard = asyncio.ensure_future(anext(following))
    looks = []
    for topic in (None, DUE, EVENTS):
        if topic is EVENTS:
            log.events = [cast("Any", SimpleNamespace(number=1))]
        if topic is not None:
            log.tell(topic, 0)
        for _ in range(10):
            await asyncio.sleep(0)
        looks.append(log.looks)
    async with asyncio.timeout(5):
        assert [event.number for event in (await heard).events] == [1]
    assert looks == [1, 1, 2]
    await following.aclose()
    service.close()


async def test_who_follows_a_log_whose_events_have_been_deleted_waits_for_what_comes_after_them(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "LOOK_S", 3_600.0)
    log, reads = Growing(), []
    service, follow = followed(log)
    real = log.read

    async def read(verb: Any, *given: Any) -> Any:
        if verb is verbs.log_ends:
            return {WORKSPACE: 5}  # of its five events none is left
        reads.append(given[1])
        assert len(reads) < 10, "it reads for ever"
        return await real(verb, *given)

    monkeypatch.setattr(log, "read", read)
    following = follow()
    heard = asyncio.ensure_future(anext(following))
    await turns(30)
    assert (heard.done(), reads) == (False, [0, 0])
    heard.cancel()
    await asyncio.gather(heard, return_exceptions=True)
    service.close()


async def test_each_workspace_has_streams_of_its_own():
    async with House.open(NOW, event_streams=1) as house:
        service, other = house.services.events, await house.workspace("other")
        one, second = await house.who(), await house.who(other)
        service.streams[one.workspace_id] = 1
        with pytest.raises(RateLimited):
            await service.follow_from(one, None)
        assert await service.follow_from(second, None) == 0


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_who_follows_hears_on_when_another_goes_and_nothing_is_kept_or_looked_for_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "LOOK_S", 3_600.0)
    log = Growing()
    service, follow = followed(log, streams=2)
    one, other = follow(), follow()
    waits = [asyncio.ensure_future(anext(each)) for each in (one, other)]
    await turns()
    assert service.streams[WORKSPACE] == 2
    waits[0].cancel()
    await asyncio.gather(waits[0], return_exceptions=True)
    assert service.streams[WORKSPACE] == 1
    log.events = [cast("Any", SimpleNamespace(number=1))]
    log.tell(EVENTS, 0)
    async with asyncio.timeout(5):
        assert [event.number for event in (await waits[1]).events] == [1]
    await other.aclose()
    assert (dict(service.streams), service._ends, service._more) == ({}, {}, {})
    log.tell(EVENTS, 0)
    await turns()
    looks = log.looks
    log.tell(EVENTS, 0)
    await turns()
    assert log.looks == looks
    assert service._looking is not None
    assert service._looking.done()
    service.close()


async def test_the_end_of_the_server_ends_the_looks_and_every_stream(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LOOK_S", 3_600.0)
    service = EventService(cast("Any", Growing()), HandClock(0), cast("Any", None), 2)
    everything = cast("EventFilter", SimpleNamespace(wants=lambda _: True))
    following = service.follow(WORKSPACE, everything, 0, 3_600)
    wait = asyncio.ensure_future(anext(following, None))
    await turns()
    looking = service._looking
    assert looking is not None
    assert not looking.done()
    service.close()
    async with asyncio.timeout(5):
        await asyncio.gather(looking, wait, return_exceptions=True)
    await following.aclose()


@pytest.mark.parametrize(
    ("most", "seconds", "expected"),
    [
        (6, 60, Total(5)),
        (5, 60, Total(5)),
        (4, 60, Total(4, at_least=True)),
        (3, 60, Total(3, at_least=True)),
        (9, -1, Total(2, at_least=True)),
    ],
)
async def test_events_are_counted_up_to_a_number_and_for_a_time(
    monkeypatch: pytest.MonkeyPatch, most: int, seconds: float, expected: Total
):
    for name, value in (("READ_AT_ONCE", 2), ("MOST_COUNTED", most), ("COUNT_S", seconds)):
        monkeypatch.setattr(module, name, value)
    async with House.open("2026-03-01T12:00:00Z") as house:
        who, service = await house.who(), house.services.events
        await service.page(who, EventFilter(), 1)

        async def tells(tx: Tx) -> None:
            tx.tell(quota_near(who.workspace_id, random_id(1).hex(), 9, 10, house.clock.now))

        begun = house.clock.now
        for second in range(5):
            house.clock.now = begun + second * 1_000
            await house.store.write(tells)
            await house.store.urgent(verbs.publish, house.clock.now)
        everything = (await service.page(who, EventFilter(), 9, oldest_first=True)).items
        wanted = EventFilter(types=(everything[0].type,))
        assert await service.total(who, wanted) == expected
        assert await service.total(who, EventFilter()) == Total(5)  # known without counting
        for since_s, after, count in ((None, 0, 4), (2, None, 3), (2, 0, 3), (2, 3, 1), (5, None, 0)):
            since_ms = None if since_s is None else begun + since_s * 1_000
            after_id = None if after is None else everything[after].id
            assert await service.total(who, EventFilter(), since_ms, after_id) == Total(count)
            for oldest_first in (True, False):
                found = await service.page(who, EventFilter(), 9, None, since_ms, after_id, oldest_first)
                expected_items = everything[5 - count :]
                assert found.items == (expected_items if oldest_first else expected_items[::-1])


async def test_a_database_that_was_away_when_the_end_of_the_log_was_looked_at_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "LOOK_S", 3_600.0)
    log = Growing()
    service, follow = followed(log)
    heard = asyncio.ensure_future(anext(follow()))
    await turns()
    there = log.read

    async def away(verb: Any, *given: Any) -> Any:
        raise Unavailable("the database cannot be reached")

    monkeypatch.setattr(log, "read", away)
    log.tell(EVENTS, 0)
    await turns()
    monkeypatch.setattr(log, "read", there)
    log.events = [cast("Any", SimpleNamespace(number=1))]
    log.tell(EVENTS, 0)
    async with asyncio.timeout(5):
        assert [event.number for event in (await heard).events] == [1]
    service.close()


async def test_what_a_log_gains_is_told_no_more_often_than_asked_for(monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []
    let_others = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if not seconds:
            return await let_others(0)
        slept.append(seconds)
        log.events.append(cast("Any", SimpleNamespace(number=len(log.events) + 1)))
        log.tell(EVENTS, 0)
        await turns()

    log = Growing()
    service = EventService(cast("Any", log), HandClock(0), cast("Any", None), 1)

    async def before(workspace: Any, upto: int, low: int, limit: int) -> Any:
        return [event for event in reversed(log.events) if event.number > low][:limit]

    async def read(verb: Any, *given: Any) -> Any:
        return await (before(*given) if verb is verbs.events_before else Growing.read(log, verb, *given))

    monkeypatch.setattr(log, "read", read)
    log.events = [cast("Any", SimpleNamespace(number=1))]
    growing = service.newest(WORKSPACE, 0, 10, 0.25, 3_600)
    first = await anext(growing)
    assert (first.count, slept) == (1, [])
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    async with asyncio.timeout(5):
        assert (await anext(growing)).count == 1
    assert slept == [0.25]
    monkeypatch.undo()
    await growing.aclose()
    service.close()


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_a_page_that_ends_with_the_last_event_has_none_after_it(oldest_first):
    async with House.open("2026-03-01T12:00:00Z") as house:
        who, service = await house.who(), house.services.events
        await service.page(who, EventFilter(), 1)  # from now on they are recorded

        async def tells(tx: Tx) -> None:
            tx.tell(quota_near(who.workspace_id, random_id(1).hex(), 9, 10, house.clock.now))

        for _ in range(4):
            await house.store.write(tells)
            await house.store.urgent(verbs.publish, house.clock.now)
        first = await service.page(who, EventFilter(), 2, oldest_first=oldest_first)
        last = await service.page(who, EventFilter(), 2, first.next, oldest_first=oldest_first)
        numbers = [event.number for event in (*first.items, *last.items)]
        assert sorted(numbers, reverse=not oldest_first) == numbers
        assert (len(set(numbers)), last.next) == (4, None)
