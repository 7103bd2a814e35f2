"""What one node does at a time, the others wait for or pass over."""

import pytest
import pytest_asyncio

from horarium.domain.audience import StoredSource
from horarium.domain.ids import random_id
from horarium.store.statements import load
from horarium.store.verbs import audiences, audit, events, shares
from tests.store.conformance.test_conditions import CASES, Id, _given, _resolved, _set
from tests.store.conformance.test_strangers import Owner
from tests.support.kept_postgres import emptied_database
from tests.support.poolers import opened
from tests.support.postgres import end_connections
from tests.support.raw import select
from tests.support.tenant import NOON, Tenant

# What is locked by the statement that reads it, and its table. Another node passes over it and takes something else.
PASSED_OVER = {
    "claimable_runs": "ready", "due_looks": "callbacks", "due_schedules": "cursors", "free_runs": "ready",
    "due_schedules_of_workspaces": "cursors", "next_action": "actions", "next_erasure": "erasures",
    "next_to_purge": "workspaces", "schedules_of_stale_zone": "cursors", "try_to_lock_lane": "targets",
    "waiting_for_own_resumption": "cursors", "waiting_for_resumption": "cursors", "windows_of_zone": "windows",
}  # fmt: skip
# Or waits for it: what is read decides what is written.
WAITED_FOR = {
    "audit_entries_not_erased": "audit_entries", "hold_audit_chain": "audit_chains", "hold_event_log": "event_logs",
    "texts_of_entries": "audit_entries",
    "hold_cursors": "cursors", "hold_pause": "pauses", "hold_key": "keys", "hold_principal": "principals",
    "hold_run": "runs",
    "hold_webhook": "webhooks", "hold_workspace": "workspaces", "lock_target": "targets", "open_action": "actions",
    "open_erasure": "erasures", "ruling_pauses": "pauses", "ruling_pauses_of_schedules": "pauses",
    "windows_begun": "windows", "notes_of_schedules": "pauses", "notes_of_workspace": "pauses",
    "notes_of_windows": "windows", "texts_of_schedules": "schedules", "texts_of_actions": "actions",
    "texts_of_targets": "targets", "texts_of_principals": "principals", "texts_of_keys": "keys",
    "texts_of_users": "directory_users", "texts_of_contacts": "directory_contacts", "texts_of_deals": "directory_deals",
    "texts_of_tasks": "directory_tasks", "texts_of_pipelines": "directory_pipelines",
    "texts_of_stages": "directory_stages", "answers_kept": "answers",
}  # fmt: skip
# What is given for parameters that are called otherwise than columns.
GIVEN = {
    "answers_kept": {":scope": "", ":key": ""},
    "hold_cursors": {":ids": Id("schedules")},
    "try_to_lock_lane": {":lane": Id("targets")},
}


@pytest_asyncio.fixture
async def stores():
    """Those of two nodes. Nothing stays connected: another test needs nearly all connections of the server."""
    url = await emptied_database("alone")
    made = await opened(url), await opened(url)
    yield made
    for store in made:
        await store.close()
    end_connections(url)


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


@pytest.mark.parametrize("name", PASSED_OVER | WAITED_FOR)
async def test_what_is_read_to_be_changed_is_locked(stores, name):
    store, other = stores
    statement, owner, first = load("postgres")[name], Owner(), CASES.get(name, [{}])[0]
    table = (PASSED_OVER | WAITED_FOR)[name]

    async def enter(tx):
        await owner.enter(tx)
        for place, value in _resolved(owner, first).items():
            if place[0] != ":":
                await _set(tx, *place.split("."), value)

    await store.write(enter)
    after = (
        {":after": "" if table.startswith("directory_") else b""} if "after" in statement.parameters else {}
    )
    given = _given(statement, owner, first, after | GIVEN.get(name, {}))

    async def ask(tx):
        await tx.connection.execute("SET LOCAL lock_timeout = '1s'")
        if statement.columns:
            return await tx.each(name, [tuple(given.values())])
        return await tx.rows(name, **given)

    async def reading(tx):
        assert len(await ask(tx)) == 1
        free = await select(other, f"SELECT 1 FROM {table} FOR UPDATE SKIP LOCKED")
        return free, (await other.write(ask) if name in PASSED_OVER else [])

    assert await store.write(reading) == ([], [])
    assert await select(other, f"SELECT 1 FROM {table} FOR UPDATE SKIP LOCKED") == [(1,)]


@pytest.mark.parametrize("ends", [False, True])
async def test_while_a_source_is_shared_nobody_changes_the_sources_of_lender_and_borrower(stores, ends):
    store, other = stores
    lender, borrower = await Tenant.open(store), await Tenant.open(store)
    made = StoredSource(lender.workspace, "people", random_id(NOON), "http", {"url": "u"}, NOON, NOON)
    lent = await store.write(audiences.put_source, made, NOON)
    mirror = StoredSource(
        borrower.workspace, "people", random_id(NOON), "?", {}, NOON, NOON, shared_from=lent.id
    )
    free = "SELECT id FROM workspaces FOR NO KEY UPDATE SKIP LOCKED"
    of_lender = shares.SOURCES, lender.workspace, lent.id

    async def under_way(tx):
        if ends:
            await shares.end_share(tx, *of_lender, borrower.workspace, NOON)
        else:
            await shares.share(tx, *of_lender, mirror)
        return await select(other, free)

    if ends:
        await store.write(shares.share, *of_lender, mirror)
    assert await store.write(under_way) == []
    assert len(await select(other, free)) == 2
