"""An operation on a table: read from JSON, held against the reflected columns, turned into one statement.

`plan_operation` is pure: operation, table and allowed columns in; a statement with bound values, or every
problem, out. The same function judges an operation when a schedule is made and again when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Insert, Table, Update, insert, null, types, update

from horarium.domain.errors import Problem
from horarium.domain.table_write import MAX_PROBLEMS, WHERE, operation_problems
from horarium.executors.sql.conditions import match, read_conditions
from horarium.executors.sql.config import MAX_NAME, Columns
from horarium.executors.sql.values import Mismatch, coerce

MAX_COLUMNS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement ready to run, its values bound; `kind` is INSERT or UPDATE."""

    kind: str
    table: Table
    statement: Insert | Update


def plan_operation(
    operation: Any, table: Table, columns: Columns, dialect: str
) -> tuple[Plan | None, list[Problem]]:
    """The statement for `operation` on `table`, or None and everything that is wrong with it."""
    problems = operation_problems(operation)
    if problems:
        return None, problems
    kind = operation["operation"]
    values = _values(operation["values"], kind, table, columns, dialect, problems)
    clauses = _clauses(operation, table, columns, dialect, problems) if kind == "UPDATE" else []
    if problems:
        return None, problems
    if kind == "INSERT":
        return Plan(kind, table, insert(table).values(values)), []
    return Plan(kind, table, update(table).where(*clauses).values(values)), []


def id_column(table: Table, named: str | None) -> Column[Any] | None:
    """The column `dbRecordId` speaks of: as configured, else the only primary key, else `id`."""
    if named is not None:
        return table.columns.get(named)
    keys = list(table.primary_key.columns)
    return keys[0] if len(keys) == 1 else table.columns.get("id")


def _values(
    given: Mapping[Any, Any], kind: str, table: Table, columns: Columns, dialect: str, problems: list[Problem]
) -> dict[str, Any]:
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
    if column.computed is not None or (column.identity is not None and column.identity.always):
        raise Mismatch("is made by the database and cannot be written")
    if value is not None:
        return coerce(column.type, value, dialect)
    if not column.nullable:
        raise Mismatch("does not take null")
    # For a JSON column None would be written as the JSON value null, not as the absence of a value.
    return null() if isinstance(column.type, types.JSON) else None


def _missing(table: Table, values: Mapping[str, Any]) -> list[Problem]:
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
    """The reflected column of that exact name, if the target lets it be used so."""
    column = table.columns.get(name) if isinstance(name, str) else None
    if column is not None and (allowed is None or column.name in allowed):
        return column
    usable = [c.name for c in table.columns if allowed is None or c.name in allowed]
    shown = ", ".join(usable[:MAX_COLUMNS_NAMED]) + (", ..." if len(usable) > MAX_COLUMNS_NAMED else "")
    wrong = "does not exist" if column is None else f"may not be {verb} through this target"
    text = f"the column {_short(name)} {wrong}; columns that may be {verb}: {shown or 'none'}"
    problems.append(Problem(field, text, "unknown"))
    return None


def _field(name: Any) -> str:
    """The field of a value; a name that cannot be written in an answer (a lone surrogate) is escaped."""
    return f"values.{str(name)[:MAX_NAME].encode(errors='backslashreplace').decode()}"


def _short(name: Any) -> str:
    text = repr(name)
    return text if len(text) <= 80 else text[:77] + "..."
