"""What compacting does beside the tests of erasures: nothing of what was deleted is left, and nobody is in its way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from horarium.domain.errors import Unavailable
from horarium.store import compact as compacting
from horarium.store.compact import compact
from horarium.store.file_lock import sqlite_lock
from horarium.store.postgres.connection import connect
from tests.support.postgres import direct_address, drop_database, fresh_database, name_in

LEFT = b"deleted-and-still-here"


@pytest.fixture
def empty_url():
    made = direct_address(name_in(fresh_database("compact")))  # compacting needs one
    yield made
    drop_database(made)


async def test_neither_the_file_nor_its_log_keeps_what_was_deleted(tmp_path: Path) -> None:
    """Somebody looks on, so that SQLite does not tidy up by itself when the last connection is closed."""
    path, told = tmp_path / "one.db", []
    with closing(sqlite3.connect(path, isolation_level=None)) as onlooker:
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA secure_delete=OFF",
            "CREATE TABLE things (name TEXT)",
            f"INSERT INTO things VALUES ('{LEFT.decode()}')",
            "DELETE FROM things",
            "PRAGMA wal_checkpoint(TRUNCATE)",
            f"INSERT INTO things VALUES ('{LEFT.decode()}')",
            "DELETE FROM things",
        ):
            onlooker.execute(statement).fetchall()
        files = [path, tmp_path / "one.db-wal"]
        assert [LEFT in file.read_bytes() for file in files] == [True, True]
        assert await compact(f"sqlite:///{path}", told.append) == []
        assert [LEFT in file.read_bytes() for file in files] == [False, False]
    assert told == ["one.db"]


async def test_a_file_that_is_missing_or_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    with pytest.raises(Unavailable, match="no database at"):
        await compact(f"sqlite:///{path}")
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"")
    with sqlite_lock(path), pytest.raises(Unavailable, match="using the database"):
        await compact(f"sqlite:///{path}")


async def test_a_file_that_cannot_be_written_anew_is_as_it_was_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may be too full for a second one, or another program reads it."""
    path, connect_to = tmp_path / "one.db", compacting.connect

    def impatient(name: str) -> sqlite3.Connection:
        made = connect_to(name)
        made.execute("PRAGMA busy_timeout=0")
        return made

    monkeypatch.setattr(compacting, "connect", impatient)
    with closing(connect_to(str(path))) as other:
        other.execute("CREATE TABLE things (name TEXT)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            Unavailable, match=r"one\.db could not be written anew, and is as it was: database is locked"
        ):
            await compact(f"sqlite:///{path}")


async def test_postgresql_is_not_compacted_through_a_pooler_nor_where_it_is_away() -> None:
    for url, said in (
        ("postgresql://nobody@127.0.0.1:9/none?pooler=transaction", "cannot go through a pooler"),
        ("postgresql://nobody@127.0.0.1:9/none", "at 127.0.0.1:9 cannot be reached"),
    ):
        with pytest.raises(Unavailable, match=said):
            await compact(url)


class Refusing:
    """A connection whose role may make no checkpoint; it notes what it is asked."""

    def __init__(self, connection) -> None:
        self._connection, self.asked = connection, []

    def __getattr__(self, name):
        return getattr(self._connection, name)

    async def execute(self, statement):
        self.asked.append(statement)
        if statement == "CHECKPOINT":
            raise asyncpg.InsufficientPrivilegeError("permission denied")
        return await self._connection.execute(statement)


async def test_every_table_and_the_statistics_are_written_anew_with_all_the_time_it_takes_and_what_was_not_done_is_said(
    empty_url, monkeypatch
) -> None:
    made, told = [], []

    async def refusing(*given):
        made.append((Refusing(await connect(*given)), given[2]))
        return made[-1][0]

    before = await connect(empty_url)
    await before.execute('CREATE TABLE "Two Words" (a BIGINT); CREATE TABLE one (a BIGINT)')
    await before.close()
    monkeypatch.setattr(compacting, "connect_postgres", refusing)
    assert await compact(empty_url, told.append) == [
        "no checkpoint was made, so the old files go with the next one"
    ]
    ((connection, seconds),) = made
    assert (told, seconds) == (['"Two Words"', "one"], 7 * 86_400)
    assert connection.asked == [
        "SET statement_timeout = 0",
        'VACUUM (FULL, ANALYZE) "Two Words"',
        "VACUUM (FULL, ANALYZE) one",
        "VACUUM (FULL) pg_catalog.pg_statistic",
        "CHECKPOINT",
    ]
    assert connection.is_closed()


async def test_a_month_that_a_server_has_dropped_meanwhile_holds_up_no_other_table(
    empty_url, monkeypatch
) -> None:
    told = []
    connection = await connect(empty_url)
    await connection.execute("CREATE TABLE things (name TEXT)")
    await connection.close()
    monkeypatch.setattr(compacting, "_TABLES", "VALUES ('runs_2020_01'), ('things')")
    assert await compact(empty_url, told.append) == []
    assert told == ["runs_2020_01", "things"]
