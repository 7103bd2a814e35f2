"""`python -m tests.mutations.run --count N --seed S --database sqlite|postgres`: walk, sweep, and their figures.

A walk is drawn from its seed. Ids are random all the same, so a fault is told with its whole request.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from horarium.api.kit import registry
from tests.mutations.sweep import sweep
from tests.mutations.walk import Fault, Walk
from tests.mutations.world import World
from tests.support.postgres import drop_database, fresh_database, run_sql

MOST_TOLD = 40


async def walked(count: int, seed: int, postgres: str | None, folder: Path, most_s: float = 1e9) -> Walk:
    """Send so many requests, but no longer than `most_s` seconds, and read everything back; what was found."""
    async with World.open(Random(seed), folder, postgres) as world:
        walk, begun = Walk(world), time.monotonic()
        sent = await walk.go(count, begun + most_s)
        walked_s = time.monotonic() - begun
        read = await sweep(walk)
        walk.words = [
            f"seed {seed}: {sent:,} mutated requests in {walked_s:.0f} s ({sent / walked_s:.0f}/s), "
            f"{walk.shown:,} things shown at once, {read:,} requests of the sweep in "
            f"{time.monotonic() - begun - walked_s:.0f} s, {len(walk.faults)} faults",
            *walk.figures(),
            f"503 because of what lies outside of the server: {walk.outside}; longest waits: "
            + ", ".join(f"{waited * 1000:.0f} ms" for waited, _ in walk.slowest[:5]),
        ]
    return walk


def told(faults: Sequence[Fault]) -> str:
    """The first fault of each kind and route, and how often it was seen."""
    seen = Counter((fault.kind, fault.route) for fault in faults)
    first = {(fault.kind, fault.route): fault for fault in reversed(faults)}
    return "\n".join(f"{number} times {first[which]}" for which, number in seen.most_common(MOST_TOLD))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.run", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="how many requests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument(
        "--minutes", type=float, default=30, help="end the walk, and begin the sweep, after these"
    )
    given = parser.parse_args()
    registry.load()
    url = None
    if given.database == "postgres":
        run_sql(
            "ALTER SYSTEM SET fsync = off"
        )  # nothing crashes here, and most of the time would be spent on waiting
        run_sql("SELECT pg_reload_conf()")
        url = fresh_database("mutations")
    try:
        with tempfile.TemporaryDirectory() as folder:
            walk = asyncio.run(walked(given.count, given.seed, url, Path(folder), given.minutes * 60))
    finally:
        if url is not None:
            drop_database(url)
    print(told(walk.faults))
    print("\n".join([given.database, *walk.words]))
    return 1 if walk.faults else 0


if __name__ == "__main__":
    sys.exit(main())
