"""Events are followed by both Python clients over connections that break: each is seen once, and nothing is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import httpx
import pytest
from horarium_client import (
    AsyncHorarium,
    EventForgotten,
    Horarium,
    Invalid,
    NotReached,
    Unauthorized,
    following,
)
from horarium_client.following import LONGEST_WAIT_S, Following

from horarium.api.routes import events as routes
from horarium.domain.events import quota_near
from horarium.domain.ids import random_id
from horarium.service.pages import number_cursor
from horarium.store.verbs import events as verbs
from tests.support.house import House
from tests.support.served import served

STRANGE = "evt_01KJMMA2G0E2BRE3WD79DN2SW8"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST_WAIT_S", 0.01)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House.open("2026-03-01T12:00:00Z") as opened:
        yield opened


async def happen(house: House, times: int = 1) -> None:
    """So many events of the workspace, which is recorded."""

    async def tells(tx) -> None:
        tx.tell(quota_near(house.first.workspace_id, random_id(1).hex(), 9, 10, house.clock.now))

    for _ in range(times):
        await house.store.write(tells)
        await house.store.urgent(verbs.publish, house.clock.now)


class _Cut(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A stream whose connection breaks after its first event, or whatever else is named, or at once."""

    def __init__(self, whole: object, at_once: bool, after: bytes) -> None:
        self._whole, self._at_once, self._after = whole, at_once, after

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._whole:
            yield piece
            if self._at_once or self._after in piece:
                raise httpx.ReadError("gone")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._whole:
            yield piece
            if self._at_once or self._after in piece:
                raise httpx.ReadError("gone")

    def close(self) -> None:
        self._whole.close()

    async def aclose(self) -> None:
        await self._whole.aclose()


class Breaking(httpx.AsyncHTTPTransport):
    """Connections to a real server, of which the first streams break. `last` has what each stream goes on after."""

    def __init__(self, breaks: int, at_once: bool = False, after: bytes = b"data: ") -> None:
        super().__init__()
        self.breaks, self.at_once, self.after = breaks, at_once, after
        self.last: list[str | None] = []

    def cut(self, request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if request.headers.get("accept") == "text/event-stream":
            self.last.append(request.headers.get("last-event-id"))
            if len(self.last) <= self.breaks:
                answer.stream = _Cut(answer.stream, self.at_once, self.after)
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.cut(request, await super().handle_async_request(request))


class Forgetting(Breaking):
    """As `Breaking`, to a server that forgets all events before a stream is opened again. `statuses` has what each
    stream was answered."""

    def __init__(self, house: House, breaks: int, after: bytes) -> None:
        super().__init__(breaks, after=after)
        self._house, self.statuses = house, list[int]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_stream = request.headers.get("accept") == "text/event-stream"
        if is_stream and self.last:
            while await self._house.store.write(verbs.forget_events, self._house.clock.now + 1, 100):
                pass
        answer = await super().handle_async_request(request)
        if is_stream:
            self.statuses.append(answer.status_code)
        return answer


class BreakingPlain(httpx.HTTPTransport):
    """As `Breaking`, for the client that waits."""

    def __init__(self, breaks: int) -> None:
        super().__init__()
        self.breaking = Breaking(breaks)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.breaking.cut(request, super().handle_request(request))


async def test_events_are_followed_over_connections_that_break_each_once_and_in_order(house: House) -> None:
    broken = Breaking(2)
    async with served(house) as url, AsyncHorarium(url, house.key, transport=broken) as client:
        assert [event async for event in client.events.list_all()] == []
        await happen(house, 1)
        found = []
        async with asyncio.timeout(20), aclosing(client.events.follow(type="quota.*")) as events:
            ahead = asyncio.ensure_future(anext(events))
            while not broken.last:
                await asyncio.sleep(0.01)
            await happen(house)
            found.append(await ahead)
            for _ in range(2):
                await happen(house)
                found.append(await anext(events))
        kept = [event["id"] async for event in client.events.list_all(order="oldest")]
    assert [event["id"] for event in found] == kept[1:]
    assert broken.last == [kept[0], kept[1], kept[2]]


async def test_what_happens_before_the_first_event_was_seen_is_not_missed(house: House) -> None:
    broken = Breaking(1, at_once=True)
    async with served(house) as url, AsyncHorarium(url, house.key, transport=broken) as client:
        async with asyncio.timeout(20), aclosing(client.events.follow()) as events:
            ahead = asyncio.ensure_future(anext(events))
            while not broken.last:
                await asyncio.sleep(0.01)
            await happen(house, 2)
            found = [await ahead, await anext(events)]
        kept = [event["id"] async for event in client.events.list_all(order="oldest")]
    assert [event["id"] for event in found] == kept


async def test_a_narrow_filter_goes_on_though_the_last_event_that_it_saw_is_not_kept_any_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BEAT_S", 0.05)
    broken = Forgetting(house, 1, after=f"id: {number_cursor(3)}".encode())
    async with served(house) as url, AsyncHorarium(url, house.key, transport=broken) as client:
        assert [event async for event in client.events.list_all()] == []
        await happen(house)
        (first,) = [event["id"] async for event in client.events.list_all()]
        async with asyncio.timeout(20):
            ahead = asyncio.ensure_future(anext(client.events.follow(type="fire.*", after=first)))
            while not broken.last:
                await asyncio.sleep(0.01)
            await happen(house, 2)  # which is not what is followed
            while len(broken.statuses) < 2:
                await asyncio.sleep(0.01)
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
        assert [event async for event in client.events.list_all()] == []
    assert broken.last == [first, number_cursor(3)]
    assert broken.statuses == [200, 200]


async def test_the_client_that_waits_follows_them_as_well(house: House) -> None:
    async with served(house) as url:
        loop = asyncio.get_running_loop()

        def start() -> str:
            with Horarium(url, house.key) as client:
                return next(iter(client.events.list_all(order="oldest")))["id"]

        def follow(after: str) -> tuple[list[str], list[str | None]]:
            broken = BreakingPlain(1)
            with Horarium(url, house.key, transport=broken) as client:
                events = client.events.follow(after=after)
                found = [next(events)["id"] for _ in range(2)]
                asyncio.run_coroutine_threadsafe(happen(house), loop).result()
                return [*found, next(events)["id"]], broken.breaking.last

        await house.services.events.recording.want(house.first.workspace_id)
        await happen(house, 3)
        first = await asyncio.to_thread(start)
        found, last = await asyncio.wait_for(asyncio.to_thread(follow, first), 20)
    assert last == [first, found[1]]


async def test_an_event_that_the_server_does_not_keep_any_more_is_a_clear_error(house: House) -> None:
    async with served(house) as url, AsyncHorarium(url, house.key) as client:
        with pytest.raises(EventForgotten, match=f"the event {STRANGE} is not kept any more"):
            await anext(client.events.follow(after=STRANGE))
        with pytest.raises(Invalid) as raised:
            await anext(client.events.follow(type="no.such", after=STRANGE))
    assert raised.value.errors


async def test_a_stream_that_cannot_be_opened_is_not_tried_for_ever(house: House) -> None:
    async with served(house) as url, AsyncHorarium(url, "hor_wrong") as client:
        with pytest.raises(Unauthorized):
            await anext(client.events.follow(after=STRANGE))
    async with AsyncHorarium(url, house.key, attempts=1) as client:
        with pytest.raises(NotReached):
            await anext(client.events.follow(after=STRANGE))


def test_pauses_grow_are_bounded_and_begin_anew_once_something_was_heard() -> None:
    following.FIRST_WAIT_S = 0.5  # put back by the fixture
    at = Following(None)
    at.fed(b":")
    waits = [at.wait_before_return(NotReached("gone")) for _ in range(20)]
    assert 0.25 <= waits[0] <= 0.5
    assert LONGEST_WAIT_S / 2 <= waits[-1] <= LONGEST_WAIT_S
    at.fed(b":")
    assert at.wait_before_return(None) <= 0.5


def test_a_position_counts_as_the_last_event_once_its_message_is_whole() -> None:
    at = Following("evt_0")
    assert at.fed(b"id: AAAB") is None
    assert at.headers["Last-Event-ID"] == "evt_0"
    assert at.fed(b"") is None
    assert at.headers["Last-Event-ID"] == "AAAB"


def test_half_a_message_is_forgotten_when_the_connection_breaks() -> None:
    at = Following("evt_0")
    assert at.fed(b"id: evt_1") is None
    assert at.fed(b'data: {"a": ') is None
    at.wait_before_return(NotReached("gone"))
    assert at.headers["Last-Event-ID"] == "evt_0"
    assert [at.fed(line) for line in (b"id: evt_1", b'data: {"a": 1}', b"")] == [None, None, {"a": 1}]
    assert at.headers["Last-Event-ID"] == "evt_1"
