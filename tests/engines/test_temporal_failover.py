"""A Temporal that fails after it was connected to. It is emulated, so that it is away when a test says it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from horarium.domain.execution import Verdict, Watched, WatchedTarget
from horarium.domain.host_lists import host_list
from horarium.executors.engines import temporal
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import serving
from tests.engines.test_temporal_identity import answering
from tests.executors.calls import stored_call

WELL, AWAY, NOT_FOUND, SILENT = 0, 14, 5, None


class Engine:
    """`says` is how it answers, and `connections` how often it was connected to."""

    def __init__(self) -> None:
        self.says: int | None = WELL
        self.connections = 0
        self.port = 0
        self.allowed: tuple[str, ...] | None = None

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await answering(lambda: self.says)(reader, writer)


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    made = Engine()
    async with serving(made.answer) as made.port:
        yield made


@pytest_asyncio.fixture
async def executor(engine: Engine, monkeypatch: Any) -> AsyncIterator[temporal.TemporalExecutor]:
    """An executor that finds its engine by name."""

    def found(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        assert host == "temporal.test", host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("horarium.executors.egress.socket.getaddrinfo", found)
    monkeypatch.setattr(temporal, "_LOOK_S", 0.3)
    allowed = lambda _: None if engine.allowed is None else host_list(engine.allowed)  # noqa: E731
    made = temporal.make(
        ExecutorOptions(engine_hosts=(f"temporal.test:{engine.port}",), allowed_hosts=allowed)
    )
    yield made
    await made.close()


def run_of(executor: Any, engine: Engine, timeout_ms: int = 5_000) -> Any:
    config = {"address": f"temporal.test:{engine.port}", "workflow": "Report", "task_queue": "reports"}
    return stored_call(executor, config, timeout_ms=timeout_ms)


async def look(executor: Any, engine: Engine) -> Any:
    """What a look at a run shows."""
    call = run_of(executor, engine)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    return (await executor.watch(target, [Watched(call.run_id, "run_1")])).get(call.run_id)


@pytest.mark.parametrize("says", [AWAY, SILENT], ids=("away", "silent"))
async def test_after_a_run_that_was_given_in_vain_the_name_is_looked_up_again(executor, engine, says):
    assert (await executor.execute(run_of(executor, engine))).verdict is Verdict.SUCCEEDED
    engine.says = says
    assert (await executor.execute(run_of(executor, engine, timeout_ms=500))).unreached
    engine.says = WELL
    assert (await executor.execute(run_of(executor, engine))).verdict is Verdict.SUCCEEDED
    assert engine.connections == 2


@pytest.mark.parametrize("says", [AWAY, SILENT], ids=("away", "silent"))
async def test_after_a_look_in_vain_the_name_is_looked_up_again(executor, engine, says):
    await executor.execute(run_of(executor, engine))
    engine.says = says
    assert isinstance(await look(executor, engine), OSError)
    engine.says = WELL
    assert await look(executor, engine) is None
    assert engine.connections == 2


async def test_an_engine_that_refuses_keeps_its_connection(executor, engine):
    await executor.execute(run_of(executor, engine))
    engine.says = NOT_FOUND
    assert (await look(executor, engine)).verdict is Verdict.FAILED
    engine.says = WELL
    assert await look(executor, engine) is None
    assert engine.connections == 1


async def test_a_host_that_the_workspace_may_not_reach_any_more_is_not_asked_though_it_is_connected(
    executor, engine
):
    await executor.execute(run_of(executor, engine))
    engine.allowed = ("other.test",)
    outcome = await executor.execute(run_of(executor, engine))
    assert outcome.error is not None
    assert "is not among the hosts that this workspace may reach" in outcome.error
    with pytest.raises(OSError, match="is not among the hosts that this workspace may reach"):
        await look(executor, engine)


async def test_the_library_writes_nothing_of_its_troubles_beside_the_log(executor, engine, capfd):
    """It would complain from its fifth attempt on, which it makes after a second or two."""
    await executor.execute(run_of(executor, engine))
    engine.says = AWAY
    assert (await executor.execute(run_of(executor, engine, timeout_ms=4_000))).unreached
    said = capfd.readouterr()
    assert "retried" not in said.out + said.err
