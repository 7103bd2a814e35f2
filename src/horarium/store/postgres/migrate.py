"""Bringing a PostgreSQL database up to date. The table `schema_migrations` says what was applied.

Nodes are upgraded one after another. So a migration first only adds, and an older node goes on working beside it;
what is no longer needed is removed by a migration of the next version. A node therefore works with a schema one
newer than its own, and refuses anything newer than that.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import structlog

from horarium.domain.errors import Unavailable
from horarium.store.migrations import (
    Migration,
    added_column,
    adopt,
    adopting,
    latest,
    migrations,
    refuse_newer,
)
from horarium.store.postgres.connection import connect
from horarium.store.postgres.faults import LOST, REFUSED, unreachable
from horarium.store.postgres.locks import locked
from horarium.store.postgres.partitions import make_partitions

_log = structlog.get_logger(__name__)

# The advisory lock of the program that migrates: any number, as long as nobody else uses it.
_LOCK = 0x486F7261
_WORK = "bringing the database up to date"

# How long one statement may take: an index of a large table takes minutes.
STATEMENT_SECONDS = 3_600.0

# To add a column takes a lock on the table that nobody else may use it beside, and whoever comes while it is waited for
# waits as well. So it is waited for only this long, which is less than the second after which PostgreSQL looks for a
# deadlock. If the lock is not got, nothing has been done, and everything is tried again after a pause.
LOCK_MS, PAUSE_S = 200, 1.0

# For how long that is tried, since a backup or a report may hold a table for minutes; and how long a program waits for
# another one that migrates.
PATIENCE_S = 600.0


async def migrate_postgres(url: str) -> list[str]:
    """Apply what the database does not have yet; the names of what was applied, and of partitions made.

    Programs that start at the same time wait for each other. Raises Unavailable.
    """
    try:
        connection = await connect(url, command_seconds=STATEMENT_SECONDS)
    except (*LOST, *REFUSED) as error:
        raise unreachable(error, url) from None
    try:
        async with locked(connection, _LOCK, _WORK, PATIENCE_S):
            await _adopt_old_numbering(connection)
            applied = await _apply(connection)
        # In another transaction: the tables that the migration has locked are free again.
        async with locked(connection, _LOCK, _WORK, PATIENCE_S):
            now = await connection.fetchval(
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
            )
            applied += await make_partitions(connection, now, now)
    except (*LOST, *REFUSED) as error:
        raise unreachable(error, url) from None
    finally:
        await connection.close()
    return applied


async def _adopt_old_numbering(connection: Any) -> None:
    """Enter a schema of the old numbering, which the table `schema_version` kept, under its new number."""
    if await connection.fetchval("SELECT to_regclass('schema_version')") is None:
        return
    old_number = await connection.fetchval("SELECT max(version) FROM schema_version") or 0
    async with connection.transaction():
        await _make_table(connection)
        if old_number:
            adopted = adopt(old_number)
            for statement in adopting("postgres"):
                await connection.execute(statement)
            for migration in migrations("postgres"):
                if migration.number <= adopted:
                    await _note(connection, migration.number, migration.name)
        await connection.execute("DROP TABLE schema_version")
    _log.info("schema_adopted", old_schema=old_number)


async def _apply(connection: Any) -> list[str]:
    await _make_table(connection)
    number = await connection.fetchval("SELECT max(number) FROM schema_migrations") or 0
    refuse_newer(number, latest() + 1)
    missing = [migration for migration in migrations("postgres") if migration.number > number]
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            await _apply_at_once(connection, missing)
            return [migration.title for migration in missing]
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if time.monotonic() > end:
                raise Unavailable(
                    f"the schema cannot be changed ({error}): for {PATIENCE_S:g} s other transactions have held a "
                    "table that the migration needs; pg_stat_activity shows them: end them, or wait for their end, and "
                    "start again"
                ) from error
            _log.info("migration_waits", error=str(error), again_in_s=PAUSE_S)
            await asyncio.sleep(PAUSE_S)


async def _apply_at_once(connection: Any, missing: list[Migration]) -> None:
    """Apply migrations as one transaction. Raises LockNotAvailableError where somebody else holds a table."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
        for migration in missing:
            for statement in migration.statements:
                if not await _has(connection, added_column(statement)):
                    await connection.execute(statement)
            await _note(connection, migration.number, migration.name)


async def _has(connection: Any, column: tuple[str, str] | None) -> bool:
    """Whether a column, named with its table, is there already."""
    if column is None:
        return False
    question = (
        "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = $2 "
        "AND NOT attisdropped)"
    )
    return bool(await connection.fetchval(question, *column))


async def _make_table(connection: Any) -> None:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(number BIGINT NOT NULL, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (number, name))"
    )


async def _note(connection: Any, number: int, name: str) -> None:
    await connection.execute("INSERT INTO schema_migrations VALUES ($1, $2, now())", number, name)
