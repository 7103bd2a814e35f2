"""Engines that are away at first: what a run is there, what `comes`, and how often each run was an item there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import redis

from tests.engines.conftest import (
    free_port,
    nats_command,
    program,
    running,
    valkey_command,
)
from tests.engines.counting import counted
from tests.engines.others import (
    beside,
    executions,
    make_streams,
    nats_target,
    temporal_target,
    work_off_messages,
    work_off_workflows,
)
from tests.engines.rabbit import durable_queue, rabbit
from tests.engines.takers import (
    fifo_queue,
    finish_jobs,
    kubernetes_target,
    rabbit_target,
    sqs_target,
    streams_target,
)
from tests.engines.workers import COUNTS, celery_target, celery_worker, rq_target, rq_worker, url
from tests.executors.emulated_kubernetes import EmulatedKubernetes


def entries_of(port: int, stream: str) -> Counter[str]:
    """How often each run is an entry of a stream."""
    with redis.Redis(host="127.0.0.1", port=port) as client:
        return Counter(fields[b"ce_id"].decode() for _, fields in client.xrange(stream))


class Away:
    """`stack` ends what `comes` starts. `reasons` are all that attempts may say of the engine before and while it
    comes."""

    reasons: ClassVar[set[str]] = {
        f"the engine could not be reached: {why}"
        for why in (
            "connection refused",
            "the connection broke",
            "no answer",
            "connection reset by peer",
            "it is still loading its data",
        )
    }

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.port, self.stack, self.folder = free_port(), stack, folder / "engine"
        self.folder.mkdir()
        self.prepare()

    def prepare(self) -> None:
        """What is done while the engine is there for the first time, before it goes."""

    def target(self) -> dict[str, Any]:
        raise NotImplementedError

    def comes(self) -> None:
        raise NotImplementedError

    def items(self) -> Counter[str]:
        raise NotImplementedError

    def _valkey(self) -> None:
        command = valkey_command(self.port, self.folder)
        self.stack.enter_context(running(command, self.port, self.folder / "log"))


class Nats(Away):
    """Its streams were there before it went."""

    def prepare(self) -> None:
        self.seen: Counter[str] = Counter()
        command = nats_command(self.port, self.folder)
        with running(command, self.port, self.folder / "log"):
            asyncio.run(make_streams(self.port, "away"))

    def target(self) -> dict[str, Any]:
        return nats_target(self.port, "away")

    def comes(self) -> None:
        command = nats_command(self.port, self.folder)
        self.stack.enter_context(running(command, self.port, self.folder / "log"))
        self.stack.enter_context(beside(work_off_messages(self.port, "away", self.seen)))

    def items(self) -> Counter[str]:
        return self.seen


class Temporal(Away):
    def target(self) -> dict[str, Any]:
        executions.clear()
        return temporal_target(self.port, "away")

    def comes(self) -> None:
        command = [program("temporal-test-server"), str(self.port)]
        self.stack.enter_context(running(command, self.port, self.folder / "log"))
        self.stack.enter_context(beside(work_off_workflows(self.port, "away")))

    def items(self) -> Counter[str]:
        return executions


class Celery(Away):
    def target(self) -> dict[str, Any]:
        return celery_target(self.port, "away")

    def comes(self) -> None:
        self._valkey()
        self.stack.enter_context(celery_worker(self.port, "away", self.folder / "worker.log"))

    def items(self) -> Counter[str]:
        return Counter(counted(url(self.port, COUNTS)))


class Rq(Away):
    def target(self) -> dict[str, Any]:
        return rq_target(self.port, "away")

    def comes(self) -> None:
        self._valkey()
        self.stack.enter_context(rq_worker(self.port, "away", self.folder / "worker.log"))

    def items(self) -> Counter[str]:
        return Counter(counted(url(self.port, COUNTS)))


class Streams(Away):
    def target(self) -> dict[str, Any]:
        return streams_target(self.port, "away")

    def comes(self) -> None:
        self._valkey()

    def items(self) -> Counter[str]:
        return entries_of(self.port, "away")


class Rabbitmq(Away):
    """Its queue was there before it went."""

    def prepare(self) -> None:
        with rabbit(self.port, self.folder), durable_queue(self.port, "away"):
            pass

    def target(self) -> dict[str, Any]:
        return rabbit_target(self.port, "away")

    def comes(self) -> None:
        self.stack.enter_context(rabbit(self.port, self.folder))
        self._received: Callable[[], list[str]] = self.stack.enter_context(durable_queue(self.port, "away"))

    def items(self) -> Counter[str]:
        return Counter(self._received())


class Sqs(Away):
    """Its queue was there before it went."""

    def prepare(self) -> None:
        with fifo_queue(self.port, "away.fifo") as (_, queue, _received):
            self._queue = queue

    def target(self) -> dict[str, Any]:
        return sqs_target(self._queue)

    def comes(self) -> None:
        _, _, self._received = self.stack.enter_context(fifo_queue(self.port, "away.fifo"))

    def items(self) -> Counter[str]:
        return Counter(self._received())


class Kubernetes(Away):
    def target(self) -> dict[str, Any]:
        self._cluster = EmulatedKubernetes()
        return kubernetes_target(self.port)

    def comes(self) -> None:
        self.stack.enter_context(beside(finish_jobs(self._cluster, self.port)))

    def items(self) -> Counter[str]:
        assert self._cluster.created == len(self._cluster.jobs)
        return Counter(self._cluster.jobs.keys())


AWAY: tuple[type[Away], ...] = (Nats, Temporal, Celery, Rq, Streams, Rabbitmq, Sqs, Kubernetes)
