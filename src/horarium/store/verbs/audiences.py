"""The sources that workspaces have set up for their audiences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from horarium.domain.audience import StoredSource
from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import Id
from horarium.store.base import Tx


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
    tx: Tx, before: StoredSource | None, after: StoredSource, now: int, most: int
) -> StoredSource | None:
    """Store a source in place of `before`, or as a new one (None). None where what is stored is another than `before`:
    the source was changed meanwhile.

    Raises Invalid (quota) where the workspace would have more than `most` sources.
    """
    await tx.run("hold_sources", workspace_id=after.workspace_id)
    if await get_source(tx, after.workspace_id, after.name) != before:
        return None
    if before is None:
        row = await tx.row("count_sources", workspace_id=after.workspace_id)
        if row[0] >= most:
            words = f"would be one more than the {most} sources that a workspace may have; delete one first"
            raise Invalid(Problem("name", words, "quota"))
    return await put_source(tx, after, now)


async def get_source(tx: Tx, workspace_id: Id, name: str) -> StoredSource | None:
    """The source of a workspace with a name, or None."""
    row = await tx.row("get_source", workspace_id=workspace_id, name=name)
    return None if row is None else _source_from_row(row)


async def list_sources(tx: Tx, workspace_id: Id) -> list[StoredSource]:
    """All sources of a workspace, in the order of their names."""
    return [_source_from_row(row) for row in await tx.rows("list_sources", workspace_id=workspace_id)]


async def delete_source(tx: Tx, workspace_id: Id, name: str) -> bool:
    """Remove a source. False where the workspace has none with this name."""
    return await tx.run("delete_source", workspace_id=workspace_id, name=name) == 1
