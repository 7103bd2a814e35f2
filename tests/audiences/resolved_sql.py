"""What databases are asked for audiences, and which rows come of it: chapters of `resolved.txt`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event

from horarium.audiences import sql
from horarium.audiences.sql_text import SYNTAXES, Parameter, read_query
from horarium.domain.audience import AudienceQuery
from horarium.domain.host_lists import host_list
from horarium.executors.sql.tables import database_path
from tests.audiences.resolved_world import BORROWER, NOW_MS, WORKSPACE, World

PEOPLE: Mapping[str, Any] = {
    "database": "crm",
    "key": "id",
    "query": "SELECT id, name, team FROM people ORDER BY id",
}

_NUMBERS = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n {}) "
QUERIES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "all": ("SELECT id, name, team FROM people ORDER BY id", {}),
    "a value": ("SELECT id FROM people WHERE team = :team", {"team": "red"}),
    "a value that is left out": ("SELECT id FROM people WHERE team = :team OR :team IS NULL", {}),
    "null": ("SELECT id FROM people WHERE team IS :team", {"team": None}),
    "a list": ("SELECT id FROM people WHERE id IN :ids", {"ids": [1, 3]}),
    "a list in brackets": ("SELECT id FROM people WHERE id IN (:ids)", {"ids": [2]}),
    "an empty list": ("SELECT id FROM people WHERE id IN :ids", {"ids": []}),
    "a list that is left out": ("SELECT id FROM people WHERE id IN :ids", {}),
    "large numbers": ("SELECT id FROM people WHERE id IN :ids", {"ids": [1, 2**40]}),
    "whose audience it is": ("SELECT :horarium_workspace AS id", {}),
    "a filter that says so too": ("SELECT :horarium_workspace AS id", {"horarium_workspace": "ws_other"}),
    "a semicolon at the end": ("SELECT id FROM people LIMIT 1 ; ", {}),
    "a literal": ("SELECT id FROM people WHERE name = ':team' OR name = 'it''s'", {}),
    "a colon that is written": ("SELECT 'a' || '\\:b' AS id, \\:c", {}),
    "values of every kind": (
        "SELECT 1 AS id, 1.5 AS r, 'ä' AS t, x'00ff' AS b, NULL AS n, 9223372036854775807 AS l", {},
    ),
    "keys of every kind": ("SELECT column1 AS id FROM (VALUES (1), ('1'), (1.5), (1.0), (x'ff'), (NULL), (''))", {}),
    "no rows": ("SELECT id FROM people WHERE 0", {}),
    "no such column": ("SELECT name FROM people", {}),
    "no such table": ("SELECT id FROM nothing", {}),
    "what is no SQL": ("SELECT id FROM", {}),
    "a write": ("WITH a AS (SELECT 1) INSERT INTO people (id) SELECT 9", {}),
    "another file": ("SELECT load_extension('x') AS id", {}),
    "a row at its largest": ("SELECT 1 AS id, printf('%.*c', 262136, 'x') AS t", {}),
    "a row above it": ("SELECT 1 AS id, printf('%.*c', 262137, 'x') AS t", {}),
    **{
        f"{count} rows": (_NUMBERS.format(f"WHERE id < {count}") + "SELECT id FROM n", {})
        for count in (499, 500, 501, 1_000)
    },
    "rows of many bytes": (
        _NUMBERS.format("WHERE id < 9") + "SELECT id, printf('%.*c', 262136, 'x') AS t FROM n", {},
    ),
}  # fmt: skip
# Texts whose parameters, literals and comments are read by the rules of each kind of database.
TEXTS = (
    "SELECT :a", "  select :a, :b, :a", "WITH x AS (SELECT 1) SELECT :a", "(SELECT :a)", "DELETE FROM x",
    "SELECTED :a", "",
    "SELECT 1; SELECT 2", "SELECT 1;;", "SELECT 1; -- end", "SELECT ';' ; ", "SELECT a::text, :b", "SELECT a := :b",
    "SELECT x[1:n]",
    "SELECT x[:a]", "SELECT 'x :a' , :b", "SELECT 'it''s :a', :b", "SELECT 'a\\' :b', :c", "SELECT E'a\\' :b', :c",
    "SELECT e'a' :c",
    "SELECT \"a :b\", :c", "SELECT \"a\"\" :b\", :c", "SELECT `a :b`, :c", "SELECT [a :b], :c", "SELECT [a]] :b], :c",
    "SELECT $$a :b$$, :c", "SELECT $x$a $$ :b$x$, :c", "SELECT a$b$ :c", "SELECT q'[a' :b]', :c",
    "SELECT Nq'{a' :b}', :c",
    "SELECT q'!a' :b!', :c", "SELECT -- :a\n :b", "SELECT -- :a\r :b", "SELECT --:a\n :b", "SELECT # :a\n :b",
    "SELECT /* :a */ :b",
    "SELECT /* /* :a */ :b */ :c", "SELECT /*! :a */ :b", "SELECT 'open :a", "SELECT \"open :a",
    "SELECT /* open :a", "SELECT $$open :a",
    "SELECT [open :a", "SELECT `open :a", "SELECT q'[open :a", "SELECT ?", "SELECT ?1", "SELECT $1", "SELECT @a",
    "SELECT :1", "SELECT a$1",
    "SELECT \\:a, :b", "SELECT a IN :b", "SELECT a IN (:b)", "SELECT a in\n:b", "SELECT a IN /* x */ :b",
    "SELECT pin :b", "SELECT :ä, :_a, :a1",
    "SELECT ä:a", "SELECT 1:a", "SELECT a_:b", "SELECT ? ? ? ? ? ?", "SELECT E'a'\n'b\\' :c', :d",
    "SELECT 1; SELECT 2; 'open",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 1, 2**63 - 1, -(2**63), 2**64 - 1, 2**64, -(2**63) - 1, 1.5, float("nan"), float("inf"), "a",
    {"a": 1},
    Decimal("7"), Decimal("7.00"), Decimal("1.10"), Decimal("0.1"), Decimal("1E+3"), Decimal("1E-7"), Decimal("NaN"),
    Decimal("Infinity"), Decimal("123456789012345678901234567890123456789"),
    Decimal("1234567890123456789012345678901234567890.1"),
    Decimal("0.12345678901234567890"), Decimal(2**64), Decimal("-0"), [1, Decimal("1.0"), None], (date(2026, 3, 8),),
    date(2026, 3, 8), time(13, 0, 1), datetime(2026, 3, 8, 13), datetime(2026, 3, 8, 13, tzinfo=UTC),
    timedelta(minutes=1, milliseconds=5),
    UUID(int=1), b"\x00\xff", memoryview(b"\x01"), 1j,
)  # fmt: skip
FILTERS: tuple[Mapping[str, Any], ...] = (
    {}, {"team": "red"}, {"teams": "red"}, {"horarium_workspace": "ws"}, {"team": {"a": 1}}, {"team": [1, "a", None]},
    {"team": [[1]]}, {"team": [{"a": 1}]}, {"x" * 100: 1}, {f"n{number}": 1 for number in range(25)},
)  # fmt: skip
CONNECTIONS = (
    "postgresql://app:s3cret-word@db.example.com/crm", "postgresql://app:s3cret-word@other.example/crm",
    "postgresql://app:s3cret-word@127.0.0.1/crm", "redis://db.example.com/0", "x",
)  # fmt: skip


async def chapters(world: World) -> None:
    said = world.page
    path = database_path(world.folder, WORKSPACE, "crm")
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, team TEXT)")
        connection.execute("INSERT INTO people VALUES (1, 'Ada', 'red'), (2, 'Bob', 'blue'), (3, 'Cy', NULL)")
        connection.commit()
    source = sql.make(world.options())
    said.chapter("sql: what is asked of an embedded database")

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.say(f"> {' '.join(statement.split())} {parameters!r}")

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for title, (query, given) in QUERIES.items():
            await world.read(title, source, {**PEOPLE, "query": query, "timeout": 30}, given)
        await world.read(
            "a borrower", source, {**PEOPLE, "query": QUERIES["whose audience it is"][0]}, {}, BORROWER
        )
        await world.read("another key", source, {**PEOPLE, "key": "name"})
        await world.read("a reader that leaves", source, {**PEOPLE, "query": QUERIES["501 rows"][0]}, most=1)
        await world.read("another database", source, {**PEOPLE, "database": "other"})
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    said.case("what is written meanwhile")
    with closing(sqlite3.connect(path)) as connection:
        said.say(str(connection.execute("SELECT count(*) FROM people").fetchone()))
    said.chapter("sql: filters")
    for given in FILTERS:
        said.case(str(given)[:100])
        config = {**PEOPLE, "query": "SELECT 1 AS id WHERE :team = :name AND :horarium_workspace = ''"}
        said.problems(source.check_filter(AudienceQuery(WORKSPACE, "crm", given, NOW_MS, config)))
    await source.close()
    bare = sql.make(world.options(data_dir=None))
    await world.read("a server without a folder", bare, PEOPLE)
    await bare.close()
    await _elsewhere(world)
    _texts(world)
    said.chapter("sql: values of columns")
    for value in VALUES:
        row = sql._row({"id": value}, "id")
        shown = f"{value!r}" if not isinstance(value, memoryview) else "a view of bytes"
        said.say(f"{shown} is {row.data['id']!r}, and the key {row.key!r}")


async def _elsewhere(world: World) -> None:
    world.page.chapter("sql: databases that are not reached")
    source = sql.make(world.options())
    for connection in CONNECTIONS:
        config = {"connection": connection, "key": "id", "query": "SELECT 1 AS id"}
        await world.read(connection, source, config)
    public, secrets = source.split(config)
    world.page.say(f"is stored as {public} with {sorted(secrets)}, or {source.split(PEOPLE) == (PEOPLE, {})}")
    await source.close()
    narrow = sql.make(world.options(allowed_hosts=lambda _: host_list(("other.example",))))
    config = {"connection": CONNECTIONS[0], "key": "id", "query": "SELECT 1 AS id"}
    await world.read("a host that the workspace may not reach", narrow, config)
    world.page.problems(narrow.check_hosts(WORKSPACE, config))
    await narrow.close()


def _texts(world: World) -> None:
    said = world.page
    said.chapter("sql: how the text of a query is read")
    for text in TEXTS:
        said.case(repr(text))
        told: dict[str, list[str]] = {}
        for kind in SYNTAXES:
            told.setdefault(_read(text, kind), []).append(kind)
        for words, kinds in told.items():
            said.say(f"{', '.join(kinds) if len(told) > 1 else 'all'}: {words}")


def _read(text: str, kind: str) -> str:
    found = read_query(text, kind)
    parts = [
        f"<{part.name}{' listed' if part.listed else ''}>" if isinstance(part, Parameter) else part
        for part in found.parts
    ]
    made: Sequence[str] = ()
    if not found.faults:
        given = {name: [1] if number % 2 else 1 for number, name in enumerate(sorted(found.names))}
        made = (
            f"bound: {found.with_values(given).text!r}",
            f"unbound: {found.with_values({}, 'EXPLAIN ').text!r}",
        )
    return " | ".join((repr("".join(parts)), *made, *found.faults))
