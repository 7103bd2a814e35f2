"""Partitions: PostgreSQL keeps fires and runs in one partition for each month, by the time in their ids.

A month that has passed its retention is dropped as a whole. Rows of a month without a partition (a backfill of long
ago) are in a default partition, and are deleted one by one, as on SQLite. PostgreSQL makes no partition for a month of
which the default one has rows already, so months are made well ahead.
"""

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

# How many months are made beyond the current one.
AHEAD = 3

BATCH = 10_000

# Before the name of a month in `meta`, from when it is dropped until what belonged to its runs is deleted as well.
DROPPED = "dropped:"

# Making or dropping a partition has to wait for all queries on the table, and new queries wait behind it. So it gives
# up after this time and is tried again an hour later.
_PATIENCE = "SET LOCAL lock_timeout = '2s'"

# Whether a run with an id between two is under way; and whether a fire is. All runs of a fire have its time.
_RUN_UNDER_WAY = """
SELECT EXISTS (SELECT 1 FROM ready q JOIN runs r ON r.id = q.run_id WHERE q.run_id >= $1 AND q.run_id < $2 {which})
    OR EXISTS (SELECT 1 FROM callbacks c JOIN runs r ON r.id = c.run_id WHERE c.run_id >= $1 AND c.run_id < $2 {which}
               AND c.answer IS NULL AND r.state IN ('pending', 'running'))
"""
_FIRE_UNDER_WAY = """{runs}
    OR EXISTS (SELECT 1 FROM fanouts WHERE fire_id >= $1 AND fire_id < $2)
"""
_UNDER_WAY = {
    "runs": _RUN_UNDER_WAY.format(which=""),
    "fires": _FIRE_UNDER_WAY.format(runs=_RUN_UNDER_WAY.format(which="AND r.fire_id IS NOT NULL")),
}

# How full a page becomes at first, in percent. A row is written again once, when its run ends, and is longer then. If
# its page has room for that, no index is touched. With 50 one run in five moved to another page, and a fire took 50
# bytes more; with 80 the log of a fire was a quarter longer, and the indexes were an eighth larger.
_FILL = 44


def month_of(at_ms: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.year, at.month


def month_starts(month: tuple[int, int]) -> int:
    return int(datetime(*month, 1, tzinfo=UTC).timestamp()) * 1000


def following(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year, number + 1) if number < 12 else (year + 1, 1)


def months(from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """The months from the one of `from_ms` to the one of `to_ms`, and AHEAD more."""
    month, last = month_of(from_ms), month_of(to_ms)
    for _ in range(AHEAD):
        last = following(last)
    while month <= last:
        yield month
        month = following(month)


def months_back(from_ms: int, count: int) -> Iterator[tuple[int, int]]:
    """The month of an instant, and those before it: `count` in all, the newest first."""
    year, number = month_of(from_ms)
    for _ in range(count):
        yield year, number
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)


async def make_partitions(connection: Any, from_ms: int, to_ms: int) -> list[str]:
    """Make the missing partitions of these months; the names of those that were made."""
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
                f"WITH (fillfactor = {_FILL})"
            )
    except (asyncpg.CheckViolationError, asyncpg.LockNotAvailableError, asyncpg.DuplicateTableError) as error:
        _log.info("partition_not_made", name=name, why=str(error))
        return False
    return True


async def drop_partitions(connection: Any, before_ms: int) -> list[str]:
    """Drop the months that end before an instant, unless they hold something that is unfinished or was finished later;
    the names of those that were dropped. Of several nodes that do so one drops each month.

    What belongs to the runs of a month is deleted after it, also where a node has died meanwhile.
    """
    dropped = []
    await _delete_what_belonged(connection)
    for table in PARTITIONED:
        for name in sorted(await _partitions(connection, table)):
            month = _month_in(name)
            if month is None or month_starts(following(month)) > before_ms:
                continue
            if await _drop(connection, name, before_ms):
                dropped.append(name)
                await _delete_what_belonged(connection)
    return dropped


async def _drop(connection: Any, name: str, before_ms: int) -> bool:
    try:
        needed = await connection.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM {name} WHERE finished_ms IS NULL OR finished_ms >= $1)",  # noqa: S608
            before_ms,
        )
        if needed:
            return False
        async with connection.transaction():
            await connection.execute(_PATIENCE)
            await connection.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
            if await _in_hand(connection, name):
                return False
            await connection.execute(f"DROP TABLE {name}")
            await connection.execute(
                "INSERT INTO meta (name, value) VALUES ($1, '') ON CONFLICT (name) DO NOTHING", DROPPED + name
            )
    except (asyncpg.LockNotAvailableError, asyncpg.UndefinedTableError):  # another node has dropped it
        return False
    return True


async def _in_hand(connection: Any, name: str) -> bool:
    """Whether something of a month has begun since it was looked at, which takes a while: a run of it was repeated, or
    one of its slots filled in. A look at what is under way is short, and nothing can begin while the month is locked.
    """
    month = _month_in(name)
    assert month is not None
    bounds = (lowest_id_at(month_starts(m)) for m in (month, following(month)))
    return bool(await connection.fetchval(_UNDER_WAY[name.partition("_")[0]], *bounds))


async def _delete_what_belonged(connection: Any) -> None:
    """Delete what belonged to the runs of months that were dropped, and note that it is done."""
    for (noted,) in await connection.fetch("SELECT name FROM meta WHERE name LIKE $1", f"{DROPPED}%"):
        month = _month_in(noted)
        if month is not None and noted.startswith(f"{DROPPED}runs_"):
            await _delete_attempts_and_callbacks(connection, month)
        await connection.execute("DELETE FROM meta WHERE name = $1", noted)


async def _delete_attempts_and_callbacks(connection: Any, month: tuple[int, int]) -> None:
    """Delete the attempts and callbacks of the runs of a month that was dropped."""
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
