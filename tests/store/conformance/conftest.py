"""Every promise of the store is kept by both databases: each test here runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
import pytest_asyncio

from horarium.store.migrate import migrate, migrate_sqlite
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from tests.support.postgres import clone_database, drop_database, fresh_database
from tests.support.tenant import Tenant

_made: dict[str, str] = {}


async def _template() -> str:
    """A migrated database to copy for each test: faster than migrating each."""
    if "url" not in _made:
        url = fresh_database("template")
        await migrate(url)
        _made["url"] = url
    return _made["url"]


@pytest.fixture(params=["sqlite", "postgres"])
def flavour(request):
    return request.param


@pytest_asyncio.fixture
async def store(flavour, tmp_path):
    if flavour == "sqlite":
        opened = SqliteStore(tmp_path / "horarium.db")
        migrate_sqlite(opened.connection)
        yield opened
        await opened.close()
        return
    url = clone_database(await _template())
    opened = await PostgresStore.open(url)
    yield opened
    await opened.close()
    drop_database(url)


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
