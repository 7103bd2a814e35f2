"""Connections to PostgreSQL: how they are opened, what a transaction on one of them is, and what becomes of
faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, cast

import asyncpg

from horarium.domain.errors import Unavailable
from horarium.store.base import Duplicate, P, T, Tx, cannot_hold, earliest
from horarium.store.statements import Copied, Statement, load

READ_SECONDS = 5.0
ACQUIRE_SECONDS = 10.0
"""How long a verb waits for a free connection before it gives up."""
COMMAND_SECONDS = 60.0
"""Bounds a statement on a network that has gone silent."""
CHUNK = 5_000
"""Rows sent in one statement."""
HOLDER_SECONDS = 10.0
"""How long a node may fall silent in the middle of a transaction: frozen, or cut off without a word, it would hold its
locks for as long as the database lets it, and the others cannot fire or record what these cover."""

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    ConnectionError,
    OSError,
    TimeoutError,
)
"""What a connection raises that is gone, or whose server is."""
DIED_ASLEEP = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    ConnectionResetError,
)
"""What it raises where it died in its pool: the next one is worth a try, unlike a server that is away."""
REFUSED = (
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """Gives itself back to its pool without a round trip: a verb leaves nothing behind but what its commit
    keeps."""

    def get_reset_query(self) -> str:
        return ""


class PostgresTx:
    """A transaction on one connection; `announced` is told to listeners when it has committed."""

    def __init__(self, connection: Any, statements: dict[str, Statement]) -> None:
        self.connection = connection
        self._statements = statements
        self.announced: dict[str, int] = {}

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        return cast("Sequence[Any]", await self._ask(self.connection.fetch, statement, params))

    async def row(self, statement: str, **params: Any) -> Any:
        return await self._ask(self.connection.fetchrow, statement, params)

    async def run(self, statement: str, **params: Any) -> int:
        return _touched(await self._ask(self.connection.execute, statement, params))

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        one, touched = self._statements[statement], 0
        if one.copied is not None:
            return await self._copy(one.copied, rows)
        for start in range(0, len(rows), CHUNK):
            columns = map(list, zip(*rows[start : start + CHUNK], strict=True))
            params = dict(zip(one.columns, columns, strict=True))
            touched += _touched(await self._ask(self.connection.execute, statement, params))
        return touched

    async def _copy(self, what: Copied, rows: Sequence[Sequence[Any]]) -> int:
        copy = self.connection.copy_records_to_table
        try:
            return _touched(await copy(what.table, records=what.records(rows), columns=what.columns))
        except asyncpg.UniqueViolationError as error:
            raise Duplicate(error.constraint_name or "") from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise cannot_hold(error) from error

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
            return await committed(tx, lambda tx: verb(tx, *args, **kwargs))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error) from error

    async def now_ms(self) -> int:
        return await self.run(database_now)

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


BY_KEY = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""Verbs that write find every row by an index. The planner, which does not know how many values an array will
hold, now and then prefers to read a whole table; one plan for all is also one that need not be made again."""
READ_ONLY = {
    "default_transaction_read_only": "on",
    "statement_timeout": str(int(READ_SECONDS * 1000)),
    "enable_bitmapscan": "off",
}
"""What is read page by page comes in the order of an index. Until a table has statistics the planner believes in a few
rows and sorts what is left for every page: 14 us a row of an audience just imported, instead of 0.6."""


async def committed(tx: PostgresTx, verb: Callable[[PostgresTx], Awaitable[T]]) -> T:
    connection = tx.connection
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


async def database_now(tx: Tx) -> int:
    row = await tx.row("now_ms")
    return int(row[0])


def unreachable(error: BaseException) -> Unavailable:
    """What went wrong with a connection, in one line and without its password."""
    words = str(error) or type(error).__name__
    return Unavailable(f"the database cannot be reached: {words.strip().splitlines()[0]}")


def _server_settings(name: str, further: dict[str, str]) -> dict[str, str]:
    # Compiling to machine code costs more than our short statements.
    silence = str(int(HOLDER_SECONDS * 1000))
    common = {"application_name": name[:63], "jit": "off", "idle_in_transaction_session_timeout": silence}
    return common | further


async def connect(url: str, name: str = "horarium") -> Any:
    """One connection with our settings, outside the pools."""
    return await asyncpg.connect(
        url,
        timeout=ACQUIRE_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings=_server_settings(name, {}),
    )


async def make_pool(url: str, name: str, size: int, settings: dict[str, str]) -> Any:
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
