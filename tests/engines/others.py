"""The other side of engines: those who do the work of the runs that an engine was given."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nats
from nats.js.api import ConsumerConfig, StreamConfig
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

# The workflows that have begun, by id.
executions: Counter[str] = Counter()


@contextmanager
def beside(coroutine: Any) -> Iterator[None]:
    """Runs a coroutine in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(coroutine)

    def work() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(30)


async def work_off_messages(port: int, name: str, seen: Counter[str]) -> None:
    """Makes the streams NAME-jobs and NAME-outcomes, and reports a success for each message of the first."""
    client = await nats.connect(f"nats://127.0.0.1:{port}")
    try:
        await _report_all(client.jetstream(), name, seen)
    finally:
        await client.close()


async def make_streams(port: int, name: str) -> None:
    """Makes the streams of `work_off_messages` beforehand."""
    client = await nats.connect(f"nats://127.0.0.1:{port}")
    try:
        await _make_streams(client.jetstream(), name)
    finally:
        await client.close()


async def _make_streams(js: Any, name: str) -> None:
    await js.add_stream(StreamConfig(name=f"{name}-jobs", subjects=[f"{name}.jobs.>"], duplicate_window=0.1))
    await js.add_stream(StreamConfig(name=f"{name}-outcomes", subjects=[f"{name}.outcomes.>"]))


async def _report_all(js: Any, name: str, seen: Counter[str]) -> None:
    await _make_streams(js, name)
    jobs = await js.pull_subscribe(
        f"{name}.jobs.>", stream=f"{name}-jobs", config=ConsumerConfig(ack_wait=60)
    )
    while True:
        try:
            batch = await jobs.fetch(100, timeout=1)
        except TimeoutError:
            continue
        for message in batch:
            run = json.loads(message.data)["run"]["id"]
            seen[run] += 1
            report = json.dumps({"state": "succeeded", "output": {"of": run}}).encode()
            await js.publish(message.headers["Horarium-Outcome-Subject"], report)
            await message.ack()


@workflow.defn(name="Job")
class Job:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, str]:
        if not workflow.unsafe.is_replaying():
            executions[workflow.info().workflow_id] += 1
        return {"of": given["run"]["id"]}


async def work_off_workflows(port: int, task_queue: str) -> None:
    """A worker for the workflow `Job`, which ends at once."""
    client = await Client.connect(f"127.0.0.1:{port}")
    await Worker(
        client, task_queue=task_queue, workflows=[Job], workflow_runner=UnsandboxedWorkflowRunner()
    ).run()


def nats_target(port: int, name: str) -> dict[str, Any]:
    """A target whose runs are worked off by `work_off_messages`."""
    return {
        "name": "NATS",
        "kind": "automation",
        "completion": "watch",
        "executor": {
            "type": "nats",
            "server": f"127.0.0.1:{port}",
            "subject": f"{name}.jobs.{{{{ run.id }}}}",
            "once": "always",
            "outcomes": {"stream": f"{name}-outcomes", "subject": f"{name}.outcomes.{{{{ run.id }}}}"},
        },
    }


def temporal_target(port: int, task_queue: str) -> dict[str, Any]:
    """A target whose runs are worked off by `work_off_workflows`."""
    return {
        "name": "Temporal",
        "kind": "workflow",
        "completion": "watch",
        "executor": {
            "type": "temporal",
            "address": f"127.0.0.1:{port}",
            "workflow": "Job",
            "task_queue": task_queue,
        },
    }
