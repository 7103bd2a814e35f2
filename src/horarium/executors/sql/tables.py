"""Embedded tables: a workspace's own SQLite databases in the data folder, created and read through the API.

A database is the file `tables/WORKSPACE/NAME.db`. So a workspace cannot reach the databases of another one, or the
server's own store. Work on files runs on threads, of which a workspace has a share. Columns have one of the types
integer, number, text, boolean, timestamp (UTC) and json.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.exc import OperationalError

from horarium.domain.errors import Conflict, Invalid, NotFound, Problem, Unavailable
from horarium.domain.ids import Id, uuid_text
from horarium.executors.checks import shortened
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql.column_values import as_json
from horarium.executors.sql.config import MARKER, MAX_UNKNOWN, is_database_name
from horarium.executors.sql.databases import BUSY_MS, BUSY_TRIES, embedded_engine, reflect
from horarium.executors.sql.failures import NotThere
from horarium.store.private_files import private_file, private_folder

# The column types of the API, each with its type in SQLAlchemy.
TYPES: Mapping[str, type[Any]] = {
    "integer": Integer,
    "number": Float,
    "text": Text,
    "boolean": Boolean,
    "timestamp": DateTime,
    "json": JSON,
}
# The most columns of a table.
MAX_COLUMNS = 200
_COLUMN_FIELDS = ("name", "type", "primary_key", "nullable")
# The most rows on a page of `read_rows`.
MAX_ROWS = 1_000

# A page of rows ends early when its texts and bytes have reached this size, in characters and bytes.
MAX_PAGE_SIZE = 4 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
# How many threads the requests of one workspace occupy at once. Other work of the server needs these threads too.
THREADS_OF_WORKSPACE = 2
# SQLite's names for the number of a row. `read_rows` pages by it, so no column may have one of these names.
_RESERVED = ("rowid", "oid", "_rowid_")

_T = TypeVar("_T")
_shares: WeakValueDictionary[Id, asyncio.Semaphore] = WeakValueDictionary()


def database_path(data_dir: Path, workspace_id: Id, database: str) -> Path:
    """The file of an embedded database, which may not exist. Raises NotThere for a name that is not valid."""
    if not is_database_name(database):
        raise NotThere(f"{database!r} is not a valid name of an embedded database")
    return Path(data_dir) / "tables" / uuid_text(workspace_id) / f"{database}.db"


async def create_table(
    options: ExecutorOptions,
    workspace_id: Id,
    database: str,
    table: str,
    columns: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Creates a table, and its database if that does not exist yet. Returns what `describe_table` returns.

    Each column is `{"name", "type", "primary_key"?: false, "nullable"?: true}`. If none is a primary key, the table
    gets a column `id` that counts up. Raises Invalid with every problem, Conflict if the table already exists, and
    Unavailable if this server has no data folder, or the database was being written to all the time.
    """
    problems = [*_check_names(database, table), *_check_columns(columns)]
    if problems:
        raise Invalid(problems)
    path = _path(options, workspace_id, database)
    for _ in range(BUSY_TRIES):
        made = await _on_a_thread(workspace_id, lambda: _create(path, table, _built(columns)))
        if made is not None:
            return made
        await asyncio.sleep(BUSY_MS / 1000)  # here, because a write may take as long as a run
    raise Unavailable(f"the database {database!r} is being written to; try again")


async def _on_a_thread(workspace_id: Id, work: Callable[[], _T]) -> _T:
    share = _shares.setdefault(workspace_id, asyncio.Semaphore(THREADS_OF_WORKSPACE))
    async with share:
        return await asyncio.to_thread(work)


async def describe_table(
    options: ExecutorOptions, workspace_id: Id, database: str, table: str
) -> dict[str, Any]:
    """A table's columns: `{"database", "table", "columns": [{"name", "type", "nullable", "primary_key"}]}`.

    Raises NotFound if the table does not exist, and Unavailable if this server has no data folder.
    """
    path = _named_table(options, workspace_id, database, table)
    return await _on_a_thread(
        workspace_id,
        lambda: _connected(path, table, lambda connection: _describe(connection, path, table)),
    )


async def list_tables(options: ExecutorOptions, workspace_id: Id) -> list[dict[str, str]]:
    """Every embedded table of a workspace, sorted by database: `{"database", "table"}`.

    Raises Unavailable if this server has no data folder.
    """
    folder = _path(options, workspace_id, "x").parent
    return await _on_a_thread(workspace_id, lambda: _list(folder))


async def read_rows(
    options: ExecutorOptions, workspace_id: Id, database: str, table: str, *, limit: int = 100, after: int = 0
) -> dict[str, Any]:
    """A page of a table's rows: `{"rows": [{column: value}], "next": int | None}`.

    Rows come in the order of their SQLite row numbers; `after` is the number after which the page starts. There are at
    most `limit` rows, and fewer if they are large. `next` is the `after` of the next page, or None on the last page.
    Raises Invalid if `limit` is not between 1 and 1,000, NotFound if the table does not exist, and Unavailable if this
    server has no data folder.
    """
    if not 1 <= limit <= MAX_ROWS:
        raise Invalid(Problem("limit", f"must be between 1 and {MAX_ROWS}"))
    path = _named_table(options, workspace_id, database, table)
    return await _on_a_thread(
        workspace_id,
        lambda: _connected(path, table, lambda connection: _rows(connection, table, limit, after)),
    )


def _path(options: ExecutorOptions, workspace_id: Id, database: str) -> Path:
    if options.data_dir is None:
        raise Unavailable("this server has no data folder for embedded databases")
    return database_path(options.data_dir, workspace_id, database)


def _named_table(options: ExecutorOptions, workspace_id: Id, database: str, table: str) -> Path:
    if _check_names(database, table):
        raise NotFound("table", f"{database}.{table}"[:200])
    return _path(options, workspace_id, database)


def _check_names(database: Any, table: Any) -> list[Problem]:
    problems = []
    if not is_database_name(database):
        text = "must be 1 to 63 lower-case letters, digits, - or _, and begin with a letter"
        problems.append(Problem("database", text))
    if (
        not isinstance(table, str)
        or not _NAME.fullmatch(table)
        or table.lower().startswith(("sqlite_", MARKER))
    ):
        problems.append(
            Problem("table", "must be 1 to 63 letters, digits or _, and not begin with a digit or sqlite_")
        )
    return problems


def _check_columns(columns: Any) -> list[Problem]:
    if not isinstance(columns, Sequence) or isinstance(columns, str) or not 1 <= len(columns) <= MAX_COLUMNS:
        return [Problem("columns", f"must be a list of 1 to {MAX_COLUMNS} columns", "type")]
    problems: list[Problem] = []
    for position, column in enumerate(columns):
        problems += _check_column(f"columns.{position}", column)
    names = [
        str(column["name"]).lower() for column in columns if isinstance(column, Mapping) and "name" in column
    ]
    for name in sorted(name for name, times in Counter(names).items() if times > 1):
        problems.append(
            Problem("columns", f"names {name!r} twice (upper and lower case are the same here)", "conflict")
        )
    primary = [
        column for column in columns if isinstance(column, Mapping) and column.get("primary_key") is True
    ]
    if not primary and "id" in names:
        problems.append(
            Problem(
                "columns",
                "has a column id that is not the primary key; make it the primary key or rename it",
                "conflict",
            )
        )
    return problems


def _check_column(field: str, column: Any) -> list[Problem]:
    if not isinstance(column, Mapping):
        return [Problem(field, "must be an object with name and type", "type")]
    problems = [
        Problem(
            f"{field}.{shortened(key)}",
            "is not known; a column has name, type, primary_key and nullable",
            "unknown",
        )
        for key in islice((key for key in column if key not in _COLUMN_FIELDS), MAX_UNKNOWN)
    ]
    name = column.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        text = "must be 1 to 63 letters, digits or _, and not begin with a digit"
        problems.append(Problem(f"{field}.name", f"{text}; {', '.join(_RESERVED)} are reserved"))
    kind = column.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        problems.append(Problem(f"{field}.type", f"must be one of {', '.join(TYPES)}"))
    for flag in ("primary_key", "nullable"):
        if not isinstance(column.get(flag, False), bool):
            problems.append(Problem(f"{field}.{flag}", "must be true or false", "type"))
    return problems


def _built(columns: Sequence[Mapping[str, Any]]) -> list[Column[Any]]:
    built = [
        Column(
            column["name"],
            TYPES[column["type"]](),
            primary_key=column.get("primary_key", False),
            nullable=column.get("nullable", True) and not column.get("primary_key", False),
        )
        for column in columns
    ]
    if not any(column.primary_key for column in built):
        built.insert(0, Column("id", Integer, primary_key=True))
    return built


def _create(path: Path, table: str, columns: list[Column[Any]]) -> dict[str, Any] | None:
    """The new table; None if somebody else writes to the database now."""
    private_folder(path.parent)
    private_file(path)
    engine = embedded_engine(path)
    try:
        with engine.connect() as connection:
            connection.execution_options(writes=True, waits=False)
            with connection.begin():
                if inspect(connection).has_table(table):
                    raise Conflict(f"the table {table!r} already exists", "duplicate", "table")
                Table(table, MetaData(), *columns).create(connection)
            return _describe(connection, path, table)
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            return None
        raise
    finally:
        engine.dispose()


def _connected(path: Path, table: str, work: Any) -> dict[str, Any]:
    """What `work` returns for a connection to the database file. Raises NotFound if the file or table is missing."""
    if not path.is_file():
        raise NotFound("table", f"{path.stem}.{table}")
    engine = embedded_engine(path)
    try:
        with engine.connect() as connection:
            answer: dict[str, Any] = work(connection)
            return answer
    except NotThere:
        raise NotFound("table", f"{path.stem}.{table}") from None
    finally:
        engine.dispose()


def _describe(connection: Connection, path: Path, table: str) -> dict[str, Any]:
    reflected = reflect(connection, None, table)
    return {
        "database": path.stem,
        "table": table,
        "columns": [
            {
                "name": str(column.name),
                "type": _type_name(column),
                "nullable": bool(column.nullable),
                "primary_key": column.primary_key,
            }
            for column in reflected.columns
        ],
    }


def _type_name(column: Column[Any]) -> str:
    return next(
        (name for name, kind in TYPES.items() if isinstance(column.type, kind)), str(column.type).lower()
    )


def _rows(connection: Connection, table: str, limit: int, after: int) -> dict[str, Any]:
    reflected = reflect(connection, None, table)
    number: Any = literal_column("rowid", Integer)
    page = select(number, *reflected.columns).where(number > after).order_by(number).limit(limit + 1)
    found: list[Any] = []
    size = 0
    more = False
    for row in connection.execute(page):
        if len(found) == limit or size > MAX_PAGE_SIZE:
            more = True
            break
        found.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
    names = [str(column.name) for column in reflected.columns]  # plain strings, as the JSON writer needs
    rows = [{name: as_json(value) for name, value in zip(names, row[1:], strict=True)} for row in found]
    return {"rows": rows, "next": found[-1][0] if more else None}


def _list(folder: Path) -> list[dict[str, str]]:
    listed = []
    for path in sorted(folder.glob("*.db")):
        engine = embedded_engine(path)
        try:
            with engine.connect() as connection:
                names = inspect(connection).get_table_names()
        finally:
            engine.dispose()
        listed += [{"database": path.stem, "table": name} for name in names if name != MARKER]
    return listed
