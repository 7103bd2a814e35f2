"""The source `sql`: it binds parameters, makes keys, keeps its time limit, and never writes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from horarium.audiences import sql
from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import BATCH_BYTES, VALUE_BYTES, SqlSource, _row
from horarium.domain.audience import ROW_SIZE_LIMIT, AudienceQuery, AudienceRow, SourceFault, row_text
from horarium.domain.host_lists import host_list
from horarium.domain.ids import prefixed
from horarium.domain.json_text import DEEPEST, TOO_DEEP
from horarium.domain.refused_hosts import RefusedHosts
from horarium.executors.look_ups import Found, LookUps
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql.tables import database_path
from tests.support.postgres import drop_database, fresh_database, socket_folder

WORKSPACE = bytes(range(16))
SCHEMA = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, team TEXT, score NUMERIC(8, 2))",
    "INSERT INTO people VALUES (1, 'Ada', 'red', 1.5), (2, 'Bob', 'blue', 2), (3, 'Cy', 'red', NULL)",
)


@pytest.fixture(params=["embedded", "postgres"])
async def place(request: Any, tmp_path: Path) -> AsyncIterator[tuple[SqlSource, dict[str, Any]]]:
    """A source, and the configuration of a database with a table of people."""
    options = ExecutorOptions(data_dir=tmp_path, sql_hosts=("*",))
    if request.param == "embedded":
        path = database_path(tmp_path, WORKSPACE, "crm")
        path.parent.mkdir(parents=True)
        engine = create_engine(f"sqlite:///{path}")
        where: dict[str, Any] = {"database": "crm"}
    else:
        url = fresh_database("crm")
        options = ExecutorOptions(data_dir=tmp_path, sql_hosts=(socket_folder(),))
        where = {"connection": url}
    source = SqlSource(AudienceOptions(None, options))  # type: ignore[arg-type] - it needs no store
    if request.param == "embedded":
        with engine.begin() as connection:
            for statement in SCHEMA:
                connection.execute(text(statement))
        engine.dispose()
    else:
        await _in_postgres(url, *SCHEMA)
    yield source, where
    await source.close()
    if request.param == "postgres":
        drop_database(where["connection"])


async def _in_postgres(url: str, *statements: str) -> list[Any]:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return list(await connection.fetch(statements[-1]))
    finally:
        await connection.close()


async def read(
    place: Any, query: str, key: str = "id", timeout: float = 10, **given: Any
) -> list[AudienceRow]:
    source, where = place
    config = {**where, "query": query, "key": key, "timeout": timeout}
    assert source.check(config) == []
    wanted = AudienceQuery(WORKSPACE, "crm", given, 0, config)
    return [row async for batch in source.rows(wanted) for row in batch]


async def test_each_row_has_its_key_and_its_columns(place: Any) -> None:
    found = await read(place, "SELECT id, name, score FROM people ORDER BY id;")
    assert [row.key for row in found] == ["1", "2", "3"]
    assert [row.data["name"] for row in found] == ["Ada", "Bob", "Cy"]
    assert [row.data["score"] for row in found] == [1.5, 2, None]


async def test_the_filter_is_bound_and_never_spliced_in(place: Any) -> None:
    query = "SELECT id FROM people WHERE team = :team ORDER BY id"
    assert [row.key for row in await read(place, query, team="red")] == ["1", "3"]
    assert await read(place, query, team="red' OR '1'='1") == []
    assert await read(place, query) == []
    several = "SELECT id FROM people WHERE team IN :teams ORDER BY id"
    assert [row.key for row in await read(place, several, teams=["blue", "red"])] == ["1", "2", "3"]
    assert await read(place, several, teams=[]) == []


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("' :note' <> :team AND team = :team", "1 3"),
        ("""'{"a":1}' <> :team AND team = :team""", "1 3"),
        ("'(?:x)' <> 'x' AND team = :team", "1 3"),
        ("team = :team -- :x", "1 3"),
        ("team = :team /* :x ' */", "1 3"),
        ("""team = (SELECT "a :b" FROM (SELECT 'red' AS "a :b") AS t) AND team = :team""", "1 3"),
        ("team = :team AND name <> ';'", "1 3"),
        ("team = :team AND name <> 'Ada; DROP TABLE people';", "1 3"),
        ("CAST(:team AS TEXT) = team", "1 3"),
    ],
)
async def test_a_colon_or_semicolon_in_a_literal_comment_or_name_means_nothing(
    place: Any, where: str, kept: str
) -> None:
    for tail in ("", "\n ORDER BY id"):
        query = f"SELECT id FROM people WHERE {where.rstrip(';') if tail else where}{tail}"
        assert [row.key for row in await read(place, query, team="red")] == kept.split()


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "where",
    [
        "$$a :b$$ <> 'x' AND team = :team",
        "$t$a :b; $$ $t$ <> 'x' AND team = :team",
        ":team::text = team",
        "team::text = :team::varchar(20)::text",
        r"E'\' :x' <> 'x' AND team = :team",
        "team = :team /* a /* :b */ :c */",
        """'{"red": [1]}'::jsonb ? team AND team = :team""",
        """'{"red": [1]}'::jsonb @? '$.red' AND '{"a": {"b": 1}}'::jsonb #> '{a,b}' = '1' AND team = :team""",
        "(ARRAY['x', 'red', 'y'])[2:2] = ARRAY[:team::text] AND team = :team",
    ],
)
async def test_postgres_reads_its_quotes_casts_and_operators(place: Any, where: str) -> None:
    query = f"SELECT id FROM people WHERE {where}\n ORDER BY id"
    assert [row.key for row in await read(place, query, team="red")] == ["1", "3"]


async def test_an_optional_filter_that_is_left_out_is_null(place: Any) -> None:
    query = "SELECT id FROM people WHERE (:team IS NULL OR team = :team) ORDER BY id"
    assert [row.key for row in await read(place, query)] == ["1", "2", "3"]
    assert [row.key for row in await read(place, query, team=None)] == ["1", "2", "3"]
    assert [row.key for row in await read(place, query, team="blue")] == ["2"]
    listed = "SELECT id FROM people WHERE team IN /* a list */ :teams"
    assert await read(place, listed) == []


async def test_nothing_no_and_an_empty_text_are_values_and_not_left_out(place: Any) -> None:
    query = "SELECT id FROM people WHERE (:least IS NULL OR id >= 3 - :least) ORDER BY id"
    assert [row.key for row in await read(place, query, least=0)] == ["3"]
    query = (
        "SELECT id FROM people WHERE name || :end = 'Ada' AND (:open IS NULL OR team = 'blue') ORDER BY id"
    )
    assert [row.key for row in await read(place, query, end="")] == ["1"]
    assert await read(place, query, end="", open=False) == []


async def test_a_list_may_hold_numbers_of_any_size(place: Any) -> None:
    query = "SELECT id FROM people WHERE id IN :ids ORDER BY id"
    assert [row.key for row in await read(place, query, ids=[1, 3, 1 << 40])] == ["1", "3"]
    assert [row.key for row in await read(place, query, ids=[1, 3, 1 << 31])] == ["1", "3"]


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
@pytest.mark.parametrize("kind", ["numeric(20,0)", "numeric", "decimal(20,0)", "bigint"])
async def test_a_large_id_is_an_exact_key(place: Any, kind: str) -> None:
    largest = "9223372036854775807" if kind == "bigint" else "12345678901234567890"
    ids = ["9007199254740992", "9007199254740993", largest]
    values = ", ".join(f"({digits}::{kind})" for digits in ids)
    found = await read(place, f"SELECT id FROM (VALUES {values}) AS t (id) ORDER BY id")
    assert [row.key for row in found] == ids
    assert [str(row.data["id"]) for row in found] == ids


async def test_an_id_stored_as_a_number_of_64_bits_is_an_exact_key(place: Any) -> None:
    found = await read(place, "SELECT 9007199254740993 AS id UNION ALL SELECT 9223372036854775807 ORDER BY 1")
    assert [row.key for row in found] == ["9007199254740993", "9223372036854775807"]


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_a_deep_jsonb_column_is_delivered_or_refused_with_its_row(place: Any) -> None:
    def query(levels: int) -> str:
        return f"SELECT 'k' AS id, '{'[' * levels}{']' * levels}'::jsonb AS deep"

    [row] = await read(place, query(DEEPEST - 1))
    assert row_text(row).count("[") == DEEPEST - 1
    [row] = await read(place, query(DEEPEST))  # with the object around its columns, the row is too deep
    with pytest.raises(SourceFault, match=f"the row 'k' {TOO_DEEP}"):
        row_text(row)
    for levels in (DEEPEST + 1, 250, 251, 1_000):
        with pytest.raises(SourceFault, match=f"a JSON column cannot be read: its value {TOO_DEEP}"):
            await read(place, query(levels))


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "many",
    ["('[' || repeat('[],', 2999) || '[]]')::jsonb", "array_fill(7, ARRAY[3000])"],
    ids=["a column of JSON", "a list"],
)
async def test_rows_of_many_values_come_in_batches_that_take_little_memory(place: Any, many: str) -> None:
    source, where = place
    config = {**where, "query": f"SELECT n AS id, {many} AS many FROM generate_series(1, 100) n", "key": "id"}
    batches = [batch async for batch in source.rows(AudienceQuery(WORKSPACE, "crm", {}, 0, config))]
    assert sum(map(len, batches)) == 100
    assert max(map(len, batches)) <= 1 + BATCH_BYTES // (3_000 * VALUE_BYTES)
    assert batches[-1][-1].data["many"] in ([[]] * 3_000, [7] * 3_000)


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_a_column_of_json_counts_without_its_blanks_and_is_not_decoded_if_it_is_too_long(
    place: Any,
) -> None:
    [row] = await read(place, "SELECT 'k' AS id, ('[' || repeat('1  , ', 100000) || '1]')::json AS many")
    assert len(row.data["many"]) == 100_001
    with (
        patch.object(sql, "decode_column", side_effect=AssertionError),
        pytest.raises(SourceFault, match=f"larger than {ROW_SIZE_LIMIT} bytes"),
    ):
        await read(place, "SELECT 'k' AS id, ('[' || repeat('1,', 1000000) || '1]')::json AS many")


async def test_many_rows_come_in_batches(place: Any) -> None:
    query = (
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000) SELECT id FROM n"
    )
    found = await read(place, query)
    assert len(found) == 20_000


def result_of(*ids: Any) -> Any:
    """Rows of one column, as a database gives them."""

    class Result(list[Any]):
        def keys(self) -> list[str]:
            return ["id"]

    return Result(SimpleNamespace(_mapping={"id": each}) for each in ids)


def test_the_time_in_which_a_batch_is_taken_is_none_of_the_querys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "BATCH", 2)
    happened: list[str] = []
    reading: Any = object.__new__(sql._Reading)
    reading._key, reading._emit = "id", lambda batch: happened.append("taken")
    reading._deadline = SimpleNamespace(begin=lambda: happened.append("begun anew"))

    reading._read(result_of(*range(5)))
    assert happened == ["taken", "begun anew", "taken", "begun anew", "taken"]


def test_a_batch_is_full_at_a_number_of_bytes_as_well_as_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "BATCH_BYTES", 100)
    reading: Any = object.__new__(sql._Reading)
    batches: list[int] = []
    reading._key, reading._emit = "id", lambda batch: batches.append(len(batch))
    reading._deadline = SimpleNamespace(begin=lambda: None)

    reading._read(result_of(*(f"{n:040}" for n in range(7))))
    assert batches == [3, 3, 1]
    reading._read(result_of(*(f"{n:050}" for n in range(3))))
    assert batches[3:] == [2, 1]


async def nothing_goes_on() -> None:
    """Until no task but this one is left, which is soon."""
    async with asyncio.timeout(5):
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0.001)


async def test_reading_can_be_broken_off(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source, where = place
    query = (
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100000) SELECT id FROM n"
    )
    wanted = AudienceQuery(WORKSPACE, "crm", {}, 0, {**where, "query": query, "key": "id"})
    begun: list[Any] = []

    class Reading(sql._Reading):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            begun.append(self)

    monkeypatch.setattr(sql, "_Reading", Reading)
    batches = source.rows(wanted)
    assert len(await anext(batches)) > 0
    (reading,) = begun
    while not reading._batches._putters:  # until it has a batch in hand that there is no room for
        await asyncio.sleep(0.001)
    async with asyncio.timeout(10):
        await batches.aclose()
    await nothing_goes_on()
    assert len(await read(place, "SELECT id FROM people")) == 3


async def test_a_query_that_takes_too_long_is_ended(place: Any) -> None:
    query = (
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 2000000000) "
        "SELECT max(id) AS id FROM n"
    )
    async with asyncio.timeout(20):
        with pytest.raises(SourceFault, match=r"no row within 0\.3 s"):
            await read(place, query, timeout=0.3)
    await nothing_goes_on()
    assert len(await read(place, "SELECT id FROM people")) == 3


async def test_nothing_can_be_written(place: Any) -> None:
    _, where = place
    if "connection" in where:
        query = "WITH gone AS (DELETE FROM people RETURNING id) SELECT id FROM gone"
    else:
        query = "WITH one(id) AS (SELECT 1) INSERT INTO people (id) SELECT 9 FROM one RETURNING id"
    with pytest.raises(SourceFault):
        await read(place, query)
    assert len(await read(place, "SELECT id FROM people")) == 3


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT id FROM nobody", "nobody"),
        ("SELECT name FROM people", "no column 'id'"),
        ("SELECT id FROM people WHERE", "syntax|incomplete"),
    ],
)
async def test_a_query_that_cannot_be_says_why(place: Any, query: str, words: str) -> None:
    with pytest.raises(SourceFault, match=words) as caught:
        await read(place, query)
    assert caught.value.lasting
    assert not set(words.split("|")) & set((caught.value.abroad or "").split())


async def test_a_missing_key_is_an_empty_one(place: Any) -> None:
    found = await read(place, "SELECT score AS id FROM people WHERE score IS NULL")
    assert [row.key for row in found] == [""]


async def test_only_parameters_of_the_query_are_filters(place: Any) -> None:
    source, where = place
    query = "SELECT id FROM people WHERE team = :team AND :horarium_workspace <> ''"
    config = {**where, "query": query, "key": "id"}
    given = {"team": {"x": 1}, "colour": "red", "teams": [], "horarium_workspace": "ws_another"}
    wanted = AudienceQuery(WORKSPACE, "crm", given, 0, config)
    problems = {problem.field: problem.message for problem in source.check_filter(wanted)}
    assert sorted(problems) == ["colour", "horarium_workspace", "team", "teams"]
    assert problems["teams"].endswith("; did you mean team?")
    assert problems["colour"].endswith("; the parameters are team")


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_a_row_that_is_far_too_large_is_cut_off_while_it_arrives(place: Any) -> None:
    with pytest.raises(SourceFault, match="sent more than") as caught:
        await read(place, "SELECT 1 AS id, repeat('x', 50000000) AS a", timeout=60)
    assert caught.value.lasting
    assert len(await read(place, "SELECT id FROM people")) == 3


async def test_a_row_may_be_as_large_as_its_limit(place: Any) -> None:
    most = sql.ROW_SIZE_LIMIT - 1  # and one byte of its key
    (row,) = await read(
        place, f"SELECT '1' AS id, '{'x' * 9_000}' AS a, :rest AS b", rest="x" * (most - 9_000)
    )
    assert len(row.data["a"] + row.data["b"]) == most
    with pytest.raises(SourceFault, match="a row of the query is larger than 262144 bytes"):
        await read(place, f"SELECT '1' AS id, '{'x' * 9_001}' AS a, :rest AS b", rest="x" * (most - 9_000))


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_any_number_of_the_largest_rows_is_read(place: Any) -> None:
    found = await read(
        place, "SELECT n AS id, repeat('x', 260000) AS a FROM generate_series(1, 300) AS n", timeout=60
    )
    assert len(found) == 300


@pytest.mark.parametrize(
    ("value", "key", "shown"),
    [
        ("a", "a", "a"),
        (True, "True", True),
        (None, "", None),
        ((1 << 64) - 1, str((1 << 64) - 1), (1 << 64) - 1),
        (1 << 64, str(1 << 64), str(1 << 64)),
        (-(1 << 63), str(-(1 << 63)), -(1 << 63)),
        (-(1 << 63) - 1, str(-(1 << 63) - 1), str(-(1 << 63) - 1)),
        (1.5, "1.5", 1.5),
        (float("inf"), "inf", "inf"),
        (Decimal("7.00"), "7", 7),
        (Decimal("0.10"), "0.1", 0.1),
        (Decimal("0.12345678901234567890"), "0.1234567890123456789", "0.1234567890123456789"),
        (Decimal("1E+3"), "1000", 1000),
        (Decimal("NaN"), "NaN", "NaN"),
        (Decimal("1E+50"), "1" + "0" * 50, "1" + "0" * 50),
        (Decimal("1E+99"), "1" + "0" * 99, "1" + "0" * 99),
        (Decimal("1E+100"), "1E+100", "1E+100"),
        (Decimal("-1E+131071"), "-1E+131071", "-1E+131071"),
        (Decimal("1.5E-16383"), "1.5E-16383", "1.5E-16383"),
        (Decimal("12" * 60), "12" * 60, "12" * 60),
        (Decimal("1E-38"), "0." + "0" * 37 + "1", 1e-38),
        (Decimal("1E-39"), "0." + "0" * 38 + "1", "0." + "0" * 38 + "1"),
        ((1, Decimal("2.50")), "[1, 2.5]", [1, 2.5]),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00+00:00", "2026-03-01T12:00:00+00:00"),
        (date(2026, 3, 1), "2026-03-01", "2026-03-01"),
        (time(12, 30), "12:30:00", "12:30:00"),
        (timedelta(minutes=1, milliseconds=5), "60.005", 60.005),
        (UUID(int=1), str(UUID(int=1)), str(UUID(int=1))),
        (b"\x00\xff", "00ff", "00ff"),
        (memoryview(b"\x01"), "01", "01"),
        ({"a": [1]}, "{'a': [1]}", {"a": [1]}),
    ],
)
def test_a_value_of_any_type_becomes_a_key_and_a_json_value_that_loses_nothing(
    value: Any, key: str, shown: Any
) -> None:
    assert _row({"id": value}, "id") == AudienceRow(key, {"id": shown})


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ({"timeout": 600}, {"timeout": 600.5}, "timeout"),
        ({"timeout": 0.1}, {"timeout": 0}, "timeout"),
        ({"timeout": 1}, {"timeout": True}, "timeout"),
        ({"key": "id"}, {"key": ""}, "key"),
        ({"query": "SELECT " + "1" * 19_993}, {"query": "SELECT " + "1" * 19_994}, "query"),
        ({"query": "SELECT 1"}, {"query": " \n"}, "query"),
        ({"database": "a-1_b"}, {"database": "A"}, "database"),
        ({"database": "a"}, {"database": "a", "connection": "postgresql://me@db/x"}, "connection"),
        ({"database": "a"}, {"database": None}, "connection"),
        ({"database": "a"}, {"database": None, "connection": "***"}, "connection"),
        ({"type": "sql"}, {"tiemout": 5}, "tiemout"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_named(
    tmp_path: Path, right: dict[str, Any], wrong: dict[str, Any], field: str
) -> None:
    options = ExecutorOptions(data_dir=tmp_path, sql_hosts=("*",))
    source = SqlSource(AudienceOptions(None, options))  # type: ignore[arg-type] - it needs no store
    whole = {"database": "crm", "query": "SELECT id FROM people", "key": "id"}
    assert source.check(whole | right) == []
    assert [problem.field for problem in source.check(whole | wrong)] == [field]


async def test_each_query_knows_whose_audience_it_reads(place: Any) -> None:
    query = "SELECT id FROM people WHERE :horarium_workspace = :wanted ORDER BY id"
    assert await read(place, query, wanted=prefixed("ws", WORKSPACE)) != []
    assert await read(place, query, wanted="ws_another", horarium_workspace="ws_another") == []


async def test_a_database_that_may_not_be_reached_is_noted_for_the_workspace_that_has_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its name is looked up for that workspace, whoever borrows the source. What a borrower is told says nothing
    of where the database is."""
    looked_up_for: list[Any] = []

    async def find(_: LookUps, workspace: Any, name: Any) -> list[Found]:
        looked_up_for.append(workspace)
        return [Found(socket.AF_INET, "169.254.169.254", 0)]

    monkeypatch.setattr(LookUps, "find", find)
    noted: list[tuple[Any, str, str]] = []

    class Noted(RefusedHosts):
        def note(self, workspace: Any, host: str, words: str) -> None:
            noted.append((workspace, host, words))

    allowed = host_list(("db.example.com", "10.0.0.1"))
    for sql_hosts, host, words in (
        (("*",), "db.example.com", "metadata service"),
        (("*",), "other.example.com", "not among the hosts that this workspace may reach"),
        (("db.example.com",), "10.0.0.1", "sql_hosts"),
    ):
        options = ExecutorOptions(
            data_dir=tmp_path, sql_hosts=sql_hosts, allowed_hosts={WORKSPACE: allowed}.__getitem__,
            refused_hosts=Noted(),
        )  # fmt: skip
        source = SqlSource(AudienceOptions(None, options))  # type: ignore[arg-type]
        config = {"connection": f"postgresql://me:pass@{host}/crm", "query": "SELECT 1 AS id", "key": "id"}
        wanted = AudienceQuery(WORKSPACE, "crm", {}, 0, config, asked_by=bytes([7] * 16))
        with pytest.raises(SourceFault) as caught:
            _ = [batch async for batch in source.rows(wanted)]
        await source.close()
        ((workspace, named, why),) = noted
        assert (workspace, named) == (WORKSPACE, host)
        assert words in why
        assert caught.value.lasting
        assert host not in str(caught.value.abroad)
        noted.clear()
    assert set(looked_up_for) == {WORKSPACE}
