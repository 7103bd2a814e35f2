"""Filling a stage with very many schedules, as fast as possible: by SQL in large sets and without flushes.

The herds are mixed at random, so that schedules that fall due together are scattered among all that are stored. Ids
ascend with time, as they do when schedules are made one after another.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from horarium.bench.stage import Stage
from horarium.domain.ids import Id, derived_id
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import NO_OWNER, Policies, policies_to_text, timing_to_text
from horarium.store.verbs.creation import place
from horarium.times import Timing, jitter_ms, local_text, zone_fingerprint, zone_names

# How many distinct pairs of expression and zone a herd has.
PAIRS = 500

# How many schedules are stored in one transaction.
PART = 50_000

_FRESH = """CREATE TEMPORARY TABLE fresh (
    id BYTEA, accounted_to BIGINT, next_slot BIGINT, next_due BIGINT, place BIGINT, timing TEXT, zone TEXT,
    zone_data TEXT)"""
# `$1` is a numbered parameter to one database and a named one to the other.
_COPIES = (
    """INSERT INTO schedules (id, workspace_id, dialect, owner_id, target_id, name, labels, extra, state, version,
                              definition_version, created_by, created_ms, updated_ms, zone, zone_data)
       SELECT id, $1, 'native', $2, $3, 'bench', '{}', '{}', 'active', 1, 1, $4, $5, $5, zone, zone_data
       FROM fresh ORDER BY id""",
    """INSERT INTO versions (schedule_id, version, timing, policies, target_id, input, from_ms)
       SELECT id, 1, timing, $1, $2, '{"n":1}', $3 FROM fresh ORDER BY id""",
    """INSERT INTO cursors (place, schedule_id, workspace_id, version, timing, policies, target_id, has_audience,
                            accounted_to, next_slot, next_due, zone, zone_data, fires, succeeded, failed, skipped,
                            open_fires, waiting_fires, failures_in_row)
       SELECT place, id, $1, 1, timing, $2, $3, 0, accounted_to, next_slot, next_due, zone, zone_data,
              0, 0, 0, 0, 0, 0, 0
       FROM fresh ORDER BY id""",
)


@dataclass(frozen=True, slots=True)
class Herd:
    """`count` schedules to store, which have these timings in
    turn; their next slot and how far they are accounted for (ms)."""

    timings: Sequence[Timing]
    count: int
    next_slot: int
    accounted_to: int


def timings_at(at_s: int, pairs: int = PAIRS, weekly: bool = False) -> list[Timing]:
    """Distinct timings that all fire at one instant (s since the
    epoch): daily or weekly, at the local time that each zone has then."""
    found = []
    for minute_list in ("{m}", "{m},{m}"):
        for name in sorted(zone_names()):
            local = datetime.fromisoformat(local_text(name, at_s))
            if local.second == 0:
                minutes = minute_list.format(m=local.minute)
                days = local.isoweekday() if weekly else "*"
                found.append(Timing(f"{minutes} {local.hour} * * {days}", zone=name))
            if len(found) == pairs:
                return found
    return found


async def fill(made: Stage, target: Id, herds: Sequence[Herd], jitter: int = 0) -> list[Id]:
    """Store the herds, with a jitter (ms) if given, and leave the database
    as it is at rest: with statistics, and with no cleaning up left to do. The ids of what was stored."""
    now = made.clock.now_ms()
    order = array("H", [number for number, herd in enumerate(herds) for _ in range(herd.count)])
    random.Random(len(order)).shuffle(order)
    ids = [derived_id(now - len(order) + n, n.to_bytes(8, "big")) for n in range(len(order))]
    parts = _parts(herds, order, ids, jitter)
    policies = policies_to_text(Policies(overlap=Overlap.ALLOW, jitter_ms=jitter))
    values: tuple[tuple[Any, ...], ...] = (
        (made.workspace, NO_OWNER, target, made.principal, now),
        (policies, target, now),
        (made.workspace, policies, target),
    )
    if made.flavour == "sqlite":
        await asyncio.to_thread(_fill_sqlite, made, parts, values)
    else:
        await _fill_postgres(made, parts, values)
    return ids


def _parts(
    herds: Sequence[Herd], order: Sequence[int], ids: Sequence[Id], jitter: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of the schedules with these ids, PART at a time; `order` tells the herd of each."""
    texts = [[(timing_to_text(t), t.zone, zone_fingerprint(t.zone)) for t in herd.timings] for herd in herds]
    for start in range(0, len(order), PART):
        numbers = range(start, min(start + PART, len(order)))
        rows = []
        for schedule_id, n, which in zip(
            ids[start : start + PART], numbers, order[start : start + PART], strict=True
        ):
            slot = herds[which].next_slot
            timing = texts[which][n % len(texts[which])]
            rows.append(
                (
                    schedule_id,
                    herds[which].accounted_to,
                    slot,
                    slot + jitter_ms(schedule_id, jitter),
                    place(schedule_id, timing[0], slot),
                    *timing,
                )
            )
        yield rows


def _fill_sqlite(
    made: Stage, parts: Iterator[list[tuple[Any, ...]]], values: Sequence[Sequence[Any]]
) -> None:
    path = Path(made.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in ("synchronous=OFF", "cache_size=-131072", "temp_store=MEMORY", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute(_FRESH)
        for rows in parts:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO fresh VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            for statement, given in zip(_COPIES, values, strict=True):
                connection.execute(statement, {str(n): value for n, value in enumerate(given, 1)})
            connection.execute("DELETE FROM fresh")
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("rb") as file:
        os.fsync(file.fileno())


async def _fill_postgres(
    made: Stage, parts: Iterator[list[tuple[Any, ...]]], values: Sequence[Sequence[Any]]
) -> None:
    import asyncpg

    connection = await asyncpg.connect(made.url)
    try:
        await connection.execute("SET synchronous_commit = off; SET jit = off")
        await connection.execute(_FRESH)
        for rows in parts:
            async with connection.transaction():
                await connection.copy_records_to_table("fresh", records=rows)
                for statement, given in zip(_COPIES, values, strict=True):
                    await connection.execute(statement, *given)
                await connection.execute("TRUNCATE fresh")
        await connection.execute("DROP TABLE fresh")
        await connection.execute("VACUUM (ANALYZE) schedules, versions, cursors")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
