"""What tells that a database is ready, and how new its newest entries are."""

from horarium.domain.ids import random_id
from horarium.store.verbs import meta, readiness, runs
from tests.support.tenant import HOUR, MINUTE, NOON, Tenant


async def test_a_probe_writes_something_each_time(store):
    for now in (NOON, NOON + 1):
        await store.write(readiness.probe_commit, now)
        assert (await store.read(meta.all_meta))["probe"] == str(now)


async def test_the_newest_entry_is_the_latest_fire_or_run(tenant: Tenant, store):
    assert await store.read(readiness.newest_entry_ms) is None
    await tenant.schedule("* * * * *")
    await tenant.release(NOON + MINUTE)
    assert await store.read(readiness.newest_entry_ms) == NOON + MINUTE
    for at, newest in ((NOON + HOUR, NOON + HOUR), (NOON - HOUR, NOON + HOUR)):
        await store.write(runs.run_target, tenant.workspace, tenant.target, random_id(at), "{}", at)
        assert await store.read(readiness.newest_entry_ms) == newest
    waits = await tenant.schedule("0 * * * *", audience={"type": "users"}, now=NOON + HOUR)
    await tenant.release(NOON + 2 * HOUR)
    assert len(await tenant.fires(waits)) == 1
    assert await store.read(readiness.newest_entry_ms) == NOON + 2 * HOUR


async def test_the_schema_has_a_number(store):
    assert await store.read(readiness.schema_number) > 0
