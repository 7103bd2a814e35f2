"""The sources that workspaces have set up for their audiences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from horarium.domain.audience import StoredSource
from horarium.domain.errors import Conflict, Invalid, NotFound, Problem
from horarium.domain.ids import Id
from horarium.store.base import Duplicate, Tx
from horarium.store.verbs.targets import OFF_AT_HOME
from horarium.store.verbs.tenancy import hold_workspace

# Sources of a workspace. A list shows all of them at once.
MOST_SOURCES = 200
# Why a mirror of a source is not changed.
MIRROR = "the source is shared from another workspace, and is changed there alone"


class _StoredSourceRow(NamedTuple):
    """The columns of `source_columns` in audiences.sql."""

    workspace_id: Id
    name: str
    id: Id
    type: str
    config: str
    created_ms: int
    updated_ms: int
    secrets: bytes | None
    shared_from: Id | None
    off_reason: str | None


def _source_from_row(row: Sequence[Any]) -> StoredSource:
    stored = _StoredSourceRow._make(row)
    return StoredSource(
        stored.workspace_id,
        stored.name,
        stored.id,
        stored.type,
        orjson.loads(stored.config),
        stored.created_ms,
        stored.updated_ms,
        stored.secrets,
        stored.shared_from,
        stored.off_reason,
    )


async def put_source(tx: Tx, source: StoredSource, now: int) -> StoredSource:
    """Store a source under its name, in place of the one that has this name. The source as it is stored then: one
    that existed keeps its id and the time of its creation."""
    await tx.run(
        "put_source",
        workspace_id=source.workspace_id,
        name=source.name,
        id=source.id,
        type=source.type,
        config=orjson.dumps(source.config).decode(),
        secrets=source.sealed,
        now=now,
    )
    found = await get_source(tx, source.workspace_id, source.name)
    assert found is not None
    return found


async def replace_source(
    tx: Tx, before: StoredSource | None, after: StoredSource, now: int, most: int = MOST_SOURCES
) -> StoredSource | None:
    """Store a source in place of `before`, or as a new one (None), and let its mirrors in other workspaces follow. None
    where what is stored is another than `before`: the source was changed meanwhile.

    Raises Invalid (quota) where the workspace would have more than `most` sources, and Conflict for a mirror.
    """
    await hold_workspace(tx, after.workspace_id)
    if await get_source(tx, after.workspace_id, after.name) != before:
        return None
    if before is None:
        await _refuse_more(tx, after.workspace_id, most)
    elif before.shared_from is not None:
        raise Conflict(MIRROR, "state")
    stored = await put_source(tx, after, now)
    await follow_source(tx, stored.workspace_id, stored.id, now)
    return stored


async def _refuse_more(tx: Tx, workspace_id: Id, most: int) -> None:
    row = await tx.row("count_sources", workspace_id=workspace_id)
    if row[0] >= most:
        words = f"would be one more than the {most} sources that a workspace may have; delete one first"
        raise Invalid(Problem("name", words, "quota"))


async def add_source_mirror(tx: Tx, mirror: StoredSource) -> None:
    """Store a mirror of a source of another workspace. Raises Invalid (quota), Conflict (key_taken)."""
    await _refuse_more(tx, mirror.workspace_id, MOST_SOURCES)
    try:
        await tx.run(
            "insert_source_mirror",
            workspace_id=mirror.workspace_id,
            name=mirror.name,
            id=mirror.id,
            type=mirror.type,
            shared_from=mirror.shared_from,
            now=mirror.created_ms,
        )
    except Duplicate:
        raise name_taken(mirror.name) from None


def name_taken(name: str) -> Conflict:
    """Another source of the workspace has this name."""
    return Conflict(f"a source with the name {name!r} exists already; choose another", "key_taken", "name")


async def follow_source(tx: Tx, workspace_id: Id, source_id: Id, now: int) -> None:
    """Let the mirrors of a source become what it is now."""
    await tx.run("follow_source", workspace_id=workspace_id, id=source_id, reason=OFF_AT_HOME, now=now)


async def follow_sources(tx: Tx, workspace_id: Id, now: int) -> None:
    """Let the mirrors of all sources of a workspace become what these are now, because the workspace was deleted or is
    there again."""
    await tx.run("follow_sources", workspace_id=workspace_id, reason=OFF_AT_HOME, now=now)


async def get_source(tx: Tx, workspace_id: Id, name: str) -> StoredSource | None:
    """The source of a workspace with a name, or None."""
    row = await tx.row("get_source", workspace_id=workspace_id, name=name)
    return None if row is None else _source_from_row(row)


async def source_with_id(tx: Tx, workspace_id: Id, source_id: Id) -> StoredSource:
    """The source of a workspace with an id. Raises NotFound."""
    row = await tx.row("get_source_by_id", workspace_id=workspace_id, id=source_id)
    if row is None:
        raise NotFound("audience source")
    return _source_from_row(row)


async def source_to_read(
    tx: Tx, workspace_id: Id, name: str
) -> tuple[StoredSource | None, StoredSource | None]:
    """The source of a workspace with a name, and the source whose configuration counts: that one or, of a mirror, the
    source of another workspace behind it, as long as it is shared."""
    found = await get_source(tx, workspace_id, name)
    if found is None or (found.shared_from is None and found.off_reason is None):
        return found, found
    row = await tx.row("source_behind", workspace_id=workspace_id, name=name)
    return found, None if row is None else _source_from_row(row)


async def list_sources(tx: Tx, workspace_id: Id) -> list[StoredSource]:
    """All sources of a workspace, in the order of their names."""
    return [_source_from_row(row) for row in await tx.rows("list_sources", workspace_id=workspace_id)]


async def delete_source(tx: Tx, workspace_id: Id, name: str) -> StoredSource | None:
    """Remove a source; the source as it was, None where the workspace has none with this name. Raises Conflict for one
    that is shared."""
    await hold_workspace(tx, workspace_id)
    found = await get_source(tx, workspace_id, name)
    if found is None:
        return None
    if await tx.row("any_mirror_source", workspace_id=workspace_id, shared_id=found.id) is not None:
        raise Conflict(
            "the source is shared with other workspaces: end that first (DELETE .../shares/...)", "in_use"
        )
    await tx.run("delete_source", workspace_id=workspace_id, name=name)
    return found
