"""Faults are planted in one place each, and what is planted can be read by Python and by the databases."""

import ast
import re
import sqlite3
from contextlib import closing

import pytest

from horarium.store.sqlite.connection import connect
from horarium.store.statements import load
from tests.mutants import python_mutants, sql_mutants
from tests.mutants.run import SOURCE, interval, known_faults, mutants_in, planted_sql
from tests.support.sqlite_schema import fill_memory

PYTHON = '''
def late(slots: list[int], now: int = 0) -> int:
    """Not this < text."""
    found = 0
    for slot in slots:
        if slot <= now and slot != 7:
            found += 1
    return min(found, 5)
'''
SQL = """-- name: one
-- Not this < text, AND not this.
UPDATE runs SET state = 'x', attempts = attempts + 1
WHERE id = :id AND (due_ms <= :now OR due_ms IS NULL);

-- name: two
SELECT COALESCE(a, b) FROM runs WHERE a BETWEEN 1 AND 2 ORDER BY a LIMIT :limit;
"""


def lines_of(found, source):
    """What changes, with the line as it becomes."""
    return {(each.words, each.planted_in(source).splitlines()[each.line - 1].strip()) for each in found}


def test_python_loses_conditions_and_statements_and_compares_and_counts_otherwise():
    found = lines_of(python_mutants.mutants_of("x.py", PYTHON), PYTHON)
    assert {
        ("`<=` becomes `<`", "if (slot < now) and slot != 7:"),
        ("`!=` becomes `==`", "if slot <= now and (slot == 7):"),
        ("without `slot != 7`", "if (slot <= now):"),
        ("`and` becomes `or`", "if (slot <= now or slot != 7):"),
        ("without `found += 1`", "pass"),
        ("`min` becomes `max`", "return (max(found, 5))"),
        ("`5` becomes `6`", "return min(found, 6)"),
    } <= found
    assert not any("text" in line for _, line in found)


def test_sql_loses_conditions_columns_and_order():
    found = lines_of(sql_mutants.mutants_of("x.sql", SQL), SQL)
    assert {
        ("without `id = :id`", "WHERE TRUE AND (due_ms <= :now OR due_ms IS NULL);"),
        ("without `(due_ms <= :now OR due_ms IS NULL)`", "WHERE id = :id AND TRUE;"),
        ("without `OR due_ms IS NULL`", "WHERE id = :id AND (due_ms <= :now );"),
        ("`<=` becomes `<`", "WHERE id = :id AND (due_ms < :now OR due_ms IS NULL);"),
        ("`IS NULL` becomes `IS NOT NULL`", "WHERE id = :id AND (due_ms <= :now OR due_ms IS NOT NULL);"),
        ("without `state = 'x'`", "UPDATE runs SET  attempts = attempts + 1"),
        ("`+` becomes `-`", "UPDATE runs SET state = 'x', attempts = attempts - 1"),
    } <= found
    assert any("ORDER BY a DESC LIMIT" in line for _, line in found)
    assert any("LIMIT :limit + 1" in line for _, line in found)
    assert any(line.startswith("SELECT a FROM") for _, line in found)


@pytest.mark.parametrize("pattern", ["domain/*.py", "store/verbs/*.py", "worker/*.py"])
def test_what_is_planted_in_python_is_still_python(pattern):
    found = mutants_in([pattern])
    assert len(found) > 300
    for mutant in found[::7]:
        source = (SOURCE / mutant.path).read_text("utf-8")
        assert mutant.planted_in(source) != source
        ast.parse(mutant.planted_in(source))


def test_what_is_planted_in_sql_is_still_sql():
    """With few exceptions: SQLite knows no DESC within an aggregate, and the like."""
    refused = []
    with closing(connect(":memory:", durable=False)) as connection:
        fill_memory(connection)
        for mutant in mutants_in(["store/sql/*.sql"])[::23]:
            load.cache_clear()
            with planted_sql(mutant):
                statements = load("sqlite")
            for statement in statements.values():
                try:
                    connection.execute(*_explained(statement))
                except sqlite3.Error as error:
                    refused.append((mutant.name, str(error)))
    load.cache_clear()
    assert len({name for name, _ in refused}) <= 2, refused


def _explained(statement):
    """A query that has SQLite plan a statement, and values for its places."""
    given = dict.fromkeys(statement.parameters)
    if statement.listed:
        text, values = statement.sqlite_text(given | {statement.listed: [None]})
        return f"EXPLAIN {text}", values
    if statement.columns and "%s" in statement.sql:
        return f"EXPLAIN {statement.sqlite_rows(1)}", [None] * len(statement.columns)
    numbers = [int(number) for number in re.findall(r"\?(\d+)", statement.sql)]
    places = max(numbers) if numbers else statement.sql.count("?")
    return f"EXPLAIN {statement.sql}", given if ":" in statement.sql else [None] * places


def test_every_known_fault_can_still_be_planted_and_leaves_python_that_can_be_read():
    known = [fault for fault, _ in known_faults()]
    assert len(known) >= 35
    for fault in known:
        if fault.path.endswith(".py"):
            ast.parse(fault.planted_in((SOURCE / fault.path).read_text("utf-8")), fault.words)


def test_the_share_of_all_faults_lies_within_an_interval():
    low, high = interval(95, 100)
    assert 0.88 < low < 0.9
    assert 0.97 < high < 0.98
    assert interval(0, 0) == (0.0, 1.0)
