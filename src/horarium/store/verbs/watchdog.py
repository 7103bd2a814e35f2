"""What the watchdog reads: what is late, and which nodes there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from horarium.store.base import Tx
from horarium.store.verbs.dispatch import earliest_ready
from horarium.store.verbs.meta import last_backup_ms
from horarium.store.verbs.release import earliest_due


class WatchedNode(NamedTuple):
    """A node that has not stopped, or that was given up at `given_up_ms`."""

    name: str
    zone_data: str
    lease_until_ms: int
    given_up_ms: int | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """Instants in milliseconds. `oldest_due_ms`: the earliest slot that is not accounted for; `oldest_ready_ms`: from
    when on the oldest unclaimed run could begin. `last_backup_ms`: when the last backup was made, as far as the
    database was told; `made_ms`: when the first workspace was made."""

    oldest_due_ms: int | None
    oldest_ready_ms: int | None
    nodes: tuple[WatchedNode, ...]
    last_backup_ms: int | None = None
    made_ms: int | None = None


async def watch(tx: Tx, since_ms: int) -> Ledger:
    """What is late, the nodes that have not stopped, and those that were given up since an instant."""
    nodes = tuple(WatchedNode(*row) for row in await tx.rows("watched_nodes", since=since_ms))
    (made_ms,) = await tx.row("first_workspace_ms")
    due, ready = await earliest_due(tx), await earliest_ready(tx)
    return Ledger(due, ready, nodes, await last_backup_ms(tx), made_ms)
