"""The life of a fire: released, executed, settled; under each policy, through retries, callbacks and crashes."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from horarium.domain.circuit import Closed, Open
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import FireState
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.run import RunState
from horarium.domain.schedule import AfterCompletion, AfterPause, Policies, ScheduleState
from horarium.domain.waiting import WaitCause, waits_from_text
from horarium.store.verbs import meta, targets
from horarium.worker.work import MOST_LOST
from tests.store.conformance.test_windows import add
from tests.support.callers import caller
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
ONCE = '{"once":"2026-03-01T12:01:00Z"}'
FAILED = Outcome(Verdict.FAILED, error="no", retryable=False)


@pytest_asyncio.fixture
async def shop():
    shop = await Workshop.open()
    yield shop
    await shop.close()


async def fires(shop, schedule):
    return list(reversed(await shop.schedules.fires(shop.workspace, schedule.id, 1_000)))


async def runs(shop, schedule):
    return await shop.runs.list(shop.workspace, 1_000, schedule_id=schedule.id)


async def test_a_slot_fires_once_and_its_run_is_recorded(shop):
    schedule = await shop.schedule("* * * * *", input={"n": 1})
    assert await shop.tick(NOON + MINUTE - 1) == 0
    assert await shop.tick(NOON + MINUTE) == 1
    assert await shop.tick(NOON + MINUTE) == 0
    (fire,) = await fires(shop, schedule)
    (run,) = await runs(shop, schedule)
    assert (fire.state, fire.slot_ms, fire.runs, fire.succeeded) == (FireState.COMPLETED, NOON + MINUTE, 1, 1)
    assert (run.state, run.attempts, run.fire_id) == (RunState.SUCCEEDED, 1, fire.id)
    (call,) = shop.executor.calls
    assert (call.run_id, call.input, call.slot_ms, call.attempt) == (run.id, {"n": 1}, NOON + MINUTE, 1)
    after = (await shop.again(schedule)).progress
    assert (after.fires, after.succeeded, after.open_fires, after.last_state) == (1, 1, 0, "completed")
    assert shop.rows("SELECT * FROM ready") == []


async def test_a_failed_attempt_is_tried_again_after_its_backoff_with_the_same_id(shop):
    schedule = await shop.schedule("0 * * * *")
    answers = iter([Outcome(Verdict.FAILED, error="first"), Outcome(Verdict.SUCCEEDED)])
    shop.executor.answer = lambda call: next(answers)
    await shop.tick(NOON + 60 * MINUTE)
    (run,) = await runs(shop, schedule)
    assert (run.state, run.attempts, run.error) == (RunState.PENDING, 1, "first")
    await shop.tick(run.next_attempt_ms - 1)
    assert len(shop.executor.calls) == 1
    await shop.tick(run.next_attempt_ms)
    found, attempts = await shop.runs.get(shop.workspace, run.id)
    assert found.state is RunState.SUCCEEDED
    assert [(one.number, one.error) for one in attempts] == [(1, "first"), (2, None)]
    assert {call.run_id for call in shop.executor.calls} == {run.id}
    assert [call.attempt for call in shop.executor.calls] == [1, 2]


@pytest.mark.parametrize(
    ("retry", "asked_ms", "why"),
    [
        (
            Retry(initial_ms=80_000),
            None,
            "no; not tried again after attempt 1 of 3: the next slot of the schedule comes first "
            "(retry.until_next_slot)",
        ),
        (
            Retry(max_elapsed_ms=40_000),
            50_000,
            "no; not tried again after attempt 1 of 3: the target asked to wait 50 s (Retry-After), and that is later "
            "than 40 s after the run was due (retry.max_elapsed)",
        ),
        (Retry(max_attempts=1), 50_000, "no"),
    ],
)
async def test_a_run_that_is_given_up_early_says_why(shop, retry, asked_ms, why):
    schedule = await shop.schedule("* * * * *", Policies(retry=retry))
    shop.executor.answer = Outcome(Verdict.FAILED, error="no", retry_after_ms=asked_ms)
    await shop.tick(NOON + MINUTE)
    (run,) = await runs(shop, schedule)
    assert (run.state, run.error) == (RunState.FAILED, why)


async def test_a_run_out_of_attempts_fails_its_fire_and_can_be_replayed(shop):
    schedule = await shop.schedule("0 * * * *", Policies(retry=Retry(max_attempts=1)))
    shop.executor.answer = Outcome(Verdict.FAILED, error="no")
    await shop.tick(NOON + 60 * MINUTE)
    (run,) = await runs(shop, schedule)
    assert run.state is RunState.FAILED
    shop.executor.answer = Outcome(Verdict.SUCCEEDED)
    new = await shop.runs.retry(shop.who, run.id)
    await shop.tick(shop.clock.now)
    assert (await shop.runs.get(shop.workspace, new.id))[0].state is RunState.SUCCEEDED
    assert (new.id, new.generation) != (run.id, run.generation)
    (fire,) = await fires(shop, schedule)
    assert fire.state is FireState.FAILED
    assert (await shop.again(schedule)).progress.failed == 1


async def hold(shop):
    """Make the executor wait until the returned event is set."""
    gate = asyncio.Event()

    async def wait(call):
        await gate.wait()
        return Outcome(Verdict.SUCCEEDED)

    shop.executor.answer = wait
    return gate


async def test_skip_leaves_out_slots_while_a_fire_is_in_flight_and_joins_them_in_one_span(shop):
    schedule = await shop.schedule("* * * * *")
    gate = await hold(shop)
    await shop.tick(NOON + MINUTE)
    await shop.mark()
    for n in range(2, 5):
        assert await shop.tick(NOON + n * MINUTE) == 0
    gate.set()
    await shop.settle()
    await shop.tick(NOON + 5 * MINUTE)
    assert [fire.slot_ms for fire in await fires(shop, schedule)] == [NOON + MINUTE, NOON + 5 * MINUTE]
    spans = shop.rows("SELECT first_ms, last_ms, count, reason FROM spans")
    assert [tuple(span) for span in spans] == [(NOON + 2 * MINUTE, NOON + 4 * MINUTE, 3, "skipped")]
    progress = (await shop.again(schedule)).progress
    assert (progress.fires, progress.skipped) == (2, 3)
    assert progress.last_skip_ms == NOON + 4 * MINUTE


async def test_a_run_that_waited_for_its_database_says_so_with_how_long(shop):
    shop.executor.answer = Outcome(Verdict.SUCCEEDED, waited_ms=4_000)
    await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    ((waited,),) = shop.rows("SELECT waited FROM runs")
    assert waits_from_text(waited) == {WaitCause.DATABASE: 4_000}


async def test_the_latest_slot_waits_for_a_run_that_has_not_begun_and_the_ledger_says_so(shop):
    schedule = await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    lane = await silence(shop)
    for n in (2, 3, 4):
        await shop.tick(NOON + n * MINUTE)
    told = await shop.explain.explain(shop.workspace, schedule.id, NOON + 4 * MINUTE)
    assert (told.verdict, told.sentence) == (
        "waiting",
        "it waits: the run of an earlier fire of this schedule had not begun. This slot starts when that one has "
        "ended, unless a later slot takes its place before",
    )
    lane.circuit = Closed()
    gate = await hold(shop)
    shop.worker._lanes.tick()
    await shop.settle()
    await shop.mark()
    assert await shop.tick(NOON + 5 * MINUTE) == 0
    gate.set()
    await shop.settle()
    spans = shop.rows("SELECT first_ms, last_ms, count, reason FROM spans ORDER BY first_ms")
    assert [tuple(span) for span in spans] == [
        (NOON + 3 * MINUTE, NOON + 3 * MINUTE, 1, "unbegun"),
        (NOON + 5 * MINUTE, NOON + 5 * MINUTE, 1, "skipped"),
    ]
    slots = [(fire.slot_ms, fire.state) for fire in await fires(shop, schedule)]
    assert slots == [(NOON + n * MINUTE, "completed") for n in (1, 2, 4)]
    assert (await shop.again(schedule)).progress.skipped == 2
    told = await shop.explain.explain(shop.workspace, schedule.id, NOON + 3 * MINUTE)
    assert (told.verdict, told.sentence) == (
        "skipped",
        "it was skipped: the run of an earlier fire of this schedule had not begun, and a later slot took its place",
    )
    told = await shop.explain.explain(shop.workspace, schedule.id, NOON + 5 * MINUTE)
    assert told.sentence == "it was skipped: an earlier fire of this schedule was still running"


async def test_a_buffered_fire_starts_when_the_one_before_has_settled(shop):
    schedule = await shop.schedule("* * * * *", Policies(overlap=Overlap.BUFFER_ONE))
    gate = await hold(shop)
    await shop.tick(NOON + MINUTE)
    await shop.tick(NOON + 2 * MINUTE)
    await shop.tick(NOON + 3 * MINUTE)
    states = [fire.state for fire in await fires(shop, schedule)]
    assert states == [FireState.RUNNING, FireState.WAITING]
    gate.set()
    await shop.settle()
    await shop.tick(NOON + 3 * MINUTE + 1)
    assert [fire.state for fire in await fires(shop, schedule)] == [FireState.COMPLETED] * 2
    assert (await shop.again(schedule)).progress.waiting_fires == 0


async def test_terminate_ends_the_running_fire_and_starts_the_new_one(shop):
    schedule = await shop.schedule("* * * * *", Policies(overlap=Overlap.TERMINATE_OTHER))
    await hold(shop)
    await shop.tick(NOON + MINUTE)
    shop.executor.answer = Outcome(Verdict.SUCCEEDED)
    await shop.tick(NOON + 2 * MINUTE)
    assert [fire.state for fire in await fires(shop, schedule)] == [FireState.CANCELLED, FireState.COMPLETED]
    assert (await shop.again(schedule)).progress.open_fires == 0


async def test_cancel_asks_the_running_fire_to_end_and_starts_the_new_one_after_it(shop):
    schedule = await shop.schedule("* * * * *", Policies(overlap=Overlap.CANCEL_OTHER))
    await hold(shop)
    await shop.tick(NOON + MINUTE)
    shop.executor.answer = Outcome(Verdict.SUCCEEDED)
    await shop.tick(NOON + 2 * MINUTE)
    await shop.tick(NOON + 2 * MINUTE + 1)
    assert [fire.state for fire in await fires(shop, schedule)] == [FireState.CANCELLED, FireState.COMPLETED]
    progress = (await shop.again(schedule)).progress
    assert (progress.open_fires, progress.waiting_fires) == (0, 0)


async def test_what_is_asked_to_end_while_it_waits_for_its_time_has_not_begun(shop):
    schedule = await shop.schedule("* * * * *", Policies(overlap=Overlap.CANCEL_OTHER))
    shop.clock.now = NOON + MINUTE
    await shop.release()
    shop.clock.now -= 500  # set back, while the run is in hand
    await shop.settle()
    await shop.tick(NOON + 2 * MINUTE)
    first = (await runs(shop, schedule))[-1]
    assert (first.state, first.started_ms, first.attempts) == (RunState.CANCELLED, None, 0)


async def test_allow_runs_both(shop):
    schedule = await shop.schedule("* * * * *", Policies(overlap=Overlap.ALLOW))
    await hold(shop)
    await shop.tick(NOON + MINUTE)
    await shop.tick(NOON + 2 * MINUTE)
    assert (await shop.again(schedule)).progress.open_fires == 2


async def test_a_one_shot_completes_and_one_that_shall_go_goes(shop):
    kept = await shop.schedule(ONCE)
    gone = await shop.schedule(ONCE, Policies(after_completion=AfterCompletion.DELETE))
    await shop.tick(NOON + MINUTE)
    await shop.settle()
    assert (await shop.again(kept)).state is ScheduleState.COMPLETED
    with pytest.raises(NotFound):
        await shop.again(gone)


async def test_a_schedule_pauses_itself_after_failures_in_a_row(shop):
    schedule = await shop.schedule("* * * * *", Policies(pause_after_failures=2))
    shop.executor.answer = FAILED
    await shop.tick(NOON + MINUTE)
    assert (await shop.again(schedule)).state is ScheduleState.ACTIVE
    await shop.tick(NOON + 2 * MINUTE)
    paused = await shop.again(schedule)
    assert paused.state is ScheduleState.PAUSED
    assert "2 failed fires in a row" in paused.note
    assert await shop.tick(NOON + 3 * MINUTE) == 0


async def test_time_paused_is_one_span_and_never_caught_up(shop):
    schedule = await shop.schedule("* * * * * *")
    await shop.schedules.pause(shop.who, schedule.id, "holiday")
    shop.clock.now = NOON + 365 * 86_400_000
    await shop.schedules.resume(shop.who, schedule.id)
    assert await shop.release() == 0
    (span,) = shop.rows("SELECT first_ms, last_ms, count, reason FROM spans")
    assert tuple(span) == (NOON + 1000, shop.clock.now, 365 * 86_400, "paused")


@pytest.mark.parametrize(("after_pause", "fired"), [(AfterPause.FIRE, 1), (AfterPause.SKIP, 0)])
async def test_a_one_shot_resumed_after_its_time_does_as_its_policy_says(shop, after_pause, fired):
    schedule = await shop.schedule(ONCE, Policies(after_pause=after_pause))
    await shop.schedules.pause(shop.who, schedule.id)
    shop.clock.now = NOON + 10 * MINUTE
    await shop.schedules.resume(shop.who, schedule.id)
    await shop.tick(shop.clock.now)
    assert len(await fires(shop, schedule)) == fired
    assert (await shop.again(schedule)).state is ScheduleState.COMPLETED


async def test_an_edit_fires_what_was_due_and_nothing_of_the_past_under_the_new_rule(shop):
    schedule = await shop.schedule("0 * * * *")
    shop.clock.now = NOON + 60 * MINUTE + 5

    def every_minute(before):
        timing = replace(before.definition.timing, spec="* * * * *")
        return replace(before, definition=replace(before.definition, timing=timing))

    edited = await shop.schedules.change(shop.who, schedule.id, every_minute)
    assert [fire.slot_ms for fire in await fires(shop, schedule)] == [NOON + 60 * MINUTE]
    assert edited.progress.next_slot == NOON + 61 * MINUTE
    assert edited.definition_version == edited.version == 2


async def test_an_edit_with_a_version_passed_is_a_conflict(shop):
    schedule = await shop.schedule("0 * * * *")
    rename = lambda before: replace(before, name="other")  # noqa: E731
    await shop.schedules.change(shop.who, schedule.id, rename, expected_version=1)
    with pytest.raises(Conflict, match="version 2"):
        await shop.schedules.change(shop.who, schedule.id, lambda b: replace(b, name="x"), 1)


async def test_another_workspace_sees_nothing(shop):
    schedule = await shop.schedule("0 * * * *")
    for use in (shop.schedules.get, shop.schedules.delete):
        with pytest.raises(NotFound):
            await use(bytes(16), schedule.id)
    with pytest.raises(NotFound):
        await shop.schedules.pause(caller(bytes(16), bytes(16)), schedule.id)
    with pytest.raises(NotFound):
        await shop.schedules.fire_now(caller(bytes(16), shop.principal), schedule.id)


async def test_fires_by_hand_are_each_their_own_and_move_nothing(shop):
    schedule = await shop.schedule("0 * * * *")
    before = (await shop.again(schedule)).progress
    first = await shop.schedules.fire_now(shop.who, schedule.id)
    second = await shop.schedules.fire_now(shop.who, schedule.id)
    repeated = await shop.schedules.fire_now(shop.who, schedule.id, "r")
    assert (await shop.schedules.fire_now(shop.who, schedule.id, "r")).id == repeated.id
    await shop.tick(NOON)
    assert len({first.id, second.id, repeated.id}) == 3
    assert [fire.state for fire in await fires(shop, schedule)] == [FireState.COMPLETED] * 3
    assert (await shop.again(schedule)).progress == before


async def test_a_backfill_fires_each_slot_of_its_range_once(shop):
    schedule = await shop.schedule("0 * * * *")
    for _ in range(2):
        await shop.schedules.backfill(shop.who, schedule.id, NOON - 180 * MINUTE, NOON)
    await shop.tick(NOON)
    found = await fires(shop, schedule)
    assert [fire.slot_ms for fire in found] == [NOON - n * 60 * MINUTE for n in (3, 2, 1, 0)]
    assert {fire.kind for fire in found} == {"backfill"}


async def test_a_callback_target_finishes_its_run_later_and_overlap_sees_it(shop):
    target = shop.make_target(completion="callback")
    schedule = await shop.schedule("* * * * *", target_id=target)
    shop.executor.answer = Outcome(Verdict.ACCEPTED, status=202)
    await shop.tick(NOON + MINUTE)
    assert await shop.tick(NOON + 2 * MINUTE) == 0
    (call,) = shop.executor.calls
    assert (await runs(shop, schedule))[0].state is RunState.RUNNING
    with pytest.raises(NotFound):
        await shop.runs.complete(call.run_id, "wrong")
    done = await shop.runs.complete(call.run_id, call.callback_token, {"answer": 42})
    assert (done.state, done.output) == (RunState.SUCCEEDED, '{"answer":42}')
    assert (await shop.runs.complete(call.run_id, call.callback_token)).state is RunState.SUCCEEDED
    with pytest.raises(Conflict):
        await shop.runs.fail(call.run_id, call.callback_token)
    assert (await fires(shop, schedule))[0].state is FireState.COMPLETED


async def test_a_callback_that_never_comes_fails_at_its_deadline_and_a_heartbeat_moves_it(shop):
    target = shop.make_target(completion="callback")
    schedule = await shop.schedule(ONCE, target_id=target)
    shop.executor.answer = Outcome(Verdict.ACCEPTED)
    await shop.tick(NOON + MINUTE)
    (call,) = shop.executor.calls
    shop.clock.now += 50_000
    await shop.runs.heartbeat(call.run_id, call.callback_token)
    shop.clock.now += 50_000
    await shop.engine.expire()
    assert (await runs(shop, schedule))[0].state is RunState.RUNNING
    shop.clock.now += 10_000
    await shop.engine.expire()
    assert (await runs(shop, schedule))[0].state is RunState.FAILED


async def test_a_worker_that_lost_its_lease_cannot_record(shop):
    schedule = await shop.schedule(ONCE)
    gate = await hold(shop)
    await shop.tick(NOON + MINUTE)
    shop.store.connection.execute("UPDATE ready SET owner = NULL, epoch = epoch + 1")
    gate.set()
    await shop.settle()
    assert (await runs(shop, schedule))[0].state is RunState.PENDING
    await shop.tick(NOON + MINUTE + 1)
    assert (await runs(shop, schedule))[0].state is RunState.SUCCEEDED
    assert len({call.run_id for call in shop.executor.calls}) == 1
    assert (await shop.again(schedule)).progress.succeeded == 1


async def test_cancelling_a_run_ends_it_wherever_it_is(shop):
    schedule = await shop.schedule(ONCE)
    await hold(shop)
    await shop.tick(NOON + MINUTE)
    await shop.mark()
    (run,) = await runs(shop, schedule)
    assert run.state is RunState.RUNNING
    assert (await shop.runs.cancel(shop.workspace, run.id)).state is RunState.CANCELLED
    await shop.settle()
    assert (await fires(shop, schedule))[0].state is FireState.CANCELLED
    with pytest.raises(Conflict):
        await shop.runs.cancel(shop.workspace, run.id)


async def test_a_target_that_is_gone_is_disabled_and_later_runs_say_so(shop):
    schedule = await shop.schedule("* * * * *")
    shop.executor.answer = Outcome(Verdict.FAILED, error="410 Gone", gone=True)
    await shop.tick(NOON + MINUTE)
    shop.executor.answer = Outcome(Verdict.SUCCEEDED)
    await shop.tick(NOON + 2 * MINUTE)
    last = (await runs(shop, schedule))[0]
    assert last.state is RunState.FAILED
    assert "disabled" in last.error
    assert len(shop.executor.calls) == 1


async def test_a_grant_withdrawn_since_fails_the_run_with_that_reason(shop):
    schedule = await shop.schedule(ONCE)
    shop.store.connection.execute("DELETE FROM grants")
    await shop.tick(NOON + MINUTE)
    (run,) = await runs(shop, schedule)
    assert run.state is RunState.FAILED
    assert "grant" in run.error
    assert shop.executor.calls == []


async def test_a_concurrency_limit_holds(shop):
    target = shop.make_target(max_concurrency=1)
    for _ in range(3):
        await shop.schedule(ONCE, target_id=target)
    gate = await hold(shop)
    await shop.tick(NOON + MINUTE)
    assert len(shop.executor.calls) == 1
    gate.set()
    for n in range(1, 4):
        await shop.tick(NOON + MINUTE + n * 200)
    assert len(shop.executor.calls) == 3


async def test_a_rate_limit_spreads_the_calls(shop):
    target = shop.make_target(rate_per_second=1.0)
    for _ in range(3):
        await shop.schedule(ONCE, target_id=target)
    for second, sent in ((0, 1), (0.5, 1), (1.1, 2), (2.2, 3)):
        await shop.tick(NOON + MINUTE + int(second * 1000))
        assert len(shop.executor.calls) == sent


async def test_every_instant_can_be_explained(shop):
    schedule = await shop.schedule("0 * * * *")
    await shop.tick(NOON + 60 * MINUTE)
    asked = {
        NOON + 60 * MINUTE: "fired",
        NOON + 61 * MINUTE: "no_slot",
        NOON + 120 * MINUTE: "upcoming",
        NOON - 60 * MINUTE: "before_creation",
    }
    for at, verdict in asked.items():
        assert (await shop.explain.explain(shop.workspace, schedule.id, at)).verdict == verdict


async def test_a_drained_worker_hands_back_what_it_has_not_begun(shop):
    for _ in range(6):
        await shop.schedule(ONCE)
    await hold(shop)
    await shop.tick(NOON + MINUTE)
    assert len(shop.executor.calls) == 3  # one lane leaves a place to others
    await shop.worker.drain(0.01)
    assert shop.rows("SELECT count(*) FROM ready WHERE owner IS NULL")[0][0] == 6
    assert shop.rows("SELECT max(attempts) FROM runs")[0][0] == 0


async def test_an_executor_that_does_not_keep_its_time_limit_is_ended_by_the_worker(shop):
    schedule = await shop.schedule(ONCE, Policies(retry=Retry(max_attempts=1)))
    await hold(shop)
    await shop.tick(NOON + MINUTE)
    shop.clock.now += 2_999
    await shop.worker.end_overruns()
    await shop.mark()
    assert (await runs(shop, schedule))[0].state is RunState.RUNNING
    shop.clock.now += 2
    await shop.worker.end_overruns()
    await shop.settle()
    (run,) = await runs(shop, schedule)
    assert (run.state, run.error) == (RunState.FAILED, "no answer within 1 s")


async def test_what_is_in_hand_is_bounded_by_what_it_gives_its_targets_too(shop, monkeypatch):
    monkeypatch.setattr("horarium.worker.worker.MOST_BYTES_IN_HAND", 10)
    gate = await hold(shop)
    await shop.schedule(ONCE, input={"text": "more than ten"})
    await shop.tick(NOON + MINUTE)
    assert shop.worker.lane_room().full == {shop.workspace}
    gate.set()
    await shop.settle()
    assert not shop.worker.lane_room().full
    assert shop.worker._bytes == 0


async def silence(shop):
    """Let the worker believe from now on that the target never answers, and that no probe is due."""
    (lane,) = shop.worker._lanes
    now = int(asyncio.get_running_loop().time() * 1000)
    lane.circuit = Open(now, now + 1_000_000)
    return lane


async def test_what_waits_for_a_silent_target_fails_unsent_when_its_attempts_would_have_been_over(shop):
    policies = Policies(
        retry=Retry(max_attempts=2, initial_ms=1_000, until_next_slot=False), pause_after_failures=1
    )
    schedule = await shop.schedule("* * * * *", policies)
    await shop.tick(NOON + MINUTE)
    await silence(shop)
    await shop.tick(NOON + 2 * MINUTE)
    shop.worker._give_up()
    shop.clock.now += 2_750  # two attempts of 1 s and a backoff of 0.75 to 1.25 s
    shop.worker._give_up()
    await shop.settle()
    assert (await runs(shop, schedule))[0].state is not RunState.FAILED
    shop.clock.now += 500
    shop.worker._give_up()
    await shop.settle()
    run = (await runs(shop, schedule))[0]
    assert (run.state, run.attempts, run.started_ms) == (RunState.FAILED, 0, None)
    assert run.error == (
        "not sent: the target has not answered for 3 s; the run waited 3 s for it, as long as its attempts would "
        "have taken"
    )
    assert sum(run.waited.values()) == 3_250
    assert len(shop.executor.calls) == 1
    after = await shop.again(schedule)
    assert (after.state, after.progress.failed) == (ScheduleState.PAUSED, 1)
    assert shop.rows("SELECT * FROM ready") == []


async def test_what_waits_for_an_engine_that_is_silent_goes_on_for_the_time_of_its_policy(shop):
    """Whatever the number of attempts: nothing was tried yet, and nothing is lost while the engine is away."""
    policies = Policies(retry=Retry(max_attempts=1, max_elapsed_ms=20 * MINUTE, until_next_slot=False))
    schedule = await shop.schedule("* * * * *", policies)
    await shop.tick(NOON + MINUTE)
    lane = await silence(shop)
    await shop.tick(NOON + 2 * MINUTE)
    shop.worker._give_up()
    lane.unreached = True  # as the next probe has told: before, the engine was there and hung
    shop.clock.now = NOON + 22 * MINUTE - 1
    shop.worker._give_up()
    await shop.settle()
    assert (await runs(shop, schedule))[0].state is RunState.PENDING
    shop.clock.now += 1
    shop.worker._give_up()
    await shop.settle()
    assert (await runs(shop, schedule))[0].state is RunState.FAILED


async def test_nothing_more_is_sent_of_a_target_that_was_deleted(shop):
    """Also by a worker that has its configuration and secrets in memory."""

    async def away(call):
        return Outcome(Verdict.FAILED, error="away", unreached=True)

    shop.executor.answer = away
    schedule = await shop.schedule(ONCE)
    await shop.tick(NOON + MINUTE)
    assert len(shop.executor.calls) == 1
    await shop.schedules.delete(shop.workspace, schedule.id)
    await shop.store.write(targets.delete_target, shop.workspace, shop.target, shop.clock.now)
    await shop.tick(NOON + 2 * MINUTE)
    assert len(shop.executor.calls) == 1
    (run,) = await runs(shop, schedule)
    assert (run.state, run.error) == (RunState.FAILED, "the target is disabled: it was deleted")


async def test_a_run_that_waited_for_a_place_says_how_long(shop):
    schedules = [await shop.schedule(ONCE) for _ in range(4)]
    gate = await hold(shop)
    await shop.tick(NOON + MINUTE)
    assert len(shop.executor.calls) == 3  # one lane leaves a place to others
    await shop.mark()
    found = [run.state for one in schedules for run in await runs(shop, one)]
    assert sorted(found) == ["pending", "running", "running", "running"]
    shop.clock.now += 5_000
    gate.set()
    await shop.settle()
    waits = [run.waited for one in schedules for run in await runs(shop, one)]
    assert sorted(waits, key=len) == [{}, {}, {}, {"place": 5_000}]


async def test_a_run_that_goes_back_unbegun_is_never_given_up_for_that(shop):
    schedule = await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    lane = await silence(shop)
    await shop.tick(NOON + 2 * MINUTE)
    for _ in range(60):
        await shop.worker._hand_back([*lane.queue])
        for work in [*lane.queue]:
            lane.queue.remove(work)
            shop.worker._forget(work)
        shop.worker._alarm.ring()
        await shop.settle()
    assert lane.queue[0].epoch > 100
    lane.circuit = Closed()
    shop.worker._lanes.tick()
    await shop.settle()
    assert (await runs(shop, schedule))[0].state is RunState.SUCCEEDED


async def test_a_run_that_takes_its_worker_down_each_time_ends(shop):
    schedule = await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    lane = await silence(shop)
    await shop.tick(NOON + 2 * MINUTE)
    (work,) = lane.queue
    work.run = work.run._replace(lost=MOST_LOST + 1)
    lane.circuit = Closed()
    shop.worker._lanes.tick()
    await shop.settle()
    run = (await runs(shop, schedule))[0]
    assert (run.state, run.error) == (
        RunState.FAILED,
        "given up: 26 workers had it, and all of them were gone before it ended",
    )


@pytest.mark.parametrize(("seen", "again"), [(None, 1), ("9999z", 0)])
async def test_a_node_with_older_zone_data_than_the_database_has_seen_computes_no_slot_again(
    shop, seen, again
):
    await shop.schedule("0 * * * *")
    await add(shop)
    for table in ("schedules", "cursors", "windows"):
        shop.store.connection.execute(f"UPDATE {table} SET zone_data = 'other'")
    if seen is not None:
        await shop.store.write(meta.raise_zone_data, seen)
    await shop.engine.rezone()
    for table in ("schedules", "cursors", "windows"):
        assert len(shop.rows(f"SELECT 1 FROM {table} WHERE zone_data <> 'other'")) == again
