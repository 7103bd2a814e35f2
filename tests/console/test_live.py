"""Pages that are told what happens: each thing is read once for all that follow it, and streams end when they must."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import orjson
import pytest

from horarium.api import server_sent
from horarium.console import live
from horarium.console.feeds import Feeds
from horarium.domain.errors import NotFound, RateLimited
from horarium.domain.listings import FireListing
from tests.api.asking import ask, scheduled
from tests.api.test_events import publish
from tests.console.browsing import ORIGIN, signed_in
from tests.support.house import House
from tests.support.served import served

NOW = "2026-03-01T12:00:00Z"
# Fires once, at 13:00, and fails at once, since nobody answers at its target.
ONCE: dict[str, Any] = {"recurrence": "0 13 * * *", "policies": {"retry": {"max_attempts": 1}}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOW_S", "FIRE_S", "EVENTS_S"):
        monkeypatch.setattr(live, name, 0.01)


@asynccontextmanager
async def following(url: str, cookie: str, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
    async with (
        aiohttp.ClientSession(headers={**ORIGIN, "cookie": cookie}) as session,
        session.get(f"{url}/console/live{path}") as answer,
    ):
        yield answer


async def message(answer: aiohttp.ClientResponse) -> tuple[str, str]:
    """The next message: its type and its data."""
    kind = ""
    async with asyncio.timeout(5):
        while True:
            line = (await answer.content.readline()).decode().rstrip("\n")
            if line.startswith("event:"):
                kind = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                return kind, line.removeprefix("data:").strip()


@asynccontextmanager
async def at_console(house: House, key: str | None = None) -> AsyncIterator[tuple[str, str]]:
    """The address of a house that is served, and the cookie of somebody who has signed in."""
    async with served(house) as url, signed_in(house, key=key) as person:
        yield url, "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())


async def ended(answer: aiohttp.ClientResponse) -> None:
    async with asyncio.timeout(5):
        while await answer.content.readline():
            pass


async def test_lines_of_new_events_are_sent_to_those_whose_filters_they_match() -> None:
    async with (
        House.open(NOW) as house,
        at_console(house) as (url, cookie),
        following(url, cookie, "/events") as every,
        following(url, cookie, "/events?label=customer:other") as none,
    ):
        assert every.headers["content-type"] == "text/event-stream"
        assert "default-src 'none'" in every.headers["content-security-policy"]
        await every.content.readline()
        await scheduled(house, name="<b>Nightly", labels={"customer": "acme"}, **ONCE)
        await house.move("2026-03-01T13:00:00Z")
        await publish(house)
        kind, data = await message(every)
        assert kind == "rows"
        assert "&lt;b&gt;Nightly" in data
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await message(none)


async def test_where_more_happens_than_is_read_at_once_the_list_is_asked_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "MOST_ROWS", 1)
    async with (
        House.open(NOW) as house,
        at_console(house) as (url, cookie),
        following(url, cookie, "/events") as answer,
    ):
        await answer.content.readline()
        for name in ("a", "b"):
            await scheduled(house, name=name, **ONCE)
        await house.move("2026-03-01T13:00:00Z")
        await publish(house)
        assert await message(answer) == ("changed", "")


async def test_the_first_page_is_told_when_something_runs() -> None:
    async with (
        House.open(NOW) as house,
        at_console(house) as (url, cookie),
        following(url, cookie, "/now") as answer,
    ):
        await answer.content.readline()
        await asyncio.sleep(0.05)  # what was there before is no change
        await scheduled(house, recurrence="0 13 * * *")
        assert await message(answer) == ("changed", "")
        await house.move("2026-03-01T13:00:00Z")
        assert await message(answer) == ("changed", "")


@pytest.mark.parametrize("first_sees", [True, False])
async def test_who_may_not_see_schedules_is_not_told_of_them_whoever_else_follows(first_sees: bool) -> None:
    """Each follower is told of what their own key may see, also where one of another key was there before."""
    async with House.open(NOW) as house:
        sees = {True: house.key, False: await house.key_with("runs:read")}
        async with at_console(house, sees[first_sees]) as (url, cookie):
            async with signed_in(house, key=sees[not first_sees]) as person:
                other = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
            async with following(url, cookie, "/now") as first:
                await first.content.readline()
                async with following(url, other, "/now") as second:
                    await second.content.readline()
                    await asyncio.sleep(0.05)  # what was there before is no change
                    of_all, of_runs = (first, second) if first_sees else (second, first)
                    await scheduled(house, **ONCE)
                    assert await message(of_all) == ("changed", "")
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.1):
                            await message(of_runs)
                    await house.move("2026-03-01T13:00:00Z")
                    for each in (of_all, of_runs):
                        assert await message(each) == ("changed", "")


async def test_nobody_follows_what_happens_in_another_workspace() -> None:
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        async with (
            at_console(house, other.key) as (url, cookie),
            following(url, cookie, "/now") as now,
            following(url, cookie, "/events") as events,
        ):
            for each in (now, events):
                await each.content.readline()
            await scheduled(house, **ONCE)
            house.clock.now += 3_600_000
            await house.release()
            await house.work()
            await publish(house)
            (fire,) = (await ask(house, "GET", "/fires"))["items"]
            async with following(url, cookie, f"/fires/{fire['id']}") as answer:
                assert answer.status == 404
            for each in (now, events):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await message(each)


@pytest.mark.parametrize(
    ("path", "scope"), [("/now", "runs:read"), ("/fires/{}", "runs:read"), ("/events", "events:read")]
)
async def test_each_stream_needs_its_scope_and_no_other(path: str, scope: str) -> None:
    async with House.open(NOW) as house:
        await scheduled(house, **ONCE)
        house.clock.now += 3_600_000
        await house.release()
        (fire,) = (await ask(house, "GET", "/fires"))["items"]
        every = ["runs:read", "events:read", "schedules:read"]
        for scopes, status in (([scope], 200), ([one for one in every if one != scope], 403)):
            async with (
                at_console(house, await house.key_with(*scopes)) as (url, cookie),
                following(url, cookie, path.format(fire["id"])) as answer,
            ):
                assert answer.status == status, scopes


async def test_a_fire_tells_its_counts_until_it_has_ended() -> None:
    async with House.open(NOW) as house, at_console(house) as (url, cookie):
        await ask(house, "PUT", "/directory/contacts", [{"id": f"c{number}"} for number in range(3)])
        made = await scheduled(
            house,
            recurrence="0 13 * * *",
            audience={"type": "contacts"},
            policies={"retry": {"max_attempts": 1}},
        )
        house.clock.now += 3_600_000
        await house.release()
        (fire,) = (await ask(house, "GET", f"/schedules/{made['id']}/fires"))["items"]
        async with following(url, cookie, f"/fires/{fire['id']}") as answer:
            kind, data = await message(answer)
            assert kind == "figures"
            assert '"final":false' in data
            await house.move("2026-03-01T13:00:01Z")
            while '"final":true' not in data:
                kind, data = await message(answer)
            assert '"failed":"3"' in data
            await ended(answer)
        async with following(url, cookie, "/fires/fire_01KJMMA2G0ET89C00HHC3ZY6K7") as answer:
            assert answer.status == 404


async def test_the_progress_of_a_fire_counts_runs_that_were_cancelled() -> None:
    async with House.open(NOW) as house:
        await scheduled(house, **ONCE)
        await house.move("2026-03-01T13:00:00Z")
        (fire,) = (await house.services.searches.fires(FireListing(house.first.workspace_id, 1))).items
        told = live._figures(replace(fire, runs=6, succeeded=1, failed=2, cancelled=3))
        figures = orjson.loads(told.partition(b"data: ")[2])
        assert (figures["all"], figures["ended"]) == (6, 6)


async def test_a_stream_needs_a_session_and_the_scope_and_ends_with_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_sent, "BEAT_S", 0.05)
    monkeypatch.setattr(live, "BEAT_S", 0.05)
    async with House.open(NOW) as house:
        key = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["runs:read"]}, 201)
        async with at_console(house, key["key"]) as (url, cookie):
            async with following(url, cookie, "/events") as answer:
                assert answer.status == 403
            async with following(url, "", "/now") as answer:
                assert answer.headers["content-type"].startswith("text/html")  # the page to sign in at
            async with following(url, cookie, "/now") as answer:
                await answer.content.readline()
                await ask(house, "DELETE", f"/keys/{key['id']}")
                await ended(answer)


async def test_no_more_pages_of_a_workspace_follow_than_may_and_places_are_given_back() -> None:
    async with House.open(NOW, event_streams=1) as house, at_console(house) as (url, cookie):
        async with following(url, cookie, "/now") as first:
            await first.content.readline()
            await asyncio.sleep(0.05)
            async with following(url, cookie, "/now") as second:
                assert second.status == 429
        async with asyncio.timeout(5):
            while True:
                async with following(url, cookie, "/now") as third:
                    if third.status == 200:
                        break
                await asyncio.sleep(0.01)


async def test_streams_end_when_the_server_stops() -> None:
    async with House.open(NOW) as house, at_console(house) as (url, cookie):
        for path in ("/now", "/events"):
            async with following(url, cookie, path) as answer:
                await answer.content.readline()
                house.services.events.close()
                await ended(answer)
            house.services.events.closed = False


async def test_a_feed_has_one_reader_however_many_follow_it_and_none_afterwards() -> None:
    feeds, begun, done = Feeds(3), 0, asyncio.Event()

    async def read():  # type: ignore[no-untyped-def]
        nonlocal begun
        begun += 1
        try:
            for number in count():  # it does not end by itself
                yield number
                await asyncio.sleep(0.001)
        finally:
            done.set()

    followers = [feeds.follow("w", "t", read) for _ in range(3)]
    found = await asyncio.gather(*(anext(each) for each in followers))
    assert (begun, {news.what for news in found}) == (1, {0})
    with pytest.raises(RateLimited):
        feeds.follow("w", "t", read)
    feeds.follow("other", "t", read)  # nobody begins to read it, so its place is given back
    assert list(feeds.following) == ["w"]
    for each in followers:
        await each.aclose()
    async with asyncio.timeout(5):
        await done.wait()
    assert (feeds.following, feeds._feeds) == ({}, {})


async def test_a_slow_follower_is_told_that_it_has_missed_something_and_holds_nobody_up() -> None:
    feeds = Feeds(3)

    async def read():  # type: ignore[no-untyped-def]
        for number in range(100):
            yield number
            await asyncio.sleep(0)

    found = [news async for news in feeds.follow("w", "t", read)]
    slow = feeds.follow("w", "t", read)
    first = await anext(slow)
    await asyncio.sleep(0.05)
    rest = [news async for news in slow]
    assert [news.what for news in found] == list(range(100))
    assert first.what == 0
    assert rest[0].missed
    assert len(rest) <= 9


async def test_a_feed_whose_reader_fails_ends_and_can_be_followed_again() -> None:
    feeds = Feeds(3)

    async def read():  # type: ignore[no-untyped-def]
        yield 1
        raise NotFound("fire")

    for _ in range(2):
        assert [news.what async for news in feeds.follow("w", "t", read)] == [1]
    slow = feeds.follow("w", "t", read)
    assert (await anext(slow)).what == 1
    await asyncio.sleep(0.01)  # the reader has failed, which this one has not heard yet
    async with asyncio.timeout(5):
        assert [news.what async for news in feeds.follow("w", "t", read)] == [1]
        assert [news async for news in slow] == []


async def test_a_sign_of_life_comes_no_sooner_than_it_is_due() -> None:
    pages = object.__new__(live.LivePages)
    events: Any = SimpleNamespace(closed=False)
    pages.services = cast(Any, SimpleNamespace(events=events))
    looks = 0

    async def look() -> str:
        nonlocal looks
        looks += 1
        events.closed = looks == 20
        return "the same"

    assert [each async for each in pages._looks(0.0, look)] == ["the same"]


async def test_what_has_changed_is_a_sign_of_life_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one comes a whole beat later."""
    clock = SimpleNamespace(at=0.0)
    events: Any = SimpleNamespace(closed=False)
    pages = object.__new__(live.LivePages)
    pages.services = cast(Any, SimpleNamespace(events=events))

    async def sleep(seconds: float) -> None:
        clock.at += seconds
        events.closed = clock.at > 2.5 * live.BEAT_S

    async def look() -> bool:
        return clock.at >= live.BEAT_S - 1

    loop = SimpleNamespace(time=lambda: clock.at)
    monkeypatch.setattr(live, "asyncio", SimpleNamespace(get_running_loop=lambda: loop, sleep=sleep))
    found = [(clock.at, each) async for each in pages._looks(1.0, look)]
    assert found == [(0, False), (live.BEAT_S - 1, True), (2 * live.BEAT_S - 1, None)]
