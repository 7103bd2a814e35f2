"""Sealed values, wherever they stand, for sealing them anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from horarium.domain.ids import LOWEST_ID, Id
from horarium.store.base import Tx

PLACES = ("targets", "sources", "versions")
# Before every sealed value: where reading them in order of (id, version) begins.
BEFORE_ALL: tuple[Id, int] = (LOWEST_ID, 0)


class Sealed(NamedTuple):
    """A sealed value and what it belongs to; `version` counts only among a schedule's."""

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
    """The next sealed values of one of PLACES."""
    given = {"after": after[0], "limit": limit} | ({"version": after[1]} if place == "versions" else {})
    rows = await tx.rows(f"sealed_{place}", **given)
    return [Sealed._make(row) for row in rows]


async def reseal(tx: Tx, place: str, found: Sequence[tuple[Sealed, bytes]]) -> int:
    """Put new blobs in the place of old ones, unless those have been changed since; how many."""
    if not found:
        return 0
    rows = [Resealed(*old, new) for old, new in found]
    return await tx.many(f"reseal_{place}", rows)
