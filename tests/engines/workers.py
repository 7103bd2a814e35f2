"""Workers of Celery and RQ: processes of the other side, which work off what is in the queues of a Valkey."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# The databases of one server that the parts of the other side use.
RESULTS, COUNTS = 1, 2


def url(port: int, database: int = 0) -> str:
    return f"redis://127.0.0.1:{port}/{database}"


@contextmanager
def celery_worker(port: int, queue: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker for one queue; ended with the block."""
    command = [
        "celery",
        "-A",
        "tests.engines.celery_app",
        "worker",
        "--pool",
        "solo",
        "-Q",
        queue,
        "-l",
        "INFO",
    ]
    environment = {
        "CELERY_BROKER": url(port),
        "CELERY_RESULTS": url(port, RESULTS),
        "COUNT_AT": url(port, COUNTS),
    }
    with _process(command, environment, log) as process:
        wait_until_said(b" ready.", process, log)
        yield process


def wait_until_said(words: bytes, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a worker has written these words into its log."""
    end = time.monotonic() + 60
    while words not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


@contextmanager
def rq_worker(
    port: int, queue: str, log: Path, kind: str = "SimpleWorker"
) -> Iterator[subprocess.Popen[bytes]]:
    """An RQ worker for one queue; ended with the block. A SimpleWorker runs the jobs in its own process."""
    command = ["rq.cli", "worker", queue, "--url", url(port), "--serializer", "json"]
    command += ["--worker-class", f"rq.worker.{kind}"]
    with _process(command, {"COUNT_AT": url(port, COUNTS)}, log) as process:
        yield process


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=said,
            stderr=said,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def celery_target(port: int, queue: str, **more: Any) -> dict[str, Any]:
    """A target whose runs are worked off by `celery_worker`."""
    executor = {
        "server": f"127.0.0.1:{port}",
        "queue": queue,
        "task": "reports.whole",
        "result_database": RESULTS,
    }
    return {
        "name": "Celery",
        "kind": "automation",
        "completion": "watch",
        "executor": {"type": "celery", **executor, **more},
    }


def rq_target(port: int, queue: str, **more: Any) -> dict[str, Any]:
    """A target whose runs are worked off by `rq_worker`."""
    executor = {"server": f"127.0.0.1:{port}", "queue": queue, "function": "tests.engines.rq_jobs.whole"}
    return {
        "name": "RQ",
        "kind": "automation",
        "completion": "watch",
        "executor": {"type": "rq", **executor, **more},
    }
