"""Every promise of the store is kept by both databases: each test here runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.kept_postgres import KeptPostgres
from tests.support.sqlite_schema import open_store
from tests.support.tenant import Tenant


def pytest_collection_modifyitems(items):
    """All tests of this folder run in one event loop: connections that are kept open belong to the loop that opened
    them. (pytest hands over the tests of all folders.)"""
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and item.get_closest_marker("asyncio") and "store" in item.fixturenames:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(params=["sqlite", "postgres"])
def flavour(request):
    return request.param


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kept():
    """Two nodes' stores in one PostgreSQL database, made with the first test that asks for them."""
    made = KeptPostgres("conformance", nodes=2)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def store(flavour, tmp_path, kept):
    if flavour == "postgres":
        first, _ = await kept.emptied()
        yield first
        return
    opened = open_store(tmp_path / "horarium.db")
    yield opened
    await opened.close()


@pytest.fixture
def other(store, kept):
    """A second node on the same database; on SQLite, where nodes are alone, the same store."""
    return store if store.flavour == "sqlite" else kept.stores[1]


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(store):
    return await Tenant.open(store)
