"""Compiles an operation on a table: checks the JSON against the table's columns and builds one statement.

`compile_write` is a pure function. It returns a statement with bound values, or every problem of the operation. An
operation is compiled when its schedule is created, to check it, and again for each run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Insert, Table, Update, insert, null, types, update

from horarium.domain.errors import Problem
from horarium.domain.table_write import MAX_PROBLEMS, WHERE, operation_problems
from horarium.executors.sql.column_values import Mismatch, coerce
from horarium.executors.sql.conditions import match, read_conditions
from horarium.executors.sql.config import MAX_NAME, Columns

# How many columns an error lists as usable.
MAX_COLUMNS_NAMED = 20


@dataclass(frozen=True, slots=True)
class CompiledWrite:
    """A statement for `table`, ready to run, with its values bound. `kind` is "INSERT" or "UPDATE"."""

    kind: str
    table: Table
    statement: Insert | Update


def compile_write(
    operation: Any, table: Table, columns: Columns, dialect: str
) -> tuple[CompiledWrite | None, list[Problem]]:
    """The statement for an operation, or None and everything that is wrong with the operation.

    `operation` is the JSON that a caller sent, `table` the table with its columns as read from the database, `columns`
    what the target allows, and `dialect` SQLAlchemy's name of the kind of database.
    """
    problems = operation_problems(operation)
    if problems:
        return None, problems
    kind = operation["operation"]
    values = _values(operation["values"], kind, table, columns, dialect, problems)
    clauses = _clauses(operation, table, columns, dialect, problems) if kind == "UPDATE" else []
    if problems:
        return None, problems
    if kind == "INSERT":
        return CompiledWrite(kind, table, insert(table).values(values)), []
    return CompiledWrite(kind, table, update(table).where(*clauses).values(values)), []


def id_column(table: Table, named: str | None) -> Column[Any] | None:
    """The column that `dbRecordId` is compared with, or None if there is none.

    It is the column `named` by the target. If the target names none, it is the primary key if that is one column,
    and otherwise the column `id`.
    """
    if named is not None:
        return table.columns.get(named)
    keys = list(table.primary_key.columns)
    return keys[0] if len(keys) == 1 else table.columns.get("id")


def _values(
    given: Mapping[Any, Any], kind: str, table: Table, columns: Columns, dialect: str, problems: list[Problem]
) -> dict[str, Any]:
    """The values to bind, by column. Adds to `problems` what is wrong with them."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if len(problems) >= MAX_PROBLEMS:
            break
        column = _named(table, name, columns.write, _field(name), "written", problems)
        if column is None:
            continue
        try:
            values[column.name] = _value(column, value, dialect)
        except Mismatch as error:
            problems.append(Problem(_field(name), f"column {name!r} {error}", "type"))
    if kind == "INSERT" and not problems:
        problems.extend(_missing(table, values))
    return values


def _value(column: Column[Any], value: Any, dialect: str) -> Any:
    """What to bind for a JSON value in a column. Raises Mismatch."""
    if column.computed is not None or (column.identity is not None and column.identity.always):
        raise Mismatch("is computed by the database and cannot be written")
    if value is not None:
        return coerce(column.type, value, dialect)
    if not column.nullable:
        raise Mismatch("does not take null")
    # In a JSON column, None would be stored as the JSON value null instead of SQL's NULL.
    return null() if isinstance(column.type, types.JSON) else None


def _missing(table: Table, values: Mapping[str, Any]) -> list[Problem]:
    """A problem for each column that an INSERT must give a value and does not."""
    return [
        Problem(
            f"values.{column.name}", f"column {column.name!r} needs a value: it has no default", "required"
        )
        for column in table.columns
        if column.name not in values
        and not column.nullable
        and column.server_default is None
        and column.computed is None
        and column.identity is None
        and column is not table.autoincrement_column
    ]


def _clauses(
    operation: Mapping[str, Any], table: Table, columns: Columns, dialect: str, problems: list[Problem]
) -> list[ColumnElement[bool]]:
    """The conditions that select the rows of an UPDATE. Adds to `problems` what is wrong with them."""
    clauses: list[ColumnElement[bool]] = []
    if operation.get("dbRecordId") is not None:
        clauses += _record_clause(operation["dbRecordId"], table, columns, dialect, problems)
    if operation.get(WHERE) is None:
        return clauses
    conditions, unreadable = read_conditions(operation[WHERE])
    problems.extend(unreadable)
    for condition in conditions:
        column = _named(table, condition.column, columns.match, WHERE, "matched", problems)
        if column is None:
            continue
        try:
            clauses.append(match(column, condition, dialect))
        except Mismatch as error:
            problems.append(Problem(WHERE, f"column {condition.column!r} {error}", "type"))
    return clauses


def _record_clause(
    record: int, table: Table, columns: Columns, dialect: str, problems: list[Problem]
) -> list[ColumnElement[bool]]:
    column = id_column(table, columns.id)
    if column is None:
        problems.append(
            Problem("dbRecordId", "the table has no id column; set columns.id of the target", "value")
        )
        return []
    try:
        return [column == coerce(column.type, record, dialect)]
    except Mismatch as error:
        problems.append(Problem("dbRecordId", f"column {column.name!r} {error}", "type"))
        return []


def _named(
    table: Table, name: Any, allowed: tuple[str, ...] | None, field: str, verb: str, problems: list[Problem]
) -> Column[Any] | None:
    """The table's column of exactly this name, if it exists and is among the `allowed` ones (None allows all).

    Otherwise returns None and adds a problem of `field`. `verb` is "written" or "matched", for the error.
    """
    column = table.columns.get(name) if isinstance(name, str) else None
    if column is not None and (allowed is None or column.name in allowed):
        return column
    usable = [other.name for other in table.columns if allowed is None or other.name in allowed]
    shown = ", ".join(usable[:MAX_COLUMNS_NAMED]) + (", ..." if len(usable) > MAX_COLUMNS_NAMED else "")
    wrong = "does not exist" if column is None else f"may not be {verb} through this target"
    text = f"the column {_short(name)} {wrong}; columns that may be {verb}: {shown or 'none'}"
    problems.append(Problem(field, text, "unknown"))
    return None


def _field(name: Any) -> str:
    """The field that a problem names for a value. Lone surrogates are escaped, because JSON cannot hold them."""
    return f"values.{str(name)[:MAX_NAME].encode(errors='backslashreplace').decode()}"


def _short(name: Any) -> str:
    text = repr(name)
    return text if len(text) <= 80 else text[:77] + "..."
