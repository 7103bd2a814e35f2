"""Runs that their targets finish later: the first final answer wins."""

import asyncio
from hashlib import sha256

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, ScheduleState
from horarium.store.verbs import dispatch, runs
from horarium.store.verbs.runs import CallbackAnswer
from tests.store.conformance.test_fanout import PER_ROW, one_task, write
from tests.support.raw import select
from tests.support.tenant import ACCEPTED, HOUR, MINUTE, NOON, TRY_AGAIN, Node, RunState, states

NOW = NOON + MINUTE
DONE = CallbackAnswer(RunState.SUCCEEDED, output='{"a":1}')
FAILED = CallbackAnswer(RunState.FAILED, error="could not")
ALIVE = CallbackAnswer(None)


async def opened(tenant, token="token", policies=None, lease=10 * MINUTE):
    """A run whose callback is open, not yet sent: (schedule, node, work)."""
    schedule = await tenant.schedule("1 12 * * *", policies, target_id=await tenant.callback_target())
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    (work,) = await node.claim(NOW)
    await open_for(node, work, token, lease)
    return schedule, node, work


async def open_for(node, work, token, lease=10 * MINUTE):
    one = dispatch.OpenCallback(
        work.id, work.epoch, work.run.workspace_id, work.target.id, work.attempt,
        sha256(token.encode()).digest(), NOW, NOW + 10 * MINUTE, lease,
    )  # fmt: skip
    await node.store.urgent(dispatch.open_callback, node.id, one)
    work.callback_token = token


async def accepted(tenant, **given):
    schedule, node, work = await opened(tenant, **given)
    await node.record([work], ACCEPTED, NOW)
    return schedule, node, work


async def test_what_an_answer_must_not_show_is_told_to_the_holder_of_the_token_alone(tenant, store):
    schedule, _, work = await accepted(tenant)
    found = await store.read(runs.callback_secrets, work.id, "token")
    assert (found.target_id, found.schedule_id) == (work.target.id, schedule.id)
    assert (found.secrets, found.environment) == (None, None)
    for run, token in ((work.id, "guess"), (bytes(16), "token")):
        with pytest.raises(NotFound):
            await store.read(runs.callback_secrets, run, token)


async def answer(store, work, what, at=NOW, token="token"):
    return await store.write(runs.answer_callback, work.id, token, what, at)


async def test_a_run_that_was_accepted_holds_no_worker_and_ends_with_the_answer(tenant, store):
    schedule, node, work = await accepted(tenant)
    assert await store.read(dispatch.owned, node.id) == []
    assert states(await tenant.runs(schedule)) == ["running"]
    run = await answer(store, work, DONE, NOW + MINUTE)
    assert (run.state, run.output, run.finished_ms) == (RunState.SUCCEEDED, '{"a":1}', NOW + MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed"]
    assert (await tenant.again(schedule)).progress.open_fires == 0


async def test_an_answer_taken_by_a_node_whose_clock_is_behind_ends_nothing_before_it_began(tenant, store):
    _, _, work = await opened(tenant)
    run = await answer(store, work, DONE, NOW - 6)
    assert (run.started_ms, run.finished_ms) == (NOW, NOW)


async def test_the_same_answer_again_is_fine_and_another_is_a_conflict(tenant, store):
    _, _, work = await accepted(tenant)
    await answer(store, work, DONE)
    assert (await answer(store, work, DONE)).state is RunState.SUCCEEDED
    for other in (FAILED, ALIVE):
        with pytest.raises(Conflict):
            await answer(store, work, other)


async def test_of_answers_at_once_one_wins(tenant, store):
    schedule, _, work = await accepted(tenant)
    answers = [answer(store, work, what) for what in (DONE, FAILED) * 4]
    found = await asyncio.gather(*answers, return_exceptions=True)
    wins = [one for one in found if not isinstance(one, Exception)]
    assert len(wins) == 4
    assert len({one.state for one in wins}) == 1
    assert all(isinstance(one, Conflict) for one in found if isinstance(one, Exception))
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.succeeded + progress.failed) == (0, 1)


async def test_a_wrong_token_and_an_unknown_run_are_not_told_apart(tenant, store):
    _, _, work = await accepted(tenant)
    with pytest.raises(NotFound) as wrong:
        await answer(store, work, DONE, token="guess")
    with pytest.raises(NotFound) as unknown:
        await store.write(runs.answer_callback, bytes(16), "token", DONE, NOW)
    assert str(wrong.value) == str(unknown.value)


async def test_a_target_may_answer_before_its_acceptance_was_recorded(tenant, store):
    schedule, node, work = await opened(tenant)
    await answer(store, work, DONE)
    assert await node.record([work], ACCEPTED, NOW, careful=True) == [work.id]
    assert states(await tenant.fires(schedule)) == ["completed"]


async def test_an_earlier_attempt_cannot_answer_for_a_later_one(tenant, store):
    schedule, node, work = await opened(tenant)
    await node.record([work], TRY_AGAIN, NOW)
    (run,) = await tenant.runs(schedule)
    (again,) = await node.claim(run.next_attempt_ms)
    await open_for(node, again, "second")
    with pytest.raises(NotFound):
        await answer(store, work, DONE)
    assert (await answer(store, work, DONE, token="second")).attempts == 2


async def test_a_callback_is_opened_only_by_who_holds_the_run(tenant, store):
    _, node, work = await opened(tenant)
    await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], NOW)
    one = dispatch.OpenCallback(
        work.id, work.epoch, tenant.workspace, work.target.id, 1, b"x" * 32, NOW, NOW, 1
    )
    with pytest.raises(dispatch.LeaseLost):
        await store.urgent(dispatch.open_callback, node.id, one)


async def test_the_deadline_fails_the_run_and_a_sign_of_life_moves_it(tenant, store):
    schedule, _, work = await accepted(tenant)
    await answer(store, work, ALIVE, NOW + 9 * MINUTE)
    assert await store.urgent(runs.expire_callbacks, NOW + 19 * MINUTE - 1, 10) == []
    (ended,) = await store.urgent(runs.expire_callbacks, NOW + 19 * MINUTE, 10)
    assert (ended.run_id, ended.target_id) == (work.id, work.target.id)
    assert await store.urgent(runs.expire_callbacks, NOW + 19 * MINUTE, 10) == []
    (run,) = await tenant.runs(schedule)
    assert (run.state, run.error) == (
        RunState.FAILED, "the target did not finish the run before its deadline",
    )  # fmt: skip
    with pytest.raises(Conflict):
        await answer(store, work, DONE, NOW + 20 * MINUTE)


async def test_expiry_by_two_nodes_at_once_happens_once(tenant, store, other):
    schedule, _, _ = await accepted(tenant)
    late = NOW + 11 * MINUTE
    await asyncio.gather(*(one.urgent(runs.expire_callbacks, late, 10) for one in (store, other) * 3))
    progress = (await tenant.again(schedule)).progress
    assert (progress.failed, progress.open_fires) == (1, 0)


async def test_an_answer_after_the_run_was_cancelled_is_a_conflict(tenant, store):
    schedule, _, work = await accepted(tenant)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    with pytest.raises(Conflict):
        await answer(store, work, DONE)
    assert states(await tenant.fires(schedule)) == ["cancelled"]


async def test_an_answer_starts_the_fire_that_waited(tenant, store):
    policies = Policies(overlap=Overlap.BUFFER_ONE)
    schedule = await tenant.schedule(policies=policies, target_id=await tenant.callback_target())
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    await open_for(node, work, "token")
    await node.record([work], ACCEPTED, NOW)
    await tenant.release(NOW + MINUTE)
    await answer(store, work, FAILED, NOW + MINUTE)
    assert states(await tenant.fires(schedule)) == ["failed", "running"]


@pytest.mark.parametrize("by", ["answer", "deadline"])
async def test_a_schedule_that_pauses_after_a_failure_does_so_however_a_callback_fails(tenant, store, by):
    schedule, _, work = await accepted(tenant, policies=Policies(pause_after_failures=1))
    if by == "answer":
        await answer(store, work, FAILED)
    else:
        await store.urgent(runs.expire_callbacks, NOW + HOUR, 10)
    after = await tenant.again(schedule)
    assert (after.state, after.progress.failures_in_row) == (ScheduleState.PAUSED, 1)


async def test_an_answer_lets_the_next_fire_take_the_row(tenant, store):
    tenant.target = await tenant.callback_target()
    schedule, node, task = await one_task(tenant, store, policies=PER_ROW)
    await write(store, task, ["a"], counted=1, last=True)
    (work,) = await node.claim(NOW)
    await open_for(node, work, "token")
    await node.record([work], ACCEPTED, NOW)
    assert len(await select(store, "SELECT row_key FROM row_locks")) == 1
    await answer(store, work, DONE)
    assert await select(store, "SELECT row_key FROM row_locks") == []
    assert states(await tenant.fires(schedule)) == ["completed"]


async def test_a_callback_is_not_opened_under_an_epoch_that_has_passed(tenant, store):
    """Not by the same node either: it may have lost the run and claimed it again."""
    _, node, work = await opened(tenant)
    await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], NOW)
    (again,) = await node.claim(NOW)
    assert again.epoch > work.epoch
    earlier, later = (
        dispatch.OpenCallback(work.id, epoch, tenant.workspace, work.target.id, 1, b"x" * 32, NOW, NOW, 1)
        for epoch in (work.epoch, again.epoch)
    )
    with pytest.raises(dispatch.LeaseLost):
        await store.urgent(dispatch.open_callback, node.id, earlier)
    await store.urgent(dispatch.open_callback, node.id, later)


async def test_a_sign_of_life_never_shortens_the_time_that_a_target_has(tenant, store):
    _, _, work = await accepted(tenant, lease=MINUTE)
    await answer(store, work, ALIVE, NOW + 2 * MINUTE)
    assert await store.urgent(runs.expire_callbacks, NOW + 10 * MINUTE - 1, 10) == []
    assert len(await store.urgent(runs.expire_callbacks, NOW + 10 * MINUTE, 10)) == 1
