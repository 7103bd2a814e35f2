"""Three nodes of an earlier version are replaced by this one, one after another, while 200 schedules fire every second.

`make upgrade FROM=COMMIT` runs it and prints the figures. FROM is a version whose schema is one older.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import pytest

from horarium.store.migrations import latest
from tests.acceptance.chaos_nodes import ServedNode
from tests.support.delivery_log import Delivery, deliveries, receiving
from tests.support.history import Earlier, NoHistory
from tests.support.ledger_check import check, delivered_twice, from_postgres, open_work
from tests.support.postgres import drop_database, fresh_database

# The last version before the migrations of the second schema.
FROM = os.environ.get("UPGRADE_FROM") or "0df1dd7"
SCHEDULES = 200
NODES = 3
# From the first slot to the last, and the time between two steps of the upgrade, in seconds.
LASTS_S = int(os.environ.get("UPGRADE_SECONDS") or 75)
PAUSE_S = 6
# How late one run in a hundred may be, and how much later than without an upgrade.
LATE_MS, TIMES = 1_000, 2.0
PATIENCE_S = 60.0
# How often each node is asked by its API.
ASK_S = 2.0
ADMIN = "hor_" + "a" * 40
# Lines of the log that tell of a node that could not work with the database.
TROUBLE = ("request_failed", "release_failed", "step_failed", "outcomes_not_recorded", "lease_lapsed")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run has shown. Lateness in milliseconds; `took_s`: how long the whole upgrade lasted."""

    fires: int
    p50: int
    p99: int
    worst: int
    twice: int
    wrong: Sequence[str]
    trouble: Sequence[str]
    took_s: float

    def __str__(self) -> str:
        return (
            f"{self.fires} fires, {self.twice} delivered twice; late p50 {self.p50}, p99 {self.p99}, "
            f"worst {self.worst} ms; the steps took {self.took_s:.0f} s"
        )


@contextmanager
def nodes(folder: Path) -> Iterator[tuple[list[ServedNode], str]]:
    """Nodes that do not live yet, and the URL of their database."""
    database = fresh_database("upgraded")
    environment = {
        "HORARIUM_DATABASE": database,
        "HORARIUM_ADMIN_KEY": ADMIN,
        "HORARIUM_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
    }
    made = [ServedNode(folder, f"node{number}", environment) for number in range(NODES)]
    try:
        yield made, database
    finally:
        for node in made:
            node.kill()
        drop_database(database)


def speaking(node: ServedNode) -> httpx.Client:
    headers = {"authorization": f"Bearer {ADMIN}"}
    return httpx.Client(base_url=f"{node.url}/horarium/v1", timeout=PATIENCE_S, headers=headers)


def make_schedules(client: httpx.Client, url: str) -> int:
    """Schedules that fire every second; the first whole second in which all of them do."""
    target = {"kind": "function", "key": "log", "name": "Log", "executor": {"type": "http", "url": url}}
    assert client.post("/targets", json=target).status_code == 201
    ends = int(time.time()) + LASTS_S
    line = {
        "recurrence": "* * * * * *",
        "target": "log",
        "overlap": "allow",
        "catch_up": "all",
        "end_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)),
    }
    lines = "\n".join(json.dumps({"name": f"n{number}", **line}) for number in range(SCHEDULES))
    sent = {"content": lines, "headers": {"content-type": "application/x-ndjson"}}
    assert client.post("/schedules/bulk", **sent).text.count('"status":201') == SCHEDULES
    return int(time.time()) + 2


def asking(node: ServedNode, stop: Event) -> list[str]:
    """Ask a node for what people look at until it is stopped; every answer that was not good."""
    wrong = []
    with speaking(node) as client:
        while not stop.wait(ASK_S):
            for path in ("/schedules?limit=50", "/runs?limit=50", "/targets", f"{node.url}/readyz"):
                answer = client.get(path)
                if answer.status_code != 200:
                    wrong.append(f"{node.name}: {path}: {answer.status_code} {answer.text[:200]}")
    return wrong


class Asked:
    """Nodes of both versions are asked by their API for as long as they live."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._under_way: dict[str, tuple[Event, Future[list[str]]]] = {}
        self.wrong: list[str] = []

    def begin(self, node: ServedNode) -> None:
        stop = Event()
        self._under_way[node.name] = stop, self._pool.submit(asking, node, stop)

    def end(self, node: ServedNode) -> None:
        stop, asked = self._under_way.pop(node.name)
        stop.set()
        self.wrong += asked.result()


def replace(node: ServedNode, asked: Asked, **environment: str) -> None:
    """Stop a node as an operator does, and start it as another version."""
    asked.end(node)
    node.stop()
    node.start(**environment)
    node.wait_ready()
    asked.begin(node)


def upgrade(all_nodes: Sequence[ServedNode], asked: Asked, earlier: Earlier) -> None:
    """One node after another. The second one is put back once, and works as the earlier version on the new schema."""
    first, second, third = all_nodes
    for node, environment in (
        (first, {}),
        (second, {}),
        (second, earlier.environment),
        (second, {}),
        (third, {}),
    ):
        replace(node, asked, **environment)
        time.sleep(PAUSE_S)


def leave(all_nodes: Sequence[ServedNode], asked: Asked, earlier: Earlier) -> None:
    """Nothing is upgraded."""
    time.sleep(5 * PAUSE_S)


Steps = Callable[[Sequence[ServedNode], Asked, Earlier], None]


def shown(folder: Path, earlier: Earlier, steps: Steps) -> Shown:
    """A run of the same load from beginning to end, with the steps in the middle of it."""
    folder.mkdir()
    log = folder / "deliveries"
    log.touch()
    with ExitStack() as stack:
        all_nodes, database = stack.enter_context(nodes(folder))
        url = stack.enter_context(receiving(log))
        asked = Asked(stack.enter_context(ThreadPoolExecutor(NODES)))
        for node in all_nodes:
            node.start(**earlier.environment)
            node.wait_ready()
        with speaking(all_nodes[0]) as client:
            first = make_schedules(client, url)
        for node in all_nodes:
            asked.begin(node)
        time.sleep(PAUSE_S)
        begun = time.monotonic()
        steps(all_nodes, asked, earlier)
        took = time.monotonic() - begun
        end = first + LASTS_S + PATIENCE_S
        time.sleep(max(0.0, first + LASTS_S - time.time()))
        while open_work(books := asyncio.run(from_postgres(database))) and time.time() < end:
            time.sleep(0.5)
        for node in all_nodes:
            asked.end(node)
        everything = deliveries(log)
        wrong = [*check(books, everything), *asked.wrong]
        wrong += [
            f"{span['count']} slots did not fire: {span['reason']}"
            for span in books.spans
            if span["reason"] not in ("cancelled", "ended")
        ]
        trouble = [
            f"{node.name}: {fields}"
            for node in all_nodes
            for name in TROUBLE
            for _, fields in node.events(name)
        ]
    late = sorted(lateness(everything, first * 1000))
    at = [late[min(len(late) - 1, int(share * len(late)))] for share in (0.5, 0.99, 1)]
    return Shown(len(books.runs), *at, delivered_twice(everything), wrong, trouble, took)


def lateness(everything: Sequence[Delivery], first_ms: int) -> Iterator[int]:
    """How late each run arrived, from the first slot in which all schedules fire."""
    return (one.at_ms - one.slot_ms for one in everything if one.slot_ms >= first_ms)


@pytest.mark.long
def test_nodes_are_upgraded_one_after_another_and_nothing_is_lost_or_late(tmp_path: Path) -> None:
    try:
        earlier = Earlier.of(FROM, tmp_path / "earlier")
    except NoHistory as reason:
        pytest.skip(str(reason))
    assert earlier.latest() == latest() - 1, f"{FROM} is not one schema older"
    calm = shown(tmp_path / "calm", earlier, leave)
    print(f"\nwithout an upgrade: {calm}")
    upgraded = shown(tmp_path / "upgraded", earlier, upgrade)
    print(f"upgraded from {FROM}, schema {earlier.latest()} to {latest()}: {upgraded}")
    for one in (calm, upgraded):
        assert one.wrong == []
        assert one.trouble == []
        assert one.twice == 0
        assert one.fires >= SCHEDULES * (LASTS_S - 2)
    assert upgraded.p99 <= LATE_MS
    assert upgraded.p99 <= TIMES * calm.p99
