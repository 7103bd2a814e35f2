"""A PostgreSQL database with our schema whose connections stay open from test to test: to open them, and to plan every
statement anew, takes most of the time of a test. All tests that use one run in the same event loop."""

from __future__ import annotations

from typing import Any

from horarium.store.figures import StoreFigures
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.connection import connect
from tests.support.poolers import opened
from tests.support.postgres import migrated_database

# Deletes every row. PostgreSQL plans the statements of a function once in a connection.
_MAKE_EMPTY = """
DO $make$ BEGIN EXECUTE (
    SELECT format('CREATE FUNCTION make_empty() RETURNS void LANGUAGE plpgsql AS $body$ BEGIN %s END $body$',
        string_agg(format('DELETE FROM %I;', relname), ' ' ORDER BY oid DESC))
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_migrations'
); END $make$
"""


# The databases of `emptied_database`, by their names.
_urls: dict[str, str] = {}


async def emptied_database(name: str) -> str:
    """The URL of a database with our schema and no row, to which nobody else is connected. All tests of this process
    that give the same name use the same one, one after another: that takes less time than to make one for each."""
    known = name in _urls
    if not known:
        _urls[name] = await migrated_database(name)
    connection = await connect(_urls[name])
    await connection.execute("SELECT make_empty()" if known else _MAKE_EMPTY)
    await connection.close()
    return _urls[name]


class KeptPostgres:
    """`stores` are those of so many nodes, which are not told of each other's commits."""

    def __init__(self, name: str, nodes: int) -> None:
        self._name, self._nodes = name, nodes
        self.stores: list[PostgresStore] = []
        self._emptying: Any = None

    async def emptied(self) -> list[PostgresStore]:
        """The stores as if they had just been opened on an empty database."""
        if not self.stores:
            url = await migrated_database(self._name)
            self._emptying = await connect(url)
            await self._emptying.execute(_MAKE_EMPTY)
            self.stores = [await opened(url, notify=False) for _ in range(self._nodes)]
        await self._emptying.execute("SELECT make_empty()")
        for store in self.stores:
            store.figures, store.recording = StoreFigures(), frozenset()
            store._signals.clear()
        return self.stores

    async def close(self) -> None:
        for store in self.stores:
            await store.close()
        if self._emptying is not None:
            await self._emptying.close()
