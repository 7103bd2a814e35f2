"""Make a backup of a database while servers work on it.

SQLite is copied by its own online backup, within one read transaction. PostgreSQL is read within one transaction too,
table by table as `horarium copy` does, into a SQLite file. So there is one format for both, which either of them can be
restored from, no program of PostgreSQL is needed, and a role that may only read is enough.

The copy is counted, checked and flushed to the disk before it gets its name.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from horarium import __version__
from horarium.backup.manifest import Manifest, file_name
from horarium.domain.errors import Conflict, Unavailable
from horarium.store.copy import SKIPPED, copy_tables
from horarium.store.copy_sides import PostgresSide, SqliteSide
from horarium.store.database_urls import sqlite_path
from horarium.store.migrations import latest
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.private_files import private_file, private_folder
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
        with TemporaryDirectory(dir=folder, prefix=".horarium-") as beside:
            part = Path(beside) / "backup"
            if source is None:
                manifest = await _of_postgres(url, part, progress)
            else:
                manifest = _of_sqlite(source, part, progress)
            progress("checking the backup")
            _seal(part, manifest)
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
        )
        await target.set_meta(meta, list(await target.meta()))
    except (*LOST, asyncpg.PostgresError) as error:
        raise unreachable(error, url) from None
    finally:
        await source.close()
        await target.close()
    return Manifest(made_ms, "postgresql", __version__, latest(), meta.get(VAULT_KEY), rows)


def _refuse_unfit(meta: dict[str, str]) -> None:
    if COPYING in meta:
        raise Unavailable("the database is a copy that has not been finished: finish it first")
    if BACKUP in meta:
        raise Unavailable("the database is itself a backup: copy the file, or restore it")


def _seal(part: Path, manifest: Manifest) -> None:
    """Write the manifest, make the backup one file, and see that it holds what the database held.

    Raises Unavailable where it does not.
    """
    with closing(sqlite3.connect(part, isolation_level=None)) as backup:
        # Without this the file would be opened with a log beside it.
        backup.execute("PRAGMA journal_mode = DELETE")
        backup.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (BACKUP, manifest.text()))
        check(backup, manifest)
    flush(part)


def check(backup: sqlite3.Connection, manifest: Manifest) -> None:
    """Raises Unavailable where a backup is damaged, or has other rows than its manifest says."""
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


def _counts(database: sqlite3.Connection) -> dict[str, int]:
    """The number of rows by table, without the tables that belong to one database alone."""
    tables = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    ).fetchall()
    return {
        name: int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
        for (name,) in tables
        if name not in SKIPPED
    }


def flush(path: Path) -> None:
    """Have a file or a folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
