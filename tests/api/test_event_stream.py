"""Events as server-sent events: as they come, resumed where one stopped, bounded, and ended when they must end."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import orjson
import pytest

from horarium.api import server_sent
from horarium.api.app import own_api
from horarium.api.kit import registry
from horarium.api.routes import events as routes
from horarium.domain.events import quota_near
from horarium.domain.ids import random_id
from horarium.service.pages import number_cursor, number_from
from horarium.store.verbs import events as verbs
from horarium.store.verbs.restored import leave_old_processes
from tests.api.asking import BASE, NOW, ask
from tests.support.house import House
from tests.support.served import served


@asynccontextmanager
async def following(url, key, query="", **headers):
    """The lines of a stream, as they come."""
    async with aiohttp.ClientSession() as session:
        sent = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"} | headers
        async with session.get(f"{url}/horarium/v1/events?{query}", headers=sent) as answer:
            yield answer


async def messages(answer, count):
    """So many messages with an event, each as {id, event, data}."""
    found, now = [], {}
    async with asyncio.timeout(10):
        while len(found) < count:
            line = (await answer.content.readline()).decode().rstrip("\n")
            if line and not line.startswith((":", "retry")):
                name, _, value = line.partition(": ")
                now[name] = value
            elif "data" in now:
                found.append(now)
                now = {}
    return found


async def happen(house, times):
    """So many events of a workspace that is recorded."""

    async def tells(tx):
        tx.tell(quota_near(house.first.workspace_id, random_id(1).hex(), 9, 10, house.clock.now))

    for _ in range(times):
        await house.store.write(tells)
        await house.store.urgent(verbs.publish, house.clock.now)


@pytest.fixture
async def house():
    async with House.open(NOW, event_streams=2) as made:
        yield made


async def test_events_come_as_they_happen_and_go_on_after_the_last_that_was_seen(house):
    async with served(house) as url:
        async with following(url, house.key) as answer:
            told = {
                name: answer.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")
            }
            # Neither a cache nor a proxy keeps back what comes.
            assert [*told.values()] == ["text/event-stream", "no-store", "no"]
            await answer.content.readline()
            await happen(house, 3)
            found = await messages(answer, 3)
        assert [one["event"] for one in found] == ["quota.near"] * 3
        assert [orjson.loads(one["data"])["id"] for one in found] == [one["id"] for one in found]
        async with following(url, house.key, **{"Last-Event-ID": found[0]["id"]}) as answer:
            await happen(house, 1)
            again = await messages(answer, 3)
        assert again[:2] == found[1:]
        assert len({one["id"] for one in (*found, *again)}) == 4


async def test_a_browser_that_connects_again_goes_on_after_what_it_has_seen_and_not_where_its_address_began(
    house,
):
    """It asks with the same address, and says in a header of its own which event was the last."""
    async with served(house) as url:
        async with following(url, house.key) as answer:
            await answer.content.readline()
            await happen(house, 4)
            found = await messages(answer, 4)
        seen = {"Last-Event-ID": found[2]["id"]}
        async with following(url, house.key, f"after={found[0]['id']}", **seen) as answer:
            assert await messages(answer, 1) == found[3:]


async def test_no_more_streams_are_open_than_may_be_and_one_that_is_left_makes_room(house):
    async with served(house) as url:
        async with following(url, house.key) as first, following(url, house.key) as second:
            await first.content.readline()
            await second.content.readline()
            async with following(url, house.key) as third:
                assert (third.status, "Retry-After" in third.headers) == (429, True)
            neighbour = await house.workspace("neighbour")
            async with following(url, neighbour.key) as theirs:
                assert theirs.status == 200
        async with asyncio.timeout(5):
            while house.services.events.streams:
                await asyncio.sleep(0.01)
        async with following(url, house.key) as fourth:
            assert fourth.status == 200


async def test_of_streams_that_are_opened_at_once_no_more_are_open_than_may_be(house):
    async with served(house) as url, AsyncExitStack() as opened:
        asked = [opened.enter_async_context(following(url, house.key)) for _ in range(20)]
        answers = await asyncio.gather(*asked)
        assert sorted(answer.status for answer in answers) == [200] * 2 + [429] * 18


async def test_a_stream_that_nobody_reads_gives_its_place_back(house):
    for _ in range(3):
        answer = await house.client.head(f"{BASE}/events", headers={"Accept": "text/event-stream"})
        assert (answer.status_code, dict(house.services.events.streams)) == (200, {})


async def test_a_stream_ends_when_its_key_is_revoked(house, monkeypatch):
    monkeypatch.setattr(routes, "BEAT_S", 0.05)
    key = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["events:read"]}, 201)
    async with served(house) as url, following(url, key["key"]) as answer:
        await answer.content.readline()
        await ask(house, "DELETE", f"/keys/{key['id']}")
        async with asyncio.timeout(5):
            while await answer.content.readline():
                pass


async def test_a_stream_in_which_something_always_happens_ends_too_when_its_key_is_revoked(
    house, monkeypatch
):
    monkeypatch.setattr(server_sent, "BEAT_S", 0.0)
    key = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["events:read"]}, 201)
    async with served(house) as url, following(url, key["key"]) as answer:
        await answer.content.readline()
        await happen(house, 1)
        await messages(answer, 1)
        await ask(house, "DELETE", f"/keys/{key['id']}")
        await happen(house, 1)
        rest = b"".join([line async for line in answer.content])
        assert b"data:" not in rest


async def test_streams_end_when_the_server_stops(house):
    async with served(house) as url, following(url, house.key) as answer:
        await answer.content.readline()
        house.services.events.close()
        async with asyncio.timeout(5):
            while await answer.content.readline():
                pass


async def position(answer):
    """The first position that a stream tells, which is an id without an event."""
    told, line = None, b"-"
    async with asyncio.timeout(10):
        while told is None or line != b"\n":
            line = await answer.content.readline()
            if line.startswith(b"id: "):
                told = line.removeprefix(b"id: ").decode().strip()
    return told


async def forget_all(house):
    """Delete the events that have been told, because they are too old."""
    while await house.store.write(verbs.forget_events, house.clock.now + 1, 100):
        pass


async def test_while_no_event_matches_the_position_is_told_and_outlives_the_events_before_it(
    house, monkeypatch
):
    monkeypatch.setattr(routes, "BEAT_S", 0.05)
    async with served(house) as url:
        async with following(url, house.key, "type=fire.*") as answer:
            await happen(house, 3)
            last = await position(answer)
            while (await house.store.read(verbs.event_log, house.first.workspace_id)).number > number_from(
                last
            ):
                last = await position(answer)
        await forget_all(house)
        async with following(url, house.key, **{"Last-Event-ID": last}) as answer:
            await happen(house, 1)
            (found,) = await messages(answer, 1)
    assert found["event"] == "quota.near"


async def test_a_position_behind_which_events_were_forgotten_and_a_text_that_is_none_are_refused(
    house, monkeypatch
):
    monkeypatch.setattr(routes, "BEAT_S", 0.05)
    async with served(house) as url:
        async with following(url, house.key) as answer:
            last = await position(answer)
        await happen(house, 2)
        await forget_all(house)
        for said, code in ((last, "unknown"), (number_cursor(99), "unknown"), ("evt-x", "header")):
            async with following(url, house.key, **{"Last-Event-ID": said}) as answer:
                assert answer.status == 400
                assert [one["code"] for one in (await answer.json())["errors"]] == [code], said


async def test_a_position_is_refused_once_the_database_was_restored_from_a_backup(house, monkeypatch):
    """The restored server gives its number to another event, and who went on from it would miss all before that."""
    monkeypatch.setattr(routes, "BEAT_S", 0.05)

    async def restored():
        await house.store.write(leave_old_processes)
        house.services.events._mark = None  # as in the process that starts then

    async with served(house) as url:
        await happen(house, 2)
        for _ in range(2):  # a database may be restored more than once
            async with following(url, house.key) as answer:
                last = await position(answer)
            async with following(url, house.key, **{"Last-Event-ID": last}) as answer:
                assert answer.status == 200
            await restored()
            async with following(url, house.key, **{"Last-Event-ID": last}) as answer:
                assert answer.status == 400
                (problem,) = (await answer.json())["errors"]
            assert problem["code"] == "unknown"
            assert "a restore from a backup; read from an instant" in problem["message"]


async def test_a_stream_from_an_event_that_does_not_exist_is_refused_with_what_to_do(house):
    gone = {"Last-Event-ID": "evt_01KJMMA2G0ET89C00HHC3ZY6K7"}
    async with served(house) as url, following(url, house.key, **gone) as answer:
        assert answer.status == 400
        assert "read from an instant" in (await answer.json())["detail"]


async def test_a_stream_refuses_each_parameter_of_the_list_that_it_would_ignore(house):
    described = own_api(house.services, registry.load()).openapi()["paths"]["/events"]["get"]["parameters"]
    given = {"limit": 5, "order": "oldest", "since": NOW, "cursor": number_cursor(1), "total": "true"}
    filters = {"type", "label", "schedule", "schedule_key", "after"}
    assert {each["name"] for each in described if each["in"] == "query"} == filters | given.keys()
    for name, value in given.items():
        for accept, status in (("text/event-stream", 400), ("application/json", 200)):
            answer = await house.client.head(
                f"{BASE}/events", params={name: value}, headers={"Accept": accept}
            )
            assert answer.status_code == status, (name, accept)
