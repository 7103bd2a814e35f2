"""The `sql` executor: INSERT and UPDATE on a user's table, typed, bound, and exactly once where that can be
had.

    {"operation": "INSERT", "values": {"name": "Ada", "score": 5}}
    {"operation": "UPDATE", "values": {"status": "late"}, "dbRecordId": 7}
    {"operation": "UPDATE", "values": {"status": "late"},
     "whereConditions": "[{\\"column\\": \\"due\\", \\"operator\\": \\"<\\", \\"value\\": \\"2026-03-01\\"}]"}

A run's output: `{"operation", "table", "affected", "primary_key"?, "guarantee": "exactly-once" |
"at-least-once"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import SQLAlchemyError

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.ids import Id, uuid_text
from horarium.domain.table_write import operation_problems
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import split
from horarium.executors.sql.address import Address, password_of, read_url
from horarium.executors.sql.config import SECRET_FIELDS, SqlConfig, check_config, read_config
from horarium.executors.sql.databases import Database, Databases, reflect
from horarium.executors.sql.failures import NotThere, failed, hidden_texts, is_statement_error, sentence
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy
from horarium.executors.sql.operation import plan_operation
from horarium.executors.sql.tables import database_path
from horarium.executors.sql.write import (
    PRUNE_EVERY,
    MarkerRefused,
    Ticket,
    marker_table,
    prepare_marker,
    prune,
    write,
)

LOOK_SECONDS = 10.0
"""How long looking at a table may take while an operation is only being checked."""
TIDY_SECONDS = 5.0
MAX_ADDRESSES = 256


class OperationRefused(Exception):
    """The operation does not fit the table; carries why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in problems))


@dataclass(frozen=True, slots=True)
class _Place:
    """An opened target."""

    config: SqlConfig
    database: Database


class SqlExecutor:
    """Runs targets of type `sql`."""

    type = "sql"

    def __init__(self, options: ExecutorOptions) -> None:
        self._options = options
        self._policy = HostPolicy.of(options)
        self._databases = Databases(DatabaseGuard(self._policy))
        self._addresses: dict[str, tuple[Address | None, list[str]]] = {}
        self._writes = 0
        self._tidying: asyncio.Task[None] | None = None

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        problems = check_config(config, self._policy)
        if not problems and config.get("database") is not None and self._options.data_dir is None:
            return [Problem("database", "this server has no data folder; use connection instead")]
        return problems

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return split(config, SECRET_FIELDS)

    async def check_operation(
        self, workspace_id: Id, config: Mapping[str, Any], secrets: Mapping[str, Any], operation: Any
    ) -> list[Problem]:
        """Everything wrong with an operation, held against the table as it is now; fields relative to the
        operation.

        A table that cannot be looked at within ten seconds is a problem of code "unavailable" (without a
        field)."""
        problems = operation_problems(operation)
        if problems:
            return problems
        settled = read_config(config, secrets)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                place = await self._open(workspace_id, settled)
                return await place.database.run(lambda connection: _judge(connection, place, operation))
        except OperationRefused as error:
            return list(error.problems)
        except NotThere as error:
            return [Problem("", str(error), "unknown")]
        except (SQLAlchemyError, OSError) as error:
            return [Problem("", sentence(error, self._hidden(settled)), "unavailable")]

    async def execute(self, call: Call) -> Outcome:
        """One attempt of one write. Never raises for what the database did."""
        settled = read_config(call.config, call.secrets)
        try:
            async with asyncio.timeout(call.timeout_ms / 1000) as limit:
                place = await self._open(call.workspace_id, settled)
                output = await self._write(place, call)
        except OperationRefused as error:
            return Outcome(Verdict.FAILED, error=str(error), retryable=False)
        except (SQLAlchemyError, OSError, NotThere) as error:
            if limit.expired():
                return Outcome(Verdict.FAILED, error=f"the write did not finish within {call.timeout_ms} ms")
            return failed(error, self._hidden(settled))
        self._writes += 1
        if self._writes % PRUNE_EVERY == 0 and (self._tidying is None or self._tidying.done()):
            self._tidying = asyncio.create_task(_tidy(place, call.now_ms))
        return Outcome(Verdict.SUCCEEDED, output=output)

    async def close(self) -> None:
        if self._tidying is not None:
            await self._tidying
        await self._databases.close()

    async def _open(self, workspace_id: Id, config: SqlConfig) -> _Place:
        if config.connection is None:
            if self._options.data_dir is None or config.database is None:
                raise NotThere("this server has no data folder for embedded databases")
            path = database_path(self._options.data_dir, workspace_id, config.database)
            return _Place(config, await self._databases.embedded(path))
        address, problems = self._address(config.connection)
        if address is None:
            raise OperationRefused([Problem("connection", text) for text in problems])
        return _Place(config, await self._databases.network(address, config.connection))

    def _address(self, connection: str) -> tuple[Address | None, list[str]]:
        """The address behind a URL by today's rules: the operator may have closed a host since the target
        was made. Remembered, for reading certificates takes a while."""
        if connection not in self._addresses:
            if len(self._addresses) >= MAX_ADDRESSES:
                self._addresses.clear()
            self._addresses[connection] = read_url(connection, self._policy)
        return self._addresses[connection]

    def _hidden(self, config: SqlConfig) -> Sequence[str]:
        """Texts that no message may show."""
        if config.connection is None:
            return ()
        return hidden_texts(password_of(config.connection), config.connection)

    async def _write(self, place: _Place, call: Call) -> dict[str, Any]:
        ticket = Ticket(uuid_text(call.run_id), call.now_ms, call.timeout_ms)
        try:
            return await place.database.run(
                lambda connection: _perform(connection, place, call.input, ticket)
            )
        except MarkerRefused:
            place.database.markers[place.config.schema] = False
            return await place.database.run(
                lambda connection: _perform(connection, place, call.input, ticket)
            )


async def _tidy(place: _Place, now_ms: int) -> None:
    """Now and then the old markers of the database just written to are forgotten; failing to is no matter."""
    schema = place.config.schema
    if not place.database.markers.get(schema):
        return
    with suppress(SQLAlchemyError, OSError):
        async with asyncio.timeout(TIDY_SECONDS):
            await place.database.run(lambda connection: prune(connection, marker_table(schema), now_ms))


def _judge(connection: Connection, place: _Place, operation: Any) -> list[Problem]:
    table = _look(connection, place, fresh=True)
    return plan_operation(operation, table, place.config.columns, place.database.dialect)[1]


def _perform(connection: Connection, place: _Place, operation: Any, ticket: Ticket) -> dict[str, Any]:
    """The write, planned on what is remembered of the table, and once more on a fresh look when that was
    stale."""
    known = (place.config.schema, place.config.table) in place.database.tables
    if known:
        try:
            return _perform_on(connection, place, _look(connection, place, fresh=False), operation, ticket)
        except OperationRefused:
            pass
        except SQLAlchemyError as error:
            if not is_statement_error(error):
                raise
    return _perform_on(connection, place, _look(connection, place, fresh=True), operation, ticket)


def _perform_on(
    connection: Connection, place: _Place, table: Table, operation: Any, ticket: Ticket
) -> dict[str, Any]:
    plan, problems = plan_operation(operation, table, place.config.columns, place.database.dialect)
    if plan is None:
        raise OperationRefused(problems)
    marker = prepare_marker(connection, place.database, table) if place.config.exactly_once else None
    return write(connection, plan, ticket, marker)


def _look(connection: Connection, place: _Place, *, fresh: bool) -> Table:
    key = (place.config.schema, place.config.table)
    if fresh or key not in place.database.tables:
        place.database.tables.pop(key, None)
        place.database.tables[key] = reflect(connection, *key)
    return place.database.tables[key]


def make(options: ExecutorOptions) -> SqlExecutor:
    """The factory behind the entry point `sql`."""
    return SqlExecutor(options)
