"""Connections to PostgreSQL: with which settings they are opened, in pools and alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Concatenate

import asyncpg
from asyncpg.transaction import Transaction

from horarium.domain.errors import Unavailable
from horarium.store.base import P, T, Tx
from horarium.store.database_urls import through_pooler, without_pooler
from horarium.store.postgres.faults import HIDDEN_POOLER, LOST, place_of, unreachable
from horarium.store.postgres.hosts import hosts_of
from horarium.store.postgres.lending import Lending
from horarium.store.postgres.side_loop import SideLoop
from horarium.store.postgres.transaction import BEGIN, PostgresTx, committed, database_now
from horarium.store.statements import load

# How long a read may take.
READ_SECONDS = 5.0

# How long a verb waits for a free connection before it gives up.
ACQUIRE_SECONDS = 10.0

# How long closing may wait for the server.
GOODBYE_SECONDS = 5.0

# How long a statement may take: on a network that has gone silent it would otherwise wait for ever.
COMMAND_SECONDS = 60.0

# How long a transaction may be idle before the server ends it. A node that is frozen, or cut off without notice,
# in the middle of a transaction keeps its locks, and until it loses them the other nodes cannot fire or record
# what those locks cover.
IDLE_IN_TRANSACTION_SECONDS = 10.0

# For verbs that write: they find every row by an index. The planner does not know how many values an array will
# hold, and sometimes prefers to read a whole table. A generic plan also need not be made again for each execution.
BY_KEY = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "plan_cache_mode": "force_generic_plan",
}

# For verbs that read: pages are read in the order of an index, and each statement is written for one way of doing so.
# Until a table has statistics the planner assumes a few rows, and sorts all that are left for every page: 14 us a row
# of an audience just imported, instead of 0.6. A generic plan is made once, while planning a list of runs anew takes
# longer than reading its page, because there is a partition for every month.
READ_ONLY = {
    **BY_KEY,
    "default_transaction_read_only": "on",
    "statement_timeout": str(int(READ_SECONDS * 1000)),
}


# A server that is asked for with target_session_attrs=read-write looks read-only if this is set when it is asked.
_AFTERWARDS = {"default_transaction_read_only"}


class KeptConnection(asyncpg.Connection):  # type: ignore[misc]
    """Returns to its pool without a round trip: a verb leaves nothing behind in the session that has to be reset."""

    def get_reset_query(self) -> str:
        return ""


class _BoundTransaction(Transaction):  # type: ignore[misc]
    """A transaction with our settings, which the session does not have."""

    async def start(self) -> None:
        outermost = not self._connection.is_in_transaction()
        await super().start()
        if outermost:
            await self._connection.execute(_local_settings({}))


class ConnectionThroughPooler(KeptConnection):
    """Each statement is a transaction of its own where none is open, so that a pooler does not change the server
    between its messages."""

    def transaction(self, **options: Any) -> Transaction:
        return _BoundTransaction(self, options.get("isolation"), options.get("readonly", False), False)

    def _whole(self) -> AbstractAsyncContextManager[Any]:
        return nullcontext() if self.is_in_transaction() else super().transaction()

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        async with self._whole() if args else nullcontext():
            return str(await super().execute(query, *args, timeout=timeout))

    async def executemany(self, *args: Any, **options: Any) -> None:
        async with self._whole():
            await super().executemany(*args, **options)

    async def fetch(self, *args: Any, **options: Any) -> Any:
        async with self._whole():
            return await super().fetch(*args, **options)

    async def fetchval(self, *args: Any, **options: Any) -> Any:
        async with self._whole():
            return await super().fetchval(*args, **options)

    async def fetchrow(self, *args: Any, **options: Any) -> Any:
        async with self._whole():
            return await super().fetchrow(*args, **options)

    async def copy_records_to_table(self, *args: Any, **options: Any) -> Any:
        async with self._whole():
            return await super().copy_records_to_table(*args, **options)


@dataclass(frozen=True, slots=True)
class Pool:
    """Connections for one kind of verb, which `of` names. `lending` lends them, and `begin` opens a transaction on one.
    `bare_reads`: a verb that only reads needs no transaction. `side`: the loop in which the connections live, None for
    the main one."""

    of: str
    connections: Any
    lending: Lending
    begin: str = BEGIN
    bare_reads: bool = True
    side: SideLoop | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run what uses the connections, in their loop."""
        return await (work if self.side is None else self.side.run(work))

    async def close(self) -> None:
        """Close the connections, with a goodbye to the server where it answers soon."""
        await self.run(self._close())
        if self.side is not None:
            await self.side.close()

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.lending.end()
                await self.connections.close()
        except TimeoutError:
            self.connections.terminate()

    async def terminate(self) -> None:
        """Close the connections at once."""
        await self.run(self._terminate())
        if self.side is not None:
            await self.side.close()

    async def _terminate(self) -> None:
        self.connections.terminate()


class PostgresConnection:
    """A connection of its own, outside the pools, for work that must not wait for a free one. It is opened when
    it is first needed, and again after it was lost."""

    def __init__(self, url: str, name: str = "horarium") -> None:
        self._url, self._name = url, name
        self._pooled = without_pooler(url)[1]
        self._begin = _begin({}) if self._pooled else BEGIN
        self._connection: Any = None

    async def open(self) -> Any:
        """The asyncpg connection. Raises Unavailable."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(self._url, self._name)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error, self._url) from error
        return self._connection

    async def run(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A verb as one transaction. Raises Unavailable."""
        tx = PostgresTx(await self.open(), load("postgres"))
        try:
            return await committed(
                tx, lambda tx: verb(tx, *args, **kwargs), self._begin, at_once=self._pooled
            )
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error) from error

    async def now_ms(self) -> int:
        """The database's clock. Raises Unavailable."""
        return await self.run(database_now)

    def drop(self) -> None:
        """Close at once, without a goodbye to the server."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _common(further: Mapping[str, str]) -> dict[str, str]:
    # Compiling to machine code costs more than our short statements. And what the operator allows others, for the whole
    # database or our role, would end releases and migrations that take longer: they would be tried for ever.
    idle = str(int(IDLE_IN_TRANSACTION_SECONDS * 1000))
    unbounded = {"statement_timeout": "0", "lock_timeout": "0"}
    return {"jit": "off", "idle_in_transaction_session_timeout": idle, **unbounded, **further}


def _local_settings(settings: Mapping[str, str]) -> str:
    """What gives a transaction our settings and these, where its session may not keep them."""
    names = {"default_transaction_read_only": "transaction_read_only"}
    return "; ".join(
        f"SET LOCAL {names.get(name, name)} = {value}" for name, value in _common(settings).items()
    )


def _begin(settings: Mapping[str, str]) -> str:
    """What opens a transaction with our settings and these, in one message."""
    return f"{BEGIN}; {_local_settings(settings)}"


def _options(pooled: bool, name: str, settings: Mapping[str, str], kept: type[Any]) -> dict[str, Any]:
    """How a connection is made. A pooler knows few settings, and nothing may be left in a session behind it: it serves
    somebody else after each transaction."""
    if pooled:
        return {"connection_class": ConnectionThroughPooler, "statement_cache_size": 0}
    return {
        "connection_class": kept,
        "server_settings": {"application_name": name[:63], **_common(settings)},
    }


async def connect(url: str, name: str = "horarium", command_seconds: float = COMMAND_SECONDS) -> Any:
    """An asyncpg connection with our settings, outside the pools, whose statements may take `command_seconds`. Raises
    what asyncpg raises."""
    bare, pooled = without_pooler(url)
    options = _options(pooled, name, {}, asyncpg.Connection)
    return await hosts_of(bare).connect(command_timeout=command_seconds, **options)


async def make_pool(of: str, url: str, name: str, size: int, settings: Mapping[str, str]) -> Pool:
    """A pool of at most `size` connections with our settings and these. Raises what asyncpg raises."""
    bare, pooled = without_pooler(url)
    at_start = {name: value for name, value in settings.items() if name not in _AFTERWARDS}
    options = _options(pooled, name, at_start, KeptConnection)
    if not pooled:
        options |= {"statement_cache_size": 512, "max_cached_statement_lifetime": 0}
    hosts = hosts_of(bare)

    async def connected(*_: Any, **given: Any) -> Any:
        return await hosts.connect(**given, command_timeout=COMMAND_SECONDS, **options)

    async def finished(connection: Any) -> None:
        for setting in settings.keys() & _AFTERWARDS:
            await connection.execute(f"SET {setting} = {settings[setting]}")

    connections = await asyncpg.create_pool(
        min_size=1,
        max_size=size,
        connect=connected,
        connection_class=options.pop("connection_class"),
        init=None if pooled else finished,
    )
    lending = Lending(connections, size, ACQUIRE_SECONDS)
    if pooled:
        return Pool(of, connections, lending, _begin(settings), bare_reads=False)
    return Pool(of, connections, lending)


async def make_side_pool(of: str, url: str, name: str, settings: Mapping[str, str]) -> Pool:
    """A pool of one connection in a loop of its own, so that what is done with it never waits until the main loop has
    time. Raises what asyncpg raises."""
    side = SideLoop(f"horarium-{of}")
    try:
        return replace(await side.run(make_pool(of, url, name, 1, settings)), side=side)
    except BaseException:
        await side.close()
        raise


async def refuse_hidden_pooler(url: str) -> None:
    """Raises Unavailable where a connection to this address goes through a pooler, and the address does not say so: the
    process that the connection was given by is another than the one that answers. Else raises what asyncpg raises."""
    connection = await connect(through_pooler(url))
    try:
        answers = await connection.fetchval("SELECT pg_backend_pid()")
        if answers != connection.get_server_pid():
            raise Unavailable(HIDDEN_POOLER.format(place=place_of(url)))
    finally:
        await connection.close()
