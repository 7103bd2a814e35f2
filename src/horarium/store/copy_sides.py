"""The two databases of a copy, each seen as tables with a primary key. Both have the same types of columns.

A side is opened in steps: `connect`, then `begin_reading` on the source or `begin_writing` on the target. From then
until `close` it holds a lock with which no server can start on its database.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from horarium.domain.errors import Unavailable
from horarium.domain.ids import id_time
from horarium.store.database_urls import sqlite_path, without_pooler
from horarium.store.file_lock import sqlite_lock
from horarium.store.migrations import latest
from horarium.store.postgres.connection import connect as connect_postgres
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.postgres.identity import ask_identity
from horarium.store.postgres.migrate import migrate_postgres
from horarium.store.postgres.partitions import make_partitions, month_starts, months_back
from horarium.store.private_files import private_database, private_folder
from horarium.store.sqlite.connection import connect as connect_sqlite
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.verbs.nodes import COPY_LOCK

# How many rows one transaction takes, and about how many bytes of texts: rows may have megabytes of these.
BATCH = 5_000
BATCH_BYTES = 16 * 1024 * 1024

# How long PostgreSQL may take to notice that a process which held the lock, or was connected, has gone.
PATIENCE_S = 5.0
AGAIN_S = 0.2

# How long one statement may take: counting a large table takes minutes.
STATEMENT_SECONDS = 3_600.0

# How many months of the source get a partition on PostgreSQL, the newest ones. A query over all history locks each with
# its indexes, and PostgreSQL has room for some thousand locks. One fire that was filled in for 1970 must not make 700.
MOST_MONTHS = 24

_DATED = ("fires", "runs")
# Programs of ours that change nothing, by what PostgreSQL shows of their connections. A watchdog may look on while
# everything is copied.
_ONLOOKERS = ["horarium copy", "horarium watchdog", "horarium doctor", "horarium backup"]
_BUSY = "a server is running on the {side} database: stop it, and wait until its lease is over"
_EMPTY = "the source database holds no installation of Horarium"


class Side(Protocol):
    """One of the two databases. Errors of its driver are raised as they are, but for those of `connect`."""

    async def connect(self) -> None:
        """Raises Unavailable, which names the database."""

    async def identity(self) -> object:
        """Equal for two sides only if both are the same database; how it was named does not matter."""

    async def begin_reading(self) -> None:
        """Lock the database, bring its schema up to date and read it as it is now from here on. Raises Unavailable
        where a server works on it, and where it holds no installation."""

    async def begin_writing(self) -> None:
        """Lock the database and bring its schema up to date. Raises Unavailable where a server works on it."""

    async def make_room(self, oldest_ms: int, newest_ms: int) -> None:
        """Prepare for rows whose ids are of the time between two instants."""

    async def tables(self) -> list[str]:
        """All tables; those that others refer to come first."""

    async def columns(self, table: str) -> list[str]: ...

    async def key(self, table: str) -> list[str]: ...

    async def count(self, table: str) -> int: ...

    async def times(self) -> list[int]:
        """The first and the last instants (ms) in the ids of fires and runs."""

    async def after(
        self, table: str, columns: Sequence[str], key: Sequence[Any]
    ) -> Sequence[tuple[Any, ...]]:
        """The next rows after a primary key, or the first ones where the key is empty: up to BATCH of them, and no
        further than BATCH_BYTES, but one where there is any."""

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], meta: Mapping[str, str]
    ) -> None:
        """Insert rows and set entries of `meta` in one transaction."""

    async def meta(self) -> dict[str, str]: ...

    async def set_meta(self, values: Mapping[str, str], gone: Sequence[str] = ()) -> None:
        """Set entries of `meta` and remove others, in one transaction."""

    async def close(self) -> None: ...


def side_of(url: str) -> Side:
    """The side for a database by its URL. Raises Invalid for a URL of an unknown kind."""
    path = sqlite_path(url)
    return PostgresSide(url) if path is None else SqliteSide(path)


def _page(table: str, columns: Sequence[str], key: Sequence[str], marks: Sequence[str]) -> str:
    """The query for the rows after a key, whose placeholders are `marks`, or for the first rows where there are none.
    All names come from the schema."""
    behind = f"WHERE ({', '.join(key)}) > ({', '.join(marks)}) " if marks else ""
    return f"SELECT {', '.join(columns)} FROM {table} {behind}ORDER BY {', '.join(key)} LIMIT {BATCH}"  # noqa: S608


def _ends() -> list[str]:
    """The queries for the first and the last id of each table whose ids tell a time."""
    return [
        f"SELECT id FROM {table} ORDER BY id {order} LIMIT 1"  # noqa: S608
        for table in _DATED
        for order in ("ASC", "DESC")
    ]


class SqliteSide:
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = ExitStack()
        self._connected: sqlite3.Connection | None = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._connected is None:
            raise RuntimeError("the side is not open")
        return self._connected

    async def connect(self) -> None:
        """A file is opened once it is locked."""

    async def identity(self) -> object:
        return self._path.resolve()

    async def begin_reading(self) -> None:
        if not self._path.is_file():
            raise Unavailable(f"there is no database at {self._path}")
        self._begin()
        if self._connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            raise Unavailable(_EMPTY)
        migrate_sqlite(self._connection)
        # Notes of events are told in the order in which they were written: here that of their rows, on PostgreSQL that
        # of their places.
        self._connection.execute("UPDATE event_outbox SET place = rowid")
        self._connection.execute("BEGIN")

    async def begin_writing(self) -> None:
        private_folder(self._path.parent)
        self._begin()
        migrate_sqlite(self._connection)

    def _begin(self) -> None:
        self._open.enter_context(sqlite_lock(self._path))
        private_database(self._path)
        self._connected = connect_sqlite(str(self._path))
        self._open.callback(self._connected.close)

    async def make_room(self, oldest_ms: int, newest_ms: int) -> None:
        """A SQLite table needs no preparation."""

    def _names(self, sql: str, *values: Any) -> list[str]:
        return [row[0] for row in self._connection.execute(sql, values)]

    async def tables(self) -> list[str]:
        return self._names(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid"
        )

    async def columns(self, table: str) -> list[str]:
        return self._names("SELECT name FROM pragma_table_info(?) ORDER BY cid", table)

    async def key(self, table: str) -> list[str]:
        return self._names("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table)

    async def count(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608

    async def times(self) -> list[int]:
        return [id_time(row[0]) for sql in _ends() for row in self._connection.execute(sql)]

    async def after(
        self, table: str, columns: Sequence[str], key: Sequence[Any]
    ) -> Sequence[tuple[Any, ...]]:
        sql = _page(table, columns, await self.key(table), ["?"] * len(key))
        found, size = list[tuple[Any, ...]](), 0
        rows = self._connection.execute(sql, key)  # read one by one, so that what is too much is not read
        for row in rows:
            found.append(tuple(row))
            size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if size >= BATCH_BYTES:
                break
        rows.close()
        return found

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], meta: Mapping[str, str]
    ) -> None:
        if table == "cursors":
            rows = self._at_free_places(columns.index("place"), rows)
        if table == "event_outbox":
            at = columns.index("place")
            columns, rows = ["rowid", *columns], [(row[at], *row) for row in rows]
        places = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
        with self._transaction():
            self._connection.executemany(sql, rows)
            self._put(meta)

    def _transaction(self) -> ExitStack:
        """Commits at the end of its block, or rolls back where the block raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        stack = ExitStack()
        stack.enter_context(self._connection)
        return stack

    def _at_free_places(self, at: int, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rows of `cursors`, whose column `at` is the place, moved to the next free place where theirs is taken: on
        PostgreSQL two cursors may have the same place, here not."""
        taken: set[int] = set()
        placed = []
        for row in rows:
            wanted = row[at]
            while wanted in taken or self._is_taken(wanted):
                wanted += 1
            taken.add(wanted)
            placed.append((*row[:at], wanted, *row[at + 1 :]))
        return placed

    def _is_taken(self, place: int) -> bool:
        found = self._connection.execute("SELECT 1 FROM cursors WHERE place = ?", (place,)).fetchone()
        return found is not None

    async def meta(self) -> dict[str, str]:
        return dict(map(tuple, self._connection.execute("SELECT name, value FROM meta")))

    async def set_meta(self, values: Mapping[str, str], gone: Sequence[str] = ()) -> None:
        with self._transaction():
            self._put(values, gone)

    def _put(self, values: Mapping[str, str], gone: Sequence[str] = ()) -> None:
        self._connection.executemany(
            "DELETE FROM meta WHERE name = ?", [(name,) for name in (*values, *gone)]
        )
        self._connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", values.items())

    async def close(self) -> None:
        self._open.close()


# The snapshot is idle for as long as the other side writes.
_SNAPSHOT = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0"
)


class PostgresSide:
    """A PostgreSQL database."""

    def __init__(self, url: str, name: str = "horarium copy") -> None:
        """`name` is what PostgreSQL shows of the connection."""
        self._url, self._name = url, name
        self._connection: Any = None

    async def connect(self) -> None:
        try:
            self._connection = await connect_postgres(self._url, self._name, STATEMENT_SECONDS)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unreachable(error, self._url) from error

    async def identity(self) -> object:
        found = await ask_identity(self._connection)
        # A role that may not ask for the cluster's number cannot be told that two databases are one. The second of them
        # then does not get the lock.
        return object() if found.cluster is None else (found.cluster, found.number)

    async def begin_reading(self) -> None:
        await self._lock("source")
        made = "SELECT coalesce(to_regclass('schema_migrations'), to_regclass('schema_version')) IS NOT NULL"
        if not await self._connection.fetchval(made):
            raise Unavailable(_EMPTY)
        await self._refuse_busy("source")
        await migrate_postgres(self._url)
        await self._connection.execute(_SNAPSHOT)

    async def begin_watching(self) -> int:
        """Read the database as it is now from here on, while servers work on it; the instant (ms), by its clock. What
        was committed before is there. Nothing is changed or locked, so a role that may only read is enough, and so is
        a replica. Raises Unavailable where it holds no installation, or one of another schema."""
        if not await self._connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
            raise Unavailable(_EMPTY)
        number = await self._connection.fetchval("SELECT max(number) FROM schema_migrations")
        if number != latest():
            raise Unavailable(
                f"the database has schema {number}, this program {latest()}: use the version of the program that works "
                "on the database"
            )
        now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
        at_ms = int(await self._connection.fetchval(now))
        await self._connection.execute(_SNAPSHOT)
        return at_ms

    async def begin_writing(self) -> None:
        await self._lock("target")
        await migrate_postgres(self._url)
        await self._refuse_busy("target")

    async def _lock(self, side: str) -> None:
        """Take the lock that a server needs for a moment when it starts, and keep it with the connection."""
        if without_pooler(self._url)[1]:
            raise Unavailable("a copy cannot go through a pooler: give it the direct address of the database")
        refusal = f"another copy works on the {side} database, or a server is starting on it: wait until it has ended"
        await self._until("SELECT pg_try_advisory_lock($1)", refusal, COPY_LOCK)

    async def _refuse_busy(self, side: str) -> None:
        """Raises Unavailable where a node's lease holds, or a connection of a server is there, which may be frozen."""
        # A source of the old numbering, which is brought up to date later, calls the end of a lease `lease_ms`.
        free = (
            "SELECT NOT EXISTS (SELECT FROM nodes n WHERE stopped_ms IS NULL "
            "AND CAST(coalesce(to_jsonb(n)->>'lease_until_ms', to_jsonb(n)->>'lease_ms') AS BIGINT) "
            "> EXTRACT(EPOCH FROM clock_timestamp()) * 1000) "
            "AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE 'horarium%' AND application_name <> ALL($1::text[]))"
        )
        if await self._connection.fetchval("SELECT to_regclass('nodes') IS NOT NULL"):
            await self._until(free, _BUSY.format(side=side), _ONLOOKERS)

    async def _until(self, question: str, refusal: str, *values: Any) -> None:
        """Ask until the answer is true. Raises Unavailable after PATIENCE_S."""
        end = time.monotonic() + PATIENCE_S
        while not await self._connection.fetchval(question, *values):
            if time.monotonic() > end:
                raise Unavailable(refusal)
            await asyncio.sleep(AGAIN_S)

    async def make_room(self, oldest_ms: int, newest_ms: int) -> None:
        """Make a partition for every month, but for those before the last MOST_MONTHS. A row of a month without one
        goes into the default partition, and then that month cannot get a partition any more."""
        *_, first = months_back(newest_ms, MOST_MONTHS)
        await make_partitions(self._connection, max(oldest_ms, month_starts(first)), newest_ms)

    async def _names(self, sql: str, *values: Any) -> list[str]:
        return [row[0] for row in await self._connection.fetch(sql, *values)]

    async def tables(self) -> list[str]:
        return await self._names(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY oid"
        )

    async def columns(self, table: str) -> list[str]:
        return await self._names(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 "
            "AND NOT attisdropped ORDER BY attnum",
            table,
        )

    async def key(self, table: str) -> list[str]:
        return await self._names(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
            "AND a.attnum = ANY(i.indkey) WHERE i.indrelid = $1::text::regclass AND i.indisprimary "
            "ORDER BY array_position(i.indkey::int[], a.attnum::int)",
            table,
        )

    async def count(self, table: str) -> int:
        return int(await self._connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608

    async def times(self) -> list[int]:
        return [id_time(row[0]) for sql in _ends() for row in await self._connection.fetch(sql)]

    async def after(
        self, table: str, columns: Sequence[str], key: Sequence[Any]
    ) -> Sequence[tuple[Any, ...]]:
        marks = [f"${n}" for n in range(1, len(key) + 1)]
        order = ", ".join(await self.key(table))
        names = ", ".join(columns)
        sizes = [f"coalesce(octet_length({name}), 0)" for name in await self._long(table)]
        page = _page(table, [*columns, f"{' + '.join(['0', *sizes])} AS size_"], await self.key(table), marks)
        # The sizes of texts are known without reading them; only those of the rows that are wanted are read.
        sql = (
            f"SELECT {names} FROM (SELECT {names}, sum(size_) OVER (ORDER BY {order}) - size_ AS before_ "  # noqa: S608
            f"FROM ({page}) AS page_) AS summed_ WHERE before_ < {BATCH_BYTES} ORDER BY {order}"
        )
        return [tuple(row) for row in await self._connection.fetch(sql, *key)]

    async def _long(self, table: str) -> list[str]:
        """The columns whose values may be long."""
        return await self._names(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 "
            "AND NOT attisdropped AND atttypid IN ('text'::regtype, 'bytea'::regtype)",
            table,
        )

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], meta: Mapping[str, str]
    ) -> None:
        async with self._connection.transaction():
            await self._connection.copy_records_to_table(table, columns=columns, records=rows)
            if table == "event_outbox":  # what is written later is told later
                await self._connection.execute(
                    "SELECT setval('event_outbox_order', max(place)) FROM event_outbox"
                )
            await self._put(meta)

    async def meta(self) -> dict[str, str]:
        return {row[0]: row[1] for row in await self._connection.fetch("SELECT name, value FROM meta")}

    async def set_meta(self, values: Mapping[str, str], gone: Sequence[str] = ()) -> None:
        async with self._connection.transaction():
            await self._put(values, gone)

    async def _put(self, values: Mapping[str, str], gone: Sequence[str] = ()) -> None:
        await self._connection.execute("DELETE FROM meta WHERE name = ANY($1::text[])", [*values, *gone])
        await self._connection.executemany("INSERT INTO meta (name, value) VALUES ($1, $2)", values.items())

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
