"""Every zone, every transition from 1970 to 2100, many random expressions, against the oracle.

    python -m tests.times.instants_long [--expressions 500] [--seed N] [--zones SUBSTRING] [--jobs N]

Each transition is tried with random expressions, policies and windows around it until every zone has had its
number of expressions. Prints what differs; exits 1 if anything does.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from random import Random

from horarium.api.kit import registry
from horarium.times import zone, zone_names
from horarium.times.clock_changes import ClockChangePolicy
from tests.support import oracle
from tests.times.expressions import mismatch, random_case, random_policies

SINCE, UNTIL = 0, 4_102_444_800  # 1970, 2100
WINDOW = 100_000


@lru_cache(maxsize=2)
def transitions_of(name: str, since: int, until: int) -> list[int]:
    """The instants where the zone's stretches meet; that they are zoneinfo's own is another test."""
    found = []
    at = since
    while at < until:
        at = zone(name).stretch(at, ClockChangePolicy("skip", "both")).hi
        if at < until:
            found.append(at)
    return found


def check_zone(name: str, changes: list[int], random: Random, expressions: int) -> list[str]:
    """What differs from the oracle, with this many random expressions at each transition."""
    problems = []
    for change in changes:
        for _ in range(expressions):
            case = random_case(random)
            policies = None if random.random() < 0.5 else random_policies(random)
            after, upto = change - random.randint(0, WINDOW), change + random.randint(0, WINDOW)
            problem = mismatch(case, name, after, upto, policies)
            if problem:
                problems.append(problem)
    return problems


def _run(name: str, expressions: int, seed: int) -> tuple[str, int, list[str]]:
    random = Random(f"{seed} {name}")
    changes = oracle.transitions(name, SINCE, UNTIL) or [random.randrange(SINCE, UNTIL)]
    each = max(1, expressions // len(changes))
    return name, each * len(changes), check_zone(name, changes, random, each)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--expressions", type=int, default=500, help="expressions for each zone")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--zones", default="", help="only zones with this in their name")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    names = [name for name in sorted(zone_names()) if chosen.zones in name]
    total = failed = 0
    with ProcessPoolExecutor(chosen.jobs) as pool:
        run = partial(_run, expressions=chosen.expressions, seed=chosen.seed)
        for name, checked, problems in pool.map(run, names):
            total, failed = total + checked, failed + len(problems)
            for problem in problems[:5]:
                print(problem, flush=True)
            print(f"{name}: {checked} windows, {len(problems)} differ", flush=True)
    print(f"{len(names)} zones, {total} windows, {failed} differ, seed {chosen.seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    registry.load()
    sys.exit(main())
