"""The write itself, exactly once where the database can hold our marker.

One transaction claims the run's id in a small table of ours, does the write, and leaves its output there. A
later attempt of the same run, after a crash at any point or beside one that still goes, finds either
nothing (the first transaction was undone) or the whole of it, and then answers what was recorded and writes
nothing.
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

from horarium.executors.sql.config import MARKER
from horarium.executors.sql.databases import Database
from horarium.executors.sql.failures import is_permission
from horarium.executors.sql.operation import Plan
from horarium.executors.sql.values import render

EXACTLY_ONCE, AT_LEAST_ONCE = "exactly-once", "at-least-once"
KEEP_MS = 90 * 24 * 3600 * 1000
"""How long a marker is kept; no run is tried for nearly as long."""
PRUNE_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who writes: the run's id as text, the time in milliseconds, and how long its statements may take."""

    run: str
    now_ms: int
    timeout_ms: int


class AlreadyWritten(Exception):
    """The run's marker is there: an earlier attempt's write has been committed."""


class MarkerRefused(Exception):
    """The marker table is there, but this connection's user may not write to it."""


def write(connection: Connection, plan: Plan, ticket: Ticket, marker: Table | None) -> dict[str, Any]:
    """Does the plan's write and answers its output; with a marker table, at most once per run for ever."""
    connection.execution_options(writes=True)
    try:
        with connection.begin():
            _limit(connection, ticket.timeout_ms)
            return _write(connection, plan, ticket, marker)
    except AlreadyWritten:
        pass
    assert marker is not None
    with connection.begin():
        recorded = connection.execute(
            select(marker.c.output).where(marker.c.run_id == ticket.run)
        ).scalar_one()
    output: dict[str, Any] = json.loads(recorded)
    return output


def _write(connection: Connection, plan: Plan, ticket: Ticket, marker: Table | None) -> dict[str, Any]:
    if marker is None:
        return _apply(connection, plan) | {"guarantee": AT_LEAST_ONCE}
    _claim(connection, marker, ticket)
    output = _apply(connection, plan) | {"guarantee": EXACTLY_ONCE}
    done = update(marker).where(marker.c.run_id == ticket.run).values(output=json.dumps(output))
    connection.execute(done)
    return output


def _claim(connection: Connection, marker: Table, ticket: Ticket) -> None:
    """Waits for another attempt of the same run that holds the marker uncommitted, then finds it or takes
    it."""
    try:
        connection.execute(insert(marker).values(run_id=ticket.run, at=ticket.now_ms, output="{}"))
    except IntegrityError:
        raise AlreadyWritten from None
    except DBAPIError as error:
        if is_permission(error):
            raise MarkerRefused from None
        raise


def _apply(connection: Connection, plan: Plan) -> dict[str, Any]:
    result = connection.execute(plan.statement)
    output: dict[str, Any] = {
        "operation": plan.kind,
        "table": str(plan.table.name),
        "affected": result.rowcount,
    }
    keys = plan.table.primary_key.columns.keys()
    if plan.kind == "INSERT":
        output["affected"] = 1
        if keys and result.inserted_primary_key is not None:
            output["primary_key"] = {
                str(key): render(value) for key, value in zip(keys, result.inserted_primary_key, strict=True)
            }
    return output


def _limit(connection: Connection, timeout_ms: int) -> None:
    """Lets PostgreSQL itself end what outlasts the attempt, also when this process is frozen or cut off."""
    if connection.dialect.name != "postgresql":
        return
    whole = str(max(1, timeout_ms))
    locks = str(max(1, timeout_ms * 9 // 10))  # sooner than the statement, for the error that says more
    connection.execute(
        select(
            func.set_config("statement_timeout", whole, True),
            func.set_config("lock_timeout", locks, True),
            func.set_config("idle_in_transaction_session_timeout", whole, True),
        )
    )


def marker_table(schema: str | None) -> Table:
    return Table(
        MARKER,
        MetaData(),
        Column("run_id", String(36), primary_key=True),
        Column("at", BigInteger, nullable=False, index=True),
        Column("output", Text, nullable=False),
        schema=schema,
    )


def prepare_marker(connection: Connection, database: Database, target: Table) -> Table | None:
    """The marker table beside `target`, made if it is missing; None where the database cannot hold or make
    it.

    The answer is remembered, because a run must not be promised more on one attempt than on the next."""
    schema = target.schema
    if target.kwargs.get("mysql_engine") not in (None, "InnoDB"):
        return None  # that engine has no transactions: marker and write could not commit together
    if schema not in database.markers:
        database.markers[schema] = _make_marker(connection, schema)
    return marker_table(schema) if database.markers[schema] else None


def _make_marker(connection: Connection, schema: str | None) -> bool:
    if _has_marker(connection, schema):
        return True
    connection.execution_options(writes=True)
    try:
        with connection.begin():
            marker_table(schema).create(connection)
    except DBAPIError as error:
        # Another node may have made it in the same moment.
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
    """Forgets markers whose runs are long over."""
    connection.execution_options(writes=True)
    with connection.begin():
        connection.execute(marker.delete().where(marker.c.at < now_ms - KEEP_MS))
