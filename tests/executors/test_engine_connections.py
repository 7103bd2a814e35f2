"""Connections to engines are kept, and one that cannot be used any more holds nobody up."""

import asyncio

import pytest

from horarium.executors.engines.connections import Connections


class Connection:
    def __init__(self):
        self.usable, self.closed = True, False


@pytest.fixture
def made():
    return []


@pytest.fixture
def may_close():
    return asyncio.Event()


@pytest.fixture
def connections(may_close):
    async def close(connection):
        await may_close.wait()
        connection.closed = True

    return Connections(lambda connection: connection.usable, close)


@pytest.fixture
def connect(made):
    async def connect():
        await asyncio.sleep(0)
        made.append(Connection())
        return made[-1]

    return connect


async def test_all_who_come_meanwhile_get_the_connection_that_the_first_opens(connections, connect, made):
    found = await asyncio.gather(*(connections.get("here", connect) for _ in range(5)))
    assert found == made * 5
    assert await connections.get("here", connect) is made[0]


async def test_a_broken_connection_is_closed_beside_what_goes_on(connections, connect, made, may_close):
    """Its end may take long: a broker that is away says no goodbye. Nobody waits for that, and nobody opens a second
    one instead of it."""
    first = await connections.get("here", connect)
    first.usable = False
    async with asyncio.timeout(10):
        found = await asyncio.gather(*(connections.get("here", connect) for _ in range(5)))
    assert made == [first, found[0]]
    assert found == [found[0]] * 5
    assert not first.closed
    may_close.set()
    await connections.close()
    assert [connection.closed for connection in made] == [True, True]


async def test_what_is_being_opened_has_ended_when_all_are_closed(connections):
    begun, left_behind = asyncio.Event(), ["something"]

    async def connect():
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            left_behind.clear()

    waiting = asyncio.create_task(connections.get("here", connect))
    await begun.wait()
    await connections.close()
    assert left_behind == []
    waiting.cancel()
