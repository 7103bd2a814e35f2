"""Sealed values wherever they are stored, read so that they can be sealed with another key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from horarium.domain.ids import LOWEST_ID, Id
from horarium.store.base import Tx

PLACES = ("targets", "sources", "versions", "webhooks")
# Before every sealed value: where reading them in order of (id, version) begins.
BEFORE_ALL: tuple[Id, int] = (LOWEST_ID, 0)


class Sealed(NamedTuple):
    """A sealed value and the id of what it belongs to. `version` is that of a schedule's definition, and 0
    elsewhere."""

    id: Id
    version: int
    blob: bytes


class Resealed(NamedTuple):
    """A sealed value, and what takes its place."""

    id: Id
    version: int
    old: bytes
    sealed: bytes


async def sealed(tx: Tx, place: str, after: tuple[Id, int], limit: int) -> list[Sealed]:
    """Up to `limit` sealed values of one of PLACES, in the order of (id, version), after `after`."""
    given = {"after": after[0], "limit": limit} | ({"version": after[1]} if place == "versions" else {})
    rows = await tx.rows(f"sealed_{place}", **given)
    return [Sealed._make(row) for row in rows]


async def reseal(tx: Tx, place: str, found: Sequence[tuple[Sealed, bytes]]) -> int:
    """Replace sealed values, except those that have been changed since they were read; how many."""
    if not found:
        return 0
    rows = [Resealed(*old, new) for old, new in found]
    return await tx.many(f"reseal_{place}", rows)
