"""SQLite: one writer thread with group commit, reader threads beside it.

The writer takes what has queued up (engine verbs first), runs the verbs one after another and commits them
together: one flush for many. A verb's answer is given after the commit; one that fails takes nothing of the
others with it. Reads see the last commit (WAL).

A verb is an async function that only awaits its transaction, and this transaction never suspends; so a verb
is driven to its end by one `send`, in whatever thread holds the connection.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, Concatenate, cast

from horarium.domain.errors import Unavailable
from horarium.store.base import Duplicate, P, Signal, T, Tx, cannot_hold, earliest
from horarium.store.checkpoints import MOST_LOG_PAGES, Checkpoints
from horarium.store.statements import Statement, load

MINIMUM_VERSION = (3, 35, 0)
"""The first SQLite with RETURNING; UPDATE ... FROM came two versions before."""

GROUP_SECONDS = 0.02
"""How long the writer goes on taking verbs into one commit: bounds the wait of the first among them."""
ROWS_AT_ONCE = (1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
"""How many rows one execution of a statement takes: as many as fit, of few sizes so that each is prepared once.
Python's interpreter lock is let go and taken again for each execution, and while the event loop is busy that means
a wait each time: row by row, 400 inserts and updates took a second instead of 20 ms."""
READERS = 2
READ_SECONDS = 5.0
"""A read that takes longer is interrupted: a reader must not hold up a checkpoint for ever."""


class SqliteTx:
    """A transaction on one connection; `announced` is told to listeners when it has committed."""

    def __init__(self, connection: sqlite3.Connection, statements: dict[str, Statement]) -> None:
        self._connection = connection
        self._statements = statements
        self.announced: dict[str, int] = {}

    def _execute(self, name: str, params: dict[str, Any]) -> sqlite3.Cursor:
        statement = self._statements[name]
        try:
            return self._connection.execute(*statement.sqlite_text(params))
        except _NOT_HELD as error:
            raise _translated(error) from error

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        return self._execute(statement, params).fetchall()

    async def row(self, statement: str, **params: Any) -> Any:
        cursor = self._execute(statement, params)
        found = cursor.fetchone()
        cursor.close()
        return found

    async def run(self, statement: str, **params: Any) -> int:
        return self._execute(statement, params).rowcount

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        prepared, touched, start = self._statements[statement], 0, 0
        try:
            if not prepared.columns:
                return self._connection.executemany(prepared.sql, rows).rowcount
            for size in ROWS_AT_ONCE:
                while len(rows) - start >= size:
                    values = tuple(chain.from_iterable(rows[start : start + size]))
                    touched += self._connection.execute(prepared.sqlite_rows(size), values).rowcount
                    start += size
        except _NOT_HELD as error:
            raise _translated(error) from error
        return touched

    async def each(self, statement: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        sql = self._statements[statement].sql
        return [found for row in rows for found in self._connection.execute(sql, row)]

    def announce(self, topic: str, at_ms: int) -> None:
        earliest(self.announced, topic, at_ms)


_NOT_HELD = (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError)
"""A constraint, a number beyond 64 bits, a text that is no Unicode."""


def _translated(error: Exception) -> Exception:
    if not isinstance(error, sqlite3.IntegrityError):
        return cannot_hold(error)
    text = str(error)
    return Duplicate(text.partition(": ")[2]) if "UNIQUE" in text or "PRIMARY KEY" in text else error


def drive(verb: Awaitable[T]) -> T:
    """Run a verb to its end without an event loop."""
    coroutine = cast("Coroutine[Any, Any, T]", verb)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise RuntimeError("a store verb awaited something other than its transaction")


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def connect(path: str, *, durable: bool = True) -> sqlite3.Connection:
    """A connection with our settings; transactions are begun and ended by hand.

    A power cut loses nothing that was answered: `synchronous=FULL` flushes the log at every commit.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    # Its own knows the letters of ASCII alone; a search in any case means any language.
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'OFF'}",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={MOST_LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


class _Job:
    """A verb in the writer's queue and the future that waits for its answer."""

    __slots__ = ("announced", "answer", "error", "future", "verb")

    def __init__(self, verb: Callable[[Tx], Awaitable[Any]], future: asyncio.Future[Any]) -> None:
        self.verb = verb
        self.future = future
        self.answer: Any = None
        self.error: BaseException | None = None
        self.announced: dict[str, int] = {}


class SqliteStore:
    """A store in one SQLite file. Make it inside a running event loop."""

    flavour = "sqlite"
    groups = True
    shared = False

    def __init__(self, path: Path | str) -> None:
        if sqlite3.sqlite_version_info < MINIMUM_VERSION:
            wanted = ".".join(map(str, MINIMUM_VERSION))
            raise Unavailable(f"SQLite {wanted} or newer is needed; this Python has {sqlite3.sqlite_version}")
        self._path = str(path)
        self._loop = asyncio.get_running_loop()
        self._statements = load("sqlite")
        self._signals: list[Signal] = []
        self._wake = threading.Condition()
        self._first: deque[_Job] = deque()
        self._later: deque[_Job] = deque()
        self._closing = False
        self._writer_connection = connect(self._path)
        self._readers = ThreadPoolExecutor(READERS, "horarium-read")
        self._reader_local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []
        self._glances: sqlite3.Connection | None = None
        self._writer = threading.Thread(target=self._write_loop, name="horarium-write", daemon=True)
        self._checkpoints = Checkpoints(connect(self._path))
        self._writer.start()

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, for migrations before anything else runs."""
        return self._writer_connection

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    async def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._submit(self._later, lambda tx: verb(tx, *args, **kwargs))

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._submit(self._first, lambda tx: verb(tx, *args, **kwargs))

    async def _submit(self, queue: deque[_Job], verb: Callable[[Tx], Awaitable[T]]) -> T:
        job = _Job(verb, self._loop.create_future())
        with self._wake:
            if self._closing:
                raise Unavailable("the store is closing")
            queue.append(job)
            self._wake.notify()
        return cast("T", await job.future)

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if getattr(verb, "point", False):
            return self._glance(lambda tx: verb(tx, *args, **kwargs))
        return await self._loop.run_in_executor(
            self._readers, self._read, lambda tx: verb(tx, *args, **kwargs)
        )

    def _glance(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        """A look-up of a few rows on the event loop: some 30 us, where handing it to a thread costs 200."""
        if self._closing:
            raise Unavailable("the store is closing")
        if self._glances is None:
            self._glances = connect(self._path)
            self._glances.execute("PRAGMA query_only=ON")
            self._reader_connections.append(self._glances)
        self._glances.execute("BEGIN")
        try:
            return drive(verb(SqliteTx(self._glances, self._statements)))
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the query failed: {error}") from error
        finally:
            self._glances.execute("ROLLBACK")

    def _read(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        connection = getattr(self._reader_local, "connection", None)
        if connection is None:
            connection = self._reader_local.connection = connect(self._path)
            connection.execute("PRAGMA query_only=ON")
            self._reader_connections.append(connection)
        until = time.monotonic() + READ_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        connection.execute("BEGIN")
        try:
            return drive(verb(SqliteTx(connection, self._statements)))
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the query took longer than {READ_SECONDS:g} s or failed: {error}") from error
        finally:
            connection.execute("ROLLBACK")

    async def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._checkpoints.close)
        self._readers.shutdown()
        for connection in self._reader_connections:
            connection.close()
        self._writer_connection.close()

    def _write_loop(self) -> None:
        while True:
            with self._wake:
                while not (self._first or self._later or self._closing):
                    self._wake.wait()
                if self._closing and not (self._first or self._later):
                    return
            self._commit_group()

    def _commit_group(self) -> None:
        """Run queued verbs until the time for one commit is used up, then commit and answer them all."""
        connection = self._writer_connection
        done: list[_Job] = []
        until = time.monotonic() + GROUP_SECONDS
        try:
            connection.execute("BEGIN IMMEDIATE")
            while (job := self._next_job()) is not None:
                done.append(job)
                if self._spoils(connection, job):
                    self._begin_again(connection, done)
                if time.monotonic() > until:
                    break
            connection.execute("COMMIT")
            self._checkpoints.wanted()
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            done = done or self._drain()
            for job in done:
                job.error = Unavailable(f"the database could not commit: {error}")
                job.announced = {}
        try:
            self._loop.call_soon_threadsafe(self._answer, done)
        except RuntimeError:  # the loop is gone: nobody waits any more
            return

    def _drain(self) -> list[_Job]:
        """Everything queued, for the case that not even a transaction can be begun."""
        drained = []
        while (job := self._next_job()) is not None:
            drained.append(job)
        return drained

    def _next_job(self) -> _Job | None:
        with self._wake:
            if self._first:
                return self._first.popleft()
            return self._later.popleft() if self._later else None

    def _spoils(self, connection: sqlite3.Connection, job: _Job) -> bool:
        """Run a verb in the open transaction; whether it failed after it had written something."""
        tx = SqliteTx(connection, self._statements)
        before = connection.total_changes
        try:
            job.answer = drive(job.verb(tx))
            job.announced = tx.announced
        except sqlite3.OperationalError as error:
            if not connection.in_transaction:  # disk full and the like: SQLite has rolled everything back
                raise
            job.error = Unavailable(f"the database refused: {error}")
        except BaseException as error:
            job.error = error
        return job.error is not None and connection.total_changes != before

    def _begin_again(self, connection: sqlite3.Connection, jobs: Sequence[_Job]) -> None:
        """Roll back, and run again the verbs that had succeeded.

        The usual way would be a savepoint a verb, but under one SQLite copies every page that a statement
        touches, each time: 60,000 rows in one verb took 9 s instead of 0.6 s. A verb that fails after writing
        is rare.
        """
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            if job.error is None and self._spoils(connection, job):
                return self._begin_again(connection, jobs)
        return None

    def _answer(self, done: list[_Job]) -> None:
        announced: dict[str, int] = {}
        for job in done:
            for topic, at in job.announced.items():
                earliest(announced, topic, at)
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.answer)
        for topic, at in announced.items():
            for signal in self._signals:
                signal(topic, at)


class InlineSqliteStore:
    """A store on one connection, every verb run at once where it is called: for simulations and tests.

    `clock` gives the database's time; `hook`, where set, is called with ("begin" | "commit", verb name) so
    that a simulation can fail before or after the commit.
    """

    flavour = "sqlite"
    groups = True
    shared = True

    def __init__(
        self,
        clock: Callable[[], int],
        path: str = ":memory:",
        hook: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        self.connection = connect(path, durable=False)
        self._clock = clock
        self._hook = hook
        self._statements = load("sqlite")
        self._signals: list[Signal] = []

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    def forget_listeners(self) -> None:
        """As after a crash of the process that listened."""
        self._signals.clear()

    async def now_ms(self) -> int:
        return self._clock()

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        name = getattr(verb, "__name__", "verb")
        if self._hook is not None:
            await self._hook("begin", name)
        tx = SqliteTx(self.connection, self._statements)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            answer = drive(verb(tx, *args, **kwargs))
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        for topic, at in tx.announced.items():
            for signal in self._signals:
                signal(topic, at)
        if self._hook is not None:
            await self._hook("commit", name)
        return answer

    urgent = write
    read = write

    async def close(self) -> None:
        self.connection.close()
