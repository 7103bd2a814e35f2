"""The tables of docs/scale.md: what the busiest of several cells carries.

A cell is one PostgreSQL with its nodes, and a workspace lives in one cell. Workspaces differ: the load of the n-th
largest is proportional to 1/n (Zipf's law). A part of all fires is due at the beginning of an hour. Everything is
computed from what one fire costs, which was measured and stands in docs/performance.md.

    python -m tests.support.cells
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

WORKSPACES = 10_000
CELLS = (1, 3, 10, 30, 100)
FIRES_A_DAY = (10_000_000, 100_000_000, 1_000_000_000)
# The part of the fires that is due when an hour begins.
HOURLY = 0.3
DAY_S, HOURS = 86_400, 24

# Measured, on 2 cores for everything: fires that one PostgreSQL releases, runs that a process delivers by HTTP, and
# bytes that a fire with its run takes in the database and in its log.
RELEASED_S = 17_800
DELIVERED_S = 6_100
BYTES, LOG_BYTES = 629, 2_570
# Assumed: the nodes of a cell, each with a core, for how long history is kept, and the part of the capacity that a day
# may use, so that there is room for herds and for what has waited while a server was away.
NODES = 3
KEPT_DAYS = 90
PLANNED = 0.5


@dataclass(frozen=True, slots=True)
class Busiest:
    """The busiest of some cells. `share`: its part of all fires; `fires_s`: a second on average, without the herd;
    `herd`: fires at the beginning of an hour, `released_s` and `delivered_s` how long they take. `disk`, `log_a_day`:
    bytes."""

    share: float
    fires_s: float
    herd: float
    released_s: float
    delivered_s: float
    disk: float
    log_a_day: float

    @property
    def carries(self) -> bool:
        """Whether a cell can plan with this load: the average leaves room, and a herd is over within a minute."""
        return self.fires_s <= PLANNED * min(RELEASED_S, NODES * DELIVERED_S) and self.delivered_s <= 60


def loads(workspaces: int = WORKSPACES) -> list[float]:
    """The parts of all fires that the workspaces have, the largest first."""
    weights = [1 / rank for rank in range(1, workspaces + 1)]
    return [weight / sum(weights) for weight in weights]


def placed_by_chance(parts: Sequence[float], cells: int, seed: int = 1) -> list[float]:
    """The load of each cell where workspaces get a cell by chance."""
    found, chance = [0.0] * cells, Random(seed)
    for part in parts:
        found[chance.randrange(cells)] += part
    return found


def placed_by_load(parts: Sequence[float], cells: int) -> list[float]:
    """The load of each cell where each workspace, the largest first, gets the one with the least load."""
    found = [0.0] * cells
    for part in sorted(parts, reverse=True):
        heapq.heapreplace(found, found[0] + part)
    return found


def busiest(share: float, fires_a_day: int) -> Busiest:
    """What a cell with this share of all fires carries."""
    mine = share * fires_a_day
    herd = mine * HOURLY / HOURS
    return Busiest(
        share,
        mine * (1 - HOURLY) / DAY_S,
        herd,
        herd / RELEASED_S,
        herd / min(RELEASED_S, NODES * DELIVERED_S),
        mine * BYTES * KEPT_DAYS,
        mine * LOG_BYTES,
    )


def main() -> None:
    parts = loads()
    heads = [
        "fires a day",
        "cells",
        "busiest by chance, by load",
        "fires/s",
        "herd of an hour",
        "delivered in",
    ]
    heads += ["disk, 90 days", "log a day", ""]
    print(f"| {' | '.join(heads)} |".replace("|  |", "| |"))
    print("|---" * len(heads) + "|")
    for fires_a_day in FIRES_A_DAY:
        for cells in CELLS:
            chance, load = max(placed_by_chance(parts, cells)), max(placed_by_load(parts, cells))
            found = busiest(load, fires_a_day)
            print(
                f"| {fires_a_day / 1e6:,.0f} million | {cells} | {chance:.1%}, {load:.1%} | {found.fires_s:,.0f} "
                f"| {found.herd:,.0f} | {found.delivered_s:,.1f} s | {found.disk / 1e9:,.0f} GB "
                f"| {found.log_a_day / 1e9:,.1f} GB | {'carries' if found.carries else 'too much'} |"
            )


if __name__ == "__main__":
    main()
