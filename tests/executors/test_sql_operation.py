"""What becomes of an operation on a table: one statement with bound values, or all that is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Column, Computed, Identity, Integer, MetaData, Table, Text, types
from sqlalchemy.dialects import sqlite

from horarium.executors.sql.conditions import MAX_CONDITIONS, read_conditions
from horarium.executors.sql.config import Columns
from horarium.executors.sql.operation import compile_write, id_column

PEOPLE = Table(
    "people",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("team", Text, nullable=False, server_default="blue"),
    Column("score", Integer),
    Column("extra", types.JSON),
    Column("twice", Integer, Computed("score * 2"), nullable=False),
    Column("number", Integer, Identity(always=True), nullable=False),
    Column("place", Integer, Identity(), nullable=False),
    Column("raw", types.LargeBinary),
)


def problems_of(operation: Any, columns: Columns = Columns(), table: Table = PEOPLE) -> list[tuple[str, str]]:
    compiled, problems = compile_write(operation, table, columns, "sqlite")
    assert (compiled is None) is bool(problems)
    return [(problem.field, problem.message) for problem in problems]


def statement_of(
    operation: Any, columns: Columns = Columns(), table: Table = PEOPLE
) -> tuple[str, list[Any]]:
    """The statement for SQLite on one line, and its values in their order."""
    compiled, problems = compile_write(operation, table, columns, "sqlite")
    assert compiled is not None, problems
    assert compiled.kind == operation["operation"]
    made = compiled.statement.compile(dialect=sqlite.dialect())
    assert made.positiontup is not None
    return " ".join(str(made).split()), [made.params[name] for name in made.positiontup]


def insert(**values: Any) -> dict[str, Any]:
    return {"operation": "INSERT", "values": values}


def update(where: Any = None, record: Any = None, **values: Any) -> dict[str, Any]:
    chosen = {"whereConditions": None if where is None else json.dumps(where), "dbRecordId": record}
    return {"operation": "UPDATE", "values": values or {"score": 1}, **chosen}


def test_an_insert_needs_a_value_for_each_column_that_the_database_fills_in_with_none() -> None:
    assert statement_of(insert(name="Ada"))[1] == ["Ada"]
    (problem,) = problems_of(insert(score=1))
    assert problem == ("values.name", "column 'name' needs a value: it has no default")


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"twice": 4}, "values.twice", "column 'twice' is computed by the database and cannot be written"),
        ({"number": 4}, "values.number", "column 'number' is computed by the database and cannot be written"),
        ({"name": None}, "values.name", "column 'name' does not take null"),
        ({"score": "1"}, "values.score", "column 'score' takes a whole number"),
    ],
)
def test_a_value_that_a_column_does_not_take_is_told_with_its_column(
    values: dict[str, Any], field: str, said: str
) -> None:
    ((found, words),) = problems_of(insert(**({"name": "Ada"} | values)))
    assert (found, words[: len(said)]) == (field, said)


def test_a_column_whose_number_the_database_only_suggests_may_be_written() -> None:
    assert statement_of(insert(name="Ada", place=7))[1] == ["Ada", 7]


def test_null_is_the_null_of_sql_in_a_column_of_json_too() -> None:
    assert "NULL" in statement_of(insert(name="Ada", extra=None))[0]
    assert statement_of(insert(name="Ada", score=None))[1] == ["Ada", None]
    assert statement_of(insert(name="Ada", extra={"a": None}))[1] == ["Ada", {"a": None}]


def test_columns_that_may_be_written_are_not_those_that_may_be_matched() -> None:
    narrow = Columns(write=("score",), match=("name",))
    said, values = statement_of(update({"name": "Ada"}, score=5), narrow)
    assert (said, values) == ("UPDATE people SET score=? WHERE people.name = ?", [5, "Ada"])
    assert problems_of(update({"score": 5}, name="Ada"), narrow) == [
        (
            "values.name",
            "the column 'name' may not be written through this target; columns that may be written: score",
        ),
        (
            "whereConditions",
            "the column 'score' may not be matched through this target; columns that may be matched: name",
        ),
    ]


def test_where_no_column_may_be_used_none_is_named() -> None:
    ((_, said),) = problems_of(insert(name="Ada"), Columns(write=()))
    assert said.endswith("columns that may be written: none")


@pytest.mark.parametrize(("count", "end"), [(20, "c19"), (21, "c19, ...")])
def test_of_many_columns_the_first_twenty_are_named(count: int, end: str) -> None:
    wide = Table("wide", MetaData(), *(Column(f"c{number}", Integer) for number in range(count)))
    ((_, said),) = problems_of(insert(nope=1), table=wide)
    assert said.endswith(end)


@pytest.mark.parametrize(
    ("keys", "named", "found"),
    [
        (("a",), None, "a"),
        (("id",), None, "id"),
        (("a", "b"), None, "id"),
        ((), None, "id"),
        (("a",), "b", "b"),
        (("a",), "nope", None),
    ],
)
def test_a_record_is_found_by_the_named_column_or_a_single_key_or_the_column_id(
    keys: tuple[str, ...], named: str | None, found: str | None
) -> None:
    table = Table(
        "t", MetaData(), *(Column(name, Integer, primary_key=name in keys) for name in ("a", "b", "id"))
    )
    column = id_column(table, named)
    assert (None if column is None else column.name) == found


def test_a_table_that_has_no_column_for_a_record_says_what_to_set() -> None:
    table = Table("t", MetaData(), Column("a", Integer))
    said = "the table has no id column; set columns.id of the target"
    assert problems_of(update(record=1, a=1), table=table) == [("dbRecordId", said)]


@pytest.mark.parametrize(
    ("where", "sql", "values"),
    [
        ({"name": "a", "score": 2}, "people.name = ? AND people.score = ?", ["a", 2]),
        ([{"column": "score", "operator": "!=", "value": 2}], "people.score != ?", [2]),
        ([{"column": "score", "operator": "<=", "value": 2}], "people.score <= ?", [2]),
        ([{"column": "score", "operator": ">=", "value": 2}], "people.score >= ?", [2]),
        ([{"column": "name", "operator": "like", "value": "a%"}], "people.name LIKE ?", ["a%"]),
        ([{"column": "extra", "operator": "is_null"}], "people.extra IS NULL", []),
        ([{"column": "extra", "operator": "is_null", "value": True}], "people.extra IS NULL", []),
        ([{"column": "extra", "operator": "is_null", "value": False}], "people.extra IS NOT NULL", []),
    ],
)
def test_conditions_become_sql_with_bound_values(where: Any, sql: str, values: list[Any]) -> None:
    assert statement_of(update(where)) == (f"UPDATE people SET score=? WHERE {sql}", [1, *values])


def test_a_record_and_all_conditions_choose_together() -> None:
    said, values = statement_of(update({"name": "a", "score": 2}, record=7))
    assert said.endswith("WHERE people.id = ? AND people.name = ? AND people.score = ?")
    assert values == [1, 7, "a", 2]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (
            {"column": "extra", "operator": "=", "value": 1},
            "holds JSON, which can be matched with is_null only",
        ),
        ({"column": "score", "operator": "=", "value": None}, "cannot be compared with null"),
        ({"column": "score", "operator": "="}, "cannot be compared with null"),
        ({"column": "score", "operator": "like", "value": "1"}, "is not text; like works on text columns"),
        ({"column": "raw", "operator": "<", "value": "aGk="}, "has no order; < does not work on it"),
        *(
            ({"column": "score", "operator": "in", "value": value}, "takes a list of 1 to 1000 values")
            for value in ([], 5, "1", {"1": 1}, [1, None], list(range(1001)))
        ),
    ],
)
def test_a_condition_that_does_not_fit_its_column_says_why(condition: dict[str, Any], said: str) -> None:
    ((field, words),) = problems_of(update([condition]))
    assert field == "whereConditions"
    assert said in words


def test_a_list_of_a_thousand_values_and_an_equal_binary_value_may_be_matched() -> None:
    assert problems_of(update([{"column": "score", "operator": "in", "value": list(range(1000))}])) == []
    assert problems_of(update([{"column": "raw", "operator": "=", "value": "aGk="}])) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "must be a JSON string"),
        ({"name": "a"}, "must be a JSON string"),
        ("{", "is not JSON"),
        ("[" * 30_000, "is not JSON (it cannot be read)"),
        (" " * 65_537, "is longer than 65536 characters"),
        ("{}", "is empty, which would match every row"),
        ("[]", "is empty, which would match every row"),
        ("5", 'must hold an object {"column": value} or a list'),
        ('{"a": 1, "a": 2}', "names 'a' twice; use a list of conditions"),
        ('{"a": NaN}', "holds NaN, which is not valid JSON"),
        ('{"a": -Infinity}', "holds -Infinity, which is not valid JSON"),
        ("[5]", "condition 1 must have column, operator and value, and nothing else"),
        ('[{"column": "a"}]', "condition 1 must have column, operator and value, and nothing else"),
        ('[{"operator": "="}]', "condition 1 must have column, operator and value, and nothing else"),
        (
            '[{"column": "a", "operator": "=", "value": 1}, {"column": "a", "operator": "=", "or": 1}]',
            "condition 2 must have column, operator and value, and nothing else",
        ),
        ('[{"column": 1, "operator": "="}]', "condition 1: column must be text"),
        (
            '[{"column": "a", "operator": "~"}]',
            "condition 1: operator must be one of =, !=, <, <=, >, >=, in",
        ),
        ('[{"column": "a", "operator": []}]', "condition 1: operator must be one of"),
        (
            '[{"column": "a", "operator": "is_null", "value": "no"}]',
            "condition 1: is_null takes true or false",
        ),
    ],
)
def test_conditions_that_cannot_be_read_say_why_and_choose_nothing(text: Any, said: str) -> None:
    conditions, (problem,) = read_conditions(text)
    assert conditions == []
    assert problem.field == "whereConditions"
    assert problem.message.startswith(said)


def test_conditions_are_as_many_and_as_long_as_a_bound() -> None:
    many = {f"c{number}": 1 for number in range(MAX_CONDITIONS)}
    conditions, problems = read_conditions(json.dumps(many))
    assert (len(conditions), problems) == (100, [])
    _, (problem,) = read_conditions(json.dumps(many | {"more": 1}))
    assert problem.message == "holds 101 conditions; at most 100 are allowed"
    longest = '{"a": 1}'.ljust(65_536)
    assert read_conditions(longest)[1] == []
