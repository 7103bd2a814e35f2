"""Locks of files that end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from horarium.domain.errors import Unavailable
from horarium.store.private_files import private_file


@contextmanager
def file_lock(path: Path, refusal: str) -> Iterator[None]:
    """Make the file if it is missing, and hold its lock while the block runs.

    Raises Unavailable with the sentence `refusal` where another process, or another block of this one, holds it.
    """
    private_file(path)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable(refusal) from None
        yield


@contextmanager
def sqlite_lock(database: Path) -> Iterator[None]:
    """Hold the lock of a SQLite database while the block runs, so that no other server or command works on it.

    The lock is a file beside the database and belongs to the database itself, whatever links or data folders lead to
    it. Raises Unavailable where it is held, and where the file has several names: each name would have a lock and a
    log of its own. Raises OSError where its folder cannot be used.
    """
    real = database.resolve()
    if real.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(real))
    if real.exists() and real.stat().st_nlink > 1:
        raise Unavailable(
            f"the database file {real} has several names (hard links): remove all but one, because SQLite keeps a "
            "separate log for each name"
        )
    refusal = f"another Horarium server or command is using the database {real}: stop it first"
    with file_lock(real.with_name(real.name + ".lock"), refusal):
        yield
