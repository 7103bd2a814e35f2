"""What the simulation found, each as the smallest case that shows it."""

import asyncio

import pytest
import pytest_asyncio

from horarium.domain.errors import Unavailable
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import FireState
from horarium.domain.overlap import Overlap
from horarium.domain.run import RunState
from horarium.domain.schedule import Policies, ScheduleState
from tests.support.workshop import NOON, Workshop

MINUTE, HOUR = 60_000, 3_600_000
ONCE = '{"once":"2026-03-01T12:01:00Z"}'


@pytest_asyncio.fixture
async def shop():
    shop = await Workshop.open()
    yield shop
    assert not any(task.done() for task in shop._tasks), "a loop of the worker has ended"
    await shop.close()


async def only_run(shop, schedule):
    (run,) = await shop.runs.list(shop.workspace, 10, schedule_id=schedule.id)
    return run


async def never(call):
    """An answer that does not come within the test."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("moment", ["begin", "commit"])
async def test_a_callback_that_cannot_be_opened_waits_for_the_database(shop, moment, monkeypatch):
    monkeypatch.setattr("horarium.worker.attempts.TROUBLE_S", 0)
    schedule = await shop.schedule(ONCE, target_id=shop.make_target(completion="callback"))
    shop.executor.answer = Outcome(Verdict.ACCEPTED, status=202)
    troubles = iter([Unavailable("away"), Unavailable("away")])

    async def hook(when, verb):
        if (when, verb) == (moment, "open_callback") and (trouble := next(troubles, None)):
            raise trouble

    shop.store._hook = hook
    await shop.tick(NOON + MINUTE)
    await shop.settle()
    (call,) = shop.executor.calls
    assert (await shop.runs.complete(call.run_id, call.callback_token)).state is RunState.SUCCEEDED
    assert (await only_run(shop, schedule)).state is RunState.SUCCEEDED


async def test_an_attempt_whose_lease_was_lost_gives_way_to_the_next_of_the_same_run(shop):
    schedule = await shop.schedule(ONCE)
    answers = iter([never, lambda call: Outcome(Verdict.SUCCEEDED)])
    shop.executor.answer = lambda call: next(answers)(call)
    await shop.tick(NOON + MINUTE)
    shop.store.connection.execute("UPDATE ready SET owner = NULL, epoch = epoch + 1")
    await shop.tick(NOON + MINUTE + 1)
    await shop.settle()
    run = await only_run(shop, schedule)
    assert (run.state, run.attempts, len(shop.executor.calls)) == (RunState.SUCCEEDED, 1, 2)
    assert shop.worker._holding == {}


async def test_a_run_whose_time_is_far_off_since_the_clock_went_back_holds_up_nobody(shop):
    schedule = await shop.schedule("* * * * *")
    shop.clock.now = NOON + MINUTE
    await shop.release()
    shop.clock.now = NOON - HOUR
    await shop.settle()
    assert shop.executor.calls == []
    assert [tuple(row) for row in shop.rows("SELECT owner, due_ms FROM ready")] == [(None, NOON + MINUTE)]
    await shop.tick(NOON + MINUTE)
    assert (await only_run(shop, schedule)).state is RunState.SUCCEEDED


async def test_what_was_stopped_before_it_began_has_spent_no_attempt(shop):
    schedule = await shop.schedule(ONCE)
    shop.clock.now = NOON + MINUTE
    await shop.engine.release(room=0)
    shop.store.connection.execute("UPDATE ready SET stop = 1")
    await shop.tick(NOON + MINUTE)
    run = await only_run(shop, schedule)
    assert (run.state, run.attempts, run.started_ms) == (RunState.CANCELLED, 0, None)
    assert (await shop.runs.get(shop.workspace, run.id))[1] == []


async def test_the_deadline_of_an_earlier_holder_does_not_end_a_run_again(shop):
    target = shop.make_target(completion="callback")
    schedule = await shop.schedule(ONCE, Policies(overlap=Overlap.CANCEL_OTHER), target_id=target)
    shop.executor.answer = never
    await shop.tick(NOON + MINUTE)
    shop.store.connection.execute("UPDATE ready SET owner = NULL, epoch = epoch + 1, stop = 1")
    await shop.tick(NOON + MINUTE + 1)
    assert (await only_run(shop, schedule)).state is RunState.CANCELLED
    shop.clock.now += HOUR
    await shop.engine.expire()
    assert (await only_run(shop, schedule)).state is RunState.CANCELLED
    (fire,) = await shop.schedules.fires(shop.workspace, schedule.id, 10)
    assert (fire.state, fire.failed, fire.cancelled) == (FireState.CANCELLED, 0, 1)


async def test_slots_that_a_completed_schedule_named_are_accounted_for_when_it_moves_on(shop):
    schedule = await shop.schedule("* * * * *", Policies(max_fires=1))
    await shop.tick(NOON + MINUTE)
    assert (await shop.again(schedule)).state is ScheduleState.COMPLETED
    shop.clock.now = NOON + 10 * MINUTE
    await shop.schedules.delete(shop.workspace, schedule.id)
    spans = shop.rows("SELECT first_ms, last_ms, count, reason FROM spans")
    assert [tuple(span) for span in spans] == [(NOON + 2 * MINUTE, NOON + 10 * MINUTE, 9, "cancelled")]


async def test_what_is_recovered_is_recovered_in_one_go_and_not_in_circles(shop):
    """A living node whose lease has lapsed, as all have when the clock leaps forward, claims it again at once."""
    for _ in range(3):
        await shop.schedule(ONCE)
    shop.clock.now = NOON + MINUTE
    await shop.engine.release(room=3)
    shop.store.connection.execute("UPDATE ready SET owner = x'00'")
    assert await shop.engine.recover() is False
    assert shop.rows("SELECT count(*) FROM ready WHERE owner IS NULL")[0][0] == 3


async def test_targets_that_keep_their_end_to_themselves_or_end_themselves_cost_no_worker():
    shop = await Workshop.open(concurrency=1)
    schedule = await shop.schedule("* * * * *", Policies(overlap=Overlap.CANCEL_OTHER))

    async def deaf(call):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Outcome(Verdict.SUCCEEDED)

    def ends_itself(call):
        raise asyncio.CancelledError

    for minute, answer in enumerate((deaf, ends_itself, Outcome(Verdict.SUCCEEDED)), 1):
        shop.executor.answer = answer
        await shop.tick(NOON + minute * MINUTE)
        await shop.tick(NOON + minute * MINUTE + 1)
    assert not any(task.done() for task in shop._tasks)
    newest, *_ = await shop.runs.list(shop.workspace, 10, schedule_id=schedule.id)
    assert newest.state is RunState.SUCCEEDED
    await shop.close()
