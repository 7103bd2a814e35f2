"""The store on PostgreSQL: pools of connections, a transaction for each verb, notifications between nodes.

Engine verbs have connections of their own, so that a busy API cannot starve them. Reads run without a
transaction (each statement is one round trip) on connections that the server keeps read-only. After a commit,
listeners in this process are told at once what it announced, and other nodes through `notifications`.

A transaction that the database has rolled back (a deadlock, a connection lost before the commit) is tried
again. When a connection is lost during the commit, nobody knows whether the verb was done. It is not tried again
here, because only its caller knows whether doing it twice would do harm.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager
from typing import Any, Concatenate

import asyncpg
import structlog

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.store.base import Item, P, Signal, T, Tx
from horarium.store.database_urls import through_pooler, without_pooler
from horarium.store.figures import Counted, StoreFigures, name_of
from horarium.store.group_commit import GroupCommits, Take
from horarium.store.postgres.connection import (
    BY_KEY,
    READ_ONLY,
    READ_SECONDS,
    Pool,
    PostgresConnection,
    connect,
    make_pool,
    make_side_pool,
    refuse_hidden_pooler,
)
from horarium.store.postgres.faults import (
    DIED_IDLE,
    LOST,
    REFUSED,
    REJECTED,
    place_of,
    rejected,
    unreachable,
)
from horarium.store.postgres.identity import DatabaseIdentity, ask_identity
from horarium.store.postgres.locks import locked
from horarium.store.postgres.notifications import Notifications
from horarium.store.postgres.partitions import drop_partitions, make_partitions
from horarium.store.postgres.transaction import PostgresTx, committed, database_bytes, database_now
from horarium.store.statements import load

_log = structlog.get_logger(__name__)

MINIMUM_VERSION = 15

# For the engine: a claim and a recording at a time, and one to spare, beside the one for what is prompt, which is a
# release. Then the API's writes and reads. With the connections for notifications and heartbeats a node has 18, so that
# five nodes fit into PostgreSQL's default of 100.
URGENT_CONNECTIONS, WRITE_CONNECTIONS, READ_CONNECTIONS = 3, 6, 6

# How often a transaction is tried that the database has rolled back.
TRIES = 5

# The advisory lock of `alone`: any number, as long as nobody else uses it.
_ALONE_LOCK = 0x486F7262

# How long a node waits for another that has asked for it.
ALONE_SECONDS = 60.0


class PostgresStore:
    """A store in a PostgreSQL database. `PostgresStore.open` makes it, inside a running event loop."""

    flavour = "postgres"
    shared = True

    def __init__(self, url: str, pools: Sequence[Pool], notifications: Notifications) -> None:
        self.url = url
        self.figures = StoreFigures()
        self.recording: Set[Id] = frozenset()
        self._pools = pools
        self._prompt, self._urgent, self._write, self._read = pools
        self._statements = load("postgres")
        self._signals: list[Signal] = []
        self._notifications = notifications
        self._notifications.deliver = self._deliver
        self._groups = GroupCommits(self._write_taken)
        # How far the database's clock is ahead of this machine's.
        self._ahead_ms = 0

    @classmethod
    async def open(
        cls, url: str, name: str = "horarium", *, notify: bool = True, pooled: str | None = None
    ) -> PostgresStore:
        """Connect. Raises Unavailable where the server does not answer or is older than version 15, and where an
        address leads to something else than it says.

        `name` appears as the application's name in PostgreSQL's own views. `notify`: tell other nodes what commits
        announce, and hear theirs. `pooled`: the address of the same database through a pooler, which verbs then use.
        """
        pools: list[Pool] = []
        of_verbs = url if pooled is None else through_pooler(pooled)
        asked = of_verbs
        try:
            for of, size, settings in (
                ("engine", URGENT_CONNECTIONS, BY_KEY),
                ("writes", WRITE_CONNECTIONS, BY_KEY),
                ("reads", READ_CONNECTIONS, READ_ONLY),
            ):
                pools.append(await make_pool(of, of_verbs, name, size, settings))
            async with pools[0].lending.connection() as connection:
                _check_version(connection.get_server_version())
                await connection.execute("BEGIN; ROLLBACK")  # a pooler of the wrong mode refuses this
            pools.insert(0, await make_side_pool("release", of_verbs, name, BY_KEY))
            hears = not without_pooler(of_verbs)[1]
            store = cls(url, pools, Notifications(lambda: connect(of_verbs, name), hears))
            asked = url
            if pooled is not None and await store.identity() != await _identity_at(url):
                raise Unavailable(
                    f"`database` and `database_pooled` lead to different databases ({place_of(url)} and "
                    f"{place_of(pooled)}): set them to two addresses of the same one"
                )
            if notify:
                if not without_pooler(url)[1]:
                    await refuse_hidden_pooler(url)
                await store._notifications.start()
        except (*LOST, *REFUSED) as error:
            for pool in pools:
                await pool.terminate()
            raise unreachable(error, asked) from None
        except BaseException:
            for pool in pools:
                await pool.terminate()
            raise
        return store

    @property
    def wants_ear(self) -> bool:
        """Whether this store cannot hear other nodes over its own connections, but could over one to `url`."""
        return not self._notifications.hears and not without_pooler(self.url)[1]

    async def lend_ear(self, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Have other nodes heard over a connection to `url`; see Notifications.lend."""
        await self._notifications.lend(connection, loop)

    async def identity(self) -> DatabaseIdentity:
        """Which database this is, whatever name and port it has in `url`. Raises Unavailable."""
        try:
            async with self._read.lending.connection() as connection:
                return await ask_identity(connection)
        except (*LOST, *REFUSED) as error:
            raise unreachable(error) from error

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    def _deliver(self, topic: str, at_ms: int) -> None:
        for signal in self._signals:
            signal(topic, at_ms)

    async def now_ms(self) -> int:
        row = await self._attempt(self._urgent, database_now)
        self._ahead_ms = row - time.time_ns() // 1_000_000
        return row

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._transaction(self._write, name_of(verb), lambda tx: verb(tx, *args, **kwargs))

    async def write_grouped(self, verb: Callable[[Tx, Sequence[Item]], Awaitable[T]], item: Item) -> T:
        return await self._groups.submit(verb, item)

    async def _write_taken(self, verb: Callable[[Tx, Sequence[Item]], Awaitable[T]], take: Take[Item]) -> T:
        async def opened(tx: PostgresTx) -> T:
            # Items that come while the database opens the transaction are still written in it.
            await tx.ensure_open()
            return await verb(tx, take())

        return await self._transaction(self._write, name_of(verb), opened)

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        pool = self._prompt if getattr(verb, "prompt", False) else self._urgent
        return await self._transaction(pool, name_of(verb), lambda tx: verb(tx, *args, **kwargs))

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        begun, refused = time.monotonic(), False
        try:
            pool = self._prompt if getattr(verb, "prompt", False) else self._read
            return await self._reading(pool, lambda tx: verb(tx, *args, **kwargs))
        except Unavailable:
            refused = True
            raise
        finally:
            self.figures.took(name_of(verb), time.monotonic() - begun, refused)

    async def _reading(self, pool: Pool, verb: Callable[[PostgresTx], Awaitable[T]]) -> T:
        if pool.bare_reads:
            return await pool.run(self._attempt(pool, verb))
        return await pool.run(self._attempt(pool, lambda tx: committed(tx, verb, pool.begin, at_once=True)))

    async def _transaction(self, pool: Pool, name: str, verb: Callable[[PostgresTx], Awaitable[T]]) -> T:
        announced: dict[str, int] = {}
        counted: list[Counted] = []
        commits: list[float] = []

        async def whole(tx: PostgresTx) -> T:
            answer = await committed(tx, verb, pool.begin, at_once=not pool.bare_reads)
            if tx.open:
                commits.append(tx.commit_s)
            announced.update(tx.announced)
            counted.extend(tx.counted)
            return answer

        begun, refused = time.monotonic(), False
        try:
            answer = await pool.run(self._attempt(pool, whole))
        except Unavailable:
            self.figures.refused += 1
            refused = True
            raise
        finally:
            self.figures.took(name, time.monotonic() - begun, refused)
        for seconds in commits:
            self.figures.commits.add(seconds * 1000)
        self.figures.take(counted, time.monotonic() - begun)
        for topic, at in announced.items():
            self._deliver(topic, at)
        self._notifications.send(announced, time.time_ns() // 1_000_000 + self._ahead_ms)
        return answer

    async def _attempt(self, pool: Pool, work: Callable[[PostgresTx], Awaitable[T]]) -> T:
        """Do `work` on a connection of a pool, and again where that does no harm."""
        for attempt in range(1, TRIES + 1):
            try:
                return await self._once(pool, work)
            except asyncpg.TransactionRollbackError as error:
                if attempt == TRIES:
                    raise Unavailable(f"the database rolled back {TRIES} times: {error}") from error
                await asyncio.sleep(random.uniform(0, 0.02 * attempt))
            except REJECTED as error:
                raise rejected(error) from error
            except asyncpg.QueryCanceledError as error:
                raise Unavailable(f"the query took longer than {READ_SECONDS:g} s") from error
            except LOST as error:
                if attempt == TRIES or not isinstance(error, DIED_IDLE):
                    raise unreachable(error) from error
            except asyncpg.IntegrityConstraintViolationError:
                raise  # a verb is wrong
            except REFUSED as error:
                raise unreachable(error) from error
        raise AssertionError("the loop above returns or raises")

    async def _once(self, pool: Pool, work: Callable[[PostgresTx], Awaitable[T]]) -> T:
        connection = await pool.lending.lend()
        try:
            return await work(PostgresTx(connection, self._statements, self.recording))
        except asyncpg.QueryCanceledError:
            raise
        except LOST:
            connection.terminate()
            # Where one connection has died, others may have as well.
            await pool.lending.expire()
            raise
        finally:
            await pool.lending.take_back(connection)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Make other nodes that ask for this wait while the block runs.

        It is for what only one node may do when several start at the same time. Raises Unavailable, also where it takes
        too long.
        """
        own = PostgresConnection(self.url)
        try:
            async with locked(await own.open(), _ALONE_LOCK, "its start", ALONE_SECONDS):
                yield
        except (*LOST, *REFUSED) as error:
            raise unreachable(error) from error
        finally:
            own.drop()

    async def tidy_partitions(self, before_ms: int | None) -> bool:
        """Make the partitions of the coming months, and drop those that ended before an instant (None: drop none).

        Returns False, as steps do that have nothing left to do. Raises Unavailable.
        """
        now = await self.now_ms()
        own = PostgresConnection(self.url)
        try:
            connection = await own.open()
            changed = await make_partitions(connection, now, now)
            if before_ms is not None:
                changed += await drop_partitions(connection, before_ms)
        except (*LOST, *REFUSED) as error:
            raise unreachable(error) from error
        finally:
            own.drop()
        if changed:
            _log.info("partitions_changed", partitions=changed)
        return False

    async def bytes(self) -> int:
        return await self._reading(self._read, database_bytes)

    def waiting(self) -> dict[str, int]:
        return {
            "engine": self._prompt.lending.waiting + self._urgent.lending.waiting,
            "api": self._write.lending.waiting + self._read.lending.waiting,
        }

    async def close(self) -> None:
        await self._notifications.close()
        for pool in self._pools:
            await pool.close()


async def _identity_at(url: str) -> DatabaseIdentity:
    connection = await connect(url)
    try:
        return await ask_identity(connection)
    finally:
        await connection.close()


def _check_version(version: Any) -> None:
    if version.major < MINIMUM_VERSION:
        raise Unavailable(f"PostgreSQL {MINIMUM_VERSION} or newer is needed; the server is {version.major}")
