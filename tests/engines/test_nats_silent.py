"""A NATS server that falls silent: its host is gone, or nothing reads any more, and no connection is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import nats
import pytest_asyncio
from nats.js.api import StreamConfig

from horarium.domain.execution import Outcome, Verdict, Watched, WatchedTarget
from horarium.executors.engines.nats import NatsExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import serving
from tests.executors.calls import stored_call

RECEIVED = 64 * 1024


class Network:
    """Leads connections to the server. Those that are `cut` lead nowhere from then on, and stay open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.connections = 0
        self._cut = asyncio.Event()

    async def lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        cut = self._cut
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            ways = [asyncio.create_task(pass_on(reader, back)), asyncio.create_task(pass_on(there, writer))]
            ends = asyncio.create_task(cut.wait())
            await asyncio.wait([*ways, ends], return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            if cut.is_set():
                await asyncio.Event().wait()
        finally:
            back.transport.abort()

    def cut(self) -> None:
        """What is connected now falls silent."""
        self._cut.set()
        self._cut = asyncio.Event()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(RECEIVED):
        writer.write(piece)
        await writer.drain()


@pytest_asyncio.fixture
async def network(nats_port: int) -> AsyncIterator[tuple[Network, int]]:
    client = await nats.connect(f"nats://127.0.0.1:{nats_port}")
    js = client.jetstream()
    for name in ("silent-jobs", "silent-outcomes"):
        await js.add_stream(StreamConfig(name=name, subjects=[f"{name}.>"]))
    made = Network(nats_port)
    async with serving(made.lead) as port:
        yield made, port
    for name in ("silent-jobs", "silent-outcomes"):
        await js.delete_stream(name)
    await client.close()


@pytest_asyncio.fixture
async def executor() -> AsyncIterator[NatsExecutor]:
    made = make(ExecutorOptions(engine_hosts=("127.0.0.1",)))
    yield made
    await made.close()


def config_of(port: int, **more: Any) -> dict[str, Any]:
    outcomes = {"stream": "silent-outcomes", "subject": "silent-outcomes.{{ run.id }}"}
    subject = "silent-jobs.{{ run.id }}"
    return {"server": f"127.0.0.1:{port}", "subject": subject, "outcomes": outcomes} | more


async def test_after_a_server_was_silent_the_next_run_connects_again(executor, network):
    way, port = network
    call = stored_call(executor, config_of(port), timeout_ms=3_000)
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    way.cut()
    outcome = await executor.execute(replace(call, timeout_ms=200))
    assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, True)
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    assert way.connections == 2


async def test_after_a_look_at_a_silent_server_the_next_look_connects_again(executor, network, monkeypatch):
    way, port = network
    call = stored_call(executor, config_of(port), timeout_ms=3_000, watched=True)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    run = Watched(call.run_id, (await executor.execute(call)).handle or "")
    way.cut()
    monkeypatch.setattr("horarium.executors.engines.nats._LOOK_S", 0.2)
    assert isinstance((await executor.watch(target, [run]))[run.run_id], OSError)
    assert await executor.watch(target, [run]) == {}
    assert way.connections == 2


async def test_a_connection_on_which_others_are_answered_stays(executor, network, nats_port):
    way, port = network
    client = await nats.connect(f"nats://127.0.0.1:{nats_port}")
    unanswered = await client.subscribe("unanswered")
    call = stored_call(executor, config_of(port), timeout_ms=3_000)
    lost = stored_call(executor, config_of(port, subject="unanswered", outcomes=None), timeout_ms=500)
    giving = asyncio.create_task(executor.execute(lost))
    await unanswered.next_msg(5)
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    assert (await giving).unreached
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    assert way.connections == 1
    await client.close()


async def test_large_messages_that_a_silent_server_does_not_read_are_given_up_in_time(executor, network):
    way, port = network
    call = stored_call(executor, config_of(port), timeout_ms=3_000)
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    way.cut()
    large = stored_call(executor, config_of(port, body={"text": "x" * 900_000}), timeout_ms=300)
    calls = [replace(large, run_id=bytes(15) + bytes([number])) for number in range(32)]
    told: dict[int, Outcome] = {}
    async with asyncio.timeout(5):
        await executor.submit_many(calls, lambda number, outcome: told.update({number: outcome}))
    assert [told[number].unreached for number in range(32)] == [True] * 32
