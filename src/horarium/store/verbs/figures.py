"""What can be counted in the database about the present: the queue, and what waits for something else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from horarium.domain.ids import Id
from horarium.store.base import Tx
from horarium.store.verbs.dispatch import earliest_ready
from horarium.store.verbs.meta import last_backup_ms
from horarium.store.verbs.release import earliest_due

# Rows are counted up to this number, so that the question stays quick while the queue is long.
MOST_COUNTED = 100_000


class LaneQueue(NamedTuple):
    """The runs of one lane in the queue. `waiting`: they could begin and nobody has claimed them; `later`: they begin
    later; `claimed`: workers have them. `oldest_ms`: from when on the oldest unclaimed one could begin."""

    lane: Id
    waiting: int
    later: int
    claimed: int
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class Present:
    """What the database holds at an instant. `oldest_due_ms`: the earliest slot that is not accounted for;
    `oldest_ready_ms`: from when on the oldest unclaimed run could begin; `last_backup_ms`: when the newest backup was
    made, as far as the database was told of it. Counts end at MOST_COUNTED."""

    lanes: tuple[LaneQueue, ...]
    oldest_due_ms: int | None
    oldest_ready_ms: int | None
    callbacks: int
    fanouts: int
    audit_pending: int
    nodes_alive: int
    nodes_lapsed: int
    last_backup_ms: int | None


async def present(tx: Tx, now: int) -> Present:
    """What the database holds at `now`."""
    lanes = tuple(LaneQueue(*row) for row in await tx.rows("queue_by_lane", now=now, limit=MOST_COUNTED))
    callbacks, fanouts, pending = await tx.row("counts_of_upkeep", limit=MOST_COUNTED)
    alive, lapsed = await tx.row("nodes_by_life", now=now)
    due, ready = await earliest_due(tx), await earliest_ready(tx)
    return Present(lanes, due, ready, callbacks, fanouts, pending, alive, lapsed, await last_backup_ms(tx))


async def workspaces_of_targets(tx: Tx, targets: Collection[Id]) -> dict[Id, Id]:
    """The workspace of each of these targets."""
    if not targets:
        return {}
    return dict(await tx.rows("workspaces_of_targets", ids=sorted(targets)))
