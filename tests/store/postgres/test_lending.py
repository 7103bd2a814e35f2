"""Connections are passed on from verb to verb, in the order in which verbs came, and go back when none is under way,
all but one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from horarium.store.postgres.lending import Lending

SIZE = 2
PATIENCE_S = 30.0


class Connection:
    """`gone`: it was lost, and asyncpg's pool has taken it back."""

    def __init__(self) -> None:
        self.closed = self.gone = False

    def is_closed(self) -> bool:
        if self.gone:
            raise asyncpg.InterfaceError("cannot call Connection.is_closed(): it was released to the pool")
        return self.closed


class Connections:
    """What asyncpg's pool does for a Lending; `refuses` is what the next `acquire` raises, `opens` holds it up."""

    def __init__(self) -> None:
        self.out: list[Connection] = []
        self.acquired = self.expired = 0
        self.refuses: BaseException | None = None
        self.opens = asyncio.Event()
        self.opens.set()

    async def acquire(self, timeout: float) -> Connection:
        assert timeout == PATIENCE_S
        await self.opens.wait()
        if self.refuses is not None:
            raise self.refuses
        assert len(self.out) < SIZE
        self.acquired += 1
        self.out.append(Connection())
        return self.out[-1]

    async def release(self, connection: Connection) -> None:
        await asyncio.sleep(0)
        if not connection.gone:
            self.out.remove(connection)

    async def expire_connections(self) -> None:
        self.expired += 1


@pytest.fixture
async def pool() -> Connections:
    return Connections()


@pytest.fixture
async def lending(pool: Connections) -> AsyncIterator[Lending]:
    made = Lending(pool, SIZE, PATIENCE_S)
    yield made
    # Whatever has happened, as many can be lent afterwards as at the beginning, and all go back.
    pool.refuses = None
    lent = [await made.lend() for _ in range(SIZE)]
    assert len(set(map(id, lent))) == SIZE
    assert made.waiting == 0
    for connection in lent:
        await made.take_back(connection)
    assert len(pool.out) == 1
    await made.end()
    assert pool.out == []


async def begun(lending: Lending) -> asyncio.Task[Any]:
    task = asyncio.create_task(lending.lend())
    await asyncio.sleep(0)
    return task


async def test_verbs_that_come_one_at_a_time_are_lent_the_same_connection(
    lending: Lending, pool: Connections
) -> None:
    for _ in range(3):
        connection = await lending.lend()
        assert pool.out == [connection]
        await lending.take_back(connection)
    assert pool.acquired == 1


async def test_a_connection_is_kept_while_another_verb_is_under_way(
    lending: Lending, pool: Connections
) -> None:
    long, short = await lending.lend(), await lending.lend()
    await lending.take_back(short)
    assert pool.out == [long, short]
    assert await lending.lend() is short
    assert pool.acquired == 2
    await lending.take_back(short)
    await lending.take_back(long)
    assert len(pool.out) == 1


async def test_who_waits_is_given_the_next_free_connection_in_the_order_of_coming(
    lending: Lending, pool: Connections
) -> None:
    one, two = await lending.lend(), await lending.lend()
    first, second = await begun(lending), await begun(lending)
    assert lending.waiting == 2
    await lending.take_back(two)
    assert await first is two
    assert not second.done()
    await lending.take_back(one)
    assert await second is one
    assert (lending.waiting, pool.acquired) == (0, 2)
    for connection in (one, two):
        await lending.take_back(connection)


async def test_a_connection_that_is_being_opened_counts_as_waited_for(
    lending: Lending, pool: Connections
) -> None:
    pool.opens.clear()
    opening = await begun(lending)
    assert lending.waiting == 1
    pool.opens.set()
    await lending.take_back(await opening)
    assert lending.waiting == 0


async def test_a_closed_connection_is_not_lent_again_and_who_waits_opens_another(
    lending: Lending, pool: Connections
) -> None:
    one, two = await lending.lend(), await lending.lend()
    waits = await begun(lending)
    one.closed = True
    await lending.take_back(one)
    other = await waits
    assert other not in (one, two)
    assert pool.out == [two, other]
    await lending.take_back(two)  # it is kept, and closed while nobody uses it
    two.closed = True
    fresh = await lending.lend()
    assert not fresh.closed
    assert two not in pool.out
    for connection in (fresh, other):
        await lending.take_back(connection)


async def test_who_gives_up_waiting_holds_nothing_up(lending: Lending) -> None:
    one, two = await lending.lend(), await lending.lend()
    gone, stays = await begun(lending), await begun(lending)
    gone.cancel()
    await asyncio.wait([gone])
    assert lending.waiting == 1
    await lending.take_back(one)
    assert await stays is one
    for connection in (one, two):
        await lending.take_back(connection)


async def test_who_gives_up_at_the_moment_in_which_a_connection_is_free_is_passed_over(
    lending: Lending,
) -> None:
    one, two = await lending.lend(), await lending.lend()
    gone, stays = await begun(lending), await begun(lending)
    gone.cancel()
    await lending.take_back(one)  # before the other has heard that it is given up
    assert await stays is one
    await asyncio.wait([gone])
    assert (gone.cancelled(), lending.waiting) == (True, 0)
    for connection in (one, two):
        await lending.take_back(connection)


async def test_a_lost_connection_makes_room_for_another(lending: Lending, pool: Connections) -> None:
    for _ in range(2 * SIZE):
        lost, other = await lending.lend(), await lending.lend()
        lost.gone = True
        pool.out.remove(lost)
        await lending.take_back(lost)
        await lending.take_back(other)


@pytest.mark.parametrize("closed", [False, True])
async def test_what_a_verb_was_given_when_it_was_given_up_goes_to_the_next(
    lending: Lending, closed: bool
) -> None:
    one, two = await lending.lend(), await lending.lend()
    gone, stays = await begun(lending), await begun(lending)
    one.closed = closed
    await lending.take_back(one)
    gone.cancel()
    given = await stays
    assert gone.cancelled()
    assert (given is one) is not closed
    for connection in (given, two):
        await lending.take_back(connection)


async def test_a_verb_waits_only_so_long(pool: Connections) -> None:
    impatient = Lending(pool, SIZE, 0.0)
    impatient._lent = SIZE
    with pytest.raises(TimeoutError):
        await impatient.lend()
    assert impatient.waiting == 0


async def test_who_cannot_open_one_is_told_and_the_next_may_try(lending: Lending, pool: Connections) -> None:
    pool.opens.clear()
    first, second = await begun(lending), await begun(lending)
    third = await begun(lending)
    pool.refuses = OSError("no network")
    pool.opens.set()
    for task in (first, second, third):
        with pytest.raises(OSError, match="no network"):
            await task


async def test_what_is_kept_goes_back_also_when_the_last_verb_could_not_begin(
    lending: Lending, pool: Connections
) -> None:
    one = await lending.lend()
    pool.opens.clear()
    opening = await begun(lending)
    await lending.take_back(one)
    assert pool.out == [one]  # kept for the other
    pool.refuses = OSError("no network")
    pool.opens.set()
    with pytest.raises(OSError, match="no network"):
        await opening
    assert pool.out == [one]  # one stays for the next verb


async def test_expired_connections_are_not_kept(lending: Lending, pool: Connections) -> None:
    long, short = await lending.lend(), await lending.lend()
    await lending.take_back(short)
    await lending.expire()
    assert (pool.out, pool.expired) == ([long], 1)
    await lending.take_back(long)
    assert pool.out == []
    fresh = await lending.lend()
    await lending.take_back(fresh)
    assert pool.out == [fresh]
    await lending.expire()
    assert (pool.out, pool.expired) == ([], 2)
    await lending.take_back(await lending.lend())
    assert len(pool.out) == 1


async def test_at_the_end_all_connections_go_back_each_when_its_verb_has_ended(
    lending: Lending, pool: Connections
) -> None:
    long, short = await lending.lend(), await lending.lend()
    await lending.take_back(short)
    await lending.end()
    assert pool.out == [long]
    await lending.take_back(long)
    assert pool.out == []
    lending._ended = False
