"""Writing a database's files anew, so that nothing is left in them of what was deleted or changed.

A database does not overwrite what is deleted: it marks the place as free. SQLite writes the whole file anew and empties
its log; no server may work on it meanwhile. PostgreSQL writes one table after another; each is locked while that lasts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import asyncpg

from horarium.domain.errors import Unavailable
from horarium.store.database_urls import sqlite_path, without_pooler
from horarium.store.file_lock import sqlite_lock
from horarium.store.postgres.connection import connect as connect_postgres
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.sqlite.connection import connect

# Called with the name of each table, or of the file, before it is written anew.
Progress = Callable[[str], None]

# To write a large table anew takes long (seconds).
LONGEST_S = 7 * 86_400.0
_TABLES = (
    "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
    "AND relkind = 'r' ORDER BY relname"
)
# Statistics hold values of columns; those that the analysis has replaced are still in the file.
_STATISTICS = "pg_catalog.pg_statistic"


async def compact(url: str, progress: Progress = lambda name: None) -> list[str]:
    """Write the database at a URL anew; what was left undone, in words.

    Raises Invalid for a URL of an unknown kind, and Unavailable where the database cannot be reached, does not exist,
    or is a SQLite file that a server works on.
    """
    path = sqlite_path(url)
    if path is None:
        return await _compact_postgres(url, progress)
    _compact_sqlite(path, progress)
    return []


def _compact_sqlite(path: Path, progress: Progress) -> None:
    if not path.is_file():
        raise Unavailable(f"there is no database at {path}: name the server's data folder with --data")
    try:
        with sqlite_lock(path), closing(connect(str(path))) as connection:
            progress(path.name)
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise Unavailable(
            f"the database {path} could not be written anew, and is as it was: {error}; that takes up to twice its "
            "size of free space beside it"
        ) from error


async def _compact_postgres(url: str, progress: Progress) -> list[str]:
    if without_pooler(url)[1]:
        raise Unavailable("compacting cannot go through a pooler: give it the direct address of the database")
    try:
        connection = await connect_postgres(url, "horarium compact", LONGEST_S)
    except (*LOST, asyncpg.PostgresError) as error:
        raise unreachable(error, url) from None
    try:
        await connection.execute("SET statement_timeout = 0")
        for (table,) in await connection.fetch(_TABLES):
            progress(table)
            with suppress(asyncpg.UndefinedTableError):  # a server has dropped this month meanwhile
                await connection.execute(f"VACUUM (FULL, ANALYZE) {table}")
        return [
            words
            for statement, words in (
                (f"VACUUM (FULL) {_STATISTICS}", "the statistics were not written anew"),
                ("CHECKPOINT", "no checkpoint was made, so the old files go with the next one"),
            )
            if not await _allowed(connection, statement)
        ]
    except (*LOST, asyncpg.PostgresError) as error:
        raise unreachable(error, url) from None
    finally:
        await connection.close()


async def _allowed(connection: Any, statement: str) -> bool:
    """Execute what needs a right that the server's role may lack. Whether it was allowed."""
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True
