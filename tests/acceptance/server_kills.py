"""Kills a whole server at random under fifty schedules a second, and audits its ledger afterwards.

`test_kill` does it for a few rounds; `KILL_ROUNDS=100 python -m pytest -s tests/acceptance/test_kill.py`
for as long as is asked. The receiver is a process of its own that is never killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.delivery_log import deliveries, receiving
from tests.support.ledger_check import Books, check, delivered_twice, from_sqlite, open_work
from tests.support.started import Started

SCHEDULES = 50
PATIENCE_S = 60.0
BEHAVIOURS: tuple[dict[str, Any], ...] = (
    {"overlap": "allow"},
    {"overlap": "allow"},
    {"overlap": "skip"},
    {"overlap": "allow", "grace": "1s", "catch_up": "latest"},
    {"overlap": "allow", "grace": "1s", "catch_up": "none"},
)
"""In turn. A grace of a second makes missed slots of a restart that others take for a little late."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the rounds came to."""

    kills: int
    fires: int
    slots_in_spans: int
    runs: int
    delivered_twice: int

    def __str__(self) -> str:
        return (
            f"{self.kills} kills: {self.fires} fires and {self.slots_in_spans} slots in spans, "
            f"{self.runs} runs, {self.delivered_twice} of them delivered twice"
        )


class Server:
    """One process of `horarium serve` on a data folder; started again it finds what the last one left. `options` of the
    command are added."""

    def __init__(self, data: Path, options: Sequence[str] = ()) -> None:
        self._data = data
        self._options = options
        self._log = data.parent / "server.log"

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        """A client of the server, once it listens. The process is killed with the block."""
        command = ["serve", "--data", str(self._data), "--port", "0"]
        with self._log.open("w") as log:
            process = Started(
                [*command, "--allow-loopback", *self._options],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "HORARIUM_LOG_FORMAT": "text"},
            )
            try:
                with httpx.Client(base_url=self._address(process), timeout=PATIENCE_S) as client:
                    client.headers["authorization"] = (
                        f"Bearer {(self._data / 'admin.key').read_text().strip()}"
                    )
                    yield client
                ended = process.poll()
                assert ended is None, f"the server ended by itself ({ended}): {self.said()}"
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def _address(self, process: subprocess.Popen[bytes]) -> str:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            _, found, rest = self.said().partition(" listens at ")
            if found and "\n" in rest:
                return rest.split()[0]
            time.sleep(0.02)
        raise AssertionError(f"the server did not start: {self.said()}")

    def said(self) -> str:
        return self._log.read_text()


def rounds_of_killing(folder: Path, rounds: int, seed: int) -> tuple[list[str], Figures]:
    """Kill `rounds` times, let the last server finish the work, and give the auditor's findings."""
    chance, server, log = random.Random(seed), Server(folder / "data"), folder / "deliveries"
    log.touch()
    kills: list[int] = []
    with receiving(log) as url:
        with server.running() as client:
            _make_schedules(client, url)
            time.sleep(_moment(chance))
        kills.append(_now_ms())
        for _ in range(rounds - 1):
            with server.running():
                time.sleep(_moment(chance))
            kills.append(_now_ms())
        with server.running() as client:
            _pause_all(client)
            books = _drained(folder / "data" / "horarium.db")
    seen = deliveries(log)
    figures = Figures(
        rounds,
        len(books.fires),
        sum(span["count"] for span in books.spans),
        len(books.runs),
        delivered_twice(seen),
    )
    return check(books, seen, kills), figures


def _moment(chance: random.Random) -> float:
    """Seconds until the kill: anywhere, or where the work of a second is under way."""
    seconds = chance.uniform(0.2, 2.5)
    if chance.random() < 0.6:
        at = time.time() + seconds
        seconds += int(at) + 1 - at + chance.uniform(-0.01, 0.2)
    return seconds


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _make_schedules(client: httpx.Client, url: str) -> None:
    executor = {"type": "http", "url": url}
    body = {"kind": "function", "key": "log", "name": "Log", "executor": executor}
    assert client.post("/horarium/v1/targets", json=body).status_code == 201
    lines = [
        {
            "name": f"every second {number}",
            "recurrence": "* * * * * *",
            "target": "log",
            **BEHAVIOURS[number % len(BEHAVIOURS)],
        }
        for number in range(SCHEDULES)
    ]
    answer = client.post(
        "/horarium/v1/schedules/bulk",
        content="\n".join(map(json.dumps, lines)),
        headers={"content-type": "application/x-ndjson"},
    )
    answers = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["status"] for one in answers] == [201] * SCHEDULES, answer.text


def _pause_all(client: httpx.Client) -> None:
    found = client.get("/horarium/v1/schedules", params={"limit": 1000}).json()["items"]
    assert len(found) == SCHEDULES
    for one in found:
        answer = client.post(f"/horarium/v1/schedules/{one['id']}/pause", json={"note": "enough"})
        assert answer.status_code == 200, answer.text


def _drained(database: Path) -> Books:
    """The books once nothing is open any more, or as they are when patience ends."""
    until = time.monotonic() + PATIENCE_S
    while open_work(books := from_sqlite(database)) and time.monotonic() < until:
        time.sleep(0.2)
    return books
