"""What one node does at a time, the others wait for or pass over."""

import pytest
import pytest_asyncio

from horarium.store.verbs import audit, events
from tests.support.poolers import opened
from tests.support.postgres import drop_database, migrated_database
from tests.support.raw import select
from tests.support.tenant import NOON, Tenant


@pytest_asyncio.fixture
async def stores():
    """Those of two nodes."""
    url = await migrated_database("alone")
    made = await opened(url), await opened(url)
    yield made
    for store in made:
        await store.close()
    drop_database(url)


@pytest.mark.parametrize(
    ("name", "verb"),
    [(events.PUBLISHER, events.publish), (audit.LINKER, audit.link_pending)],
    ids=["events", "audit"],
)
async def test_events_and_the_audit_log_are_numbered_by_one_node_at_a_time(stores, name, verb):
    store, other = stores
    await Tenant.open(store)
    free = f"SELECT name FROM meta WHERE name = '{name}' FOR UPDATE SKIP LOCKED"
    await store.write(verb, NOON)

    async def under_way(tx):
        await verb(tx, NOON)
        return await select(other, free)

    assert await store.write(under_way) == []
    assert await select(other, free) == [(name,)]
