"""Read many rows of SQLite in one step.

Python's interpreter lock is released and taken again for each row that SQLite finds. While the event loop is busy that
means waiting each time: a thousand rows took 50 to 200 ms instead of 2. So a query for many rows is wrapped in another
one that finds a single row: a JSON array for each column.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from orjson import loads

# What stands before and after the text of a statement, by its name.
_WRAPPERS: dict[str, tuple[str, str]] = {}


def fetch(
    connection: sqlite3.Connection, name: str, sql: str, values: Mapping[str, Any] | Sequence[Any]
) -> Sequence[Sequence[Any]]:
    """The rows that `sql` finds, in its order. `name` stands for its columns.

    A column may hold NULL, numbers that are finite, and either texts or bytes. Raises sqlite3.DataError where the rows
    are longer together than SQLite's longest text.
    """
    before, after = _WRAPPERS.get(name) or _wrapper(connection, name, sql, values)
    row = connection.execute(f"{before}{sql}{after}", values).fetchone()
    return list(zip(*(_column(*row[place : place + 2]) for place in range(0, len(row), 2)), strict=True))


def _wrapper(
    connection: sqlite3.Connection, name: str, sql: str, values: Mapping[str, Any] | Sequence[Any]
) -> tuple[str, str]:
    count = len(connection.execute(f"SELECT * FROM ({sql}) LIMIT 0", values).description)  # noqa: S608
    columns = [f"c{number}" for number in range(count)]
    picked = ", ".join(
        f"max(typeof({column}) = 'blob'), "
        f"json_group_array(CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE {column} END)"
        for column in columns
    )
    # MATERIALIZED keeps the rows in the order of the query.
    wrapper = f"WITH packed ({', '.join(columns)}) AS MATERIALIZED (", f") SELECT {picked} FROM packed"  # noqa: S608
    return _WRAPPERS.setdefault(name, wrapper)


def _column(has_bytes: int | None, texts: str) -> list[Any]:
    column: list[Any] = loads(texts)
    if has_bytes:
        from_hex = bytes.fromhex
        return [None if value is None else from_hex(value) for value in column]
    return column
