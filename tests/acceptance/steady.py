"""A steady load for an hour beside a watchdog: nobody is alarmed, memory stays flat, and lateness does not grow.

`python -m tests.acceptance.steady [--minutes 60] [--database sqlite|postgres]` runs a server with 100 schedules that
fire every second, a watchdog and a receiver. It prints a line for each minute and a verdict, and its exit code is 1
where the verdict is bad. On SQLite the server is given a history first, so that its page cache is full: until then its
memory grows as its file does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median

import httpx
import orjson

from horarium.store.sqlite.connection import WRITER_CACHE_KIB
from tests.acceptance.chaos_nodes import ServedNode
from tests.support.inbox import inbox
from tests.support.postgres import drop_database, fresh_database

SCHEDULES = 100
# Caches fill and the interpreter warms up in this part of the run, which is not compared with anything.
WARM_UP = 1 / 6
# Memory at the end may differ from memory after the warm-up by this share.
FLAT = 0.05
# The lateness of the median fire may grow by a quarter, or by so much.
DRIFT, DRIFT_MS = 1.25, 10.0
SAMPLE_S = 10.0
# What makes the history: so many schedules that fire each second for so long, until the file exceeds the page cache.
# They do so in one go, because schedules that are made in between would empty the cache of the process that writes.
MAKERS, MAKE_S = 1_500, 90
ENOUGH_KIB = WRITER_CACHE_KIB * 9 // 8
# Who wakes so much too late was stopped together with what it measures, and has measured nothing.
HELD_UP_S = 3.0
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute was like: fires that arrived, how late (ms), memory (MiB) and shares of a core by process."""

    number: int
    fires: int
    p50: float
    p99: float
    worst: float
    memory: Mapping[str, float]
    cores: Mapping[str, float]
    held_up_s: float

    def __str__(self) -> str:
        memory = ", ".join(f"{name} {value:.1f} MiB" for name, value in self.memory.items())
        cores = ", ".join(f"{name} {value:.1%}" for name, value in self.cores.items())
        late = f"late p50 {self.p50:.0f}, p99 {self.p99:.0f}, worst {self.worst:.0f} ms"
        return f"minute {self.number}: {self.fires} fires; {late}; {memory}; of a core: {cores}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the whole run has shown, and what of it breaks a promise."""

    words: list[str]
    wrong: list[str]


def verdict(
    minutes: Sequence[Minute], alerts: Sequence[str], slots: Mapping[int, int], schedules: int = SCHEDULES
) -> Verdict:
    """Judge a run. `slots`: how many runs arrived for each slot (s) from the first whole one to the last."""
    words, wrong = [], []
    lost = {slot: schedules - count for slot, count in slots.items() if count < schedules}
    more = {slot: count - schedules for slot, count in slots.items() if count > schedules}
    gaps = set(range(min(slots), max(slots) + 1)) - slots.keys()
    words.append(f"{sum(slots.values())} fires in {len(slots)} slots, {len(alerts)} alerts")
    if lost or gaps:
        wrong.append(f"{sum(lost.values()) + schedules * len(gaps)} fires did not arrive")
    if more:
        wrong.append(f"{sum(more.values())} fires arrived more than once")
    wrong += [f"a false alert: {alert}" for alert in alerts]
    wrong += [
        f"in minute {minute.number} this measurement itself was held up for {minute.held_up_s:.0f} s: repeat it"
        for minute in minutes
        if minute.held_up_s > HELD_UP_S
    ]
    warm = minutes[round(len(minutes) * WARM_UP) :]
    part = max(1, len(minutes) // 6)
    early, late = warm[:part], warm[-part:]
    for name in warm[0].memory:
        before, after = (median(minute.memory[name] for minute in some) for some in (early, late))
        change = after / before - 1
        words.append(
            f"memory of the {name}: {before:.1f} MiB after the warm-up, {after:.1f} at the end ({change:+.1%})"
        )
        if abs(change) > FLAT:
            wrong.append(f"the memory of the {name} has changed by {change:+.1%}")
    before, after = (median(minute.p50 for minute in some) for some in (early, late))
    words.append(f"median lateness: {before:.0f} ms after the warm-up, {after:.0f} at the end")
    words.append(
        f"p99 of a minute: {median(minute.p99 for minute in warm):.0f} ms in the middle, "
        f"{max(minute.p99 for minute in warm):.0f} at most; worst fire {max(minute.worst for minute in warm):.0f} ms"
    )
    for name in warm[0].cores:
        words.append(
            f"the {name} took {sum(minute.cores[name] for minute in warm) / len(warm):.1%} of a core"
        )
    if after > before * DRIFT and after > before + DRIFT_MS:
        wrong.append(f"the median lateness has grown from {before:.0f} to {after:.0f} ms")
    return Verdict(words, wrong)


@dataclass(slots=True)
class Tally:
    """What the receiver has counted: the lateness (ms) of what arrived since it was last asked, and runs by slot."""

    late: list[float] = field(default_factory=list)
    slots: Counter[int] = field(default_factory=Counter)

    def take(self, body: bytes) -> None:
        slot = datetime.fromisoformat(orjson.loads(body)["slot"]).timestamp()
        self.late.append((time.time() - slot) * 1000)
        self.slots[int(slot)] += 1


class _Connection(asyncio.Protocol):
    """As little of HTTP as the server's requests need, since what it costs is not what is measured."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._buffer = tally, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = int(self._buffer[:end].lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._tally.take(self._buffer[end + 4 : end + 4 + length])
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def resident(pid: int) -> float:
    """MiB of memory that a process and its children hold."""
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in _family(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def processor(pid: int) -> float:
    """Seconds of a processor that a process and its children have taken."""
    ticks = 0
    for one in _family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    """A process and its children, such as the one that writes to SQLite."""
    children = [found.read_text().split() for found in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(one for found in children for child in found for one in _family(int(child)))]


@contextmanager
def _server(folder: Path, database: str) -> Iterator[tuple[ServedNode, str]]:
    """A server, and the option by which a watchdog finds its database."""
    url = fresh_database("steady") if database == "postgres" else None
    environment = {"HORARIUM_LEASE": "15", **({} if url is None else {"HORARIUM_DATABASE": url})}
    node = ServedNode(folder, "steady", environment)
    node.start()
    try:
        node.wait_ready()
        yield node, f"sqlite:///{node.data}/horarium.db" if url is None else url
    finally:
        node.kill()
        if url is not None:
            drop_database(url)


@contextmanager
def _watchdog(node: ServedNode, database: str, address: str, log: Path) -> Iterator[int]:
    """The pid of a watchdog that looks at the server. The disk is the machine's affair."""
    command = [sys.executable, "-m", "horarium", "watchdog", "--data", str(node.data), "--database", database]
    environment = {"HORARIUM_ALERTS": f"json://{address}/alerts", "HORARIUM_PING": f"http://{address}/ping"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, "--url", node.url, "--silence", "disk"],
            stdout=said,
            stderr=said,
            env={**os.environ, **environment},
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _speaking(node: ServedNode) -> httpx.Client:
    key = (node.data / "admin.key").read_text().strip()
    headers = {"authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{node.url}/horarium/v1", headers=headers, timeout=60)


def _make_schedules(
    client: httpx.Client, target: str, executor: Mapping[str, str], count: int, **more: str
) -> None:
    body = {"kind": "function", "key": target, "name": target, "executor": executor}
    assert client.put(f"/targets/by-key/{target}", json=body).status_code in (200, 201)
    one = {"recurrence": "* * * * * *", "target": target, "overlap": "allow", **more}
    lines = "\n".join(json.dumps({"name": f"{target} {number}", **one}) for number in range(count))
    sent = {"content": lines, "headers": {"content-type": "application/x-ndjson"}}
    assert client.post("/schedules/bulk", **sent).text.count('"status":201') == count


def _make_history(node: ServedNode) -> None:
    """Let schedules fire that call nobody, until the file is larger than the page cache."""
    file = node.data / "horarium.db"
    with _speaking(node) as client:
        while file.stat().st_size < ENOUGH_KIB * 1024:
            ends = int(time.time()) + MAKE_S
            end_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
            _make_schedules(client, "history", {"type": "echo"}, MAKERS, end_at=end_at)
            time.sleep(max(0.0, ends + 1 - time.time()))
            while client.get("/runs", params={"state": "pending", "limit": 1}).json()["items"]:
                time.sleep(0.5)
            print(f"history: {file.stat().st_size / MIB:.0f} MiB", flush=True)


async def run(minutes: int, database: str) -> Verdict:
    """Run the load and print each minute."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(tally), "127.0.0.1", 0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="horarium-steady-")))
        address, kept = stack.enter_context(inbox())
        node, url = stack.enter_context(_server(folder, database))
        if database == "sqlite":
            await asyncio.to_thread(_make_history, node)
        watching = stack.enter_context(_watchdog(node, url, address, folder / "watchdog.log"))
        pids = {"server": node.pid, "watchdog": watching}
        receiver = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        with _speaking(node) as client:
            executor = {"type": "http", "url": receiver}
            await asyncio.to_thread(_make_schedules, client, "tally", executor, SCHEDULES)
        first = int(time.time()) + 2
        await asyncio.sleep(first - time.time())
        passed = [await _minute(number, tally, pids) for number in range(1, minutes + 1)]
        last = int(time.time()) - 2
        alerts = [f"{alert['title']}: {alert['message']}" for alert in kept.alerts]
        pings = len(kept.pings)
        await asyncio.sleep(1)
    listening.close()
    slots = {slot: count for slot, count in sorted(tally.slots.items()) if first <= slot <= last}
    found = verdict(passed, alerts, slots)
    found.words.append(f"{pings} pings of the watchdog in {minutes} minutes")
    if pings < minutes - 1:
        found.wrong.append(f"the watchdog pinged {pings} times in {minutes} minutes")
    return found


async def _minute(number: int, tally: Tally, pids: Mapping[str, int]) -> Minute:
    tally.late.clear()
    before = {name: processor(pid) for name, pid in pids.items()}
    begun = time.monotonic()
    memory: dict[str, list[float]] = {name: [] for name in pids}
    held_up = 0.0
    for piece in range(1, round(60 / SAMPLE_S) + 1):
        await asyncio.sleep(begun + piece * SAMPLE_S - time.monotonic())
        held_up = max(held_up, time.monotonic() - begun - piece * SAMPLE_S)
        for name, pid in pids.items():
            memory[name].append(resident(pid))
    took = time.monotonic() - begun
    late = sorted(tally.late)
    minute = Minute(
        number,
        len(late),
        late[len(late) // 2],
        late[int(len(late) * 0.99)],
        late[-1],
        {name: median(values) for name, values in memory.items()},
        {name: (processor(pid) - before[name]) / took for name, pid in pids.items()},
        held_up,
    )
    print(minute, flush=True)
    return minute


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    asked = parser.parse_args()
    found = asyncio.run(run(asked.minutes, asked.database))
    print("\n".join(found.words))
    print("\n".join(f"WRONG: {words}" for words in found.wrong) or "as promised")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
