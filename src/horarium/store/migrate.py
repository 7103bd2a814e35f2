"""Bringing the database at a URL up to date, whichever of the two it is, and what that would do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from horarium.domain.errors import Unavailable
from horarium.store.database_urls import sqlite_path
from horarium.store.file_lock import sqlite_lock
from horarium.store.migrations import Migration, adopt, adopting, latest, migrations
from horarium.store.postgres.connection import connect as connect_postgres
from horarium.store.postgres.faults import LOST, unreachable
from horarium.store.postgres.migrate import migrate_postgres
from horarium.store.private_files import private_database, private_folder
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.migrate import APPLICATION_ID, migrate_sqlite


@dataclass(frozen=True, slots=True)
class Pending:
    """What separates the schema of a database from that of this program.

    `number` is that of the database, 0 where it has no tables, and `known` that of this program. `usable_upto` is the
    newest that this program works with. `adopting` are the statements that a database of the old numbering needs
    first, and `missing` the migrations that follow.
    """

    number: int
    known: int
    usable_upto: int
    adopting: tuple[str, ...]
    missing: tuple[Migration, ...]

    @property
    def too_new(self) -> bool:
        """Whether this program cannot work with the database."""
        return self.number > self.usable_upto

    @property
    def up_to_date(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.missing or self.adopting or self.too_new)


async def migrate(url: str) -> list[str]:
    """Bring the database at `sqlite:///PATH` or `postgresql://...` up to date, and make it where it is missing.

    Returns the names of what was applied. Raises Unavailable.
    """
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        private_folder(path.parent)
        private_database(path)
        try:
            connection = connect(str(path))
        except sqlite3.Error as error:
            raise Unavailable(f"the database file {path} cannot be opened: {error}") from error
        with closing(connection):
            return migrate_sqlite(connection)
    return await migrate_postgres(url)


async def migrate_alone(url: str) -> list[str]:
    """As `migrate`, where a SQLite file must exist and no server may be working on it. Raises Unavailable."""
    path = sqlite_path(url)
    if path is None:
        return await migrate_postgres(url)
    _refuse_missing(path)
    with sqlite_lock(path):
        return await migrate(url)


async def pending(url: str) -> Pending:
    """What is to be done to the database at a URL; nothing is changed. Raises Invalid for a URL of an unknown kind, and
    Unavailable where the database cannot be read, belongs to another program, or is of an old version that cannot be
    brought up to date."""
    path = sqlite_path(url)
    if path is None:
        number, is_old = await _postgres_number(url)
        first = tuple(adopting("postgres")) if is_old and number else ()
        return _pending(adopt(number) if first else number, latest() + 1, first, migrations("postgres"))
    number, is_old = _sqlite_number(path)
    first = tuple(adopting("sqlite")) if is_old else ()
    return _pending(adopt(number) if first else number, latest(), first, migrations("sqlite"))


def _pending(number: int, usable_upto: int, first: tuple[str, ...], known: list[Migration]) -> Pending:
    missing = tuple(migration for migration in known if migration.number > number)
    return Pending(number, latest(), usable_upto, first, missing)


def _sqlite_number(path: Path) -> tuple[int, bool]:
    """The number of the schema in a file, and whether it is one of the old numbering."""
    _refuse_missing(path)
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10.0)) as connection:
            mark, number = (
                int(connection.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("application_id", "user_version")
            )
    except sqlite3.Error as error:
        raise Unavailable(f"the database {path} cannot be read: {error}") from error
    if mark not in (APPLICATION_ID, 0):
        raise Unavailable("the SQLite file belongs to another program: give Horarium a file of its own")
    return number, mark == 0 and number > 0


async def _postgres_number(url: str) -> tuple[int, bool]:
    """The number of the schema in a database, and whether it is one of the old numbering."""
    try:
        connection = await connect_postgres(url, "horarium migrate")
        try:
            for table, column, is_old in (
                ("schema_version", "version", True),
                ("schema_migrations", "number", False),
            ):
                if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
                    found = await connection.fetchval(f"SELECT max({column}) FROM {table}")  # noqa: S608
                    return int(found or 0), is_old
            return 0, False
        finally:
            await connection.close()
    except (*LOST, asyncpg.PostgresError) as error:
        raise unreachable(error, url) from None


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise Unavailable(f"there is no database at {path}: name the server's data folder with --data")
