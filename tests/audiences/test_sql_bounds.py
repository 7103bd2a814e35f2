"""A query on an embedded database delays no other tenant, shows nothing of the server, and needs little memory."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from horarium.audiences import sql
from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import BATCH_BYTES, SqlSource
from horarium.domain.audience import AudienceQuery, SourceFault
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import query_limits
from horarium.executors.sql.tables import database_path
from horarium.service.audiences import AudienceService
from tests.support.house import HandClock

MINE, OTHER = bytes(16), bytes(15) + b"\x01"
ENDLESS = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT max(id) AS id FROM n"


def make_database(folder: Path, workspace: bytes, name: str) -> None:
    path = database_path(folder, workspace, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO people VALUES (1, 'Ada');"
        "CREATE TABLE horarium_writes (run_id TEXT); CREATE VIEW named AS SELECT id, name FROM people;"
    )
    connection.close()


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[SqlSource]:
    for name in ("crm", "a", "b", "c", "d", "e"):
        make_database(tmp_path, MINE, name)
    make_database(tmp_path, OTHER, "crm")
    made = SqlSource(AudienceOptions(None, ExecutorOptions(data_dir=tmp_path)))  # type: ignore[arg-type]
    yield made
    await made.close()


async def read(
    source: SqlSource, query: str, workspace: bytes = MINE, database: str = "crm", timeout: float = 10
) -> list[Any]:
    config = {"database": database, "query": query, "key": "id", "timeout": timeout}
    assert source.check(config) == []
    wanted = AudienceQuery(workspace, "crm", {}, 0, config)
    return [batch async for batch in source.rows(wanted)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT file AS id FROM pragma_database_list",
        "SELECT name AS id FROM pragma_table_info('people')",
        "SELECT * FROM pragma_function_list",
        "SELECT name AS id FROM sqlite_schema",
        "SELECT name AS id FROM sqlite_master",
        "SELECT name AS id FROM dbstat",
        "SELECT pgno AS id FROM sqlite_dbpage",
        "SELECT run_id AS id FROM horarium_writes",
        "SELECT load_extension('/tmp/x.so') AS id",
        "SELECT readfile('/etc/hostname') AS id",
        "WITH x AS (SELECT 1) INSERT INTO people (id) VALUES (7)",
    ],
)
async def test_a_query_reads_the_tables_of_its_database_and_nothing_else(
    source: SqlSource, query: str
) -> None:
    with pytest.raises(SourceFault) as caught:
        await read(source, query)
    assert "/" not in str(caught.value).replace("/tmp/x.so", "")
    assert len(await read(source, "SELECT id FROM people")) == 1


async def test_tables_views_and_json_can_be_read(source: SqlSource) -> None:
    for query in (
        "SELECT p.id, n.name, count(*) AS c FROM people p JOIN named n ON n.id = p.id GROUP BY 1, 2",
        "SELECT value AS id FROM json_each('[1,2]')",
        "WITH a AS (SELECT id FROM PEOPLE) SELECT id FROM a ORDER BY id",
    ):
        assert await read(source, query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS id, hex(randomblob(250000000)) AS x",
        "SELECT 1 AS id, randomblob(300000000) AS x",
        "SELECT 1 AS id, zeroblob(1000000000) AS x",
        "SELECT 1 AS id, group_concat(hex(randomblob(100000))) AS x FROM json_each('[1,2,3,4]')",
        "SELECT 1 AS id" + "".join(f", hex(zeroblob(100000)) AS x{n}" for n in range(5)),
        "SELECT 1 AS id" + "".join(f", 1 AS x{n}" for n in range(300)),
    ],
)
async def test_a_row_is_refused_before_it_takes_much_memory(source: SqlSource, query: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceFault) as caught:
        await read(source, query)
    assert caught.value.lasting
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100 * 1024, f"{grown} KB"


async def test_batches_are_bounded_in_bytes(source: SqlSource) -> None:
    query = (
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40) "
        "SELECT id, hex(zeroblob(100000)) AS x FROM n"
    )
    batches = await read(source, query)
    assert sum(map(len, batches)) == 40
    assert max(map(len, batches)) <= BATCH_BYTES // 200_000 + 1


async def test_queries_that_hang_hold_up_their_own_workspace_alone(source: SqlSource) -> None:
    hanging = [
        asyncio.create_task(read(source, ENDLESS, database=name, timeout=60))
        for name in ("a", "b", "c", "d", "e")
    ]
    await asyncio.sleep(0.2)
    begun = time.monotonic()
    async with asyncio.timeout(10):
        assert await read(source, "SELECT id FROM people", OTHER)
    assert time.monotonic() - begun < 5
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    async with asyncio.timeout(10):
        assert await read(source, "SELECT id FROM people", database="a")


async def test_a_query_ends_by_itself_when_its_time_is_up(source: SqlSource) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceFault):
        await read(source, ENDLESS, timeout=0.3)
    assert time.monotonic() - begun < 5


async def test_a_preview_shows_no_more_than_a_megabyte(source: SqlSource) -> None:
    service = AudienceService(None, None, {}, HandClock(0))  # type: ignore[arg-type]
    query = (
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40) "
        "SELECT id, hex(zeroblob(100000)) AS x FROM n"
    )
    config = {"database": "crm", "query": query, "key": "id"}
    wanted = AudienceQuery(MINE, "crm", {}, 0, config)

    async def opened(*_given: Any) -> Any:
        return source, wanted

    with patch.object(AudienceService, "open", opened):
        preview = await service.preview(MINE, {"type": "crm"}, sample=50)
    assert (preview.count, len(preview.rows)) == (40, 5)


LONG = (
    "WITH s(x, y) AS MATERIALIZED (SELECT replace(hex(zeroblob(65000)), '0', 'a'), {pattern}) SELECT 1 AS id"
)
OF_B = "'*[' || replace(hex(zeroblob(90)), '0', 'b') || ']'"
HALF = "replace(hex(zeroblob(32500)), '0', 'a') || 'b'"
MANY = "replace(hex(zeroblob(10000)), '0', 'b') || 'a'"


def times(count: int, call: str) -> str:
    return "".join(f", {call.format(n)} AS x{n}" for n in range(count))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            LONG.format(pattern=OF_B) + times(60, "(x || {}) GLOB y") + " FROM s",
            "computes 62 times LIKE, GLOB",
        ),
        (LONG.format(pattern=HALF) + times(60, "instr(x || {}, y)") + " FROM s", "at most 50 may stand"),
        (
            LONG.format(pattern=HALF) + times(60, "replace(x || {}, y, '')") + " FROM s",
            "at most 50 may stand",
        ),
        (
            f"WITH t AS (SELECT id, instr(name || id, 'a') AS g FROM people) SELECT id{', g + g + g' * 20} FROM t",
            "computes 60 times",
        ),
        (
            LONG.format(pattern=MANY) + times(50, "trim(x || {}, y)") + " FROM s",
            "cuts more different characters",
        ),
        (LONG.format(pattern=MANY) + ", rtrim(x, y) AS z FROM s", "cuts more different characters"),
        ("SELECT json_patch(name, name) AS id FROM people", "not authorized"),
    ],
)
async def test_no_function_holds_a_thread_for_long(source: SqlSource, query: str, said: str) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceFault, match=said) as caught:
        await read(source, query)
    assert caught.value.lasting
    assert time.monotonic() - begun < 5
    assert len(await read(source, "SELECT id FROM people")) == 1


async def test_a_query_may_compare_a_text_with_many_patterns(source: SqlSource) -> None:
    patterns = " OR ".join(f"name LIKE '%{n}da%'" for n in range(49))
    query = f"SELECT id FROM people WHERE {patterns} OR name LIKE 'Ad%'"
    ((row,),) = await read(source, query)
    assert row.key == "1"


BIG = "WITH RECURSIVE n(id, x) AS (SELECT 1, hex(zeroblob(50000)) UNION ALL SELECT id + 1, x FROM n WHERE id < 4000) "


@pytest.mark.skipif(
    not Path("/proc/thread-self/io").exists(), reason="the system does not tell what a thread writes"
)
@pytest.mark.parametrize(
    "query",
    [
        BIG + "SELECT id FROM n ORDER BY x || id",
        BIG + "SELECT DISTINCT x || id AS id FROM n",
        BIG + "SELECT count(DISTINCT x || id) AS id FROM n",
        BIG + "SELECT max(id) AS id FROM n GROUP BY x || id",
        "WITH RECURSIVE n(id, x) AS (SELECT 1, hex(zeroblob(50000)) UNION SELECT id + 1, x FROM n WHERE id < 4000) "
        "SELECT max(id) AS id FROM n",
        BIG
        + ", m AS MATERIALIZED (SELECT id, x || id AS y FROM n) SELECT max(a.id) AS id FROM m a JOIN m b ON a.y = b.y",
    ],
)
async def test_a_query_does_not_fill_the_disk_with_what_it_sorts(
    source: SqlSource, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 16 * 1024 * 1024
    monkeypatch.setattr(query_limits, "MOST_WRITTEN", most)
    before = all_written()
    with pytest.raises(SourceFault, match="writes more than 16 MB to temporary files") as caught:
        await read(source, query)
    assert caught.value.lasting
    assert most < all_written() - before < 8 * most
    assert len(await read(source, "SELECT id FROM people")) == 1


def all_written() -> int:
    """The bytes that this process has written."""
    return int(Path("/proc/self/io").read_text().partition("wchar:")[2].split()[0])


@pytest.mark.parametrize("name", ["trim", "ltrim", "rtrim"])
def test_characters_are_cut_off_as_by_sqlite_itself(name: str) -> None:
    texts = ["", "a", "abcba", " a b ", "äbä", "aaaa", 12021, 1.5, None, b"abca"]
    characters = ["", "a", "ab", "ä", " ", "cba", 1, None, b"a"]
    plain, limited = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    with query_limits.only_reading(limited, query_limits.Deadline(60)):
        for text in texts:
            for cut in characters:
                asked = (f"SELECT {name}(?, ?)", (text, cut))
                assert limited.execute(*asked).fetchone() == plain.execute(*asked).fetchone(), asked
                (alone,) = limited.execute(f"SELECT {name}(?)", (text,)).fetchone()
                assert alone == plain.execute(f"SELECT {name}(?)", (text,)).fetchone()[0]
    plain.close()
    limited.close()


def test_a_decimal_of_very_many_digits_is_weighed_and_kept_as_it_arrives() -> None:
    huge = [Decimal("1E+131071")] * 1_000
    text, held = sql._weight(huge)
    assert sum(len(str(sql._plain(value))) for value in huge) <= text == held < 200_000
    assert len(str(sql._plain(huge))) < 200_000
