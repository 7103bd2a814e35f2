"""What the demo needs: a server in a process of its own, and a receiver of runs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from horarium.cli.failure import Failure

START_SECONDS = 60
STOP_SECONDS = 30

# How many attempts of a run the flaky target refuses.
FAILURES = 2


@dataclass(frozen=True, slots=True)
class Received:
    """One attempt as the receiver saw it."""

    run: str
    schedule: str
    slot: str
    attempt: int
    arrived_ms: int
    status: int

    @property
    def slot_ms(self) -> int:
        return round(datetime.fromisoformat(self.slot).timestamp() * 1000)


class Receiver:
    """A web server that receives runs: `/flaky` refuses the first FAILURES attempts of each run, other paths accept."""

    def __init__(self) -> None:
        self._all: list[Received] = []
        self._news: Queue[Received] = Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status = receiver._take(self.path, json.loads(body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def received(self) -> list[Received]:
        return list(self._all)

    def news(self, seconds: float) -> Iterator[Received]:
        """What has arrived since the last call. Waits up to `seconds` for the first."""
        try:
            yield self._news.get(timeout=seconds)
            while True:
                yield self._news.get_nowait()
        except Empty:
            return

    def _take(self, path: str, run: dict[str, Any]) -> int:
        status = 503 if path == "/flaky" and run["attempt"] <= FAILURES else 200
        schedule = run["schedule"]["name"] if run["schedule"] else "-"
        received = Received(
            run["run"]["id"], schedule, run["slot"], run["attempt"], time.time_ns() // 1_000_000, status
        )
        self._all.append(received)
        self._news.put(received)
        return status


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    key: str


@contextmanager
def started_server() -> Iterator[Server]:
    """A server on a free port in a process of its own; it is stopped and its folder deleted when the block ends."""
    with tempfile.TemporaryDirectory(prefix="horarium-demo-") as folder:
        command = [
            sys.executable,
            "-m",
            "horarium",
            "serve",
            "--data",
            folder,
            "--port",
            "0",
            "--allow-loopback",
        ]
        with open(Path(folder) / "server.log", "w+", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
            try:
                url = _address(process, Path(log.name))
                yield Server(url, (Path(folder) / "admin.key").read_text().strip())
            finally:
                _end(process)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """The address that the server prints when it listens. Raises Failure where it does not start."""
    assert process.stdout is not None  # it was asked for as a pipe
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            _, found, address = line.partition(" listens at ")
            if found:
                # The rest is read too, because the server would wait once the pipe is full.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return address.strip()
    finally:
        watchdog.cancel()
    raise Failure(f"the server did not start: {log.read_text('utf-8').strip()[-2000:] or 'it said nothing'}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
