"""The notation of the statement files, and where a statement stands."""

import re
from pathlib import Path

import pytest

import horarium.store
from horarium.store.statements import load, prepare, split

STORE = Path(horarium.store.__file__).parent
MODULES = {path.stem: path.read_text() for path in (STORE / "verbs").glob("*.py")}


def test_a_part_stands_once_and_is_put_in_where_it_is_named():
    text = "-- part: mine\nWHERE a = 1\n\n-- name: one\nSELECT 1 {mine};\n\n-- name: two\nSELECT 2 {mine} AND b = 2;\n"
    assert split(text) == [("one", "SELECT 1 WHERE a = 1"), ("two", "SELECT 2 WHERE a = 1 AND b = 2")]


def test_a_part_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        split("-- name: one\nSELECT {nowhere};")


def test_a_list_becomes_an_array_or_as_many_places_as_it_has_elements():
    given = {"ids": [b"a", b"b"], "now": 7, "error": "why"}
    text, values = load("sqlite")["cancel_open_runs"].sqlite_text(given)
    assert "started_ms > ? THEN started_ms ELSE ? END" in text
    assert "IN (?, ?)" in text
    assert values == [7, 7, "why", b"a", b"b"]
    assert "= ANY($1::bytea[])" in load("postgres")["known_fires"].sql


def test_a_list_may_stand_in_a_statement_more_than_once():
    for ids in ([b"a", b"b"], [b"c"], [b"d"]):
        text, values = load("sqlite")["anything_holds"].sqlite_text({"workspace_id": b"w", "ids": ids})
        assert text.count(f"IN ({', '.join('?' * len(ids))})") == 2
        assert values == [b"w", b"w", b"w", b"w", *ids, b"w", *ids]


@pytest.mark.parametrize("flavour", ["sqlite", "postgres"])
def test_a_statement_with_two_sequences_is_refused_when_it_is_loaded(flavour):
    two = "SELECT 1 FROM runs WHERE id IN (:ids...) AND id IN (:ids...) AND fire_id IN (:fires...)"
    with pytest.raises(
        ValueError, match=r"the statement mine takes :ids... and :fires...: .* at most one sequence"
    ):
        prepare("mine", two, flavour)
    beside = "UPDATE runs SET state = r.a FROM rows(a text) AS r WHERE id IN (:ids...)"
    with pytest.raises(ValueError, match=r"takes :ids... and rows\(...\)"):
        prepare("mine", beside, flavour)


def test_both_databases_know_the_same_statements():
    only_there = {"sqlite": set(load("sqlite")) - set(load("postgres"))}
    assert only_there == {"sqlite": set()}


def test_what_only_inserts_goes_to_postgres_as_a_copy():
    copied = load("postgres")["insert_runs"].copied
    assert (copied.table, copied.columns[0], copied.columns[-1]) == ("runs", "id", "data")
    given = {name: f"the {name}" for name in load("postgres")["insert_runs"].columns}
    (record,) = copied.records([tuple(given.values())])
    assert dict(zip(copied.columns, record, strict=True)) == given | {"state": "pending", "attempts": 0}


@pytest.mark.parametrize("name", ["put_contacts", "lock_rows", "settle_cursors", "insert_attempts"])
def test_what_does_more_than_insert_does_not(name):
    assert load("postgres")[name].copied is None


def test_parts_of_other_files_are_there_too_and_may_name_further_parts():
    shared = {"mine": "WHERE {condition}", "condition": "a = 1"}
    assert split("-- name: one\nSELECT 1 {mine};\n", shared) == [("one", "SELECT 1 WHERE a = 1")]


def test_a_name_that_is_given_twice_is_an_error():
    with pytest.raises(ValueError, match="one is given twice"):
        split("-- name: one\nSELECT 1;\n\n-- name: one\nSELECT 2;\n")


def used_by(statement):
    """The verb modules that name a statement, or make its name as in f"put_{kind}"."""
    named = {module for module, text in MODULES.items() if f'"{statement}"' in text}
    return named or {module for module, text in MODULES.items() if _is_made_in(text, statement)}


def _is_made_in(text, statement):
    made = re.findall(r'f"([a-z_]+\{[a-z_{}.]+)"', text)
    return any(re.fullmatch(re.sub(r"\{.*?\}", "[a-z]+", name), statement) for name in made)


# Statements that no verb uses: the store's own clock, and a figure that a benchmark reads.
OF_NO_VERB = {"now_ms", "database_bytes", "settled_total"}


@pytest.mark.parametrize(
    "file", sorted((STORE / "sql").rglob("*.sql")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_a_statement_stands_in_the_file_of_the_verbs_that_use_it(file):
    """What several modules use stands in entries.sql, and nothing else does."""
    statements = re.findall(r"^-- name: (\w+)$", file.read_text(), re.MULTILINE)
    assert statements or "-- part: " in file.read_text()
    for statement in set(statements) - OF_NO_VERB:
        modules = used_by(statement)
        if file.stem == "entries":
            assert len(modules - {"entries"}) > 1 or "entries" in modules, (statement, modules)
        else:
            assert modules == {file.stem}, (statement, modules)


# Values are sealed anew for several tables in one form, and only definitions of schedules have versions.
LEFT_UNUSED = {(f"reseal_{place}", "version") for place in ("targets", "sources", "webhooks")}


def test_every_column_of_the_rows_that_a_statement_is_given_is_used():
    """One that is forgotten in a list of what is set stays as it was, and nothing tells."""
    unused = set()
    for path in sorted((STORE / "sql").rglob("*.sql")):
        for name, _, text in (part.partition("\n") for part in path.read_text().split("-- name: ")[1:]):
            body = re.sub(r"^--.*$", "", text.split("-- part: ")[0], flags=re.MULTILINE)
            for rows in re.finditer(r"\brows\(((?:\s*\w+ \w+,?)+)\)", body):
                rest = body.replace(rows[0], "")
                for column in re.findall(r"(\w+) \w+,?", rows[1]):
                    if not re.search(rf"\br\.{column}\b|\bSELECT\b[^;]*\b{column}\b", rest):
                        unused.add((name, column))
    assert unused == LEFT_UNUSED
