"""Reads `whereConditions`: a JSON string that selects the rows of an UPDATE.

It holds an object such as `{"status": "open", "team": 7}`, in which every column must equal its value, or a list of
`{"column", "operator", "value"}`. A row is selected if it meets all conditions.

`read_conditions` reads the text without a table. `match` turns a condition into SQL for a column that was read from
the database, so no name that a user wrote becomes part of a statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, types

from horarium.domain.errors import Problem
from horarium.domain.table_write import WHERE
from horarium.executors.checks import shortened
from horarium.executors.sql.column_values import Mismatch, coerce

# The longest text of conditions, in characters.
MAX_CHARS = 64 * 1024
MAX_CONDITIONS = 100
# The most values in the list of the operator `in`.
MAX_LISTED = 1000

_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}
OPERATORS = (*_COMPARE, "in", "like", "is_null")
# Types whose values can only be equal or not; <, <=, > and >= are refused for them.
_UNORDERED = (types.Boolean, types.Uuid, types.LargeBinary, types.ARRAY)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: the name of a column as the user wrote it, one of OPERATORS, and the JSON value to compare."""

    column: str
    operator: str
    value: Any


class _Unreadable(ValueError):
    """The text does not hold conditions. Its message says what is wrong."""


def read_conditions(text: Any) -> tuple[list[Condition], list[Problem]]:
    """The conditions in a text, or no conditions and what is wrong with the text."""
    try:
        given = _parse(text)
        conditions = _from_object(given) if isinstance(given, dict) else _from_list(given)
    except _Unreadable as error:
        return [], [Problem(WHERE, str(error))]
    if not conditions:
        return [], [Problem(WHERE, "is empty, which would match every row; name at least one column")]
    if len(conditions) > MAX_CONDITIONS:
        return [], [
            Problem(WHERE, f"holds {len(conditions)} conditions; at most {MAX_CONDITIONS} are allowed")
        ]
    return conditions, []


def match(column: Column[Any], condition: Condition, dialect: str) -> ColumnElement[bool]:
    """One condition as an SQL expression for its column, with the value bound as a parameter.

    `dialect` is SQLAlchemy's name of the kind of database. Raises Mismatch if operator or value do not fit the column.
    """
    operator, value = condition.operator, condition.value
    if operator == "is_null":
        return column.is_(None) if value in (None, True) else column.is_not(None)
    if isinstance(column.type, types.JSON):
        raise Mismatch("holds JSON, which can be matched with is_null only")
    if value is None:
        raise Mismatch('cannot be compared with null; use {"column": ..., "operator": "is_null"}')
    if operator == "in":
        return column.in_([coerce(column.type, item, dialect) for item in _listed(value)])
    if operator == "like":
        if not isinstance(column.type, types.String):
            raise Mismatch("is not text; like works on text columns")
        return column.like(coerce(types.Text(), value, dialect))
    if operator not in ("=", "!=") and isinstance(column.type, _UNORDERED):
        raise Mismatch(f"has no order; {operator} does not work on it")
    return _COMPARE[operator](column, coerce(column.type, value, dialect))


def _parse(text: Any) -> Any:
    if not isinstance(text, str):
        raise _Unreadable("must be a JSON string, an object or a list written as text")
    if len(text) > MAX_CHARS:
        raise _Unreadable(f"is longer than {MAX_CHARS} characters")
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except _Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        detail = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise _Unreadable(f'is not JSON ({detail}); write {{"column": value}}') from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses an object that names a column twice: JSON readers would silently drop one of its conditions."""
    columns: dict[str, Any] = {}
    for name, value in pairs:
        if name in columns:
            raise _Unreadable(f"names {shortened(name)!r} twice; use a list of conditions")
        columns[name] = value
    return columns


def _no_constant(name: str) -> Any:
    raise _Unreadable(f"holds {name}, which is not valid JSON")


def _from_object(given: dict[str, Any]) -> list[Condition]:
    return [Condition(name, "=", value) for name, value in given.items()]


def _from_list(given: Any) -> list[Condition]:
    if not isinstance(given, list):
        raise _Unreadable(
            'must hold an object {"column": value} or a list of {"column", "operator", "value"}'
        )
    return [_from_item(position, item) for position, item in enumerate(given)]


def _from_item(position: int, item: Any) -> Condition:
    if not isinstance(item, dict) or not {"column", "operator"} <= item.keys() <= {
        "column",
        "operator",
        "value",
    }:
        raise _Unreadable(f"condition {position + 1} must have column, operator and value, and nothing else")
    column, operator, value = item["column"], item["operator"], item.get("value")
    if not isinstance(column, str):
        raise _Unreadable(f"condition {position + 1}: column must be text")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise _Unreadable(f"condition {position + 1}: operator must be one of {', '.join(OPERATORS)}")
    if operator == "is_null" and value not in (None, True, False):
        raise _Unreadable(f"condition {position + 1}: is_null takes true or false")
    return Condition(column, operator, value)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > MAX_LISTED or None in value:
        raise Mismatch(f"takes a list of 1 to {MAX_LISTED} values with the operator in, none of them null")
    return value
