"""Runs on JetStream: one message a run, and the outcome by its subject. The server is real."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.js.api import StreamConfig

from horarium.domain.execution import Outcome, Verdict, Watched, WatchedTarget
from horarium.domain.ids import prefixed
from horarium.executors.engines.nats import NatsExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.conftest import free_port, nats_command, running
from tests.executors.calls import RUN_ID, call_of, stored_call

RUN = prefixed("run", RUN_ID)


@pytest_asyncio.fixture
async def executor(nats_port: int) -> AsyncIterator[NatsExecutor]:
    made = make(
        ExecutorOptions(engine_hosts=(f"127.0.0.1:{nats_port}",), public_url="https://horarium.example")
    )
    yield made
    await made.close()


@pytest_asyncio.fixture
async def stream(nats_port: int) -> AsyncIterator[Any]:
    """A stream of jobs and one of outcomes under a name of their own: (client, name)."""
    client = await nats.connect(f"nats://127.0.0.1:{nats_port}")
    name = secrets.token_hex(4)
    js = client.jetstream()
    # A window so short that it is over when a test looks again.
    await js.add_stream(StreamConfig(name=f"jobs-{name}", subjects=[f"{name}.jobs.>"], duplicate_window=0.1))
    await js.add_stream(StreamConfig(name=f"outcomes-{name}", subjects=[f"{name}.outcomes.>"]))
    yield client, name
    await client.close()


def config_of(port: int, name: str, **more: Any) -> dict[str, Any]:
    return {"server": f"127.0.0.1:{port}", "subject": f"{name}.jobs.{{{{ run.id }}}}"} | more


async def stored(client: Any, name: str) -> int:
    return (await client.jetstream().stream_info(f"jobs-{name}")).state.messages


async def test_a_run_becomes_a_message_that_says_whose_it_is(executor, stream, nats_port):
    client, name = stream
    call = stored_call(executor, config_of(nats_port, name, body={"team": "{{ input.team }}"}))
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.error) == (Verdict.SUCCEEDED, None)
    assert outcome.output["subject"] == f"{name}.jobs.{RUN}"
    message = await client.jetstream().get_last_msg(f"jobs-{name}", f"{name}.jobs.{RUN}")
    assert json.loads(message.data) == {"team": "blue"}
    assert message.headers["Nats-Msg-Id"] == message.headers["Horarium-Run"] == RUN
    assert message.headers["Horarium-Schedule"].startswith("sch_")


async def test_without_a_body_the_message_is_the_context(executor, stream, nats_port):
    client, name = stream
    await executor.execute(stored_call(executor, config_of(nats_port, name)))
    message = await client.jetstream().get_last_msg(f"jobs-{name}", f"{name}.jobs.{RUN}")
    assert json.loads(message.data)["run"]["id"] == RUN


@pytest.mark.parametrize(("once", "messages"), [("window", 2), ("always", 1)])
async def test_a_run_is_one_message_within_the_window_or_always(executor, stream, nats_port, once, messages):
    client, name = stream
    call = stored_call(executor, config_of(nats_port, name, once=once))
    for attempt in (1, 2):
        again = call_of(call.config, call.secrets, attempt=attempt)
        outcome = await executor.execute(again)
        assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
    assert await stored(client, name) == 1
    await asyncio.sleep(0.3)  # the window of the stream
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    assert await stored(client, name) == messages


async def test_a_watched_run_ends_with_what_is_published_to_its_outcome_subject(executor, stream, nats_port):
    client, name = stream
    outcomes = {"stream": f"outcomes-{name}", "subject": f"{name}.outcomes.{{{{ run.id }}}}"}
    call = stored_call(executor, config_of(nats_port, name, outcomes=outcomes), watched=True)
    assert executor.watchable(call.config)
    taken = await executor.execute(call)
    assert (taken.verdict, taken.handle) == (Verdict.ACCEPTED, f"{name}.outcomes.{RUN}")
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    runs = [Watched(RUN_ID, taken.handle), Watched(b"other", f"{name}.outcomes.other")]
    assert await executor.watch(target, runs) == {}
    message = await client.jetstream().get_last_msg(f"jobs-{name}", f"{name}.jobs.{RUN}")
    report = {"state": "succeeded", "output": {"rows": 3}}
    await client.jetstream().publish(message.headers["Horarium-Outcome-Subject"], json.dumps(report).encode())
    await client.jetstream().publish(f"{name}.outcomes.other", b'{"state":"failed","error":"no"}')
    assert await executor.watch(target, runs) == {
        RUN_ID: Outcome(Verdict.SUCCEEDED, output={"rows": 3}),
        b"other": Outcome(Verdict.FAILED, error="no"),
    }


async def test_what_no_stream_stores_is_tried_again(executor, nats_port):
    call = stored_call(executor, {"server": f"127.0.0.1:{nats_port}", "subject": "nowhere.jobs"})
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, True)
    assert outcome.error == "no stream stores the subject nowhere.jobs"


async def test_a_value_cannot_leave_its_part_of_the_subject(executor, nats_port):
    config = {"server": f"127.0.0.1:{nats_port}", "subject": "jobs.{{ input.team }}"}
    for team in ("a.b", "*", ">", "a b", ""):
        outcome = await executor.execute(stored_call(executor, config, input={"team": team}))
        assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
        assert "cannot be a part of a subject" in outcome.error


async def test_a_server_that_was_away_is_found_again(tmp_path):
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    call = stored_call(executor, {"server": f"127.0.0.1:{port}", "subject": "jobs.x"})
    away = await executor.execute(call)
    assert (away.verdict, away.retryable) == (Verdict.FAILED, True)
    assert away.error.startswith("the engine could not be reached")
    try:
        for _ in range(2):
            with running(nats_command(port, tmp_path / "js"), port, tmp_path / "log"):
                client = await nats.connect(f"nats://127.0.0.1:{port}")
                await client.jetstream().add_stream(StreamConfig(name="jobs", subjects=["jobs.>"]))
                outcome = await executor.execute(call)
                assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
                await client.close()
            assert (await executor.execute(call)).verdict is Verdict.FAILED
    finally:
        await executor.close()


async def test_only_listed_engines_are_connected_to(nats_port):
    config = {"server": f"127.0.0.1:{nats_port}", "subject": "jobs.x"}
    for listed in ((), ("*",), ("nats.example.com",), (f"127.0.0.1:{nats_port + 1}",)):
        executor = make(ExecutorOptions(engine_hosts=listed))
        call = stored_call(executor, config)
        (problem,) = executor.check_hosts(call.workspace_id, config)
        assert "engine_hosts" in problem.message
        outcome = await executor.execute(call)
        assert "engine_hosts" in outcome.error
        await executor.close()
