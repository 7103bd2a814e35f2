"""Every row of every table of a database, past the store: for tests in which nothing of somebody's may change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from horarium.store.base import Store, Tx
from horarium.store.postgres.transaction import PostgresTx
from horarium.store.sqlite.transaction import SqliteTx

# A row with the name of its table before its values.
Row = tuple[Any, ...]
Rows = Counter[Row]

_SQLITE_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rootpage"
)
_POSTGRES_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') "
    "AND NOT relispartition AND relname <> 'schema_migrations' ORDER BY oid"
)
_POSTGRES_COLUMNS = (
    "SELECT column_name, data_type, is_nullable = 'NO' FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND table_name = '{}' ORDER BY ordinal_position"
)
_POSTGRES_KEY = (
    "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
    "WHERE i.indrelid = '{}'::regclass AND i.indisprimary ORDER BY a.attnum"
)


class Column(NamedTuple):
    """A column of a table. `required`: it cannot be NULL."""

    name: str
    kind: str
    required: bool

    @property
    def is_bytes(self) -> bool:
        return self.kind.lower() in ("bytea", "blob")

    @property
    def is_number(self) -> bool:
        return self.kind.lower() in ("bigint", "integer", "double precision")


async def all_rows(store: Store) -> Rows:
    """What the database holds now."""
    return await store.urgent(rows_within)


async def rows_within(tx: Tx) -> Rows:
    """What the database holds for a transaction that is open."""
    found = Rows()
    for table in await _tables(tx):
        found.update((table, *row) for row in await _query(tx, f"SELECT * FROM {table}"))
    return found


async def columns(tx: Tx) -> dict[str, list[Column]]:
    """The columns of all tables, which stand in the order in which they were made."""
    found = {}
    for table in await _tables(tx):
        if isinstance(tx, SqliteTx):
            rows = await _query(
                tx, f"SELECT name, type, \"notnull\" OR pk > 0 FROM pragma_table_info('{table}')"
            )
        else:
            rows = await _query(tx, _POSTGRES_COLUMNS.format(table))
        found[table] = [Column(name, kind, bool(required)) for name, kind, required in rows]
    return found


async def keys(tx: Tx) -> dict[str, list[str]]:
    """The columns of the primary key of each table, in the order of the columns."""
    found = {}
    for table in await _tables(tx):
        if isinstance(tx, SqliteTx):
            rows = await _query(tx, f"SELECT name FROM pragma_table_info('{table}') WHERE pk > 0")
        else:
            rows = await _query(tx, _POSTGRES_KEY.format(table))
        found[table] = [name for (name,) in rows]
    return found


async def insert(tx: Tx, table: str, row: Mapping[str, Any]) -> None:
    """Enter a row as it is."""
    if isinstance(tx, SqliteTx):
        marks = ", ".join("?" * len(row))
        tx._connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
        )
        return
    assert isinstance(tx, PostgresTx)
    marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await tx.ensure_open()
    await tx.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())


def names_any(row: Row, ids: Iterable[bytes]) -> bool:
    """Whether a row holds one of these ids."""
    return not set(ids).isdisjoint(value for value in row if isinstance(value, bytes))


async def _tables(tx: Tx) -> list[str]:
    sql = _SQLITE_TABLES if isinstance(tx, SqliteTx) else _POSTGRES_TABLES
    return [name for (name,) in await _query(tx, sql)]


async def _query(tx: Tx, sql: str) -> list[Row]:
    if isinstance(tx, SqliteTx):
        return [tuple(row) for row in tx._connection.execute(sql)]
    assert isinstance(tx, PostgresTx)
    return [tuple(row) for row in await tx.connection.fetch(sql)]
