"""The directory: items are put, read and removed, and read as audiences. Rows have the columns of their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from horarium.domain.ids import Id
from horarium.store.base import Tx


async def put_items(tx: Tx, workspace_id: Id, kind: str, items: Sequence[Sequence[Any]], now: int) -> int:
    """Store items by id, all or none, in place of those with the same ids; how many were given. An item is its id
    and the values of its kind's columns, in their order."""
    latest = {item[0]: item for item in items}
    # In one order, so that no two that put the same items wait for each other.
    rows = [(workspace_id, *latest[an_id], now) for an_id in sorted(latest)]
    if rows:
        await tx.many(f"put_{kind}", rows)
    return len(items)


async def get_item(tx: Tx, workspace_id: Id, kind: str, an_id: str) -> Any:
    """The row of an item, or None where the workspace has none with this id."""
    return await tx.row(f"get_{kind}", workspace_id=workspace_id, id=an_id)


async def list_items(tx: Tx, workspace_id: Id, kind: str, after: str, limit: int) -> Sequence[Any]:
    """Up to `limit` rows in the order of their ids, after the id `after`."""
    return await tx.rows(f"list_{kind}", workspace_id=workspace_id, after=after, limit=limit)


async def delete_item(tx: Tx, workspace_id: Id, kind: str, an_id: str) -> bool:
    """Remove an item. False where the workspace has none with this id."""
    return await tx.run(f"delete_{kind}", workspace_id=workspace_id, id=an_id) == 1


async def count_audience(tx: Tx, kind: str, most: int, params: Mapping[str, Any]) -> int:
    """How many items an audience has, counted up to `most`."""
    return int((await tx.row(f"count_{kind}", most=most, **params))[0])


async def audience_page(
    tx: Tx, kind: str, after: str, limit: int, params: Mapping[str, Any]
) -> Sequence[Any]:
    """Up to `limit` items of an audience in the order of their ids, after the id `after`."""
    return await tx.rows(f"page_of_{kind}", after=after, limit=limit, **params)


async def assignee_page(
    tx: Tx, after: str, limit: int, most_tasks: int, params: Mapping[str, Any], names: Any
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Up to `limit` assignees after the id `after`, and up to `most_tasks` tasks of each, those due soonest first.
    `names` makes a JSON array of their ids."""
    assignees = await tx.rows("page_of_assignees", after=after, limit=limit, **params)
    if not assignees:
        return assignees, ()
    listed = names([row[0] for row in assignees])
    tasks_params = {name: value for name, value in params.items() if name != "after"}
    return assignees, await tx.rows("tasks_of_assignees", assignees=listed, most=most_tasks, **tasks_params)
