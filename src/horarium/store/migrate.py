"""The schema: numbered files, each applied once, in order.

On PostgreSQL nodes are upgraded one after another, so a migration first only adds (an older node goes on
working beside it), and what is not needed any more goes with the version after. A node therefore works with a
schema one newer than its own, and refuses one that is newer still."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg

from horarium.domain.errors import Unavailable
from horarium.store.postgres.connection import connect
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.postgres.partitions import make_partitions
from horarium.store.sqlite.connection import connect as connect_sqlite

_LOCK = 0x486F7261
"""The advisory lock of whoever migrates: any number, as long as it is ours."""

_FLAVOURED = {
    "sqlite": {"{clustered}": " WITHOUT ROWID", "{by_time}": ""},
    "postgres": {"{clustered}": "", "{by_time}": " PARTITION BY RANGE (id)"},
}


def migrations(flavour: str) -> list[tuple[int, str, list[str]]]:
    """(number, name, statements) of every migration, in order, in the words of one database.

    A file `0002_name.sql` serves both; `0002_name.sqlite.sql` and `0002_name.postgres.sql` serve one.
    """
    found = []
    for entry in files("horarium.store").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+?)(?:\.(sqlite|postgres))?\.sql", entry.name)
        if match and match[3] in (None, flavour):
            text = re.sub(r"--[^\n]*", "", entry.read_text("utf-8"))
            for mark, words in _FLAVOURED[flavour].items():
                text = text.replace(mark, words)
            statements = [part.strip() for part in text.split(";") if part.strip()]
            found.append((int(match[1]), match[2], statements))
    return sorted(found, key=lambda one: (one[0], one[1]))


def latest() -> int:
    """The schema version this software works with."""
    return max(number for number, _, _ in migrations("sqlite"))


def migrate_sqlite(connection: sqlite3.Connection) -> list[str]:
    """Bring a SQLite file up to date in one transaction; the names of what was applied.

    A newer schema is refused: an older program does not know what it would break.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > latest():
            raise Unavailable(
                f"the database has schema {version}, this program knows {latest()}: start the newer program"
            )
        applied = []
        for number, name, statements in migrations("sqlite"):
            if number > version:
                for statement in statements:
                    connection.execute(statement)
                applied.append(f"{number:04d}_{name}")
        connection.execute(f"PRAGMA user_version = {latest()}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return applied


async def migrate(url: str) -> list[str]:
    """Bring the database at `sqlite:///PATH` or `postgresql://...` up to date; the names of what was
    applied."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(connect_sqlite(str(path))) as connection:
            return migrate_sqlite(connection)
    return await migrate_postgres(url)


async def migrate_postgres(url: str) -> list[str]:
    """Bring a PostgreSQL database up to date, one program at a time; the names of what was applied."""
    try:
        connection = await connect(url)
    except (*LOST, asyncpg.PostgresError) as error:
        raise unreachable(error) from None
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _apply(connection)
        now = await connection.fetchval("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
        applied += await make_partitions(connection, now, now)
    except (*LOST, asyncpg.InsufficientPrivilegeError) as error:
        raise unreachable(error) from None
    finally:
        await connection.close()
    return applied


async def _apply(connection: Any) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version "
        "(version BIGINT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)"
    )
    version = await connection.fetchval("SELECT max(version) FROM schema_version") or 0
    if version > latest() + 1:
        raise Unavailable(
            f"the database has schema {version}, this program knows {latest()}: start a newer program"
        )
    applied = []
    for number in range(version + 1, latest() + 1):
        async with connection.transaction():
            for one, name, statements in migrations("postgres"):
                if one == number:
                    for statement in statements:
                        await connection.execute(statement)
                    applied.append(f"{number:04d}_{name}")
            await connection.execute("INSERT INTO schema_version VALUES ($1, now())", number)
    return applied
