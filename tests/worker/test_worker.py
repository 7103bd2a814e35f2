"""How much a worker holds, and when it claims."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from horarium.domain.circuit import Open
from horarium.domain.errors import Unavailable
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.places import LaneRoom
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.domain.waiting import WaitCause
from horarium.store.verbs import dispatch
from horarium.store.verbs import runs as run_verbs
from horarium.store.verbs.dispatch import Claimed
from horarium.worker import attempts as attempts_module
from horarium.worker import worker as worker_module
from horarium.worker.lanes import PARK_AFTER_MS
from horarium.worker.work import judge
from horarium.worker.worker import (
    ASK_EVERY_S,
    CLAIM_MS,
    HELD_BACK_MS,
    LEAST_CLAIMED,
    LOOK_AT_LAG_S,
    MARK_AFTER_MS,
    MOST_CLAIMED,
    MOST_IN_HAND,
    OVERRUN_MS,
    THROTTLED_MS,
    Worker,
    _least_lag_ms,
    most_in_hand,
    next_claim,
)
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
GOOD = Outcome(Verdict.SUCCEEDED)


def test_a_worker_that_is_alone_takes_more_in_hand_than_one_that_shares():
    assert most_in_hand(16, shared=False) > most_in_hand(16, shared=True) > 16


@pytest.mark.parametrize("shared", [True, False])
def test_what_is_in_hand_is_bounded(shared):
    assert most_in_hand(5_000, shared) == MOST_IN_HAND


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("concurrency", [1, 256, 8_193, 50_000])
def test_while_all_that_can_be_is_under_way_there_is_room_for_as_many(shared, concurrency):
    assert most_in_hand(concurrency, shared) >= 2 * concurrency
    assert most_in_hand(50_000, shared) == 100_000


@pytest.mark.parametrize(
    ("size", "claimed", "took_ms", "then"),
    [
        (1_000, 1_000, CLAIM_MS, 1_000),
        (1_000, 1_000, CLAIM_MS / 2, 2_000),
        (2_000, 2_000, CLAIM_MS * 2, 1_000),
        (1_000, 1_000, 0.0, MOST_CLAIMED),
        (1_024, 1_024, 1_000.0, LEAST_CLAIMED),
        (1_000, LEAST_CLAIMED - 1, 1_000.0, 1_000),  # so few show nothing
        (1_000, LEAST_CLAIMED, 1_000.0, LEAST_CLAIMED),
    ],
)
def test_a_claim_takes_what_the_writer_does_in_a_moment(size, claimed, took_ms, then):
    assert next_claim(size, claimed, took_ms) == then


@pytest.mark.parametrize(
    ("lags_s", "least_ms"),
    [((0.05, 0.01, 0.25), 10), ((0.25, 0.05), 50), ((0.0, 0.05), 0), ((-0.005, 0.9), 0)],
)
async def test_an_event_loop_is_as_late_as_it_is_at_its_best_moment(monkeypatch, lags_s, least_ms):
    now, rest = 100.0, iter(lags_s)

    async def sleep(seconds):
        nonlocal now
        now += seconds + next(rest)

    loop = SimpleNamespace(time=lambda: now)
    clock = SimpleNamespace(get_running_loop=lambda: loop, sleep=sleep)
    monkeypatch.setattr("horarium.worker.worker.asyncio", clock)
    wait_s = sum(lags_s) + len(lags_s) * LOOK_AT_LAG_S
    assert await _least_lag_ms(wait_s - 1e-6) == pytest.approx(least_ms)
    assert next(rest, None) is None


async def test_what_a_silent_target_has_left_in_the_queue_causes_no_claim_for_each_outcome_of_another(
    monkeypatch,
):
    monkeypatch.setattr("horarium.worker.worker.THROTTLED_MS", 3_600_000)  # only outcomes could cause one
    monkeypatch.setattr(Worker, "_give_up", lambda _: None)
    shop = await Workshop.open()
    try:
        allow = Policies(overlap=Overlap.ALLOW)
        await shop.schedule("* * * * *", replace(allow, max_fires=30))
        await shop.tick(NOON + MINUTE)
        (lane,) = shop.worker.lanes
        now = int(asyncio.get_running_loop().time() * 1000)
        lane.circuit = Open(now, now + 1_000_000)
        for n in range(2, 31):
            await shop.tick(NOON + n * MINUTE)
        left = shop.rows("SELECT count(*) FROM ready WHERE owner IS NULL")[0][0]
        assert left > 10
        good = await shop.schedule("* * * * *", allow, target_id=shop.make_target())
        claims = []
        urgent = shop.store.urgent

        async def counting(verb, *args, **kwargs):
            claims.extend([verb] if verb is dispatch.claim else [])
            return await urgent(verb, *args, **kwargs)

        shop.store.urgent = counting
        for n in range(31, 51):
            shop.clock.now = NOON + n * MINUTE
            await shop.release()
            await shop.settle()
        assert (await shop.again(good)).progress.succeeded == 20
        assert len(claims) <= 2  # one for each outcome without the rule
    finally:
        await shop.close()


async def hang(shop):
    """Let attempts last until the test is over."""
    held = asyncio.Event()

    async def answer(_):
        await held.wait()

    shop.executor.answer = answer


async def test_what_was_recorded_under_an_old_lease_does_not_take_the_run_out_of_hand_that_is_held_anew():
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        await hang(shop)
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        ended = judge(work, Outcome(Verdict.SUCCEEDED), NOON + MINUTE)
        shop.worker._let_go([replace(ended, epoch=work.epoch - 1)])
        assert list(shop.worker._holding.values()) == [work]
        shop.worker._let_go([ended])
        assert not shop.worker._holding
    finally:
        await shop.close()


async def test_a_worker_that_has_nothing_in_hand_sleeps_until_something_comes(monkeypatch):
    """Otherwise a server without any work would wake up many times a second."""
    looks = []

    async def look(_):
        looks.append(1)
        await asyncio.sleep(0)
        return 0.0

    monkeypatch.setattr("horarium.worker.worker._least_lag_ms", look)
    shop = await Workshop.open()
    try:
        await shop.settle()
        assert looks == []
        held = asyncio.Event()

        async def answer(_):
            await held.wait()
            return Outcome(Verdict.SUCCEEDED)

        shop.executor.answer = answer
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        assert len(looks) > 3
        held.set()
        await shop.settle()
        seen = len(looks)
        await shop.settle()
        assert len(looks) == seen
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


@pytest.mark.parametrize(("late_ms", "ended"), [(0, False), (1, True)])
async def test_an_attempt_that_outlasts_its_time_by_too_much_is_ended(late_ms, ended):
    shop = await Workshop.open()
    try:
        await hang(shop)
        await shop.schedule("* * * * *", Policies(retry=Retry(max_attempts=1), max_fires=1))
        await shop.tick(NOON + MINUTE)
        shop.clock.now += 1_000 + OVERRUN_MS + late_ms  # its target may take a second
        assert await shop.worker.end_overruns() is False  # nothing more is to be done at once
        await shop.settle()
        assert shop.rows("SELECT count(*) FROM runs WHERE state = 'failed'")[0][0] == ended
    finally:
        await shop.close()


async def test_an_attempt_is_marked_as_under_way_once_it_has_taken_a_while():
    shop = await Workshop.open()
    try:
        await hang(shop)
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        now = asyncio.get_running_loop().time() * 1000
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


@pytest.mark.parametrize(
    ("concurrency", "least"),
    [(1, 1), (4, 4), (16, 16), (512, 512), (1_024, 1_024), (1_025, 1_024), (50_000, 6_250)],
)
async def test_a_claim_is_worth_it_from_the_room_on_that_keeps_the_places_busy(
    concurrency, least, monkeypatch
):
    shop = await Workshop.open(concurrency)
    try:
        idle = False
        monkeypatch.setattr(shop.worker._lanes, "idle", lambda: idle)
        found = [shop.worker._is_enough(room) for room in (0, least - 1, least)]
        assert found == [False, False, True]
        idle = True  # then anything is
        assert [shop.worker._is_enough(room) for room in (0, 1)] == [False, True]
    finally:
        await shop.close()


async def test_an_attempt_that_waits_for_its_time_is_not_marked_as_under_way_and_hides_none_that_is():
    shop = await Workshop.open()
    try:
        await hang(shop)
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
        await hang(shop)
        shop.worker._networked.add("scripted")
        for _ in range(2):
            await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        given_up, slow = shop.worker._attempts.doing
        del shop.worker._holding[given_up]
        shop.worker._holding[slow].began -= PARK_AFTER_MS + 1
        shop.worker._park_slow()
        await shop.worker._mark_begun(PARK_AFTER_MS)
        assert await shop.worker.end_overruns() is False
        assert (shop.worker._holding[slow].parked, shop.worker._holding[slow].marked) == (True, True)
    finally:
        await shop.close()


@pytest.mark.parametrize(("age_ms", "noted"), [(249, False), (250, True), (251, True)])
async def test_a_call_is_marked_and_parked_from_a_certain_age_on(monkeypatch, age_ms, noted):
    shop = await Workshop.open()
    try:
        await hang(shop)
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


async def test_no_more_is_claimed_of_what_was_just_given_to_another_node_until_a_moment_has_passed(
    monkeypatch,
):
    shop = await Workshop.open(concurrency=1)
    try:
        worker = shop.worker
        monkeypatch.setattr(worker._lanes, "room", lambda _: LaneRoom({shop.target: 7, b"other": 3}, 5))
        assert worker.lane_room() == LaneRoom({shop.target: 7, b"other": 3}, 5)
        now = asyncio.get_running_loop().time()
        worker._given = {shop.target: now + 60, b"other": now - 1, b"unknown": now + 60}
        assert worker.lane_room() == LaneRoom({shop.target: 0, b"other": 3, b"unknown": 0}, 5)
        assert worker._given == {shop.target: now + 60, b"unknown": now + 60}
    finally:
        await shop.close()


async def test_what_is_handed_back_as_a_worker_ends_is_begun_by_nobody_meanwhile():
    shop = await Workshop.open(concurrency=1)
    try:
        worker, urgent = await with_runs_in_hand(shop), shop.store.urgent
        begun = len(shop.executor.calls)
        (first,) = worker._attempts.doing

        async def ends_meanwhile(verb, *args, **kwargs):
            worker._attempts.stop(worker._holding[first])  # a place is free while the rest is handed back
            await shop.settle()
            return await urgent(verb, *args, **kwargs)

        shop.store.urgent = ends_meanwhile
        await worker.drain(0.0)
        await shop.settle()
        assert len(shop.executor.calls) == begun == 1
    finally:
        del shop.store.urgent
        await shop.close()


async def test_room_that_outcomes_have_made_is_claimed_at_once():
    """What was left behind for want of room does not wait for the poll."""
    shop = await Workshop.open(concurrency=1)
    try:
        gate = asyncio.Event()

        async def answer(_):
            await gate.wait()
            return Outcome(Verdict.SUCCEEDED)

        shop.executor.answer = answer
        await shop.schedule("* * * * *", Policies(overlap=Overlap.ALLOW))
        for minute in range(1, 100):
            shop.clock.now = NOON + minute * MINUTE
            await shop.release()
        await shop.settle()
        assert shop.rows("SELECT count(*) FROM ready WHERE owner IS NULL")[0][0] > 0
        gate.set()
        for _ in range(40):
            await shop.settle()
        assert shop.rows("SELECT count(*) FROM ready")[0][0] == 0
        assert len(shop.executor.calls) == 99
    finally:
        await shop.close()


async def with_runs_in_hand(shop):
    """The worker, which attempts the first of many runs and holds the others."""
    await hang(shop)
    for _ in range(20):
        await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    return shop.worker


@pytest.mark.parametrize("moments", [1, 3])
async def test_what_ended_in_one_moment_is_not_taken_for_the_pace_of_all_that_is_to_come(moments):
    """What will end here before another node could take it is kept, and a burst of outcomes says little of that."""
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await with_runs_in_hand(shop)
        unbegun, ended = sum(len(lane.queue) for lane in worker.lanes), 2
        worker._ended[-1] += ended
        for _ in range(moments - 1):
            assert worker._for_others() == []
        worker._asked_s = asyncio.get_running_loop().time()
        assert len(worker._for_others()) == (unbegun - ended) // 2 > 0
    finally:
        await shop.close()


async def test_a_node_that_leaves_gives_nothing_to_one_that_asks_and_one_that_asked_long_ago_gets_nothing():
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await with_runs_in_hand(shop)
        worker._closing = True
        worker._asked_s = asyncio.get_running_loop().time()
        assert worker._for_others() == []
        worker._closing = False
        worker._asked_s = asyncio.get_running_loop().time() - ASK_EVERY_S - 0.1
        assert worker._for_others() == []
        worker._asked_s = asyncio.get_running_loop().time() - ASK_EVERY_S + 0.1
        assert worker._for_others()
    finally:
        await shop.close()


@pytest.mark.parametrize(("ago_s", "gets"), [(0.999, True), (1.0, True), (1.001, False)])
async def test_an_asking_counts_until_the_next_one_could_come(monkeypatch, ago_s, gets):
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await with_runs_in_hand(shop)
        worker._asked_s = 1_000.0
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "time", lambda: 1_000.0 + ago_s * ASK_EVERY_S)
            assert bool(worker._for_others()) is gets
    finally:
        await shop.close()


async def test_a_node_that_asks_for_runs_is_answered_once():
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await with_runs_in_hand(shop)
        worker._asked_s = asyncio.get_running_loop().time()
        first = worker._for_others()
        assert 0 < len(first) < 19
        assert worker._for_others() == []
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


@pytest.mark.parametrize("born", [True, False], ids=["born", "claimed"])
async def test_runs_that_come_while_a_worker_ends_are_handed_back_unbegun(born):
    """They had been asked for before. The worker has nothing under way, so it ends without waiting."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        shop.clock.now = NOON + MINUTE
        if born:
            released = await shop.engine.release(shop.worker.room(), lane_room=shop.worker.lane_room())
            assert len(released.claimed) == 1
            await shop.worker.drain(0.0)
            await shop.worker.take(released.claimed)
        else:
            await shop.engine.release(0)
            urgent = shop.store.urgent

            async def ends_meanwhile(verb, *args, **kwargs):
                answer = await urgent(verb, *args, **kwargs)
                if verb is dispatch.claim:
                    await shop.worker.drain(0.0)
                return answer

            shop.store.urgent = ends_meanwhile
            shop.worker._alarm.ring()
        await shop.settle()
        assert shop.executor.calls == []
        assert [owner for (owner,) in shop.rows("SELECT owner FROM ready")] == [None]
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
        await hang(shop)
        await shop.schedule("1 12 * * *")
        replaced = await shop.schedule("2-59 12 * * *", Policies(overlap=Overlap.CANCEL_OTHER))
        for minute in (1, 2, 3):
            await shop.tick(NOON + minute * MINUTE)
        fires = await shop.schedules.fires(shop.workspace, replaced.id, 10)
        assert [fire.state for fire in fires] == ["running", "cancelled"]
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()


async def test_a_run_that_comes_between_two_looks_for_strays_is_kept():
    shop = await Workshop.open()
    try:
        await hang(shop)
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


async def test_calls_that_wait_without_a_place_take_no_room_for_further_runs():
    shop = await Workshop.open(concurrency=4)
    try:
        await hang(shop)
        shop.worker._networked.add("scripted")
        for _ in range(3):
            await shop.schedule("* * * * *")
        room = shop.worker.room()
        await shop.tick(NOON + MINUTE)
        assert shop.worker.room() == room - 3
        for work in list(shop.worker._holding.values()):
            assert shop.worker.lanes.park(work)
        assert shop.worker.room() == room
    finally:
        await shop.close()


@pytest.mark.parametrize(
    ("due_ms", "claimed", "unasked", "more", "again_ms"),
    [
        (None, 64, False, False, None),
        (NOON + 1, 64, True, False, NOON + 1),
        (NOON, 64, False, True, NOON),
        (NOON, 63, False, False, NOON + THROTTLED_MS),
        (NOON, 63, True, True, NOON + HELD_BACK_MS),
    ],
    ids=[
        "nothing is left",
        "what is left comes later",
        "as many as asked",
        "no more may be",
        "lanes had no turn",
    ],
)
async def test_after_a_claim_a_worker_knows_whether_there_is_more_for_it(
    monkeypatch, due_ms, claimed, unasked, more, again_ms
):
    shop = await Workshop.open(concurrency=64)
    try:
        asked = []

        async def urgent(verb, node, now, room, lane, versions, lane_room):
            asked.append(room)
            return Claimed(ids=[b"i" * 16] * claimed, unasked=unasked)

        async def read(verb):
            return due_ms

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.store, "read", read)
        shop.worker._more = not more
        assert await shop.worker._claim_step() == again_ms
        assert (asked, shop.worker._more) == (
            [64],
            more,
        )  # a worker that has nothing takes as many as it has places
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_worker_that_is_full_or_has_no_lease_has_no_room():
    shop = await Workshop.open(concurrency=1)
    try:
        assert shop.worker.room() > 0
        shop.worker._may_work = lambda: False
        assert shop.worker.room() == 0
        shop.worker._may_work = lambda: True
        await with_runs_in_hand(shop)
        shop.worker._most = len(shop.worker._holding)
        assert shop.worker.room() == 0
        shop.worker._most -= 1
        assert shop.worker.room() == 0
    finally:
        await shop.close()


async def test_a_target_that_answers_with_its_response_has_no_callback():
    shop = await Workshop.open()
    try:
        await hang(shop)
        await shop.schedule("* * * * *")
        await shop.tick(NOON + MINUTE)
        assert len(shop.executor.calls) == 1
        assert shop.rows("SELECT count(*) FROM callbacks")[0][0] == 0
    finally:
        await shop.close()


async def test_the_wait_for_a_database_is_added_to_what_the_run_has_waited_for_before():
    shop = await Workshop.open()
    try:
        await hang(shop)
        await shop.schedule("* * * * *")
        await shop.tick(NOON + MINUTE)
        (work,) = shop.worker._holding.values()
        work.waited = {WaitCause.PLACE: 10, WaitCause.DATABASE: 5}
        shop.worker._attempts._judged(work, Outcome(Verdict.SUCCEEDED, waited_ms=30))
        assert work.waited == {WaitCause.PLACE: 10, WaitCause.DATABASE: 35}
    finally:
        await shop.close()


async def test_what_is_to_end_already_is_not_handed_back_by_a_worker_that_ends(monkeypatch):
    shop = await Workshop.open(concurrency=1)
    try:
        worker, back = await with_runs_in_hand(shop), []

        async def hand_back(works):
            back.append([work.id for work in works])

        unbegun = [work.id for work in worker._lanes.unbegun()]
        assert len(unbegun) > 2
        monkeypatch.setattr(worker, "_hand_back", hand_back)
        worker._holding[unbegun[0]].stopped = True
        await worker.drain(0.0)
        assert sorted(back[0]) == sorted(unbegun[1:])
    finally:
        await shop.close()


@pytest.mark.parametrize("answers", [GOOD, ValueError("its own fault")], ids=["an outcome", "a fault"])
async def test_a_worker_ends_also_where_its_targets_keep_to_themselves_that_they_are_to_end(answers):
    shop = await Workshop.open(concurrency=1)
    ended = []

    async def answer(_):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(1)
        if isinstance(answers, Exception):
            raise answers
        return answers

    shop.executor.answer = answer
    for _ in range(3):
        await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    async with asyncio.timeout(60):
        await shop.close()
    assert ended == [1]  # and no further one was begun


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
        worker, recorded = await with_runs_in_hand(shop), []
        (lane,) = worker.lanes
        now = int(asyncio.get_running_loop().time() * 1000)
        lane.circuit = Open(now - 10 * DAY, now + DAY)
        worker._recorder.add = recorded.append
        overdue = list(lane.queue)
        shop.clock.now += DAY
        worker._give_up()
        assert len(recorded) == len(overdue) > 0
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


@pytest.mark.parametrize(
    ("room", "idle", "held", "asks"),
    [(1, True, True, True), (0, True, True, False), (1, False, True, False), (1, True, False, False)],
    ids=["it asks", "it has no room", "it has something to begin", "nobody has anything"],
)
async def test_a_worker_asks_other_nodes_while_it_has_nothing_to_begin_and_they_may_have(
    monkeypatch, room, idle, held, asks
):
    shop = await Workshop.open()
    try:
        asked, worker = [], shop.worker

        async def urgent(verb, *args):
            asked.append(verb)

        async def read(verb, *args):
            return held

        turns, me = iter((False, True)), asyncio.current_task()

        async def sleep(seconds, sleep=asyncio.sleep):
            if asyncio.current_task() is me and next(turns):
                raise asyncio.CancelledError
            await sleep(0)

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.store, "read", read)
        monkeypatch.setattr(worker, "room", lambda: room)
        monkeypatch.setattr(worker._lanes, "idle", lambda: idle)
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "sleep", sleep)
            with pytest.raises(asyncio.CancelledError):
                await worker._ask_loop()
        assert (dispatch.ask_for_runs in asked) is asks
    finally:
        monkeypatch.undo()
        await shop.close()


@pytest.mark.parametrize("shared", [True, False])
async def test_a_worker_asks_other_nodes_where_there_may_be_any(monkeypatch, shared):
    shop = await Workshop.open()
    try:
        monkeypatch.setattr(shop.store, "shared", shared)
        shop._tasks += (tasks := shop.worker.loops())
        assert ("_ask_loop" in {task.get_coro().__name__ for task in tasks}) is shared
    finally:
        await shop.close()


async def test_what_has_ended_here_is_counted_as_the_pace_at_which_more_will():
    shop = await Workshop.open()
    try:
        before = sum(shop.worker._ended)
        for _ in range(3):
            await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        assert sum(shop.worker._ended) == before + 3
    finally:
        await shop.close()


async def test_a_worker_that_ends_waits_until_what_has_ended_is_recorded():
    shop = await Workshop.open()
    try:
        drained = []

        async def drain():
            drained.append(1)

        shop.worker._recorder.drained = drain
        await shop.worker.drain(0.0)
        assert drained == [1]
    finally:
        await shop.close()


@pytest.mark.parametrize("left", [True, False])
async def test_lanes_that_were_claimed_for_up_to_their_bound_are_claimed_again_where_something_is_left(
    monkeypatch, left
):
    shop = await Workshop.open(concurrency=64)
    try:
        monkeypatch.setattr(worker_module, "_exhausted", lambda room, runs: frozenset((shop.target,)))

        async def urgent(*args, **kwargs):
            return Claimed()

        async def read(verb):
            return NOON if left else None

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.store, "read", read)
        await shop.worker._claim_step()
        assert shop.worker._short == (frozenset((shop.target,)) if left else frozenset())
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_worker_without_room_remembers_that_there_may_be_more_for_it(monkeypatch):
    shop = await Workshop.open()
    try:
        monkeypatch.setattr(shop.worker, "room", lambda: 0)
        shop.worker._more = False
        assert await shop.worker._claim_step() is None
        assert shop.worker._more
    finally:
        await shop.close()


async def test_what_ended_a_while_ago_is_no_pace_any_more():
    shop = await Workshop.open()
    try:
        shop.worker._ended[-1] += 7
        for _ in range(shop.worker._ended.maxlen):
            assert sum(shop.worker._ended) == 7
            shop.worker._for_others()
        assert sum(shop.worker._ended) == 0
    finally:
        await shop.close()


async def test_that_a_lane_is_well_again_is_told_once(monkeypatch):
    shop = await Workshop.open()
    try:
        told, found = [], {shop.target: "slow"}

        async def urgent(verb, node, now, reports):
            told.append(dict(reports))

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.worker._lanes, "reports", lambda now: found)
        await shop.worker.report_lanes()
        found = {}
        for _ in range(2):
            await shop.worker.report_lanes()
        assert told == [{shop.target: "slow"}, {}]
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_worker_that_ends_gives_nothing_back_that_its_end_hands_back(monkeypatch):
    shop = await Workshop.open(concurrency=1)
    try:
        worker, back = await with_runs_in_hand(shop), []

        async def hand_back(works):
            back.extend(works)

        monkeypatch.setattr(worker, "_hand_back", hand_back)
        monkeypatch.setattr(worker._lanes, "excess", lambda: [*worker._lanes.unbegun()][:1])
        worker._closing = True
        await worker._give_back()
        assert back == []
        worker._closing = False
        await worker._give_back()
        assert len(back) == 1
    finally:
        await shop.close()


async def test_a_callback_that_cannot_be_opened_is_tried_again_after_a_moment(monkeypatch):
    shop = await Workshop.open()
    try:
        await hang(shop)
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
        with monkeypatch.context() as patched:
            patched.setattr(shop.store, "urgent", away_at_first)
            patched.setattr(asyncio, "sleep", sleep)
            await shop.tick(NOON + MINUTE)
        assert rested == [1, 2]
        assert len(shop.executor.calls) == 1
    finally:
        await shop.close()
