"""Open databases: one engine per connection URL or embedded file, bounded in number, closed together.

Work is a plain function over a SQLAlchemy connection. For a database on the network it runs on the event
loop through an asynchronous driver, so that cancelling it cancels the statement; for an embedded SQLite
file it runs on a thread of our own, and cancelling interrupts the statement and waits until the thread has
let go.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import URL, Connection, Engine, MetaData, Numeric, Table, create_engine, event
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import Double, Float
from sqlalchemy.util.concurrency import await_only

from horarium.executors.sql.address import Address
from horarium.executors.sql.failures import NotThere
from horarium.executors.sql.guard import DatabaseGuard

T = TypeVar("T")

BUSY_MS, BUSY_TRIES = 100, 100
"""A write to an embedded file waits for another process's in short steps, so that it can be stopped in
between."""
MAX_OPEN = 64

# Threads for embedded databases, and how many of them one workspace holds at once: queries that hang hold up others of
# their own workspace alone.
THREADS, THREADS_OF_ONE = 32, 2
POOL_SIZE, POOL_OVERFLOW = 2, 8
RECYCLE_SECONDS = 600


class Database(Protocol):
    """One open database. `tables` and `markers` remember what was seen of its schema."""

    dialect: str
    tables: dict[tuple[str | None, str], Table]
    markers: dict[str | None, bool]

    async def run(self, work: Callable[[Connection], T]) -> T: ...

    async def close(self) -> None: ...


class NetworkDatabase:
    """A database behind a URL, through an asynchronous driver."""

    def __init__(self, address: Address, guard: DatabaseGuard) -> None:
        self._engine = create_async_engine(
            address.url,
            connect_args=dict(address.arguments),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_recycle=RECYCLE_SECONDS,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        self.dialect = self._engine.dialect.name
        _pin(self._engine.sync_engine, address, guard)
        self.tables: dict[tuple[str | None, str], Table] = {}
        self.markers: dict[str | None, bool] = {}

    async def run(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        await self._engine.dispose()


def _pin(engine: Engine, address: Address, guard: DatabaseGuard) -> None:
    """Has every connection made to an address that was just looked up and judged: there is no second look-up, by the
    driver, for another answer."""

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        places = await_only(guard.places(address.host, address.port, address.database))
        if dialect.name == "postgresql":
            named["host"] = list(places)
            return
        given, by_name = dialect.create_connect_args(address.url.set(host=places[0]))
        arguments[:] = given
        named.clear()
        named.update(by_name, **address.arguments)


class EmbeddedDatabase:
    """A SQLite file of a workspace. Writers of this process take turns here rather than inside SQLite, so
    that a busy file holds one thread and not all of them."""

    dialect = "sqlite"

    def __init__(self, path: Path, threads: ThreadPoolExecutor, share: asyncio.Semaphore) -> None:
        self._engine = embedded_engine(path)
        self._threads, self._share = threads, share
        self._turn = asyncio.Lock()
        self.tables: dict[tuple[str | None, str], Table] = {}
        self.markers: dict[str | None, bool] = {}

    async def run(self, work: Callable[[Connection], T]) -> T:
        async with self._turn, self._share:
            handle = _Handle()
            future = asyncio.get_running_loop().run_in_executor(self._threads, self._work, work, handle)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                handle.interrupt()
                await asyncio.wait([future])
                future.exception()
                raise

    def _work(self, work: Callable[[Connection], T], handle: _Handle) -> T:
        with self._engine.connect() as connection:
            handle.take(connection)
            connection.execution_options(handle=handle)
            try:
                return work(connection)
            finally:
                handle.release()

    async def close(self) -> None:
        await asyncio.to_thread(self._engine.dispose)


class _Handle:
    """The raw connection a thread is at work on, so that the loop can interrupt it."""

    def __init__(self) -> None:
        self._raw: sqlite3.Connection | None = None
        self.stopped = False
        self._lock = threading.Lock()

    def take(self, connection: Connection) -> None:
        with self._lock:
            if self.stopped:
                raise InterruptedError("stopped before it began")
            self._raw = connection.connection.driver_connection

    def release(self) -> None:
        with self._lock:
            self._raw = None

    def interrupt(self) -> None:
        with self._lock:
            self.stopped = True
            if self._raw is not None:
                self._raw.interrupt()


def embedded_engine(path: Path) -> Engine:
    """An engine over one SQLite file: WAL, a flush per commit, and write transactions that begin as such."""
    engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(raw: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transaction handling would begin too late; BEGIN below is ours.
        raw.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
        ):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("writes"):
            _begin_write(connection, options.get("handle"))
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_write(connection: Connection, handle: _Handle | None) -> None:
    """Takes the file's write lock at once, which is the only place where a write waits."""
    raw: Any = connection.connection.driver_connection
    for _ in range(BUSY_TRIES):
        try:
            raw.execute("BEGIN IMMEDIATE").close()
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or (handle and handle.stopped):
                break
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try, whose error is told


def reflect(connection: Connection, schema: str | None, name: str) -> Table:
    """The table as the database has it now; `NotThere` where it has none. Leaves no transaction open."""
    try:
        table = Table(name, MetaData(), schema=schema, autoload_with=connection, resolve_fks=False)
    except NoSuchTableError:
        raise NotThere(f"there is no table {name!r} in the database") from None
    finally:
        connection.rollback()
    if connection.dialect.name == "sqlite":
        # SQLite has no decimals; what is declared as one is stored as a float.
        for column in table.columns:
            if isinstance(column.type, Numeric) and not isinstance(column.type, Float):
                column.type = Double()
    return table


class Databases:
    """The open databases of a process, by URL or path; the one unused for longest is closed beyond
    `MAX_OPEN`."""

    def __init__(self, guard: DatabaseGuard) -> None:
        self._guard = guard
        self._open: OrderedDict[str, Database] = OrderedDict()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="horarium-sql")
        # By the workspace's folder; kept while one of its databases is open.
        self._shares: WeakValueDictionary[Path, asyncio.Semaphore] = WeakValueDictionary()

    async def network(self, address: Address, key: str) -> Database:
        return await self._get(key, lambda: NetworkDatabase(address, self._guard))

    async def embedded(self, path: Path) -> Database:
        if not await asyncio.to_thread(path.is_file):
            raise NotThere(f"there is no embedded database {path.stem!r}; create a table in it first")
        share = self._shares.get(path.parent)
        if share is None:
            share = self._shares[path.parent] = asyncio.Semaphore(THREADS_OF_ONE)
        return await self._get(str(path), lambda: EmbeddedDatabase(path, self._threads, share))

    async def close(self) -> None:
        while self._open:
            await self._open.popitem()[1].close()
        await self._guard.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _get(self, key: str, make: Callable[[], Database]) -> Database:
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = make()
        self._open.move_to_end(key)
        while len(self._open) > MAX_OPEN:
            # A connection of it that is still at work is closed when it is given back.
            await self._open.popitem(last=False)[1].close()
        return found
