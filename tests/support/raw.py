"""A look into a database past the store: for what no verb tells."""

from __future__ import annotations

from typing import Any

from horarium.store.base import Store
from horarium.store.postgres.connection import connect
from horarium.store.sqlite import SqliteStore


async def select(store: Store, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, with what has been committed so far."""
    if isinstance(store, SqliteStore):
        return [tuple(row) for row in store.connection.execute(sql)]
    connection = await connect(store.url)  # type: ignore[attr-defined]
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
