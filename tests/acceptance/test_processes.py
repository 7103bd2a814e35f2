"""`horarium serve --processes 3`: three nodes that are one server, and what becomes of them when one is killed."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.postgres import drop_database, fresh_database
from tests.support.started import Started

SECONDS = 60
PROCESSES = 3
FIRES = 4


@pytest.fixture
def database() -> Iterator[str]:
    made = fresh_database("processes")
    yield made
    drop_database(made)


@contextmanager
def server(folder: Path, database: str) -> Iterator[tuple[psutil.Process, httpx.Client]]:
    """A server of three processes, and a client that may do everything there."""
    options = ["--data", str(folder), "--port", "0", "--allow-loopback", "--processes", str(PROCESSES)]
    secret = base64.b64encode(bytes(32)).decode()
    with Started(
        ["serve", "--database", database, *options],
        env={**os.environ, "HORARIUM_SECRET_KEY": secret},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            url = next(line.split()[-1] for line in process.stdout if " listens at " in line)
            key = (folder / "admin.key").read_text().strip()
            with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
                yield psutil.Process(process.pid), client
        finally:
            process.kill()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def fired(client: httpx.Client) -> dict[str, float]:
    """How many slots fired, by the process that released them."""
    return {
        sample.labels["process"]: sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == "horarium_slots_total" and sample.labels["outcome"] == "fired"
    }


def test_three_processes_fire_as_one_server_and_one_that_is_killed_comes_back(
    tmp_path: Path, database: str
) -> None:
    with server(tmp_path, database) as (first, client):
        until(lambda: len(fired(client)) == PROCESSES)
        further = first.children()
        assert len(further) == PROCESSES - 1
        target = {
            "name": "True",
            "kind": "function",
            "executor": {"type": "http", "url": f"{client.base_url}"},
        }
        made = client.post("/horarium/v1/targets", json=target)
        assert made.status_code == 201, made.text
        line = {
            "name": "Often",
            "recurrence": "@every 1s",
            "target": made.json()["id"],
            "policies": {"max_fires": FIRES},
        }
        schedule = client.post("/horarium/v1/schedules", json=line).json()
        ledger = f"/horarium/v1/schedules/{schedule['id']}/ledger"
        until(lambda: sum(fired(client).values()) >= 2)
        further[0].kill()
        until(lambda: len(client.get(ledger).json()["items"]) == FIRES)
        until(lambda: len(fired(client)) == PROCESSES)
        again = first.children()
        assert further[0] not in again
        assert further[1] in again
        first.send_signal(signal.SIGTERM)
        assert psutil.wait_procs([*again, first], SECONDS)[1] == []


def test_where_the_first_process_is_killed_the_others_end(tmp_path: Path, database: str) -> None:
    with server(tmp_path, database) as (first, client):
        until(lambda: len(fired(client)) == PROCESSES)
        further = first.children()
        first.kill()
        assert psutil.wait_procs(further, SECONDS)[1] == []


async def test_at_ctrl_c_all_processes_sign_off(tmp_path: Path, database: str) -> None:
    with server(tmp_path, database) as (first, client):
        until(lambda: len(fired(client)) == PROCESSES)
        everyone = [first, *first.children()]
        first.send_signal(signal.SIGINT)
        assert psutil.wait_procs(everyone, SECONDS)[1] == []
    connection = await asyncpg.connect(database)
    nodes = await connection.fetch("SELECT stopped_ms FROM nodes")
    await connection.close()
    assert [node["stopped_ms"] is None for node in nodes] == [False] * PROCESSES
