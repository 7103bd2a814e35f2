"""What only one process may do at a time: who does not get the lock asks again, and leaves nothing open."""

import itertools
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.store.postgres import locks
from horarium.store.postgres.connection import connect
from horarium.store.postgres.locks import locked


async def test_who_does_not_get_the_lock_says_so_now_and_then_gives_up_in_time_and_has_nothing_open(
    url, monkeypatch
):
    monkeypatch.setattr(locks, "AGAIN_S", 0.001)
    # Each look at the clock is a second later.
    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    first, second = await connect(url), await connect(url)
    with capture_logs() as lines:
        async with locked(first, 7, "the first thing", 1.0):
            with pytest.raises(Unavailable, match=r"busy with the second thing for more than 13 s"):
                async with locked(second, 7, "the second thing", 13.0):
                    pass
            assert not second.is_in_transaction()
            async with locked(second, 8, "another thing", 0.0):
                pass
    assert [(line["work"], line["seconds"]) for line in lines] == [
        ("the second thing", 6),
        ("the second thing", 12),
    ]
    for connection in (first, second):
        assert not connection.is_in_transaction()
        await connection.close()


async def test_what_was_done_under_a_lock_is_kept_or_undone_as_a_whole_and_the_lock_is_free_again(url):
    connection = await connect(url)
    await connection.execute("SET idle_in_transaction_session_timeout = '10s'")  # as a server has it
    write = "INSERT INTO meta (name, value) VALUES ('of the lock', '1')"

    async def failing():
        async with locked(connection, 7, "this", 0.0):
            await connection.execute(write)
            assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "0"
            raise LookupError

    with pytest.raises(LookupError):
        await failing()
    read = "SELECT count(*) FROM meta WHERE name = 'of the lock'"
    assert (connection.is_in_transaction(), await connection.fetchval(read)) == (False, 0)
    async with locked(connection, 7, "this", 0.0):
        await connection.execute(write)
    assert (connection.is_in_transaction(), await connection.fetchval(read)) == (False, 1)
    assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"
    await connection.close()
