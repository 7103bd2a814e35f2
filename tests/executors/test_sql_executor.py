"""In whose name targets of `sql` are read and written, what their errors hide, and what is remembered of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.host_lists import host_list
from horarium.domain.ids import Id
from horarium.executors.look_ups import Found, LookUps, Name
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import executor as module
from horarium.executors.sql import make
from horarium.executors.sql.databases import EmbeddedDatabase, NetworkDatabase
from tests.executors.calls import call_of
from tests.executors.sql_places import Place, leave, sqlite_place

URL = "postgresql://app:s3cret%2Fword@db.example.com/crm"
WORKSPACE = b"w" * 16
ADA = {"operation": "INSERT", "values": {"name": "Ada"}}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = await sqlite_place(tmp_path)
    yield made
    await leave(made)


async def test_an_error_of_a_database_shows_neither_its_url_nor_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_database: Any, _work: Any) -> Any:
        raise OSError(f"{URL} took neither s3cret/word nor s3cret%2Fword")

    monkeypatch.setattr(NetworkDatabase, "run", fail)
    executor = make(ExecutorOptions(sql_hosts=("*",)))
    public, secrets = executor.split({"connection": URL, "table": "contacts"})
    said = "the database could not be reached: *** took neither *** nor ***"
    assert await executor.execute(call_of(public, secrets, input=ADA)) == Outcome(Verdict.FAILED, error=said)
    (problem,) = await executor.check_operation(WORKSPACE, public, secrets, ADA)
    assert (problem.field, problem.message, problem.code) == ("", said, "unavailable")
    await executor.close()


async def test_a_driver_that_gives_up_by_itself_is_no_write_whose_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def give_up(_database: Any, _work: Any) -> Any:
        raise TimeoutError("no answer to the first message")

    monkeypatch.setattr(NetworkDatabase, "run", give_up)
    executor = make(ExecutorOptions(sql_hosts=("*",)))
    public, secrets = executor.split({"connection": URL, "table": "contacts"})
    outcome = await executor.execute(call_of(public, secrets, input=ADA, timeout_ms=60_000))
    assert outcome.error == "the database could not be reached: no answer to the first message"
    await executor.close()


async def test_an_operation_is_checked_in_the_name_of_its_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Id | None, str]] = []

    async def find(_look_ups: LookUps, workspace: Id | None, name: Name) -> list[Found]:
        asked.append((workspace, name.host))
        return [Found(socket.AF_INET, "169.254.169.254", 0)]

    monkeypatch.setattr(LookUps, "find", find)
    executor = make(ExecutorOptions(sql_hosts=("*",)))
    public, secrets = executor.split({"connection": URL, "table": "contacts"})
    (problem,) = await executor.check_operation(WORKSPACE, public, secrets, ADA)
    assert problem.code == "unavailable"
    assert asked == [(WORKSPACE, "db.example.com")]
    await executor.close()


async def test_a_host_that_a_workspace_may_not_reach_is_noted_when_an_operation_is_checked() -> None:
    options = ExecutorOptions(sql_hosts=("*",), allowed_hosts=lambda _: host_list(("other.example",)))
    executor = make(options)
    public, secrets = executor.split({"connection": URL, "table": "contacts"})
    said = "leads to a host that is not among the hosts that this workspace may reach (allowed_hosts)"
    (problem,) = await executor.check_operation(WORKSPACE, public, secrets, ADA)
    assert (problem.field, problem.message) == ("connection", said)
    (noted,) = options.refused_hosts.take(0)
    assert (noted.workspace_id, noted.host) == (WORKSPACE, "db.example.com")
    assert noted.reason == said.replace("leads to a host that", "db.example.com")
    await executor.close()


async def test_of_no_more_connections_than_a_bound_it_is_remembered_what_they_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module.MAX_ADDRESSES == 256
    monkeypatch.setattr(module, "MAX_ADDRESSES", 2)
    executor = make(ExecutorOptions(sql_hosts=("*",)))
    read = {}
    for name, remembered in (("a", 1), ("b", 2), ("c", 1), ("c", 1), ("d", 2)):
        read[name], problems = executor._address(f"postgresql://u@db/{name}")
        assert (problems, len(executor._addresses)) == ([], remembered)
    assert executor._address("postgresql://u@db/c")[0] is read["c"]
    await executor.close()


@pytest.mark.parametrize(("waited_s", "told"), [(1.0, 1_000), (0.999, 0)])
async def test_the_time_that_a_write_takes_once_it_has_begun_is_no_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch, waited_s: float, told: int
) -> None:
    clock = SimpleNamespace(at=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.at))
    run, perform = EmbeddedDatabase.run, module._perform

    async def waiting(database: EmbeddedDatabase, work: Any) -> Any:
        clock.at = waited_s
        return await run(database, work)

    def slow(*given: Any) -> dict[str, Any]:
        clock.at = 60.0
        return perform(*given)

    monkeypatch.setattr(EmbeddedDatabase, "run", waiting)
    monkeypatch.setattr(module, "_perform", slow)
    assert (await place.executor.execute(place.call(ADA))).waited_ms == told


async def test_a_write_that_is_out_of_time_says_how_long_it_may_take(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(_database: Any, _work: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(EmbeddedDatabase, "run", endless)
    outcome = await place.executor.execute(place.call(ADA, timeout_ms=50))
    assert outcome == Outcome(Verdict.FAILED, error="the write did not finish within 0.05 s")


async def test_without_a_data_folder_nothing_is_written_and_the_operator_is_told(tmp_path: Path) -> None:
    executor = make(ExecutorOptions())
    outcome = await executor.execute(call_of({"database": "crm", "table": "contacts"}, input=ADA))
    said = "this server has no data folder for embedded databases"
    assert outcome == Outcome(Verdict.FAILED, error=said, retryable=False)
    await executor.close()


@pytest.mark.parametrize("stored", [{}, {"database": "crm", "table": "people", "columns": 7}])
async def test_a_stored_configuration_that_cannot_be_used_fails_for_good(stored: dict[str, Any]) -> None:
    executor = make(ExecutorOptions())
    said = "the target's stored configuration cannot be used: replace it"
    assert await executor.execute(call_of(stored, input=ADA)) == Outcome(
        Verdict.FAILED, error=said, retryable=False
    )
    await executor.close()
