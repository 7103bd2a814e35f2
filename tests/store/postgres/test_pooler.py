"""Stores and nodes behind a real PgBouncer in transaction mode (Debian's pgbouncer; `make poolers`)."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
import pytest_asyncio

from horarium.domain.errors import Unavailable
from horarium.engine.lease import Lease
from horarium.engine.steps import SILENT_MS, Engine
from horarium.store.base import DUE, READY
from horarium.store.database_urls import through_pooler
from horarium.store.migrate import migrate, pending
from horarium.store.postgres import PostgresStore, locks
from horarium.store.postgres.connection import connect
from horarium.store.postgres.locks import locked
from horarium.store.verbs import nodes
from tests.support.poolers import PROGRAM, PgBouncer, pooler
from tests.support.postgres import (
    direct_address,
    drop_database,
    fresh_database,
    migrated_database,
    name_in,
    run_sql,
    socket_folder,
)
from tests.support.tenant import MINUTE, NOON, Node, Tenant

pytestmark = pytest.mark.skipif(not Path(PROGRAM).exists(), reason="pgbouncer is not installed: make poolers")

NODES, SERVERS, ALLOWED = 50, 40, 100


@pytest_asyncio.fixture
async def name():
    made = name_in(await migrated_database("pooled"))
    yield made
    drop_database(direct_address(made))


async def until(true, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def say(tx, topic, at):
    tx.announce(topic, at)


def servers_of(name):
    """How many processes of PostgreSQL serve a database."""
    said = run_sql(f"SELECT 'n=' || count(*) FROM pg_stat_activity WHERE datname = '{name}'")
    return int(said.partition("n=")[2].split()[0])


def kept_locks(name):
    said = run_sql(
        "SELECT 'n=' || count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        f"WHERE l.locktype = 'advisory' AND d.datname = '{name}'"
    )
    return int(said.partition("n=")[2].split()[0])


async def registered(store, name="n"):
    now = await store.now_ms()
    row = nodes.NodeRow(name.encode().ljust(16, b"\0"), name, "engine", "1", "2026a", now, now, now + 30_000)
    await store.urgent(nodes.register, row, False)
    return row


async def test_several_nodes_that_start_through_a_pooler_alone_migrate_once_and_leave_no_lock():
    name = name_in(fresh_database("alone"))
    url = through_pooler(pooler().url(name))
    applied = await asyncio.gather(*(migrate(url) for _ in range(4)))
    # The partitions are made in a transaction of their own, so another node may have made them.
    done = [name for one in applied for name in one]
    assert done
    assert len(done) == len(set(done))
    stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(4)))
    inside = []

    async def start(store):
        async with store.alone():
            inside.append(1)
            assert len(inside) == 1
            await store.now_ms()
            inside.pop()

    await asyncio.gather(*(start(store) for store in stores))
    assert await stores[0].tidy_partitions(NOON) is False
    assert (await pending(url)).up_to_date
    assert kept_locks(name) == 0
    for store in stores:
        await store.close()
    drop_database(direct_address(name))


async def test_who_does_not_get_a_lock_says_for_what_it_waits_and_gives_up_in_time(name, monkeypatch):
    told = []
    monkeypatch.setattr(locks, "TOLD_EVERY_S", 0.2)
    monkeypatch.setattr(locks._log, "info", lambda event, **more: told.append((event, more["work"])))
    first, second = [await connect(through_pooler(pooler().url(name))) for _ in range(2)]
    async with locked(first, 7, "the first thing", 1.0):
        with pytest.raises(Unavailable, match="busy with the second thing for more than"):
            async with locked(second, 7, "the second thing", 0.5):
                pass
    async with locked(second, 7, "the second thing", 0.5):
        pass
    assert told[0] == ("waiting_for_another_process", "the second thing")
    await first.close()
    await second.close()


async def test_nodes_hear_each_other_over_the_connection_of_the_lease_and_again_after_it_was_lost(name):
    direct = direct_address(name)
    stores = [await PostgresStore.open(direct, pooled=pooler().url(name)) for _ in range(2)]
    there, at = [], [time.monotonic()]
    stores[1].listen(lambda topic, instant: there.append((topic, instant)))
    assert stores[1].wants_ear
    lease = Lease(direct, await registered(stores[1]), 30.0, lambda: None, stores[1].lend_ear)
    try:
        await until(lambda: (DUE, 0) in there)  # when the ear is new, everything is looked at
        await stores[0].write(say, READY, 5)
        await until(lambda: (READY, 5) in there, 0.8)
        for _ in range(2):
            there.clear()
            run_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' "
                "AND application_name LIKE 'horarium lease%'"
            )
            await until(lambda: (DUE, 0) in there)
            await asyncio.sleep(1.5)
            there.clear()
            at[0] = time.monotonic()
            await stores[0].write(say, READY, 6)
            await until(lambda: (READY, 6) in there, 0.8)
        await stores[1].write(say, READY, 8)
        await asyncio.sleep(0.2)
        assert there.count((READY, 8)) == 1  # from its own commit alone
    finally:
        await lease.close()
        for store in stores:
            await store.close()


async def test_a_node_that_cannot_hear_looks_for_itself_every_second(name):
    url = through_pooler(pooler().url(name))
    stores = [await PostgresStore.open(url) for _ in range(2)]
    there = []
    stores[1].listen(lambda topic, at: there.append(topic))
    assert not stores[1].wants_ear
    await until(lambda: {DUE, READY} <= set(there), 3.0)
    for store in stores:
        await store.close()


async def test_a_pooler_that_an_address_does_not_speak_of_is_refused_and_the_setting_is_named(name):
    said = "`database_pooled` to that of the pooler"
    with pytest.raises(Unavailable, match=said):
        await PostgresStore.open(pooler().url(name))
    with pytest.raises(Unavailable, match=said):
        await PostgresStore.open(pooler().url(name), pooled=pooler().url(name))
    with pytest.raises(Unavailable, match=said):
        await migrate(pooler().url(name))


async def test_a_pooler_that_swallows_settings_is_found_by_its_processes(name):
    quiet = PgBouncer(socket_folder(), ignored=("jit", "idle_in_transaction_session_timeout", "enable_seqscan",
        "enable_hashjoin", "enable_mergejoin", "enable_bitmapscan", "plan_cache_mode",
        "default_transaction_read_only", "statement_timeout", "lock_timeout"))  # fmt: skip
    try:
        with pytest.raises(Unavailable, match="leads through a pooler: set `database` to the direct address"):
            await PostgresStore.open(quiet.url(name))
    finally:
        quiet.close()


async def test_a_pooler_in_statement_mode_is_refused_and_its_setting_is_named(name):
    eager = PgBouncer(socket_folder(), "statement")
    try:
        with pytest.raises(Unavailable, match="set its pool_mode to transaction"):
            await PostgresStore.open(direct_address(name), pooled=eager.url(name))
    finally:
        eager.close()


async def test_two_addresses_of_different_databases_are_refused(name):
    other = name_in(await migrated_database("elsewhere"))
    with pytest.raises(Unavailable, match="`database` and `database_pooled` lead to different databases"):
        await PostgresStore.open(direct_address(name), pooled=pooler().url(other))
    drop_database(direct_address(other))


async def test_what_a_pooler_keeps_open_does_not_pass_for_a_living_node(name):
    """Its lease alone tells of a node that reaches the database only through a pooler: neither do connections that the
    pooler keeps make it live, nor does it die of them."""
    url = through_pooler(pooler().url(name))
    store = await PostgresStore.open(url, notify=False)
    row, other = await registered(store), await registered(store, "other")
    lease = Lease(url, row, 30.0, lambda: None)
    try:
        await until(lambda: servers_of(name) > 0)
        clock = Clock(await store.now_ms())
        assert await store.urgent(nodes.others, other.id, clock.now) == ({row.id: False}, False)
        engine = Engine(store, clock, other.id)
        for _ in range(3):  # long after a node would be given up whose connection was seen and has gone
            await engine.recover()
            clock.now += SILENT_MS
        assert await store.urgent(nodes.others, other.id, row.lease_until_ms) == ({row.id: False}, False)
        clock.now = row.lease_until_ms + 60_000
        await engine.recover()
        assert await store.urgent(nodes.others, other.id, clock.now) == ({}, False)
    finally:
        await lease.close()
        await store.close()


class Clock:
    def __init__(self, now):
        self.now = now

    def now_ms(self):
        return self.now


@pytest.mark.skipif(
    "THROUGH_POOLER" not in os.environ,
    reason="the other tests leave too few of the server's connections: make poolers",
)
async def test_fifty_nodes_share_a_hundred_connections(name):
    direct = direct_address(name)
    shared = PgBouncer(socket_folder(), servers=SERVERS)
    stores, leases, most = [], [], 0
    try:
        for _ in range(NODES):
            stores.append(await PostgresStore.open(direct, pooled=shared.url(name)))
        rows = [await registered(store, f"node {place}") for place, store in enumerate(stores)]
        leases = [
            Lease(direct, row, 30.0, lambda: None, store.lend_ear)
            for row, store in zip(rows, stores, strict=True)
        ]
        tenant = await Tenant.open(stores[0])
        await tenant.schedules(NODES * 10)
        workers = [await Node.start(store, NOON) for store in stores]

        async def work(store, node):
            await Tenant(store, tenant.workspace, tenant.principal).release(NOON + MINUTE)
            await node.work(NOON + MINUTE)

        tasks = [asyncio.create_task(work(store, node)) for store, node in zip(stores, workers, strict=True)]
        while not all(task.done() for task in tasks):
            most = max(most, servers_of(name))
            await asyncio.sleep(0.05)
        await asyncio.gather(*tasks)
        heard = []
        for store in stores[1:]:
            store.listen(lambda topic, at: heard.append(at))
        await stores[0].write(say, READY, 77)
        await until(lambda: heard.count(77) == NODES - 1)
        most = max(most, servers_of(name))
        runs = await stores[0].read(count_runs)
    finally:
        for lease in leases:
            await lease.close()
        for store in stores:
            await store.close()
        shared.close()
    print(f"{NODES} nodes had {most} connections to PostgreSQL")
    assert runs == {"succeeded": NODES * 10}
    assert NODES < most <= ALLOWED


async def count_runs(tx):
    rows = await tx.connection.fetch("SELECT state, count(*) FROM runs GROUP BY 1")
    return dict(map(tuple, rows))
