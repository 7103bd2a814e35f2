"""Files and folders that only the account of the server may read: inputs, outputs and key hashes lie in them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# SQLite makes its log and its index with the mode of the database.
_SQLITE_ENDS = ("", "-wal", "-shm", "-journal")


def private_folder(path: Path) -> bool:
    """Make a folder with mode 700 if it is missing. Returns whether it is private.

    A folder that exists keeps its mode: others may have been let in on purpose.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return not stat.S_IMODE(path.stat().st_mode) & _OTHERS


def private_file(path: Path) -> None:
    """Make an empty file with mode 600, or take an existing one away from others, where its owner lets us.

    An existing file is not opened: closing it would end the locks that SQLite holds on it.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        with suppress(PermissionError):
            if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
                path.chmod(0o600)


def private_database(path: Path) -> None:
    """As `private_file`, for a SQLite database and the files beside it."""
    for end in _SQLITE_ENDS:
        beside = path.with_name(path.name + end)
        if not end or beside.exists():
            private_file(beside)
