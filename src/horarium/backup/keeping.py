"""Make a backup, put it where backups are kept, delete what is too old there, and note it in the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import asyncpg

from horarium.backup.making import Progress, make_backup
from horarium.backup.manifest import Manifest
from horarium.backup.places import Folder, place_of
from horarium.backup.retention import to_delete
from horarium.domain.errors import Unavailable
from horarium.store.database_urls import sqlite_path
from horarium.store.postgres.connection import PostgresConnection
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import load
from horarium.store.verbs.meta import note_backup


class Kept(NamedTuple):
    """A backup that was made. `where`: its path or address. `deleted`: the names of the old ones that were deleted.
    `noted`: whether the database knows of it, so that a watchdog does."""

    manifest: Manifest
    where: str
    size: int
    deleted: list[str]
    noted: bool


async def back_up(url: str, to: str, keep: int = 0, progress: Progress = lambda words: None) -> Kept:
    """Back up the database at a URL to a folder or an s3:// address, and keep the newest `keep` there (0: all).

    Raises what `make_backup` raises, and Unavailable where the place cannot be used.
    """
    place = place_of(to)
    if isinstance(place, Folder):
        file, manifest = await make_backup(url, place.path, progress)
        size = file.stat().st_size
        where = str(file)
    else:
        place.names()  # asked first, so that nobody waits for a backup that cannot be kept
        with TemporaryDirectory(prefix="horarium-") as folder:
            file, manifest = await make_backup(url, Path(folder), progress)
            size = file.stat().st_size
            progress("uploading the backup")
            where = place.put(file)
    deleted = to_delete(place.names(), keep, manifest.made_ms)
    for name in deleted:
        place.delete(name)
    return Kept(manifest, where, size, deleted, await _note(url, manifest.made_ms))


async def _note(url: str, made_ms: int) -> bool:
    """Have the database know when it was backed up; whether it could be told. A role that may only read cannot."""
    file = sqlite_path(url)
    if file is None:
        connection = PostgresConnection(url, "horarium backup")
        try:
            await connection.run(note_backup, made_ms)
        except (Unavailable, asyncpg.PostgresError):
            return False
        finally:
            connection.drop()
        return True
    try:
        with closing(connect(str(file))) as database:
            database.execute("BEGIN IMMEDIATE")
            drive(note_backup(SqliteTx(database, load("sqlite")), made_ms))
            database.execute("COMMIT")
    except sqlite3.Error:
        return False
    return True
