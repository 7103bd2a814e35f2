"""Runs as they are asked for, cancelled, replayed and forgotten."""

import asyncio

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.run import Attempt
from horarium.domain.schedule import Policies
from horarium.store.base import CANCELLED, Duplicate
from horarium.store.verbs import dispatch, run_lists, runs
from tests.support.tenant import (
    FAILED,
    HOUR,
    MINUTE,
    NOON,
    SUCCEEDED,
    TRY_AGAIN,
    Node,
    RunState,
    Tenant,
    states,
)

NOW = NOON + MINUTE
RUN = b"r" * 16


async def one_run(tenant, policies=None):
    schedule = await tenant.schedule(policies=policies)
    await tenant.release(NOW)
    (run,) = await tenant.runs(schedule)
    return schedule, run


async def test_the_input_of_a_run_is_that_of_the_version_by_which_it_fired_or_what_was_given_for_it(
    tenant, store
):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW), input={"n": 1})
    await tenant.release(NOW)
    await tenant.redefine(schedule, NOW + 1, input={"n": 2})
    await tenant.release(NOW + MINUTE)
    without = await tenant.schedule(now=NOW + MINUTE)
    await tenant.release(NOW + 2 * MINUTE)
    given = await store.write(
        runs.run_target, tenant.workspace, tenant.target, random_id(NOW), '{"n":3}', NOW
    )
    first, second, _ = await tenant.runs(schedule)
    (none,) = await tenant.runs(without)
    found = await store.read(runs.inputs_of, [first, second, none, given])
    assert found == {first.id: '{"n":1}', second.id: '{"n":2}', none.id: None, given.id: '{"n":3}'}


async def test_a_target_can_be_run_without_a_schedule(tenant, store):
    run = await store.write(runs.run_target, tenant.workspace, tenant.target, random_id(NOW), '{"a":1}', NOW)
    assert (run.state, run.mode, run.schedule_id, run.data) == (RunState.PENDING, "manual", None, '{"a":1}')
    node = await Node.start(store)
    await node.work(NOW)
    assert (await store.read(runs.get_run, tenant.workspace, run.id))[0].state is RunState.SUCCEEDED


async def test_the_same_run_is_not_made_twice(tenant, store):
    new = random_id(NOW)
    await store.write(runs.run_target, tenant.workspace, tenant.target, new, None, NOW)
    with pytest.raises(Duplicate):
        await store.write(runs.run_target, tenant.workspace, tenant.target, new, None, NOW)


async def test_another_workspaces_target_cannot_be_run(tenant, store):
    stranger = await Tenant.open(store)
    with pytest.raises(NotFound):
        await store.write(runs.run_target, stranger.workspace, tenant.target, random_id(NOW), None, NOW)


async def test_a_cancelled_run_ends_at_once_and_its_worker_is_told(tenant, store):
    schedule, run = await one_run(tenant)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    heard = []
    store.listen(lambda topic, at: heard.append(topic))
    assert (await store.write(runs.cancel_run, tenant.workspace, run.id, NOW)).state is RunState.CANCELLED
    assert CANCELLED in heard
    assert await store.urgent(dispatch.stopped, node.id, {work.id: work.epoch}) == [work.id]
    assert await node.record([work], SUCCEEDED, NOW, careful=True) == [work.id]
    assert states(await tenant.fires(schedule)) == ["cancelled"]
    assert (await tenant.again(schedule)).progress.open_fires == 0


async def test_what_is_over_cannot_be_cancelled(tenant, store):
    _, run = await one_run(tenant)
    node = await Node.start(store)
    await node.work(NOW)
    with pytest.raises(Conflict, match="succeeded"):
        await store.write(runs.cancel_run, tenant.workspace, run.id, NOW)


async def test_a_cancellation_and_an_outcome_at_once_count_once(tenant, store, other):
    made = await tenant.schedules(12, policies=Policies(overlap=Overlap.BUFFER_ONE))
    await tenant.release(NOW)
    node = await Node.start(store)
    works = await node.claim(NOW)
    await asyncio.gather(
        *(node.record([work], SUCCEEDED, NOW, careful=True) for work in works),
        *(other.write(runs.cancel_run, tenant.workspace, work.id, NOW) for work in works),
        return_exceptions=True,
    )
    for schedule in made:
        (run,), (fire,) = await tenant.runs(schedule), await tenant.fires(schedule)
        progress = (await tenant.again(schedule)).progress
        assert progress.open_fires == 0
        assert progress.succeeded == (1 if run.state is RunState.SUCCEEDED else 0)
        assert (fire.succeeded, fire.cancelled) == ((1, 0) if progress.succeeded else (0, 1))


async def test_cancelling_starts_the_fire_that_waited(tenant, store):
    schedule, run = await one_run(tenant, Policies(overlap=Overlap.BUFFER_ONE))
    await tenant.release(NOW + MINUTE)
    await store.write(runs.cancel_run, tenant.workspace, run.id, NOW + MINUTE)
    assert states(await tenant.fires(schedule)) == ["cancelled", "running"]


async def test_a_replay_is_a_new_generation_and_leaves_its_fire_as_it_ended(tenant, store):
    schedule, run = await one_run(tenant)
    node = await Node.start(store)
    await node.work(NOW, FAILED)
    new = await store.write(runs.replay_run, tenant.workspace, run.id, NOW)
    assert (new.generation, new.mode, new.fire_id) == (1, "retry", run.fire_id)
    assert await node.work(NOW) == [new.id]
    third = await store.write(runs.replay_run, tenant.workspace, run.id, NOW)
    assert third.generation == 2
    assert len({run.id, new.id, third.id}) == 3
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.failed, fire.succeeded) == ("failed", 1, 0)
    progress = (await tenant.again(schedule)).progress
    assert (progress.failed, progress.succeeded, progress.open_fires) == (1, 0, 0)


async def test_cancelling_a_replay_leaves_its_fire_as_it_ended(tenant, store):
    schedule, run = await one_run(tenant)
    await (await Node.start(store)).work(NOW)
    new = await store.write(runs.replay_run, tenant.workspace, run.id, NOW)
    await store.write(runs.cancel_run, tenant.workspace, new.id, NOW)
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.cancelled) == ("completed", 0)
    assert (await tenant.again(schedule)).progress.open_fires == 0


async def test_what_is_open_cannot_be_replayed_or_deleted(tenant, store):
    _, run = await one_run(tenant)
    for verb in (lambda: store.write(runs.replay_run, tenant.workspace, run.id, NOW),
                 lambda: store.write(runs.delete_run, tenant.workspace, run.id)):  # fmt: skip
        with pytest.raises(Conflict):
            await verb()


async def test_a_run_that_is_over_can_be_deleted(tenant, store):
    _, run = await one_run(tenant)
    await (await Node.start(store)).work(NOW)
    await store.write(runs.delete_run, tenant.workspace, run.id)
    with pytest.raises(NotFound):
        await store.read(runs.get_run, tenant.workspace, run.id)


async def test_runs_are_listed_newest_first_by_page_and_filter(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW))
    for n in range(1, 6):
        await tenant.release(NOON + n * MINUTE)
    found = await store.read(run_lists.list_runs, tenant.workspace, 2)
    assert [run.slot_ms for run in found] == [NOON + 5 * MINUTE, NOON + 4 * MINUTE]
    rest = await store.read(run_lists.list_runs, tenant.workspace, 10, cursor=found[-1].id)
    assert [run.slot_ms for run in rest] == [NOON + n * MINUTE for n in (3, 2, 1)]
    of_fire = await store.read(
        run_lists.list_runs, tenant.workspace, 10, schedule_id=schedule.id, fire_id=rest[0].fire_id
    )
    assert [run.id for run in of_fire] == [rest[0].id]
    count = await store.read(run_lists.count_runs, tenant.workspace, target_id=tenant.target, state="pending")
    assert count == 5


async def test_another_workspace_sees_none_of_it(tenant, store):
    schedule, run = await one_run(tenant)
    stranger = await Tenant.open(store)
    for verb in (runs.get_run, runs.cancel_run, runs.replay_run, runs.delete_run):
        more = [] if verb in (runs.get_run, runs.delete_run) else [NOW]
        with pytest.raises(NotFound):
            await store.write(verb, stranger.workspace, run.id, *more)
    assert await store.read(run_lists.list_runs, stranger.workspace, 10) == []
    assert await store.read(run_lists.list_runs, stranger.workspace, 10, schedule_id=schedule.id) == []
    assert await store.read(run_lists.count_runs, stranger.workspace) == 0


async def test_a_run_is_told_with_each_of_its_attempts(tenant, store):
    await tenant.store.write(runs.run_target, tenant.workspace, tenant.target, RUN, "{}", NOW)
    node = await Node.start(store)
    run, attempts = await store.read(runs.get_run, tenant.workspace, RUN)
    assert (run.attempts, attempts) == (0, [])
    (work,) = await node.claim(NOW)
    work.started_ms = NOW
    await node.record([work], TRY_AGAIN, NOW + 5)
    run, attempts = await store.read(runs.get_run, tenant.workspace, RUN)
    first = Attempt(1, NOW, NOW + 5, None, "not yet")
    assert (run.state, run.attempts, attempts) == ("pending", 1, [first])
    (work,) = await node.claim(NOW + HOUR)
    work.started_ms = NOW + HOUR
    await node.record([work], FAILED, NOW + HOUR + 7)
    run, attempts = await store.read(runs.get_run, tenant.workspace, RUN)
    assert (run.state, run.attempts) == ("failed", 2)
    assert attempts == [first, Attempt(2, NOW + HOUR, NOW + HOUR + 7, None, "no")]


async def test_a_run_that_was_cancelled_has_the_attempts_that_were_made(tenant, store):
    for number, begun in ((0, False), (1, True)):
        an_id = bytes([number]) * 16
        await tenant.store.write(runs.run_target, tenant.workspace, tenant.target, an_id, "{}", NOW)
        if begun:
            node = await Node.start(store)
            (work,) = await node.claim(NOW)
            await node.record([work], TRY_AGAIN, NOW + 5)
        await store.write(runs.cancel_run, tenant.workspace, an_id, NOW + 6)
        run, attempts = await store.read(runs.get_run, tenant.workspace, an_id)
        assert (run.state, [one.number for one in attempts]) == ("cancelled", [1] * begun)


@pytest.mark.parametrize("of_fire", [True, False])
async def test_each_time_that_a_run_is_repeated_it_is_one_generation_further(tenant, store, of_fire):
    if of_fire:
        schedule = await tenant.schedule()
        await tenant.release(NOW)
        (run,) = await tenant.runs(schedule)
    else:
        await tenant.store.write(runs.run_target, tenant.workspace, tenant.target, RUN, '{"n":1}', NOW)
        run, _ = await store.read(runs.get_run, tenant.workspace, RUN)
    node, seen = await Node.start(store), [run.id]
    for generation in (1, 2, 3):
        await node.work(NOW + generation)
        run = await store.write(runs.replay_run, tenant.workspace, run.id, NOW + generation)
        assert (run.generation, run.mode, run.state, run.due_ms) == (
            generation,
            "retry",
            "pending",
            NOW + generation,
        )
        seen.append(run.id)
    assert len(set(seen)) == 4
    assert run.data == (None if of_fire else '{"n":1}')
