"""Nodes: who is there, who is gone, and whose runs go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from horarium.domain.ids import Id
from horarium.store.base import FANOUT, READY, Tx


@dataclass(frozen=True, slots=True)
class Node:
    """A process that works on this database. `lease_ms`: the instant until which it counts as alive."""

    id: Id
    name: str
    roles: str
    software: str
    zone_data: str
    started_ms: int
    seen_ms: int
    lease_ms: int
    stopped_ms: int | None = None


async def register(tx: Tx, node: Node, alone: bool) -> None:
    """Enter a node, or enter it again after its lease has lapsed. `alone`: nobody else can be at work on this
    database, so whatever is claimed is free again."""
    if alone:
        await tx.run("retire_all_nodes", now=node.started_ms)
        await tx.run("free_everything")
        await tx.run("free_every_fanout")
    await tx.run(
        "insert_node",
        id=node.id,
        name=node.name,
        roles=node.roles,
        software=node.software,
        zone_data=node.zone_data,
        now=node.started_ms,
        lease_ms=node.lease_ms,
    )
    tx.announce(READY, node.started_ms)
    tx.announce(FANOUT, node.started_ms)


async def heartbeat(tx: Tx, node: Id, now: int, lease_ms: int) -> bool:
    """Keep the lease; False where the node has been given up meanwhile."""
    return await tx.run("beat_node", id=node, now=now, lease_ms=now + lease_ms) == 1


async def stop(tx: Tx, node: Id, now: int) -> None:
    """Say goodbye; whatever is still claimed goes back."""
    await tx.run("free_runs_of", node=node)
    await tx.run("free_fanouts_of", node=node)
    await tx.run("stop_node", id=node, now=now)
    tx.announce(READY, now)
    tx.announce(FANOUT, now)


def lease_connection(node: Id) -> str:
    """The name under which the database knows the connection of a node's heartbeats."""
    return f"horarium lease {node.hex()}"


async def connected(tx: Tx, me: Id) -> dict[Id, bool]:
    """The other nodes that have not said goodbye, and whether each is seen to be connected."""
    return {row["id"]: bool(row["connected"]) for row in await tx.rows("other_nodes", me=me)}


async def free_lapsed(tx: Tx, now: int, me: Id, gone: Sequence[Id] = ()) -> int:
    """Give back what belongs to nodes that are gone, under a new epoch; how many runs and readings of
    audiences.

    `me` asks, so it is there. `gone` are nodes to be given up before their lease is over.
    """
    freed = 0
    for row in await tx.rows("lapsed_owners", now=now, me=me, gone=list(gone)):
        freed += await tx.run("free_runs_of", node=row["owner"])
        freed += await tx.run("free_fanouts_of", node=row["owner"])
    await tx.run("retire_nodes", now=now, me=me, gone=list(gone))
    if freed:
        tx.announce(READY, now)
        tx.announce(FANOUT, now)
    return freed


async def list_nodes(tx: Tx, since_ms: int) -> list[Node]:
    """Nodes that are there, and those that stopped after an instant."""
    rows: Sequence[Any] = await tx.rows("list_nodes", since=since_ms)
    return [
        Node(
            row["id"],
            row["name"],
            row["roles"],
            row["software"],
            row["zone_data"],
            row["started_ms"],
            row["seen_ms"],
            row["lease_ms"],
            row["stopped_ms"],
        )
        for row in rows
    ]
