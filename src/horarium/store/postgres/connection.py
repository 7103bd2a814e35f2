"""Connections to PostgreSQL: with which settings they are opened, in pools and alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate

import asyncpg

from horarium.store.base import P, T, Tx
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.postgres.transaction import PostgresTx, committed, database_now
from horarium.store.statements import load

# How long a read may take.
READ_SECONDS = 5.0

# How long a verb waits for a free connection before it gives up.
ACQUIRE_SECONDS = 10.0

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


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]
    """Returns to its pool without a round trip: a verb leaves nothing behind in the session that has to be reset."""

    def get_reset_query(self) -> str:
        return ""


class PostgresConnection:
    """A connection of its own, outside the pools, for work that must not wait for a free one. It is opened when
    it is first needed, and again after it was lost."""

    def __init__(self, url: str, name: str = "horarium") -> None:
        self._url, self._name = url, name
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
            return await committed(tx, lambda tx: verb(tx, *args, **kwargs))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error) from error

    async def now_ms(self) -> int:
        """The database's clock. Raises Unavailable."""
        return await self.run(database_now)

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    def drop(self) -> None:
        """Close at once, without a goodbye to the server."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _server_settings(name: str, further: dict[str, str]) -> dict[str, str]:
    # Compiling to machine code costs more than our short statements.
    idle = str(int(IDLE_IN_TRANSACTION_SECONDS * 1000))
    common = {"application_name": name[:63], "jit": "off", "idle_in_transaction_session_timeout": idle}
    return common | further


async def connect(url: str, name: str = "horarium", command_seconds: float = COMMAND_SECONDS) -> Any:
    """An asyncpg connection with our settings, outside the pools, whose statements may take `command_seconds`. Raises
    what asyncpg raises."""
    return await asyncpg.connect(
        url,
        timeout=ACQUIRE_SECONDS,
        command_timeout=command_seconds,
        server_settings=_server_settings(name, {}),
    )


async def make_pool(url: str, name: str, size: int, settings: dict[str, str]) -> Any:
    """A pool of at most `size` connections with our settings and these. Raises what asyncpg raises."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        connection_class=PooledConnection,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        command_timeout=COMMAND_SECONDS,
        timeout=ACQUIRE_SECONDS,
        server_settings=_server_settings(name, settings),
    )
