"""Fires and runs on PostgreSQL lie in a partition a month, by the time in their ids; old months go in one
piece.

What no month takes (a backfill of long ago) lies in a rest that is tidied row by row, like SQLite's tables. A
month that the rest already has rows of cannot get a partition any more, so months are made well ahead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from horarium.domain.ids import lowest_id_at

_log = structlog.get_logger(__name__)

PARTITIONED = ("fires", "runs")
AHEAD = 3
"""Months made beyond the current one."""
BATCH = 10_000
_PATIENCE = "SET LOCAL lock_timeout = '2s'"
"""Attaching and dropping wait for every query on the table; they rather come again than hold up the rest."""


def month_of(at_ms: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.year, at.month


def month_starts(month: tuple[int, int]) -> int:
    return int(datetime(*month, 1, tzinfo=UTC).timestamp()) * 1000


def following(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year, number + 1) if number < 12 else (year + 1, 1)


def months(from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """The months from that of one instant to that of another, and AHEAD more."""
    month, last = month_of(from_ms), month_of(to_ms)
    for _ in range(AHEAD):
        last = following(last)
    while month <= last:
        yield month
        month = following(month)


async def make_partitions(connection: Any, from_ms: int, to_ms: int) -> list[str]:
    """Make the months that are missing; the names of what was made."""
    made = []
    for table in PARTITIONED:
        known = await _partitions(connection, table)
        for month in months(from_ms, to_ms):
            name = f"{table}_{month[0]:04d}_{month[1]:02d}"
            if name not in known and await _make(connection, table, name, month):
                made.append(name)
    return made


async def _make(connection: Any, table: str, name: str, month: tuple[int, int]) -> bool:
    low, high = (lowest_id_at(month_starts(m)).hex() for m in (month, following(month)))
    try:
        async with connection.transaction():
            await connection.execute(_PATIENCE)
            await connection.execute(
                f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('\\x{low}') TO ('\\x{high}') "
                "WITH (fillfactor = 80)"
            )
    except (asyncpg.CheckViolationError, asyncpg.LockNotAvailableError, asyncpg.DuplicateTableError) as error:
        _log.info("partition_not_made", name=name, why=str(error))
        return False
    return True


async def drop_partitions(connection: Any, before_ms: int) -> list[str]:
    """Drop the months that end before an instant and hold nothing unfinished or finished since; their
    names."""
    dropped = []
    for table in PARTITIONED:
        for name in sorted(await _partitions(connection, table)):
            month = _month_in(name)
            if month is None or month_starts(following(month)) > before_ms:
                continue
            if await _drop(connection, name, before_ms):
                dropped.append(name)
                if table == "runs":
                    await _forget_beside(connection, month)
    return dropped


async def _drop(connection: Any, name: str, before_ms: int) -> bool:
    needed = await connection.fetchval(
        f"SELECT EXISTS (SELECT 1 FROM {name} WHERE finished_ms IS NULL OR finished_ms >= $1)",  # noqa: S608
        before_ms,
    )
    if needed:
        return False
    try:
        async with connection.transaction():
            await connection.execute(_PATIENCE)
            await connection.execute(f"DROP TABLE {name}")
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def _forget_beside(connection: Any, month: tuple[int, int]) -> None:
    """Attempts and callbacks of the runs of a month that is gone."""
    low, high = (lowest_id_at(month_starts(m)) for m in (month, following(month)))
    await connection.execute("DELETE FROM callbacks WHERE run_id >= $1 AND run_id < $2", low, high)
    touched = BATCH
    while touched == BATCH:
        status = await connection.execute(
            "DELETE FROM attempts WHERE (run_id, number) IN "
            "(SELECT run_id, number FROM attempts WHERE run_id >= $1 AND run_id < $2 LIMIT $3)",
            low,
            high,
            BATCH,
        )
        touched = int(status.rpartition(" ")[2])


async def _partitions(connection: Any, table: str) -> set[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = $1::text::regclass",
        table,
    )
    return {row[0] for row in rows}


def _month_in(name: str) -> tuple[int, int] | None:
    found = re.search(r"_(\d{4})_(\d{2})$", name)
    return (int(found[1]), int(found[2])) if found else None
