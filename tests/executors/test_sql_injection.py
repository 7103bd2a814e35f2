"""Attempts to make a table write do something else than it says: through values, columns, tables,
operators, conditions.

Each is tried on SQLite and on PostgreSQL against a table with three rows and a second table beside it.
Whatever the executor answers, only what the operation means may have changed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.sql.executor import OperationRefused
from tests.executors.sql_places import Place, leave, place_of

BEFORE = [(1, "Ada", 1), (2, "Bob", 2), (3, "Cyd", 3)]

TEXTS = [
    "x'); DROP TABLE contacts; --",
    "x', 99); UPDATE contacts SET score = 99; --",
    "' OR '1'='1",
    "\\'; DELETE FROM contacts; --",
    '"; DROP TABLE contacts; --',
    "$$; DROP TABLE contacts; $$",
    "'||(SELECT name FROM secrets)||'",
    "/* */ '; ATTACH DATABASE 'x' AS x; --",
    "%s %(name)s {name} :name ?1 $1 @name",
    "'; SELECT pg_sleep(10); --",
    "NULL, NULL); --",
    "🙃' UNION SELECT secret FROM secrets --",
]
"""Values of a text column: written as they are, and nothing else happens."""

WRONG_VALUES: list[dict[str, Any]] = [
    {"score": "5; DROP TABLE contacts"},
    {"score": "1 OR 1=1"},
    {"score": "(SELECT 99)"},
    {"score": {"$ne": None}},
    {"score": ["1", "2"]},
    {"score": True},
    {"score": 1e400},
    {"score": 2**70},
    {"active": "true; DELETE FROM contacts"},
    {"active": 1},
    {"ratio": "0.5'; --"},
    {"ratio": float("nan")},
    {"seen": "2026-03-01'; DROP TABLE contacts; --"},
    {"seen": "now()"},
    {"name": {"raw": "DROP TABLE contacts"}},
    {"name": "a\0b"},
    {"name": "\ud800"},
    {"name": None},
]
"""Values that do not fit their column: refused."""

WRONG_COLUMNS = [
    "score = 99; --",
    'score" = 99; --',
    "score) VALUES (99); --",
    "score, name",
    "contacts.score",
    "SCORE",
    "score ",
    "rowid",
    "(SELECT secret FROM secrets)",
    "score\0",
    "*",
    "",
    "1=1",
    "name') --",
    "__proto__",
]

WRONG_TABLES = [
    "contacts; DROP TABLE secrets",
    'contacts" WHERE 1=1; --',
    "contacts, secrets",
    "(SELECT * FROM contacts)",
    "contacts--",
    "main.contacts",
    "CONTACTS'",
    "sqlite_master",
    "horarium_writes",
    "pg_catalog.pg_class",
    "contacts\0",
]

WRONG_OPERATORS = [
    "= 1 OR 1=1 --",
    "IS NOT",
    "OR",
    "<>",
    "= ANY",
    "LIKE",
    "IN",
    "not in",
    "~",
    "||",
    "regexp",
    "between",
    "exists",
    "; DROP TABLE contacts; --",
    "",
    None,
    ["="],
    {"=": 1},
]

WRONG_CONDITIONS = [
    "1=1",
    "name = 'Ada' OR 1=1",
    "",
    "{}",
    "[]",
    "null",
    "true",
    '"name"',
    "[[]]",
    "[" * 5_000,
    '{"name": "Ada"',
    '{"name": "Ada"} OR 1=1',
    '{"name": "zzz", "name": "Ada"}',
    '{"name": ["Ada", "Bob"]}',
    '{"name": {"$ne": ""}}',
    '{"name": null}',
    '{"1=1": 1}',
    '{"name\\u0000": "x"}',
    '{"score": "1 OR 1=1"}',
    '{"score": true}',
    '{"score": NaN}',
    '{"extra": {}}',
    '[{"column": "name", "operator": "in", "value": []}]',
    '[{"column": "name", "operator": "in", "value": ["Ada", null]}]',
    '[{"column": "name", "operator": "in", "value": "Ada) OR (1=1"}]',
    '[{"column": "score", "operator": "like", "value": "%"}]',
    '[{"column": "name", "operator": "like", "value": {"x": 1}}]',
    '[{"column": "name OR 1=1 --", "operator": "=", "value": 1}]',
    '[{"column": "name", "operator": "=", "value": "x", "or": true}]',
    '[{"column": ["name"], "operator": "=", "value": "x"}]',
    '[{"column": "name", "operator": "is_null", "value": "x) OR (1=1"}]',
    '[{"column": "active", "operator": "<", "value": true}]',
]

HARMLESS_CONDITIONS = [
    {"name": "' OR '1'='1"},
    {"name": "Ada'; DROP TABLE contacts; --"},
    {"name": "Ada' --"},
    [{"column": "name", "operator": "in", "value": ["x') OR ('1'='1", "$1", ":name_1"]}],
    [{"column": "name", "operator": "like", "value": "' OR name LIKE '%"}],
    [{"column": "name", "operator": ">", "value": "z' OR 1=1 --"}],
]
"""Well-formed, and matching no row: the quote is part of the value."""

FORMS: list[Any] = [
    {"operation": "DELETE", "values": {"score": 1}, "dbRecordId": 1},
    {"operation": "insert", "values": {"name": "x"}},
    {"operation": "UPDATE; DROP TABLE contacts", "values": {"score": 9}, "dbRecordId": 1},
    {"operation": ["UPDATE"], "values": {"score": 9}, "dbRecordId": 1},
    {"operation": "UPDATE", "values": {"score": 9}},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": None, "whereConditions": None},
    {"operation": "UPDATE", "values": {}, "dbRecordId": 1},
    {"operation": "UPDATE", "values": "score = 9", "dbRecordId": 1},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": "1 OR 1=1"},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": True},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": 1.0},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": [1, 2]},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": 2**80},
    {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": 1, "table": "secrets"},
    {"operation": "UPDATE", "values": {"score": 9}, "whereConditions": {"name": "Ada"}},
    {"operation": "INSERT", "values": {"name": "x"}, "dbRecordId": 1},
    {"operation": "INSERT", "values": {"name": "x"}, "whereConditions": "{}"},
    "UPDATE contacts SET score = 9",
    None,
    [],
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def place(kind: str, tmp_path: Path) -> AsyncIterator[Place]:
    made = await place_of(kind, tmp_path)
    await made.query("CREATE TABLE secrets (secret text)")
    await made.query("INSERT INTO secrets VALUES ('hidden')")
    for _, name, score in BEFORE:
        operation = {"operation": "INSERT", "values": {"name": name, "score": score}}
        await made.executor.execute(made.call(operation, run=-score))
    yield made
    await leave(made)


async def assert_refused(place: Place, operation: Any, run: int, field: str) -> None:
    """Refused both when it is checked and when it runs, with the same words about this field (or those that begin like
    it) and before the database gets a statement; not retried; nothing written, not even a marker."""
    checked = await place.executor.check_operation(
        place.call(None).workspace_id, place.config, place.secrets, operation
    )
    outcome = await place.executor.execute(place.call(operation, run))
    assert checked
    assert [problem for problem in checked if not problem.field.startswith(field)] == []
    assert "unavailable" not in {problem.code for problem in checked}
    assert outcome == Outcome(Verdict.FAILED, error=str(OperationRefused(checked)), retryable=False)


async def assert_only(place: Place, expected: list[tuple[Any, ...]]) -> None:
    assert [row[:3] for row in await place.rows()] == expected
    assert await place.rows("secrets") == [("hidden",)]
    assert len(await place.rows("horarium_writes")) <= len(BEFORE) + 1


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_is_written_as_it_is(place: Place, text: str) -> None:
    operation = {"operation": "UPDATE", "values": {"name": text}, "dbRecordId": 2}
    outcome = await place.executor.execute(place.call(operation, 1))
    assert outcome.output["affected"] == 1
    await assert_only(place, [BEFORE[0], (2, text, 2), BEFORE[2]])


async def test_values_that_do_not_fit_change_nothing(place: Place) -> None:
    for run, values in enumerate(WRONG_VALUES):
        await assert_refused(
            place, {"operation": "UPDATE", "values": values, "dbRecordId": 2}, run, "values."
        )
        await assert_refused(
            place, {"operation": "INSERT", "values": {"name": "x", **values}}, run, "values."
        )
    await assert_only(place, BEFORE)


async def test_columns_are_known_by_their_exact_name_only(place: Place) -> None:
    for run, column in enumerate(WRONG_COLUMNS):
        await assert_refused(
            place, {"operation": "UPDATE", "values": {column: 99}, "dbRecordId": 2}, run, "values."
        )
        where = json.dumps({column: 1})
        operation = {"operation": "UPDATE", "values": {"score": 99}, "whereConditions": where}
        await assert_refused(place, operation, run, "whereConditions")
    await assert_only(place, BEFORE)


async def test_tables_are_known_by_their_exact_name_only(place: Place) -> None:
    for run, table in enumerate(WRONG_TABLES):
        target = place.target(table=table)
        if not target.executor.check({**target.config, **target.secrets}):
            await assert_refused(
                target, {"operation": "UPDATE", "values": {"score": 99}, "dbRecordId": 2}, run, ""
            )
    await assert_only(place, BEFORE)


async def test_operators_are_the_listed_ones(place: Place) -> None:
    for run, operator in enumerate(WRONG_OPERATORS):
        where = json.dumps([{"column": "score", "operator": operator, "value": 1}])
        operation = {"operation": "UPDATE", "values": {"score": 99}, "whereConditions": where}
        await assert_refused(place, operation, run, "whereConditions")
    await assert_only(place, BEFORE)


async def test_conditions_that_do_not_name_rows_change_nothing(place: Place) -> None:
    for run, where in enumerate(WRONG_CONDITIONS):
        operation = {"operation": "UPDATE", "values": {"score": 99}, "whereConditions": where}
        await assert_refused(place, operation, run, "whereConditions")
    await assert_only(place, BEFORE)


@pytest.mark.parametrize("where", HARMLESS_CONDITIONS)
async def test_a_quote_in_a_condition_is_part_of_its_value(place: Place, where: Any) -> None:
    operation = {"operation": "UPDATE", "values": {"score": 99}, "whereConditions": json.dumps(where)}
    outcome = await place.executor.execute(place.call(operation, 1))
    assert outcome.output["affected"] == 0
    await assert_only(place, BEFORE)


async def test_forms_that_are_no_operation_change_nothing(place: Place) -> None:
    for run, operation in enumerate(FORMS):
        await assert_refused(place, operation, run, "")
    await assert_only(place, BEFORE)


async def test_odd_but_real_names_are_quoted(place: Place) -> None:
    """A column may really be called like an attack; then it is written, and only it."""
    name = 'a"b; DROP TABLE contacts --%s:x'
    quoted = '"' + name.replace('"', '""') + '"'
    await place.query(f"ALTER TABLE contacts ADD COLUMN {quoted} integer")
    operation = {
        "operation": "UPDATE",
        "values": {name: 5},
        "whereConditions": json.dumps(
            [{"column": name, "operator": "is_null"}, {"column": "id", "operator": "=", "value": 2}]
        ),
    }
    outcome = await place.executor.execute(place.call(operation, 1))
    assert outcome.error is None
    assert [row[-1] for row in await place.rows()] == [None, 5, None]
    await assert_only(place, BEFORE)
