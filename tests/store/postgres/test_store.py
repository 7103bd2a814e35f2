"""What only PostgreSQL has: other nodes, lost connections, deadlocks, months."""

import asyncio
import re
import threading
import time

import asyncpg
import pytest

from horarium.domain.errors import Invalid, Unavailable
from horarium.domain.ids import lowest_id_at
from horarium.domain.schedule import Policies
from horarium.engine.lease import Lease
from horarium.engine.steps import SILENT_MS, Engine
from horarium.store.base import DUE, READY, CommitUnknown
from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from horarium.store.postgres import PostgresStore, notifications
from horarium.store.postgres.connection import BY_KEY, READ_ONLY, PostgresConnection, connect
from horarium.store.postgres.partitions import drop_partitions, make_partitions, month_starts
from horarium.store.rows import BegunRun
from horarium.store.statements import load
from horarium.store.verbs import directory, dispatch, nodes, tenancy, upkeep
from tests.support.poolers import MODE, opened
from tests.support.postgres import drop_database, fresh_database, run_sql
from tests.support.raw import select
from tests.support.tenant import DAY, MINUTE, NOON, Node, RunState, Tenant


async def cut(url):
    """End every connection to the database, as a restart of the server does."""
    name = url.split("@/")[1].split("?")[0]
    run_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def until(true, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def test_a_commit_on_one_node_wakes_another(store, other):
    here, there = [], []
    store.listen(lambda topic, at: here.append((topic, at)))
    other.listen(lambda topic, at: there.append((topic, at)))

    async def verb(tx):
        for at in (9, 7, 8):
            tx.announce(READY, at)

    await store.write(verb)
    assert here == [(READY, 7)]
    await until(lambda: there)
    assert there == [(READY, 7)]
    assert here == [(READY, 7)]  # its own message is not heard again


async def test_what_is_due_beyond_the_horizon_is_nobodys_business_yet(store, other):
    there = []
    other.listen(lambda topic, at: there.append((topic, at)))
    now = await store.now_ms()

    async def verb(tx, at):
        tx.announce(DUE, at)

    await store.write(verb, now + notifications.HORIZON_MS + 10_000)
    await store.write(verb, now + 1_000)
    await until(lambda: there)
    assert there == [(DUE, now + 1_000)]


async def test_nothing_is_announced_by_a_transaction_that_failed(store):
    here = []
    store.listen(lambda topic, at: here.append(topic))

    async def verb(tx):
        tx.announce(READY, 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(verb)
    assert here == []


@pytest.mark.skipif(MODE == "beside", reason="a lease lends a new ear: test_pooler.py")
async def test_after_a_cut_connection_listeners_are_woken_and_hear_again(url, store, other):
    there = []
    other.listen(lambda topic, at: there.append((topic, at)))
    await cut(url)
    await until(lambda: (DUE, 0) in there)

    async def verb(tx):
        tx.announce(READY, 5)

    await store.write(verb)
    await until(lambda: (READY, 5) in there)


async def test_a_verb_gets_past_several_dead_connections(store):
    tried = []

    async def verb(tx):
        tried.append(tx.connection)
        if len(tried) < 5:
            raise asyncpg.InterfaceError("the connection is closed")
        return "done"

    assert await store.read(verb) == "done"


async def test_verbs_survive_connections_that_died_in_the_pool(url, store):
    for _ in range(3):
        await asyncio.gather(*(store.read(tenancy.any_workspace) for _ in range(6)))
        await cut(url)
        assert await store.read(tenancy.any_workspace) is False
        assert await store.write(tenancy.any_workspace) is False
        assert await store.urgent(tenancy.any_workspace) is False


async def test_a_connection_lost_during_the_commit_is_not_tried_again(store, monkeypatch):
    tried = []

    async def verb(tx):
        tried.append(1)
        await tx.run("retire_all_nodes", now=NOON)
        real = tx.connection.execute

        async def execute(sql, *args):
            if sql == "COMMIT":
                raise asyncpg.ConnectionDoesNotExistError("gone")
            return await real(sql, *args)

        tx.connection.__dict__["execute"] = execute
        monkeypatch.setattr(type(tx.connection), "execute", lambda self, sql, *a: execute(sql, *a))

    with pytest.raises(CommitUnknown, match="not known"):
        await store.write(verb)
    monkeypatch.undo()
    assert tried == [1]


async def test_a_server_that_is_away_is_unavailable_and_no_trace(url):
    with pytest.raises(Unavailable, match="cannot be reached"):
        await PostgresStore.open("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(Unavailable, match="does not exist"):
        await PostgresStore.open(url.replace("@/", "@/no_"))


async def test_of_two_transactions_in_a_deadlock_both_are_done_in_the_end(store, other):
    tenant = await Tenant.open(store)
    first, second = await tenant.add_target(), await tenant.add_target()
    met = asyncio.Event()

    async def verb(tx, one, two):
        await tx.row("lock_target", workspace_id=tenant.workspace, id=one)
        if met.is_set():
            await tx.row("lock_target", workspace_id=tenant.workspace, id=two)
            return True
        await asyncio.sleep(0.05)
        met.set()
        await tx.row("lock_target", workspace_id=tenant.workspace, id=two)
        return True

    assert (
        await asyncio.gather(store.write(verb, first, second), other.write(verb, second, first)) == [True] * 2
    )


async def test_an_api_that_takes_every_connection_does_not_starve_the_engine(store):
    release = asyncio.Event()

    async def slow(tx):
        await release.wait()

    taken = [asyncio.create_task(store.write(slow)) for _ in range(20)]
    taken += [asyncio.create_task(store.read(slow)) for _ in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        assert await store.urgent(tenancy.any_workspace) is False
    release.set()
    await asyncio.gather(*taken)


async def test_reading_changes_nothing(store):
    tenant = await Tenant.open(store)

    async def verb(tx):
        await tx.run(
            "delete_grants_of_principal", workspace_id=tenant.workspace, principal_id=tenant.principal
        )

    with pytest.raises(Unavailable, match="read-only"):
        await store.read(verb)


async def test_values_that_cannot_be_held_are_the_callers(store):
    tenant = await Tenant.open(store)
    for name in ("a\0b", "\ud800"):
        with pytest.raises(Invalid):
            await tenant.schedule(description=name)
    with pytest.raises(Invalid):
        await tenant.schedule(policies=Policies(pause_after_failures=1 << 70))


async def test_a_verb_that_goes_on_after_a_refused_statement_is_a_fault(store):
    await Tenant.open(store)

    async def verb(tx):
        try:
            await tx.run("insert_grant", principal_id=None, target_id=None, workspace_id=None, now=1)
        except Exception:
            return True

    with pytest.raises(RuntimeError, match="went on"):
        await store.write(verb)


async def test_migrating_at_once_from_several_nodes_is_migrating_once():
    fresh = fresh_database("migrate")
    applied = await asyncio.gather(*(migrate(fresh) for _ in range(4)))
    # The partitions are made in a transaction of their own, so another node may have made them.
    done = [name for one in applied for name in one]
    assert done
    assert len(done) == len(set(done))
    drop_database(fresh)


async def test_a_schema_one_newer_is_worked_with_and_one_newer_still_is_refused(url):
    connection = await connect(url)
    await connection.execute("INSERT INTO schema_migrations VALUES ($1, 'next', now())", latest() + 1)
    assert {name.split("_")[0] for name in await migrate(url)} <= {"fires", "runs"}  # months, as they come
    await connection.execute("INSERT INTO schema_migrations VALUES ($1, 'next', now())", latest() + 2)
    with pytest.raises(Unavailable, match="start a newer program"):
        await migrate(url)
    await connection.close()


async def where(connection, table):
    rows = await connection.fetch(
        f"SELECT tableoid::regclass::text AS name, count(*) FROM {table} GROUP BY 1"
    )
    return {row[0]: row[1] for row in rows}


async def test_history_lies_in_its_month_and_goes_with_it(url, store):
    tenant = await Tenant.open(store)
    connection = await connect(url)
    await make_partitions(connection, NOON, NOON + 40 * DAY)
    node = await Node.start(store)
    schedule = await tenant.schedule("0 12 1 * *")  # in December and January
    for month in ((2026, 12), (2027, 1)):
        now = month_starts(month) + NOON % DAY
        await tenant.release(now)
        await node.work(now)
    assert await where(connection, "runs") == {"runs_2026_12": 1, "runs_2027_01": 1}
    assert await drop_partitions(connection, month_starts((2026, 12)) + DAY) != []  # November, which is empty
    assert await where(connection, "runs") == {"runs_2026_12": 1, "runs_2027_01": 1}
    assert await drop_partitions(connection, month_starts((2027, 1))) == ["fires_2026_12", "runs_2026_12"]
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [month_starts((2027, 1)) + NOON % DAY]
    await connection.close()


async def test_a_month_with_something_unfinished_stays(url, store):
    tenant = await Tenant.open(store)
    await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    connection = await connect(url)
    assert await drop_partitions(connection, NOON + 400 * DAY) == [
        name for name in await _empty(connection) if name != "runs_2026_11"
    ]
    await connection.close()


async def _empty(connection):
    names = [f"{table}_{year}_{month:02d}" for table in ("fires", "runs")
             for year, month in ((2026, 11), (2026, 12), (2027, 1), (2027, 2))]  # fmt: skip
    assert await connection.fetchval("SELECT count(*) FROM runs WHERE finished_ms IS NOT NULL") == 0
    return names


async def test_what_no_month_takes_lies_in_the_rest_and_is_tidied_there(url, store):
    tenant = await Tenant.open(store, NOON - 500 * DAY)
    early = NOON - 500 * DAY
    await tenant.schedule("0 0 * * *", now=early)
    node = await Node.start(store)
    await tenant.release(early + DAY)
    await node.work(early + DAY)
    connection = await connect(url)
    assert await where(connection, "runs") == {"runs_rest": 1}
    made = await make_partitions(connection, early, early)
    assert "runs_2025_07" not in made  # the rest has rows of that month, and keeps it
    assert "runs_2025_08" in made
    assert (await store.write(upkeep.forget, NOON, 100)).found == 1
    assert await where(connection, "runs") == {}
    await connection.close()


async def test_ids_of_a_month_are_found_without_looking_into_others(url):
    connection = await connect(url)
    plan = await connection.fetch("EXPLAIN SELECT * FROM runs WHERE id = $1", lowest_id_at(NOON))
    assert "runs_2026_11" in str(plan)
    assert "runs_2026_12" not in str(plan)
    await connection.close()


async def stopped_ms(store):
    """When the only node was given up, None while it was not."""
    ((at,),) = await select(store, "SELECT stopped_ms FROM nodes")
    return at


async def register(store, lease_ms):
    now = await store.now_ms()
    row = nodes.NodeRow(lowest_id_at(now), "n", "engine", "1", "2026a", now, now, now + lease_ms)
    await store.urgent(nodes.register, row, False)
    return row


async def test_a_lease_is_kept_while_connections_are_cut(url, store):
    row = await register(store, 1_200)
    lapses = []
    lease = Lease(url, row, 1.2, lambda: lapses.append(1))
    begun = time.monotonic()
    while time.monotonic() < begun + 2.5:
        await cut(url)
        await asyncio.sleep(0.25)
        assert lease.held
    assert lapses == []
    await lease.close()


async def give_up_lapsed(url, after_s):
    """What another node does: look for nodes whose lease has lapsed."""
    await asyncio.sleep(after_s)
    connection = PostgresConnection(url, "another")
    await connection.run(nodes.free_lapsed, await connection.now_ms(), bytes(16))
    connection.drop()


async def test_a_loop_that_stands_still_too_long_loses_its_lease_and_notices(url, store):
    row = await register(store, 600)
    lapses = []
    lease = Lease(url, row, 0.6, lambda: lapses.append(1))
    another = threading.Thread(target=lambda: asyncio.run(give_up_lapsed(url, after_s=2.0)))
    another.start()
    while another.is_alive():  # the fault itself: nothing else of this process's loop runs
        time.sleep(0.1)
    assert not lease.held
    await until(lambda: lapses)
    assert lease.held
    assert await stopped_ms(store) is None
    await lease.close()


async def test_who_was_given_up_registers_anew(url, store):
    row = await register(store, 900)
    lapses = []
    lease = Lease(url, row, 0.9, lambda: lapses.append(1))
    await store.urgent(nodes.stop, row.id, NOON)
    await until(lambda: lapses)
    assert await stopped_ms(store) is None
    await lease.close()


async def test_a_node_whose_process_is_gone_is_given_up_long_before_its_lease_is_over(url, store):
    tenant = await Tenant.open(store)
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    row = await register(store, 60_000)
    lease = Lease(url, row, 60.0, lambda: None)
    node = Node(store)
    node.id = row.id
    (work,) = await node.claim(NOON + MINUTE)
    await store.urgent(dispatch.mark_begun, [BegunRun(work.id, node.id, work.epoch, NOON + MINUTE)])
    clock = HandClock(await store.now_ms())
    engine = Engine(store, clock, bytes(16))
    async with asyncio.timeout(5):
        while not (await store.read(nodes.others, bytes(16), clock.now)).connected[row.id]:
            await asyncio.sleep(0.01)
    for _ in range(3):
        clock.now += SILENT_MS
        assert not await engine.recover()
    await lease.close()
    async with asyncio.timeout(5):
        while (await store.read(nodes.others, bytes(16), clock.now)).connected[row.id]:
            await asyncio.sleep(0.01)
    assert not await engine.recover()
    clock.now += SILENT_MS
    await engine.recover()
    assert (await tenant.runs(schedule))[0].state is RunState.PENDING
    assert await stopped_ms(store) == clock.now


async def test_a_node_that_was_never_seen_to_be_connected_keeps_its_runs_for_its_lease(store):
    """As behind a pooler that gives its connections names of its own."""
    tenant = await Tenant.open(store)
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    row = await register(store, 60_000)
    node = Node(store)
    node.id = row.id
    (work,) = await node.claim(NOON + MINUTE)
    await store.urgent(dispatch.mark_begun, [BegunRun(work.id, node.id, work.epoch, NOON + MINUTE)])
    clock = HandClock(await store.now_ms())
    engine = Engine(store, clock, bytes(16))
    for _ in range(3):
        await engine.recover()
        clock.now += SILENT_MS
    assert (await tenant.runs(schedule))[0].state is RunState.RUNNING
    clock.now += 60_000
    await engine.recover()
    assert (await tenant.runs(schedule))[0].state is RunState.PENDING


class HandClock:
    def __init__(self, now):
        self.now = now

    def now_ms(self):
        return self.now


# Parameters that are the lower end of a range of ids.
LOWER_BOUNDS = ("low", "floor", "after")


async def plan_of(url, statement, settings, values=False):
    """The generic plan of a statement, executed with NULLs or with some values."""
    connection = await connect(url)
    for name, value in settings.items():
        await connection.execute(f"SET {name} = {value}")
    sql = load("postgres")[statement].sql
    kinds = [one.name for one in (await connection.prepare(sql)).get_parameters()]
    await connection.execute(
        f"PREPARE asked ({', '.join(kinds)}) AS {sql}" if kinds else f"PREPARE asked AS {sql}"
    )
    given = ["NULL"] * len(kinds)
    if values:
        names = load("postgres")[statement].parameters
        given = [_literal(name, kind) for name, kind in zip(names, kinds, strict=True)]
    asked = f"asked({', '.join(given)})" if given else "asked"
    rows = await connection.fetch(f"EXPLAIN (COSTS OFF) EXECUTE {asked}")
    await connection.close()
    return "\n".join(row[0] for row in rows)


def _literal(name, kind):
    if kind == "bytea":
        return f"'\\x{lowest_id_at(NOON + (-DAY if name in LOWER_BOUNDS else DAY)).hex()}'"
    return {"int4": "1", "int8": "1", "text": "'[]'"}[kind]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("due_schedules", "cursors_due"),
        ("earliest_look", "callbacks_to_look_at"),
        ("looks_of_targets", "callbacks_to_look_at_of_target"),
        ("due_looks", "callbacks_to_look_at_of_target"),
        ("earliest_due", "cursors_due"),
        ("claimable_runs", "ready_lane"),
        ("open_lanes", "ready_lane"),
        ("earliest_ready", "ready_soonest"),
        ("held_leases", "ready_pkey"),
        ("release_leases", "ready_pkey"),
        ("put_back_runs", "ready_pkey"),
        ("leases_of_node", "ready_owned"),
        ("stuck_waiting", "cursors_waiting"),
        ("finish_runs", "runs_2026_11_pkey"),
        ("leave_untold", "ready_pkey"),
        ("leave_untold", "targets_pkey"),
        ("watched_runs", "callbacks_pkey"),
        ("settle_cursors", "cursors_pkey"),
    ],
)
async def test_what_the_engine_asks_again_and_again_reads_no_whole_table(url, statement, index):
    plan = await plan_of(url, statement, BY_KEY)
    assert index in plan
    assert "Seq Scan" not in plan
    if statement == "due_schedules":
        assert plan.index("Sort") < plan.index("Limit")  # only what was taken is sorted


# Their order, or what they add up, takes all that there is of a schedule.
SORTED = (
    "list_fires_by_fired",
    "fire_totals",
    "average_run",
    "objectives_of_schedules_desc",
    "objectives_of_schedules_asc",
)


@pytest.mark.parametrize(
    "statement",
    [
        "list_fires",
        "list_fires_by_hand",
        "list_fires_by_fired",
        "fires_between",
        "fire_totals",
        "average_run",
        "run_ids_of_schedule",
        "run_id_of_schedule_further_down",
        "fires_of_schedule_within",
        "fire_id_of_schedule_further_down",
        "count_runs_of_schedule",
        "objectives_of_schedules_desc",
        "objectives_of_schedules_asc",
        "count_objectives_of_schedules",
    ],
)
async def test_what_belongs_to_a_schedule_is_found_by_it_among_single_fires_and_other_runs(url, statement):
    """Joined the other way round, the count of objectives read every run that there was."""
    plan = await plan_of(url, statement, READ_ONLY, values=True)
    scans = re.findall(r"Scan[^\n]* on runs_2026_11[^\n]*\n +Index Cond: ([^\n]*)", plan)
    assert len(scans) == plan.count(" on runs_2026_11") > 0
    assert all("schedule_id = " in condition for condition in scans)
    if statement not in SORTED:
        assert "Sort\n" not in plan.replace("Merge Append", "")


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("window_workspace_desc", "schedules_of_workspace"),
        ("window_workspace_asc", "schedules_of_workspace"),
        ("window_label_desc", "labels_pkey"),
        ("window_label_asc", "labels_pkey"),
        ("window_target_desc", "schedules_of_target"),
        ("schedule_further_down_by_workspace", "schedules_of_workspace"),
        ("schedule_further_down_by_label", "labels_pkey"),
        ("schedule_further_down_by_target", "schedules_of_target"),
        ("window_by_name_asc", "schedules_by_name"),
        ("window_by_name_desc", "schedules_by_name"),
        ("window_by_next_fire", "cursors_due_by_workspace"),
        ("window_without_next_fire", "cursors_still"),
        ("ids_of_failing", "cursors_failing"),
        ("ids_due_before", "cursors_due_by_workspace"),
        ("ids_with_key_prefix", "schedules_by_key_prefix"),
        ("single_last_fires", "runs_2026_11_workspace_id_id_idx"),
        ("other_last_fires", "fires_2026_11_workspace_id_id_idx"),
        ("fire_id_further_down", "fires_2026_11_workspace_id_id_idx"),
        ("fires_with_rows", "fires_2026_11_workspace_id_id_idx"),
        ("single_fires_of_workspace", "runs_2026_11_workspace_id_id_idx"),
        ("other_fires_of_workspace", "fires_2026_11_workspace_id_id_idx"),
        ("spans_of_workspace", "spans_of_workspace"),
        ("span_further_down", "spans_of_workspace"),
    ],
)
async def test_a_page_of_a_workspace_is_read_in_the_order_of_an_index(url, statement, index):
    plan = await plan_of(url, statement, READ_ONLY, values=True)
    assert index in plan
    assert "Sort\n" not in plan.replace("Merge Append", "")
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("schedules_within_workspace_desc", "schedules_of_workspace"),
        ("schedules_within_workspace_asc", "schedules_of_workspace"),
        ("schedules_within_label_desc", "labels_pkey"),
        ("schedules_within_label_asc", "labels_pkey"),
        ("schedules_within_target_desc", "schedules_of_target"),
        ("schedules_within_target_asc", "schedules_of_target"),
    ],
)
async def test_a_window_of_schedules_is_gone_through_in_the_order_of_an_index(url, statement, index):
    plan = await plan_of(url, statement, READ_ONLY, values=True)
    assert index in plan
    assert "Sort\n" not in plan
    assert "Seq Scan on schedules" not in plan
    assert "Seq Scan on labels l " not in plan


@pytest.mark.parametrize("statement", ["release_leases", "put_back_runs", "held_leases"])
async def test_what_is_recorded_is_found_by_its_key_also_where_the_queue_was_empty_when_looked_at(
    url, statement
):
    """By its owner each of 4,000 was compared with 4,000: 130 us a run instead of 5."""
    connection = await connect(url)
    await connection.execute("INSERT INTO ready VALUES ('a', 'b', 1, NULL, 0, 0, 0); DELETE FROM ready")
    await connection.execute("VACUUM ANALYZE ready")
    await connection.close()
    plan = await plan_of(url, statement, BY_KEY)
    assert "owner = " not in plan.replace("IS DISTINCT", "")


async def test_pages_of_an_audience_just_imported_are_not_sorted(url):
    """No statistics yet: to sort what is left for every page took 20 times as long as reading it."""
    store = await opened(url)
    tenant = await Tenant.open(store)
    contacts = [(str(number).zfill(6), "lead", None, None, None) for number in range(20_000)]
    await store.write(directory.put_items, tenant.workspace, "contacts", contacts, NOON)
    await store.close()
    connection = await connect(url)
    for name, value in READ_ONLY.items():
        await connection.execute(f"SET {name} = '{value}'")
    page = load("postgres")["page_of_contacts"]
    given = {
        "workspace_id": tenant.workspace,
        "type": "lead",
        "has_email": 0,
        "after": "000100",
        "limit": 1_000,
    }
    plan = await (await connection.prepare(page.sql)).explain(*(given[name] for name in page.parameters))
    await connection.close()
    assert "Sort" not in str(plan)


async def test_an_edit_that_waited_for_a_change_of_target_fires_what_was_due_first(store, url):
    tenant = await Tenant.open(store)
    schedule, other = await tenant.schedule(), await tenant.add_target()
    connection = await connect(url)
    moving = connection.transaction()
    await moving.start()
    await connection.execute("UPDATE cursors SET target_id = $1", other)
    edit = asyncio.create_task(tenant.change(schedule, NOON + MINUTE, name="edited"))
    while not edit.done() and not await connection.fetchval(
        "SELECT count(*) FROM pg_locks WHERE NOT granted"
    ):
        await asyncio.sleep(0)
    assert not edit.done()
    await moving.commit()
    await edit
    await connection.close()
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON + MINUTE]
