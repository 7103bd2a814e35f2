"""Failovers under load: Patroni changes the roles of two PostgreSQL servers, and primaries are killed, while two nodes
fire fifty schedules a second. No slot is lost, double or early, and releases go on as soon as writes are possible.

`make failover SWITCHOVERS=80 KILLS=20` for a long series. Every fourth kill takes Patroni along, as if the machine
had gone; the standby then waits for the primary's lease in etcd (20 s).
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.acceptance.chaos_nodes import ServedNode
from tests.acceptance.patroni_cluster import ETCD, Cluster, cluster
from tests.support.delivery_log import Delivery, deliveries, receiving
from tests.support.ledger_check import Books, check, delivered_twice, from_postgres, open_work

PATRONI = Path(os.environ.get("PATRONI", ".venv-patroni/bin/patroni"))
SWITCHOVERS = int(os.environ.get("SWITCHOVERS", "2"))
KILLS = int(os.environ.get("KILLS", "2"))
SEED = int(os.environ.get("FAILOVER_SEED", "1"))
SCHEDULES = 50
PATIENCE_S = 120.0
AGAIN_WITHIN_MS = 1_000
# A gap between two writes of the probe that is longer than this is an outage.
GAP_MS = 150
PROBE_S = 0.02
_GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Outage:
    """The time between two successful writes of the probe (ms)."""

    start: int
    end: int


class Probe:
    """Writes all the time, over connections of its own and without our code, and notes when that worked."""

    def __init__(self, url: str) -> None:
        self._url, self._ending = f"{url}?target_session_attrs=primary", False
        self.written: list[int] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write_on()))

    @contextmanager
    def running(self) -> Iterator[Probe]:
        self._thread.start()
        try:
            yield self
        finally:
            self._ending = True
            self._thread.join(30)

    async def _write_on(self) -> None:
        connection = None
        while not self._ending:
            try:
                if connection is None:
                    connection = await asyncpg.connect(self._url, timeout=1, command_timeout=1)
                await connection.execute("UPDATE probe SET n = n + 1")
                self.written.append(time.time_ns() // 1_000_000)
            except _GONE:
                if connection is not None:
                    connection.terminate()
                    connection = None
            await asyncio.sleep(PROBE_S)
        if connection is not None:
            await connection.close()

    def outages(self) -> list[Outage]:
        pairs = zip(self.written, self.written[1:], strict=False)
        return [Outage(before, after) for before, after in pairs if after - before > GAP_MS]


@pytest.mark.long
@pytest.mark.skipif(
    not (PATRONI.exists() and Path(ETCD).exists()), reason="patroni or etcd is missing: make failover"
)
def test_no_slot_is_lost_double_or_early_and_releases_go_on_within_a_second(tmp_path: Path) -> None:
    log = tmp_path / "deliveries"
    log.touch()
    with cluster(PATRONI.absolute()) as made, receiving(log) as receiver:
        asyncio.run(_make_databases(made))
        url = made.url("horarium")
        environment = {
            "HORARIUM_DATABASE": url,
            "HORARIUM_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
            "HORARIUM_LEASE": "30",
        }
        nodes = [ServedNode(tmp_path / name, name, environment) for name in ("one", "two")]
        try:
            for node in nodes:
                node.start()
                node.wait_ready()
            with nodes[0].client() as client, Probe(made.url("probe")).running() as probe:
                client.headers["authorization"] = (
                    f"Bearer {(nodes[0].data / 'admin.key').read_text().strip()}"
                )
                _make_schedules(client, receiver)
                _fail_over(made)
                time.sleep(3)
                _pause_all(client)
            books = _drained(f"{url}?target_session_attrs=primary")
            assert all(node.alive for node in nodes)
        finally:
            for node in nodes:
                node.kill()
    seen = deliveries(log)
    outages = probe.outages()
    waits = _waits(outages, seen)
    worst = sorted(waits, key=lambda pair: pair[0])[-3:]
    (tmp_path / "outages").write_text("\n".join(f"{one.start} {one.end}" for one in outages))
    lengths = sorted(outage.end - outage.start for outage in outages)
    print(
        f"{SWITCHOVERS} switchovers and {KILLS} kills: {len(books.fires)} fires, "
        f"{sum(span['count'] for span in books.spans)} slots in spans, {len(seen)} deliveries, "
        f"{delivered_twice(seen)} runs delivered twice; {len(outages)} outages of {_figures(lengths)} ms; "
        f"first release after writes were possible: {_figures(sorted(wait for wait, _ in waits))} ms; worst: {worst}"
    )
    assert check(books, seen) == []
    assert [span for span in books.spans if span["reason"] != "paused"] == []
    assert len(outages) >= SWITCHOVERS + KILLS
    assert worst[-1][0] <= AGAIN_WITHIN_MS


async def _make_databases(made: Cluster) -> None:
    leader, _ = made.wait_whole()
    at = f"postgresql://postgres@127.0.0.1:{made.members[leader].port}"
    connection = await asyncpg.connect(f"{at}/postgres")
    for name in ("horarium", "probe"):
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    connection = await asyncpg.connect(f"{at}/probe")
    await connection.execute("CREATE TABLE probe (n BIGINT); INSERT INTO probe VALUES (0)")
    await connection.close()


def _make_schedules(client: httpx.Client, receiver: str) -> None:
    target = {"kind": "function", "key": "log", "name": "Log", "executor": {"type": "http", "url": receiver}}
    assert client.post("/horarium/v1/targets", json=target).status_code == 201
    for number in range(SCHEDULES):
        body = {
            "name": f"every second {number}",
            "recurrence": "* * * * * *",
            "target": "log",
            "overlap": "allow",
            "grace": "1h",
        }
        assert client.post("/horarium/v1/schedules", json=body).status_code == 201


def _fail_over(made: Cluster) -> None:
    """All switchovers and kills in an order that the seed draws, each once the cluster is whole."""
    chance = random.Random(SEED)
    events = ["switch"] * SWITCHOVERS + ["machine" if n % 4 == 3 else "kill" for n in range(KILLS)]
    chance.shuffle(events)
    for number, event in enumerate(events, 1):
        leader, standby = made.wait_whole()
        time.sleep(chance.uniform(0.0, 1.0))
        begun = time.monotonic()
        if event == "switch":
            made.switch_over()
        elif event == "kill":
            made.members[leader].kill_server()
        else:
            made.members[leader].kill_all()
        while made.roles().get(standby) != "leader":
            assert time.monotonic() - begun < PATIENCE_S, made.members[standby].said()
            time.sleep(0.1)
        if event == "machine":
            made.members[leader].start()
        print(f"{number} of {len(events)}: {event}, {time.monotonic() - begun:.1f} s", flush=True)
    made.wait_whole()


def _pause_all(client: httpx.Client) -> None:
    found = client.get("/horarium/v1/schedules", params={"limit": 1000}).json()["items"]
    assert len(found) == SCHEDULES
    for one in found:
        assert client.post(f"/horarium/v1/schedules/{one['id']}/pause", json={}).status_code == 200


def _drained(url: str) -> Books:
    """The books once nothing is open any more, or as they are when patience ends."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with suppress(*_GONE):
            books = asyncio.run(from_postgres(url))
            if not open_work(books) or time.monotonic() > end:
                return books
        assert time.monotonic() < end, "the database is away"
        time.sleep(0.5)


def _waits(outages: Sequence[Outage], seen: Sequence[Delivery]) -> list[tuple[int, Outage]]:
    """For each outage, how long after writes were possible again the first delivery came whose slot lay behind its
    start; where this slot came after the end, how long after the slot. Left out are those after which the next outage
    came before there was a delivery and before writes had been possible for a second."""
    found = []
    for outage, following in zip(outages, [*outages[1:], None], strict=True):
        later = [one for one in seen if one.slot_ms > outage.start and one.at_ms >= outage.start]
        if not later:
            continue
        first = min(later, key=lambda one: one.at_ms)
        begins = max(outage.end, min(one.slot_ms for one in later))
        cut_off = following is not None and following.start - begins < AGAIN_WITHIN_MS
        if not (cut_off and following is not None and first.at_ms > following.start):
            found.append((max(0, first.at_ms - begins), outage))
    return found


def _figures(ordered: Sequence[int]) -> str:
    return f"{ordered[0]} to {ordered[-1]} (median {ordered[len(ordered) // 2]})" if ordered else "none"


def test_the_wait_is_counted_from_when_writes_were_possible_or_the_slot_was_due() -> None:
    outage = Outage(1_500, 4_000)
    before = Delivery(1_550, "run_a", 1_000, 1)
    assert _waits([outage], [before, Delivery(4_300, "run_b", 2_000, 1)]) == [(300, outage)]
    short = Outage(1_500, 1_700)
    assert _waits([short], [before, Delivery(2_040, "run_b", 2_000, 1)]) == [(40, short)]
    assert _waits([outage], [before]) == []


def test_an_outage_that_another_one_follows_within_a_second_is_not_counted_by_itself() -> None:
    short, long = Outage(1_500, 1_700), Outage(2_400, 6_000)
    late = Delivery(6_200, "run_b", 2_000, 1)
    assert _waits([short, long], [late, Delivery(6_300, "run_c", 3_000, 1)]) == [(300, long)]
    assert _waits([short, Outage(3_100, 6_000)], [late]) == [(4_200, short)]
