"""A process of `horarium serve` in the hands of somebody who kills it, freezes it and starts it again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

LEASE_S = 4.0
PATIENCE_S = 90.0
# In the log line of a server that has begun to answer.
STARTED = '"event": "started"'


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class ServedNode:
    """A node that keeps its name, its folder and its port over all its lives. Its log holds all of them."""

    def __init__(
        self, folder: Path, name: str, environment: Mapping[str, str], logs: Path | None = None
    ) -> None:
        """`logs`: where its log is, if not beside its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.data, self._log = name, folder / "data", (logs or folder.parent) / f"{name}.log"
        self._log.touch()
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "HORARIUM_NODE": name,
            "HORARIUM_LEASE": f"{LEASE_S:g}",
            "HORARIUM_LOG_FORMAT": "json",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._life = 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, **environment: str) -> None:
        """Begin a life, with further variables of the environment; `ready` tells when it answers."""
        command = [sys.executable, "-m", "horarium", "serve", "--data", str(self.data), "--allow-loopback"]
        self._life = self._log.stat().st_size
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environment, **environment},
            )

    def ready(self) -> bool:
        return self.alive and STARTED in self.said()

    def wait_ready(self) -> None:
        """A supervisor's patience: who cannot start because the database is away is started again."""
        until = time.monotonic() + PATIENCE_S
        while not self.ready():
            assert time.monotonic() < until, f"{self.name} did not start: {self.said()[-2000:]}"
            if not self.alive:
                said = self.said()
                without_database = STARTED not in said and "database" in said
                assert without_database, f"{self.name} ended by itself: {said[-2000:]}"
                time.sleep(0.5)
                self.start()
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9; nothing where it does not live."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """End it in order, as an operator does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(patience_s) == 0, self.said()[-2000:]

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=10)

    def said(self) -> str:
        """What it has written in its present life."""
        return self._log.read_bytes()[self._life :].decode()

    def events(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """(instant in ms, fields) of every log line of one event, over all lives."""
        for line in self._log.read_text().splitlines():
            if f'"{name}"' not in line:
                continue
            with suppress(ValueError):  # a line that is being written, or whose writer was killed
                fields = json.loads(line)
                if fields.get("event") == name:
                    yield round(datetime.fromisoformat(fields["timestamp"]).timestamp() * 1000), fields


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
