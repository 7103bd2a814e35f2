"""What a worker does with the runs that it has in hand."""

import asyncio
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from horarium.domain.circuit import Open
from horarium.domain.errors import Unavailable
from horarium.domain.execution import Outcome, Unsent, Verdict
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.domain.target import TargetState
from horarium.domain.tenancy import EVERY_TARGET
from horarium.domain.waiting import NOTED_FROM_MS, WaitCause
from horarium.store.base import CANCELLED, DUE, IDLE, LOOK, READY
from horarium.store.verbs import dispatch, tenancy
from horarium.store.verbs import runs as run_verbs
from horarium.store.verbs import targets as target_verbs
from horarium.worker import attempts as attempts_module
from horarium.worker import worker as worker_module
from horarium.worker.lanes import PARK_AFTER_MS
from horarium.worker.work import judge
from horarium.worker.worker import (
    MARK_AFTER_MS,
    OVERRUN_MS,
)
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
GOOD = Outcome(Verdict.SUCCEEDED)
# What the log tells of a question that the database did not answer, beside the event.
AWAY = {"log_level": "warning", "error": "the database is away"}


async def away(*args, **kwargs):
    """Instead of a question to the database."""
    raise Unavailable("the database is away")


async def test_what_was_recorded_under_an_old_lease_does_not_take_the_run_out_of_hand_that_is_held_anew():
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        await shop.hang()
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        ended = judge(work, Outcome(Verdict.SUCCEEDED), NOON + MINUTE)
        shop.worker._let_go([replace(ended, epoch=work.epoch - 1)])
        assert list(shop.worker._holding.values()) == [work]
        shop.worker._let_go([ended])
        assert not shop.worker._holding
        assert [lane.in_hand for lane in shop.worker.lanes] in ([], [0])
    finally:
        await shop.close()


async def test_how_late_a_run_was_sent_is_counted_once_however_often_it_is_tried():
    shop = await Workshop.open()
    try:
        shop.executor.answer = Outcome(Verdict.FAILED, error="no")
        retry = Retry(max_attempts=3, initial_ms=1_000, until_next_slot=False)
        await shop.schedule("* * * * *", Policies(retry=retry, max_fires=1))
        for late_ms in (250, 10_000, 20_000):
            await shop.tick(NOON + MINUTE + late_ms)
        assert len(shop.executor.calls) == 3
        lateness = shop.worker.figures.sent.settle()
        assert (lateness.count, lateness.total) == (1, 250)
    finally:
        await shop.close()


@pytest.mark.parametrize("own_ms", [None, 300, 20_000])
@pytest.mark.parametrize(("late_ms", "ended"), [(0, False), (1, True)])
async def test_an_attempt_that_outlasts_its_time_or_its_schedules_by_too_much_is_ended(
    late_ms, ended, own_ms
):
    shop = await Workshop.open()
    try:
        await shop.hang()
        may_take = 1_000 if own_ms is None else own_ms  # its target may take a second
        await shop.schedule(
            "* * * * *", Policies(retry=Retry(max_attempts=1), max_fires=1, timeout_ms=own_ms)
        )
        await shop.tick(NOON + MINUTE)
        shop.clock.now += may_take + OVERRUN_MS + late_ms
        assert await shop.worker.end_overruns() is False  # nothing more is to be done at once
        await shop.settle()
        assert shop.rows("SELECT count(*) FROM runs WHERE state = 'failed'")[0][0] == ended
    finally:
        await shop.close()


async def test_an_attempt_that_has_not_begun_yet_has_outlasted_nothing():
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        work.started_ms = 0
        await shop.worker.end_overruns()
        assert not work.stopped
    finally:
        await shop.close()


async def test_a_worker_that_closes_takes_nothing_more():
    shop = await Workshop.open()
    try:
        assert shop.worker.room() > 0
        shop.worker._closing = True
        assert shop.worker.room() == 0
    finally:
        await shop.close()


async def test_an_attempt_is_marked_as_under_way_once_it_has_taken_a_while():
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        now = asyncio.get_running_loop().time() * 1000
        shop.clock.now += 300  # it is told since when, and not when that was seen
        for age_ms, marked in ((MARK_AFTER_MS - 100, False), (MARK_AFTER_MS + 100, True)):
            work.began = now - age_ms
            await shop.worker._mark_begun()
            assert work.marked is marked
        assert shop.rows("SELECT begun_ms FROM ready")[0][0] == NOON + MINUTE
        shop.store.urgent = None  # what is marked is not written again
        await shop.worker._mark_begun()
    finally:
        del shop.store.urgent
        await shop.close()


async def test_attempts_that_could_not_be_marked_are_told_in_the_log_and_marked_at_the_next_look(monkeypatch):
    shop = await Workshop.open()
    try:
        await shop.hang()
        for _ in range(2):
            await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        works = [shop.worker._holding[run] for run in shop.worker._attempts.doing]
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(shop.store, "urgent", away)
            await shop.mark()
        assert lines == [AWAY | {"event": "runs_not_marked", "runs": 2}]
        assert [work.marked for work in works] == [False, False]
        await shop.mark()
        assert [work.marked for work in works] == [True, True]
        assert [*map(tuple, shop.rows("SELECT begun_ms FROM ready"))] == [(NOON + MINUTE,)] * 2
    finally:
        await shop.close()


async def test_runs_whose_targets_could_not_be_read_are_told_in_the_log_and_taken_as_strays(monkeypatch):
    shop = await Workshop.open()
    try:
        for target in (shop.target, shop.target, shop.make_target()):
            await shop.schedule("* * * * *", Policies(max_fires=1), target_id=target)
        shop.clock.now = NOON + MINUTE
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(shop.store, "read", away)
            await shop.release()
        assert lines == [AWAY | {"event": "targets_not_read", "targets": 2}]
        assert (shop.worker.room(), shop.worker._holding) == (shop.worker._most, {})
        for _ in range(2):
            await shop.worker.find_strays()
        shop.worker._alarm.ring()
        await shop.settle()
        assert len(shop.executor.calls) == 3
    finally:
        await shop.close()


async def test_a_look_for_cancellations_that_fails_is_told_in_the_log_and_the_next_one_ends_the_attempt(
    monkeypatch,
):
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (run,) = shop.worker._holding
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(shop.store, "read", away)
            await shop.store.write(run_verbs.cancel_run, shop.workspace, run, NOON + MINUTE)
            await shop.settle()
        assert lines == [AWAY | {"event": "cancellations_not_read"}]
        assert [*shop.worker._holding] == [run]
        shop.worker.look_again()
        await shop.settle()
        assert not shop.worker._holding
    finally:
        await shop.close()


async def change_target(shop, target, **what):
    await shop.store.write(
        target_verbs.change_target,
        shop.workspace,
        target,
        lambda before: replace(before, **what),
        shop.clock.now,
    )


async def end_all(shop):
    """Let the attempts end that hang, and all others."""
    shop.executor.answer = GOOD
    for work in [shop.worker._holding[run] for run in shop.worker._attempts.doing]:
        shop.worker._attempts.stop(work)
    await shop.settle(lambda: not shop.worker._holding)


async def switch_off(shop):
    await change_target(shop, shop.target, state=TargetState.DISABLED, state_reason="too loud")


async def take_the_grant(shop):
    taken = shop.store.write(tenancy.remove_grant, shop.workspace, shop.principal, EVERY_TARGET)
    assert await taken


@pytest.mark.parametrize(
    ("take_away", "why"),
    [(switch_off, f"{Unsent.DISABLED}: too loud"), (take_the_grant, str(Unsent.NO_GRANT))],
)
async def test_what_is_in_hand_is_not_sent_once_it_may_not_be_any_more(take_away, why):
    shop = await Workshop.open()
    try:
        await shop.with_runs_in_hand()
        begun = len(shop.executor.calls)
        await take_away(shop)
        await shop.settle()
        await end_all(shop)
        assert len(shop.executor.calls) == begun > 0
        ended = Counter(error for (error,) in shop.rows("SELECT error FROM runs"))
        assert ended == {why: 20 - begun, "cancelled": begun}
    finally:
        await shop.close()


async def test_what_is_in_hand_goes_to_its_target_as_it_is_now_and_to_no_other(monkeypatch):
    shop = await Workshop.open()
    try:
        monkeypatch.setattr(worker_module, "FOLLOWED_AT_ONCE", 1)
        other = shop.make_target(config='{"place": "other"}')
        await shop.with_runs_in_hand()
        for _ in range(2):
            await shop.schedule("* * * * *", target_id=other)
        await shop.tick(NOON + 2 * MINUTE)
        begun = len(shop.executor.calls)
        waiting = Counter(work.target.id for work in shop.worker.lanes.unbegun())
        await change_target(shop, shop.target, config={"place": "new"})
        await shop.settle()
        await end_all(shop)
        places = Counter(call.config.get("place") for call in shop.executor.calls[begun:])
        assert places == {"new": waiting[shop.target], "other": waiting[other]}
        assert len(waiting) == 2
    finally:
        await shop.close()


async def test_a_later_run_brings_news_of_its_target_to_those_in_hand():
    shop = await Workshop.open()
    try:
        await shop.with_runs_in_hand()
        begun = len(shop.executor.calls)
        shop.store.connection.execute('UPDATE targets SET config = \'{"place": "new"}\', version = 2')
        await shop.schedule("* * * * *")
        await shop.tick(NOON + 2 * MINUTE)
        await end_all(shop)
        assert {call.config.get("place") for call in shop.executor.calls[begun:]} == {"new"}
    finally:
        await shop.close()


async def test_changes_that_could_not_be_followed_are_told_in_the_log_and_followed_later(monkeypatch):
    shop = await Workshop.open()
    try:
        monkeypatch.setattr(worker_module, "FOLLOW_EVERY_S", 0)
        await shop.with_runs_in_hand()
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(shop.store, "read", away)
            await switch_off(shop)
            await shop.settle(lambda: bool(lines))
        assert lines[0] == AWAY | {"event": "changes_not_followed"}
        await shop.settle()
        assert {work.target.disabled for work in shop.worker.lanes.unbegun()} == {"too loud"}
    finally:
        await shop.close()


async def test_an_attempt_that_waits_for_its_time_is_not_marked_as_under_way_and_hides_none_that_is():
    shop = await Workshop.open()
    try:
        await shop.hang()
        for _ in range(2):
            await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        first, second = (shop.worker._holding[run] for run in shop.worker._attempts.doing)
        first.started_ms = 0
        await shop.mark()
        assert (first.marked, second.marked) == (False, True)
    finally:
        await shop.close()


async def test_a_call_whose_run_was_given_up_hides_no_slow_one_behind_it():
    shop = await Workshop.open()
    try:
        await shop.hang()
        shop.worker._networked.add("scripted")
        for _ in range(2):
            await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        given_up, slow = shop.worker._attempts.doing
        del shop.worker._holding[given_up]
        shop.worker._holding[slow].began -= PARK_AFTER_MS + 1
        parked, park = [], shop.worker._lanes.park
        shop.worker._lanes.park = lambda work: parked.append(work.id) or park(work)
        for _ in range(2):
            shop.worker._park_slow()
        assert parked == [slow]  # once: it has given its place away
        await shop.worker._mark_begun(PARK_AFTER_MS)
        assert await shop.worker.end_overruns() is False
        assert (shop.worker._holding[slow].parked, shop.worker._holding[slow].marked) == (True, True)
    finally:
        await shop.close()


@pytest.mark.parametrize(
    ("waited_ms", "noted"), [(NOTED_FROM_MS - 1, False), (NOTED_FROM_MS, True), (NOTED_FROM_MS + 1, True)]
)
async def test_what_a_run_waited_for_is_noted_from_a_certain_time_on(waited_ms, noted):
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        work.waited = None
        shop.worker._attempts._begin(work, work.run.ready_ms + waited_ms)
        assert (work.waited is not None) is noted
    finally:
        await shop.close()


@pytest.mark.parametrize(("age_ms", "noted"), [(249, False), (250, True), (251, True)])
async def test_a_call_is_marked_and_parked_from_a_certain_age_on(monkeypatch, age_ms, noted):
    shop = await Workshop.open()
    try:
        await shop.hang()
        shop.worker._networked.add("scripted")
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        monkeypatch.setattr(worker_module, "PARK_AFTER_MS", 250)
        work.began = 1_000_000.0
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "time", lambda: (1_000_000.0 + age_ms) / 1000)
            shop.worker._park_slow()
            await shop.worker._mark_begun(250)
        assert (work.parked, work.marked) == (noted, noted)
    finally:
        await shop.close()


@pytest.mark.parametrize("early_ms", [1, 400])
async def test_a_run_that_is_a_little_early_is_attempted_when_it_is_due(monkeypatch, early_ms):
    """The clocks of nodes differ a little, and one may go back."""
    shop = await Workshop.open()
    try:
        slept = []

        async def sleep(seconds, result=None, sleep=asyncio.sleep):
            slept.append(seconds)
            if seconds == early_ms / 1000:  # other parts of the worker rest as well
                shop.clock.now += early_ms
            await sleep(0)

        await shop.schedule("* * * * *", Policies(max_fires=1))
        shop.clock.now = NOON + MINUTE
        await shop.release()
        shop.clock.now -= early_ms
        with monkeypatch.context() as patched:
            patched.setattr(attempts_module.asyncio, "sleep", sleep)
            for _ in range(60):
                await asyncio.sleep(0)
        assert slept.count(early_ms / 1000) == 1
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_run_whose_time_is_far_off_again_is_put_off_also_where_the_database_was_away_at_first(
    monkeypatch,
):
    """It is found as a stray then, claimed anew, and put off until it is due."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *", Policies(max_fires=1))
        shop.clock.now = NOON + MINUTE
        await shop.release()
        shop.clock.now, urgent = NOON, shop.store.urgent

        async def takes_nothing_back(verb, *args, **kwargs):
            return await (away if verb is dispatch.hand_back else urgent)(verb, *args, **kwargs)

        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(shop.store, "urgent", takes_nothing_back)
            await shop.settle()
        assert lines == [AWAY | {"event": "run_not_put_off"}]
        assert not shop.worker._holding
        for _ in range(2):
            await shop.worker.find_strays()
        shop.worker._alarm.ring()
        await shop.settle()
        assert [*map(tuple, shop.rows("SELECT due_ms, owner FROM ready"))] == [(NOON + MINUTE, None)]
        assert shop.executor.calls == []
        shop.clock.now = NOON + MINUTE
        shop.worker._alarm.ring()
        await shop.settle()
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_target_that_answers_later_has_its_deadline_for_it_and_again_with_each_sign_of_life():
    shop = await Workshop.open()
    try:
        shop.executor.answer = Outcome(Verdict.ACCEPTED)
        target = shop.make_target(completion="callback", timeout_ms=5_000, deadline_ms=60_000)
        await shop.schedule("* * * * *", target_id=target)
        await shop.tick(NOON + MINUTE)
        (told,) = shop.rows("SELECT deadline_ms, lease_ms FROM callbacks")
        assert tuple(told) == (NOON + MINUTE + 60_000, 60_000)
    finally:
        await shop.close()


async def test_a_run_that_was_lost_before_its_target_could_answer_gives_its_room_back():
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *", target_id=shop.make_target(completion="callback"))
        room, urgent = shop.worker.room(), shop.store.urgent

        async def lost_meanwhile(verb, *args, **kwargs):
            if verb is dispatch.open_callback:
                shop.store.connection.execute(
                    "UPDATE ready SET owner = ?, epoch = epoch + 1", (random_id(NOON),)
                )
            return await urgent(verb, *args, **kwargs)

        shop.store.urgent = lost_meanwhile
        await shop.tick(NOON + MINUTE)
        assert shop.rows("SELECT 1 FROM ready WHERE owner IS NOT NULL")
        assert shop.executor.calls == []
        assert shop.worker.room() == room
    finally:
        await shop.close()


async def test_a_worker_that_knows_as_many_targets_as_it_may_goes_on_with_further_ones(monkeypatch):
    """It forgets those that it needs least, and none of those whose runs it has just claimed."""
    monkeypatch.setattr("horarium.worker.targets.KEPT", 2)
    shop = await Workshop.open()
    try:
        made = [await shop.schedule("* * * * *", target_id=shop.make_target()) for _ in range(2)]
        await shop.tick(NOON + MINUTE)
        made.append(await shop.schedule("* * * * *", target_id=shop.make_target()))
        await shop.tick(NOON + 2 * MINUTE)
        await shop.tick(NOON + 3 * MINUTE)
        assert [(await shop.again(one)).progress.succeeded for one in made] == [3, 3, 2]
    finally:
        await shop.close()


async def test_a_run_that_was_claimed_for_a_worker_which_never_heard_of_it_is_handed_back_at_the_second_look():
    """At the first one the answer to the claim may still be on its way."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        shop.clock.now = NOON + MINUTE
        assert len((await shop.engine.release(shop.worker.room())).claimed) == 1
        await shop.worker.find_strays()
        assert [*map(tuple, shop.rows("SELECT owner FROM ready"))] == [(shop.node,)]
        await shop.worker.find_strays()
        assert [*map(tuple, shop.rows("SELECT owner FROM ready"))] == [(None,)]
        shop.worker._alarm.ring()
        await shop.settle()
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_run_that_comes_with_the_wish_that_it_ends_is_recorded_once_though_the_wish_is_read_again():
    """It was asked to stop while a worker had it that is gone. Were it recorded twice at once, the second outcome would
    never find its lease, and the worker would try again without end."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        shop.clock.now = NOON + MINUTE
        released = await shop.engine.release(shop.worker.room())
        recorder, recorded = shop.worker._recorder, []
        add = recorder.add
        recorder.add = recorded.append
        await shop.worker.take([run._replace(stop=True) for run in released.claimed])
        for work in list(shop.worker._holding.values()):
            shop.worker._attempts.stop(work)  # as the look for cancellations does
        assert len(recorded) == 1
        add(recorded[0])
        await shop.settle()
        assert [state for (state,) in shop.rows("SELECT state FROM runs")] == ["cancelled"]
        assert shop.executor.calls == []
    finally:
        await shop.close()


async def test_a_run_that_is_replaced_while_it_waits_for_a_place_ends_unsent_and_the_later_one_goes_on():
    shop = await Workshop.open(1)
    try:
        await shop.hang()
        await shop.schedule("1 12 * * *")
        replaced = await shop.schedule("2-59 12 * * *", Policies(overlap=Overlap.CANCEL_OTHER))
        for minute in (1, 2, 3):
            await shop.tick(NOON + minute * MINUTE)
        fires = await shop.schedules.fires(shop.workspace, replaced.id, 10)
        assert [fire.state for fire in fires] == ["running", "cancelled"]
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_run_that_was_handed_back_and_claimed_again_is_missing_for_the_first_time_once_more(
    monkeypatch,
):
    shop = await Workshop.open()
    try:
        a, b = random_id(NOON), random_id(NOON)
        looks = iter([[(a, 1)], [(a, 1), (b, 4)], [(a, 2)], [(a, 2), (b, 4)], [(b, 4)]])
        handed_back = []

        async def read(verb, node):
            assert (verb, node) == (dispatch.owned, shop.node)
            return next(looks)

        async def urgent(verb, node, runs, now):
            assert (verb, node, now) == (dispatch.hand_back, shop.node, NOON)
            handed_back.append(runs)

        monkeypatch.setattr(shop.store, "read", read)
        monkeypatch.setattr(shop.store, "urgent", urgent)
        found = []
        for _ in range(5):
            await shop.worker.find_strays()
            found.append([*handed_back])
            handed_back.clear()
        assert found == [[], [[(a, 1)]], [], [[(a, 2)]], [[(b, 4)]]]
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_run_that_comes_between_two_looks_for_strays_is_kept():
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *")
        shop.clock.now = NOON + MINUTE
        released = await shop.engine.release(shop.worker.room())
        await shop.worker.find_strays()
        await shop.worker.take(released.claimed)
        await shop.settle()
        await shop.worker.find_strays()
        assert [*map(tuple, shop.rows("SELECT owner FROM ready"))] == [(shop.node,)]
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_target_that_answers_with_its_response_has_no_callback():
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *")
        await shop.tick(NOON + MINUTE)
        assert len(shop.executor.calls) == 1
        assert shop.rows("SELECT count(*) FROM callbacks")[0][0] == 0
    finally:
        await shop.close()


async def test_the_wait_for_a_database_is_added_to_what_the_run_has_waited_for_before():
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *")
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        work.waited = {WaitCause.PLACE: 10, WaitCause.DATABASE: 5}
        shop.worker._attempts._judged(work, Outcome(Verdict.SUCCEEDED, waited_ms=30))
        assert work.waited == {WaitCause.PLACE: 10, WaitCause.DATABASE: 35}
    finally:
        await shop.close()


async def test_a_run_that_is_cancelled_ends_once_also_where_its_target_answers_with_a_fault_of_its_own():
    shop = await Workshop.open(concurrency=1)
    try:

        async def answer(_):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ValueError("its own fault") from None

        shop.executor.answer = answer
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (run,) = shop.worker._holding
        await shop.store.write(run_verbs.cancel_run, shop.workspace, run, shop.clock.now)
        await shop.settle()
        assert not shop.worker._holding
        assert [state for (state,) in shop.rows("SELECT state FROM runs")] == ["cancelled"]
        assert not any(task.done() for task in shop._tasks)
        shop.executor.answer = GOOD
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + 2 * MINUTE)
        assert len(shop.executor.calls) == 2
    finally:
        await shop.close()


async def test_a_run_that_has_waited_too_long_for_its_silent_target_ends_once_also_where_it_is_cancelled_then():
    shop = await Workshop.open(concurrency=1)
    try:
        worker, recorded = await shop.with_runs_in_hand(), []
        (lane,) = worker.lanes
        now = int(asyncio.get_running_loop().time() * 1000)
        lane.circuit = Open(now - 10 * DAY, now + DAY)
        worker._recorder.add = recorded.append
        overdue = list(lane.queue)
        for work in overdue:  # each could begin half a second after it was due
            work.run = work.run._replace(ready_ms=work.run.due_ms + 500)
        shop.clock.now += DAY
        worker._give_up()
        assert len(recorded) == len(overdue) > 0
        assert [sum(work.waited.values()) for work in overdue] == [DAY - 500] * len(overdue)
        for work in overdue:
            worker._attempts.stop(work)
        assert len(recorded) == len(overdue)
    finally:
        await shop.close()


async def test_a_worker_that_has_never_told_of_a_lane_writes_nothing_of_lanes_that_are_well(monkeypatch):
    shop = await Workshop.open()
    try:
        monkeypatch.setattr(shop.store, "urgent", None)
        assert await shop.worker.report_lanes() is False
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_worker_hears_when_runs_are_ready_which_have_ended_and_who_asks_for_some_and_of_nothing_else(
    monkeypatch,
):
    shop = await Workshop.open()
    try:
        worker, rung, looked, asked = shop.worker, [], [], []
        monkeypatch.setattr(worker._alarm, "ring", lambda at_ms=0: rung.append(at_ms))
        for topic in (READY, DUE, CANCELLED, LOOK, IDLE):
            worker._cancellations.clear()
            worker._asked_s = before = -1.0
            worker._hear(topic, 77)
            looked += [topic] * worker._cancellations.is_set()
            asked += [topic] * (worker._asked_s > before)
        assert (rung, looked, asked) == ([77], [CANCELLED], [IDLE])
    finally:
        await shop.close()


async def test_a_worker_whose_lease_had_lapsed_asks_at_once_what_is_still_its_own_and_claims():
    shop = await Workshop.open()
    try:
        await shop.hang()
        await shop.schedule("* * * * *")
        await shop.tick(NOON + MINUTE)
        shop.worker._cancellations.clear()
        asked, read = [], shop.store.read

        async def noted(verb, *args, **kwargs):
            asked.append(verb)
            return await read(verb, *args, **kwargs)

        async def claim(verb, *args, **kwargs):
            asked.append(verb)
            return await urgent(verb, *args, **kwargs)

        shop.store.read, urgent, shop.store.urgent = noted, shop.store.urgent, claim
        shop.worker.look_again()
        await shop.settle()
        assert {dispatch.stopped, dispatch.claim} <= {*asked}
    finally:
        del shop.store.read, shop.store.urgent
        await shop.close()


async def test_failures_that_the_log_has_not_told_yet_are_told_when_lanes_are_looked_at(monkeypatch):
    shop = await Workshop.open()
    try:
        flushed = []
        monkeypatch.setattr(shop.worker, "_failures", SimpleNamespace(flush=flushed.append))
        await shop.worker.report_lanes()
        assert flushed == [shop.clock.now]
    finally:
        await shop.close()


async def test_that_a_lane_is_well_again_is_told_once_also_where_the_database_was_away_at_first(monkeypatch):
    shop = await Workshop.open()
    try:
        told, found = [], {shop.target: "slow"}

        async def urgent(verb, node, now, reports):
            told.append(dict(reports))

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.worker._lanes, "reports", lambda now: found)
        await shop.worker.report_lanes()
        found = {}
        monkeypatch.setattr(shop.store, "urgent", away)
        with pytest.raises(Unavailable):
            await shop.worker.report_lanes()
        monkeypatch.setattr(shop.store, "urgent", urgent)
        for _ in range(2):
            await shop.worker.report_lanes()
        assert told == [{shop.target: "slow"}, {}]
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_callback_that_cannot_be_opened_is_tried_again_after_a_moment(monkeypatch):
    shop = await Workshop.open()
    try:
        await shop.hang()
        tries, rested, urgent = [], [], shop.store.urgent

        async def away_at_first(verb, *args, **kwargs):
            if verb is dispatch.open_callback and len(tries) < 2:
                tries.append(verb)
                raise Unavailable("the database is away")
            return await urgent(verb, *args, **kwargs)

        async def sleep(seconds, sleep=asyncio.sleep):
            if seconds == attempts_module.TROUBLE_S:
                rested.append(len(tries))
            await sleep(0)

        monkeypatch.setattr(attempts_module, "TROUBLE_S", 12.5)
        there = shop.make_target(completion="callback")
        await shop.schedule("* * * * *", target_id=there)
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(shop.store, "urgent", away_at_first)
            patched.setattr(asyncio, "sleep", sleep)
            await shop.tick(NOON + MINUTE)
        assert rested == [1, 2]
        assert lines == [AWAY | {"event": "callback_not_opened"}] * 2
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_run_whose_executor_is_not_installed_fails_at_once_and_is_not_tried_again():
    shop = await Workshop.open()
    try:
        target = shop.make_target(executor="plug-in")
        retry = Retry(max_attempts=3, initial_ms=1_000, until_next_slot=False)
        await shop.schedule("* * * * *", Policies(retry=retry, max_fires=1), target_id=target)
        await shop.tick(NOON + MINUTE)
        ((state, attempts, error),) = shop.rows("SELECT state, attempts, error FROM runs")
        assert (state, attempts) == ("failed", 1)
        assert error == "this server has no executor 'plug-in': install its plug-in"
    finally:
        await shop.close()
