"""Copy an installation from one database to another: every table, in batches, resumable, verified by counts and hashes.

No server may run on either database meanwhile, and the source is read as it was at one instant. Rows are copied in the
order of the source's primary keys. Each transaction also writes how far its table has come, so that a copy that was
interrupted continues from there. Until everything is copied and verified, the target is marked as incomplete: no server
starts on it, and no copy takes it as a source.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Literal

import asyncpg

from horarium.domain.errors import Conflict, Unavailable
from horarium.store.copy_sides import Side, side_of
from horarium.store.migrations import latest
from horarium.store.postgres.faults import LOST
from horarium.store.row_sums import RowSum
from horarium.store.verbs.meta import BACKUP, COPYING

# Called after every batch with what was done, the table, its rows so far, and its rows in all.
Progress = Callable[[Literal["copied", "verified"], str, int, int], None]

# Before the name of a table: the row of `meta` that says how far the table has come.
_PLACE = "copied "

# Not copied row by row: `meta` is written at the end, `nodes` are the processes of the old installation, and each
# database keeps its own list of migrations.
SKIPPED = ("meta", "nodes", "schema_migrations")

# Told the table, its columns and its rows whenever some have been read.
Reading = Callable[[str, Sequence[str], Sequence[tuple[Any, ...]]], None]


async def copy(
    from_url: str, to_url: str, progress: Progress = lambda done, table, rows, total: None
) -> dict[str, int]:
    """Copy everything; the number of rows by table.

    Raises Invalid for a URL of an unknown kind, Conflict where both are the same database or the target has data of its
    own, and Unavailable where a database cannot be used, a server is running on one of them, or the source is itself an
    unfinished copy.
    """
    source, target = side_of(from_url), side_of(to_url)
    async with AsyncExitStack() as stack:
        try:
            for side in (source, target):
                stack.push_async_callback(side.close)
                await side.connect()
            if await source.identity() == await target.identity():
                raise Conflict("source and target are the same database", "state")
            await source.begin_reading()
            meta = await source.meta()
            if COPYING in meta:
                raise Unavailable(
                    "the source is itself a copy that has not been finished: finish that copy first"
                )
            if BACKUP in meta:
                raise Unavailable("the source is a backup: use `horarium restore`")
            await target.begin_writing()
            return await _copy(source, target, progress)
        except (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError) as error:
            raise Conflict(
                f"the target holds rows that are not from this source ({error}): {_ANEW}"
            ) from error
        except (*LOST, asyncpg.PostgresError, sqlite3.Error) as error:
            words = str(error) or type(error).__name__
            raise Unavailable(
                f"the copy has stopped: {words.strip().splitlines()[0]}; run it again"
            ) from error


_ANEW = "give an empty database, and copy anew"


async def _copy(source: Side, target: Side, progress: Progress) -> dict[str, int]:
    copied = await copy_tables(source, target, progress)
    for table, total in copied.items():
        await _verify(source, target, table, total, progress)
    await target.set_meta(await source.meta(), [COPYING, *(_PLACE + table for table in copied)])
    return copied


async def copy_tables(
    source: Side, target: Side, progress: Progress, read: Reading = lambda table, columns, rows: None
) -> dict[str, int]:
    """Copy all tables but those in SKIPPED; the number of rows by table. The target stays marked as incomplete. Raises
    Conflict where it has data of its own."""
    tables = [table for table in await source.tables() if table not in SKIPPED]
    await _mark(target, tables)
    # Before the first row arrives, because a partition cannot be made once there are rows for it elsewhere.
    times = await source.times()
    if times:
        await target.make_room(min(times), max(times))
    return {table: await _copy_table(source, target, table, progress, read) for table in tables}


async def _mark(target: Side, tables: Sequence[str]) -> None:
    """Mark the target as incomplete; a copy that was interrupted has done so. Raises Conflict."""
    marked = (await target.meta()).get(COPYING)
    if marked is None:
        for table in tables:
            if await target.count(table):
                raise Conflict(f"the target has data already ({table}): give an empty database", "state")
        await target.set_meta({COPYING: str(latest())})
    elif marked != str(latest()):
        raise Conflict(
            f"the copy was begun with schema {marked}, this program has schema {latest()}: {_ANEW}"
        )


async def _copy_table(source: Side, target: Side, table: str, progress: Progress, read: Reading) -> int:
    """Copy what is missing of a table; how many rows it has."""
    columns = await source.columns(table)
    total, done = await source.count(table), await target.count(table)
    at = _from_text((await target.meta()).get(_PLACE + table))
    order = [columns.index(name) for name in await source.key(table)]
    while rows := await source.after(table, columns, at):
        at = [rows[-1][place] for place in order]
        read(table, columns, rows)
        await target.insert(table, columns, rows, {_PLACE + table: _to_text(at)})
        done += len(rows)
        progress("copied", table, done, total)
    return total


async def _verify(source: Side, target: Side, table: str, total: int, progress: Progress) -> None:
    """Compare the rows of a table on both sides. Raises Conflict where they differ: a server has worked on the source
    between two parts of a copy, or the target holds something else."""
    columns = await source.columns(table)
    there = await target.count(table)
    if there != total or await _sum(source, table, columns) != await _sum(target, table, columns):
        raise Conflict(
            f"{table} differs after the copy: the source has {total} rows, the target {there}. The source has changed "
            f"since the copy was begun, or the target holds something else: {_ANEW}"
        )
    progress("verified", table, there, total)


async def _sum(side: Side, table: str, columns: Sequence[str]) -> str:
    """The sum of all rows of a table."""
    found = RowSum(table, columns)
    order = [columns.index(name) for name in await side.key(table)]
    at: list[Any] = []
    while rows := await side.after(table, columns, at):
        at = [rows[-1][place] for place in order]
        found.add(rows)
    return found.text()


def _to_text(key: Sequence[Any]) -> str:
    return json.dumps([{"hex": part.hex()} if isinstance(part, bytes) else part for part in key])


def _from_text(text: str | None) -> list[Any]:
    parts = json.loads(text or "[]")
    return [bytes.fromhex(part["hex"]) if isinstance(part, dict) else part for part in parts]
