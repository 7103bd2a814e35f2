"""Runs as messages of brokers: RabbitMQ (Debian's) and streams of Valkey are real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiormq
import pytest
import pytest_asyncio
import redis

from horarium.domain.execution import Verdict
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines import rabbitmq
from horarium.executors.engines.message import MessageExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.conftest import free_port
from tests.engines.rabbit import declare, rabbit, received, silent
from tests.engines.workers import url
from tests.executors.calls import RUN_ID, call_of, stored_call

RUN = prefixed("run", RUN_ID)


@pytest.fixture(scope="module")
def rabbit_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    with rabbit(port, tmp_path_factory.mktemp("rabbit")):
        yield port


@pytest_asyncio.fixture
async def channel(rabbit_port: int) -> AsyncIterator[Any]:
    """A channel of the other side, with a queue `reports` bound to the exchange `jobs` under `reports.#`."""
    connection = aiormq.Connection(f"amqp://guest:guest@127.0.0.1:{rabbit_port}/")
    await connection.connect()
    made = await connection.channel()
    await made.exchange_declare("jobs", exchange_type="topic")
    await made.queue_declare("reports")
    await made.queue_purge("reports")
    await made.queue_bind("reports", "jobs", "reports.#")
    yield made
    await connection.close()


@pytest_asyncio.fixture
async def executor(rabbit_port: int, valkey_port: int) -> AsyncIterator[MessageExecutor]:
    hosts = (f"127.0.0.1:{rabbit_port}", f"127.0.0.1:{valkey_port}")
    made = make(ExecutorOptions(engine_hosts=hosts, public_url="https://horarium.example"))
    yield made
    await made.close()


def rabbit_config(port: int, **more: Any) -> dict[str, Any]:
    where = {"broker": "rabbitmq", "server": f"127.0.0.1:{port}"}
    return {**where, "exchange": "jobs", "routing_key": "reports.{{ input.team }}"} | more


def stream_config(port: int, **more: Any) -> dict[str, Any]:
    return {"broker": "redis", "server": f"127.0.0.1:{port}", "stream": "reports"} | more


async def test_a_run_becomes_a_message_of_rabbitmq_that_says_whose_it_is(executor, channel, rabbit_port):
    outcome = await executor.execute(
        stored_call(executor, rabbit_config(rabbit_port, body={"a": "{{ input.team }}"}))
    )
    assert (outcome.verdict, outcome.error) == (Verdict.SUCCEEDED, None)
    assert outcome.output == {"exchange": "jobs", "routing_key": "reports.blue", "message_id": RUN}
    message = await channel.basic_get("reports", no_ack=True)
    assert json.loads(message.body) == {"a": "blue"}
    properties = message.header.properties
    assert (properties.message_id, properties.content_type, properties.delivery_mode) == (
        RUN,
        "application/json",
        2,
    )
    assert properties.headers["Horarium-Run"] == properties.headers["cloudEvents_id"] == RUN
    assert properties.headers["cloudEvents_specversion"] == "1.0"
    assert properties.headers["cloudEvents_type"] == "horarium.run"


async def test_a_run_with_a_callback_is_not_over_and_its_message_has_the_token(
    executor, channel, rabbit_port
):
    call = stored_call(executor, rabbit_config(rabbit_port), callback_token="cbt_secret")
    assert (await executor.execute(call)).verdict is Verdict.ACCEPTED
    headers = (await channel.basic_get("reports", no_ack=True)).header.properties.headers
    assert headers["Horarium-Callback-Token"] == "cbt_secret"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (
            {"routing_key": "nobody"},
            "the engine refused the run: no queue is bound there for this routing key",
        ),
        ({"exchange": "", "routing_key": "no-queue"}, "the engine refused the run: no queue is bound"),
        ({"exchange": "missing"}, "the engine refused the run: the broker closed the channel"),
        ({"vhost": "missing"}, "the engine refused the run: the broker does not open this vhost"),
        (
            {"user": "guest", "password": "sesame-1"},
            "the engine refused the run: the broker does not accept this user",
        ),
    ],
)
async def test_what_no_queue_gets_or_nobody_may_send_has_not_been_given_away(
    executor, channel, rabbit_port, config, error
):
    call = stored_call(executor, rabbit_config(rabbit_port) | config)
    for _ in range(2):  # a channel that was closed is opened again
        outcome = await executor.execute(call)
        assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, True, False)
        assert outcome.error.startswith(error)
        assert "sesame" not in str(outcome)
    good = await executor.execute(stored_call(executor, rabbit_config(rabbit_port)))
    assert good.verdict is Verdict.SUCCEEDED, good.error


async def test_a_broker_that_confirms_nothing_is_waited_for_no_longer_than_the_run_may_take(
    executor, channel
):
    """It accepts connections and says nothing, as one does whose memory is full."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mute = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    outcome = await mute.execute(stored_call(mute, rabbit_config(port), timeout_ms=300))
    assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, True)
    assert outcome.error == "the engine did not take the run within 0.3 s"
    await mute.close()
    server.close()


async def test_a_rabbitmq_that_was_away_is_found_again(tmp_path):
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    call = stored_call(executor, rabbit_config(port, exchange="", routing_key="reports"))
    away = await executor.execute(call)
    assert (away.verdict, away.unreached) == (Verdict.FAILED, True)
    assert away.error == "the engine could not be reached: connection refused"
    try:
        for _ in range(2):
            with rabbit(port, tmp_path):
                connection = aiormq.Connection(f"amqp://guest:guest@127.0.0.1:{port}/")
                await connection.connect()
                await (await connection.channel()).queue_declare("reports", durable=True)
                outcome = await executor.execute(call)
                assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
                await connection.close()
            assert (await executor.execute(call)).unreached
    finally:
        await executor.close()


async def test_a_rabbitmq_that_falls_silent_gets_each_message_once_that_a_run_still_waits_for(tmp_path):
    """One run is out of time, and the next connects anew. That takes nothing from those that have time: the broker has
    their messages, and confirms them when it speaks again."""
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    config = rabbit_config(port, exchange="", routing_key="reports")

    def call(number, timeout_ms):
        return stored_call(executor, config, run_id=derived_id(number, b"silent"), timeout_ms=timeout_ms)

    with rabbit(port, tmp_path) as group:
        await declare(port, "reports")
        assert (await executor.execute(call(1, 30_000))).verdict is Verdict.SUCCEEDED
        with silent(group):
            patient = asyncio.create_task(executor.execute(call(2, 60_000)))
            hasty = await executor.execute(call(3, 300))
            assert (hasty.error, hasty.unreached) == ("the engine did not take the run within 0.3 s", True)
            anew = asyncio.create_task(executor.execute(call(4, 60_000)))
            await asyncio.sleep(0.3)
            assert not patient.done()
        assert [(await one).verdict for one in (patient, anew)] == [Verdict.SUCCEEDED] * 2
        await executor.close()
        ids = [prefixed("run", derived_id(number, b"silent")) for number in (1, 2, 3, 4)]
        assert sorted(await received(port, "reports")) == ids


async def test_a_connection_that_is_given_up_because_its_broker_is_silent_has_broken(tmp_path, monkeypatch):
    """The client library tells it by a cancellation, which would look like a fault of ours."""
    monkeypatch.setattr(rabbitmq, "_HEARTBEAT_S", 1)
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    call = stored_call(executor, rabbit_config(port, exchange="", routing_key="reports"), timeout_ms=60_000)
    with rabbit(port, tmp_path) as group:
        await declare(port, "reports")
        assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
        with silent(group):
            outcome = await executor.execute(call)
        assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, True)
        assert outcome.error == "the engine could not be reached: the connection broke"
        assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
        await executor.close()


async def test_a_run_is_one_entry_of_a_stream_for_as_long_as_it_is_remembered(executor, valkey_port):
    config = stream_config(valkey_port, body={"team": "{{ input.team }}"}, max_length=1_000, remember_s=60)
    call = stored_call(executor, config, run_id=derived_id(5, b"stream"))
    run = prefixed("run", call.run_id)
    with redis.Redis.from_url(url(valkey_port), decode_responses=True) as client:
        client.delete("reports", f"horarium:{run}")
        first = await executor.execute(call)
        again = await executor.execute(call_of(call.config, run_id=call.run_id, attempt=2))
        assert (first.verdict, again.verdict) == (Verdict.SUCCEEDED, Verdict.SUCCEEDED)
        ((entry, fields),) = client.xrange("reports")
        assert first.output == {"stream": "reports", "entry": entry}
        assert again.output == {"stream": "reports", "entry": entry, "duplicate": True}
        assert json.loads(fields["data"]) == {"team": "blue"}
        assert fields["ce_id"] == fields["Horarium-Run"] == run
        assert 0 < client.ttl(f"horarium:{run}") <= 60


async def test_a_stream_that_is_something_else_leaves_no_mark(executor, valkey_port):
    with redis.Redis.from_url(url(valkey_port)) as client:
        client.set("taken", "this is no stream")
        call = stored_call(executor, stream_config(valkey_port, stream="taken"))
        client.delete(f"horarium:{RUN}")
        outcome = await executor.execute(call)
        assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, False)
        assert "WRONGTYPE" in outcome.error
        assert not client.exists(f"horarium:{RUN}")


async def test_only_listed_engines_are_connected_to(rabbit_port, valkey_port):
    for config in (rabbit_config(rabbit_port), stream_config(valkey_port)):
        for listed in ((), ("*",), ("broker.example.com",)):
            executor = make(ExecutorOptions(engine_hosts=listed))
            call = stored_call(executor, config)
            (problem,) = executor.check_hosts(call.workspace_id, config)
            assert "engine_hosts" in problem.message
            outcome = await executor.execute(call)
            assert (outcome.retryable, outcome.unreached) == (False, False)
            assert "engine_hosts" in outcome.error
            await executor.close()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"broker": "mqtt"}, "broker"),
        ({"broker": ["rabbitmq"]}, "broker"),
        ({"server": ""}, "server"),
        ({"exchange": "", "routing_key": ""}, "routing_key"),
        ({"routing_key": "{{ nothing }}"}, "routing_key"),
        ({"exchange": 5}, "exchange"),
        ({"password": "x"}, "password"),
        ({"stream": "x"}, "stream"),
    ],
)
def test_a_mistake_is_reported_at_its_field(config, field):
    problems = make(ExecutorOptions()).check(rabbit_config(5672) | config)
    assert [problem.field for problem in problems] == [field]


@pytest.mark.parametrize(
    ("config", "field"),
    [({"stream": None}, "stream"), ({"max_length": 0}, "max_length"), ({"vhost": "/"}, "vhost")],
)
def test_a_mistake_in_a_stream_is_reported_at_its_field(config, field):
    problems = make(ExecutorOptions()).check(stream_config(6379) | config)
    assert [problem.field for problem in problems] == [field]
