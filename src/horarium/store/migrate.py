"""The schema: numbered files, each applied once, in order."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources import files

from horarium.domain.errors import Unavailable

_FLAVOURED = {
    "sqlite": {"{clustered}": " WITHOUT ROWID", "{by_time}": ""},
    "postgres": {"{clustered}": "", "{by_time}": " PARTITION BY RANGE (id)"},
}


def migrations(flavour: str) -> list[tuple[int, str, list[str]]]:
    """(number, name, statements) of every migration, in order, in the words of one database.

    A file `0002_name.sql` serves both; `0002_name.sqlite.sql` and `0002_name.postgres.sql` serve one.
    """
    found = []
    for entry in files("horarium.store").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+?)(?:\.(sqlite|postgres))?\.sql", entry.name)
        if match and match[3] in (None, flavour):
            text = re.sub(r"--[^\n]*", "", entry.read_text("utf-8"))
            for mark, words in _FLAVOURED[flavour].items():
                text = text.replace(mark, words)
            statements = [part.strip() for part in text.split(";") if part.strip()]
            found.append((int(match[1]), match[2], statements))
    return sorted(found, key=lambda one: (one[0], one[1]))


def latest() -> int:
    """The schema version this software works with."""
    return max(number for number, _, _ in migrations("sqlite"))


def migrate_sqlite(connection: sqlite3.Connection) -> list[str]:
    """Bring a SQLite file up to date in one transaction; the names of what was applied.

    A newer schema is refused: an older program does not know what it would break.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > latest():
            raise Unavailable(
                f"the database has schema {version}, this program knows {latest()}: start the newer program"
            )
        applied = []
        for number, name, statements in migrations("sqlite"):
            if number > version:
                for statement in statements:
                    connection.execute(statement)
                applied.append(f"{number:04d}_{name}")
        connection.execute(f"PRAGMA user_version = {latest()}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return applied
