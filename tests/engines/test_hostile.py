"""Servers that are no engines, or hostile ones: each run says in plain words what is wrong, and none of them makes this
process keep more than an answer may have. The servers are emulated; only the client libraries are real."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict, Watched, WatchedTarget
from horarium.executors.engines import celery, kubernetes, message, nats, rq, sqs, temporal
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import Answer, serving
from tests.engines.speaking import ENGINES as SPEAKING
from tests.engines.speaking import Speaking, kafka
from tests.executors.calls import stored_call
from tests.support.turns import longest_hold

SPEC = {"template": {"spec": {"containers": [{"name": "job", "image": "job:1"}]}}}
KEYS = {"region": "eu-west-1", "access_key_id": "id", "secret_access_key": "a-secret-key"}
# By name: the executor, and the configuration for a port.
ENGINES: dict[str, tuple[Any, Callable[[int], dict[str, Any]]]] = {
    "nats": (nats, lambda port: {"server": f"localhost:{port}", "subject": "jobs.x"}),
    "temporal": (
        temporal,
        lambda port: {"address": f"localhost:{port}", "workflow": "Job", "task_queue": "jobs"},
    ),
    "celery": (celery, lambda port: {"server": f"localhost:{port}", "task": "job"}),
    "rq": (rq, lambda port: {"server": f"localhost:{port}", "function": "job"}),
    "redis": (message, lambda port: {"broker": "redis", "server": f"localhost:{port}", "stream": "jobs"}),
    "rabbitmq": (
        message,
        lambda port: {"broker": "rabbitmq", "server": f"localhost:{port}", "routing_key": "jobs"},
    ),
    "kafka": (message, lambda port: {"broker": "kafka", "server": f"localhost:{port}", "topic": "jobs"}),
    "kubernetes": (kubernetes, lambda port: {"server": f"localhost:{port}", "tls": False, "spec": SPEC}),
    "sqs": (sqs, lambda port: {"queue_url": f"http://localhost:{port}/1/jobs.fifo", **KEYS}),
}
WITH_TLS = {
    name: (lambda port, place=place: {**place(port), "tls": True})
    for name, (_, place) in ENGINES.items()
    if name not in ("sqs",)
} | {"sqs": lambda port: {"queue_url": f"https://localhost:{port}/1/jobs.fifo", **KEYS}}
PLAIN = (
    "the engine could not be reached: ",
    "the engine refused the run: ",
    "the engine did not take the run within ",
    "the message was not published: ",
    "the cluster did not create the Job: ",
    "SQS did not take the message: ",
)


async def outcome_at(module: Any, config: dict[str, Any], timeout_ms: int = 1_500, **changes: Any) -> Outcome:
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    try:
        call = stored_call(executor, config, timeout_ms=timeout_ms, **changes)
        outcome: Outcome = await asyncio.wait_for(executor.execute(call), timeout_ms / 1000 + 5)
        return outcome
    finally:
        await executor.close()


def saying(text: bytes) -> Answer:
    """Says something to whoever connects, and reads what comes until nothing does."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        while await reader.read(65_536):
            pass

    return answer


async def at_once_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says nothing, and goes."""


STRANGERS: dict[str, Answer] = {
    "away": at_once_away,
    "HTTP": saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    "SSH": saying(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "zeros": saying(bytes(100_000)),
    "a line without end": saying(b"x" * 200_000),
    "an INFO that is none": saying(b"INFO []\r\n"),
    "an INFO of nonsense": saying(
        b'INFO {"max_payload":"x","auth_required":1,"nonce":7,"version":[]}\r\nPONG\r\n-ERR \r\n'
    ),
    "arrays in arrays": saying(b"*1\r\n" * 20_000),
    "a length below zero": saying(b"$-7\r\n+OK\r\n" + b"*-9\r\n"),
    "a size of two": saying(struct.pack(">i", 2) + b"\0\0" * 100),
    "a size below zero": saying(struct.pack(">i", -2) + b"\0\0" * 100),
    "an AMQP frame of nonsense": saying(b"\x01\x00\x00\x00\x00\x00\x04\xff\xff\xff\xff\xce" * 3),
    "another AMQP": saying(b"AMQP\x00\x01\x00\x00"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_server_that_is_no_such_engine_is_told_plainly(engine, stranger, caplog, capsys):
    module, place = ENGINES[engine]
    async with serving(STRANGERS[stranger]) as port:
        outcome = await outcome_at(module, place(port))
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error.startswith(PLAIN), outcome.error
    assert "executor_failed" not in capsys.readouterr().out + caplog.text


WATCHED = ("nats", "temporal", "celery", "rq", "kubernetes")


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("engine", WATCHED)
async def test_a_look_at_a_server_that_is_no_such_engine_ends_no_run(engine, stranger):
    module, place = ENGINES[engine]
    outcomes = {"stream": "OUTCOMES", "subject": "outcomes.{{ run.id }}"}
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    async with serving(STRANGERS[stranger]) as port:
        config = place(port) | ({"outcomes": outcomes} if engine == "nats" else {})
        call = stored_call(executor, config, watched=True)
        target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
        looking = executor.watch(target, [Watched(b"run", "outcomes.run")])
        try:
            seen = await asyncio.wait_for(looking, 1)
        except OSError as error:  # a time-out is one
            seen = {b"run": error}
        finally:
            await executor.close()
    assert isinstance(seen[b"run"], OSError), repr(seen[b"run"])


@pytest.mark.parametrize("engine", WITH_TLS)
async def test_a_server_without_tls_hears_no_secret(engine):
    heard = bytearray()

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if engine == "nats":
            writer.write(b'INFO {"headers":true,"auth_required":true}\r\n')
        while piece := await reader.read(65_536):
            heard.extend(piece)
            writer.write(b"+OK\r\nHTTP/1.1 200 OK\r\n\r\n")

    secret = "a-password-of-ours"
    more: dict[str, Any] = {
        "kubernetes": {"token": secret},
        "temporal": {"api_key": secret},
        "sqs": {"session_token": secret},
    }.get(engine, {"user": "horarium", "password": secret})
    module, _ = ENGINES[engine]
    async with serving(listening) as port:
        outcome = await outcome_at(module, WITH_TLS[engine](port) | more)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error.startswith(PLAIN[:3]), outcome.error
    assert b"horarium" not in heard.lower()
    assert secret.encode() not in heard


async def test_a_redis_that_has_just_begun_is_away_and_says_why():
    async with serving(saying(b"-LOADING Redis is loading the dataset in memory\r\n")) as port:
        outcome = await outcome_at(celery, {"server": f"localhost:{port}", "task": "job"})
    assert outcome.unreached
    assert outcome.error == "the engine could not be reached: it is still loading its data"


async def test_a_redis_that_does_not_read_a_run_keeps_no_connection_of_ours():
    size, given_up, arrived = 8 * 2**20, asyncio.Event(), list[int]()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while b"EVAL" not in (said := await reader.read(1000)).upper() and said:
            writer.write(b"+OK\r\n" * (said.count(b"\r\n*") + 1))
        await given_up.wait()
        while piece := await reader.read(2**20):
            count += len(piece)
        arrived.append(count)

    async with serving(server) as port:
        _, place = ENGINES["redis"]
        outcome = await outcome_at(message, place(port), input="x" * size)
        given_up.set()
        async with asyncio.timeout(10):
            while not arrived:
                await asyncio.sleep(0.01)
    assert outcome.error == "the engine did not take the run within 1.5 s"
    assert max(arrived) < size


# -- sizes ---------------------------------------------------------------------------------------------------------

FLOOD = 400 * 2**20
KEPT = 150 * 2**20


async def flood(writer: asyncio.StreamWriter) -> None:
    piece = bytes(2**18)
    for _ in range(FLOOD // len(piece)):
        writer.write(piece)
        await writer.drain()


async def nats_message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A NATS server whose acknowledgement is said to have 100 GB."""
    writer.write(b'INFO {"headers":true,"max_payload":1048576}\r\n')
    while line := await reader.readline():
        if line.startswith(b"PING"):
            writer.write(b"PONG\r\n")
        if line.startswith(b"HPUB"):
            writer.write(b"MSG %b 1 100000000000\r\n" % line.split()[2])
            await flood(writer)
            return


async def nats_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A NATS server with a line that does not end."""
    writer.write(b'INFO {"headers":true,"max_payload":1048576}\r\n')
    while line := await reader.readline():
        if line.startswith(b"PING"):
            writer.write(b"PONG\r\n")
        if line.startswith(b"HPUB"):
            writer.write(b"INFO ")
            await flood(writer)
            return


async def redis_bulk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A Redis whose answer is one text of 100 GB."""
    await reader.read(65_536)
    writer.write(b"$100000000000\r\n")
    await flood(writer)


async def redis_array(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A Redis whose answer is a list of a billion numbers."""
    await reader.read(65_536)
    writer.write(b"*1000000000\r\n")
    piece = b":1\r\n" * 2**16
    for _ in range(200):
        writer.write(piece)
        await writer.drain()


async def kafka_size(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A Kafka broker whose answer has 2 GB."""
    await reader.read(65_536)
    writer.write(struct.pack(">i", 2**31 - 1))
    await flood(writer)


async def amqp_frame(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A broker of AMQP with a frame of 4 GB."""
    await reader.readexactly(8)
    writer.write(struct.pack(">BHL", 1, 0, 2**32 - 2))
    await flood(writer)


async def amqp_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A broker of AMQP that gives back a message, and says that it has 100 GB."""
    from pamqp import commands, frame, header

    def send(channel: int, content: Any) -> None:
        writer.write(frame.marshal(content, channel))

    async def next_frame() -> None:
        kind, _, size = struct.unpack(">BHL", await reader.readexactly(7))
        await reader.readexactly(size + 1)
        return kind

    await reader.readexactly(8)
    capabilities = {"capabilities": {"publisher_confirms": True, "basic.nack": True}}
    send(0, commands.Connection.Start(0, 9, capabilities, "PLAIN", "en_US"))
    await next_frame()
    send(0, commands.Connection.Tune(2047, 131_072, 10))
    await next_frame()
    await next_frame()
    send(0, commands.Connection.OpenOk())
    await next_frame()
    send(1, commands.Channel.OpenOk())
    await next_frame()
    send(1, commands.Confirm.SelectOk())
    await next_frame()
    send(1, commands.Basic.Return(312, "NO_ROUTE", "", "jobs"))
    send(1, header.ContentHeader(0, 100_000_000_000, commands.Basic.Properties(message_id="x")))
    piece = struct.pack(">BHL", 3, 1, 2**17 - 8) + bytes(2**17 - 8) + b"\xce"
    for _ in range(FLOOD // len(piece)):
        writer.write(piece)
        await writer.drain()


async def http_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server whose answer has 100 GB."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    await flood(writer)


async def http_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server whose answer has headers without end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    piece = b"X-More: %b\r\n" % (b"y" * 4_000) * 64
    for _ in range(FLOOD // len(piece)):
        writer.write(piece)
        await writer.drain()


FLOODS: list[tuple[str, Answer]] = [
    ("nats", nats_message),
    ("nats", nats_line),
    ("celery", redis_bulk),
    ("celery", redis_array),
    ("rq", redis_array),
    ("redis", redis_bulk),
    ("kafka", kafka_size),
    ("rabbitmq", amqp_frame),
    ("rabbitmq", amqp_content),
    ("kubernetes", http_body),
    ("kubernetes", http_head),
    ("sqs", http_body),
    ("sqs", http_head),
]


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("engine", "answer"), FLOODS, ids=lambda given: getattr(given, "__name__", given))
async def test_what_a_server_announces_is_not_waited_for(engine, answer):
    module, place = ENGINES[engine]
    async with serving(answer) as port:
        await outcome_at(module, place(free_of_use()), 300)  # the library is loaded
        before = most = memory()
        executing = asyncio.create_task(outcome_at(module, place(port), 6_000))
        while not executing.done():
            await asyncio.wait({executing}, timeout=0.02)
            most = max(most, memory())
    outcome = executing.result()
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error.startswith((*PLAIN, "what answered")), outcome.error
    assert most - before < KEPT, f"{(most - before) >> 20} MB"


# -- what nobody asked for -----------------------------------------------------------------------------------------

# What a server would send in all (bytes). Long before that, nobody reads it any more.
UNASKED = 16 * 2**20
NATS_LINES = (
    b"PING\r\n",
    b"PONG\r\n",
    b"+OK\r\n",
    b'INFO {"server_id":"x"}\r\n',
    b"MSG a 1 0\r\n\r\n",
    b"-ERR 'Permissions Violation for Publish to \"a\"'\r\n",
)
HEARTBEAT = struct.pack(">BHLB", 8, 0, 0, 0xCE)
UNKNOWN_ACK = struct.pack(">BHLHHQBB", 1, 1, 13, 60, 80, 1_000_000, 0, 0xCE)
ENDLESS = [("nats", line) for line in NATS_LINES] + [("rabbitmq", HEARTBEAT), ("rabbitmq", UNKNOWN_ACK)]


@pytest.mark.parametrize(("engine", "frame"), ENDLESS)
async def test_a_server_that_goes_on_sending_after_a_run_has_ended_is_left(engine, frame):
    over, sent = asyncio.Event(), list[int]()

    async def going_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaking = asyncio.create_task(Speaking(SPEAKING[engine]).answer(reader, writer))
        await over.wait()
        count, piece = 0, frame * (2**16 // len(frame))
        try:
            while count < UNASKED:
                writer.write(piece)
                await writer.drain()
                count += len(piece)
        except OSError:
            sent.append(count)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            sent.append(count)

    module, place = ENGINES[engine]
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    async with serving(going_on) as port:
        outcome = await executor.execute(stored_call(executor, place(port), timeout_ms=5_000))
        over.set()
        async with asyncio.timeout(30):
            while not sent:
                await asyncio.sleep(0.01)
        await executor.close()
    assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
    assert sent[0] < UNASKED


async def test_a_cluster_that_always_names_another_broker_is_left(monkeypatch):
    monkeypatch.setattr("horarium.executors.engines.kafka._MOST_BROKERS", 3)
    moved, most = 6, list[int]()  # the error of a broker that does not lead the partition

    def leader() -> int:
        most.append(cluster.open)
        return len(most)

    cluster = Speaking(partial(kafka, leader=leader, wrong=moved))
    module, place = ENGINES["kafka"]
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    async with serving(cluster.answer) as port:
        outcome = await executor.execute(stored_call(executor, place(port), timeout_ms=20_000))
        async with asyncio.timeout(10):
            await cluster.closed.wait()  # at once, though the executor is still there
        await executor.close()
    assert outcome.error == "the engine refused the run: it leads to more than 3 brokers"
    assert max(most) <= 3


# -- values --------------------------------------------------------------------------------------------------------

# So long (s of CPU time) may nothing else be done because of what one server has sent.
HELD_S = 0.1
LOOKED_AT = 24


def lists(size: int) -> bytes:
    """The JSON that takes longest to decode: so many bytes of empty lists."""
    return b"[" + b"[]," * (size // 3) + b"[]]"


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


def redis_of(answers: dict[bytes, bytes]) -> Answer:
    """A Redis that answers these commands so, whatever they ask for, and the others with OK."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            parts = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                parts.append((await reader.readexactly(size + 2))[:-2])
            writer.write(answers.get(parts[0], b"+OK\r\n"))
            await writer.drain()

    return answer


def of_celery(size: int) -> Answer:
    """A Redis that holds a result of so many bytes for each task."""
    return redis_of({b"GETRANGE": bulk(b'{"status": "SUCCESS", "result": %b}' % lists(size))})


def of_rq(size: int) -> Answer:
    """A Redis that holds the value of a finished job for each run, of so many bytes."""
    job = b"*3\r\n" + bulk(b"finished") + bulk(base64.b64encode(lists(size))) + bulk(b"")
    return redis_of({b"EVAL": b"*%d\r\n" % LOOKED_AT + job * LOOKED_AT})


def of_nats(content: bytes) -> Answer:
    """A NATS server that answers each question with this text."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"headers":true,"max_payload":1048576}\r\n')
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
            if line.startswith((b"PUB", b"HPUB")):
                writer.write(b"MSG %b 1 %d\r\n%b\r\n" % (line.split()[2], len(content), content))

    return answer


def published(size: int) -> bytes:
    """How JetStream shows an outcome of so many bytes."""
    report = b'{"state": "succeeded", "output": %b}' % lists(size)
    return b'{"message": {"subject": "outcomes.run", "data": "%b"}}' % base64.b64encode(report)


def of_kubernetes(one: bytes, listed: bytes) -> Answer:
    """A cluster that shows each Job, and each list, as these texts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = listed if b"?" in head.split()[1] else one
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()

    return answer


# By what is sent: the engine, its server, and what each run shows then.
MANY_VALUES: dict[str, tuple[str, Answer, str]] = {
    "results just below the bound": ("celery", of_celery(70_000), "[[],[],"),
    "results that nobody asked for": ("celery", of_celery(300_000), "its answer is longer than 3 MB"),
    "values of jobs": ("rq", of_rq(60_000), "[[], [], "),
    "longer values of jobs": ("rq", of_rq(200_000), "its answer is longer than 4 MB"),
    "outcomes of many values": (
        "nats",
        of_nats(published(700_000)),
        "its outcome cannot be read: it holds more",
    ),
    "answers of many values": ("nats", of_nats(lists(3_000_000)), "its answer is too large: it holds more"),
    "Jobs and lists of many values": (
        "kubernetes",
        of_kubernetes(lists(900_000), lists(3_900_000)),
        "its answer is too large: it holds more",
    ),
    "Jobs that are too long": (
        "kubernetes",
        of_kubernetes(lists(2_000_000), lists(3_900_000)),
        "its answer is longer than 1048576 bytes",
    ),
}


async def looked_at(engine: str, port: int, number: int = LOOKED_AT) -> dict[bytes, Any]:
    """What a look at so many runs shows."""
    module, place = ENGINES[engine]
    outcomes = {"stream": "OUTCOMES", "subject": "outcomes.{{ run.id }}"}
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    config = place(port) | ({"outcomes": outcomes} if engine == "nats" else {})
    call = stored_call(executor, config, watched=True)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    try:
        return await executor.watch(
            target, [Watched(b"run%d" % n, f"outcomes.run{n}") for n in range(number)]
        )
    except OSError as error:
        return {b"run%d" % n: error for n in range(number)}
    finally:
        await executor.close()


@pytest.mark.parametrize("sent", MANY_VALUES)
async def test_however_many_values_a_server_sends_others_have_their_turn(sent):
    engine, server, words = MANY_VALUES[sent]
    seen: dict[bytes, Any] = {}

    async def looking() -> None:
        seen.update(await looked_at(engine, port))

    async with serving(server) as port:
        await looked_at(engine, free_of_use(), 1)  # the library is loaded
        held = await longest_hold(looking())
    assert len(seen) == LOOKED_AT
    for one in seen.values():
        shown = str(one) if isinstance(one, Exception) else str(one.output or one.error)
        assert words in shown, shown[:200]
    assert held < HELD_S, f"{held:.3f} s"


async def test_what_is_kept_of_a_round_trip_has_one_bound_for_all_its_answers():
    async with serving(redis_of({b"GETRANGE": bulk(b"x" * 7_000_000)})) as port:
        await looked_at("celery", free_of_use(), 1)  # the library is loaded
        before = most = memory()
        looking = asyncio.create_task(looked_at("celery", port))
        while not looking.done():
            await asyncio.wait({looking}, timeout=0.005)
            most = max(most, memory())
    assert {str(one) for one in looking.result().values()} == {
        "its answer is longer than 3 MB, or it is no such engine"
    }
    assert most - before < 60 * 2**20, f"{(most - before) >> 20} MB"


@pytest.mark.parametrize("engine", ["celery", "rq", "redis"])
async def test_a_redis_has_as_long_for_its_answers_as_a_run_waits_though_it_says_a_little_all_the_time(
    engine,
):
    left = asyncio.Event()

    async def dribbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"EVAL" not in (said := await reader.read(65_536)).upper() and said:
            writer.write(b"+OK\r\n" * (said.count(b"\r\n*") + 1))
        writer.write(b"*100000\r\n")
        try:
            while True:
                writer.write(b":1\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        except OSError:
            left.set()

    module, place = ENGINES[engine]
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    async with serving(dribbling) as port:
        outcome = await executor.execute(stored_call(executor, place(port), timeout_ms=700))
        async with asyncio.timeout(10):
            await left.wait()  # although the executor is still there
        await executor.close()
    assert outcome.error == "the engine did not take the run within 0.7 s"


def of_kafka(number: int) -> Answer:
    """A broker that understands so many kinds of requests."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            asked = await reader.readexactly(size)
            kinds = asked[4:8] + struct.pack(">hi", 0, number) + struct.pack(">hhh", 3, 0, 1) * number
            writer.write(struct.pack(">i", len(kinds)) + kinds)
            await writer.drain()

    return answer


async def of_rabbitmq(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A broker of AMQP that says very much of itself."""
    await reader.readexactly(8)
    about = b"\x01at\x01" * 2_000_000
    start = struct.pack(">HHBBI", 10, 10, 0, 9, len(about)) + about + b"\0\0\0\x05PLAIN\0\0\0\x05en_US"
    writer.write(struct.pack(">BHL", 1, 0, len(start)) + start + b"\xce")
    await reader.read()


LONG_ANSWERS: dict[str, tuple[Answer, str]] = {
    "kafka": (of_kafka(1_000_000), "its answer is longer than 512 KB"),
    "rabbitmq": (of_rabbitmq, "its answer is longer than 64 KB"),
    "celery": (
        redis_of({b"EVAL": b"*1000000\r\n" + b"$0\r\n\r\n" * 1_000_000}),
        "its answer is longer than 256 KB",
    ),
}


@pytest.mark.parametrize("engine", LONG_ANSWERS)
async def test_however_long_an_answer_is_others_have_their_turn_while_it_is_read(engine):
    server, words = LONG_ANSWERS[engine]
    module, place = ENGINES[engine]
    outcomes: list[Outcome] = []

    async def giving() -> None:
        outcomes.append(await outcome_at(module, place(port), 9_000))

    async with serving(server) as port:
        await outcome_at(module, place(free_of_use()), 300)  # the library is loaded
        held = await longest_hold(giving())
    assert words in outcomes[0].error, outcomes[0].error
    assert held < HELD_S, f"{held:.3f} s"


async def test_a_receipt_of_many_values_is_none_and_holds_nobody_up():
    outcomes: list[Outcome] = []

    async def giving() -> None:
        outcomes.append(await outcome_at(nats, ENGINES["nats"][1](port)))

    async with serving(of_nats(lists(3_000_000))) as port:
        await outcome_at(nats, ENGINES["nats"][1](free_of_use()), 300)  # the library is loaded
        held = await longest_hold(giving())
    assert outcomes[0].error.startswith("what answered on the subject jobs.x is no stream")
    assert held < HELD_S, f"{held:.3f} s"


def free_of_use() -> int:
    """A port on which nobody listens."""
    return 1
