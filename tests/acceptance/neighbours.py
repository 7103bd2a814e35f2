"""One tenant's trouble beside another tenant's good schedules, on whole servers: what the second one feels of it.

`python -m tests.acceptance.neighbours SCENARIO [sqlite|postgres [NODES]]` prints the figures of one scenario, and
`SERVER_PYTHON=.../bin/python` runs the servers of another state of the project, to compare with.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.moody_receiver import Arrival, Moods, moods
from tests.support.postgres import drop_database, fresh_database

SERVER_PYTHON = os.environ.get("SERVER_PYTHON", sys.executable)
PATIENCE_S = 120.0
SETTLING_S = 5


@dataclass(frozen=True, slots=True)
class Felt:
    """What the good schedules felt: slots that were due, those delivered, and how late these were in milliseconds."""

    due: int
    delivered: int
    p50_ms: int
    p99_ms: int
    worst_ms: int

    @property
    def share(self) -> float:
        return self.delivered / self.due if self.due else 0.0

    def __str__(self) -> str:
        return (
            f"{self.delivered} of {self.due} delivered ({self.share:.1%}); p50 {self.p50_ms}, p99 {self.p99_ms}, "
            f"worst {self.worst_ms} ms late"
        )


def felt(arrivals: Sequence[Arrival], first_ms: int, last_ms: int, due: int) -> Felt:
    """Of the slots from `first_ms` up to `last_ms`: the first arrival of each run counts."""
    firsts: dict[str, int] = {}
    for one in arrivals:
        if first_ms <= one.slot_ms < last_ms:
            firsts.setdefault(one.run, one.late_ms)
    late = sorted(firsts.values()) or [-1]
    return Felt(due, len(firsts), _at(late, 0.5), _at(late, 0.99), late[-1])


def _at(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Tenant:
    """A workspace and a client that speaks for it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def target(self, key: str, url: str, **given: Any) -> str:
        body = {
            "kind": "function",
            "key": key,
            "name": key,
            "executor": {"type": "http", "url": url},
            **given,
        }
        answer = self.client.post("/horarium/v1/targets", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def schedules(self, lines: Sequence[Mapping[str, Any]]) -> list[str]:
        """Make schedules; their ids."""
        answer = self.client.post(
            "/horarium/v1/schedules/bulk",
            content="\n".join(map(json.dumps, lines)),
            headers={"content-type": "application/x-ndjson"},
        )
        answers = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["status"] for one in answers] == [201] * len(lines), answer.text[:500]
        return [one["id"] for one in answers]

    def contacts(self, count: int) -> None:
        """An audience of so many rows."""
        lines = (
            json.dumps({"id": f"c{n:07}", "email": f"p{n}@example.com", "type": "lead"}) for n in range(count)
        )
        answer = self.client.put(
            "/horarium/v1/directory/contacts",
            content="\n".join(lines),
            headers={"content-type": "application/x-ndjson"},
        )
        assert answer.json() == {"stored": count}, answer.text

    def fire_for_all(self, target: str) -> str:
        """One fire with a run for each contact; its schedule."""
        audience = {"type": "contacts", "filter": {"has_email": True}}
        line = {
            "name": f"everybody {target}",
            "recurrence": "0 0 1 1 *",
            "target": target,
            "audience": audience,
        }
        (schedule,) = self.schedules([line])
        answer = self.client.post(f"/horarium/v1/schedules/{schedule}/fire-now")
        assert answer.status_code == 201, answer.text
        return schedule


class Server:
    """One or more processes of `horarium serve` on one database; `admin` speaks to the first of them."""

    def __init__(self, folder: Path, database: str | None, processes: int) -> None:
        self.folder = folder
        self._database = database
        self._key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        self.clients: list[httpx.Client] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.addresses = [self._start(number) for number in range(processes)]
        key = (folder / "node0" / "admin.key").read_text().strip()
        self.admin = Tenant(self.client(key))

    def client(self, key: str) -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"}
        client = httpx.Client(base_url=self.addresses[0], timeout=PATIENCE_S, headers=headers)
        self.clients.append(client)
        return client

    def workspace(self, name: str, **given: Any) -> Tenant:
        """Another tenant."""
        body = {"name": name, "slug": name, **given}
        answer = self.admin.client.post("/horarium/v1/workspaces", json=body)
        assert answer.status_code == 201, answer.text
        return Tenant(self.client(answer.json()["admin_key"]["key"]))

    def log(self, number: int = 0) -> str:
        return (self.folder / f"node{number}.log").read_text()

    def _start(self, number: int) -> str:
        data, log = self.folder / f"node{number}", self.folder / f"node{number}.log"
        command = [
            SERVER_PYTHON,
            "-m",
            "horarium",
            "serve",
            "--data",
            str(data),
            "--port",
            "0",
            "--allow-loopback",
        ]
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "HORARIUM_DRAIN": "1",
            "HORARIUM_LOG_FORMAT": "text",
        }
        if self._database is not None:
            command += ["--database", self._database]
            environment["HORARIUM_SECRET_KEY"] = self._key
        with log.open("w") as said:
            process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
        self.processes.append(process)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            _, found, rest = log.read_text().partition(" listens at ")
            if found and "\n" in rest:
                return rest.split()[0]
            time.sleep(0.02)
        raise AssertionError(f"the server did not start: {log.read_text()}")


@contextmanager
def serving(folder: Path, kind: str = "sqlite", nodes: int = 3) -> Iterator[tuple[Server, Moods]]:
    """A server (one process on SQLite, or `nodes` on PostgreSQL) and a receiver."""
    with ExitStack() as stack:
        receiver = stack.enter_context(moods(folder / "arrivals"))
        database = None
        if kind == "postgres":
            database = fresh_database("neighbours")
            stack.callback(drop_database, database)
        server = Server(folder, database, 1 if database is None else nodes)
        try:
            yield server, receiver
            for process in server.processes:
                assert process.poll() is None, server.log()
        finally:
            for client in server.clients:
                client.close()
            for process in server.processes:
                process.send_signal(signal.SIGKILL)
                process.wait()


def hanging_schedules(
    server: Server, receiver: Moods, seconds: int, hanging: int = 500, same_workspace: bool = False
) -> Felt:
    """`hanging` schedules every 10 s whose target never answers, beside 50 good ones every 2 s."""
    tenant = server.admin if same_workspace else server.workspace("tenant")
    server.admin.target("good", receiver.url("good", "at-once"))
    tenant.target("dead", receiver.url("dead", "hang"))
    tenant.schedules(
        [{"name": f"dead {n}", "recurrence": "*/10 * * * * *", "target": "dead"} for n in range(hanging)]
    )
    server.admin.schedules(
        [{"name": f"good {n}", "recurrence": "*/2 * * * * *", "target": "good"} for n in range(50)]
    )
    return _watch(receiver, seconds, 50, 2)


def hanging_rows(server: Server, receiver: Moods, seconds: int, rows: int = 50_000) -> Felt:
    """One fire of so many rows for a target that never answers, beside a good schedule that fires every second."""
    _good_every_second(server, receiver, 1)
    _fire_for_rows(server, receiver, rows, "hang")
    return _watch(receiver, seconds, 1, 1)


def quick_rows(server: Server, receiver: Moods, rows: int = 50_000, good: int = 20) -> Felt:
    """The same for a target that answers after 20 ms, until all rows were called. It prints how many calls a second
    the rows got."""
    _good_every_second(server, receiver, good)
    first = int(time.time()) + 1
    _fire_for_rows(server, receiver, rows, "after-20")
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and receiver.seen("crowd") < rows:
        time.sleep(0.5)
    calls = sorted(one.at_ms for one in receiver.arrivals("crowd"))
    print(f"{len(calls) / (calls[-1] - calls[0]) * 1000:.0f} calls of the rows in a second")
    last = calls[-1] // 1000
    time.sleep(max(0.0, last + 3 - time.time()))
    return felt(receiver.arrivals("good"), first * 1000, last * 1000, (last - first) * good)


def _good_every_second(server: Server, receiver: Moods, schedules: int) -> None:
    server.admin.target("good", receiver.url("good", "at-once"))
    lines = [{"name": f"good {n}", "recurrence": "* * * * * *", "target": "good"} for n in range(schedules)]
    if lines:
        server.admin.schedules(lines)


def _fire_for_rows(server: Server, receiver: Moods, rows: int, behaviour: str) -> None:
    tenant = server.workspace("tenant")
    tenant.contacts(rows)
    tenant.target("crowd", receiver.url("crowd", behaviour))
    tenant.fire_for_all("crowd")


def herd(server: Server, receiver: Moods, count: int = 50_000) -> Felt:
    """One tenant's schedules that all fire in one second, beside one good schedule a second."""
    tenant = server.workspace("tenant")
    tenant.target("crowd", receiver.url("crowd", "at-once"))
    server.admin.target("good", receiver.url("good", "at-once"))
    at = int(time.time()) + 20 + count // 4_000
    line = {"recurrence": time.strftime("%S %M %H %d %m *", time.gmtime(at)), "target": "crowd"}
    for first in range(0, count, 10_000):
        tenant.schedules([{"name": f"herd {n}", **line} for n in range(first, min(count, first + 10_000))])
    server.admin.schedules([{"name": "good", "recurrence": "* * * * * *", "target": "good"}])
    assert time.time() < at - 1, "the machine is too slow for this herd"
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and receiver.seen("crowd") < count:
        time.sleep(0.5)
    drained = max(one.at_ms for one in receiver.arrivals("crowd"))
    time.sleep(3)
    last = (drained // 1000 + 1) * 1000
    print(f"the herd took {(drained - at * 1000) / 1000:.2f} s")
    return felt(receiver.arrivals("good"), at * 1000, last, last // 1000 - at)


def many_lanes(server: Server, receiver: Moods, seconds: int, hanging: int = 20, queued: int = 2_000) -> Felt:
    """200 targets of one workspace, each called once a second; `hanging` of them never answer and have runs queued.
    It prints what the good ones feel in the first SETTLING_S, in which all targets are new to the server."""
    tenant = server.admin
    if hanging:
        tenant.contacts(queued)
    for n in range(200):
        dead = n < hanging
        tenant.target(f"lane{n}", receiver.url("dead" if dead else "good", "hang" if dead else "after-5"))
    for n in range(hanging):
        tenant.fire_for_all(f"lane{n}")
    tenant.schedules(
        [{"name": f"lane {n}", "recurrence": "* * * * * *", "target": f"lane{n}"} for n in range(200)]
    )
    settling = _watch(receiver, SETTLING_S, 200 - hanging, 1, arriving_s=0)
    print(f"at first: {settling}")
    return _watch(receiver, seconds, 200 - hanging, 1)


def models(server: Server, receiver: Moods, seconds: int, calls: int = 300) -> Felt:
    """`calls` rows for a target that takes 2 to 60 s each, beside 50 good schedules every 2 s."""
    tenant = server.workspace("tenant")
    tenant.contacts(calls)
    tenant.target("model", receiver.url("model", "between-2000-60000"), timeout="2m")
    server.admin.target("good", receiver.url("good", "at-once"))
    server.admin.schedules(
        [{"name": f"good {n}", "recurrence": "*/2 * * * * *", "target": "good"} for n in range(50)]
    )
    tenant.fire_for_all("model")
    return _watch(receiver, seconds, 50, 2)


def recovery(server: Server, receiver: Moods, away_s: int = 30) -> float:
    """A target that is called 20 times a second hangs for so long, then answers: after how many seconds its runs are
    on time again, which is when five in a row come within a second of their slots."""
    server.admin.target("dead", receiver.url("dead", "hang"), timeout="2s")
    lines = [
        {"name": f"dead {n}", "recurrence": "* * * * * *", "target": "dead", "overlap": "allow"}
        for n in range(20)
    ]
    server.admin.schedules(lines)
    time.sleep(away_s)
    before = receiver.arrivals("dead")
    receiver.wake()
    woken = int(time.time() * 1000)
    print(f"{len(before)} calls while it hung, {receiver.most_at_once('dead')} at once at most")
    time.sleep(20)
    late = [one for one in receiver.arrivals("dead")[len(before) :] if one.at_ms >= woken]
    for five in zip(*(late[n:] for n in range(5)), strict=False):
        if max(one.late_ms for one in five) < 1_000:
            return (five[0].at_ms - woken) / 1_000
    raise AssertionError(f"of {len(late)} calls no five in a row came within a second of their slots")


def weights(server: Server, receiver: Moods, rows: int = 20_000) -> float:
    """Two workspaces with the weights 1 and 3 and a fire of so many rows each: the heavier one's part of the calls
    while both have runs waiting."""
    tenants = {"light": server.workspace("light"), "heavy": server.workspace("heavy", weight=3)}
    for name, tenant in tenants.items():
        tenant.contacts(rows)
        tenant.target(name, receiver.url(name, "after-50"))
    for name, tenant in tenants.items():
        tenant.fire_for_all(name)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and len(receiver.arrivals("heavy")) < rows * 0.9:
        time.sleep(0.5)
    heavy, light = ([one.at_ms for one in receiver.arrivals(name)] for name in ("heavy", "light"))
    first, last = max(heavy[0], light[0]), min(heavy[-1], light[-1])
    begin, end = first + (last - first) // 4, last
    counts = [sum(begin <= at < end for at in arrivals) for arrivals in (heavy, light)]
    print(f"{counts} calls of the heavy and the light one in {(end - begin) / 1000:.1f} s")
    return counts[0] / sum(counts)


def _watch(receiver: Moods, seconds: int, schedules: int, every_s: int, arriving_s: int = 3) -> Felt:
    """What the good schedules feel from now on for so long; after `arriving_s` all that is not lost has arrived."""
    first = (int(time.time()) // every_s + 1) * every_s
    last = first + seconds // every_s * every_s
    time.sleep(max(0.0, last + arriving_s - time.time()))
    return felt(receiver.arrivals("good"), first * 1000, last * 1000, (last - first) // every_s * schedules)


SCENARIOS: Mapping[str, Any] = {
    "hanging": lambda s, r: hanging_schedules(s, r, 40),
    "hanging-same": lambda s, r: hanging_schedules(s, r, 40, same_workspace=True),
    "good-alone": lambda s, r: hanging_schedules(s, r, 20, hanging=1),
    "rows": lambda s, r: hanging_rows(s, r, 50),
    "quick": quick_rows,
    "quick-alone": lambda s, r: quick_rows(s, r, good=0),
    "herd": herd,
    "small-herd": lambda s, r: herd(s, r, 10_000),
    "lanes": lambda s, r: many_lanes(s, r, 40),
    "lanes-none": lambda s, r: many_lanes(s, r, 20, hanging=0),
    "models": lambda s, r: models(s, r, 40),
    "recovery": recovery,
    "weights": weights,
}


def main(scenario: str, kind: str = "sqlite", nodes: str = "3") -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), kind, int(nodes)) as (server, receiver),
    ):
        print(scenario, kind, SCENARIOS[scenario](server, receiver), flush=True)
        for name in ("dead", "crowd", "model"):
            if seen := receiver.arrivals(name):
                print(
                    f"  {name}: {len(seen)} calls, {receiver.most_at_once(name)} at once at most, "
                    f"{receiver.open_now(name)} open at the end"
                )


if __name__ == "__main__":
    for asked in SCENARIOS if sys.argv[1] == "all" else [sys.argv[1]]:
        main(asked, *sys.argv[2:])
