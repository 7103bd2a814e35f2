"""Copy an installation from one database to another: every table, in batches, resumable, verified by counts.

No server may be running on the source, and it is read as it was at one instant. Rows are copied in the order of
the source's primary keys. Each transaction also writes how far its table has come, so that a copy that was
interrupted continues from there. Until all rows are copied and counted, the target is marked as incomplete and
no server starts on it.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from horarium.domain.errors import Conflict, Unavailable
from horarium.domain.ids import id_time
from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from horarium.store.postgres.connection import connect
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.postgres.partitions import make_partitions
from horarium.store.sqlite.connection import connect as connect_sqlite
from horarium.store.verbs.meta import COPYING

BATCH = 5_000

# Before the name of a table: the row of `meta` that says how far the table has come.
_PLACE = "copied "

# Called after every batch with the table, its rows copied so far, and its rows in all.
Progress = Callable[[str, int, int], None]

# Not copied row by row: `meta` is written at the end, `nodes` are the processes of the old installation, and each
# database keeps its own list of migrations.
_SKIPPED = ("meta", "nodes", "schema_migrations")

_DATED = ("fires", "runs")
_BOTH_WAYS = ("ASC", "DESC")


class Side(Protocol):
    """One of the two databases, seen as tables with a primary key. Both have the same types of columns."""

    async def tables(self) -> list[str]: ...

    async def columns(self, table: str) -> list[str]: ...

    async def key(self, table: str) -> list[str]: ...

    async def count(self, table: str) -> int: ...

    async def ends(self, table: str) -> list[bytes]: ...

    async def after(self, table: str, key: Sequence[Any]) -> Sequence[Sequence[Any]]: ...

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Any], place: str) -> None: ...

    async def busy(self) -> bool: ...

    async def meta(self) -> dict[str, str]: ...

    async def set_meta(self, name: str, value: str | None) -> None: ...


async def copy(
    from_url: str, to_url: str, progress: Progress = lambda table, done, rows: None
) -> dict[str, int]:
    """Copy everything; the number of rows by table.

    Raises Conflict where both are the same database or the target has data of its own, and Unavailable where a
    database cannot be reached or a server is running on the source.
    """
    if from_url == to_url:
        raise Conflict("source and target are the same database", "state")
    await migrate(from_url)
    await migrate(to_url)
    try:
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(_open(from_url, reading=True))
            target = await stack.enter_async_context(_open(to_url, reading=False))
            if await source.busy():
                raise Unavailable(
                    "a server is running on the source: stop it, and wait until its lease is over"
                )
            return await _copy(source, target, progress)
    except (*LOST, asyncpg.PostgresError, sqlite3.Error) as error:
        raise unreachable(error) from error


async def _copy(source: Side, target: Side, progress: Progress) -> dict[str, int]:
    tables = [table for table in await source.tables() if table not in _SKIPPED]
    await _mark(target, tables)
    await _prepare(source, target)
    copied = {}
    for table in tables:
        copied[table] = await _copy_table(source, target, table, progress)
    for name, value in (await source.meta()).items():
        await target.set_meta(name, value)
    for table in tables:
        await target.set_meta(_PLACE + table, None)
    await target.set_meta(COPYING, None)
    return copied


async def _mark(target: Side, tables: Sequence[str]) -> None:
    if COPYING in await target.meta():
        return
    for table in tables:
        if await target.count(table):
            raise Conflict(f"the target has data already ({table}): give an empty database", "state")
    await target.set_meta(COPYING, str(latest()))


async def _prepare(source: Side, target: Side) -> None:
    """Make a partition for every month that will be needed. It must happen before the first row arrives: a row of a
    month without a partition goes into the default one, and that month cannot get a partition any more."""
    if not isinstance(target, _Postgres):
        return
    times = [id_time(id) for table in _DATED for id in await source.ends(table)]
    if times:
        await make_partitions(target.connection, min(times), max(times))


async def _copy_table(source: Side, target: Side, table: str, progress: Progress) -> int:
    columns = await source.columns(table)
    total, done = await source.count(table), await target.count(table)
    at = _from_text((await target.meta()).get(_PLACE + table))
    order = [columns.index(name) for name in await source.key(table)]
    while rows := await source.after(table, at):
        at = [rows[-1][place] for place in order]
        await target.insert(table, columns, rows, _to_text(at))
        done += len(rows)
        progress(table, done, total)
    there = await target.count(table)
    if there != total:
        raise Unavailable(f"{table}: the source has {total} rows, the target has {there} after the copy")
    return total


def _to_text(key: Sequence[Any]) -> str:
    return json.dumps([{"hex": part.hex()} if isinstance(part, bytes) else part for part in key])


def _from_text(text: str | None) -> list[Any]:
    parts = json.loads(text or "[]")
    return [bytes.fromhex(part["hex"]) if isinstance(part, dict) else part for part in parts]


@asynccontextmanager
async def _open(url: str, reading: bool) -> AsyncIterator[Side]:
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        with closing(connect_sqlite(str(path))) as connection:
            if reading:
                connection.execute("BEGIN")
            yield _Sqlite(connection, path)
        return
    connection = await connect(url)
    try:
        if reading:  # in one snapshot, which is idle for as long as the other side writes
            await connection.execute("SET idle_in_transaction_session_timeout = 0")
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield _Postgres(connection)
    finally:
        await connection.close()


def _page(table: str, columns: Sequence[str], key: Sequence[str], marks: Sequence[str]) -> str:
    """The query for the rows after a key, whose placeholders are `marks`, or for the first rows where there are none.
    All names come from the schema."""
    behind = f"WHERE ({', '.join(key)}) > ({', '.join(marks)}) " if marks else ""
    return f"SELECT {', '.join(columns)} FROM {table} {behind}ORDER BY {', '.join(key)} LIMIT {BATCH}"  # noqa: S608


def _end(table: str, order: str) -> str:
    return f"SELECT id FROM {table} ORDER BY id {order} LIMIT 1"  # noqa: S608


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self._lock = path.parent / "lock"

    async def busy(self) -> bool:
        """Whether a server holds the lock of the folder."""
        if not self._lock.exists():
            return False
        with self._lock.open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def _names(self, sql: str, *values: Any) -> list[str]:
        return [row[0] for row in self.connection.execute(sql, values)]

    async def tables(self) -> list[str]:
        return self._names(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "ORDER BY rootpage"
        )

    async def columns(self, table: str) -> list[str]:
        return self._names("SELECT name FROM pragma_table_info(?) ORDER BY cid", table)

    async def key(self, table: str) -> list[str]:
        return self._names("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table)

    async def count(self, table: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608

    async def ends(self, table: str) -> list[bytes]:
        return [row[0] for order in _BOTH_WAYS for row in self.connection.execute(_end(table, order))]

    async def after(self, table: str, key: Sequence[Any]) -> Sequence[Sequence[Any]]:
        sql = _page(table, await self.columns(table), await self.key(table), ["?"] * len(key))
        return [tuple(row) for row in self.connection.execute(sql, key)]

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Any], place: str) -> None:
        places = ", ".join("?" * len(columns))
        if table == "cursors":
            rows = self._at_free_places(columns.index("place"), rows)
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608
            rows,
        )
        await self.set_meta(_PLACE + table, place)
        self.connection.execute("COMMIT")

    def _at_free_places(self, at: int, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
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
        found = self.connection.execute("SELECT 1 FROM cursors WHERE place = ?", (place,)).fetchone()
        return found is not None

    async def meta(self) -> dict[str, str]:
        return dict(map(tuple, self.connection.execute("SELECT name, value FROM meta")))

    async def set_meta(self, name: str, value: str | None) -> None:
        self.connection.execute("DELETE FROM meta WHERE name = ?", (name,))
        if value is not None:
            self.connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, value))


class _Postgres:
    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def _names(self, sql: str, *values: Any) -> list[str]:
        return [row[0] for row in await self.connection.fetch(sql, *values)]

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
        return int(await self.connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608

    async def ends(self, table: str) -> list[bytes]:
        return [row[0] for order in _BOTH_WAYS for row in await self.connection.fetch(_end(table, order))]

    async def after(self, table: str, key: Sequence[Any]) -> Sequence[Sequence[Any]]:
        marks = [f"${n}" for n in range(1, len(key) + 1)]
        sql = _page(table, await self.columns(table), await self.key(table), marks)
        return [tuple(row) for row in await self.connection.fetch(sql, *key)]

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Any], place: str) -> None:
        async with self.connection.transaction():
            await self.connection.copy_records_to_table(table, columns=columns, records=rows)
            await self.set_meta(_PLACE + table, place)

    async def busy(self) -> bool:
        """Whether a node's lease holds."""
        return bool(
            await self.connection.fetchval(
                "SELECT EXISTS (SELECT 1 FROM nodes WHERE stopped_ms IS NULL "
                "AND lease_until_ms > EXTRACT(EPOCH FROM clock_timestamp()) * 1000)"
            )
        )

    async def meta(self) -> dict[str, str]:
        return {row[0]: row[1] for row in await self.connection.fetch("SELECT name, value FROM meta")}

    async def set_meta(self, name: str, value: str | None) -> None:
        await self.connection.execute("DELETE FROM meta WHERE name = $1", name)
        if value is not None:
            await self.connection.execute("INSERT INTO meta (name, value) VALUES ($1, $2)", name, value)
