"""A deleted workspace stops at once, can be had back for a while, and then leaves nothing behind."""

from collections import Counter
from dataclasses import replace

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.events import quota_near
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.retry import Retry
from horarium.domain.schedule import CatchUp, Policies
from horarium.store.statements import load
from horarium.store.verbs import audit, directory, dispatch, events, pauses, purges, release, tenancy
from horarium.store.verbs.changes import change_schedule
from horarium.store.verbs.creation import create_schedules
from horarium.worker.work import judge
from tests.store.conformance.test_audit import entry
from tests.store.conformance.test_erasures import PLANTED, begin, plant
from tests.store.conformance.test_strangers import WRITTEN, Owner
from tests.support.all_rows import all_rows, names_any
from tests.support.interleaved import meeting
from tests.support.tenant import DAY, HOUR, MINUTE, NOON, TRY_AGAIN, Node, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)
AUDIT = "audit_chains", "audit_entries", "audit_links"


async def delete(store, tenant, now=NOON, days=7):
    return await store.write(
        purges.delete_workspace, tenant.workspace, now, now + days * DAY, tenant.principal
    )


async def purge(store, now):
    """Purge what there is to purge at an instant, and what is looked at again after that."""
    steps = 0
    for look in range(3):
        while await store.write(purges.purge_piece, now + look * purges.AGAIN_MS) is not None:
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
    assert await store.write(purges.purge_piece, NOON + 7 * DAY - 1) is None
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
    other = await Tenant.open(store)
    for number in range(3, 8):
        await store.urgent(Owner(number, workspace=tenant.workspace).enter, tables | {"webhooks"})
    of_others = {table for table in tables if table.startswith("directory_")}
    await store.urgent(Owner(3, workspace=other.workspace).enter, of_others)
    of_others |= {"principals", "keys", "grants", "targets"}
    await delete(store, tenant, days=0)
    left, lost, steps = count(await all_rows(store)), Counter(), 0
    assert min(left[table] for table in tables) >= 5
    while await store.write(purges.purge_piece, NOON) is not None:
        before, left, steps = left, count(await all_rows(store)), steps + 1
        lost |= before - left
    assert lost["row_locks"] == 1  # those of one schedule at a time
    assert {lost[table] for table in tables - {"row_locks"}} == {2}
    assert steps >= 3 * len(purges._PIECES)
    assert {table for table in tables if left[table]} == of_others


HANGING = {
    "insert_spans": lambda n, of: (
        of["schedules"],
        NOON + n,
        NOON + n,
        1,
        "paused",
        1,
        NOON,
        of["workspaces"],
    ),
    "insert_versions": lambda n, of: (
        of["schedules"],
        100 + n,
        "{}",
        "{}",
        b"t" * 16,
        None,
        None,
        None,
        NOON,
    ),
    "insert_labels": lambda n, of: (of["workspaces"], f"more {n}", "", of["schedules"]),
    "insert_spool": lambda n, of: (of["fires"], 100 + n, f"row {n}", "{}"),
    "insert_attempts": lambda n, of: (of["runs"], 100 + n, NOON, NOON, 500, None),
    "lock_rows": lambda n, of: (of["schedules"], f"row {n}", of["runs"]),
}


async def test_however_much_hangs_on_one_thing_a_step_deletes_no_more_of_it_than_a_piece(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(purges, "PIECE", 2)
    owner = Owner(3, workspace=tenant.workspace)
    await store.urgent(owner.enter, {"schedules", "fires", "runs"})
    of = {table: owner.id_of(table) for table in ("workspaces", "schedules", "fires", "runs")}

    async def hang(tx):
        for statement, row in HANGING.items():
            await tx.many(statement, [row(n, of) for n in range(5)])

    await store.urgent(hang)
    await delete(store, tenant, days=0)
    left, lost = count(await all_rows(store)), Counter()
    while await store.write(purges.purge_piece, NOON) is not None:
        before, left = left, count(await all_rows(store))
        lost |= before - left
    assert max(lost.values()) == 2
    tables = ("spans", "versions", "labels", "spool", "attempts", "row_locks")
    assert {table: left[table] for table in tables} == dict.fromkeys(tables, 0)
    assert left["schedules"] == left["fires"] == left["runs"] == 0


async def test_a_step_of_a_purge_deletes_few_bytes_and_one_row_at_least(tenant, store):
    """200 versions with inputs of a megabyte held SQLite's writer for 2.6 s."""
    owner = Owner(3, workspace=tenant.workspace)
    await store.urgent(owner.enter, {"schedules", "fires"})
    schedule, fire = owner.id_of("schedules"), owner.id_of("fires")
    large = f'"{"x" * 300_000}"'

    async def hang(tx):
        for n in range(5):
            row = schedule, 100 + n, "{}", "{}", b"t" * 16, large, None, None, NOON
            await tx.many("insert_versions", [row])
            await tx.many("insert_spool", [(fire, 100 + n, f"row {n}", large)])

    await store.urgent(hang)
    await delete(store, tenant, days=0)
    left, steps = count(await all_rows(store)), []
    while await store.write(purges.purge_piece, NOON) is not None:
        before, left = left, count(await all_rows(store))
        steps.append(before - left)
    for table in ("versions", "spool"):
        assert max(step[table] for step in steps) == 2
        assert left[table] == 0


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


async def test_a_workspace_whose_purge_has_begun_is_not_had_back_by_a_node_whose_clock_is_behind(
    tenant, store
):
    await tenant.schedule()
    await delete(store, tenant, days=1)
    assert await store.write(purges.purge_piece, NOON + DAY) == tenant.workspace
    assert await store.read(purges.deleted_workspaces, LOWEST_ID, 10) == []
    with pytest.raises(NotFound):
        await store.write(purges.undelete_workspace, tenant.workspace, NOON + DAY - 1)


async def creates(tenant, node):
    return create_schedules, [replace(tenant.made, id=random_id(NOON))]


async def names_anew(tenant, node):
    return (
        change_schedule,
        tenant.workspace,
        tenant.made.id,
        lambda one: replace(one, labels={"a": "b"}),
        NOON,
    )


async def changes(tenant, node):
    def change(one):
        definition = replace(one.definition, input={"mail": "ann@example.com"})
        return replace(one, labels={"a": "b"}, definition=definition)

    return change_schedule, tenant.workspace, tenant.made.id, change, NOON


async def fills_the_directory(tenant, node):
    return directory.put_items, tenant.workspace, "users", [("u", "ann@example.com", None, None)], NOON


async def releases(tenant, node):
    return release.release, NOON + MINUTE, 10


async def records_an_attempt(tenant, node):
    await tenant.release(NOON + MINUTE)
    (work,) = await node.begin(NOON + MINUTE)
    work.started_ms = NOON + MINUTE
    return dispatch.record, node.id, [judge(work, TRY_AGAIN, NOON + MINUTE)], NOON + MINUTE


async def tells_an_event(tenant, node):
    async def verb(tx):
        tx.tell(quota_near(tenant.workspace, "schedules", 9, 10, NOON))

    return (verb,)


async def adds_to_the_log(tenant, node):
    return audit.record, entry(tenant.workspace)


@pytest.mark.parametrize(
    "work",
    [
        creates,
        names_anew,
        changes,
        fills_the_directory,
        releases,
        records_an_attempt,
        tells_an_event,
        adds_to_the_log,
    ],
)
async def test_what_another_node_writes_while_a_workspace_is_purged_is_purged_as_well(
    tenant, store, other, work
):
    before, now = await all_rows(store), NOON + 2 * MINUTE
    tenant, node = await Tenant.open(store), await Node.start(other)
    tenant.made = await tenant.schedule(policies=Policies(retry=Retry(3)))
    verb = await work(tenant, node)
    await delete(store, tenant, now, days=0)

    async def purged(tx):
        while await purges.purge_piece(tx, now) is not None:
            pass

    written, gone = await meeting((other, verb), (store, (purged,)))
    assert not isinstance(written, Exception)
    assert gone is None
    await store.urgent(events.publish, now)
    await store.urgent(audit.link_pending, now)
    await purge(store, now)
    left = await all_rows(store) - before
    assert {row[0] for row in left} <= {"counters", "meta", "nodes"}


async def test_what_is_told_of_a_workspace_that_is_gone_is_dropped(tenant, store):
    before = await all_rows(store)
    gone, node = await Tenant.open(store), await Node.start(store)
    await delete(store, gone, days=0)
    await purge(store, NOON)
    for tell in (tells_an_event, adds_to_the_log):
        await store.write(*await tell(gone, node))
    assert await store.urgent(events.publish, NOON) == 1
    assert await store.urgent(audit.link_pending, NOON) == 1
    assert {row[0] for row in await all_rows(store) - before} <= {"counters", "meta", "nodes"}
    for owner in (gone, tenant):
        await store.write(audit.record, entry(owner.workspace))
    assert await store.urgent(audit.link_pending, NOON) == 2
    left = await all_rows(store) - before
    assert {row[0] for row in left} <= {"counters", "meta", "nodes", *AUDIT}
    assert {row[1] for row in left if row[0] in AUDIT} == {tenant.workspace}
