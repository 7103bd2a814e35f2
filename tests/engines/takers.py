"""Engines that only take runs, or whose other side is emulated: an emulated Kubernetes, moto's SQS, and RabbitMQ."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from aiohttp import web
from confluent_kafka import Consumer, Producer
from moto.server import ThreadedMotoServer
from moto.sqs import models

from tests.executors.emulated_kubernetes import TOKEN, EmulatedKubernetes


async def finish_jobs(cluster: EmulatedKubernetes, port: int) -> None:
    """Serve an emulated cluster whose Jobs end well soon after they were created."""
    runner = web.AppRunner(cluster.app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        while True:
            for name, job in list(cluster.jobs.items()):
                if job["status"].get("active"):
                    cluster.finish(name)
            await asyncio.sleep(0.1)
    finally:
        await runner.cleanup()


def kubernetes_target(port: int) -> dict[str, Any]:
    """A target whose Jobs `finish_jobs` ends."""
    container = {"name": "job", "image": "job:1"}
    return {
        "name": "Kubernetes",
        "kind": "automation",
        "completion": "watch",
        "executor": {
            "type": "kubernetes",
            "server": f"127.0.0.1:{port}",
            "tls": False,
            "token": TOKEN,
            "namespace": "jobs",
            "spec": {"template": {"spec": {"containers": [container]}}},
        },
    }


_COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)


@contextmanager
def fifo_queue(
    port: int = 0, called: str = "jobs.fifo"
) -> Iterator[tuple[int, str, Callable[[], list[str]]]]:
    """A FIFO queue of moto's SQS: (port, URL, what tells the runs of all its messages). Its messages stay when the
    server ends, for the next one of this process.

    With each message moto counts all that it has four times, and asks the clock twice for each: with 800 messages the
    next one took 0.5 s. So the counts, which nobody asks for here, are patched out, and messages are read where moto
    keeps them."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    client = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="open-sesame",
    )
    name = {"QueueName": called, "Attributes": {"FifoQueue": "true"}}
    queue = client.create_queue(**name)["QueueUrl"].replace("localhost", "127.0.0.1")

    def received() -> list[str]:
        (kept,) = (
            found.queues[called]
            for account in models.sqs_backends.values()
            for found in account.values()
            if called in found.queues
        )
        return [str(message.deduplication_id) for message in kept._messages]

    try:
        with patch.multiple(models.Queue, **dict.fromkeys(_COUNTS, 0)):
            yield port, queue, received
    finally:
        client.close()
        server.stop()


def sqs_target(queue: str) -> dict[str, Any]:
    """A target whose runs are messages of a FIFO queue."""
    keys = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "open-sesame"}
    executor = {"type": "sqs", "queue_url": queue, "region": "eu-west-1", "group": "{{ run.id }}", **keys}
    return {"name": "SQS", "kind": "automation", "executor": executor}


def rabbit_target(port: int, queue: str) -> dict[str, Any]:
    """A target whose runs are messages of a queue of RabbitMQ."""
    executor = {"type": "message", "broker": "rabbitmq", "server": f"127.0.0.1:{port}", "routing_key": queue}
    return {"name": "RabbitMQ", "kind": "automation", "executor": executor}


@contextmanager
def mock_kafka() -> Iterator[tuple[int, Callable[[str], list[str]]]]:
    """A mock cluster of three brokers on 127.0.0.1: the port of the first, and what tells the keys of all records of a
    topic."""
    owner = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 3, "log_level": 0})
    ports = [broker.port for broker in owner.list_topics(timeout=20).brokers.values()]

    def received(topic: str) -> list[str]:
        consumer = Consumer(
            {
                "bootstrap.servers": f"127.0.0.1:{ports[0]}",
                "group.id": "all",
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )
        consumer.subscribe([topic])
        keys, empty = list[str](), 0
        while empty < 100:
            record = consumer.poll(0.1)
            if record is None or record.error() is not None:
                empty += 1
            else:
                keys.append(record.key().decode())
                empty = 0
        consumer.close()
        return keys

    yield ports[0], received
    owner.flush(1)


def kafka_target(port: int, topic: str) -> dict[str, Any]:
    """A target whose runs are records of a topic."""
    executor = {"type": "message", "broker": "kafka", "server": f"127.0.0.1:{port}", "topic": topic}
    return {"name": "Kafka", "kind": "automation", "executor": executor}


def streams_target(port: int, stream: str) -> dict[str, Any]:
    """A target whose runs are entries of a stream of Redis."""
    executor = {"type": "message", "broker": "redis", "server": f"127.0.0.1:{port}", "stream": stream}
    return {"name": "Streams", "kind": "automation", "executor": executor}
