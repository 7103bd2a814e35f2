"""A query on an embedded database delays no other tenant, shows nothing of the server, and needs little memory."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import BATCH_BYTES, SqlSource
from horarium.domain.audience import AudienceQuery, SourceFault
from horarium.executors.options import ExecutorOptions
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
