"""The overlap policy holds, decided in the transaction that inserts the fire."""

import pytest

from horarium.domain.fire import FireKind, FireState
from horarium.domain.ids import LOWEST_ID
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import CatchUp, Policies
from horarium.store.verbs import dispatch, runs, upkeep
from horarium.store.verbs.manual import fire_by_hand
from horarium.worker.work import cancelled
from tests.support.tenant import FAILED, MINUTE, NOON, SUCCEEDED, Node, RunState, states


async def tick(tenant, *minutes):
    for n in minutes:
        await tenant.release(NOON + n * MINUTE)


async def test_allow_starts_every_fire(tenant):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW))
    await tick(tenant, 1, 2, 3)
    assert states(await tenant.fires(schedule)) == ["running"] * 3
    assert (await tenant.again(schedule)).progress.open_fires == 3


async def test_skip_starts_again_once_the_fire_has_settled(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1)
    node = await Node.start(store)
    works = await node.begin(NOON + MINUTE)
    await tick(tenant, 2)
    await node.record(works, SUCCEEDED, NOON + 2 * MINUTE)
    await tick(tenant, 3)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON + MINUTE, NOON + 3 * MINUTE]


async def test_buffer_one_keeps_one_waiting_and_starts_it_when_its_turn_comes(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE))
    await tick(tenant, 1, 2, 3)
    assert states(await tenant.fires(schedule)) == ["running", "waiting"]
    assert len(await tenant.runs(schedule)) == 1
    node = await Node.start(store)
    await node.work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "running"]
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.waiting_fires, progress.skipped) == (1, 0, 1)
    assert progress.last_state == "running"
    await node.work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "completed"]


async def test_buffer_all_starts_them_in_order(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ALL, buffer_limit=2))
    await tick(tenant, 1, 2, 3, 4)
    assert states(await tenant.fires(schedule)) == ["running", "waiting", "waiting"]
    node = await Node.start(store)
    order = []
    for _ in range(4):
        works = await node.claim(NOON + 5 * MINUTE)
        order += [work.run.slot_ms for work in works]
        await node.record(works, FAILED, NOON + 5 * MINUTE)
    assert order == [NOON + n * MINUTE for n in (1, 2, 3)]
    progress = (await tenant.again(schedule)).progress
    assert (progress.failed, progress.open_fires, progress.waiting_fires, progress.skipped) == (3, 0, 0, 1)


async def test_cancel_other_asks_what_is_under_way_to_stop_and_waits_for_it(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.CANCEL_OTHER))
    node = await Node.start(store)
    await tick(tenant, 1)
    (work,) = await node.claim(NOON + MINUTE)
    await tick(tenant, 2)
    assert states(await tenant.fires(schedule)) == ["running", "waiting"]
    assert await store.urgent(dispatch.stopped, node.id, {work.id: work.epoch}) == [work.id]
    await tick(tenant, 3)
    assert states(await tenant.fires(schedule)) == ["running", "cancelled", "waiting"]
    await node.tell([cancelled(work, NOON + 3 * MINUTE)], NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["cancelled", "cancelled", "running"]
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.waiting_fires) == (1, 0)


async def test_cancel_other_starts_at_once_where_nothing_was_under_way(tenant):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.CANCEL_OTHER))
    await tick(tenant, 1, 2)
    assert states(await tenant.fires(schedule)) == ["cancelled", "running"]
    assert states(await tenant.runs(schedule)) == ["cancelled", "pending"]


async def test_terminate_other_ends_what_is_under_way_and_starts(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.TERMINATE_OTHER))
    node = await Node.start(store)
    await tick(tenant, 1)
    works = await node.claim(NOON + MINUTE)
    await tick(tenant, 2)
    assert states(await tenant.fires(schedule)) == ["cancelled", "running"]
    refused = await node.record(works, FAILED, NOON + 2 * MINUTE, careful=True)
    assert refused == [works[0].id]
    assert states(await tenant.runs(schedule)) == ["cancelled", "pending"]
    assert (await tenant.again(schedule)).progress.open_fires == 1


@pytest.mark.parametrize("overlap", [Overlap.TERMINATE_OTHER, Overlap.CANCEL_OTHER])
async def test_what_waited_under_an_earlier_policy_does_not_start_beside_the_fire_that_replaces_it(
    tenant, overlap
):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ALL, buffer_limit=5))
    await tick(tenant, 1, 2, 3)
    assert states(await tenant.fires(schedule)) == ["running", "waiting", "waiting"]
    await tenant.redefine(schedule, NOON + 3 * MINUTE, policies=Policies(overlap=overlap))
    await tick(tenant, 4)
    assert states(await tenant.fires(schedule)) == ["cancelled", "cancelled", "cancelled", "running"]
    assert [run.slot_ms for run in await tenant.runs(schedule)] == [NOON + n * MINUTE for n in (1, 4)]
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.waiting_fires) == (1, 0)


@pytest.mark.parametrize(
    ("overlap", "wanted"),
    [
        (Overlap.TERMINATE_OTHER, ["cancelled", "cancelled", "running"]),
        (Overlap.CANCEL_OTHER, ["cancelled", "cancelled", "running"]),
        (Overlap.BUFFER_ONE, ["running", "waiting"]),
        (Overlap.SKIP, ["running"]),
    ],
)
async def test_the_policy_holds_within_one_release_too(tenant, overlap, wanted):
    schedule = await tenant.schedule(policies=Policies(overlap=overlap, catch_up=CatchUp.ALL))
    await tick(tenant, 3)
    assert states(await tenant.fires(schedule)) == wanted
    progress = (await tenant.again(schedule)).progress
    assert progress.open_fires == 1
    assert progress.waiting_fires == wanted.count("waiting")
    assert len([run for run in await tenant.runs(schedule) if run.state is RunState.PENDING]) == 1


async def test_a_waiting_fire_that_nobody_would_start_is_started(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE))
    await tick(tenant, 1, 2)

    async def lose_the_open_one(tx):
        await tx.many("settle_cursors", [(schedule.id, 1, 0, 0, 0, 0, b"", "")])

    await store.urgent(lose_the_open_one)
    assert await store.urgent(upkeep.unstick, NOON + 3 * MINUTE, 10) == (1, LOWEST_ID)
    assert (await tenant.fires(schedule))[1].state is FireState.RUNNING
    assert await store.urgent(upkeep.unstick, NOON + 3 * MINUTE, 10) == (0, LOWEST_ID)


async def test_schedules_with_waiting_fires_are_looked_through_a_piece_at_a_time(tenant, store, monkeypatch):
    """Where a target is slow very many have one, and all of them were looked at every second."""
    monkeypatch.setattr(upkeep, "WAITING_AT_ONCE", 1)
    first, last = sorted(
        [
            await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE)),
            await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE)),
        ],
        key=lambda schedule: schedule.id,
    )
    await tick(tenant, 1, 2)

    async def lose_the_open_one(tx):
        await tx.many("settle_cursors", [(last.id, 1, 0, 0, 0, 0, b"", "")])

    await store.urgent(lose_the_open_one)
    now = NOON + 3 * MINUTE
    found, looked_to = await store.read(upkeep.pending, now)
    assert (found.waiting_fires, looked_to) == (False, first.id)
    found, looked_to = await store.read(upkeep.pending, now, looked_to)
    assert (found.waiting_fires, looked_to) == (True, last.id)
    assert (await store.read(upkeep.pending, now, looked_to))[1] == LOWEST_ID
    assert await store.urgent(upkeep.unstick, now, 10) == (0, first.id)
    assert await store.urgent(upkeep.unstick, now, 10, first.id) == (1, last.id)
    assert await store.urgent(upkeep.unstick, now, 10, last.id) == (0, LOWEST_ID)


async def test_a_replayed_run_is_no_open_fire_and_is_left_alone(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.TERMINATE_OTHER))
    node = await Node.start(store)
    await tick(tenant, 1)
    (done,) = await node.work(NOON + MINUTE)
    replay = await store.write(runs.replay_run, tenant.workspace, done, NOON + MINUTE)
    await tick(tenant, 2, 3)
    found, _ = await store.read(runs.get_run, tenant.workspace, replay.id)
    assert found.state is RunState.PENDING
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.succeeded) == (1, 1)


@pytest.mark.parametrize("overlap", [Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER])
@pytest.mark.parametrize("held", [True, False])
async def test_what_was_fired_by_hand_is_not_stopped_by_the_next_slot(tenant, store, overlap, held):
    schedule = await tenant.schedule(policies=Policies(overlap=overlap))
    node = await Node.start(store)
    await store.write(fire_by_hand, schedule, FireKind.MANUAL, NOON + 1, "a", NOON + 1)
    works = await node.claim(NOON + 1) if held else []
    await tick(tenant, 1, 2)
    assert await store.urgent(dispatch.stopped, node.id, {work.id: work.epoch for work in works}) == []
    assert states(await tenant.runs(schedule)) == ["pending", "cancelled", "pending"]
