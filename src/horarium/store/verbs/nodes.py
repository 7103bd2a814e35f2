"""Nodes: who is there, who is gone, and whose runs go back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.store.base import FANOUT, READY, WEBHOOKS, Tx, portable
from horarium.store.figures import FREED

# The advisory lock on PostgreSQL that a copy of the whole database holds: any number that nobody else uses.
COPY_LOCK = 0x486F7263


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A process that works on this database. It counts as alive until `lease_until_ms`, or until it has stopped.

    `roles` and `software` are texts for people; `zone_data` is the version of its time zone data.
    """

    id: Id
    name: str
    roles: str
    software: str
    zone_data: str
    started_ms: int
    seen_ms: int
    lease_until_ms: int
    stopped_ms: int | None = None


# How many nodes are listed.
MOST_LISTED = 200


async def living(tx: Tx, now: int) -> list[NodeRow]:
    """The nodes that are alive at an instant, by name."""
    return [NodeRow(*row) for row in await tx.rows("living_nodes", now=now, limit=MOST_LISTED)]


async def register(tx: Tx, node: NodeRow, alone: bool) -> None:
    """Enter a node, or enter it again after its lease has lapsed. `alone`: no other process can work on this database,
    so whatever is claimed is freed. Raises Unavailable while `horarium copy` works on the database."""
    if not (await tx.row("no_copy_runs", lock=COPY_LOCK))[0]:
        raise Unavailable("the database is being copied: start the server when `horarium copy` has ended")
    if alone:
        await tx.run("retire_all_nodes", now=node.started_ms)
        await free_everything(tx)
    await tx.run(
        "insert_node",
        id=node.id,
        name=node.name,
        roles=node.roles,
        software=node.software,
        zone_data=node.zone_data,
        now=node.started_ms,
        lease_until_ms=node.lease_until_ms,
    )
    tx.announce(READY, node.started_ms)
    tx.announce(FANOUT, node.started_ms)
    tx.announce(WEBHOOKS, node.started_ms)


async def free_everything(tx: Tx) -> None:
    """Free whatever is claimed, under a new epoch: nobody works on this database."""
    await tx.run("free_all_runs")
    await tx.run("free_all_fanout_tasks")
    await tx.run("free_all_webhooks")


@portable
async def heartbeat(tx: Tx, node: Id, now: int, lease_ms: int) -> bool:
    """Keep the lease for another `lease_ms`; False where the node has been given up meanwhile."""
    return await tx.run("keep_lease_of_node", id=node, now=now, lease_until_ms=now + lease_ms) == 1


async def stop(tx: Tx, node: Id, now: int) -> None:
    """Note that a node stops. What it still holds goes back into the queue."""
    await tx.run("free_runs_of", node=node)
    await tx.run("free_fanout_tasks_of", node=node)
    await tx.run("free_webhooks_of", node=node)
    await tx.run("forget_lane_reports", node=node)
    await tx.run("stop_node", id=node, now=now)
    tx.announce(READY, now)
    tx.announce(FANOUT, now)
    tx.announce(WEBHOOKS, now)


def lease_connection(node: Id) -> str:
    """The name under which the database knows the connection of a node's heartbeats."""
    return f"horarium lease {node.hex()}"


class OtherNodes(NamedTuple):
    """What the database knows of the nodes beside the one that asks.

    `connected` has those that have not stopped, and whether the database sees each of them connected; none where it
    cannot see that. `lapsed`: whether the lease of one is over, or something is claimed by one that is not there.
    """

    connected: Mapping[Id, bool]
    lapsed: bool


@portable
async def others(tx: Tx, me: Id, now: int) -> OtherNodes:
    """The nodes beside `me`, at an instant."""
    rows = await tx.rows("other_nodes", me=me, now=now)
    connected = {node: bool(is_connected) for node, is_connected, _ in rows if is_connected is not None}
    return OtherNodes(connected, any(lapsed for _, _, lapsed in rows))


@portable
async def free_lapsed(tx: Tx, now: int, me: Id, gone: Sequence[Id] = ()) -> int:
    """Free what belongs to nodes that are gone, under a new epoch; how many runs and fan-out tasks.

    `me` is the node that asks, which is alive. `gone` are nodes that are given up before their lease is over.
    """
    # First: a node whose heartbeat comes at the same moment goes on with all it has, or hears that it was given up.
    await tx.run("retire_nodes", now=now, me=me, gone=list(gone))
    freed = 0
    for (owner,) in await tx.rows("lapsed_owners", now=now, me=me, gone=list(gone)):
        freed += await tx.run("free_runs_of", node=owner)
        freed += await tx.run("free_fanout_tasks_of", node=owner)
        if await tx.run("free_webhooks_of", node=owner):
            tx.announce(WEBHOOKS, now)
    if freed:
        tx.count(FREED, "lapsed", freed)
        tx.announce(READY, now)
        tx.announce(FANOUT, now)
    return freed
