"""Kills processes that write to tables, and looks whether what was written is whole.

`test_sql_kill` does it for a while; `python -m tests.executors.test_sql_kill ROUNDS` for as long as is asked.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from horarium.domain.execution import Verdict
from horarium.executors.sql import make
from tests.executors.sql_places import Place, leave, place_of

RUNS = 12
"""Runs a child begins in its round; it is killed before the last of them is reported."""
AT_ONCE = 4
PATIENCE_SECONDS = 60

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.executors.sql_kills"])


def operation(run: int) -> dict[str, object]:
    return {"operation": "INSERT", "values": {"name": f"run-{run}", "score": run}}


def write_until_killed(place_parts: tuple[object, ...], runs: list[int], done: Connection) -> None:
    """The child: writes all runs, a few at once, and reports each that it saw succeed."""
    config, secrets, options, url = place_parts
    asyncio.run(_write_all(Place(make(options), config, secrets, options, url), runs, done))  # type: ignore[arg-type]


async def _write_all(place: Place, runs: list[int], done: Connection | None) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def write(run: int) -> None:
        async with turns:
            outcome = await place.executor.execute(place.call(operation(run), run))
            assert outcome.verdict is Verdict.SUCCEEDED, outcome
            if done is not None:
                done.send(run)

    await asyncio.gather(*(write(run) for run in runs))


def kill_one(place: Place, runs: list[int], chance: random.Random) -> None:
    """Starts a child and kills it after a random number of reports and a moment more."""
    reader, writer = _processes.Pipe(duplex=False)
    parts = (place.config, place.secrets, place.options, place.url)
    child = _processes.Process(target=write_until_killed, args=(parts, runs, writer), daemon=True)
    child.start()
    writer.close()
    for _ in range(chance.randrange(RUNS)):
        assert reader.poll(PATIENCE_SECONDS), "the child reports nothing"
        reader.recv()
    time.sleep(chance.random() * 0.004)
    child.kill()
    child.join(PATIENCE_SECONDS)
    child.close()
    reader.close()


async def rounds_of_killing(place: Place, rounds: int, seed: int) -> int:
    """Kills `rounds` children, executes all their runs again after each, and answers how many writes the
    dead ones had committed without telling anybody: those a careless retry would have doubled."""
    chance = random.Random(seed)
    found = 0
    for number in range(rounds):
        runs = list(range(number * RUNS, (number + 1) * RUNS))
        await asyncio.to_thread(kill_one, place, runs, chance)
        before = len(await place.rows())
        await _write_all(place, runs, None)
        names = sorted(row[1] for row in await place.rows())
        assert names == sorted(f"run-{run}" for run in range((number + 1) * RUNS))
        assert len(await place.rows("horarium_writes")) == len(names)
        found += before - number * RUNS
    return found


async def main(rounds: int) -> None:
    for kind in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder:
            place = await place_of(kind, Path(folder))
            found = await rounds_of_killing(place, rounds, seed=rounds)
            print(f"{kind}: {rounds} kills, {rounds * RUNS} runs, {found} written before a kill, none twice")
            await leave(place)
