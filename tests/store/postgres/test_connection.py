"""A connection outside the pools, for work that must not wait for a free one."""

import asyncpg
import pytest

from horarium.domain.errors import Unavailable
from horarium.store.postgres.connection import PostgresConnection
from tests.support.poolers import MODE
from tests.support.tenant import NOON


def connected(own: PostgresConnection) -> bool:
    return own._connection is not None and not own._connection.is_closed()


@pytest.mark.skipif(MODE == "only", reason="a pooler gives connections names of its own")
async def test_a_connection_of_its_own_is_opened_again_after_it_was_lost_or_dropped(url):
    own = PostgresConnection(url, "horarium lease 1")

    async def name(tx):
        return await tx.connection.fetchval("SHOW application_name")

    assert not connected(own)
    assert await own.run(name) == "horarium lease 1"
    first = await own.open()
    assert (connected(own), await own.open()) == (True, first)
    first.terminate()
    assert not connected(own)
    assert await own.run(name) == "horarium lease 1"
    own.drop()
    assert not connected(own)
    assert await own.now_ms() > NOON - 10 * 365 * 86_400_000
    own.drop()
    away = PostgresConnection("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(Unavailable, match=r"at 127\.0\.0\.1:9 cannot be reached"):
        await away.now_ms()


async def test_what_a_verb_on_a_connection_of_its_own_raises_is_unavailable_only_where_the_database_is(url):
    own = PostgresConnection(url)
    for error, kind in (
        (asyncpg.DiskFullError("full"), Unavailable),
        (OSError("gone"), Unavailable),
        (KeyError(), KeyError),
    ):

        async def verb(tx, error=error):
            raise error

        with pytest.raises(kind):
            await own.run(verb)
    own.drop()
