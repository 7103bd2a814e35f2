"""Three servers on one PostgreSQL, one of them killed in the middle of a herd: nothing is lost, nobody steps in.

`HERD=20000 python -m pytest -s tests/acceptance/test_many_nodes.py` for a herd of that size; the extra
lateness (against a herd of the same size with nobody killed) is printed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.delivery_log import Delivery, deliveries, receiving
from tests.support.ledger_check import check, delivered_twice, from_postgres, open_work
from tests.support.postgres import drop_database, fresh_database

HERD = int(os.environ.get("HERD", "2000"))
NODES = 3
PERIOD_S = 10 if HERD <= 2_000 else 60
"""Between the two herds: of the first nobody is killed, in the second one is."""
KILL_AFTER_S = 0.25
PATIENCE_S = 45.0 + HERD / 200


class Nodes:
    """Processes of `horarium serve` on one database, and a client that asks the first of them."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> str:
        """Another node; where it listens."""
        number = len(self.processes)
        data, log = self._folder / f"node{number}", self._folder / f"node{number}.log"
        command = [sys.executable, "-m", "horarium", "serve", "--database", self._database]
        with log.open("w") as said:
            process = subprocess.Popen(
                [*command, "--data", str(data), "--port", "0", "--allow-loopback"],
                stdout=said,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONUNBUFFERED": "1",
                    "HORARIUM_LOG_FORMAT": "text",
                    "HORARIUM_SECRET_KEY": self._key,
                },
            )
        self.processes.append(process)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            _, found, rest = log.read_text().partition(" listens at ")
            if found and "\n" in rest:
                return rest.split()[0]
            time.sleep(0.02)
        raise AssertionError(f"the node did not start: {log.read_text()}")

    def client(self, address: str) -> httpx.Client:
        key = (self._folder / "node0" / "admin.key").read_text().strip()
        return httpx.Client(base_url=address, timeout=PATIENCE_S, headers={"authorization": f"Bearer {key}"})


@contextmanager
def nodes(folder: Path) -> Iterator[tuple[Nodes, str]]:
    database = fresh_database("nodes")
    running = Nodes(folder, database)
    try:
        yield running, database
    finally:
        for process in running.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        drop_database(database)


def make_herd(client: httpx.Client, url: str) -> int:
    """Schedules that all fire at two instants; the first of these, in seconds."""
    target = {"kind": "function", "key": "log", "name": "Log", "executor": {"type": "http", "url": url}}
    assert client.post("/horarium/v1/targets", json=target).status_code == 201
    first = (int(time.time()) + 3 + HERD // 1_000) // PERIOD_S * PERIOD_S + PERIOD_S
    recurrence = f"*/{PERIOD_S} * * * * *" if PERIOD_S < 60 else "0 * * * * *"
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first + PERIOD_S))
    line = {"recurrence": recurrence, "target": "log", "overlap": "allow", "end_at": ends}
    body = "\n".join(json.dumps({"name": f"one of many {n}", **line}) for n in range(HERD))
    answer = client.post(
        "/horarium/v1/schedules/bulk", content=body, headers={"content-type": "application/x-ndjson"}
    )
    refused = [one for one in map(json.loads, answer.text.splitlines()) if one["status"] != 201]
    assert refused == []
    assert time.time() < first, "the machine is too slow for this herd"
    return first


def lateness(seen: list[Delivery], slot_s: int) -> list[int]:
    """How late each run of a slot came first, in milliseconds, in order."""
    firsts: dict[str, int] = {}
    for one in seen:
        if one.slot_ms == slot_s * 1000:
            firsts.setdefault(one.run, one.at_ms - one.slot_ms)
    return sorted(firsts.values())


def at(share: float, ordered: list[int]) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@pytest.mark.long
async def test_one_of_three_nodes_is_killed_in_a_herd_and_nothing_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "deliveries"
    log.touch()
    with ExitStack() as stack:
        running, database = stack.enter_context(nodes(tmp_path))
        url = stack.enter_context(receiving(log))
        addresses = [running.start() for _ in range(NODES)]
        client = stack.enter_context(running.client(addresses[0]))
        first = await asyncio.to_thread(make_herd, client, url)
        second = first + PERIOD_S
        await asyncio.sleep(second + KILL_AFTER_S - time.time())
        running.processes[-1].send_signal(signal.SIGKILL)
        killed = time.time_ns() // 1_000_000
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            await asyncio.sleep(0.5)
            books = await from_postgres(database)
            if len(books.fires) == 2 * HERD and not open_work(books):
                break
        seen = deliveries(log)
        assert client.get("/readyz").status_code == 200
    calm, stormy = lateness(seen, first), lateness(seen, second)
    for words, share in (("median", 0.5), ("p99", 0.99), ("worst", 1.0)):
        late, normal = at(share, stormy), at(share, calm)
        print(f"{words}: {late} ms late with a node killed, {normal} ms without, {late - normal} ms extra")
    print(f"{delivered_twice(seen)} of {2 * HERD} runs were delivered twice")
    assert check(books, seen, [killed], lambda schedule: PERIOD_S) == []
    assert len(calm) == len(stormy) == HERD
