"""What a backup says of itself, and how its file is named.

A backup is a SQLite file with the tables of an installation, whichever database they come from. Its manifest is the row
BACKUP of `meta`. A server refuses a database that has this row, so nobody works on a backup by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from horarium.domain.errors import Unavailable

# The version of this format. A program reads no later one. Backups of format 1 tell no sums.
FORMAT = 2

SUFFIX = ".backup"
_NAME = re.compile(r"horarium-(\d{8}T\d{6})(\d{3})Z\.backup")
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    `made_ms`: the instant of the backup (ms, by the database's clock): what was committed before it is in the backup.
    `database`: sqlite or postgresql, where it comes from. `program` and `schema`: the versions of the program and of
    the tables. `key_fingerprint`: a name for the key that the secrets are encrypted with, from which the key cannot be
    computed; None where no server has ever worked on the database. `rows`: how many rows each table has. `sums`: the
    sums of the rows of each table (RowSum), and of what the tables are; None where a backup of format 1 tells none.
    """

    made_ms: int
    database: str
    program: str
    schema: int
    key_fingerprint: str | None
    rows: Mapping[str, int]
    sums: Mapping[str, str] | None = None

    @property
    def total(self) -> int:
        """How many rows there are in all tables."""
        return sum(self.rows.values())

    @property
    def made_at(self) -> str:
        """The instant of the backup as RFC 3339."""
        return written(self.made_ms)

    def text(self) -> str:
        """As it is kept in the backup."""
        return orjson.dumps({"format": FORMAT, **asdict(self)}).decode()


def manifest_of(text: str | None) -> Manifest:
    """The manifest that a backup holds. Raises Unavailable where it is missing, damaged or of a later format."""
    if text is None:
        raise Unavailable("the file is no backup of Horarium: it has no manifest")
    try:
        values: dict[str, Any] = orjson.loads(text)
        number = values.pop("format")
        if number > FORMAT:
            raise Unavailable(
                f"the backup has the format {number}, this program knows {FORMAT}: use a newer program"
            )
        return Manifest(**values)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unavailable("the manifest of the backup is damaged: use another backup") from None


def file_name(made_ms: int) -> str:
    """The name of a backup by its instant. Names are in the order of their instants."""
    return f"horarium-{datetime.fromtimestamp(made_ms // 1000, UTC):{_STAMP}}{made_ms % 1000:03}Z{SUFFIX}"


def made_of_name(name: str) -> int | None:
    """The instant (ms) in the name of a backup; None for any other name."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        stamp = datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(stamp.timestamp()) * 1000 + int(found[2])


def written(at_ms: int) -> str:
    """An instant as RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
