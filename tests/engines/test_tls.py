"""Over TLS the certificate of an engine is checked for the name in the configuration, not for the judged address."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.engines import celery, kubernetes, message, nats
from horarium.executors.options import ExecutorOptions
from tests.engines.conftest import free_port
from tests.executors.calls import stored_call
from tests.executors.emulated_kubernetes import TOKEN


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name, and its key."""
    made, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
    ]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-out", str(made), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@asynccontextmanager
async def served(answer: Any, made: Path, key: Path) -> AsyncIterator[int]:
    """A TLS server on 127.0.0.1 with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def as_redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers scripts as if they had put something in, and everything else with OK."""
    while line := await reader.readline():
        words = []
        for _ in range(int(line[1:])):
            size = int((await reader.readline())[1:])
            words.append((await reader.readexactly(size + 2))[:-2])
        put = (
            b"*3\r\n:1\r\n$1\r\n1\r\n$%d\r\n%b\r\n" % (len(words[3]), words[3])
            if words[0] == b"EVAL"
            else b""
        )
        writer.write(put or b"+OK\r\n")
        await writer.drain()
    writer.close()


async def as_kubernetes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers that the Job was created."""
    await reader.readuntil(b"\r\n\r\n")
    job = b'{"kind":"Job"}'
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(job) + job)
    await writer.drain()
    writer.close()


async def as_rabbit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Goes away after the head of the protocol."""
    await reader.readexactly(8)
    writer.close()


async def outcome_at(module: Any, config: dict[str, Any]) -> Outcome:
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    try:
        outcome: Outcome = await executor.execute(stored_call(executor, config))
        return outcome
    finally:
        await executor.close()


@pytest.mark.parametrize(
    ("module", "config"),
    [
        (celery, {"task": "job"}),
        (nats, {"subject": "jobs"}),
        (message, {"broker": "rabbitmq", "routing_key": "jobs"}),
        (message, {"broker": "kafka", "topic": "jobs"}),
        (kubernetes, {"spec": {"template": {"spec": {"containers": [{"name": "job", "image": "job:1"}]}}}}),
    ],
    ids=["redis", "nats", "rabbitmq", "kafka", "kubernetes"],
)
async def test_the_certificates_of_this_machine_are_read_beside_the_event_loop(monkeypatch, module, config):
    """That takes a tenth of a second, and an engine that is away is connected to again and again."""
    read_in, read = [], ssl.create_default_context

    def reading(*args: Any, **more: Any) -> ssl.SSLContext:
        read_in.append(threading.current_thread())
        return read(*args, **more)

    monkeypatch.setattr(ssl, "create_default_context", reading)
    outcome = await outcome_at(module, {"server": f"localhost:{free_port()}", "tls": True} | config)
    assert outcome.unreached
    assert read_in
    assert threading.main_thread() not in read_in


async def test_a_redis_that_is_away_costs_no_reading_of_certificates_for_each_run(monkeypatch):
    read, count = ssl.create_default_context, Counter[str]()

    def reading(*args: Any, **more: Any) -> ssl.SSLContext:
        count["read"] += 1
        return read(*args, **more)

    monkeypatch.setattr(ssl, "create_default_context", reading)
    executor = celery.make(ExecutorOptions(engine_hosts=("localhost",)))
    call = stored_call(executor, {"server": f"localhost:{free_port()}", "tls": True, "task": "job"})
    for _ in range(3):
        assert (await executor.execute(call)).unreached
    await executor.close()
    assert count["read"] == 1


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("elsewhere.example", False)])
async def test_redis_is_checked_for_its_name(tmp_path, monkeypatch, name, trusted):
    made, key = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    async with served(as_redis, made, key) as port:
        outcome = await outcome_at(celery, {"server": f"localhost:{port}", "tls": True, "task": "job"})
    if trusted:
        assert (outcome.verdict, outcome.error) == (Verdict.SUCCEEDED, None)
    else:
        assert outcome.unreached
        assert "the TLS handshake failed" in outcome.error


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("elsewhere.example", False)])
async def test_a_cluster_is_checked_for_its_name_with_certificates_of_its_own(tmp_path, name, trusted):
    made, key = certificate(tmp_path, name)
    spec = {"template": {"spec": {"containers": [{"name": "job", "image": "job:1"}]}}}
    async with served(as_kubernetes, made, key) as port:
        config = {"server": f"localhost:{port}", "ca": made.read_text(), "token": TOKEN, "spec": spec}
        outcome = await outcome_at(kubernetes, config)
    if trusted:
        assert (outcome.verdict, outcome.error) == (Verdict.SUCCEEDED, None)
    else:
        assert outcome.unreached
        assert "the TLS handshake failed" in outcome.error


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("elsewhere.example", False)])
async def test_rabbitmq_is_checked_for_its_name(tmp_path, monkeypatch, name, trusted):
    made, key = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    async with served(as_rabbit, made, key) as port:
        place = {"broker": "rabbitmq", "server": f"localhost:{port}", "tls": True, "routing_key": "jobs"}
        outcome = await outcome_at(message, place)
    assert outcome.unreached
    assert ("the TLS handshake failed" in outcome.error) is not trusted
