"""Restore a backup into a new database.

The work is done on a copy of the backup: it is checked and counted, brought to the schema of this program, and
what belonged to the old processes is taken out. On SQLite the copy then gets the name of the database; on PostgreSQL
its rows are copied as `horarium copy` does. Until that has ended no server starts on the database.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from pathlib import Path

from horarium.backup.making import Progress, check, flush, reading
from horarium.backup.manifest import Manifest, manifest_of, written
from horarium.backup.scratch import scratch_folder
from horarium.domain.errors import Conflict, Unavailable
from horarium.store.base import T, Tx
from horarium.store.copy import copy
from horarium.store.database_urls import SQLITE, sqlite_path
from horarium.store.file_lock import sqlite_lock
from horarium.store.private_files import private_file, private_folder
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.migrate import APPLICATION_ID, migrate_sqlite
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import load
from horarium.store.vault import Vault
from horarium.store.verbs.meta import BACKUP
from horarium.store.verbs.release import pass_over
from horarium.store.verbs.restored import (
    end_open,
    end_sending_actions,
    leave_old_processes,
    resume_without_catch_up,
)

# How many schedules or runs one transaction takes.
_BATCH = 2_000

# What SQLite keeps beside a database, by what follows its name, and reads before the file itself. A server that was
# killed leaves it there.
_LOGS = ("-wal", "-journal")


def check_backup(file: Path) -> Manifest:
    """Read a backup as a whole, and count its rows; its manifest. Raises Unavailable where it cannot be restored."""
    manifest = read_manifest(file)
    try:
        with closing(reading(file)) as backup:
            check(backup, manifest)
    except sqlite3.Error as error:
        raise Unavailable(f"the backup {file} is damaged ({error}): use another backup") from error
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What a backup says of itself. Raises Unavailable where the file is no backup."""
    if not file.is_file():
        raise Unavailable(f"there is no backup at {file}")
    try:
        with closing(reading(file)) as backup:
            if backup.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise Unavailable(f"{file} is no backup of Horarium")
            row = backup.execute("SELECT value FROM meta WHERE name = ?", (BACKUP,)).fetchone()
    except sqlite3.Error as error:
        raise Unavailable(f"{file} is no backup of Horarium, or it is damaged ({error})") from error
    return manifest_of(None if row is None else row[0])


async def restore(
    file: Path,
    url: str,
    vault: Vault | None,
    worked_until_ms: int | None = None,
    progress: Progress = lambda words: None,
) -> Manifest:
    """Restore a backup file into the database at a URL, which must be empty (PostgreSQL) or not exist (SQLite).

    `worked_until_ms`: until when the old server went on working after the backup. What was due by then does not run
    again: slots are entered as missed, and what was open is cancelled. Without it the restored server goes on as if
    the old one had ended when the backup was made.

    Raises Invalid for a URL of an unknown kind, Conflict where the database holds something, and Unavailable where the
    backup or the database cannot be used, and where `vault` does not have the key of the backup's secrets.
    """
    target = sqlite_path(url)
    said = read_manifest(file)
    refuse_other_key(said, vault)
    if worked_until_ms is not None:
        _refuse_instant(worked_until_ms, said)
    try:
        with ExitStack() as stack:
            if target is not None:
                private_folder(target.parent)
                stack.enter_context(sqlite_lock(target))
                _refuse_existing(target)
            beside = None if target is None else target.parent
            part = stack.enter_context(scratch_folder(beside)) / "horarium.db"
            progress("copying the backup")
            private_file(part)
            shutil.copyfile(file, part)
            progress("checking the backup")
            manifest = check_backup(part)
            _prepare(part, worked_until_ms, progress)
            if target is None:
                await copy(
                    f"{SQLITE}{part}", url, lambda done, *of: progress("{} {}: {} of {}".format(done, *of))
                )
            else:
                part.rename(target)
                flush(target.parent)
    except OSError as error:
        raise Unavailable(f"the backup cannot be restored: {error.strerror or error}") from error
    return manifest


def refuse_other_key(manifest: Manifest, vault: Vault | None) -> None:
    """Raises Unavailable where the secrets in a backup would not open with these keys."""
    wanted = manifest.key_fingerprint
    if wanted is None:
        return
    if vault is None:
        raise Unavailable(
            f"the key of the stored secrets is missing (its fingerprint is {wanted}): put the file secret.key of the "
            "old server into the new data folder, or set HORARIUM_SECRET_KEY"
        )
    if not vault.knows(wanted):
        raise Unavailable(
            f"the secrets in the backup were encrypted with the key of the fingerprint {wanted}, and the key given has "
            f"the fingerprint {vault.fingerprint()}: give the key that the old server had when the backup was made"
        )


def _refuse_instant(worked_until_ms: int, manifest: Manifest) -> None:
    now = time.time_ns() // 1_000_000
    if not manifest.made_ms <= worked_until_ms <= now:
        raise Conflict(
            f"the old server cannot have worked until {written(worked_until_ms)}: the backup was made at "
            f"{manifest.made_at}, and it is {written(now)}",
            "worked_until",
        )


def _refuse_existing(target: Path) -> None:
    if target.exists() and target.stat().st_size:
        raise Conflict(
            f"there is a database at {target} already: restore into a new data folder, or move that file away, "
            f"together with {target.name}-wal if it is there",
            "state",
        )
    for ending in _LOGS:
        log = target.with_name(target.name + ending)
        if log.exists() and log.stat().st_size:
            raise Conflict(
                f"there is what another database has left at {log}, and SQLite would read it as a part of the restored "
                "one: restore into a new data folder, or move that file to the database that it belongs to",
                "state",
            )


def _prepare(part: Path, worked_until_ms: int | None, progress: Progress) -> None:
    """Make a database out of a backup. Raises Unavailable where its schema is newer than this program."""
    with closing(connect(str(part))) as database:
        migrate_sqlite(database)
        _run(database, leave_old_processes)
        if worked_until_ms is not None:
            progress("ending what was open in the backup")
            _run(database, lambda tx: end_sending_actions(tx, worked_until_ms))
            while _run(database, lambda tx: end_open(tx, worked_until_ms, _BATCH)):
                pass
            while _run(database, lambda tx: resume_without_catch_up(tx, worked_until_ms, _BATCH)):
                pass
            while _run(database, lambda tx: pass_over(tx, worked_until_ms, _BATCH)):
                pass
        # One file without a log, so that it can be renamed.
        database.execute("PRAGMA journal_mode = DELETE")
    flush(part)


def _run(database: sqlite3.Connection, verb: Callable[[Tx], Awaitable[T]]) -> T:
    """A verb as one transaction."""
    database.execute("BEGIN IMMEDIATE")
    try:
        found = drive(verb(SqliteTx(database, load("sqlite"))))
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    return found
