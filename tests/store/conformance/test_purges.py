"""A deleted workspace stops at once, can be had back for a while, and then leaves nothing behind."""

from collections import Counter

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp, Policies
from horarium.store.statements import load
from horarium.store.verbs import pauses, purges, tenancy
from tests.store.conformance.test_erasures import PLANTED, begin, plant
from tests.store.conformance.test_strangers import WRITTEN, Owner
from tests.support.all_rows import all_rows, names_any
from tests.support.tenant import DAY, HOUR, MINUTE, NOON, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)


async def delete(store, tenant, now=NOON, days=7):
    return await store.write(
        purges.delete_workspace, tenant.workspace, now, now + days * DAY, tenant.principal
    )


async def purge(store, now):
    steps = 0
    while await store.write(purges.purge_piece, now) is not None:
        steps += 1
    return steps


async def test_a_deleted_workspace_is_not_found_and_fires_nothing(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    deleted = await delete(store, tenant)
    assert (deleted.deleted_ms, deleted.purge_ms) == (NOON, NOON + 7 * DAY)
    assert await store.read(tenancy.get_workspace, tenant.workspace) is None
    await tenant.release(NOON + MINUTE)
    assert await tenant.fires(schedule) == []
    (waiting,) = await store.read(purges.deleted_workspaces, LOWEST_ID, 10)
    assert waiting.id == tenant.workspace
    with pytest.raises(NotFound):
        await delete(store, tenant)


async def test_a_deleted_workspace_that_is_had_back_goes_on_from_then(tenant, store):
    schedule = await tenant.schedule("0 * * * *", ALLOW)
    await delete(store, tenant)
    await tenant.release(NOON + HOUR)
    back = await store.write(purges.undelete_workspace, tenant.workspace, NOON + 2 * HOUR + MINUTE)
    assert (back.deleted_ms, back.purge_ms) == (None, None)
    assert await store.read(pauses.pauses_in_force, tenant.workspace, NOON + 2 * HOUR + MINUTE) == []
    await tenant.release(NOON + 2 * HOUR + MINUTE)
    await tenant.release(NOON + 3 * HOUR)
    assert [(fire.slot_ms - NOON) // HOUR for fire in await tenant.fires(schedule)] == [3]
    with pytest.raises(NotFound):
        await store.write(purges.undelete_workspace, tenant.workspace, NOON + 3 * HOUR)


async def test_a_pause_from_before_a_deletion_goes_on_when_the_workspace_is_had_back(tenant, store):
    own = Pause(random_id(NOON), tenant.workspace, None, NOON, NOON + 9 * HOUR, CatchUp.NONE, "repairs")
    await store.write(pauses.add_pause, own)
    await delete(store, tenant)
    await store.write(purges.undelete_workspace, tenant.workspace, NOON + 2 * HOUR)
    (left,) = await store.read(pauses.pauses_in_force, tenant.workspace, NOON + 2 * HOUR)
    assert (left.id, left.ends_ms, left.note) == (own.id, NOON + 9 * HOUR, "repairs")


async def test_before_its_time_nothing_is_purged_and_after_it_there_is_no_way_back(tenant, store):
    await delete(store, tenant, days=7)
    assert await purge(store, NOON + 7 * DAY - 1) == 0
    with pytest.raises(NotFound):
        await store.write(purges.undelete_workspace, tenant.workspace, NOON + 7 * DAY)
    assert await purge(store, NOON + 7 * DAY) > 0
    assert await store.read(purges.deleted_workspaces, LOWEST_ID, 10) == []


async def test_after_a_purge_no_row_of_any_table_is_of_the_workspace_and_others_have_all_of_theirs(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(purges, "PIECE", 2)
    other = await Tenant.open(store)
    await plant(store, other)
    theirs = await all_rows(store)
    tenant = await Tenant.open(store)
    await plant(store, tenant)
    await begin(store, tenant)
    await tenant.schedules(5, "0 0 1 1 *")
    rows = (await all_rows(store) - theirs).items()
    ours = [row for row, _ in rows if row[0] != "nodes"]  # those are of the server
    ids = {value for row in ours for value in row if isinstance(value, bytes) and len(value) == 16}
    ids -= {value for row in theirs for value in row if isinstance(value, bytes)}
    ids -= {row[1] for row, _ in (await all_rows(store)).items() if row[0] == "nodes"}
    assert len({row[0] for row in ours}) > 15
    await delete(store, tenant, days=0)
    assert await purge(store, NOON) > 5
    left = await all_rows(store)
    assert [row for row in left if names_any(row, ids)] == []
    assert {row[0] for row in theirs - left} <= {"counters"}  # the numbers of targets go on
    assert any(value in repr(row) for row in left for value in PLANTED)  # those of the other workspace


async def test_a_step_of_a_purge_deletes_no_more_rows_of_a_table_than_a_piece_has(tenant, store, monkeypatch):
    """Whatever their ids are: another workspace may have the same in its directory."""
    monkeypatch.setattr(purges, "PIECE", 2)
    statements = [load(store.flavour)[name] for group in purges._PIECES for name in group]
    tables = {WRITTEN.search(statement.sql)[2] for statement in statements}
    for number in range(2, 7):
        await store.urgent(Owner(number, workspace=tenant.workspace).enter, tables | {"webhooks"})
    of_others = {table for table in tables if table.startswith("directory_")}
    await store.urgent(Owner(2, workspace=(await Tenant.open(store)).workspace).enter, of_others)
    await delete(store, tenant, days=0)
    left, lost, steps = count(await all_rows(store)), Counter(), 0
    assert min(left[table] for table in tables) >= 5
    while await store.write(purges.purge_piece, NOON) is not None:
        before, left, steps = left, count(await all_rows(store)), steps + 1
        lost |= before - left
    assert {lost[table] for table in tables} == {2}
    assert steps > 3 * len(purges._PIECES)
    assert {table for table in tables if left[table]} == of_others


def count(rows):
    """How many rows each table has."""
    return Counter(row[0] for row in rows.elements())


async def test_who_has_acted_in_another_workspace_can_be_purged(tenant, store):
    """A grant in one workspace may be that of a principal of another."""
    other = await Tenant.open(store)
    tenant.principal, own = other.principal, tenant.principal
    await tenant.add_target()
    tenant.principal = own
    await delete(store, other, days=0)
    await purge(store, NOON)
    assert await store.read(purges.deleted_workspaces, LOWEST_ID, 10) == []
