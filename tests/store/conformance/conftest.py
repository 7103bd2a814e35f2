"""Every promise of the store is kept by both databases: each test here runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
import pytest_asyncio

from horarium.store.postgres import PostgresStore
from horarium.store.postgres.connection import connect
from tests.support.postgres import migrated_database
from tests.support.sqlite_schema import open_store
from tests.support.tenant import Tenant

_made: dict[str, str] = {}
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_migrations' ORDER BY oid DESC
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$
"""


@pytest.fixture(params=["sqlite", "postgres"])
def flavour(request):
    return request.param


@pytest_asyncio.fixture
async def store(flavour, tmp_path):
    if flavour == "sqlite":
        opened = open_store(tmp_path / "horarium.db")
        yield opened
        await opened.close()
        return
    opened = await PostgresStore.open(await _empty_database())
    yield opened
    await opened.close()


async def _empty_database() -> str:
    """One database for all tests of this process, emptied for each: faster than one for each."""
    if "url" not in _made:
        _made["url"] = await migrated_database("conformance")
    connection = await connect(_made["url"])
    await connection.execute(_EMPTY)
    await connection.close()
    return _made["url"]


@pytest_asyncio.fixture
async def other(store):
    """A second node on the same database; on SQLite, where nodes are alone, the same store."""
    if store.flavour == "sqlite":
        yield store
        return
    opened = await PostgresStore.open(store.url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def tenant(store):
    return await Tenant.open(store)
