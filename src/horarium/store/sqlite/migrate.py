"""Bringing a SQLite file up to date. Its header holds the number of its schema and a mark that it is ours."""

from __future__ import annotations

import sqlite3

import structlog

from horarium.domain.errors import Unavailable
from horarium.store.migrations import added_column, adopt, adopting, latest, migrations, refuse_newer

_log = structlog.get_logger(__name__)

# "Hora". Files of the old numbering do not have it.
APPLICATION_ID = 0x486F7261


def migrate_sqlite(connection: sqlite3.Connection) -> list[str]:
    """Apply in one transaction what the file does not have yet; the names of what was applied.

    Raises Unavailable for a file of a newer schema, for one that is not ours, and where it cannot be written.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        number = _schema_number(connection)
        refuse_newer(number, latest())
        missing = [migration for migration in migrations("sqlite") if migration.number > number]
        for migration in missing:
            for statement in migration.statements:
                if not _has(connection, added_column(statement)):
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {latest()}")
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:  # not where the disk is full: SQLite has rolled it back then
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise Unavailable(
                f"the database could not be brought up to date, and is as it was: {error}"
            ) from error
        raise
    return [migration.title for migration in missing]


def _has(connection: sqlite3.Connection, column: tuple[str, str] | None) -> bool:
    """Whether a column, named with its table, is there already."""
    if column is None:
        return False
    question = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ?)"
    return bool(connection.execute(question, column).fetchone()[0])


def _schema_number(connection: sqlite3.Connection) -> int:
    """The number of the schema in the file; 0 for a new one."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION_ID or (application, number) == (0, 0):
        return int(number)
    if application != 0:
        raise Unavailable("the SQLite file belongs to another program: give Horarium a file of its own")
    adopted = adopt(number)
    for statement in adopting("sqlite"):
        connection.execute(statement)
    _log.info("schema_adopted", old_schema=number)
    return adopted
