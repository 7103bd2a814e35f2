"""Everything that a source of audiences takes is given back, however the reading ends: at the last row, by a fault, at
a time limit, because the reader leaves, and cancelled at any of its awaits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, closing
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.audiences import http, registry, sql
from horarium.audiences.registry import AudienceOptions
from horarium.domain.audience import AudienceQuery, SourceFault, StreamingSource
from horarium.executors.look_ups import asking
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql.databases import EmbeddedDatabase
from horarium.executors.sql.tables import database_path
from tests.support.cut_short import cut_at_every_await
from tests.support.wire import CUT, SILENCE, Step, Wire, answer

WORKSPACE = bytes(range(16))
PAGES: Mapping[str, list[list[Step]]] = {
    "pages": [
        answer(200, b'{"data": [{"id": 1}], "next_cursor": "a"}'),
        answer(200, b'{"data": [{"id": 2}]}'),
    ],
    "a refusal": [answer(403)],
    "an error": [[CUT]],
    "half an answer": [[b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", CUT]],
    "silence": [[SILENCE]],
    "no list": [answer(200, b"{}")],
}


async def read(source: StreamingSource, config: Mapping[str, Any], most: int = 1_000) -> None:
    """Read an audience, at most so many batches of it. A fault is one of its ends."""
    query = AudienceQuery(WORKSPACE, "crm", {}, 0, config)
    try:
        async with aclosing(source.rows(query)) as batches:
            async for _ in batches:
                most -= 1
                if not most:
                    return
    except SourceFault:
        return


@pytest.mark.parametrize("most", [1, 1_000])
@pytest.mark.parametrize("ending", PAGES)
async def test_an_endpoint_gets_its_connection_back(ending: str, most: int) -> None:
    source = http.make(AudienceOptions(None, ExecutorOptions(allow_loopback=True)))  # type: ignore[arg-type]
    async with Wire() as wire:
        config = {"url": f"http://localhost:{wire.port}/", "timeout": 0.03 if ending == "silence" else 5}

        async def work() -> None:
            wire.answers = list(PAGES[ending])
            await read(source, config, most)

        def held() -> dict[str, Any]:
            connector, resolver = source._egress.session.connector, source._egress._resolver
            assert connector is not None
            assert resolver is not None
            names = resolver.look_ups
            counted = (names._busy.total(), len(names._under_way), len(names._waiting))
            return {"in use": len(connector._acquired), "names": counted, "asking": asking()}

        assert await cut_at_every_await(work, held, between=source.close) >= 1
        assert held()["in use"] == 0
        await source.close()


_MANY = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 1200) SELECT id FROM n"
QUERIES: Mapping[str, str] = {
    "rows": "SELECT id FROM people",
    "batches": _MANY,
    "an error": "SELECT id FROM nothing",
    "no such column": "SELECT 1 AS other",
    "time over": _MANY.replace("1200", "1e12"),
}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[sql.SqlSource, Path]]:
    path = database_path(tmp_path, WORKSPACE, "crm")
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id INTEGER)")
        connection.execute("INSERT INTO people VALUES (1), (2)")
        connection.commit()
    source = sql.make(AudienceOptions(None, ExecutorOptions(data_dir=tmp_path)))  # type: ignore[arg-type]
    yield source, path
    await source.close()


@pytest.mark.parametrize("again", [0, 1])
@pytest.mark.parametrize("most", [1, 1_000])
@pytest.mark.parametrize("ending", QUERIES)
async def test_a_database_gets_its_thread_and_its_connection_back(
    place: tuple[sql.SqlSource, Path], ending: str, most: int, again: int
) -> None:
    source, path = place
    query = (
        QUERIES[ending]
        if ending != "time over"
        else QUERIES[ending].replace("SELECT id FROM n", "SELECT max(id) AS id FROM n")
    )
    config = {
        "database": "crm",
        "key": "id",
        "query": query,
        "timeout": 0.03 if ending == "time over" else 30,
    }

    def held() -> dict[str, Any]:
        (database,) = source._databases._open.values()
        assert isinstance(database, EmbeddedDatabase)
        return {
            "turn": database._turn.locked(),
            "share": database._share._value,
            "connections": database._engine.pool.checkedout(),  # type: ignore[attr-defined]
            "tasks": len(asyncio.all_tasks()),
        }

    async def work() -> None:
        await read(source, config, most)

    await read(source, {**config, "query": QUERIES["rows"]})
    assert await cut_at_every_await(work, held, again=again) >= 1
    assert (held()["turn"], held()["connections"]) == (False, 0)
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("INSERT INTO people VALUES (3)")
        connection.commit()


async def test_a_query_that_goes_on_ends_with_its_reader(place: tuple[sql.SqlSource, Path]) -> None:
    source, _ = place
    endless = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT max(id) AS id FROM n"
    await read(source, {"database": "crm", "key": "id", "query": QUERIES["rows"]})
    (database,) = source._databases._open.values()
    assert isinstance(database, EmbeddedDatabase)
    reading = asyncio.create_task(
        read(source, {"database": "crm", "key": "id", "query": endless, "timeout": 600})
    )
    async with asyncio.timeout(20):
        while not database._turn.locked():
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
    assert reading.cancelled()
    assert not database._turn.locked()


class Sticky:
    """A source that cannot be closed."""

    async def close(self) -> None:
        raise RuntimeError("no")


def sticky(options: AudienceOptions) -> Sticky:
    return Sticky()


async def test_a_source_that_cannot_be_loaded_or_closed_is_told_in_the_log_and_keeps_no_other() -> None:
    here, store = "tests.audiences.test_given_back", Any
    found = [
        EntryPoint(name, f"{here}:{value}", registry.GROUP)
        for name, value in (("bad", "absent"), ("first", "sticky"), ("first", "sticky"), ("second", "sticky"))
    ]
    with capture_logs() as lines:
        sources = registry.load(AudienceOptions(store, ExecutorOptions()), found)
        await registry.close(sources)
    assert "absent" in lines[0].pop("error")
    closing = {"event": "audience_source_not_closed", "error": "RuntimeError: no"}
    told = [
        {"event": "audience_source_not_loaded", "type": "bad", "entry": f"{here}:absent"},
        {"event": "audience_source_name_taken", "type": "first", "entry": f"{here}:sticky"},
        *(closing | {"type": name} for name in ("first", "second")),
    ]
    assert lines == [{"log_level": "warning", **line} for line in told]
