"""Embedded tables: made, described and looked at."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from horarium.domain.errors import Conflict, Invalid, NotFound, Unavailable
from horarium.domain.ids import derived_id
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import create_table, describe_table, list_tables, read_rows, tables
from horarium.executors.sql.tables import database_path
from tests.executors.sql_places import CONTACTS, WORKSPACE, sqlite_place


@pytest.fixture
def options(tmp_path: Path) -> Any:
    return ExecutorOptions(data_dir=tmp_path)


async def test_a_table_is_described_as_it_was_made(options: Any) -> None:
    made = await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    assert made == await describe_table(options, WORKSPACE, "crm", "contacts")
    assert [(c["name"], c["type"], c["nullable"], c["primary_key"]) for c in made["columns"]] == [
        ("id", "integer", False, True),
        ("name", "text", False, False),
        ("score", "integer", True, False),
        ("ratio", "number", True, False),
        ("active", "boolean", True, False),
        ("seen", "timestamp", True, False),
        ("extra", "json", True, False),
    ]


async def test_a_table_without_a_key_gets_an_id(options: Any) -> None:
    made = await create_table(options, WORKSPACE, "crm", "notes", [{"name": "text", "type": "text"}])
    assert made["columns"][0] == {"name": "id", "type": "integer", "nullable": False, "primary_key": True}


async def test_a_table_is_made_once(options: Any) -> None:
    await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    with pytest.raises(Conflict):
        await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)


async def test_a_database_that_is_being_written_to_takes_no_thread_from_others(
    options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    path = database_path(options.data_dir, WORKSPACE, "crm")
    threads: list[int] = [0]
    work = tables._create

    def noted(*given: Any) -> dict[str, Any] | None:
        threads[0] += 1
        try:
            assert threads[0] <= tables.THREADS_OF_WORKSPACE
            return work(*given)
        finally:
            threads[0] -= 1

    async def moment(_: float) -> None:
        refused.set()
        await go_on.wait()

    refused, go_on = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(tables, "_create", noted)
    monkeypatch.setattr(tables.asyncio, "sleep", moment)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        making = [
            asyncio.create_task(create_table(options, WORKSPACE, "crm", f"notes{number}", CONTACTS))
            for number in range(4)
        ]
        async with asyncio.timeout(10):
            await refused.wait()
        writer.execute("COMMIT")
    go_on.set()
    async with asyncio.timeout(10):
        assert len(await asyncio.gather(*making)) == 4
    assert not tables._shares


async def test_a_table_of_a_database_that_is_written_to_all_the_time_is_not_made(
    options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    monkeypatch.setattr(tables, "BUSY_TRIES", 2)
    with closing(sqlite3.connect(database_path(options.data_dir, WORKSPACE, "crm"))) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="the database 'crm' is being written to; try again"):
            await create_table(options, WORKSPACE, "crm", "notes", CONTACTS)


async def test_every_problem_of_a_table_is_told(options: Any) -> None:
    columns = [
        {"name": "a; DROP TABLE x", "type": "text"},
        {"name": "b", "type": "varchar(5)", "nullable": "no"},
        {"name": "rowid", "type": "integer"},
        {"name": "c", "type": "text", "default": "x"},
        {"name": "C", "type": "text"},
        "d",
    ]
    with pytest.raises(Invalid) as caught:
        await create_table(options, WORKSPACE, "../x", "sqlite_x", columns)  # type: ignore[arg-type]
    assert {problem.field for problem in caught.value.problems} == {
        "database",
        "table",
        "columns.0.name",
        "columns.1.type",
        "columns.1.nullable",
        "columns.2.name",
        "columns.3.default",
        "columns.5",
        "columns",
    }


@pytest.mark.parametrize("given", [None, True, 7, 7.5, ["text"], {"text": 1}])
async def test_a_type_that_is_no_text_is_refused_by_name(options: Any, given: Any) -> None:
    with pytest.raises(Invalid) as caught:
        await create_table(options, WORKSPACE, "crm", "contacts", [{"name": "a", "type": given}])
    assert [problem.field for problem in caught.value.problems] == ["columns.0.type"]


@pytest.mark.parametrize(
    "columns",
    [
        None,
        5,
        {"name": "a", "type": "text"},
        "name",
        [],
        (),
        [{"name": f"c{n}", "type": "text"} for n in range(201)],
    ],
)
async def test_columns_are_a_list_of_one_to_two_hundred(options: Any, columns: Any) -> None:
    with pytest.raises(Invalid) as caught:
        await create_table(options, WORKSPACE, "crm", "contacts", columns)
    said = [(problem.field, problem.message) for problem in caught.value.problems]
    assert said == [("columns", "must be a list of 1 to 200 columns")]


async def test_a_table_may_have_two_hundred_columns(options: Any) -> None:
    columns = [{"name": f"c{n}", "type": "text", "primary_key": n == 0} for n in range(200)]
    made = await create_table(options, WORKSPACE, "crm", "wide", columns)
    assert len(made["columns"]) == 200


async def test_nobody_else_on_the_machine_reads_a_workspaces_tables(options: Any) -> None:
    before = os.umask(0)
    try:
        await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    finally:
        os.umask(before)
    path = database_path(options.data_dir, WORKSPACE, "crm")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_file_is_let_go_of_once_it_was_made_described_or_read(options: Any) -> None:
    def opened() -> list[str]:
        links = (Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
        found = [os.readlink(link) for link in links if link.is_symlink()]
        return [name for name in found if name.startswith(str(options.data_dir))]

    await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    with pytest.raises(Conflict):
        await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    assert opened() == []
    await describe_table(options, WORKSPACE, "crm", "contacts")
    await list_tables(options, WORKSPACE)
    await read_rows(options, WORKSPACE, "crm", "contacts")
    assert opened() == []


async def test_rows_come_in_pages(tmp_path: Path) -> None:
    place = await sqlite_place(tmp_path)
    for number in range(5):
        values = {"name": f"n{number}", "seen": "2026-03-01T09:00:00Z", "extra": {"n": number}}
        await place.executor.execute(place.call({"operation": "INSERT", "values": values}, number))
    first = await read_rows(place.options, WORKSPACE, "crm", "contacts", limit=3)
    assert [row["name"] for row in first["rows"]] == ["n0", "n1", "n2"]
    assert first["rows"][0]["seen"] == "2026-03-01T09:00:00"
    assert first["rows"][0]["extra"] == {"n": 0}
    rest = await read_rows(place.options, WORKSPACE, "crm", "contacts", limit=3, after=first["next"])
    assert [row["name"] for row in rest["rows"]] == ["n3", "n4"]
    assert rest["next"] is None
    await place.executor.close()


async def test_lists_hold_a_workspaces_own_tables_and_none_of_ours(tmp_path: Path) -> None:
    place = await sqlite_place(tmp_path)
    await place.executor.execute(place.call({"operation": "INSERT", "values": {"name": "x"}}))
    assert await list_tables(place.options, WORKSPACE) == [{"database": "crm", "table": "contacts"}]
    assert await list_tables(place.options, derived_id(1, b"other")) == []
    await place.executor.close()


@pytest.mark.parametrize(
    ("database", "table"), [("crm", "nope"), ("nope", "contacts"), ("../crm", "contacts"), ("crm", "a;b")]
)
async def test_what_is_not_there_is_not_found(options: Any, database: str, table: str) -> None:
    await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    with pytest.raises(NotFound):
        await describe_table(options, WORKSPACE, database, table)
    with pytest.raises(NotFound):
        await read_rows(options, WORKSPACE, database, table)


async def test_another_workspace_finds_nothing(options: Any) -> None:
    await create_table(options, WORKSPACE, "crm", "contacts", CONTACTS)
    with pytest.raises(NotFound):
        await describe_table(options, derived_id(1, b"other"), "crm", "contacts")


async def test_a_page_of_large_rows_ends_early_and_goes_on(options: Any) -> None:
    await create_table(options, WORKSPACE, "crm", "notes", [{"name": "text", "type": "text"}])
    connection = sqlite3.connect(database_path(options.data_dir, WORKSPACE, "crm"))
    connection.executemany("INSERT INTO notes (text) VALUES (?)", [("x" * 1_000_000,)] * 12)
    connection.commit()
    connection.close()
    seen, after, pages = 0, 0, 0
    while True:
        page = await read_rows(options, WORKSPACE, "crm", "notes", limit=100, after=after)
        assert len(page["rows"]) <= 5
        seen, pages = seen + len(page["rows"]), pages + 1
        if page["next"] is None:
            break
        after = page["next"]
    assert (seen, pages) == (12, 3)
