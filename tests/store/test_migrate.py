"""A database of an earlier schema is brought up to date with all it holds."""

import pytest

from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import NO_OWNER, Policies, policies_to_text, timing_to_text
from horarium.store import migrate
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.connection import connect
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import schedules, upkeep
from horarium.times import Timing, zone_fingerprint
from tests.support.postgres import fresh_database
from tests.support.tenant import HOUR, MINUTE, NOON, Tenant

ZONE = "Europe/Berlin"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'horarium.db'}"
    return fresh_database("migrated")


async def opened(url):
    if url.startswith("sqlite"):
        return SqliteStore(url.removeprefix("sqlite:///"))
    return await PostgresStore.open(url)


async def at_schema(number, url, monkeypatch):
    """A new database as a program of that schema has made it."""
    with monkeypatch.context() as then:
        earlier = {
            name: [one for one in migrate.migrations(name) if one[0] <= number] for name in migrate._FLAVOURED
        }
        then.setattr(migrate, "migrations", earlier.__getitem__)
        await migrate.migrate(url)


def literal(url, value):
    if isinstance(value, bytes):
        return f"x'{value.hex()}'" if url.startswith("sqlite") else f"'\\x{value.hex()}'::bytea"
    return "NULL" if value is None else repr(value)


async def insert(store, url, table, **row):
    values = ", ".join(literal(url, value) for value in row.values())
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"
    if url.startswith("sqlite"):
        store.connection.execute(statement)
        return
    connection = await connect(url)
    await connection.execute(statement)
    await connection.close()


async def schedule_of_schema_2(tenant, url, slot):
    """An hourly schedule with `slot` next, as schema 2 keeps it; its id."""
    one, put = random_id(NOON), tenant.store
    timing = timing_to_text(Timing("0 * * * *", zone=ZONE))
    policies = policies_to_text(Policies(overlap=Overlap.ALLOW))
    await insert(
        put, url, "schedules", id=one, workspace_id=tenant.workspace, dialect="native", owner_id=NO_OWNER,
        target_id=tenant.target, name="Old", labels="{}", extra="{}", state="active", version=1, definition_version=1,
        created_by=tenant.principal, created_ms=NOON, updated_ms=NOON,
    )  # fmt: skip
    await insert(
        put, url, "versions", schedule_id=one, version=1, timing=timing, policies=policies, target_id=tenant.target,
        input='{"n":1}', from_ms=NOON,
    )  # fmt: skip
    await insert(
        put, url, "cursors", schedule_id=one, workspace_id=tenant.workspace, version=1, accounted_to=NOON,
        next_slot=slot, next_due=slot, zone=ZONE, zone_data=zone_fingerprint(ZONE), fires=7, succeeded=6, failed=1,
        skipped=0, open_fires=0, waiting_fires=0, failures_in_row=0,
    )  # fmt: skip
    return one


async def test_schedules_of_schema_2_go_on_where_they_stood(url, monkeypatch):
    await at_schema(2, url, monkeypatch)
    store = await opened(url)
    tenant = await Tenant.open(store)
    ids = [await schedule_of_schema_2(tenant, url, slot) for slot in (NOON + HOUR, NOON + HOUR, None)]
    await store.close()
    applied = await migrate.migrate(url)
    assert [name[:4] for name in applied if name[:4].isdigit()] == ["0003", "0003"]
    tenant.store = store = await opened(url)
    try:
        released = await tenant.release(NOON + HOUR + MINUTE)
        assert (released.schedules, released.fires, released.next_due) == (2, 2, NOON + 2 * HOUR)
        found = [await store.read(schedules.get_schedule, tenant.workspace, one) for one in ids]
        assert [one.progress.fires for one in found] == [8, 8, 7]
        assert found[0].definition.policies.overlap is Overlap.ALLOW
        monkeypatch.setattr(upkeep, "zone_fingerprint", lambda _: "newer")
        assert await store.write(upkeep.rezone, NOON + HOUR + MINUTE, 10) == 3
        assert await store.write(upkeep.rezone, NOON + HOUR + MINUTE, 10) == 0
    finally:
        await store.close()
