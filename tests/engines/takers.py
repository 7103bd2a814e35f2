"""Engines that only take runs, or whose other side is emulated: an emulated Kubernetes, moto's SQS, and RabbitMQ."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from aiohttp import web
from moto.server import ThreadedMotoServer

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


@contextmanager
def fifo_queue() -> Iterator[tuple[int, str, Callable[[], list[str]]]]:
    """A FIFO queue of moto's SQS: (port, URL, what tells the runs of all its messages)."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    client = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="open-sesame",
    )
    name = {"QueueName": "jobs.fifo", "Attributes": {"FifoQueue": "true"}}
    queue = client.create_queue(**name)["QueueUrl"].replace("localhost", "127.0.0.1")

    def received() -> list[str]:
        runs: list[str] = []
        asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while found := client.receive_message(**asked).get("Messages"):
            for message in found:
                runs.append(message["Attributes"]["MessageDeduplicationId"])
                client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return runs

    try:
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
