"""The folder in which a backup is made, or in which a restore works on its copy, beside the place of what it makes.

It is gone afterwards. What a process that was killed has left of one is removed by the next: it may be as large as the
database.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_PREFIX = ".horarium-"
# A folder in use is locked. Where another machine uses it, through a network that knows no locks, it is written to.
_UNTOUCHED_S = 3_600


@contextmanager
def scratch_folder(beside: Path | None) -> Iterator[Path]:
    """A new folder within `beside`, or where temporary files go. Raises OSError where it cannot be made."""
    if beside is not None:
        _clear(beside)
    with TemporaryDirectory(dir=beside, prefix=_PREFIX) as made:
        handle = os.open(made, os.O_RDONLY)
        try:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(made)
        finally:
            os.close(handle)


def _clear(place: Path) -> None:
    """Remove the folders that nobody uses any more. What cannot be looked at or removed stays."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                touched = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
                if time.time() - touched > _UNTOUCHED_S:
                    shutil.rmtree(folder)
            finally:
                os.close(handle)
