"""The audience source `sql`: reads rows with a read-only query from a database of the user.

    {"connection": "postgresql://reader:password@db.example.com/crm", "key": "id", "timeout": 30,
     "query": "SELECT id, email, name FROM people WHERE team = :team"}

Instead of `connection`, `database` names an embedded database of the workspace. The values of `:name` parameters in
the query come from the audience's filter. A parameter that the filter leaves out is null, and a list can be used as
in `IN :names`. A colon in a literal, a comment, a quoted name or a cast begins no parameter. Where one stands before a
name elsewhere, as in an array slice, it is written with a backslash before it. `key` is the column whose value is the
row's key. `:horarium_workspace` is the id of the workspace whose audience it is: where the source is shared, another
workspace's. The rows are read through a server-side cursor. The transaction is read-only if the database supports that,
and it is always rolled back. If no row arrives for `timeout` seconds, reading fails.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.util.concurrency import await_only

from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql_text import SYNTAXES, Query, read_query
from horarium.domain.audience import ROW_SIZE_LIMIT, AudienceQuery, AudienceRow, OpenFault, SourceFault
from horarium.domain.errors import Problem
from horarium.domain.ids import Id, prefixed
from horarium.domain.near_names import did_you_mean
from horarium.domain.target import MASK
from horarium.executors.checks import check_fields, shortened
from horarium.executors.egress import AddressRefused, host_of, not_allowed, note_refusal
from horarium.executors.look_ups import asked_by
from horarium.executors.secrecy import NOT_KEPT
from horarium.executors.sql.address import backend_of, password_of, read_url
from horarium.executors.sql.config import is_database_name
from horarium.executors.sql.databases import (
    Database,
    Databases,
    EmbeddedDatabase,
    JsonText,
    decode_column,
)
from horarium.executors.sql.failures import NotThere, hidden_texts, is_passing, sentence, what_failed
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy
from horarium.executors.sql.query_limits import Deadline, check_program, only_reading
from horarium.executors.sql.received import FETCHED, Counts, TooMuchReceived, counting_of
from horarium.executors.sql.tables import database_path

# The parameter whose value is the id of the workspace whose audience it is.
WORKSPACE = "horarium_workspace"
FIELDS = ("connection", "database", "query", "key", "timeout")

# Rows and bytes of a batch. A batch ends when it reaches one of them.
BATCH = 500
BATCH_BYTES = 1024 * 1024
# How many times longer the JSON that a database sends may be than what is kept of it, because it has blanks.
MOST_BLANKS = 4
# About how many bytes a value within a column of JSON takes in memory, and what stands before each of them.
VALUE_BYTES = 64
_BEFORE_VALUES = (",", "[", "{", ":")

# Characters of a query.
LONGEST_QUERY = 20_000

# How many parameters and problems an answer lists.
MOST_NAMED = 20

# The default and the maximum of `timeout`.
TIMEOUT_S, LONGEST_TIMEOUT_S = 30.0, 600.0
# Characters of a decimal that may become a JSON number; longer ones become texts.
LONGEST_NUMBER = 40
# Digits of a decimal, those for its exponent among them, up to which it is written without one.
MOST_DIGITS = 100
# The statement that makes a transaction (on SQLite: the connection) read-only, by the name of the database system.
_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}

Batch = Sequence[AudienceRow]


def make(options: AudienceOptions) -> SqlSource:
    """Makes the source. The entry point names this function."""
    return SqlSource(options)


class SqlSource:
    """Reads audiences with queries. One instance serves the whole process and keeps its own connections."""

    type = "sql"
    paged: Literal[False] = False
    distinct = False

    def __init__(self, options: AudienceOptions) -> None:
        outgoing = options.outgoing
        self._data_dir = outgoing.data_dir
        self._allowed_hosts, self._refused = outgoing.allowed_hosts, outgoing.refused_hosts
        self._policy = HostPolicy.of(outgoing)
        self._databases = Databases(DatabaseGuard(self._policy), JsonText)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """All problems of a configuration. An empty list means that it can be stored."""
        problems = check_fields(config, "sql", FIELDS)
        problems += self._place_problems(config)
        if not isinstance(config.get("key"), str) or not config["key"]:
            problems.append(
                Problem("key", "is required: the column whose value identifies a row", "required")
            )
        problems += _query_problems(config.get("query"), _kind_of(config))
        seconds = config.get("timeout", TIMEOUT_S)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            problems.append(Problem("timeout", "must be a number of seconds", "type"))
        elif not 0 < seconds <= LONGEST_TIMEOUT_S:
            problems.append(
                Problem("timeout", f"must be more than 0 and at most {LONGEST_TIMEOUT_S:g} seconds")
            )
        return problems

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the workspace may not reach the host of the connection."""
        connection = config.get("connection")
        address = None if connection is None else read_url(connection, self._policy)[0]
        wrong = None if address is None else not_allowed(address.host, self._allowed_hosts(workspace_id))
        return [Problem("connection", f"leads to a host that {wrong}")] if wrong else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The configuration without its secrets, and the secrets by their path."""
        if config.get("connection") is None:
            return dict(config), {}
        return {**config, "connection": MASK}, {"connection": config["connection"]}

    def check_filter(self, query: AudienceQuery) -> Sequence[Problem]:
        """All problems of a filter: names that the query does not use, and values that cannot be bound."""
        names = _query_of(query).names - {WORKSPACE}
        known = sorted(names)[:MOST_NAMED]
        problems: list[Problem] = []
        for name, value in query.filter.items():
            if len(problems) >= MOST_NAMED:
                break
            if name not in names:
                words = f"is not a parameter of the query of {query.type}; {did_you_mean(name, known, 'parameters')}"
                problems.append(Problem(shortened(name), words, "unknown"))
            elif isinstance(value, dict) or (
                isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
            ):
                problems.append(
                    Problem(name, "must be a text, a number, true, false or a list of these", "type")
                )
        return problems

    async def rows(self, query: AudienceQuery) -> AsyncGenerator[Batch, None]:
        """All rows of the query in batches. Raises SourceFault."""
        seconds = float(query.config.get("timeout", TIMEOUT_S))
        hidden = self._hidden(query.config)
        try:
            database = await self._open(query)
            with asked_by(query.workspace_id):  # for the task that reads
                reading = _Reading(database, seconds, _query_of(query), _values(query), query.config["key"])
            try:
                while (batch := await reading.next(seconds)) is not None:
                    yield batch
            finally:
                await reading.close()
        except SourceFault:
            raise
        except TooMuchReceived as error:
            raise OpenFault(str(error), lasting=True) from None
        except TimeoutError:
            raise OpenFault(f"the database gave no row within {seconds:g} s") from None
        except Exception as error:  # errors from a cursor are the driver's own
            self._note(query, error)
            words = sentence(error, hidden).replace("the write failed", "the query failed")
            abroad = what_failed(error).replace("the write failed", "the query failed")
            raise SourceFault(words, not is_passing(error), abroad) from None

    async def close(self) -> None:
        """Closes all connections."""
        await self._databases.close()

    async def _open(self, query: AudienceQuery) -> Database:
        connection = query.config.get("connection")
        if connection is None:
            if self._data_dir is None:
                raise NotThere("this server has no data folder for embedded databases")
            path = database_path(self._data_dir, query.workspace_id, query.config["database"])
            return await self._databases.embedded(path)
        address, problems = read_url(connection, self._policy)
        if address is None:
            self._note(query, AddressRefused("; ".join(problems)))
            raise NotThere(f"the connection {'; '.join(problems)}")
        wrong = not_allowed(address.host, self._allowed_hosts(query.workspace_id))
        if wrong:
            self._note(query, AddressRefused(f"{address.host} {wrong}"))
            raise NotThere(f"the connection leads to a host that {wrong}")
        return await self._databases.network(address, connection)

    def _note(self, query: AudienceQuery, error: BaseException) -> None:
        """Note for the audit log that the connection was refused, if that is what the error says."""
        note_refusal(self._refused, query.workspace_id, host_of(query.config.get("connection") or ""), error)

    def _place_problems(self, config: Mapping[str, Any]) -> list[Problem]:
        """The problems of `connection` and `database`, which say where the query runs."""
        connection, database = config.get("connection"), config.get("database")
        if (connection is None) == (database is None):
            words = "give either connection (a URL) or database (the name of an embedded database)"
            return [Problem("connection", words, "required")]
        if connection == MASK:
            return [Problem("connection", NOT_KEPT)]
        if connection is not None:
            return [Problem("connection", words) for words in read_url(connection, self._policy)[1]]
        if is_database_name(database):
            return []
        words = "must be 1 to 63 lower-case letters, digits, - or _, and begin with a letter"
        return [Problem("database", words)]

    def _hidden(self, config: Mapping[str, Any]) -> Sequence[str]:
        connection = config.get("connection")
        return hidden_texts(password_of(connection), connection)


class _Reading:
    """A running query. It passes on its rows in batches and holds at most one batch that nobody has taken yet."""

    def __init__(
        self, database: Database, seconds: float, query: Query, values: Mapping[str, Any], key: str
    ) -> None:
        self._deadline = Deadline(seconds)
        self._batches: asyncio.Queue[Batch] = asyncio.Queue(maxsize=1)
        self._statement, self._key = query.with_values(values), key
        self._explaining = query.with_values(values, before="EXPLAIN ")
        self._loop = asyncio.get_running_loop()
        self._threaded = isinstance(database, EmbeddedDatabase)
        self._handing_over: Any = None
        self._closed = False
        self._task = asyncio.create_task(database.run(self._work))

    async def next(self, seconds: float) -> Batch | None:
        """The next batch, or None at the end.

        Raises what the query raised, or TimeoutError if no batch arrives for `seconds`.
        """
        waiting = asyncio.create_task(self._batches.get())
        try:
            await asyncio.wait((waiting, self._task), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            if not self._task.done():
                raise TimeoutError
            self._task.result()
            return None if self._batches.empty() else self._batches.get_nowait()
        finally:
            waiting.cancel()

    async def close(self) -> None:
        """Ends the query, even in the middle. Where this is cancelled as well, it ends by itself."""
        self._closed = True
        if self._handing_over is not None:
            self._handing_over.cancel()
        self._task.cancel()
        # Nobody asks any more what came of it.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.wait([self._task])

    def _work(self, connection: Connection) -> None:
        """Runs the query: on a thread for an embedded database, otherwise on the event loop in a greenlet."""
        dialect = connection.dialect.name
        try:
            if dialect in _READ_ONLY:
                connection.exec_driver_sql(_READ_ONLY[dialect])
            if dialect == "sqlite":
                self._query_embedded(connection)
            else:
                options = connection.execution_options(stream_results=True, max_row_buffer=FETCHED)
                self._read(options.execute(self._statement), counting_of(connection))
        finally:
            connection.rollback()
            if dialect == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = OFF")
                connection.rollback()

    def _query_embedded(self, connection: Connection) -> None:
        """Runs a query on an embedded database. It uses this process, so its time and abilities are limited."""
        raw: Any = connection.connection.driver_connection
        handle = connection.get_execution_options()["handle"]
        self._deadline.begin()
        with only_reading(raw, self._deadline, lambda: handle.stopped) as watch:
            try:
                with closing(connection.execute(self._explaining)) as program:
                    wrong = check_program(program)
                if wrong is None:
                    with closing(connection.execute(self._statement)) as result:
                        self._read(result)
            except (SQLAlchemyError, sqlite3.Error):  # errors from a cursor are the driver's own
                wrong = watch.why
                if wrong is None:
                    raise
        if wrong is not None:
            raise OpenFault(f"the query {wrong}", lasting=True)

    def _read(self, result: CursorResult[Any], counting: Counts | None = None) -> None:
        """Passes the rows on in batches, which are limited in number of rows and in bytes."""
        columns = [str(name) for name in list(result.keys())]
        if self._key not in columns:
            raise NotThere(f"the query has no column {self._key!r}; there are {', '.join(columns)}")
        batch: list[AudienceRow] = []
        size = 0
        for row in result:
            if counting is not None:
                counting.forget()
            found = dict(row._mapping)
            text, weight = _weight(found.values())
            if text > ROW_SIZE_LIMIT:
                raise OpenFault(f"a row of the query is larger than {ROW_SIZE_LIMIT} bytes", lasting=True)
            batch.append(_row(found, self._key))
            size += weight
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                self._emit(batch)
                batch, size = [], 0
                self._deadline.begin()
        if batch:
            self._emit(batch)

    def _emit(self, batch: Batch) -> None:
        """Passes a batch on. Waits until there is room for it."""
        if not self._threaded:
            await_only(self._batches.put(batch))
            return
        self._handing_over = asyncio.run_coroutine_threadsafe(self._batches.put(batch), self._loop)
        if self._closed:  # by the event loop, which may not have seen this batch yet
            self._handing_over.cancel()
        self._handing_over.result()


def _query_problems(query: Any, kind: str) -> list[Problem]:
    if not isinstance(query, str) or not query or query.isspace():
        return [
            Problem("query", "is required: a SELECT with a :name for each value from the filter", "required")
        ]
    if len(query) > LONGEST_QUERY:
        return [Problem("query", f"is longer than {LONGEST_QUERY} characters", "too_long")]
    return [Problem("query", words) for words in read_query(query, kind).faults]


def _kind_of(config: Mapping[str, Any]) -> str:
    """The kind of database of a configuration, as a name of SYNTAXES."""
    if config.get("connection") is None:
        return "sqlite"
    kind = backend_of(config["connection"]) or ""
    return kind if kind in SYNTAXES else "postgresql"


def _values(query: AudienceQuery) -> dict[str, Any]:
    """The values of the parameters: those of the filter, and the workspace, which no filter can name."""
    return {**query.filter, WORKSPACE: prefixed("ws", query.audience_of)}


def _query_of(query: AudienceQuery) -> Query:
    return read_query(query.config["query"], _kind_of(query.config))


def _row(columns: Mapping[str, Any], key: str) -> AudienceRow:
    return AudienceRow(_key(columns[key]), {str(name): _plain(column) for name, column in columns.items()})


def _key(value: Any) -> str:
    """A column's value as a key. Decimals keep all of their digits, and 7.00 is the same key as 7."""
    if isinstance(value, Decimal):
        return _digits(value)
    return "" if value is None else str(_plain(value))


def _weight(columns: Iterable[Any]) -> tuple[int, int]:
    """About how many bytes a row has as a text, and how many it takes in memory. Texts count with their length."""
    text = held = 0
    for value in columns:
        match value:
            case JsonText():  # with blanks that are not kept
                text -= len(value) - len(value) // MOST_BLANKS
                size, within = len(value), sum(map(value.count, _BEFORE_VALUES))
            case list() | tuple():
                written = _written(value)
                size, within = len(written), sum(map(written.count, _BEFORE_VALUES))
            case bytes() | memoryview():  # becomes hexadecimal digits
                size, within = 2 * len(value), 0
            case Decimal():
                size, within = max(len(str(value)), MOST_DIGITS), 0
            case _:
                size, within = len(value) if isinstance(value, str) else 8, 0
        text += size
        held += size + VALUE_BYTES * within
    return text, held


def _written(value: Any) -> str:
    """A column of many values as about the JSON that it becomes. What becomes none is refused later, with its row."""
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:
        return ""


def _plain(value: Any) -> Any:
    """A column's value as a JSON value. A number that JSON cannot hold exactly is a text."""
    match value:
        case JsonText():
            return decode_column(value)
        case None | bool() | str() | dict():
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 64 else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return _number(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
    return str(value)


def _number(value: Decimal) -> int | float | str:
    """A decimal as a number if that is exact, otherwise as a text."""
    digits = _digits(value)
    if not value.is_finite() or len(digits) > LONGEST_NUMBER or "E" in digits:
        return digits
    if "." not in digits:
        return _plain(int(digits))  # type: ignore[no-any-return]
    number = float(digits)
    return number if Decimal(repr(number)) == value else digits


def _digits(value: Decimal) -> str:
    """A decimal in digits: without an exponent, and without zeros behind the last digit of a fraction. One of very many
    digits keeps its exponent: a database sends 131,072 zeros as a few bytes."""
    if value.is_finite() and abs(value.adjusted()) >= MOST_DIGITS:
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
