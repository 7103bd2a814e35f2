"""Runs as records of Kafka. The cluster is the mock of `confluent-kafka`: it speaks the protocol on real ports, and
keeps nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import aiokafka.client
import aiokafka.conn
import pytest
import pytest_asyncio
from aiokafka import errors
from confluent_kafka import Consumer, Producer

from horarium.domain.execution import Verdict
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines import kafka
from horarium.executors.engines.brokers import Message
from horarium.executors.engines.hosts import EngineHosts
from horarium.executors.engines.message import MessageExecutor, make
from horarium.executors.engines.messages import EngineRefused
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import serving
from tests.executors.calls import RUN_ID, stored_call

RUN = prefixed("run", RUN_ID)


@pytest.fixture(scope="module")
def brokers() -> Iterator[list[str]]:
    """The addresses of a mock cluster of three brokers, which lives as long as the client that has it."""
    owner = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 3, "log_level": 0})
    metadata = owner.list_topics(timeout=20)
    yield [f"{broker.host}:{broker.port}" for broker in metadata.brokers.values()]
    owner.flush(1)


@pytest_asyncio.fixture
async def executor() -> AsyncIterator[MessageExecutor]:
    made = make(ExecutorOptions(engine_hosts=("127.0.0.1",), public_url="https://horarium.example"))
    yield made
    await made.close()


def config_of(server: str, **more: Any) -> dict[str, Any]:
    return {"broker": "kafka", "server": server, "topic": "reports"} | more


def records(brokers: list[str], topic: str, most: int) -> list[Any]:
    """What a consumer of the other side reads."""
    consumer = Consumer(
        {
            "bootstrap.servers": ",".join(brokers),
            "group.id": topic,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    found = []
    for _ in range(200):
        record = consumer.poll(0.1)
        if record is not None and record.error() is None:
            found.append(record)
        if len(found) == most:
            break
    consumer.close()
    return found


async def test_a_run_becomes_a_record_that_says_whose_it_is(executor, brokers):
    call = stored_call(executor, config_of(brokers[0], body={"team": "{{ input.team }}"}), timeout_ms=20_000)
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.error) == (Verdict.SUCCEEDED, None)
    assert outcome.output.keys() == {"topic", "partition", "offset"}
    (record,) = records(brokers, "reports", 1)
    assert record.key() == RUN.encode()
    assert json.loads(record.value()) == {"team": "blue"}
    headers = {name: value.decode() for name, value in record.headers()}
    assert headers["ce_id"] == headers["Horarium-Run"] == RUN
    assert headers["ce_type"] == "horarium.run"


async def test_many_runs_are_one_record_each(executor, brokers):
    config = config_of(brokers[0], topic="many")
    for number in range(30):
        call = stored_call(executor, config, run_id=derived_id(number, b"kafka"), timeout_ms=20_000)
        outcome = await executor.execute(call)
        assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
    assert len({record.key() for record in records(brokers, "many", 30)}) == 30


async def test_a_broker_that_the_cluster_names_is_judged_as_the_first_is(brokers):
    host, _, port = brokers[0].rpartition(":")
    executor = make(ExecutorOptions(engine_hosts=(f"{host}:{port}",)))  # not the two others
    errors = set()
    for number in range(12):  # the partitions are spread over all three
        call = stored_call(
            executor, config_of(brokers[0], topic="spread"), run_id=derived_id(number, b"judged")
        )
        outcome = await executor.execute(call)
        if outcome.verdict is Verdict.FAILED:
            assert (outcome.retryable, outcome.unreached) == (False, False)
            errors.add(outcome.error)
    assert errors
    assert all("engine_hosts" in error for error in errors)
    await executor.close()


async def test_no_connection_of_the_library_is_made_without_a_guard(brokers):
    kafka._library()
    host, _, port = brokers[0].rpartition(":")
    with pytest.raises(OSError, match="need a guard"):
        await aiokafka.client.create_conn(host, int(port))


async def test_a_broker_that_does_not_read_a_record_keeps_no_connection_of_ours():
    kafka._library()
    kafka._judge.set(kafka._Judge(EngineHosts(ExecutorOptions(engine_hosts=("127.0.0.1",))), b"workspace"))

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        _, _, number = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
        writer.write(struct.pack(">iihi", 10, number, 0, 0))  # it knows no request
        await asyncio.Event().wait()

    async with serving(server) as port:
        connection = await aiokafka.client.create_conn("127.0.0.1", port)
        connection._writer.write(bytes(16 * 2**20))
        async with asyncio.timeout(5):
            await connection.close()


async def test_the_name_of_a_broker_is_what_its_certificate_is_checked_for(brokers):
    """The library connects by the name; the guard's address must not become what TLS looks for."""
    seen: dict[str, Any] = {}

    class Loop:
        async def create_connection(self, protocol: Any, host: str, port: int, **more: Any) -> None:
            seen.update(host=host, port=port, **more)

    class Judge:
        async def address(self, host: str, port: int) -> str:
            return "203.0.113.5"

    context = ssl.create_default_context()
    await kafka._Dialling(Loop(), Judge()).create_connection(None, "kafka.example.com", 9092, ssl=context)  # type: ignore[arg-type]
    assert seen == {
        "host": "203.0.113.5",
        "port": 9092,
        "ssl": context,
        "server_hostname": "kafka.example.com",
    }


class Rejecting:
    """Stands for the library's client of a cluster that rejects each record with an error of its own."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def send_and_wait(self, *_: Any, **__: Any) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        # The library has counted a record that the cluster has not: it rejects each one that follows.
        (errors.MessageSizeTooLargeError(), False),
        (errors.TopicAuthorizationFailedError("reports"), False),
        (errors.PolicyViolationError(), False),
        # What follows from that, or from a cluster that has forgotten the producer: nothing was written.
        (errors.OutOfOrderSequenceNumber(), True),
        (errors.UnknownProducerId(), True),
        (errors.ProducerFenced(), True),
        # The library works no more.
        (errors.KafkaError("Unexpected error during batch delivery"), True),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_after_a_record_that_was_rejected_the_next_run_has_another_producer(executor, error, away):
    """The records of a producer are numbered, and the cluster takes none behind a gap."""
    producer = kafka._Producer(Rejecting(error), kafka._Judge(EngineHosts(ExecutorOptions()), bytes(16)))
    with pytest.raises(OSError, match=r".+") as raised:
        await producer.send("reports", Message(RUN, b"{}", {}, {}))
    assert producer.broken
    assert isinstance(raised.value, EngineRefused) is not away


async def test_a_topic_that_does_not_exist_costs_no_producer():
    """It is noticed before the record gets a number."""
    producer = kafka._Producer(
        Rejecting(errors.UnknownTopicOrPartitionError()),
        kafka._Judge(EngineHosts(ExecutorOptions()), bytes(16)),
    )
    with pytest.raises(EngineRefused, match="does not exist"):
        await producer.send("reports", Message(RUN, b"{}", {}, {}))
    assert not producer.broken


async def test_a_cluster_that_is_away_or_not_listed_is_not_reached(executor):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        away = await executor.execute(stored_call(executor, config_of(f"127.0.0.1:{taken.getsockname()[1]}")))
    assert (away.verdict, away.retryable, away.unreached) == (Verdict.FAILED, True, True)
    assert away.error == "the engine could not be reached: connection refused"
    call = stored_call(executor, config_of("kafka.example.com:9092"))
    (problem,) = executor.check_hosts(call.workspace_id, call.config)
    assert "engine_hosts" in problem.message
    outcome = await executor.execute(call)
    assert (outcome.retryable, outcome.unreached) == (False, False)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"topic": ""}, "topic"),
        ({"mechanism": "GSSAPI"}, "mechanism"),
        ({"user": "x"}, "password"),
        ({"server": "a b"}, "server"),
        ({"acks": 0}, "acks"),
    ],
)
def test_a_mistake_is_reported_at_its_field(config, field):
    problems = make(ExecutorOptions()).check(config_of("kafka:9092") | config)
    assert [problem.field for problem in problems] == [field]


def refusing(mechanisms: list[str]) -> Any:
    """An emulated broker that knows these mechanisms and accepts nobody: the mock cluster has no users."""

    def text(value: str) -> bytes:
        return struct.pack(">h", len(value)) + value.encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            kind, _, number = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
            known = [(3, 0, 1), (17, 0, 1), (18, 0, 0), (36, 0, 0)]
            body = {
                18: struct.pack(">hi", 0, len(known)) + b"".join(struct.pack(">hhh", *one) for one in known),
                17: struct.pack(">hi", 0, len(mechanisms)) + b"".join(map(text, mechanisms)),
                36: struct.pack(">h", 58) + text("Invalid credentials") + struct.pack(">i", -1),
            }[kind]
            writer.write(struct.pack(">ii", len(body) + 4, number) + body)
            await writer.drain()

    return answer


@pytest.mark.parametrize(
    ("mechanisms", "expected"),
    [
        (["PLAIN"], "the cluster does not accept this user"),
        (
            ["SCRAM-SHA-512"],
            "the cluster does not know this mechanism of signing in: set mechanism to another",
        ),
    ],
)
async def test_a_user_who_is_not_accepted_is_a_refusal_and_not_a_cluster_that_is_away(
    executor, mechanisms, expected
):
    async with serving(refusing(mechanisms)) as port:
        call = stored_call(executor, config_of(f"127.0.0.1:{port}", user="horarium", password="secret"))
        outcome = await executor.execute(call)
    assert (outcome.error, outcome.unreached) == (f"the engine refused the run: {expected}", False)


async def test_a_cluster_without_tls_is_told_from_one_that_is_away(executor, brokers):
    outcome = await executor.execute(stored_call(executor, config_of(brokers[0], tls=True)))
    assert outcome.unreached
    assert outcome.error != "the engine could not be reached: no broker could be connected to"


class Client:
    """A client of the library that fails as it is told."""

    _txn_manager = SimpleNamespace()
    client = SimpleNamespace(_sync_task=None)

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def send_and_wait(self, *_: Any, **__: Any) -> Any:
        raise self.failures.pop(0)

    async def start(self) -> None:
        raise self.failures.pop(0)

    async def stop(self) -> None:
        pass


async def test_a_producer_that_is_broken_stays_broken_whatever_comes_of_the_runs_that_still_have_it():
    judge = kafka._Judge(EngineHosts(ExecutorOptions()), b"workspace")
    producer = kafka._Producer(
        Client(
            errors.UnknownTopicOrPartitionError(), errors.RequestTimedOutError(), errors.InvalidTopicError()
        ),
        judge,
    )
    found = []
    for _ in range(3):
        with pytest.raises(OSError, match=r".*"):
            await producer.send("jobs", Message("run_1", b"{}", {}, {}))
        found.append(producer.broken)
    assert found == [False, True, True]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (errors.AuthenticationFailedError(), "the cluster does not accept this user"),
        (errors.KafkaConnectionError(), "connection refused"),
    ],
    ids=["a refusal", "an error"],
)
async def test_a_refusal_is_told_before_what_another_broker_was_away_for(failure, words, monkeypatch):
    def client(**_: Any) -> Client:
        kafka._judge.get().hear(OSError("connection refused"))
        return Client(failure)

    monkeypatch.setattr(kafka._library(), "AIOKafkaProducer", client)
    broker = kafka.Kafka(ExecutorOptions(engine_hosts=("127.0.0.1",)))
    with pytest.raises(OSError, match=words):
        await broker._connect(b"workspace", broker.place({"server": "127.0.0.1", "topic": "jobs"}))
    await broker.close()
