"""The use cases of the directory: import items from a stream, read them and delete them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson

from horarium.domain.directory import KINDS, Kind, RefusedLine, read_item
from horarium.domain.errors import NotFound, Problem
from horarium.domain.ids import Id
from horarium.service.clock import Clock
from horarium.service.trail import Trail, noting, recording
from horarium.store.base import Store
from horarium.store.verbs import directory as verbs
from horarium.times.instants import utc_text

# How many lines are stored together, or not at all.
CHUNK = 1_000
# After so many refused lines the rest of a stream is not read, because it is obviously in another format.
REFUSED_LIMIT = 10_000
# How many ids of stored items an audit entry names.
IDS_IN_LOG = 20


@dataclass(slots=True)
class Imported:
    """What became of an imported stream.

    `stored` counts the stored items. `refused` are the lines with problems. `left_out` are the chunks, by
    their first and last line, that were not stored because a line in them was refused. `ended_early` tells
    that so many lines were refused that the rest was not read.
    """

    stored: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    left_out: list[tuple[int, int]] = field(default_factory=list)
    ended_early: bool = False


@dataclass(slots=True)
class _Chunk:
    """Lines that will be stored together.

    Each line is parsed as it arrives. So refused lines take no memory, and other requests do not have to wait
    while a whole chunk is parsed at once.
    """

    lines: int = 0
    first: int = 0
    last: int = 0
    rows: list[Sequence[Any]] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    def add(self, kind: Kind, line: int, item: Any, now_ms: int) -> None:
        self.lines += 1
        self.first, self.last = self.first or line, line
        row, problem = (None, item) if isinstance(item, Problem) else read_item(kind, item, now_ms)
        if row is not None:
            self.rows.append(row)
        elif problem is not None:
            self.refused.append(RefusedLine(line, problem))


@dataclass(frozen=True, slots=True)
class DirectoryService:
    """`kind` is always the name of a kind of item; an unknown one raises NotFound. Items are shown as they were sent,
    under the declared names of their fields."""

    store: Store
    clock: Clock

    async def put(
        self, workspace_id: Id, kind: str, items: AsyncGenerator[tuple[int, Any], None]
    ) -> Imported:
        """Create or replace items by their ids, from a stream of (line number, item) pairs.

        The stream is stored in chunks of CHUNK lines, each as a whole or not at all. An item is what
        the caller sent, or a Problem if its line could not be read. Refused lines are part of the
        result and do not raise. The stream is closed, also where the rest of it is not read.
        """
        found = kind_of(kind)
        imported = Imported()
        chunk = _Chunk()
        async with aclosing(items):
            async for line, item in items:
                chunk.add(found, line, item, self.clock.now_ms())
                if chunk.lines >= CHUNK:
                    await self._store(workspace_id, found, chunk, imported)
                    chunk = _Chunk()
                    if len(imported.refused) >= REFUSED_LIMIT:
                        imported.ended_early = True
                        return imported
        if chunk.lines:
            await self._store(workspace_id, found, chunk, imported)
        return imported

    async def _store(self, workspace_id: Id, kind: Kind, chunk: _Chunk, imported: Imported) -> None:
        if chunk.refused:
            imported.refused += chunk.refused
            imported.left_out.append((chunk.first, chunk.last))
            return
        now = self.clock.now_ms()
        # What items say is about people, who are not part of the log: it has counts and the first ids.
        said = {"count": len(chunk.rows), "first_ids": [str(row[0]) for row in chunk.rows[:IDS_IN_LOG]]}
        entry = Trail(workspace_id, now).entry("directory.put", "directory", kind.name, after=said)
        verb = noting(verbs.put_items, entry)
        imported.stored += await self.store.write(verb, workspace_id, kind.name, chunk.rows, now)

    async def get(self, workspace_id: Id, kind: str, an_id: str) -> dict[str, Any]:
        """One item by its id. Raises NotFound."""
        row = await self.store.read(verbs.get_item, workspace_id, kind_of(kind).name, an_id)
        if row is None:
            raise NotFound(kind.removesuffix("s"), an_id)
        return shown(KINDS[kind], row)

    async def list(self, workspace_id: Id, kind: str, after: str, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` items in the order of their ids, from the first one after the id `after`."""
        rows = await self.store.read(verbs.list_items, workspace_id, kind_of(kind).name, after, limit)
        return [shown(KINDS[kind], row) for row in rows]

    async def delete(self, workspace_id: Id, kind: str, an_id: str) -> None:
        """Delete one item by its id. Raises NotFound."""
        trail = Trail(workspace_id, self.clock.now_ms())
        entry = trail.entry("directory.deleted", "directory", kind_of(kind).name, before={"id": an_id})
        verb = recording(verbs.delete_item, lambda gone: [entry] if gone else [])
        if not await self.store.write(verb, workspace_id, kind_of(kind).name, an_id):
            raise NotFound(kind.removesuffix("s"), an_id)


def kind_of(name: str) -> Kind:
    """The kind of item with a name. Raises NotFound."""
    if name not in KINDS:
        raise NotFound("directory", name)
    return KINDS[name]


def shown(kind: Kind, row: Any) -> dict[str, Any]:
    """A stored item as it is shown. Importing it again changes nothing."""
    item: dict[str, Any] = {"id": row["id"]}
    for declared in kind.fields:
        value = row[declared.name]
        if value is not None and declared.type == "instant":
            value = utc_text(value // 1000)
        elif value is not None and declared.type == "number":
            value = orjson.loads(value)
        item[declared.name] = value
    if kind.custom:
        custom: Mapping[str, Any] = {} if row["custom"] is None else orjson.loads(row["custom"])
        item["custom_fields"] = custom
    return item
