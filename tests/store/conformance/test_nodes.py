"""Nodes come, live under a lease, and go; what they held goes to others."""

from horarium.store.base import READY
from horarium.store.verbs import meta, nodes
from horarium.store.verbs.watchdog import watch
from tests.support.raw import select
from tests.support.tenant import LEASE, MINUTE, NOON, SUCCEEDED, Node

NOW = NOON + MINUTE


async def claimed(tenant, store, **given):
    await tenant.schedule()
    await tenant.release(NOW)
    node = await Node.start(store, NOW, **given)
    (work,) = await node.claim(NOW)
    return node, work


async def test_a_node_has_a_lease_while_it_lives_and_an_end_after(tenant, store):
    node = await Node.start(store)
    entered = "SELECT id, lease_until_ms, stopped_ms FROM nodes"
    assert await select(store, entered) == [(node.id, NOON + LEASE, None)]
    assert await store.urgent(nodes.heartbeat, node.id, NOW, LEASE)
    assert await select(store, entered) == [(node.id, NOW + LEASE, None)]
    await store.urgent(nodes.stop, node.id, NOW)
    assert await select(store, entered) == [(node.id, NOW, NOW)]
    assert not await store.urgent(nodes.heartbeat, node.id, NOW, LEASE)


async def test_a_heartbeat_keeps_what_a_node_holds(tenant, store):
    node, work = await claimed(tenant, store)
    heir = await Node.start(store, NOW)
    assert await store.urgent(nodes.heartbeat, node.id, NOW + LEASE, LEASE)
    assert await store.urgent(nodes.free_lapsed, NOW + LEASE + 1, heir.id) == 0
    assert await node.record([work], SUCCEEDED, NOW + LEASE + 2) == []


async def test_who_has_been_given_up_is_told_by_its_heartbeat_and_may_come_again(tenant, store):
    node, _ = await claimed(tenant, store)
    heir = await Node.start(store, NOW + LEASE)
    heard = []
    store.listen(lambda topic, at: heard.append(topic))
    assert await store.urgent(nodes.free_lapsed, NOW + LEASE + 1, heir.id) == 1
    assert READY in heard
    assert not await store.urgent(nodes.heartbeat, node.id, NOW + LEASE + 2, LEASE)
    again = NOW + 2 * LEASE
    back = nodes.NodeRow(node.id, "node", "engine", "1", "2026a", again, again, again + LEASE)
    await store.urgent(nodes.register, back, False)
    entered = await select(store, "SELECT id, seen_ms, lease_until_ms, stopped_ms FROM nodes")
    assert (node.id, NOW + 2 * LEASE, NOW + 3 * LEASE, None) in entered
    assert await store.urgent(nodes.heartbeat, node.id, NOW + 2 * LEASE, LEASE)
    assert len(await heir.claim(NOW + 2 * LEASE)) == 1


async def test_who_asks_who_has_lapsed_is_not_among_them(tenant, store):
    node, work = await claimed(tenant, store)
    assert await store.urgent(nodes.free_lapsed, NOW + 10 * LEASE, node.id) == 0
    assert await store.urgent(nodes.heartbeat, node.id, NOW + 10 * LEASE, LEASE)
    assert await node.record([work], SUCCEEDED, NOW + 10 * LEASE) == []


async def test_a_goodbye_frees_what_was_held_at_once(tenant, store):
    node, work = await claimed(tenant, store)
    other = await Node.start(store, NOW)
    await store.urgent(nodes.stop, node.id, NOW)
    (again,) = await other.claim(NOW)
    assert (again.id, again.attempt) == (work.id, 1)


async def test_who_is_alone_frees_everything_at_its_start(tenant, store):
    old, _ = await claimed(tenant, store)
    new = await Node.start(store, NOW + 1, alone=True)
    assert len(await new.claim(NOW + 1)) == 1
    assert not await store.urgent(nodes.heartbeat, old.id, NOW + 1, LEASE)


async def test_who_is_not_alone_leaves_others_their_runs(tenant, store):
    old, work = await claimed(tenant, store)
    new = await Node.start(store, NOW + 1)
    assert await new.claim(NOW + 1) == []
    assert await old.record([work], SUCCEEDED, NOW + 1) == []


async def test_runs_of_a_node_never_heard_of_are_freed(tenant, store):
    await tenant.schedule()
    await tenant.release(NOW)
    await Node(store).claim(NOW)
    heir = await Node.start(store)
    assert await store.urgent(nodes.free_lapsed, NOON, heir.id) == 1


async def test_the_version_of_the_zone_data_only_rises(store):
    for ours, highest in (("2025b", "2025b"), ("2025a", "2025b"), ("2026a", "2026a"), ("2025c", "2026a")):
        assert await store.write(meta.raise_zone_data, ours) == highest


async def test_a_watchdog_sees_who_lives_and_who_was_given_up_and_not_who_stopped(tenant, store):
    stopped, _gone, heir = [await Node.start(store) for _ in range(3)]
    await store.urgent(nodes.stop, stopped.id, NOW)
    await store.urgent(nodes.heartbeat, heir.id, NOON + LEASE, LEASE)
    await store.urgent(nodes.free_lapsed, NOON + LEASE + 1, heir.id)
    seen = await store.read(watch, NOON)
    assert sorted((node.given_up_ms, node.lease_until_ms) for node in seen.nodes if node.given_up_ms) == [
        (NOON + LEASE + 1, NOON + LEASE)
    ]
    assert [node.lease_until_ms for node in seen.nodes if node.given_up_ms is None] == [NOON + 2 * LEASE]
    later = await store.read(watch, NOON + LEASE + 2)
    assert [node.given_up_ms for node in later.nodes] == [None]
    assert (seen.oldest_due_ms, seen.oldest_ready_ms) == (None, None)
