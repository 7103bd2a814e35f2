"""Runs on JetStream: one message a run, and the outcome by its subject. The server is real."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.js.api import StreamConfig

from horarium.domain.execution import Outcome, Verdict, Watched, WatchedTarget
from horarium.domain.ids import prefixed
from horarium.executors.context import add_identity
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


async def told_of(executor: NatsExecutor, calls: list[Any]) -> list[Outcome]:
    told: dict[int, Outcome] = {}
    await executor.submit_many(calls, lambda number, outcome: told.update({number: outcome}))
    return [told[number] for number in range(len(calls))]


async def test_many_runs_are_given_away_at_once_and_each_is_told_of(executor, stream, nats_port):
    client, name = stream
    one = stored_call(executor, config_of(nats_port, name, once="always"))
    other = stored_call(executor, config_of(nats_port, f"{name}.nowhere"))
    runs = [bytes(15) + bytes([number]) for number in range(20)]
    calls = [replace(other if number == 7 else one, run_id=run) for number, run in enumerate(runs)]
    outcomes = await told_of(executor, calls)
    assert [outcome.verdict for outcome in outcomes].count(Verdict.SUCCEEDED) == 19
    assert outcomes[7].error.startswith("no stream stores the subject")
    assert await stored(client, name) == 19
    for number, outcome in enumerate(outcomes):
        if number != 7:
            run = prefixed("run", runs[number])
            message = await client.jetstream().get_last_msg(f"jobs-{name}", f"{name}.jobs.{run}")
            assert message.headers["Nats-Msg-Id"] == message.headers["Horarium-Run"] == run
            assert outcome.output["subject"] == f"{name}.jobs.{run}"
    again = await told_of(executor, calls[:5])
    assert [outcome.output.get("duplicate") for outcome in again] == [True] * 5
    assert await stored(client, name) == 19


async def test_a_fault_of_the_executor_does_not_end_the_runs_of_another_workspace(
    executor, stream, nats_port, monkeypatch
):
    client, name = stream
    good = stored_call(executor, config_of(nats_port, name))
    link = executor._link

    def breaking(workspace_id, place):
        if workspace_id == bytes(16):
            raise ZeroDivisionError
        return link(workspace_id, place)

    monkeypatch.setattr(executor, "_link", breaking)
    calls = [
        replace(good, workspace_id=bytes(16)),
        *(replace(good, run_id=bytes([n]) * 16) for n in (1, 2, 3)),
    ]
    broken, *others = await told_of(executor, calls)
    assert broken.error == "the executor broke down: ZeroDivisionError"
    assert [outcome.verdict for outcome in others] == [Verdict.SUCCEEDED] * 3
    assert await stored(client, name) == 3


async def test_a_message_that_cannot_be_sent_does_not_keep_the_others(executor, stream, nats_port):
    client, name = stream
    config = config_of(nats_port, name, body="{{ input }}")
    calls = [
        stored_call(executor, config, input=text, run_id=bytes([number]) * 16)
        for number, text in enumerate(("a", "b" * (2 << 20), "c"))
    ]
    good, long, last = await told_of(executor, calls)
    assert (good.verdict, last.verdict) == (Verdict.SUCCEEDED, Verdict.SUCCEEDED)
    assert long.error == "the message was not published: maximum payload exceeded"
    assert await stored(client, name) == 2


async def test_headers_are_lines_of_their_own_and_no_value_can_add_one(executor, stream, nats_port):
    client, name = stream
    outcomes = {"stream": f"outcomes-{name}", "subject": f"{name}.outcomes.{{{{ run.id }}}}"}
    config = config_of(nats_port, name, once="always", outcomes=outcomes)
    call = stored_call(executor, config, callback_token="t" * 20, callback_base="https://h.example")
    await executor.execute(call)
    message = await client.jetstream().get_last_msg(f"jobs-{name}", f"{name}.jobs.{RUN}")
    expected: dict[str, str] = {
        "Nats-Msg-Id": RUN,
        "Nats-Expected-Last-Subject-Sequence": "0",
        "Horarium-Outcome-Subject": f"{name}.outcomes.{RUN}",
    }
    add_identity(expected, call, RUN, None)
    assert dict(message.headers) == expected
    evil = replace(call, run_id=bytes(16), callback_token="t\r\nNats-Msg-Id: other")
    outcome = await executor.execute(evil)
    assert outcome.error == "the message could not be made: a header of it would have a line break"
    assert await stored(client, name) == 1


async def test_runs_whose_server_goes_away_meanwhile_have_not_reached_it(tmp_path):
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    calls = [
        stored_call(executor, {"server": f"127.0.0.1:{port}", "subject": "silent.x"}, run_id=bytes([n]) * 16)
        for n in range(3)
    ]
    with running(nats_command(port, tmp_path / "js"), port, tmp_path / "log"):
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        heard = await client.subscribe("silent.>")  # somebody hears it and does not answer
        giving = asyncio.create_task(told_of(executor, calls))
        for _ in calls:
            await heard.next_msg(10)
        await client.close()
    outcomes = await giving
    assert [(outcome.verdict, outcome.unreached) for outcome in outcomes] == [(Verdict.FAILED, True)] * 3
    await executor.close()


async def test_what_is_not_answered_in_time_has_not_been_taken_and_others_have_their_own_time(
    executor, nats_port
):
    client = await nats.connect(f"nats://127.0.0.1:{nats_port}")
    await client.subscribe("silent.>")
    config = {"server": f"127.0.0.1:{nats_port}", "subject": "silent.x"}
    calls = [stored_call(executor, config, run_id=bytes([n]) * 16, timeout_ms=50 + n) for n in range(2)]
    outcomes = await told_of(executor, calls)
    assert [outcome.error for outcome in outcomes] == [
        "the engine did not take the run within 0.05 s",
        "the engine did not take the run within 0.051 s",
    ]
    await client.close()


async def test_a_fault_in_what_hears_an_answer_does_not_end_the_connection(executor, stream, nats_port):
    _, name = stream
    call = stored_call(executor, config_of(nats_port, name), timeout_ms=2_000)

    def broken(number: int, outcome: Outcome) -> None:
        raise ZeroDivisionError

    await executor.submit_many([call], broken)
    assert (await executor.execute(replace(call, run_id=bytes(16)))).verdict is Verdict.SUCCEEDED
