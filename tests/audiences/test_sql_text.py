"""Parameters are found in SQL texts as the databases read these: not in literals, comments, quoted names and casts."""

from __future__ import annotations

import gc
import random
import re
import time

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite

from horarium.audiences.sql_text import SYNTAXES, read_query

ALL = ("sqlite", "postgresql", "mysql")
DIALECTS = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.asyncpg.dialect(),
    "mysql": mysql.aiomysql.dialect(),
}

# A text behind SELECT, the databases, and the parameters in it.
CASES = [
    (":a, (:b), x=:c", ALL, "a b c"),
    ("' :a', 'it''s :a', :b", ALL, "b"),
    ("""'{"a":1}', '(?:x)', '12:30', 1 -- :a""", ALL, ""),
    ("'a:b' || :c || ':d'", ALL, "c"),
    ("1 -- :a\n, :b", ALL, "b"),
    ("1 /* :a ' */, :b", ALL, "b"),
    ('"a :b", :c', ALL, "c"),
    (r"\:a, :b", ALL, "b"),
    (":a::text, x::int, :b", ["postgresql"], "a b"),
    (":été", ALL, "été"),
    # An E makes backslashes escapes on PostgreSQL, also in the lines that go on with the literal.
    (r"'\', :a, '\'", ["sqlite", "postgresql"], "a"),
    (r"E'\' :a', :b", ["postgresql"], "b"),
    ("E'x'\n '\\' :a', :b", ["postgresql"], "b"),
    (r"nameE'\', :a, '\'", ["postgresql"], "a"),
    (r"U&'\0041', :a", ["postgresql"], "a"),
    ("$$ :a ' $$, $x$ :b $$ $y$ $x$, :c", ["postgresql"], "c"),
    ("a$b$, :c, d$b$", ["postgresql"], "c"),
    ("1 /* a /* :b */ :c */, :d", ["postgresql"], "d"),
    ("1 /* a /* :b */, :c /* */", ["sqlite", "mysql"], "c"),
    ("1 -- :a\r, :b", ["postgresql"], "b"),
    ("1 -- :a\r, :b", ["sqlite", "mysql"], ""),
    ("d ? 'a', d ?| x, d @? :a, d #> :b, d #>> '{c}', d @> :c, d -> :d, d - :e", ["postgresql"], "a b c d e"),
    ("a[1:2], a[:3], a[n:m], a[:k]", ["postgresql"], "k"),
    ("[a :b], `c :d`, :e", ["sqlite"], "e"),
    ("`a :b`, :c", ["mysql"], "c"),
    (r"""'\' :a', "\" :b", :c""", ["mysql"], "c"),
    ("1--:a", ["mysql"], "a"),
    ("1--1 + :a", ["mysql"], "a"),
    ("1-- :a\n, :b --", ["mysql"], "b"),
    ("1 --\t:a", ["mysql"], ""),
    ("1--:a", ["sqlite", "postgresql"], ""),
    ("1 # ' :a\n, :b", ["mysql"], "b"),
    ("@x := 1, @@y, :a", ["mysql"], "a"),
    ("d -> '$.a', d ->> '$.b', :c", ["sqlite", "mysql"], "c"),
    ("/*+ x */ 1, /*!STRAIGHT_JOIN :a */ :b", ["mysql"], "b"),
    ("[a]] :b], :c", ["mssql"], "c"),
    ("q'[it's :a]', nq'!:b's!', :c", ["oracle"], "c"),
]
EACH = [(text, kind, names) for text, kinds, names in CASES for kind in kinds]


@pytest.mark.parametrize(("text", "kind", "names"), EACH)
def test_a_colon_begins_a_parameter_only_where_the_database_would_read_one(
    text: str, kind: str, names: str
) -> None:
    read = read_query(f"SELECT {text}", kind)
    assert read.faults == ()
    assert read.names == set(names.split())


@pytest.mark.parametrize(("text", "kind"), [(text, kind) for text, kind, _ in EACH if kind in DIALECTS])
def test_all_else_reaches_the_database_as_it_was_written(text: str, kind: str) -> None:
    read = read_query(f"SELECT {text}", kind)
    sent = read.with_values(dict.fromkeys(read.names, "v")).compile(dialect=DIALECTS[kind])
    for part in (part for part in read.parts if isinstance(part, str)):
        assert part in str(sent)
    assert len(set(sent.params)) == len(read.names)


@pytest.mark.parametrize("kind", ALL)
def test_random_pieces_keep_their_parameters_apart(kind: str) -> None:
    """Texts are put together from pieces whose parameters are known, with a seed that does not change."""
    pieces = [(text, names.split()) for text, its, names in EACH if its == kind]
    chance = random.Random(16)
    for _ in range(500):
        chosen = chance.choices(pieces, k=6)
        read = read_query("SELECT " + "\n, ".join(text for text, _ in chosen), kind)
        assert read.faults == ()
        assert read.names == {name for _, names in chosen for name in names}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    "query",
    [
        "SELECT ';'",
        "SELECT 1;",
        "SELECT 1 ; -- done; really\n",
        "SELECT 1 /* ; */",
        "-- first\nSELECT 1",
        'WITH x AS (SELECT 1) SELECT "a;b"',
    ],
)
def test_a_semicolon_ends_the_statement_only_outside_literals_and_comments(query: str, kind: str) -> None:
    assert read_query(query, kind).faults == ()


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("SELECT 1; SELECT 2", "sqlite", "single statement"),
        ("SELECT ';'; SELECT ''", "postgresql", "single statement"),
        ("SELECT '\\'; DELETE FROM t; --'", "postgresql", "single statement"),
        ("/* SELECT */ DELETE FROM t", "mysql", "one SELECT"),
        ("'SELECT'", "sqlite", "one SELECT"),
        ("SELECT 'a", "sqlite", "never closed, at character 8"),
        ("SELECT '\\'", "mysql", "never closed, at character 8"),
        ("SELECT $x$ $$", "postgresql", "never closed, at character 8"),
        ("SELECT 1 /* /* */", "postgresql", "never closed, at character 10"),
        ("SELECT $1", "postgresql", r"has the parameter \$1; parameters are written as :name"),
        ("SELECT ?", "sqlite", r"has the parameter \?"),
        ("SELECT ?", "mysql", r"has the parameter \?"),
        ("SELECT @a, $b", "sqlite", "has the parameter @a"),
        ("SELECT :1", "sqlite", "has the parameter :1"),
    ],
)
def test_a_query_that_cannot_be_used_says_why(query: str, kind: str, words: str) -> None:
    assert re.search(words, " | ".join(read_query(query, kind).faults))


@pytest.mark.parametrize("kind", sorted(SYNTAXES))
@pytest.mark.parametrize(
    "piece",
    ["'", '"', "$", "$a", "/*", "--", "-- ", ":", ":a", " IN :a", "E'", "E''\n", "\\", "[", "`", "q'", "#"],
)
def test_the_longest_queries_are_read_in_little_time(piece: str, kind: str) -> None:
    query = "SELECT " + piece * (20_000 // len(piece))
    gc.disable()  # a collection looks at everything that the process holds, and is not this query's fault
    try:
        began = time.thread_time()
        read_query(query, kind)
        taken = time.thread_time() - began
    finally:
        gc.enable()
    assert taken < 0.2
