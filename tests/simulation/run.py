"""`python -m tests.simulation.run --seeds N --first M`: play seeds, report what was found, end with a line of totals.

A seed is the same world wherever it is played; bytes hash alike in every process because their seed is set.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.simulation.checker import check
from tests.simulation.script import Script, script_for
from tests.simulation.shrink import shrink
from tests.simulation.world import World
from tests.support.all_fires import ALL_FIRES

CHUNK = 10
"""Seeds that a process is given at once."""
MOST_SHOWN = 12
MOST_CPU_S = 400
"""A seed takes some half a second of the processor, one that plays for hours 20, one with 50,000 rows 100 to 240."""


@dataclass
class Result:
    """What a seed came to. `counts`: what was met, by kind."""

    seed: int
    found: list[str]
    counts: Counter[str] = field(default_factory=Counter)


def play(script: Script) -> Result:
    """Play a script and hold what happened against the invariants."""
    with World(script).play() as world:
        found = check(world)
        counts = world.counts + Counter(
            {
                "simulated seconds": int(world.loop.time() + world.skipped_s),
                "fires": world.store.connection.execute(f"SELECT count(*) FROM {ALL_FIRES}").fetchone()[0],
                "runs": world.store.connection.execute("SELECT count(*) FROM runs").fetchone()[0],
                "deliveries": len(world.receiver.log),
            }
        )
    return Result(script.seed, found, counts)


def play_in_time(seed: int) -> Result:
    """Play a seed; one that takes too much time runs in circles, which is a finding as well."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"seed {seed} does not come to its end")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
    try:
        return play(script_for(seed))
    except Exception as error:
        return Result(seed, [f"the simulation broke: {error!r}", traceback.format_exc()])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _play_seeds(seeds: list[int]) -> list[Result]:
    results = [play_in_time(seed) for seed in seeds]
    gc.collect()
    return results


def play_all(seeds: Iterable[int], processes: int) -> Iterator[Result]:
    """Play seeds in several processes, results as they come."""
    every = list(seeds)
    chunks = [every[at : at + CHUNK] for at in range(0, len(every), CHUNK)]
    if processes == 1:
        for chunk in chunks:
            yield from _play_seeds(chunk)
        return
    with ProcessPoolExecutor(processes) as pool:
        for done in as_completed([pool.submit(_play_seeds, chunk) for chunk in chunks]):
            yield from done.result()


def report(result: Result, shorten: bool) -> None:
    """A failing seed in words: what was found, how to repeat it, and the least that still shows it."""
    print(f"\nseed {result.seed} FAILED")
    for words in result.found[:MOST_SHOWN]:
        print(f"  {words}")
    if len(result.found) > MOST_SHOWN:
        print(f"  and {len(result.found) - MOST_SHOWN} more")
    print(f"  repeat: python -m tests.simulation.run --seeds 1 --first {result.seed}")
    if shorten:
        script, found = shrink(script_for(result.seed), lambda one: play(one).found)
        print(
            f"  shrunk to {len(script.events)} events, of which {len(script.disturbing)} faults: {found[0]}"
        )
        print(f"  {script.profile}")
        for event in script.events:
            print(f"    {event}")
    sys.stdout.flush()


def totals(counts: Counter[str], seeds: int, failed: int, seconds: float) -> str:
    """The last line."""
    first = ("simulated seconds", "slots", "fires", "runs", "deliveries", "crash")
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(counts.items()) if kind not in first)
    figures = ", ".join(f"{counts[name]:,} {'crashes' if name == 'crash' else name}" for name in first)
    return f"{seeds} seeds, {failed} failed, {figures}; faults met: {kinds} ({seconds:.0f} s)"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.run", description="Play seeds of the simulation."
    )
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--no-shrink", action="store_true", help="do not look for the least script that fails"
    )
    given = parser.parse_args()
    started, counts, failed = time.monotonic(), Counter[str](), []
    for result in play_all(
        range(given.first, given.first + given.seeds), given.processes if given.seeds > 1 else 1
    ):
        counts += result.counts
        if result.found:
            report(result, not given.no_shrink and len(failed) < 3)
            failed.append(result.seed)
    print(totals(counts, given.seeds, len(failed), time.monotonic() - started))
    return 1 if failed else 0


def _with_fixed_hashes() -> None:
    """Sets of bytes are walked in the order of their hashes: start again where these are random."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        command = [sys.executable, "-m", "tests.simulation.run", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})


if __name__ == "__main__":
    _with_fixed_hashes()
    sys.exit(main())
