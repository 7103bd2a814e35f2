"""Where backups are kept: a folder, or a bucket of an S3-compatible storage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from horarium.backup.manifest import made_of_name
from horarium.backup.s3 import Bucket
from horarium.domain.errors import Unavailable

S3 = "s3://"


class Place(Protocol):
    """Where backups are kept. All methods may block, and raise Unavailable where the place cannot be used."""

    def names(self) -> list[str]:
        """The names of the files that are there."""

    def put(self, file: Path) -> str:
        """Keep a file under its own name. Returns where it is now."""

    def fetch(self, name: str, folder: Path) -> Path:
        """A file of this name, in a folder if it has to be brought."""

    def delete(self, name: str) -> None: ...


class Folder:
    """A folder of this machine, or one that is mounted here."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        try:
            return [entry.name for entry in self.path.iterdir() if entry.is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"the folder {self.path} cannot be read: {error.strerror}") from error

    def put(self, file: Path) -> str:
        """The file is in the folder already, or is moved there."""
        kept = self.path / file.name
        if kept != file:
            shutil.move(file, kept)
        return str(kept)

    def fetch(self, name: str, folder: Path) -> Path:
        return self.path / name

    def delete(self, name: str) -> None:
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(
                f"the old backup {self.path / name} cannot be deleted: {error.strerror}"
            ) from error


def place_of(named: str) -> Place:
    """The place of a folder's path, or of s3://BUCKET/PREFIX. Raises Unavailable where it cannot be used."""
    return Bucket(named.removeprefix(S3)) if named.startswith(S3) else Folder(Path(named))


def newest(place: Place) -> str | None:
    """The name of the newest backup of a place, or None where there is none."""
    return max((name for name in place.names() if made_of_name(name) is not None), default=None)


def find(named: str, folder: Path) -> Path:
    """The backup file at a path or s3:// address, or the newest one where this names a folder or prefix. What is not on
    this machine is brought into `folder`. Raises Unavailable where there is none."""
    path = Path(named)
    if not named.startswith(S3) and not path.is_dir():
        return path
    last = named.rpartition("/")[2]
    if named.startswith(S3) and made_of_name(last) is not None:
        return place_of(named.removesuffix(last)).fetch(last, folder)
    place = place_of(named)
    name = newest(place)
    if name is None:
        raise Unavailable(f"there is no backup in {named}")
    return place.fetch(name, folder)
