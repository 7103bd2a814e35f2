"""Keeps databases open: one SQLAlchemy engine for each connection URL and each embedded file, up to a limit.

Work on a database is a plain function that is given a SQLAlchemy connection. For a database on the network, it runs
on the event loop through an asynchronous driver, so cancelling it cancels the statement. For an embedded SQLite file,
it runs on a thread. Cancelling it then interrupts the statement, and waits until the thread has finished.
"""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import URL, Connection, Engine, MetaData, Numeric, Table, create_engine, event, exc
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import Double, Float
from sqlalchemy.util.concurrency import await_only

from horarium.domain.json_text import decode_received
from horarium.executors.egress import AddressRefused
from horarium.executors.sql.address import Address
from horarium.executors.sql.dialled import DIALLED, Dialled
from horarium.executors.sql.dialled import connect as connect_dialled
from horarium.executors.sql.failures import NotThere
from horarium.executors.sql.guard import DatabaseGuard, own_refusal
from horarium.executors.sql.odbc import OdbcThreads
from horarium.executors.sql.odbc import connect as connect_odbc
from horarium.executors.sql.received import connect as open_counted
from horarium.executors.sql.received import connect_mysql, counting_of, cut_off
from horarium.service.breakdowns import is_of_library
from horarium.store.postgres.identity import CLUSTER, IDENTITY, DatabaseIdentity, identity_of

_log = structlog.get_logger(__name__)

T = TypeVar("T")

# A write to an embedded file waits while another process writes: BUSY_TRIES times for BUSY_MS milliseconds. The steps
# are short because a cancelled write stops between two of them.
BUSY_MS, BUSY_TRIES = 100, 100
# The most databases that stay open.
MAX_OPEN = 64

# What databases on the network need of SQLAlchemy. It takes 8 MB and 0.1 s, so it is loaded with the first of them.
_ASYNCHRONOUS = "sqlalchemy.ext.asyncio"

# The threads for embedded databases, and how many of them one workspace may use at once. So queries that take long
# delay only their own workspace.
THREADS, THREADS_PER_WORKSPACE = 32, 2
# Connections to one database on the network: how many stay open, and how many more may be opened for a while.
POOL_SIZE, POOL_OVERFLOW = 2, 8
# How long each connection may take to be closed, in seconds. The driver waits for the server to let go of it.
CLOSE_S = 2.0
# A connection of this age, in seconds, is replaced before it is used again.
RECYCLE_SECONDS = 600


class Database(Protocol):
    """One open database. `dialect` is SQLAlchemy's name of its kind.

    `tables` remembers the columns of tables by (schema, name), and `markers` whether a schema has a marker table that
    can be used.
    """

    dialect: str
    tables: dict[tuple[str | None, str], Table]
    markers: dict[str | None, bool]

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Calls `work` with a connection and returns what it returns. Raises what it raises."""
        ...

    async def close(self) -> None:
        """Closes the database's connections."""
        ...


class JsonText(str):
    """A JSON column as it came. PostgreSQL's driver decodes all rows that are fetched at once as they arrive; whoever
    reads many of them takes texts instead and decodes one after the other (`decode_column`), so that others have their
    turns and its values take memory only while the row does."""

    __slots__ = ()


def decode_column(text: str) -> Any:
    """The value of a JSON column. Raises ValueError."""
    try:
        return decode_received(text.encode())
    except ValueError as error:
        raise ValueError(f"a JSON column cannot be read: its value {error}") from None


class NetworkDatabase:
    """A database on the network, reached through an asynchronous driver."""

    def __init__(
        self,
        address: Address,
        guard: DatabaseGuard,
        decode: Callable[[str], Any] = decode_column,
        odbc: OdbcThreads | None = None,
    ) -> None:
        """`odbc`: the threads of the driver of SQL Servers."""
        try:
            self._engine: Any = importlib.import_module(_ASYNCHRONOUS).create_async_engine(
                address.url,
                connect_args=dict(address.arguments),
                pool_size=POOL_SIZE,
                max_overflow=POOL_OVERFLOW,
                pool_recycle=RECYCLE_SECONDS,
                pool_pre_ping=True,
                hide_parameters=True,
                **({} if address.url.get_backend_name() == "oracle" else {"json_deserializer": decode}),
            )
        except exc.SQLAlchemyError:
            raise
        except Exception as error:
            if not is_of_library(error):
                raise
            # Some drivers look at the parts of the URL here, such as the name of the database.
            raise exc.ArgumentError(str(error)) from error
        self.dialect = self._engine.dialect.name
        _pin(self._engine.sync_engine, address, guard, odbc)
        _refuse_own(self._engine.sync_engine, address, guard)
        self.tables: dict[tuple[str | None, str], Table] = {}
        self.markers: dict[str | None, bool] = {}

    async def run(self, work: Callable[[Connection], T]) -> T:
        try:
            async with self._engine.connect() as connection:
                found: T = await connection.run_sync(_counted, work)
                return found
        except Exception as error:
            why = cut_off(error)
            if why is not None:
                raise why from None
            raise

    async def close(self) -> None:
        for _ in range(POOL_SIZE):  # each time that is up ends one of the connections that nobody uses
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._engine.dispose()
                    break


def _counted(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Calls `work`. Raises TooMuchReceived instead of the driver's error if the connection was cut off."""
    counting = counting_of(connection)
    if counting is not None:
        counting.forget()
    try:
        return work(connection)
    except Exception:
        if counting is not None:
            counting.check()
        raise


def _pin(engine: Engine, address: Address, guard: DatabaseGuard, odbc: OdbcThreads | None = None) -> None:
    """Makes each new connection go to an address that the guard looked up and checked just before.

    The driver is given addresses instead of the name. If it looked up the name again, it could get another address.
    `odbc` are the threads of the driver of SQL Servers.
    """

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        addresses = await_only(guard.resolve(address.host, address.port, address.database))
        if dialect.name == "postgresql":
            named["host"] = list(addresses)
            named["async_creator_fn"] = open_counted
            return
        given, by_name = dialect.create_connect_args(address.url.set(host=addresses[0]))
        arguments[:] = given
        named.clear()
        named.update(by_name, **address.arguments)
        if dialect.driver == "aiomysql":
            named["async_creator_fn"] = connect_mysql
        elif dialect.driver == "aioodbc":
            named["executor"], named["async_creator_fn"] = odbc, connect_odbc
        elif dialect.driver in DIALLED:
            judge = partial(guard.resolve, name=address.database)
            mysql = dialect.name in ("mysql", "mariadb")
            dialled = Dialled(addresses[0], address.port, judge, in_packets=mysql)
            named["async_creator_fn"] = partial(connect_dialled, dialect.driver, dialled)


# SQLSTATEs of databases that speak PostgreSQL's protocol, but are another product: they know no such function, table,
# type or syntax. So none of them is the server's own database.
_OTHER_PRODUCT = ("42883", "42P01", "42704", "42601", "0A000")


def _refuse_own(engine: Engine, address: Address, guard: DatabaseGuard) -> None:
    """Has each new connection asked which database it leads to, before anything else is done with it."""
    own = guard.own_identity
    if own is None or engine.dialect.name != "postgresql":
        return

    @event.listens_for(engine, "connect")
    def judge(raw: Any, _record: Any) -> None:
        try:
            found = _identity(raw)
            refusal = None if found is None else own_refusal(found, own)
        except BaseException:
            raw.terminate()
            raise
        if refusal:
            raw.terminate()
            raise AddressRefused(f"the database {address.database!r} at {address.host!r} {refusal}")


def _identity(raw: Any) -> DatabaseIdentity | None:
    """Which database a new connection leads to; None if it is not a PostgreSQL."""
    cursor = raw.cursor()
    try:
        cursor.execute(IDENTITY)
        row = cursor.fetchone()
        cluster = None
        if row[2]:
            cursor.execute(CLUSTER)
            (cluster,) = cursor.fetchone()
        return identity_of(row, cluster)
    except Exception as error:  # the driver's own errors, which SQLAlchemy has not wrapped yet
        if getattr(error, "sqlstate", None) in _OTHER_PRODUCT:
            return None
        raise
    finally:
        cursor.close()
        raw.rollback()


class EmbeddedDatabase:
    """An embedded database: a SQLite file of a workspace.

    Work on one file runs one after the other. It waits here, before it is given a thread, because waiting inside
    SQLite would block a thread for each waiting piece of work. `share` limits the threads of the workspace.
    """

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
                while not future.done():  # whatever else cancels this: until then the thread has our turn
                    with suppress(asyncio.CancelledError):
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
    """Holds the SQLite connection that a thread is working with, so that the event loop can interrupt it."""

    def __init__(self) -> None:
        self._raw: sqlite3.Connection | None = None
        self.stopped = False
        self._lock = threading.Lock()

    def take(self, connection: Connection) -> None:
        """The thread begins to work with a connection. Raises InterruptedError if it was interrupted before."""
        with self._lock:
            if self.stopped:
                raise InterruptedError("the work was cancelled before it began")
            self._raw = connection.connection.driver_connection

    def release(self) -> None:
        """The thread has finished, so its connection must not be interrupted any more."""
        with self._lock:
            self._raw = None

    def interrupt(self) -> None:
        """Stops the work: the statement that is running fails, and no work begins."""
        with self._lock:
            self.stopped = True
            if self._raw is not None:
                self._raw.interrupt()


def embedded_engine(path: Path) -> Engine:
    """An engine for one SQLite file, with a write-ahead log that is flushed at each commit.

    A transaction takes the write lock at its beginning if the connection has the execution option `writes`. Where
    another one has it, it waits for that, but for no more than BUSY_MS if the option `waits` is false.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)), hide_parameters=True, json_deserializer=decode_column
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: sqlite3.Connection, _record: Any) -> None:
        # The driver would begin a transaction only before the first write. The event below begins it earlier instead.
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
        if options.get("writes") and options.get("waits", True):
            _begin_write(connection, options.get("handle"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")

    return engine


def _begin_write(connection: Connection, handle: _Handle | None) -> None:
    """Begins a transaction with the file's write lock. A write waits for other processes here and nowhere else."""
    raw: Any = connection.connection.driver_connection
    for _ in range(BUSY_TRIES):
        try:
            raw.execute("BEGIN IMMEDIATE").close()
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or (handle and handle.stopped):
                break
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try: its error is the one that is reported


def reflect(connection: Connection, schema: str | None, name: str) -> Table:
    """Reads a table's columns from the database. Leaves no transaction open.

    Raises NotThere if the table does not exist.
    """
    try:
        table = Table(name, MetaData(), schema=schema, autoload_with=connection, resolve_fks=False)
    except NoSuchTableError:
        raise NotThere(f"there is no table {name!r} in the database") from None
    finally:
        connection.rollback()
    if connection.dialect.name == "sqlite":
        # SQLite has no decimals. A column that is declared as one holds floats.
        for column in table.columns:
            if isinstance(column.type, Numeric) and not isinstance(column.type, Float):
                column.type = Double()
    return table


class Databases:
    """The open databases of a process, by URL or path.

    If there are more than MAX_OPEN, the one that has not been used for the longest time is closed. `decode` makes a
    value of each JSON column that a database on the network sends.
    """

    def __init__(self, guard: DatabaseGuard, decode: Callable[[str], Any] = decode_column) -> None:
        self._guard = guard
        self._decode = decode
        self._open: OrderedDict[str, Database] = OrderedDict()
        self._ending: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="horarium-sql")
        self._odbc = OdbcThreads()
        # Limits the threads of each workspace, by the folder of its databases. Kept while one of them is open.
        self._shares: WeakValueDictionary[Path, asyncio.Semaphore] = WeakValueDictionary()

    async def network(self, address: Address, key: str) -> Database:
        """The database at an address. `key` is its connection URL: equal URLs share one open database."""
        if _ASYNCHRONOUS not in sys.modules:
            await asyncio.to_thread(importlib.import_module, _ASYNCHRONOUS)
        return self._get(key, lambda: NetworkDatabase(address, self._guard, self._decode, self._odbc))

    async def embedded(self, path: Path) -> Database:
        """The embedded database in a file. Raises NotThere if the file does not exist."""
        if not await asyncio.to_thread(path.is_file):
            raise NotThere(f"there is no embedded database {path.stem!r}; create a table in it first")
        share = self._shares.setdefault(path.parent, asyncio.Semaphore(THREADS_PER_WORKSPACE))
        return self._get(str(path), lambda: EmbeddedDatabase(path, self._threads, share))

    async def close(self) -> None:
        """Closes every database, the guard and the threads."""
        while self._open:
            self._end(self._open.popitem()[1])
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._guard.close()
        self._odbc.shutdown()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _get(self, key: str, make: Callable[[], Database]) -> Database:
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = make()
        self._open.move_to_end(key)
        while len(self._open) > MAX_OPEN:
            self._end(self._open.popitem(last=False)[1])
        return found

    def _end(self, database: Database) -> None:
        """Closes a database beside what goes on: whoever needs another one does not wait for its server. A connection
        that is still in use is closed when its work has finished."""
        task = asyncio.create_task(database.close())
        self._ending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.info("database_not_closed", error=type(task.exception()).__name__)
