"""A watchdog beside a server: it says nothing while all is well, and a server that stands still is told in 10 s."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.started import Started

SECONDS = 60
# What is promised, and not more.
WITHIN_S = 10.0
pytest.importorskip("apprise", reason="comes with the extra horarium[alerts]")


class _Inbox(BaseHTTPRequestHandler):
    """Keeps the alerts that are sent to /alerts and counts the pings."""

    alerts: list[dict[str, Any]]
    pings: list[float]

    def do_POST(self) -> None:
        self.alerts.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._answer()

    def do_GET(self) -> None:
        self.pings.append(time.monotonic())
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def inbox() -> Iterator[tuple[str, type[_Inbox]]]:
    kept = type("Inbox", (_Inbox,), {"alerts": [], "pings": []})
    serving = ThreadingHTTPServer(("127.0.0.1", 0), kept)
    thread = Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{serving.server_address[1]}", kept
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


@contextmanager
def process(*arguments: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        started = Started(arguments, stdout=said, stderr=said, env={**os.environ, **environment})
    try:
        yield started
    finally:
        started.send_signal(signal.SIGCONT)
        started.terminate()
        started.wait(SECONDS)


def until(condition: Callable[[], Any], log: Path) -> Any:
    end = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return found


def started(log: Path) -> str | None:
    lines = [json.loads(line) for line in log.read_text().splitlines() if '"started"' in line]
    return lines[0]["address"] if lines else None


def test_a_frozen_server_is_told_within_ten_seconds_and_its_recovery_too(tmp_path: Path) -> None:
    log, watched = tmp_path / "server.log", tmp_path / "watchdog.log"
    data = str(tmp_path / "data")
    with inbox() as (address, kept), process("serve", "--data", data, "--port", "0", log=log) as server:
        url = until(lambda: started(log), log)
        sending = {"HORARIUM_ALERTS": f"json://{address}/alerts", "HORARIUM_PING": f"http://{address}/ping"}
        options = ("--data", data, "--url", url, "--silence", "disk")
        with process("watchdog", *options, log=watched, **sending) as watchdog:
            until(lambda: kept.pings, watched)
            time.sleep(5)
            assert kept.alerts == []
            frozen = time.monotonic()
            server.send_signal(signal.SIGSTOP)
            alert = until(lambda: kept.alerts[:1], watched)[0]
            took = time.monotonic() - frozen
            server.send_signal(signal.SIGCONT)
            over = until(lambda: kept.alerts[1:], watched)[0]
            watchdog.terminate()
            assert watchdog.wait(SECONDS) == 0
    assert took < WITHIN_S
    assert alert["title"] == "Horarium: server"
    assert url in alert["message"]
    assert (alert["type"], over["type"]) == ("failure", "success")
    assert "over after" in over["message"]
    assert len(kept.pings) == 1
