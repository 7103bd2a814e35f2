"""The databases that are kept open: how many, for how long, and with which settings."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text, types
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from horarium.executors.sql import databases as module
from horarium.executors.sql import received
from horarium.executors.sql.address import read_url
from horarium.executors.sql.databases import Databases
from horarium.executors.sql.failures import NotThere
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy
from tests.executors.sql_places import leave, postgres_place
from tests.support import postgres
from tests.support.postgres_alias import postgres_alias


@pytest.fixture
async def databases() -> AsyncIterator[Databases]:
    made = Databases(DatabaseGuard(HostPolicy()))
    yield made
    await made.close()


def file_in(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a)")
    return path


def add(connection: Connection) -> None:
    connection.execution_options(writes=True)
    with connection.begin():
        connection.execute(text("INSERT INTO t VALUES (1)"))


async def test_a_file_is_opened_with_a_log_that_is_flushed_and_its_references_kept(
    databases: Databases, tmp_path: Path
) -> None:
    promised = {
        "busy_timeout": 100,
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }

    def settings(connection: Connection) -> dict[str, Any]:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in promised}

    database = await databases.embedded(file_in(tmp_path, "a"))
    assert await database.run(settings) == promised
    with pytest.raises(NotThere, match="no embedded database 'none'"):
        await databases.embedded(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


async def test_the_database_that_was_not_used_for_longest_is_closed_where_they_are_too_many(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.MAX_OPEN == 64
    monkeypatch.setattr(module, "MAX_OPEN", 2)
    closed: list[str] = []
    close = module.EmbeddedDatabase.close

    async def noted(database: module.EmbeddedDatabase) -> None:
        closed.append(Path(str(database._engine.url.database)).stem)
        await close(database)

    monkeypatch.setattr(module.EmbeddedDatabase, "close", noted)
    paths = {name: file_in(tmp_path, name) for name in "abc"}
    first, _ = await databases.embedded(paths["a"]), await databases.embedded(paths["b"])
    assert await databases.embedded(paths["a"]) is first
    await databases.embedded(paths["c"])
    await asyncio.sleep(0)
    assert closed == ["b"]
    await databases.close()
    assert closed == ["b", "c", "a"]


async def test_a_write_waits_for_another_process_for_so_long_and_no_longer(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.BUSY_MS * module.BUSY_TRIES == 10_000
    monkeypatch.setattr(module, "BUSY_TRIES", 2)
    monkeypatch.setattr(module, "BUSY_MS", 1)
    path = file_in(tmp_path, "a")
    database = await databases.embedded(path)
    await database.run(add)  # it is open now, so what waits below is the write
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        tried: list[str] = []

        def write(connection: Connection) -> None:
            raw: Any = connection.connection.driver_connection
            raw.set_trace_callback(tried.append)
            add(connection)

        with pytest.raises(OperationalError, match="locked"):
            await database.run(write)
        assert tried == ["BEGIN IMMEDIATE"] * 3
        other.execute("ROLLBACK")
        await database.run(add)
        assert other.execute("SELECT count(*) FROM t").fetchone() == (2,)


async def test_a_write_that_is_cancelled_stops_to_wait_for_another_process(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TRIES", 30_000)  # half a minute and more
    monkeypatch.setattr(module, "BUSY_MS", 1)
    path = file_in(tmp_path, "a")
    database = await databases.embedded(path)
    await database.run(add)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.create_task(database.run(add))
        await asyncio.wait([write], timeout=0.2)  # it waits for the file by now
        write.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([write])
        assert write.cancelled()
        other.execute("ROLLBACK")
        assert other.execute("SELECT count(*) FROM t").fetchone() == (1,)


class Interrupted:
    """A connection of SQLite that counts how often it was interrupted."""

    def __init__(self) -> None:
        self.times = 0
        self.connection = self.driver_connection = self

    def interrupt(self) -> None:
        self.times += 1


def test_only_work_that_goes_on_is_interrupted_and_none_begins_after_that() -> None:
    """What a thread is done with may be used by the next work already."""
    connection: Any = Interrupted()
    working, done, early = module._Handle(), module._Handle(), module._Handle()
    working.take(connection)
    working.interrupt()
    assert connection.times == 1
    done.take(connection)
    done.release()
    done.interrupt()
    assert connection.times == 1
    early.interrupt()
    with pytest.raises(InterruptedError, match="cancelled before it began"):
        early.take(connection)
    assert connection.times == 1


async def test_what_a_thread_is_done_with_cannot_be_interrupted_any_more(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[module._Handle] = []

    class Noted(module._Handle):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    def fail(_connection: Connection) -> None:
        assert made[-1]._raw is not None
        raise ValueError("no")

    monkeypatch.setattr(module, "_Handle", Noted)
    database = await databases.embedded(file_in(tmp_path, "a"))
    await database.run(add)
    with pytest.raises(ValueError, match="no"):
        await database.run(fail)
    assert [handle._raw for handle in made] == [None, None]


async def test_closing_ends_the_threads_of_files_and_the_look_ups_of_names(
    databases: Databases, tmp_path: Path
) -> None:
    database = await databases.embedded(file_in(tmp_path, "a"))
    await databases.close()
    with pytest.raises(RuntimeError, match="shutdown"):
        await database.run(add)
    with pytest.raises(RuntimeError, match="shutdown"):
        await databases._guard._resolver.resolve("db.example.com")


async def test_a_database_on_the_network_has_few_connections_that_are_not_old_and_logs_no_values() -> None:
    address, problems = read_url("postgresql://u:p@db.example.com/crm", HostPolicy(("*",)))
    assert address is not None, problems
    guard = DatabaseGuard(HostPolicy(("*",)))
    database = module.NetworkDatabase(address, guard)
    pool: Any = database._engine.pool
    assert (pool.size(), pool._max_overflow, pool._recycle, pool._pre_ping) == (2, 8, 600, True)
    assert database._engine.sync_engine.hide_parameters
    await database.close()
    await guard.close()


async def test_nobody_waits_for_a_server_that_does_not_let_go_of_its_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module.CLOSE_S == 2.0
    monkeypatch.setattr(module, "MAX_OPEN", 1)
    policy = HostPolicy(("*",), allow_loopback=True)
    databases = Databases(DatabaseGuard(policy))
    socket = f"{postgres.socket_folder()}/.s.PGSQL.5432"
    async with postgres_alias(socket, "postgres", "postgres", lets_go=False) as port:

        async def opened(name: str) -> module.Database:
            url = f"postgresql://u:p@127.0.0.1:{port}/{name}"
            address, problems = read_url(url, policy)
            assert address is not None, problems
            return await databases.network(address, url)

        one = await opened("one")
        await asyncio.gather(*(one.run(lambda each: each.exec_driver_sql("SELECT 1")) for _ in range(2)))
        async with asyncio.timeout(1):
            another = await opened("another")  # of a neighbour, perhaps
        await another.run(lambda each: each.exec_driver_sql("SELECT 1"))
        monkeypatch.setattr(module, "CLOSE_S", 0.01)
        async with asyncio.timeout(10):
            await databases.close()
    for database in (one, another):
        assert isinstance(database, module.NetworkDatabase)
        pool: Any = database._engine.pool
        assert pool.checkedin() == 0
    assert not databases._ending


async def test_a_database_that_cannot_be_closed_is_told_and_ends_nothing_else(databases: Databases) -> None:
    class Stuck:
        async def close(self) -> None:
            raise OSError("postgresql://ann:secret@db.example.com is gone")

    stuck: Any = Stuck()
    with capture_logs() as told:
        databases._get("one", lambda: stuck)
        await databases.close()
    assert told == [{"event": "database_not_closed", "log_level": "info", "error": "OSError"}]
    assert not databases._ending


async def test_a_decimal_of_a_file_is_a_number_and_its_other_columns_stay_what_they_are(
    databases: Databases, tmp_path: Path
) -> None:
    path = file_in(tmp_path, "a")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE n (d DECIMAL(10, 2), f FLOAT, i INTEGER)")
    database = await databases.embedded(path)
    table = await database.run(lambda connection: module.reflect(connection, None, "n"))
    assert [type(column.type) for column in table.columns] == [types.Double, types.FLOAT, types.INTEGER]


async def test_what_was_received_for_earlier_work_does_not_count_against_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(received, "MOST_RECEIVED", 40_000)
    place = await postgres_place()
    assert place.url is not None
    address, problems = read_url(place.url, HostPolicy.of(place.options))
    assert address is not None, problems
    guard = DatabaseGuard(HostPolicy.of(place.options))
    database = module.NetworkDatabase(address, guard)

    def read(length: int) -> Any:
        statement = text(f"SELECT length(repeat('x', {length})), repeat('x', {length})")
        return lambda connection: connection.execute(statement).one()[0]

    for _ in range(3):
        assert await database.run(read(25_000)) == 25_000
    with pytest.raises(received.TooMuchReceived):
        await database.run(read(50_000))
    await database.close()
    await guard.close()
    await leave(place)


async def test_work_on_one_file_goes_one_after_another_and_a_workspace_has_two_threads(
    databases: Databases, tmp_path: Path
) -> None:
    go, counting = threading.Event(), threading.Lock()
    busy = {"one": 0, "two": 0}
    most = dict(busy)

    def work(name: str) -> Any:
        def hold(connection: Connection) -> None:
            with counting:
                busy[name] += 1
                most[name] = max(most[name], busy[name])
            go.wait(20)
            with counting:
                busy[name] -= 1

        return hold

    one = [await databases.embedded(file_in(tmp_path / "one", name)) for name in "abcd"]
    two = await databases.embedded(file_in(tmp_path / "two", "a"))
    tasks = [asyncio.create_task(database.run(work("one"))) for database in one]
    tasks += [asyncio.create_task(two.run(work("two"))) for _ in range(3)]
    async with asyncio.timeout(20):
        while busy != {"one": 2, "two": 1}:
            await asyncio.sleep(0.001)
        go.set()
        await asyncio.gather(*tasks)
    assert most == {"one": 2, "two": 1}


async def test_work_that_is_cancelled_ends_before_its_caller_goes_on_and_none_begins_that_waited(
    databases: Databases, tmp_path: Path
) -> None:
    database, done = await databases.embedded(file_in(tmp_path, "a")), []
    begun = threading.Event()

    def endless(connection: Connection) -> None:
        # Only a statement that runs can be interrupted, so it says itself that it does.
        raw: Any = connection.connection.driver_connection
        raw.create_function("has_begun", 1, lambda number: begun.set())
        count = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(has_begun(i)) FROM n"
        )
        try:
            connection.execute(text(count))
        finally:
            done.append("ended")

    def waited(connection: Connection) -> None:
        done.append("begun")

    tasks = [asyncio.create_task(database.run(work)) for work in (endless, waited)]
    await asyncio.to_thread(begun.wait, 20)
    for task in reversed(tasks):
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [asyncio.CancelledError] * 2
    assert done == ["ended"]
    await database.run(add)
