"""What a store counts of its own work equals what it holds."""

from collections import Counter

import pytest

from horarium.domain.fire import FireKind, SpanReason
from horarium.domain.run import RunState
from horarium.domain.schedule import CatchUp, Overlap, Policies, ScheduleState
from horarium.store.figures import FIRED, FIRES, FREED, RUNS, SLOTS
from horarium.store.verbs import manual, nodes
from horarium.store.verbs.figures import present
from tests.support.tenant import FAILED, HOUR, LEASE, MINUTE, NOON, SUCCEEDED, Node

ALLOW = Policies(overlap=Overlap.ALLOW)


async def slots_by_ledger(tenant, schedules):
    found = Counter()
    for schedule in schedules:
        for fire in await tenant.fires(schedule):
            if fire.kind is FireKind.CLOCK:
                found[FIRED] += 1
        for span in await tenant.spans(schedule):
            found[span.reason.value] += span.count
    return found


async def test_the_slots_that_are_counted_are_those_of_the_ledger(tenant, store):
    """Slots that fire, that overlap skips, that were missed, and those of a pause and of an edit."""
    await Node.start(store)
    skipping = await tenant.schedules(3)
    missing = await tenant.schedules(2, policies=Policies(catch_up=CatchUp.LATEST, overlap=Overlap.ALLOW))
    paused = await tenant.schedule(policies=ALLOW)
    edited = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW, jitter_ms=50_000))
    for minute in (1, 2, 3):
        await tenant.release(NOON + minute * MINUTE)
    paused = await tenant.change(paused, NOON + 3 * MINUTE, state=ScheduleState.PAUSED)
    await tenant.change(edited, NOON + 4 * MINUTE + 1, state=ScheduleState.PAUSED)
    await tenant.release(NOON + HOUR)
    await tenant.change(paused, NOON + HOUR, state=ScheduleState.ACTIVE)
    await tenant.release(NOON + HOUR + MINUTE)
    counted = store.figures.of(SLOTS)
    assert counted == await slots_by_ledger(tenant, [*skipping, *missing, paused, edited])
    wanted = {FIRED, SpanReason.UNBEGUN.value, SpanReason.MISSED.value, SpanReason.PAUSED.value}
    assert wanted <= counted.keys()


async def test_the_lateness_of_what_fires_is_counted_from_the_due_instant(tenant, store):
    await tenant.schedules(3, policies=ALLOW)
    await tenant.release(NOON + MINUTE + 40)
    entered = store.figures.entered
    assert entered.count == 3
    assert 120 < entered.total < 120 + 3 * 1_000  # with the time that the transaction took
    assert dict(entered.cumulative())[25] == 0
    assert dict(entered.cumulative())[2_500] == 3


async def test_what_fails_is_not_counted(tenant, store):
    async def fails(tx):
        tx.count(SLOTS, FIRED, 7)
        raise KeyError("no")

    with pytest.raises(KeyError):
        await store.write(fails)
    assert store.figures.of(SLOTS) == {}


async def test_runs_are_counted_by_how_they_ended(tenant, store):
    schedules = await tenant.schedules(3, policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    works = await node.claim(NOON + MINUTE)
    await node.record(works[:2], SUCCEEDED, NOON + MINUTE)
    await node.record(works[2:], FAILED, NOON + MINUTE)
    assert store.figures.of(RUNS) == {RunState.SUCCEEDED: 2, RunState.FAILED: 1}
    await store.write(manual.fire_slots, schedules[0], FireKind.MANUAL, [NOON], "r", NOON + MINUTE)
    assert store.figures.of(FIRES) == {FireKind.MANUAL: 1}


async def test_verbs_and_commits_are_timed(tenant, store):
    before = store.figures.commits.count
    await tenant.release(NOON + MINUTE)
    assert store.figures.commits.count > before
    assert store.figures.verbs["release"].calls == 1
    assert store.figures.verbs["release"].seconds > 0
    assert store.waiting() == {"engine": 0, "api": 0}
    assert await store.bytes() > 10_000


async def test_what_the_database_holds_now_is_told_by_lane(tenant, store):
    held = await tenant.add_target()
    await tenant.schedules(2, policies=ALLOW)
    await tenant.schedules(3, policies=ALLOW, target_id=held)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    await node.claim(NOON + MINUTE, room=5, lane_room={tenant.target: 1, held: 0})
    found = await store.read(present, NOON + 2 * MINUTE)
    lanes = {lane.lane: lane for lane in found.lanes}
    assert (lanes[tenant.target].waiting, lanes[tenant.target].claimed) == (1, 1)
    assert lanes[held][1:] == (3, 0, 0, NOON + MINUTE)
    assert found.oldest_ready_ms == NOON + MINUTE
    assert found.oldest_due_ms == NOON + 2 * MINUTE
    assert (found.callbacks, found.fanouts) == (0, 0)
    assert (found.nodes_alive, found.nodes_lapsed) == (0, 1)  # its lease was of noon


async def test_runs_that_are_taken_from_a_node_that_is_gone_are_counted(tenant, store):
    await tenant.schedules(2, policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    await node.claim(NOON + MINUTE)
    heir = await Node.start(store, NOON + HOUR)
    await store.urgent(nodes.free_lapsed, NOON + LEASE + 2, heir.id)
    assert store.figures.of(FREED) == {"lapsed": 2}
