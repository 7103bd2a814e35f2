"""A target that is shared stands in other workspaces as a mirror, which is run as its target and follows it."""

from dataclasses import replace

import pytest
import pytest_asyncio

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.store.verbs import dispatch, events, purges, shares, targets
from tests.support.all_rows import all_rows
from tests.support.tenant import DAY, MINUTE, NOON, Node, Tenant

SEALED = b"sealed for the target"


@pytest_asyncio.fixture(loop_scope="session")
async def borrower(store):
    return await Tenant.open(store)


@pytest_asyncio.fixture(loop_scope="session")
async def lent(tenant):
    return await tenant.add_target(
        name="CRM", key="crm", config={"url": "https://crm"}, sealed=SEALED, timeout_ms=5_000, extra={"a": 1}
    )


def mirror_of(tenant, lent, borrower, key="crm", now=NOON):
    return Target(
        random_id(now), borrower.workspace, TargetKind.TOOL, "?", "http", {}, tenant.principal, now, now,
        key=key, state=TargetState.DISABLED, shared_from=lent,
    )  # fmt: skip


async def share(store, tenant, lent, borrower, named=None, **given):
    mirror = mirror_of(tenant, lent, borrower, **given)
    return await store.write(shares.share, shares.TARGETS, tenant.workspace, lent, mirror, named)


async def end(store, tenant, lent, borrower, now=NOON):
    return await store.write(
        shares.end_share, shares.TARGETS, tenant.workspace, lent, borrower.workspace, now
    )


async def get(store, tenant, target_id):
    return await store.read(targets.get_target, tenant.workspace, target_id)


async def change(store, tenant, target_id, **given):
    await store.write(
        targets.change_target, tenant.workspace, target_id, lambda before: replace(before, **given), NOON
    )


async def shared_with(store, tenant, lent):
    found = await store.read(shares.list_shares, shares.TARGETS, tenant.workspace, lent, LOWEST_ID, 10)
    return [one.workspace_id for one in found]


async def test_a_mirror_is_run_as_its_target_and_holds_nothing_of_how(store, tenant, lent, borrower):
    found, new = await share(store, tenant, lent, borrower)
    assert new
    mirror = await get(store, borrower, found.mirror_id)
    assert (mirror.name, mirror.kind, mirror.timeout_ms, mirror.key) == (
        "CRM",
        TargetKind.AUTOMATION,
        5_000,
        "crm",
    )
    assert (mirror.state, mirror.shared_from) == (TargetState.ENABLED, lent)
    assert (mirror.config, mirror.sealed, mirror.extra) == ({}, None, {})
    assert mirror.number != (await get(store, tenant, lent)).number
    (row,) = await store.read(dispatch.read_targets, [mirror.id])
    assert (row.id, row.version, row.executor) == (mirror.id, mirror.version, "http")
    assert (row.config, row.secrets, row.sealed_for, row.extra) == (
        '{"url":"https://crm"}',
        SEALED,
        lent,
        '{"a":1}',
    )
    (own,) = await store.read(dispatch.read_targets, [lent])
    assert (own.secrets, own.sealed_for) == (SEALED, lent)


async def test_a_target_that_has_no_executor_is_not_shared(store, tenant, borrower):
    idle = await tenant.add_target(executor="none", config={})
    with pytest.raises(Conflict, match="has no executor yet, so there is nothing to share"):
        await share(store, tenant, idle, borrower)
    assert await shared_with(store, tenant, idle) == []


async def test_a_mirror_follows_its_target_and_is_not_changed_where_it_is(store, tenant, lent, borrower):
    found, _ = await share(store, tenant, lent, borrower)
    before = await get(store, borrower, found.mirror_id)
    await change(store, tenant, lent, name="New", config={"url": "https://new"}, max_concurrency=3, key="new")
    after = await get(store, borrower, found.mirror_id)
    assert (after.name, after.max_concurrency, after.key) == ("New", 3, "crm")
    assert after.version > before.version
    (row,) = await store.read(dispatch.read_targets, [found.mirror_id])
    assert (row.config, row.version) == ('{"url":"https://new"}', after.version)
    with pytest.raises(Conflict, match="is changed there alone"):
        await change(store, borrower, found.mirror_id, name="Mine")
    await change(store, tenant, lent, state=TargetState.ARCHIVED, state_reason="ours alone")
    off = await get(store, borrower, found.mirror_id)
    assert (off.state, off.state_reason) == (TargetState.DISABLED, targets.OFF_AT_HOME)
    await change(store, tenant, lent, state=TargetState.ENABLED, state_reason=None)
    on = await get(store, borrower, found.mirror_id)
    assert (on.state, on.state_reason) == (TargetState.ENABLED, None)


async def test_the_workspaces_that_listen_are_told_that_a_mirror_is_off(
    store, tenant, lent, borrower, monkeypatch
):
    found, _ = await share(store, tenant, lent, borrower)
    monkeypatch.setattr(store, "recording", frozenset([borrower.workspace]))
    await change(store, tenant, lent, state=TargetState.DISABLED)
    await change(store, tenant, lent, name="Still off")
    assert [(note[0], note[1]) for note in await told(store)] == [(borrower.workspace, "target.disabled")]
    await change(store, tenant, lent, state=TargetState.ENABLED)
    await end(store, tenant, lent, borrower, NOON + 1)
    assert len(await told(store)) == 2
    assert found.workspace_id == borrower.workspace


async def test_of_a_mirror_that_is_off_already_nothing_is_told_when_it_is_shared_no_longer(
    store, tenant, lent, borrower, monkeypatch
):
    await share(store, tenant, lent, borrower)
    await change(store, tenant, lent, state=TargetState.DISABLED)
    monkeypatch.setattr(store, "recording", frozenset([borrower.workspace]))
    await end(store, tenant, lent, borrower, NOON + 1)
    assert await told(store) == []


async def told(store):
    while await store.urgent(events.publish, NOON):
        pass
    rows = [row for row in await all_rows(store) if row[0] == "events"]
    return sorted((row[1], row[4]) for row in rows)


async def test_a_target_is_shared_once_with_a_workspace_and_with_many(store, tenant, lent, borrower):
    other = await Tenant.open(store)
    first, new = await share(store, tenant, lent, borrower)
    again, newer = await share(store, tenant, lent, borrower)
    assert (new, newer, again) == (True, False, first)
    named, _ = await share(store, tenant, lent, borrower, named="another")
    assert (named.mirror_id, named.key) == (first.mirror_id, "another")
    assert (await get(store, borrower, first.mirror_id)).key == "another"
    await borrower.add_target(key="taken")
    with pytest.raises(Conflict, match="'taken' exists already"):
        await share(store, tenant, lent, borrower, named="taken")
    await share(store, tenant, lent, other, key=None)
    assert await shared_with(store, tenant, lent) == sorted([borrower.workspace, other.workspace])
    assert await shared_with(store, tenant, tenant.target) == []
    with pytest.raises(NotFound):
        await shared_with(store, borrower, lent)


async def test_what_is_not_shared_any_more_is_off_until_it_is_shared_again(store, tenant, lent, borrower):
    found, _ = await share(store, tenant, lent, borrower)
    await end(store, tenant, lent, borrower)
    off = await get(store, borrower, found.mirror_id)
    assert (off.executor, off.state, off.state_reason) == ("none", TargetState.DISABLED, shares.NOT_SHARED)
    assert await shared_with(store, tenant, lent) == []
    (row,) = await store.read(dispatch.read_targets, [found.mirror_id])
    assert (row.config, row.secrets) == ("{}", None)
    await change(store, tenant, lent, name="Unseen")
    assert (await get(store, borrower, found.mirror_id)).name == "CRM"
    with pytest.raises(NotFound):
        await end(store, tenant, lent, borrower)
    back, new = await share(store, tenant, lent, borrower)
    assert (back.mirror_id, new) == (found.mirror_id, True)
    on = await get(store, borrower, found.mirror_id)
    assert (on.executor, on.state, on.state_reason, on.name) == ("http", TargetState.ENABLED, None, "Unseen")


async def test_what_a_purged_workspace_had_shared_is_off_where_it_was_shared(store, tenant, lent, borrower):
    found, _ = await share(store, tenant, lent, borrower)
    before = await get(store, borrower, found.mirror_id)
    assert before.state is TargetState.ENABLED
    await store.write(purges.delete_workspace, tenant.workspace, NOON, NOON + 1, tenant.principal)
    while await store.write(purges.purge_piece, NOON + MINUTE) is not None:
        pass
    left = await get(store, borrower, found.mirror_id)
    assert (left.executor, left.state, left.shared_from) == ("none", TargetState.DISABLED, None)
    assert left.state_reason == "it is not shared any more"
    assert left.version > before.version


async def test_a_target_that_says_it_is_gone_is_off_where_it_is_shared_too(store, tenant, lent, borrower):
    found, _ = await share(store, tenant, lent, borrower)
    await tenant.schedule(target_id=lent)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    await node.work(NOON + MINUTE, Outcome(Verdict.FAILED, error="410 Gone", gone=True))
    mirror = await get(store, borrower, found.mirror_id)
    assert (mirror.executor, mirror.state) == ("http", TargetState.DISABLED)
    assert mirror.state_reason is not None


async def test_a_target_is_deleted_when_it_is_not_shared_any_more_and_a_mirror_at_any_time(
    store, tenant, lent, borrower
):
    found, _ = await share(store, tenant, lent, borrower)
    with pytest.raises(Conflict, match="is shared with other workspaces"):
        await store.write(targets.delete_target, tenant.workspace, lent, NOON)
    await store.write(targets.delete_target, borrower.workspace, found.mirror_id, NOON)
    assert await shared_with(store, tenant, lent) == []
    again, new = await share(store, tenant, lent, borrower)
    assert new
    assert again.mirror_id != found.mirror_id
    await end(store, tenant, lent, borrower)
    await store.write(targets.delete_target, tenant.workspace, lent, NOON)


async def test_a_key_that_is_taken_a_stranger_and_a_mirror_are_refused(store, tenant, lent, borrower):
    await borrower.add_target(key="crm")
    before = await all_rows(store)
    with pytest.raises(Conflict, match="'crm' exists already"):
        await share(store, tenant, lent, borrower)
    with pytest.raises(NotFound):
        await share(store, borrower, lent, tenant, key=None)
    nobody = Tenant(store, random_id(NOON), tenant.principal)
    with pytest.raises(NotFound, match="workspace"):
        await share(store, tenant, lent, nobody)
    assert await all_rows(store) == before
    found, _ = await share(store, tenant, lent, borrower, key="theirs")
    with pytest.raises(Conflict, match="is changed there alone"):
        await share(store, borrower, found.mirror_id, await Tenant.open(store))


async def test_a_workspace_shares_no_more_than_may_be(store, tenant, lent, borrower, monkeypatch):
    monkeypatch.setattr(shares, "MOST_SHARES", 1)
    await share(store, tenant, lent, borrower)
    await share(store, tenant, lent, borrower)
    with pytest.raises(Conflict, match="no more may be"):
        await share(store, tenant, lent, await Tenant.open(store))


async def test_mirrors_are_off_while_the_workspace_of_their_target_is_deleted(store, tenant, lent, borrower):
    found, _ = await share(store, tenant, lent, borrower)

    async def delete(now):
        await store.write(purges.delete_workspace, tenant.workspace, now, NOON + DAY, tenant.principal)

    await delete(NOON)
    assert (await get(store, borrower, found.mirror_id)).state is TargetState.DISABLED
    await store.write(purges.undelete_workspace, tenant.workspace, NOON + 1)
    assert (await get(store, borrower, found.mirror_id)).state is TargetState.ENABLED
    await delete(NOON + 2)
    while await store.write(purges.purge_piece, NOON + DAY) is not None:
        pass
    left = await get(store, borrower, found.mirror_id)
    assert (left.executor, left.state, left.shared_from) == ("none", TargetState.DISABLED, None)
    (row,) = await store.read(dispatch.read_targets, [found.mirror_id])
    assert (row.config, row.secrets) == ("{}", None)


# What a mirror shows of its target, each with another value.
FOLLOWED = {
    "kind": TargetKind.AGENT,
    "name": "New",
    "description": "what it does",
    "executor": "echo",
    "completion": Completion.CALLBACK,
    "timeout_ms": 7_000,
    "deadline_ms": 99_000,
    "max_concurrency": 3,
    "rate_per_second": 2.5,
    "input_schema": {"type": "object"},
}


@pytest.mark.parametrize("name", FOLLOWED)
async def test_a_mirror_follows_its_target_in_all_that_it_shows(store, tenant, lent, borrower, name):
    found, _ = await share(store, tenant, lent, borrower)
    assert getattr(await get(store, borrower, found.mirror_id), name) != FOLLOWED[name]
    await change(store, tenant, lent, **{name: FOLLOWED[name]})
    assert getattr(await get(store, borrower, found.mirror_id), name) == FOLLOWED[name]


async def test_what_is_not_shared_any_more_counts_no_longer(store, tenant, lent, borrower, monkeypatch):
    monkeypatch.setattr(shares, "MOST_SHARES", 1)
    await share(store, tenant, lent, borrower)
    await end(store, tenant, lent, borrower)
    await share(store, tenant, lent, await Tenant.open(store))
    with pytest.raises(Conflict, match="no more may be"):
        await share(store, tenant, lent, borrower)


async def test_a_mirror_whose_target_was_purged_is_off_for_good_also_where_a_server_has_it_in_memory(
    store, tenant, lent, borrower
):
    """Servers know by the version that what they have in memory, with secrets of the lender, is of yesterday."""
    found, _ = await share(store, tenant, lent, borrower)
    await store.write(purges.delete_workspace, tenant.workspace, NOON, NOON + DAY, tenant.principal)
    (before,) = await store.read(dispatch.read_targets, [found.mirror_id])
    while await store.write(purges.purge_piece, NOON + DAY) is not None:
        pass
    (after,) = await store.read(dispatch.read_targets, [found.mirror_id])
    assert after.version > before.version
    assert (after.executor, after.config, after.secrets, after.state) == ("none", "{}", None, "disabled")


async def test_a_borrower_is_told_once_what_it_borrows_is_off(store, tenant, lent, borrower):
    """Because its target was switched off, and then because the workspace of it was deleted."""
    found, _ = await share(store, tenant, lent, borrower)
    store.recording = frozenset((borrower.workspace,))
    await change(store, tenant, lent, name="New")
    await change(store, tenant, lent, state=TargetState.DISABLED)
    await change(store, tenant, lent, state=TargetState.ENABLED)
    await store.write(purges.delete_workspace, tenant.workspace, NOON + 1, NOON + DAY, None)
    while await store.urgent(events.publish, NOON + 2):
        pass
    told = await store.read(events.events_after, borrower.workspace, 0, 9)
    assert [(one.type, one.at_ms) for one in told] == [
        ("target.disabled", NOON),
        ("target.disabled", NOON + 1),
    ]
    assert await store.read(events.events_after, tenant.workspace, 0, 9) == []
    assert (await get(store, borrower, found.mirror_id)).state is TargetState.DISABLED


async def test_what_must_stay_with_its_workspace_is_refused_only_where_it_is_shared(
    store, tenant, lent, borrower
):
    async def changed(name):
        await store.write(
            targets.change_target, tenant.workspace, lent, lambda one: replace(one, name=name), NOON, None,
            lambda after: after.name != "to lend",
        )  # fmt: skip
        return (await get(store, tenant, lent)).name

    assert await changed("own") == "own"
    await share(store, tenant, lent, borrower)
    with pytest.raises(Conflict, match="cannot be shared"):
        await changed("still own")
    assert await changed("to lend") == "to lend"
