"""Gives runs of a whole server to an engine while the server is killed at random, and counts what the engine got.

`HANDOFF_RUNS=10000 HANDOFF_KILLS=20 HANDOFF_DOWN_S=60 make engines` for as many as are asked.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.server_kills import Server

RUNS = int(os.environ.get("HANDOFF_RUNS", "400"))
KILLS = int(os.environ.get("HANDOFF_KILLS", "4"))
SEED = int(os.environ.get("HANDOFF_SEED", "1"))
DOWN_S = float(os.environ.get("HANDOFF_DOWN_S", "8"))
PATIENCE_S = 120 + RUNS / 20


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of the runs: by state, those without an outcome of the engine, and how long it took."""

    states: Mapping[str, int]
    runs: list[str]
    kills: int
    seconds: float


def hand_over(folder: Path, engine_host: str, target: Mapping[str, Any]) -> Handed:
    """Make RUNS one-time schedules that are due together, kill the server KILLS times while their runs go to the
    engine, and wait until all of them have ended."""
    chance, began = random.Random(SEED), time.monotonic()
    server = Server(folder / "data", ["--engine-host", engine_host])
    with server.running() as client:
        made = client.post("/horarium/v1/targets", json=target)
        assert made.is_success, made.text
        due = _make_schedules(client, made.json()["id"])
        time.sleep(max(0.0, due - time.time()) + chance.uniform(0.0, 0.5))
    for _ in range(KILLS - 1):
        with server.running():
            time.sleep(chance.uniform(0.1, 1.5))
    with server.running():
        states, runs = _ended(folder / "data" / "horarium.db", server)
    return Handed(states, runs, KILLS, time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Waited:
    """What became of runs whose engine was away: by state, the errors of their attempts, and how long after the engine
    had come all of them had ended."""

    states: Mapping[str, int]
    reasons: set[str]
    seconds: float


def hand_over_to_one_that_is_away(
    folder: Path,
    engine_host: str,
    target: Mapping[str, Any],
    comes: Callable[[], None],
    down_s: float = DOWN_S,
) -> Waited:
    """Make RUNS one-time schedules that are due together, whose engine comes `down_s` later by `comes`, and wait until
    all runs have ended. The schedules have the retry policy that they get by themselves."""
    server = Server(folder / "data", ["--engine-host", engine_host])
    with server.running() as client:
        made = client.post("/horarium/v1/targets", json=target)
        assert made.is_success, made.text
        due = _make_schedules(client, made.json()["id"])
        time.sleep(max(0.0, due - time.time()) + down_s)
        comes()
        came, database = time.monotonic(), folder / "data" / "horarium.db"
        states, _ = _ended(database, server)
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            reasons = {str(row[0]) for row in connection.execute("SELECT DISTINCT error FROM attempts")}
    return Waited(states, reasons, time.monotonic() - came)


def _make_schedules(client: httpx.Client, target: str) -> int:
    """Make RUNS schedules that are due at one instant, which is far enough away for making them: it (s)."""
    due = int(time.time()) + 2 + RUNS // 250
    at = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    lines = [
        json.dumps({"name": f"Job {number}", "recurrence": {"at": at}, "target": target, "grace": "1h"})
        for number in range(RUNS)
    ]
    headers = {"content-type": "application/x-ndjson"}
    for first in range(0, RUNS, 1_000):
        body = "\n".join(lines[first : first + 1_000])
        answer = client.post("/horarium/v1/schedules/bulk", content=body, headers=headers)
        assert answer.is_success, answer.text
        assert '"refused"' not in answer.text, answer.text[:500]
    return due


def _ended(database: Path, server: Server) -> tuple[Mapping[str, int], list[str]]:
    """How many runs have ended in which state, and their ids, once all have. What is missing is explained by the end of
    the server's log."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT id, state FROM runs").fetchall()
        states = Counter(state for _, state in rows)
        if states.total() == RUNS and not states.keys() & {"pending", "running"}:
            return states, [bytes(row[0]).hex() for row in rows]
        assert time.monotonic() < end, (
            f"after {PATIENCE_S} s {states.total()} of {RUNS} schedules have fired, and the runs are {dict(states)}; "
            f"the server said last: {server.said()[-4_000:]}"
        )
        time.sleep(0.2)
