"""peers: the same herd through Horarium and through job queues of Node.js, one after another on the same PostgreSQL.

Ours: `horarium serve` fires recurring schedules that are all due at one instant, and runs each once. Ceiling: a queue
with as many jobs that are due at one instant; it knows no recurrence and keeps no ledger. Each is measured from that
instant until the last run is recorded, in turns of which the median counts. The queues do what their documents advise
for many small jobs: they fetch and complete in batches.

Node.js 22 and the packages are not part of Horarium: npm install graphile-worker@0.18.0 pg-boss@12.38.0
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import asyncpg

from horarium.bench.delivery import http_target
from horarium.bench.filling import PAIRS, Herd, fill
from horarium.bench.inprocess import work
from horarium.bench.receiver import receiving
from horarium.bench.serving import serving
from horarium.bench.stage import Report, Stage, stage
from horarium.domain.ids import Id
from horarium.times import Timing, local_text, zone_names

TURNS = 5
# How long ahead a herd is due when it is stored, by when everything has to be ready, and how long it may take (s).
LEAD_S = 12
READY_S = 1
LONGEST_S = 120.0
LOOK_S = 0.02
_SCRIPT = Path(__file__).with_name("peers.mjs")
_FUNCTION = f"{work.__module__}:{work.__name__}"
_INSTALL = "npm install graphile-worker@0.18.0 pg-boss@12.38.0"
# Whether a run of the instant is not recorded yet.
_OURS_LEFT = (
    "SELECT EXISTS (SELECT FROM ready) OR EXISTS (SELECT FROM cursors WHERE next_due <= CAST($1 AS BIGINT))"
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A queue: its package, and a question whether it has a job that is not done."""

    package: str
    left: str


PEERS = (
    Peer("graphile-worker", "SELECT EXISTS (SELECT FROM graphile_worker._private_jobs)"),
    Peer("pg-boss", "SELECT EXISTS (SELECT FROM pgboss.job WHERE name = 'herd' AND state < 'completed')"),
)


async def run(
    database: str = "sqlite", runs: int = 20_000, packages: str = ".", http: bool = False
) -> list[Report]:
    """Run a herd of `runs` through us and through each queue whose package is in the folder `packages`, in turns.

    `http`: each run is a POST to the same receiver; otherwise a function that does nothing. Raises RuntimeError.
    """
    if not database.startswith("postgres"):
        raise RuntimeError("peers keep their jobs in PostgreSQL: bench peers --database postgres")
    found = [peer for peer in PEERS if (Path(packages) / "node_modules" / peer.package).is_dir()]
    node = shutil.which("node")
    if not found or node is None:
        raise RuntimeError(f"peers needs Node.js 22 and packages in {packages}: {_INSTALL}")
    with ExitStack() as opened:
        receiver = opened.enter_context(receiving()) if http else None
        async with stage(database) as made:
            if receiver is None:
                target = await made.target("python", {"function": _FUNCTION})
            else:
                target = await http_target(made, receiver.url)
            asked = await asyncpg.connect(made.url)
            took: dict[str, list[float]] = {}
            for _ in range(TURNS):
                took.setdefault("", []).append(await _ours(made, asked, target, runs))
                for peer in found:
                    url = "" if receiver is None else receiver.url
                    command = [node, str(_SCRIPT), peer.package, made.url, str(runs), url]
                    took.setdefault(peer.package, []).append(await _theirs(peer, asked, command, packages))
            await asked.close()
    rates = {name: [runs / seconds for seconds in each] for name, each in took.items()}
    return [
        Report(
            "peers",
            database,
            median(rates[""]),
            median(rates[peer.package]),
            "runs/s",
            {"peer": peer.package, "runs": runs, "http": http, "turns": TURNS},
        )
        for peer in found
    ]


async def _ours(made: Stage, asked: asyncpg.Connection, target: Id, runs: int) -> float:
    """Seconds from the instant of a herd of ours until its last run is recorded."""
    at_s = int(time.time()) + LEAD_S
    done_before = await _succeeded(asked)
    await fill(made, target, [Herd(_secondly(at_s), runs, at_s * 1000, at_s * 1000 - 60_000)])
    with serving(made, {"HORARIUM_POLL": "1", "HORARIUM_PYTHON_FUNCTIONS": _FUNCTION}):
        seconds = await _seconds(asked, at_s, _OURS_LEFT, at_s * 1000)
    done = await _succeeded(asked) - done_before
    if done != runs:
        raise RuntimeError(f"{done} of {runs} runs succeeded")
    return seconds


async def _theirs(peer: Peer, asked: asyncpg.Connection, command: list[str], packages: str) -> float:
    """Seconds from the instant of a herd of jobs until the last is done. The command is told the instant."""
    at_s = int(time.time()) + LEAD_S
    with _script([*command, str(at_s * 1000)], packages):
        return await _seconds(asked, at_s, peer.left)


async def _seconds(asked: asyncpg.Connection, at_s: int, left: str, *values: int) -> float:
    """Seconds from an instant until nothing is left. Raises RuntimeError where not everything is ready before it."""
    if time.time() > at_s - READY_S:
        raise RuntimeError("the herd was not ready in time: ask for less")
    await asyncio.sleep(at_s - time.time())
    while await asked.fetchval(left, *values):
        if time.time() > at_s + LONGEST_S:
            raise RuntimeError("the herd was not finished in time")
        await asyncio.sleep(LOOK_S)
    return time.time() - at_s


async def _succeeded(asked: asyncpg.Connection) -> int:
    return int(await asked.fetchval("SELECT count(*) FROM runs WHERE state = 'succeeded'"))


def _secondly(at_s: int) -> list[Timing]:
    """Distinct timings that all fire once a day at one second."""
    found = []
    for name in sorted(zone_names())[:PAIRS]:
        local = datetime.fromisoformat(local_text(name, at_s))
        found.append(Timing(f"{local.second} {local.minute} {local.hour} * * *", zone=name))
    return found


@contextmanager
def _script(command: list[str], packages: str) -> Iterator[None]:
    """Run a script of Node.js, once it says that it is ready, until the block ends. Raises RuntimeError."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=packages, text=True) as started:  # noqa: S603
        try:
            assert started.stdout is not None
            if started.stdout.readline().strip() != "ready":
                raise RuntimeError(f"{command[2]} did not start: see what Node.js says above")
            yield
        finally:
            started.kill()
