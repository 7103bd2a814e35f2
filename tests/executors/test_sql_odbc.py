"""SQL Servers that say nothing, or never stop. The driver is emulated: its calls block as those of pyodbc do."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from horarium.executors.look_ups import asked_by
from horarium.executors.sql import odbc
from horarium.executors.sql.odbc import MOST_OF_WORKSPACE, OdbcThreads
from horarium.executors.sql.received import TooMuchReceived

ONE, OTHER = b"one", b"other"


class Server:
    """An emulated SQL Server. It answers `silent` when the test lets it, and other queries with `rows` rows."""

    def __init__(self) -> None:
        self.may_answer, self.rows = threading.Event(), 10**9
        self.asked, self.closed_by = threading.Semaphore(0), list[threading.Thread]()

    def connect(self, dsn: str, **named: Any) -> Any:
        if dsn == "silent":
            self.asked.release()
            assert self.may_answer.wait(30)
        return SimpleNamespace(cursor=lambda: Cursor(self), rollback=self.hang, close=self.close)

    def hang(self) -> None:
        self.asked.release()
        assert self.may_answer.wait(30)

    def close(self) -> None:
        self.closed_by.append(threading.current_thread())


class Cursor:
    def __init__(self, server: Server) -> None:
        self._server, self._left = server, server.rows
        self.arraysize = 1

    def execute(self, query: str) -> None:
        if query == "silent":
            self._server.hang()

    def fetchone(self) -> tuple[Any, ...] | None:
        self._left -= 1
        return None if self._left < 0 else ("a text", b"bytes", 7, None)

    def close(self) -> None:
        self._server.hang()  # the driver reads the rest first


class Library:
    """What a connection of aioodbc is, as far as it is used here."""

    _conn: Any = None

    def __init__(
        self, *, dsn: str, executor: Any, autocommit: bool = False, ansi: Any = None, timeout: int = 0
    ):
        self._dsn, self._executor, self._loop = dsn, executor, asyncio.get_running_loop()
        self._autocommit, self._ansi, self._timeout, self._kwargs = (
            autocommit,
            ansi,
            timeout,
            dict[str, Any](),
        )

    def _execute(self, work: Any, *given: Any) -> Any:
        raise NotImplementedError

    async def rollback(self) -> None:
        await self._execute(self._conn.rollback)

    async def close(self) -> None:
        if self._conn:
            await self._execute(self._conn.close)
            self._conn = None


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    monkeypatch.setitem(sys.modules, "pyodbc", SimpleNamespace(connect=made.connect))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "aioodbc", SimpleNamespace(Connection=Library))  # type: ignore[arg-type]
    odbc._connection_class.cache_clear()
    yield made
    made.may_answer.set()
    odbc._connection_class.cache_clear()


@pytest.fixture
def threads() -> Iterator[OdbcThreads]:
    made = OdbcThreads()
    yield made
    made.shutdown()


async def given_up(asking: Any, server: Server) -> None:
    """Have a question asked, and wait for it no longer."""
    task = asyncio.ensure_future(asking)
    assert await asyncio.to_thread(server.asked.acquire, timeout=30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def closed(server: Server) -> threading.Thread:
    async with asyncio.timeout(30):
        while not server.closed_by:
            await asyncio.sleep(0)
    return server.closed_by[0]


async def test_silent_servers_of_one_workspace_take_its_share_of_threads_and_no_other_workspace_waits(
    server: Server, threads: OdbcThreads
) -> None:
    with asked_by(ONE):
        silent = [asyncio.wrap_future(threads.submit(server.hang)) for _ in range(MOST_OF_WORKSPACE + 5)]
    with asked_by(OTHER):
        async with asyncio.timeout(30):
            thread = await asyncio.wrap_future(threads.submit(threading.current_thread))
    assert threads._busy == {ONE: MOST_OF_WORKSPACE}
    assert thread.daemon  # the end of the process waits for none
    server.may_answer.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*silent)
    assert threads._busy == {}


async def test_what_nobody_waits_for_any_more_is_never_asked_and_forgotten(
    server: Server, threads: OdbcThreads
) -> None:
    asked = list[int]()
    for _ in range(MOST_OF_WORKSPACE):
        threads.submit(server.hang)
    for number in range(100):
        threads.submit(asked.append, number).cancel()
    last = threads.submit(asked.append, 100)
    assert len(threads._waiting[None]) == 1
    server.may_answer.set()
    async with asyncio.timeout(30):
        await asyncio.wrap_future(last)
    assert asked == [100]


async def test_the_end_gives_up_what_waits_for_a_thread_and_waits_for_none(
    server: Server, threads: OdbcThreads
) -> None:
    begun = [threads.submit(server.hang) for _ in range(MOST_OF_WORKSPACE)]
    waiting = threads.submit(server.hang)
    threads.shutdown()
    assert waiting.cancelled()
    assert not any(one.done() for one in begun)
    with pytest.raises(RuntimeError, match="shutdown"):
        threads.submit(server.hang)


async def test_where_the_system_gives_no_thread_the_question_fails_and_its_share_is_free_again(
    threads: OdbcThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(OSError, match="can't start new thread"):
            threads.submit(print).result(0)
    assert threads._busy == {}


async def test_of_a_connection_that_was_given_up_nothing_more_is_asked_and_its_thread_closes_it(
    server: Server, threads: OdbcThreads
) -> None:
    made = await odbc.connect(dsn="crm", executor=threads)
    cursor = await made._execute(made._conn.cursor)
    await given_up(made._execute(cursor.execute, "silent"), server)
    async with asyncio.timeout(30):  # none of these has an answer before the server has
        await made._execute(cursor.close)
        await made.close()
    assert not server.closed_by
    server.may_answer.set()
    assert (await closed(server)).name == "horarium-odbc"


async def test_a_connection_that_was_given_up_while_it_was_made_is_closed_by_its_thread(
    server: Server, threads: OdbcThreads
) -> None:
    await given_up(odbc.connect(dsn="silent", executor=threads), server)
    server.may_answer.set()
    assert (await closed(server)).name == "horarium-odbc"


async def test_a_connection_that_was_left_open_is_not_closed_by_the_event_loop(
    server: Server, threads: OdbcThreads
) -> None:
    made = await odbc.connect(dsn="crm", executor=threads)
    del made
    gc.collect()
    assert (await closed(server)).name == "horarium-odbc"


@pytest.mark.parametrize(
    ("bound", "most", "words"), [("MOST_ROWS", 50, "50 rows"), ("MOST_RECEIVED", 5_000, "5000 bytes")]
)
async def test_rows_without_end_are_given_up_and_the_rest_is_not_waited_for(
    server: Server, threads: OdbcThreads, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, words: str
) -> None:
    for module in (odbc, sys.modules[TooMuchReceived.__module__]):
        monkeypatch.setattr(module, bound, most)
    made = await odbc.connect(dsn="crm", executor=threads)
    cursor = await made._execute(made._conn.cursor)
    async with asyncio.timeout(30):
        with pytest.raises(TooMuchReceived, match=f"more than {words} at once"):
            await made._execute(cursor.fetchall)
        with pytest.raises(TooMuchReceived):
            made.counting.check()
        await made._execute(cursor.close)
    assert (await closed(server)).name == "horarium-odbc"


async def test_rows_are_fetched_as_the_driver_does_and_counted_anew_when_they_are_taken(
    server: Server, threads: OdbcThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odbc, "MOST_ROWS", 10)
    server.rows = 25
    made = await odbc.connect(dsn="crm", executor=threads)
    cursor = made._conn.cursor()
    cursor.arraysize = 3
    sizes = list[int]()
    for size in (None, 10, 10):
        sizes.append(len(cursor.fetchmany(size)))
        made.counting.forget()
    assert sizes == [3, 10, 10]
    assert len(cursor.fetchall()) == 2
    assert cursor.fetchone() is None
    await made.close()
    assert len(server.closed_by) == 1
