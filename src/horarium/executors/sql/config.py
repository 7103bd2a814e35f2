"""The configuration of a table target: its fields, and the checks of what a caller sends.

A target has either `connection`, the URL of a database on the network, or `database`, the name of an embedded
database of its workspace. Checking a configuration connects to nothing and opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.near_names import did_you_mean
from horarium.domain.target import MASK
from horarium.executors.checks import check_fields, shortened
from horarium.executors.secrecy import NOT_KEPT
from horarium.executors.sql.address import read_url
from horarium.executors.sql.guard import HostPolicy

# The name of the server's own table, which records the runs that have written. It is never a target itself.
MARKER = "horarium_writes"

KEYS = ("connection", "database", "schema", "table", "columns", "exactly_once")
SECRET_FIELDS = ("connection",)
# The longest name of a table or schema, in characters.
MAX_NAME = 128
# The most columns that `columns.write` or `columns.match` may name.
MAX_COLUMNS = 2_000
# The most unknown fields that are reported for one object.
MAX_UNKNOWN = 20
# The fields of `columns`.
_COLUMNS = ("write", "match", "id")
_DATABASE = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the table a target may use. None in `write` or `match` allows every column.

    `write` names the columns that may be written, `match` those that conditions may compare, and `id` the column that
    an operation's `dbRecordId` is compared with.
    """

    write: tuple[str, ...] | None = None
    match: tuple[str, ...] | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SqlConfig:
    """A checked table target. `connection` is a URL with its password; it is None for an embedded `database`."""

    table: str
    connection: str | None = None
    database: str | None = None
    schema: str | None = None
    columns: Columns = Columns()
    exactly_once: bool = True


def check_config(config: Mapping[str, Any], policy: HostPolicy) -> list[Problem]:
    """Everything that is wrong with a configuration as a caller sent it, with its secrets still in place."""
    problems = [*check_fields(config, "sql", KEYS), *_check_place(config, policy)]
    problems += _check_name("table", config.get("table"), required=True)
    problems += _check_name("schema", config.get("schema"), required=False)
    if not isinstance(config.get("exactly_once", True), bool):
        problems.append(Problem("exactly_once", "must be true or false", "type"))
    return problems + _check_columns(config.get("columns"))


def read_config(config: Mapping[str, Any], secrets: Mapping[str, Any]) -> SqlConfig:
    """Reads a stored configuration that passed `check_config`, with its secret put back."""
    columns = config.get("columns") or {}
    return SqlConfig(
        table=config["table"],
        connection=secrets.get("connection", config.get("connection")),
        database=config.get("database"),
        schema=config.get("schema"),
        columns=Columns(_tuple(columns.get("write")), _tuple(columns.get("match")), columns.get("id")),
        exactly_once=config.get("exactly_once", True),
    )


def is_database_name(name: Any) -> bool:
    """Whether `name` may be the name of an embedded database. It becomes a file name, so few characters are allowed."""
    return isinstance(name, str) and _DATABASE.fullmatch(name) is not None


def _tuple(names: Any) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _check_place(config: Mapping[str, Any], policy: HostPolicy) -> list[Problem]:
    connection, database = config.get("connection"), config.get("database")
    if (connection is None) == (database is None):
        return [
            Problem(
                "connection",
                "set either connection (a URL) or database (the name of an embedded database)",
                "required",
            )
        ]
    if connection == MASK:
        return [Problem("connection", NOT_KEPT)]
    if connection is not None:
        return [Problem("connection", text) for text in read_url(connection, policy)[1]]
    problems = []
    if not is_database_name(database):
        text = "must be 1 to 63 lower-case letters, digits, - or _, and begin with a letter"
        problems.append(Problem("database", text))
    if config.get("schema") is not None:
        problems.append(
            Problem("schema", "cannot be combined with an embedded database; leave it out", "conflict")
        )
    return problems


def _check_name(field: str, name: Any, *, required: bool) -> list[Problem]:
    if name is None:
        return [Problem(field, "is required", "required")] if required else []
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        return [Problem(field, f"must be a name of 1 to {MAX_NAME} printable characters")]
    if name.lower() == MARKER or name.lower().startswith("sqlite_"):
        return [Problem(field, f"{name!r} is reserved for internal use; choose another table")]
    return []


def _check_columns(columns: Any) -> list[Problem]:
    if columns is None:
        return []
    if not isinstance(columns, Mapping):
        return [Problem("columns", "must be an object with write, match and id", "type")]
    unknown = (key for key in columns if key not in _COLUMNS)
    problems = [
        Problem(
            f"columns.{shortened(key)}", f"is not known; {did_you_mean(key, _COLUMNS, 'fields')}", "unknown"
        )
        for key in islice(unknown, MAX_UNKNOWN)
    ]
    for key in ("write", "match"):
        names = columns.get(key)
        if names is not None and (
            not isinstance(names, list)
            or len(names) > MAX_COLUMNS
            or not all(isinstance(name, str) and name for name in names)
        ):
            text = f"must be a list of at most {MAX_COLUMNS} column names"
            problems.append(Problem(f"columns.{key}", text, "type"))
    if columns.get("id") is not None and not isinstance(columns["id"], str):
        problems.append(Problem("columns.id", "must be a column name", "type"))
    return problems
