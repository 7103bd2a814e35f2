"""Writes to a table, exactly once per run if the database can hold the server's marker table.

One transaction inserts the run's id into the marker table, does the write, and stores its output beside the id. If
the same run is attempted again (after a crash, or while the first attempt still works), the second attempt finds one
of two states. Without the id, the first transaction was rolled back, so the second attempt writes. With the id, the
write is committed, so the second attempt returns the stored output and writes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import inspect as inspect_database
from sqlalchemy.exc import DBAPIError, IntegrityError

from horarium.executors.sql.column_values import as_json
from horarium.executors.sql.config import MARKER
from horarium.executors.sql.databases import Database
from horarium.executors.sql.failures import is_permission
from horarium.executors.sql.operation import CompiledWrite

# The two guarantees that a run's output can name.
EXACTLY_ONCE, AT_LEAST_ONCE = "exactly-once", "at-least-once"
# How long a marker is kept, in milliseconds (90 days). The attempts of a run end long before that.
KEEP_MS = 90 * 24 * 3600 * 1000
# After how many writes of this process old markers are deleted.
PRUNE_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """The attempt that writes: its run's id as text, the current time, and how long its statements may take.

    `now_ms` is in milliseconds since the epoch, `timeout_ms` in milliseconds.
    """

    run: str
    now_ms: int
    timeout_ms: int


class AlreadyWritten(Exception):
    """The marker table has the run's id: the write of another attempt has been committed."""


class MarkerRefused(Exception):
    """The marker table exists, but the connection's user may not write to it."""


def write(
    connection: Connection, compiled: CompiledWrite, ticket: Ticket, marker: Table | None
) -> dict[str, Any]:
    """Does a compiled write and returns the run's output: operation, table, affected, primary_key?, guarantee.

    With a marker table, a run that has written before does not write again, and its stored output is returned.
    Raises MarkerRefused, and SQLAlchemyError for what the database refuses.
    """
    connection.execution_options(writes=True)
    try:
        with connection.begin():
            _limit(connection, ticket.timeout_ms)
            return _write(connection, compiled, ticket, marker)
    except AlreadyWritten:
        pass
    assert marker is not None
    with connection.begin():
        recorded = connection.execute(
            select(marker.c.output).where(marker.c.run_id == ticket.run)
        ).scalar_one()
    output: dict[str, Any] = json.loads(recorded)
    return output


def _write(
    connection: Connection, compiled: CompiledWrite, ticket: Ticket, marker: Table | None
) -> dict[str, Any]:
    if marker is None:
        return _apply(connection, compiled) | {"guarantee": AT_LEAST_ONCE}
    _claim(connection, marker, ticket)
    output = _apply(connection, compiled) | {"guarantee": EXACTLY_ONCE}
    done = update(marker).where(marker.c.run_id == ticket.run).values(output=json.dumps(output))
    connection.execute(done)
    return output


def _claim(connection: Connection, marker: Table, ticket: Ticket) -> None:
    """Inserts the run's id into the marker table. Waits for another attempt that has inserted it but not committed.

    Raises AlreadyWritten if the id is there, and MarkerRefused if the user may not insert.
    """
    try:
        connection.execute(insert(marker).values(run_id=ticket.run, at=ticket.now_ms, output="{}"))
    except IntegrityError:
        raise AlreadyWritten from None
    except DBAPIError as error:
        if is_permission(error):
            raise MarkerRefused from None
        raise


def _apply(connection: Connection, compiled: CompiledWrite) -> dict[str, Any]:
    """Executes the statement and returns the output, still without the guarantee."""
    result = connection.execute(compiled.statement)
    output: dict[str, Any] = {
        "operation": compiled.kind,
        "table": str(compiled.table.name),
        "affected": result.rowcount,
    }
    keys = compiled.table.primary_key.columns.keys()
    if compiled.kind == "INSERT":
        output["affected"] = 1
        if keys and result.inserted_primary_key is not None:
            output["primary_key"] = {
                str(key): as_json(value) for key, value in zip(keys, result.inserted_primary_key, strict=True)
            }
    return output


def _limit(connection: Connection, timeout_ms: int) -> None:
    """Makes PostgreSQL itself stop statements that take longer than the attempt may.

    So they also end if this process stops running or loses its connection.
    """
    if connection.dialect.name != "postgresql":
        return
    whole = str(max(1, timeout_ms))
    locks = str(max(1, timeout_ms * 9 // 10))  # shorter, because the error about a lock says more
    connection.execute(
        select(
            func.set_config("statement_timeout", whole, True),
            func.set_config("lock_timeout", locks, True),
            func.set_config("idle_in_transaction_session_timeout", whole, True),
        )
    )


def marker_table(schema: str | None) -> Table:
    """The definition of the marker table in a schema: a row for each run that has written."""
    return Table(
        MARKER,
        MetaData(),
        Column("run_id", String(36), primary_key=True),
        Column("at", BigInteger, nullable=False, index=True),
        Column("output", Text, nullable=False),
        schema=schema,
    )


def prepare_marker(connection: Connection, database: Database, target: Table) -> Table | None:
    """The marker table in the schema of the table `target`; it is created if it does not exist.

    Returns None if the table cannot share a transaction with it, or if the user may not create it. The result is
    remembered for the database, because all attempts of a run must give the same guarantee.
    """
    schema = target.schema
    if target.kwargs.get("mysql_engine") not in (None, "InnoDB"):
        return None  # without transactions, the marker and the write could not be committed together
    if schema not in database.markers:
        database.markers[schema] = _create_marker(connection, schema)
    return marker_table(schema) if database.markers[schema] else None


def _create_marker(connection: Connection, schema: str | None) -> bool:
    """Creates the marker table if it does not exist. Returns whether it exists now."""
    if _has_marker(connection, schema):
        return True
    connection.execution_options(writes=True)
    try:
        with connection.begin():
            marker_table(schema).create(connection)
    except DBAPIError as error:
        # Another node may have created it at the same moment.
        if _has_marker(connection, schema):
            return True
        if is_permission(error):
            return False
        raise
    return True


def _has_marker(connection: Connection, schema: str | None) -> bool:
    try:
        return inspect_database(connection).has_table(MARKER, schema=schema)
    finally:
        connection.rollback()


def prune(connection: Connection, marker: Table, now_ms: int) -> None:
    """Deletes the markers that were written more than KEEP_MS before `now_ms`."""
    connection.execution_options(writes=True)
    with connection.begin():
        connection.execute(marker.delete().where(marker.c.at < now_ms - KEEP_MS))
