"""A RabbitMQ of Debian's package on 127.0.0.1, with a folder of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiormq

from tests.engines.conftest import free_port, running, wait_for_port

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@contextmanager
def rabbit(port: int, folder: Path) -> Iterator[int]:
    """A broker, once it listens; ended with the block. What it stores stays in the folder. Gives the group of its
    processes."""
    assert SERVER.exists(), "rabbitmq-server is not installed: apt-get install rabbitmq-server"
    log, distribution, names = folder / "log", free_port(), free_port()
    settings = folder / "rabbitmq.conf"
    settings.write_text(f"listeners.tcp.default = 127.0.0.1:{port}\nloopback_users = none\n")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "HOSTNAME": "localhost",
        "RABBITMQ_NODENAME": f"horarium{port}@localhost",
        "RABBITMQ_CONFIG_FILE": str(settings),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_DIST_PORT": str(distribution),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1 +sbwt none",
    }
    # The name server of its runtime would stay behind if the broker started it.
    name_server = ["epmd", "-address", "127.0.0.1", "-port", str(names)]
    with running(name_server, names, log), log.open("ab") as said:
        process = subprocess.Popen(
            [SERVER], stdout=said, stderr=said, env=environment, start_new_session=True
        )
        try:
            wait_for_port(port, process, log, 120)
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def silent(group: int) -> Iterator[None]:
    """A broker says nothing while the block runs, as one whose machine does nothing else but swap."""
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


async def declare(port: int, name: str) -> None:
    """Make a durable queue of a broker."""
    connection = aiormq.Connection(f"amqp://guest:guest@127.0.0.1:{port}/")
    await connection.connect()
    await (await connection.channel()).queue_declare(name, durable=True)
    await connection.close()


async def received(port: int, name: str) -> list[str]:
    """The ids of all messages of a queue, which are taken out of it."""
    connection = aiormq.Connection(f"amqp://guest:guest@127.0.0.1:{port}/")
    await connection.connect()
    channel, ids = await connection.channel(), list[str]()
    while (message := await channel.basic_get(name, no_ack=True)).body:
        ids.append(str(message.header.properties.message_id))
    await connection.close()
    return ids


@contextmanager
def durable_queue(port: int, name: str) -> Iterator[Callable[[], list[str]]]:
    """A queue of a broker: what tells the ids of all its messages."""
    asyncio.run(declare(port, name))
    yield lambda: asyncio.run(received(port, name))
