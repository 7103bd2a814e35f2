"""Faults in an order drawn by a seed against real processes under thirty schedules a second; audited at the end.

`make chaos ROUNDS=20 SEED=7` goes on for longer. The receiver is outside and no fault touches it.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.chaos_nodes import LEASE_S, ServedNode, now_ms
from tests.acceptance.chaos_places import PostgresPlace, SqlitePlace, patiently
from tests.acceptance.chaos_receiver import receiving
from tests.support.delivery_log import Delivery, deliveries
from tests.support.ledger_check import Books, check, open_work, text_of

NODES = 3
CALM_S = 5.0
RECOVERY_MS = int(LEASE_S * 1000) + 5_000
"""For so long after a fault lateness counts as its consequence: the lease lapses, a second until that is noticed, and
the backlog goes out."""
LATEST_MS = 10_000
"""Bounds lateness that no fault excuses. Far above what is seen, for machines that others use as well."""
DRAIN_S = 90.0
FORBIDDEN_EVENTS = ("loop_failed", "executor_failed")

PLAIN: tuple[dict[str, Any], ...] = (
    {"overlap": "allow"},
    {"overlap": "skip"},
    {"overlap": "allow", "grace": "1s", "catch_up": "latest"},
    {"overlap": "allow", "grace": "1s", "catch_up": "none"},
    {"overlap": "allow", "grace": "1s", "catch_up": "all"},
)
LOAD: tuple[tuple[str, int, tuple[dict[str, Any], ...]], ...] = (
    ("plain", 19, PLAIN),
    ("slow", 6, ({"overlap": "allow"}, {"overlap": "allow"}, {"overlap": "buffer_one"}, {"overlap": "skip"})),
    ("hang", 1, ({"overlap": "allow", "timeout": "2s", "retry": {"max_attempts": 2, "initial": "0.5s"}},)),
    ("fail", 2, ({"overlap": "allow", "retry": {"max_attempts": 3, "initial": "0.2s"}},)),
    ("callback", 2, ({"overlap": "allow"}, {"overlap": "skip"})),
)
"""Target, schedules of it (each of them every second), and their behaviours in turn."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done, from when to when (ms). `repeats`: the windows between two deliveries that explain the second."""

    kind: str
    start: int
    end: int
    repeats: tuple[tuple[int, int], ...] = ()

    @property
    def delays(self) -> bool:
        """A target that hangs is no excuse: others must not notice."""
        return self.kind != "target hangs"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a pass came to. Lateness in ms: deliveries of schedules that wait for nobody, behind their slots."""

    slots: int
    fires: int
    deliveries: int
    repeats: int
    refused: int
    lapses: int
    faults: Mapping[str, int]
    late_outside: int
    late_after_faults: int
    drain_s: float

    def __str__(self) -> str:
        done = ", ".join(f"{count} {kind}" for kind, count in sorted(self.faults.items()))
        return (
            f"{self.slots} slots, {self.fires} fires, {self.deliveries} deliveries, {self.repeats} repeats, "
            f"{self.refused} late outcomes refused, {self.lapses} leases lapsed; faults: {done}; worst lateness "
            f"{self.late_outside} ms outside faults, {self.late_after_faults} ms after them; "
            f"drained in {self.drain_s:.1f} s"
        )


class Scene:
    """The nodes, what they stand on, the receiver, and the dice."""

    def __init__(
        self, place: PostgresPlace | SqlitePlace, nodes: list[ServedNode], url: str, seed: int
    ) -> None:
        self.place, self.nodes, self.url = place, nodes, url
        self.chance = random.Random(seed)
        self.faults: list[Fault] = []

    def kinds(self) -> dict[str, Callable[[], Fault]]:
        common = {"kill": self.kill, "freeze": self.freeze, "target hangs": self.target_hangs}
        if isinstance(self.place, SqlitePlace):
            return common | {"disk full": self.disk_full}
        return common | {
            "database restart": self.database_restart,
            "connections cut": self.connections_cut,
            "kill in an outage": self.kill_in_outage,
        }

    def round(self) -> None:
        """Every kind once, in any order, each healed before the next."""
        kinds = list(self.kinds().items())
        self.chance.shuffle(kinds)
        for kind, strike in kinds:
            self._wait()
            print(f"{time.strftime('%H:%M:%S')} {kind}", flush=True)
            self.faults.append(strike())
            self.heal()

    def _wait(self) -> None:
        """Until the next fault: any moment, or one where the work of a second is under way."""
        time.sleep(self.chance.uniform(1, 2.5))
        if self.chance.random() < 0.6:
            time.sleep(1 - time.time() % 1 + self.chance.uniform(0, 0.1))

    def heal(self) -> None:
        for node in self.nodes:
            node.wait_ready()

    def kill(self) -> Fault:
        node = self.chance.choice(self.nodes)
        start = now_ms()
        node.kill()
        time.sleep(self.chance.uniform(0.1, LEASE_S + 1))
        node.start()
        self.heal()
        return Fault("kill", start, now_ms(), ((start, start + 50),))

    def freeze(self) -> Fault:
        """For longer than the lease, so that a node wakes as a zombie; of several, the one with most in hand."""
        busiest = self.place.busiest() if isinstance(self.place, PostgresPlace) else None
        node = next((one for one in self.nodes if one.name == busiest), self.nodes[0])
        start = now_ms()
        node.freeze()
        time.sleep(LEASE_S + self.chance.uniform(2, 3.5))
        woken = now_ms()
        node.thaw()
        return Fault("freeze", start, woken, ((start - 50, start + 50), (woken, woken + 1000)))

    def target_hangs(self) -> Fault:
        start = now_ms()
        httpx.post(f"{self.url}/mood", content="3")
        time.sleep(3.2)
        return Fault("target hangs", start, now_ms())

    def disk_full(self) -> Fault:
        assert isinstance(self.place, SqlitePlace)
        node = self.nodes[0]
        start = now_ms()
        self.place.fill(node)
        try:
            felt = patiently(lambda: self._noticed_full_disk(start), 25)
            time.sleep(self.chance.uniform(1, 4))
        finally:
            self.place.free(node)
        assert felt, "the disk was full and nobody noticed"
        return Fault("disk full", start, now_ms())

    def _noticed_full_disk(self, since: int) -> bool:
        if self._refused_commits(since):
            return True
        assert isinstance(self.place, SqlitePlace)
        self.place.fill_again()
        return False

    def _refused_commits(self, since: int) -> int:
        names = ("outcomes_not_recorded", "release_failed", "claim_failed")
        return sum(at >= since for name in names for at, _ in self.nodes[0].events(name))

    def database_restart(self) -> Fault:
        return self._outage("database restart", lambda: None)

    def kill_in_outage(self) -> Fault:
        def kill() -> None:
            node = self.chance.choice(self.nodes)
            node.kill()
            node.start()

        return self._outage("kill in an outage", kill)

    def _outage(self, kind: str, meanwhile: Callable[[], None]) -> Fault:
        assert isinstance(self.place, PostgresPlace)
        start = now_ms()
        self.place.stop(self.chance.choice(("immediate", "fast")))
        try:
            meanwhile()
            time.sleep(self.chance.uniform(0.2, LEASE_S + 2))
        finally:
            self.place.start()
        self.heal()
        end = now_ms()
        return Fault(kind, start, end, ((start, end + int(LEASE_S * 1000)),))

    def connections_cut(self) -> Fault:
        assert isinstance(self.place, PostgresPlace)
        start = now_ms()
        for _ in range(3):
            assert self.place.cut() > 0
            time.sleep(self.chance.uniform(0.1, 0.4))
        return Fault("connections cut", start, now_ms())

    def lapses(self) -> list[Fault]:
        """Leases that nodes report as lapsed, whatever the reason: their runs went to others."""
        return [
            Fault("lapse", at, at, ((at - 2000 - int(2000 * LEASE_S), at + 1000),))
            for node in self.nodes
            for at, _ in node.events("lease_lapsed")
        ]


@contextmanager
def scene_of(place: PostgresPlace | SqlitePlace, folder: Path, log: Path, seed: int) -> Iterator[Scene]:
    """One process on SQLite, three on PostgreSQL; killed with the block."""
    under = place.folder if isinstance(place, SqlitePlace) else folder
    count = NODES if isinstance(place, PostgresPlace) else 1
    with ExitStack() as stack:
        url = stack.enter_context(receiving(log))
        # The logs are not on the disk that is filled up: there no line would tell that it is full.
        nodes = [
            ServedNode(under / f"node-{n}", f"node-{n}", place.environment, folder) for n in range(count)
        ]
        for node in nodes:
            stack.callback(node.kill)
            node.start()
            node.wait_ready()  # the first one makes the workspace and its key
        yield Scene(place, nodes, url, seed)


def pass_of_chaos(
    place: PostgresPlace | SqlitePlace, folder: Path, rounds: int, seed: int
) -> tuple[list[str], Totals]:
    """Load, faults, calm, drain; the auditor's findings and the totals."""
    log = folder / "deliveries"
    log.touch()
    with scene_of(place, folder, log, seed) as scene:
        key = (scene.nodes[0].data / "admin.key").read_text().strip()
        headers = {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=scene.nodes[0].url, headers=headers, timeout=60) as client:
            names = _make_load(client, scene.url)
            time.sleep(CALM_S)
            for _ in range(rounds):
                scene.round()
            time.sleep(RECOVERY_MS / 1000 + CALM_S)
            _pause_all(client, names)
            httpx.post(f"{scene.url}/wake")
        books, drain_s = _drained(place)
        scene.heal()
    seen = deliveries(log)
    lapses = scene.lapses()
    unexplained, repeats = _repeats(seen, scene.faults + lapses)
    outside, after = _lateness(books, seen, scene.faults, _prompt(names))
    totals = Totals(
        len(books.fires) + sum(span["count"] for span in books.spans),
        len(books.fires),
        len(seen),
        repeats,
        sum(said["runs"] for node in scene.nodes for _, said in node.events("outcomes_refused")),
        len(lapses),
        Counter(fault.kind for fault in scene.faults),
        outside,
        after,
        drain_s,
    )
    return [*check(books, _first(seen)), *unexplained, *_complaints(scene), *_too_late(totals)], totals


def _make_load(client: httpx.Client, url: str) -> dict[str, str]:
    """The targets and schedules; the names of the schedules by their id."""
    for path, _, _ in LOAD:
        executor = {"type": "http", "url": f"{url}/{path}"}
        body = {"kind": "function", "key": path, "name": path, "executor": executor, "timeout": "10s"}
        if path == "callback":
            body |= {"completion": "callback", "deadline": "30s"}
        answer = client.post("/horarium/v1/targets", json=body)
        assert answer.status_code == 201, answer.text
    lines = [
        {
            "name": f"{path} {number} {behaviours[number % len(behaviours)]['overlap']}",
            "recurrence": "* * * * * *",
            "target": path,
            **behaviours[number % len(behaviours)],
        }
        for path, count, behaviours in LOAD
        for number in range(count)
    ]
    answer = client.post(
        "/horarium/v1/schedules/bulk",
        content="\n".join(map(json.dumps, lines)),
        headers={"content-type": "application/x-ndjson"},
    )
    answers = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["status"] for one in answers] == [201] * len(lines), answer.text
    return {one["id"]: str(line["name"]) for one, line in zip(answers, lines, strict=True)}


def _pause_all(client: httpx.Client, names: Mapping[str, str]) -> None:
    for schedule in names:
        answer = client.post(f"/horarium/v1/schedules/{schedule}/pause", json={"note": "enough"})
        assert answer.status_code == 200, answer.text


def _drained(place: PostgresPlace | SqlitePlace) -> tuple[Books, float]:
    """The books once nothing is open any more, or as they are when patience ends; and how long that took, in s."""
    begun = time.monotonic()
    patiently(lambda: not open_work(place.books()), DRAIN_S)
    return place.books(), time.monotonic() - begun


def _first(seen: Sequence[Delivery]) -> list[Delivery]:
    """The first delivery of each run. What is said twice is looked at by `_repeats`, which knows attempts."""
    found: dict[str, Delivery] = {}
    for one in seen:
        found.setdefault(one.run, one)
    return list(found.values())


def _repeats(seen: Sequence[Delivery], faults: Sequence[Fault]) -> tuple[list[str], int]:
    """Deliveries of an attempt that had been delivered before, without a fault between; and how many repeats in all.

    A later attempt is none: the target had failed the one before.
    """
    windows = [window for fault in faults for window in fault.repeats]
    latest: dict[str, Delivery] = {}
    findings, repeats = [], 0
    for one in seen:
        before = latest.get(one.run)
        if before is not None and one.attempt <= before.attempt:
            repeats += 1
            if not any(before.at_ms <= end and one.at_ms >= start for start, end in windows):
                findings.append(f"{one.run} came at {before.at_ms} and {one.at_ms}, and no fault explains it")
        if before is None or one.attempt >= before.attempt:
            latest[one.run] = one
    return findings, repeats


def _prompt(names: Mapping[str, str]) -> set[str]:
    """Schedules whose runs wait for no earlier one, and whose target answers."""
    return {
        schedule for schedule, name in names.items() if "buffer" not in name and not name.startswith("hang")
    }


def _lateness(
    books: Books, seen: Sequence[Delivery], faults: Sequence[Fault], prompt: set[str]
) -> tuple[int, int]:
    """The worst lateness of first deliveries, in ms: of slots outside faults and their shadow, and inside."""
    shadows = [(fault.start - 1000, fault.end + RECOVERY_MS) for fault in faults if fault.delays]
    of_run = {text_of("run", run["id"]): text_of("sch", run["schedule_id"]) for run in books.runs}
    worst: defaultdict[bool, int] = defaultdict(int)
    for one in _first(seen):
        if of_run.get(one.run) in prompt:
            excused = any(start <= one.slot_ms <= end for start, end in shadows)
            worst[excused] = max(worst[excused], one.at_ms - one.slot_ms)
    return worst[False], worst[True]


def _complaints(scene: Scene) -> list[str]:
    """What a server must never say."""
    return [
        f"{node.name} said {name}: {said}"
        for node in scene.nodes
        for name in FORBIDDEN_EVENTS
        for _, said in node.events(name)
    ]


def _too_late(totals: Totals) -> list[str]:
    if totals.late_outside <= LATEST_MS:
        return []
    return [f"a delivery was {totals.late_outside} ms late outside every fault"]
