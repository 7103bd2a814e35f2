"""Make a backup of a database while servers work on it.

SQLite is copied by its own online backup, within one read transaction. PostgreSQL is read within one transaction too,
table by table as `horarium copy` does, into a SQLite file. So there is one format for both, which either of them can be
restored from, no program of PostgreSQL is needed, and a role that may only read is enough.

The copy is checked, counted, compared with what was read and flushed to the disk before it gets its name. Its manifest
keeps what it was compared with, so that a backup whose contents have changed is noticed at any later time.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg

from horarium import __version__
from horarium.backup.manifest import Manifest, file_name
from horarium.backup.scratch import scratch_folder
from horarium.domain.errors import Conflict, Unavailable
from horarium.store.copy import SKIPPED, copy_tables
from horarium.store.copy_sides import PostgresSide, SqliteSide
from horarium.store.database_urls import sqlite_path
from horarium.store.migrations import latest
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.private_files import private_file, private_folder
from horarium.store.row_sums import RowSum
from horarium.store.sqlite.migrate import APPLICATION_ID
from horarium.store.verbs.meta import BACKUP, COPYING, VAULT_KEY

# Pages that one step of SQLite's online backup copies: 16 MiB. Between two steps progress is told.
PAGES = 4_096

# Called from time to time with a sentence on how far the backup has come.
Progress = Callable[[str], None]


async def make_backup(
    url: str, folder: Path, progress: Progress = lambda words: None
) -> tuple[Path, Manifest]:
    """Back up the database at a URL into a new file of a folder, which is made if it is missing.

    Raises Invalid for a URL of an unknown kind, Conflict where the file is there already, and Unavailable where the
    database or the folder cannot be used, the database holds no installation, or is itself a backup or an unfinished
    copy.
    """
    source = sqlite_path(url)
    if source is not None and not source.is_file():
        raise Unavailable(f"there is no database at {source}: name the server's data folder with --data")
    try:
        private_folder(folder)
        with scratch_folder(folder) as beside:
            part = beside / "backup"
            if source is None:
                manifest = await _of_postgres(url, part, progress)
            else:
                manifest = _of_sqlite(source, part, progress)
            progress("checking the backup")
            manifest = _seal(part, manifest)
            file = folder / file_name(manifest.made_ms)
            if file.exists():
                raise Conflict(f"there is a backup {file} already: wait a moment", "state")
            part.rename(file)
            flush(folder)
    except OSError as error:
        raise Unavailable(f"the backup cannot be written to {folder}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise Unavailable(f"the backup has failed: {error}") from error
    return file, manifest


def _of_sqlite(source: Path, part: Path, progress: Progress) -> Manifest:
    made_ms = time.time_ns() // 1_000_000
    # Opened for reading only. A server may work on the file: a reader and the writer do not wait for each other.
    with closing(reading(source)) as database:
        database.execute("BEGIN")
        number = database.execute("PRAGMA user_version").fetchone()[0]
        if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise Unavailable(f"{source} holds no installation of Horarium")
        meta = dict(map(tuple, database.execute("SELECT name, value FROM meta")))
        _refuse_unfit(meta)
        progress("copying the database")
        private_file(part)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            database.backup(
                copy, pages=PAGES, progress=lambda status, left, pages: progress(_pages(pages - left, pages))
            )
        progress("counting the rows of the database")
        rows = _counts(database)
    return Manifest(made_ms, "sqlite", __version__, number, meta.get(VAULT_KEY), rows)


def _pages(done: int, pages: int) -> str:
    return f"copied {done} of {pages} pages"


def reading(file: Path) -> sqlite3.Connection:
    uri = f"{file.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)


async def _of_postgres(url: str, part: Path, progress: Progress) -> Manifest:
    source, target = PostgresSide(url, "horarium backup"), SqliteSide(part)
    sums: dict[str, RowSum] = {}

    def read(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        sums.setdefault(table, RowSum(table, columns)).add(rows)

    try:
        await source.connect()
        made_ms = await source.begin_watching()
        meta = await source.meta()
        _refuse_unfit(meta)
        await target.begin_writing()
        rows = await copy_tables(
            source,
            target,
            lambda done, table, number, total: progress(f"{done} {table}: {number} of {total}"),
            read,
        )
        await target.set_meta(meta, list(await target.meta()))
    except (*LOST, asyncpg.PostgresError) as error:
        raise unreachable(error, url) from None
    finally:
        await source.close()
        await target.close()
    found = {table: each.text() for table, each in sums.items()}
    return Manifest(made_ms, "postgresql", __version__, latest(), meta.get(VAULT_KEY), rows, found)


def _refuse_unfit(meta: dict[str, str]) -> None:
    if COPYING in meta:
        raise Unavailable("the database is a copy that has not been finished: finish it first")
    if BACKUP in meta:
        raise Unavailable("the database is itself a backup: copy the file, or restore it")


def _seal(part: Path, read: Manifest) -> Manifest:
    """See that the backup holds what was read from the database, make it one file, and write its manifest, which tells
    all that is in the file.

    Raises Unavailable where it does not hold that.
    """
    with closing(sqlite3.connect(part, isolation_level=None)) as backup:
        # Without this the file would be opened with a log beside it.
        backup.execute("PRAGMA journal_mode = DELETE")
        manifest = replace(read, sums=check(backup, read))
        backup.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (BACKUP, manifest.text()))
    flush(part)
    return manifest


def check(backup: sqlite3.Connection, manifest: Manifest) -> dict[str, str]:
    """The sums of what a backup holds. Raises Unavailable where it is damaged, or holds something else than its
    manifest says."""
    ((found,), *_) = backup.execute("PRAGMA integrity_check(1)").fetchall()
    if found != "ok":
        raise Unavailable(f"the backup is damaged ({found}): use another backup")
    rows = _counts(backup)
    for table in sorted({*rows, *manifest.rows}):
        there, said = rows.get(table, 0), manifest.rows.get(table, 0)
        if there != said:
            raise Unavailable(
                f"the backup is not complete: {table} has {there} rows, its manifest says {said}: use another backup"
            )
    sums = _sums(backup)
    for part, said_sum in (manifest.sums or {}).items():
        if sums.get(part) != said_sum:
            raise Unavailable(
                f"the backup is not what it was when it was made: {part} holds something else than its manifest says: "
                "use another backup"
            )
    return sums


def _counts(database: sqlite3.Connection) -> dict[str, int]:
    """The number of rows by table, without the tables that belong to one database alone."""
    return {
        table: int(database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608
        for table in _tables(database)
        if table not in SKIPPED
    }


def _sums(database: sqlite3.Connection) -> dict[str, str]:
    """The sums of all rows by table, and of what the tables, indexes and the like are."""
    queries = {"sqlite_schema": "SELECT type, name, tbl_name, sql FROM sqlite_schema"}
    queries |= {table: f'SELECT * FROM "{table}"' for table in _tables(database)}  # noqa: S608
    queries["meta"] += f" WHERE name <> '{BACKUP}'"  # the manifest cannot tell of itself
    sums = {}
    for table, query in queries.items():
        rows = database.execute(query)
        found = RowSum(table, [column[0] for column in rows.description])
        found.add(rows)
        sums[table] = found.text()
    return sums


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    )
    return [name for (name,) in rows]


def flush(path: Path) -> None:
    """Have a file or a folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
