"""A node that is frozen in the middle of a transaction holds its locks for a few seconds, not for a minute."""

import pytest_asyncio

from horarium.settings import Settings
from horarium.store.postgres.connection import connect
from tests.support.poolers import opened
from tests.support.postgres import drop_database, fresh_database

ASK = "SELECT extract(epoch FROM current_setting('idle_in_transaction_session_timeout')::interval)"


@pytest_asyncio.fixture
async def url():
    made = fresh_database("frozen")
    yield made
    drop_database(made)


async def _asked(pool):
    async with pool.connections.acquire() as connection:
        await connection.execute(pool.begin)
        answer = await connection.fetchval(ASK)
        await connection.execute("ROLLBACK")
        return answer


async def test_every_connection_gives_up_its_locks_before_the_lease_of_its_node_is_over(url):
    store = await opened(url, notify=False)
    try:
        for pool in store._pools:
            assert 0 < await pool.run(_asked(pool)) < Settings().lease / 2
    finally:
        await store.close()
    alone = await connect(url)
    try:
        async with alone.transaction():
            assert 0 < await alone.fetchval(ASK) < Settings().lease / 2
    finally:
        await alone.close()
