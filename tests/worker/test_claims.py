"""How much a worker holds, and when and what it claims."""

import asyncio
import gc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from horarium.domain.circuit import Open
from horarium.domain.errors import Unavailable
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.overlap import Overlap
from horarium.domain.places import LaneRoom
from horarium.domain.schedule import Policies
from horarium.domain.waiting import WaitCause
from horarium.store.verbs import dispatch
from horarium.store.verbs.dispatch import Claimed
from horarium.worker import worker as worker_module
from horarium.worker.attempts import TROUBLE_S
from horarium.worker.figures import WorkerFigures
from horarium.worker.work import Work, judge
from horarium.worker.worker import (
    CLAIM_MS,
    HELD_BACK_MS,
    LEAST_CLAIMED,
    LOOK_AT_LAG_S,
    MOST_CLAIMED,
    MOST_IN_HAND,
    THROTTLED_MS,
    TICK_S,
    Worker,
    _least_lag_ms,
    most_in_hand,
    next_claim,
)
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000


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


@pytest.mark.parametrize(("least", "wakes"), [(3, False), (2, True)])
async def test_outcomes_wake_the_claims_only_once_there_is_room_that_is_worth_one(least, wakes):
    """Until then a claim would take few runs for each batch of outcomes."""
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await shop.with_runs_in_hand()
        worker._more, worker._least, worker._most = True, least, len(worker._holding) + 1
        await worker._alarm.wait(0, 0)
        work = next(iter(worker._holding.values()))
        worker._let_go([judge(work, Outcome(Verdict.SUCCEEDED), shop.clock.now)])
        assert worker.room() == 2
        assert worker._alarm._event.is_set() is wakes
    finally:
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


async def test_calls_that_wait_without_a_place_take_no_room_for_further_runs():
    shop = await Workshop.open(concurrency=4)
    try:
        await shop.hang()
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


@pytest.mark.parametrize(("room_left", "again_ms"), [(True, NOON), (False, None)])
async def test_a_worker_whose_hands_were_filled_by_a_claim_waits_until_it_is_told_that_there_is_room(
    monkeypatch, room_left, again_ms
):
    """What is left is due already: it would claim again and again meanwhile."""
    shop = await Workshop.open(concurrency=64)
    try:
        enough = iter([True, room_left])

        async def urgent(verb, node, now, room, *args, **kwargs):
            return Claimed(ids=[b"i" * 16] * room)

        async def read(verb):
            return NOON

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.store, "read", read)
        monkeypatch.setattr(shop.worker, "_is_enough", lambda room: next(enough))
        assert await shop.worker._claim_step() == again_ms
        assert shop.worker._more
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_what_a_claim_has_found_held_by_the_limits_of_its_target_is_noted_of_its_lane(monkeypatch):
    shop = await Workshop.open()
    try:
        noted, held = [], {b"slow": WaitCause.RATE, b"full": WaitCause.CONCURRENCY}

        async def urgent(*args, **kwargs):
            return Claimed(held=held)

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.worker._lanes, "note_held", lambda *given: noted.append(given))
        await shop.worker._claim_step()
        assert noted == [*held.items()]
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_while_a_worker_has_something_in_hand_it_looks_after_all_of_it_again_and_again(monkeypatch):
    """After a moment in which the lag of the event loop is measured."""
    shop = await Workshop.open()
    try:
        did, worker = [], shop.worker

        async def look(seconds):
            did.append(seconds)
            await asyncio.sleep(0)
            return 12.5

        def note(owner, name, is_async=False):
            async def noted():
                did.append(name)

            monkeypatch.setattr(
                owner, name, (lambda: noted()) if is_async else lambda *given: did.append((name, *given))
            )

        monkeypatch.setattr(worker_module, "_least_lag_ms", look)
        note(worker._lanes, "adapt_places")
        note(worker._lanes, "tick")
        note(WorkerFigures, "settle")
        for name in ("_park_slow", "_give_up"):
            note(worker, name)
        for name in ("_give_back", "_mark_begun"):
            note(worker, name, True)
        await shop.hang()
        await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        one = [TICK_S, ("adapt_places", 12.5), ("_park_slow",), ("tick",), ("settle", worker.figures)]
        one += [("_give_up",), "_give_back", "_mark_begun"]
        assert did[: 2 * len(one)] == 2 * one
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_each_claim_begins_behind_the_lane_at_which_the_last_one_has_ended(monkeypatch):
    shop = await Workshop.open()
    try:
        behind, ends = [], iter((b"b", b"d", dispatch.BEFORE_ALL, b"a"))

        async def urgent(verb, node, now, room, after, *args, **kwargs):
            behind.append(after)
            return Claimed(lane=next(ends))

        monkeypatch.setattr(shop.store, "urgent", urgent)
        for _ in range(4):
            await shop.worker._claim_step()
        assert behind == [dispatch.BEFORE_ALL, b"b", b"d", dispatch.BEFORE_ALL]
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
        await shop.with_runs_in_hand()
        shop.worker._most = len(shop.worker._holding)
        assert shop.worker.room() == 0
        shop.worker._most -= 1
        assert shop.worker.room() == 0
    finally:
        await shop.close()


async def test_a_workspace_that_has_as_many_bytes_in_hand_as_it_may_gets_no_more_until_some_are_over(
    monkeypatch,
):
    shop = await Workshop.open(concurrency=1)
    try:
        await shop.hang()
        for _ in range(3):
            await shop.schedule("* * * * *", input={"text": "x" * 100})
        await shop.tick(NOON + 60_000)
        worker, works = shop.worker, list(shop.worker._holding.values())
        held = sum(work.size for work in works)
        assert held > 300
        for most, has_room in ((2 * held, False), (2 * held + 2, True)):
            monkeypatch.setattr(worker_module, "MOST_BYTES_IN_HAND", most)
            assert (worker.lane_room().of(b"any", shop.workspace) > 0) is has_room
            assert worker.lane_room().of(b"any", b"another") > 0
        monkeypatch.setattr(worker_module, "MOST_BYTES_IN_HAND", 1)
        assert worker.room() == 1  # as many as can be executed at once
        for work in works:
            assert worker.lane_room().of(b"any", shop.workspace) == 0
            for _ in range(2):  # it is not in hand any more the second time
                worker._forget(work)
        assert worker.lane_room().of(b"any", shop.workspace) > 0
        assert not worker._bytes_of
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


async def test_a_claim_that_fails_is_told_in_the_log_and_made_again_after_a_pause(monkeypatch):
    shop = await Workshop.open()
    try:
        rested, me = [], asyncio.current_task()
        for task in shop._tasks:
            task.cancel()

        async def claim_step():
            raise Unavailable("away")

        async def sleep(seconds, sleep=asyncio.sleep):
            if asyncio.current_task() is me:
                rested.append(seconds)
                if len(rested) == 3:
                    raise asyncio.CancelledError
            await sleep(0)

        monkeypatch.setattr(shop.worker, "_claim_step", claim_step)
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(asyncio, "sleep", sleep)
            with pytest.raises(asyncio.CancelledError):
                await shop.worker._claim_loop()
        assert lines == [{"log_level": "warning", "event": "claim_failed", "error": "away"}] * 3
        assert rested == [TROUBLE_S] * 3
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


async def test_a_run_that_is_claimed_again_after_its_lease_was_lost_is_in_hand_once():
    shop = await Workshop.open(concurrency=4)
    try:
        await shop.hang()
        await shop.schedule("* * * * *", input={"text": "x" * 100})
        await shop.tick(NOON + MINUTE)
        worker = shop.worker
        (before,) = worker._holding.values()
        for _ in range(2):
            shop.store.connection.execute("UPDATE ready SET owner = NULL, epoch = epoch + 1")
            await worker._claim_step()
        (again,) = worker._holding.values()
        assert again is not before
        assert worker._bytes == again.size == before.size
        assert before.stopped, "what was begun under the old lease went on"
        assert not again.stopped
    finally:
        await shop.close()


@pytest.mark.parametrize(
    ("in_hand", "claim_size", "asks"),
    [(0, 1_024, 64), (16, 1_024, 64), (20, 1_024, 80), (200, 1_024, 800), (200, 600, 600), (900, 1_024, 124)],
    ids=[
        "as can be under way",
        "no fewer",
        "four times",
        "four times many",
        "as the writer does",
        "as has room",
    ],
)
async def test_a_claim_asks_for_what_there_is_room_for_what_the_writer_does_in_a_moment_and_ever_more_of_a_herd(
    monkeypatch, in_hand, claim_size, asks
):
    shop = await Workshop.open(concurrency=64)
    asked = []

    async def urgent(verb, node, now, room, lane, versions, lane_room):
        asked.append(room)
        return Claimed()

    try:
        with monkeypatch.context() as then:
            then.setattr(shop.store, "urgent", urgent)
            then.setattr(shop.worker, "_holding", dict.fromkeys(range(in_hand)))
            then.setattr(shop.worker, "_claim_size", claim_size)
            await shop.worker._claim_step()
        assert asked == [asks]
    finally:
        await shop.close()


@pytest.mark.parametrize("more", [True, False])
async def test_room_that_is_made_by_giving_runs_back_is_claimed_for_also_where_the_database_was_not_told(
    more,
):
    """They are found as strays then. Where the database was told, it tells in its turn that there are runs."""
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await shop.with_runs_in_hand()
        worker._asked_s, worker._more = asyncio.get_running_loop().time(), more
        await worker._alarm.wait(0, 0)
        held = len(worker._holding)

        async def away(runs):
            raise Unavailable("away")

        worker._hand_back = away
        with capture_logs() as lines:
            await worker._give_back()
        del worker._hand_back
        given = held - len(worker._holding)
        told = {"log_level": "warning", "event": "runs_not_given_back", "runs": given, "error": "away"}
        assert lines == [told]
        assert given > 0
        assert worker._alarm._event.is_set() is more
    finally:
        await shop.close()


def test_a_lane_may_have_left_something_behind_where_it_gave_as_much_as_it_had_room_for():
    room = LaneRoom({b"full": 2, b"some": 3, b"none": 0, b"silent": 1}, 1)
    given = [b"full", b"full", b"some", b"other"]
    found = worker_module._exhausted(room, [SimpleNamespace(target_id=lane) for lane in given])
    assert found == {b"full", b"none", b"other"}


async def test_a_run_that_has_ended_is_kept_by_nobody_however_long_its_taker_is_idle():
    shop = await Workshop.open(concurrency=4)
    try:
        await shop.schedule("* * * * *", input={"text": "x" * 100})
        await shop.tick(NOON + 60_000)
        await shop.settle()
        (run,) = shop.executor.calls
        await asyncio.sleep(0)  # so that its taker waits for the next one
        gc.collect()
        kept = [each for each in gc.get_objects() if isinstance(each, Work) and each.id == run.run_id]
        assert kept == []
    finally:
        await shop.close()


async def test_what_failed_calls_leave_behind_is_looked_for_by_its_bytes(monkeypatch):
    shop = await Workshop.open(concurrency=1)
    left = []

    class Left:
        """Is in a ring with itself, as an error is with the frames that it came through."""

        def __init__(self) -> None:
            self.ring = self
            left.append(weakref.ref(self))

    def fails(call):
        Left()
        return Outcome(Verdict.FAILED, error="away")

    shop.executor.answer = fails
    gc.disable()  # it would come by itself only after very many new objects
    try:
        for most, there in ((10_000, True), (100, False)):
            monkeypatch.setattr(worker_module, "MOST_BYTES_IN_HAND", most)
            schedule = await shop.schedule("* * * * *", input={"text": "x" * 200})
            shop.clock.now += 60_000
            await shop.tick(shop.clock.now)
            await shop.settle()
            assert left
            assert (left[-1]() is not None) is there
            await shop.schedules.delete(shop.workspace, schedule.id)
    finally:
        gc.enable()
        await shop.close()
