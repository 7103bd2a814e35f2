"""The `sql` executor: each run inserts a row into a user's table, or updates rows of it.

Values are checked against the types of the columns and bound as parameters. A run writes exactly once if the
database can hold the server's marker table (see `write`). The input of a run is an operation:

    {"operation": "INSERT", "values": {"name": "Ada", "score": 5}}
    {"operation": "UPDATE", "values": {"status": "late"}, "dbRecordId": 7}
    {"operation": "UPDATE", "values": {"status": "late"},
     "whereConditions": "[{\\"column\\": \\"due\\", \\"operator\\": \\"<\\", \\"value\\": \\"2026-03-01\\"}]"}

The output of a run is `{"operation", "table", "affected", "primary_key"?, "guarantee"}`. `affected` is the number
of rows, and the guarantee is "exactly-once" or "at-least-once".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection, Table
from sqlalchemy.exc import SQLAlchemyError

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, TimeIsUp, Verdict
from horarium.domain.ids import Id, prefixed, uuid_text
from horarium.domain.table_write import operation_problems
from horarium.domain.waiting import NOTED_FROM_MS
from horarium.executors.compiled import BrokenConfiguration
from horarium.executors.egress import AddressRefused, host_of, not_allowed, note_refusal
from horarium.executors.look_ups import asked_by
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import split
from horarium.executors.sql.address import Address, password_of, read_url
from horarium.executors.sql.config import SECRET_FIELDS, SqlConfig, check_config, read_config
from horarium.executors.sql.databases import Database, Databases, reflect
from horarium.executors.sql.failures import (
    NotThere,
    failed,
    hidden_texts,
    is_breakdown,
    is_statement_error,
    sentence,
)
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy
from horarium.executors.sql.operation import compile_write
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
from horarium.service.breakdowns import places_of

_log = structlog.get_logger(__name__)

# How long reading a table's columns may take, in seconds, while an operation is only checked.
CHECK_SECONDS = 10.0
# How long deleting old markers may take, in seconds.
PRUNE_SECONDS = 5.0
# How many connection URLs are remembered as read.
MAX_ADDRESSES = 256


class _Wait:
    """How long a write waits for a connection, or for its turn in a file. It ends when the work begins, in whatever
    thread."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._until: float | None = None

    def end(self) -> None:
        if self._until is None:
            self._until = time.monotonic()

    def milliseconds(self) -> int:
        """Up to its end, or up to now where it has not ended."""
        until = time.monotonic() if self._until is None else self._until
        return round((until - self._since) * 1000)


class OperationRefused(Exception):
    """The operation does not fit the table, or the target's host is not allowed. `problems` say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(_line(problem) for problem in problems))


def _line(problem: Problem) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message


@dataclass(frozen=True, slots=True)
class _OpenTarget:
    """A target's configuration and its open database."""

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
        self._pruning: asyncio.Task[None] | None = None

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Opens no database."""
        problems = check_config(config, self._policy)
        if not problems and config.get("database") is not None and self._options.data_dir is None:
            return [Problem("database", "this server has no data folder; use connection instead")]
        return problems

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the workspace may not reach the host of the connection."""
        address = None if config.get("connection") is None else self._address(config["connection"])[0]
        wrong = (
            None if address is None else not_allowed(address.host, self._options.allowed_hosts(workspace_id))
        )
        return [Problem("connection", f"leads to a host that {wrong}")] if wrong else []

    def is_kept_by_workspace(self, config: Mapping[str, Any]) -> bool:
        """Whether it is an embedded table: each workspace has files of its own."""
        return config.get("database") is not None

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    async def check_operation(
        self, workspace_id: Id, config: Mapping[str, Any], secrets: Mapping[str, Any], operation: Any
    ) -> list[Problem]:
        """Everything that is wrong with an operation for the table as it is now.

        Fields are relative to the operation. If the database cannot be read within ten seconds, the only problem has
        the code "unavailable" and no field. If the table does not exist, it has the code "unknown" and no field.
        """
        problems = operation_problems(operation)
        if problems:
            return problems
        settings = read_config(config, secrets)
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                with asked_by(workspace_id):
                    target = await self._open(workspace_id, settings)
                    return await target.database.run(
                        lambda connection: _problems(connection, target, operation)
                    )
        except OperationRefused as error:
            return list(error.problems)
        except NotThere as error:
            return [Problem("", str(error), "unknown")]
        except (SQLAlchemyError, OSError) as error:
            return [Problem("", sentence(error, self._hidden(settings)), "unavailable")]

    async def execute(self, call: Call) -> Outcome:
        """Does the write of one run, once. An error of the database or the network becomes a failed Outcome."""
        wait = _Wait()
        outcome = await self._execute(call, wait)
        waited = wait.milliseconds()
        return replace(outcome, waited_ms=waited) if waited >= NOTED_FROM_MS else outcome

    async def _execute(self, call: Call, wait: _Wait) -> Outcome:
        try:
            settings = read_config(call.config, call.secrets)
        except (LookupError, TypeError, ValueError, AttributeError):
            return Outcome(Verdict.FAILED, error=str(BrokenConfiguration()), retryable=False)
        try:
            async with asyncio.timeout(call.timeout_ms / 1000) as limit:
                with asked_by(call.reaching_id):
                    target = await self._open(call.reaching_id, settings)
                    output = await self._write(target, call, wait)
        except OperationRefused as error:
            return Outcome(Verdict.FAILED, error=str(error), retryable=False)
        except (SQLAlchemyError, OSError, NotThere) as error:
            self._note(call.reaching_id, settings, error)
            if limit.expired():
                return Outcome(Verdict.FAILED, error=TimeIsUp.WRITE.after(call.timeout_ms))
            return failed(error, self._hidden(settings))
        except Exception as error:
            if not is_breakdown(error):
                raise
            _log.warning(
                "database_not_understood",
                workspace=prefixed("ws", call.reaching_id),
                places=places_of(error),
            )
            return failed(error, self._hidden(settings))
        self._writes += 1
        if self._writes % PRUNE_EVERY == 0 and (self._pruning is None or self._pruning.done()):
            self._pruning = asyncio.create_task(_prune_markers(target, call.now_ms))
        return Outcome(Verdict.SUCCEEDED, output=output)

    async def close(self) -> None:
        """Closes every open database, after a deletion of old markers that is still going on."""
        if self._pruning is not None:
            await self._pruning
        await self._databases.close()

    async def _open(self, workspace_id: Id, config: SqlConfig) -> _OpenTarget:
        """The target's database, opened. Raises NotThere, or OperationRefused if its host is not allowed."""
        if config.connection is None:
            if self._options.data_dir is None or config.database is None:
                raise NotThere("this server has no data folder for embedded databases")
            path = database_path(self._options.data_dir, workspace_id, config.database)
            return _OpenTarget(config, await self._databases.embedded(path))
        address, problems = self._address(config.connection)
        if address is None:
            self._note(workspace_id, config, AddressRefused("; ".join(problems)))
            raise OperationRefused([Problem("connection", text) for text in problems])
        wrong = not_allowed(address.host, self._options.allowed_hosts(workspace_id))
        if wrong:
            self._note(workspace_id, config, AddressRefused(f"{address.host} {wrong}"))
            raise OperationRefused([Problem("connection", f"leads to a host that {wrong}")])
        return _OpenTarget(config, await self._databases.network(address, config.connection))

    def _note(self, workspace_id: Id, config: SqlConfig, error: BaseException) -> None:
        """Note for the audit log that the connection was refused, if that is what the error says."""
        note_refusal(self._options.refused_hosts, workspace_id, host_of(config.connection or ""), error)

    def _address(self, connection: str) -> tuple[Address | None, list[str]]:
        """The address in a connection URL, or None and what is wrong with the URL.

        The URL is checked again because the operator may have removed its host since the target was created. The
        result is remembered because loading certificates takes long.
        """
        if connection not in self._addresses:
            if len(self._addresses) >= MAX_ADDRESSES:
                self._addresses.clear()
            self._addresses[connection] = read_url(connection, self._policy)
        return self._addresses[connection]

    def _hidden(self, config: SqlConfig) -> Sequence[str]:
        """The texts that no error message may show: the URL and its password."""
        if config.connection is None:
            return ()
        return hidden_texts(password_of(config.connection), config.connection)

    async def _write(self, target: _OpenTarget, call: Call, wait: _Wait) -> dict[str, Any]:
        """Writes, and writes again without the marker if the database's user may not write to the marker table."""
        ticket = Ticket(uuid_text(call.run_id), call.now_ms, call.timeout_ms)

        def work(connection: Connection) -> dict[str, Any]:
            wait.end()
            return _perform(connection, target, call.input, ticket)

        try:
            return await target.database.run(work)
        except MarkerRefused:
            target.database.markers[target.config.schema] = False
            return await target.database.run(work)


async def _prune_markers(target: _OpenTarget, now_ms: int) -> None:
    """Deletes old markers from the database that was just written to.

    Errors are ignored: markers that stay do no harm, and a later write tries again.
    """
    schema = target.config.schema
    if not target.database.markers.get(schema):
        return
    with suppress(SQLAlchemyError, OSError):
        async with asyncio.timeout(PRUNE_SECONDS):
            await target.database.run(lambda connection: prune(connection, marker_table(schema), now_ms))


def _problems(connection: Connection, target: _OpenTarget, operation: Any) -> list[Problem]:
    table = _table(connection, target, fresh=True)
    return compile_write(operation, table, target.config.columns, target.database.dialect)[1]


def _perform(connection: Connection, target: _OpenTarget, operation: Any, ticket: Ticket) -> dict[str, Any]:
    """Writes, using the remembered columns of the table.

    If the operation does not fit them, the table may have changed: its columns are read again for a second try.
    """
    known = (target.config.schema, target.config.table) in target.database.tables
    if known:
        try:
            return _perform_on(connection, target, _table(connection, target, fresh=False), operation, ticket)
        except OperationRefused:
            pass
        except SQLAlchemyError as error:
            if not is_statement_error(error):
                raise
    return _perform_on(connection, target, _table(connection, target, fresh=True), operation, ticket)


def _perform_on(
    connection: Connection, target: _OpenTarget, table: Table, operation: Any, ticket: Ticket
) -> dict[str, Any]:
    compiled, problems = compile_write(operation, table, target.config.columns, target.database.dialect)
    if compiled is None:
        raise OperationRefused(problems)
    marker = prepare_marker(connection, target.database, table) if target.config.exactly_once else None
    return write(connection, compiled, ticket, marker)


def _table(connection: Connection, target: _OpenTarget, *, fresh: bool) -> Table:
    """The target's table: as remembered, or read from the database if `fresh` or not yet known."""
    key = (target.config.schema, target.config.table)
    if fresh or key not in target.database.tables:
        target.database.tables.pop(key, None)
        target.database.tables[key] = reflect(connection, *key)
    return target.database.tables[key]


def make(options: ExecutorOptions) -> SqlExecutor:
    """Creates the executor. The entry point `sql` names this function."""
    return SqlExecutor(options)
