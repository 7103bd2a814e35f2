"""The processes that run synchronous functions: each is used again, and none outlives its pool."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from horarium.executors import processes
from horarium.executors.options import ExecutorOptions
from horarium.executors.processes import FunctionRaised, ProcessPool, WorkerLost
from horarium.executors.python import make
from tests.executors.calls import stored_call
from tests.support.processes import gone

MODULE = "tests.executors.functions_for_tests"


@pytest.fixture
async def started(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[processes._Process]]:
    """The processes that are started, in their order. None is left when the test is over, however it ends."""
    found: list[processes._Process] = []
    start, begun = processes._Process.start, 0

    async def noted() -> processes._Process:
        nonlocal begun
        begun += 1
        found.append(await start())
        return found[-1]

    monkeypatch.setattr(processes._Process, "start", noted)
    yield found
    async with asyncio.timeout(20):
        while len(found) < begun:
            await asyncio.sleep(0.001)
    for process in found:
        await process.kill()


async def where(pool: ProcessPool) -> int:
    return int(await pool.run(f"{MODULE}:where", {}, by_keyword=True, limit=100))


async def until_called(pool: ProcessPool, started: list[processes._Process]) -> None:
    """Until a call has its process."""
    while pool._starting or not started:
        await asyncio.sleep(0)


async def with_a_given_up_call() -> ProcessPool:
    """A pool whose only call was given up while its process starts."""
    pool = ProcessPool(1)
    call = asyncio.create_task(where(pool))
    while not pool._starting:
        await asyncio.sleep(0)
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    return pool


async def test_a_process_that_a_given_up_call_has_started_ends_with_the_pool(
    started: list[processes._Process],
) -> None:
    pool = await with_a_given_up_call()
    await pool.close()
    assert [process.alive for process in started] == [False]


async def test_a_process_that_a_given_up_call_has_started_is_used_by_the_next_one(
    started: list[processes._Process],
) -> None:
    pool = await with_a_given_up_call()
    async with asyncio.timeout(20):
        while not pool._idle:
            await asyncio.sleep(0)
    assert await where(pool) == started[0]._process.pid
    await pool.close()
    assert [process.alive for process in started] == [False]


async def test_a_call_that_is_under_way_when_the_pool_is_closed_ends_and_its_process_with_it(
    started: list[processes._Process],
) -> None:
    pool = ProcessPool(1)
    call = asyncio.create_task(where(pool))
    await until_called(pool, started)
    await pool.close()
    assert await call == started[0]._process.pid
    assert not started[0].alive


async def test_a_process_that_has_died_while_it_was_idle_is_replaced(
    started: list[processes._Process],
) -> None:
    pool = ProcessPool(1)
    first = await where(pool)
    os.kill(first, signal.SIGKILL)
    await started[0]._process.wait()
    assert await where(pool) != first
    await pool.close()
    assert [process.alive for process in started] == [False, False]


async def test_a_process_that_is_killed_under_a_call_says_by_which_signal_and_is_not_used_again(
    started: list[processes._Process],
) -> None:
    pool = ProcessPool(1)
    call = asyncio.create_task(pool.run("time:sleep", {"seconds": 60}, by_keyword=False, limit=1))
    with pytest.raises(FunctionRaised, match="TypeError"):
        await call
    call = asyncio.create_task(pool.run("signal:pause", {}, by_keyword=True, limit=1))
    while pool._idle:  # until the call has taken the process
        await asyncio.sleep(0)
    os.kill(started[0]._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerLost, match=r"\(signal 9\)"):
        await call
    assert pool._idle == []
    await pool.close()


async def test_a_process_that_the_system_does_not_let_start_is_told_and_its_place_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refused(*_: Any, **__: Any) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    pool = ProcessPool(1)
    with monkeypatch.context() as without:
        without.setattr(processes.asyncio, "create_subprocess_exec", refused)
        for _ in range(2):
            said = "^the function's process could not be started: resource temporarily unavailable$"
            with pytest.raises(WorkerLost, match=said):
                await where(pool)
    async with asyncio.timeout(20):
        assert await where(pool)
    await pool.close()


async def test_a_pool_of_no_processes_has_one() -> None:
    pool = ProcessPool(0)
    async with asyncio.timeout(20):
        assert await where(pool) == await where(pool)
    await pool.close()


async def test_the_processes_of_an_executor_end_when_it_is_closed() -> None:
    executor = make(ExecutorOptions(python_functions=(f"{MODULE}:where",)))
    outcome = await executor.execute(stored_call(executor, {"function": f"{MODULE}:where", "arguments": {}}))
    await executor.close()
    assert await gone(outcome.output)
