"""PostgreSQL: pools of connections, a transaction a verb, notifications between nodes.

Engine verbs have connections of their own, so that a busy API cannot starve them. Reads run without a transaction (a
statement a round trip) on connections that the server holds to reading. What a commit announced is told to local
listeners at once, and to other nodes by `horarium.store.signals`.

A transaction that the database has rolled back (a deadlock, a connection lost before the commit) is tried again. A
connection lost during the commit leaves its outcome unknown; such a verb is not repeated here, because only its caller
knows whether doing it twice is doing it once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, cast

import asyncpg
import structlog

from horarium.domain.errors import Invalid, Problem, Unavailable
from horarium.store.base import Duplicate, P, Signal, T, Tx, earliest
from horarium.store.partitions import drop_partitions, make_partitions
from horarium.store.signals import Signals
from horarium.store.statements import Statement, load

_log = structlog.get_logger(__name__)

MINIMUM_VERSION = 15
URGENT_CONNECTIONS, WRITE_CONNECTIONS, READ_CONNECTIONS = 4, 6, 6
"""A release, a claim and a recording at a time, and one to spare; the API's writes and reads. With the connections for
notifications and heartbeats 18 a node, so that five nodes fit into PostgreSQL's default of 100."""
READ_SECONDS = 5.0
ACQUIRE_SECONDS = 10.0
"""How long a verb waits for a free connection before it gives up."""
COMMAND_SECONDS = 60.0
"""Bounds a statement on a network that has gone silent."""
TRIES = 5
_ALONE = 0x486F7262
CHUNK = 5_000
"""Rows sent in one statement."""

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    ConnectionError,
    OSError,
    TimeoutError,
)
"""What a connection raises that is gone, or whose server is."""
_REFUSED = (
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


class Connection(asyncpg.Connection):
    """Gives itself back to its pool without a round trip: a verb leaves nothing behind but what its commit keeps."""

    def get_reset_query(self) -> str:
        return ""


class PostgresTx:
    """A transaction on one connection; `announced` is told to listeners when it has committed."""

    def __init__(self, connection: Any, statements: dict[str, Statement]) -> None:
        self._connection = connection
        self._statements = statements
        self.announced: dict[str, int] = {}

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        return cast("Sequence[Any]", await self._ask(self._connection.fetch, statement, params))

    async def row(self, statement: str, **params: Any) -> Any:
        return await self._ask(self._connection.fetchrow, statement, params)

    async def run(self, statement: str, **params: Any) -> int:
        return _touched(await self._ask(self._connection.execute, statement, params))

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        names, touched = self._statements[statement].columns, 0
        for start in range(0, len(rows), CHUNK):
            columns = map(list, zip(*rows[start : start + CHUNK], strict=True))
            params = dict(zip(names, columns, strict=True))
            touched += _touched(await self._ask(self._connection.execute, statement, params))
        return touched

    async def each(self, statement: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        if not rows:
            return ()
        columns = map(list, zip(*rows, strict=True))
        params = dict(zip(self._statements[statement].columns, columns, strict=True))
        return await self.rows(statement, **params)

    async def _ask(self, how: Callable[..., Awaitable[Any]], statement: str, params: dict[str, Any]) -> Any:
        one = self._statements[statement]
        try:
            return await how(one.sql, *(params[name] for name in one.parameters))
        except asyncpg.UniqueViolationError as error:
            raise Duplicate(error.constraint_name or "") from error

    def announce(self, topic: str, at_ms: int) -> None:
        earliest(self.announced, topic, at_ms)


def _touched(status: str) -> int:
    """The number at the end of a command's status: "UPDATE 3"."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdecimal() else 0


class CommitUnknown(Unavailable):
    """The connection was lost while committing: the verb may have been done."""

    def __init__(self) -> None:
        super().__init__(
            "the connection to the database was lost during the commit: its outcome is not known"
        )


class PostgresStore:
    """A store in a PostgreSQL database. Open it with `PostgresStore.open` inside a running event loop."""

    flavour = "postgres"

    def __init__(self, url: str, urgent: Any, write: Any, read: Any, signals: Signals) -> None:
        self.url = url
        self._urgent, self._write, self._read = urgent, write, read
        self._statements = load("postgres")
        self._signals: list[Signal] = []
        self._remote = signals
        self._remote.deliver = self._deliver
        self._ahead_ms = 0

    @classmethod
    async def open(cls, url: str, name: str = "horarium", *, notify: bool = True) -> PostgresStore:
        """Connect. Raises Unavailable where the server does not answer, or is older than 15."""
        pools: list[Any] = []
        try:
            for size, settings in (
                (URGENT_CONNECTIONS, _BY_KEY),
                (WRITE_CONNECTIONS, _BY_KEY),
                (READ_CONNECTIONS, _READ_ONLY),
            ):
                pools.append(await _pool(url, name, size, settings))
            async with pools[0].acquire() as connection:
                _check_version(connection.get_server_version())
            store = cls(url, *pools, Signals(lambda: connect(url, name)))
            if notify:
                await store._remote.start()
        except (*LOST, asyncpg.PostgresError) as error:
            for pool in pools:
                pool.terminate()
            raise unreachable(error) from None
        except BaseException:
            for pool in pools:
                pool.terminate()
            raise
        return store

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    def _deliver(self, topic: str, at_ms: int) -> None:
        for signal in self._signals:
            signal(topic, at_ms)

    async def now_ms(self) -> int:
        row = await self._attempt(self._urgent, _now)
        self._ahead_ms = row - time.time_ns() // 1_000_000
        return row

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._transaction(self._write, lambda tx: verb(tx, *args, **kwargs))

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._transaction(self._urgent, lambda tx: verb(tx, *args, **kwargs))

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._attempt(self._read, lambda tx: verb(tx, *args, **kwargs))

    async def _transaction(self, pool: Any, verb: Callable[[PostgresTx], Awaitable[T]]) -> T:
        announced: dict[str, int] = {}

        async def whole(tx: PostgresTx) -> T:
            answer = await _committed(tx, verb)
            announced.update(tx.announced)
            return answer

        answer = await self._attempt(pool, whole)
        for topic, at in announced.items():
            self._deliver(topic, at)
        self._remote.send(announced, time.time_ns() // 1_000_000 + self._ahead_ms)
        return answer

    async def _attempt(self, pool: Any, work: Callable[[PostgresTx], Awaitable[T]]) -> T:
        """Do `work` on a connection of a pool, again where that is harmless."""
        for attempt in range(1, TRIES + 1):
            try:
                async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                    return await work(PostgresTx(connection, self._statements))
            except asyncpg.TransactionRollbackError as error:
                if attempt == TRIES:
                    raise Unavailable(f"the database rolled back {TRIES} times: {error}") from error
                await asyncio.sleep(random.uniform(0, 0.02 * attempt))
            except (asyncpg.exceptions.DataError, asyncpg.exceptions.SyntaxOrAccessError) as error:
                raise _refused(error) from error
            except asyncpg.QueryCanceledError as error:
                raise Unavailable(f"the query took longer than {READ_SECONDS:g} s") from error
            except _REFUSED as error:
                raise Unavailable(f"the database refused: {error}") from error
            except LOST as error:
                if attempt > 2 or not _worth_another(error):
                    raise unreachable(error) from error
        raise AssertionError("the loop above returns or raises")

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold off every other node that asks for this, for what only one may do at a start."""
        connection = await connect(self.url)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _ALONE)
            yield
        finally:
            await connection.close()

    async def tidy_partitions(self, before_ms: int | None) -> bool:
        """Make the coming months, and drop those that ended before an instant; False: there is nothing more to do.

        Raises Unavailable.
        """
        now = await self.now_ms()
        wire = Wire(self.url)
        try:
            connection = await wire.open()
            changed = await make_partitions(connection, now, now)
            if before_ms is not None:
                changed += await drop_partitions(connection, before_ms)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error) from error
        finally:
            wire.drop()
        if changed:
            _log.info("partitions_changed", partitions=changed)
        return False

    async def close(self) -> None:
        await self._remote.close()
        for pool in (self._urgent, self._write, self._read):
            try:
                async with asyncio.timeout(5):
                    await pool.close()
            except TimeoutError:
                pool.terminate()


class Wire:
    """One connection outside the pools, opened when it is needed: for whoever must not wait for others."""

    def __init__(self, url: str, name: str = "horarium") -> None:
        self._url, self._name = url, name
        self._connection: Any = None

    async def open(self) -> Any:
        """Raises Unavailable."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(self._url, self._name)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error) from error
        return self._connection

    async def run(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A verb as one transaction. Raises Unavailable."""
        tx = PostgresTx(await self.open(), load("postgres"))
        try:
            return await _committed(tx, lambda tx: verb(tx, *args, **kwargs))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error) from error

    async def now_ms(self) -> int:
        return await self.run(_now)

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


_BY_KEY = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""Verbs that write find every row by an index. The planner, which does not know how many values an array will hold,
now and then prefers to read a whole table; one plan for all is also one that need not be made again."""
_READ_ONLY = {
    "default_transaction_read_only": "on",
    "statement_timeout": str(int(READ_SECONDS * 1000)),
}


async def _committed(tx: PostgresTx, verb: Callable[[PostgresTx], Awaitable[T]]) -> T:
    connection = tx._connection
    await connection.execute("BEGIN")
    try:
        answer = await verb(tx)
    except BaseException:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    try:
        status = await connection.execute("COMMIT")
    except LOST as error:
        raise CommitUnknown from error
    if status != "COMMIT":
        raise RuntimeError("a verb went on after the database had refused one of its statements")
    return answer


async def _now(tx: Tx) -> int:
    row = await tx.row("now_ms")
    return int(row[0])


def _worth_another(error: BaseException) -> bool:
    """A pooled connection may have died in its sleep; a server that does not answer at all is not asked again."""
    return isinstance(error, asyncpg.PostgresConnectionError | asyncpg.InterfaceError | ConnectionResetError)


def unreachable(error: BaseException) -> Unavailable:
    """What went wrong with a connection, in one line and without its password."""
    words = str(error) or type(error).__name__
    return Unavailable(f"the database cannot be reached: {words.strip().splitlines()[0]}")


def _refused(error: Exception) -> Exception:
    """Values that the database cannot hold are the caller's; a statement it does not understand is a fault of ours."""
    if isinstance(error, asyncpg.exceptions.SyntaxOrAccessError):
        return error
    return Invalid(Problem("", f"the database cannot hold one of the values: {error}"))


def _check_version(version: Any) -> None:
    if version.major < MINIMUM_VERSION:
        raise Unavailable(f"PostgreSQL {MINIMUM_VERSION} or newer is needed; the server is {version.major}")


def _server_settings(name: str, further: dict[str, str]) -> dict[str, str]:
    # Compiling to machine code costs more than our short statements; a forgotten transaction must not hold locks.
    common = {"application_name": name[:63], "jit": "off", "idle_in_transaction_session_timeout": "60000"}
    return common | further


async def connect(url: str, name: str = "horarium") -> Any:
    """One connection with our settings, outside the pools."""
    return await asyncpg.connect(
        url,
        timeout=ACQUIRE_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings=_server_settings(name, {}),
    )


async def _pool(url: str, name: str, size: int, settings: dict[str, str]) -> Any:
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        connection_class=Connection,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        command_timeout=COMMAND_SECONDS,
        timeout=ACQUIRE_SECONDS,
        server_settings=_server_settings(name, settings),
    )
