"""A watchdog beside a server: it says nothing while all is well, and a server that stands still is told in 10 s."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.inbox import inbox
from tests.support.started import Started

SECONDS = 60
# What is promised, and not more.
WITHIN_S = 10.0
pytest.importorskip("apprise", reason="comes with the extra horarium[alerts]")


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


# A server whose interpreter is held by one call, as by a library that waits within C: on SIGUSR1, for so many seconds.
HELD_S = 15
HELD = f"""
import ctypes, signal
from horarium.cli.main import main

libc = ctypes.PyDLL(None)  # its calls keep the interpreter's lock
signal.signal(signal.SIGUSR1, lambda *_: libc.sleep({HELD_S}))
main()
"""


@contextmanager
def server(data: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server of which one call may hold the interpreter."""
    command = [sys.executable, "-c", HELD, "serve", "--data", data, "--port", "0"]
    with log.open("wb") as said:
        serving = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        yield serving
    finally:
        serving.send_signal(signal.SIGCONT)
        serving.terminate()
        serving.wait(SECONDS)


@pytest.mark.parametrize(
    ("begin", "end"), [(signal.SIGSTOP, signal.SIGCONT), (signal.SIGUSR1, None)], ids=["stopped", "held"]
)
def test_a_server_that_stands_still_is_told_within_ten_seconds_and_its_recovery_too(
    tmp_path: Path, begin: signal.Signals, end: signal.Signals | None
) -> None:
    log, watched = tmp_path / "server.log", tmp_path / "watchdog.log"
    data = str(tmp_path / "data")
    with inbox() as (address, kept), server(data, log) as serving:
        url = until(lambda: started(log), log)
        sending = {"HORARIUM_ALERTS": f"json://{address}/alerts", "HORARIUM_PING": f"http://{address}/ping"}
        options = ("--data", data, "--url", url, "--silence", "disk")
        with process("watchdog", *options, log=watched, **sending) as watchdog:
            until(lambda: kept.pings, watched)
            time.sleep(5)
            assert kept.alerts == []
            stands = time.monotonic()
            serving.send_signal(begin)
            alert = until(lambda: kept.alerts[:1], watched)[0]
            took = time.monotonic() - stands
            if end is not None:
                serving.send_signal(end)
            over = until(lambda: kept.alerts[1:], watched)[0]
            watchdog.terminate()
            assert watchdog.wait(SECONDS) == 0
    print(f"\n{begin.name}: told after {took:.1f} s")
    assert took < WITHIN_S
    assert alert["title"] == "Horarium: server"
    assert url in alert["message"]
    assert (alert["type"], over["type"]) == ("failure", "success")
    assert "over after" in over["message"]
    assert len(kept.pings) == 1
