"""What a worker has in hand is given out in fair turns, within what each lane may have under way."""

import asyncio
from dataclasses import fields
from itertools import pairwise
from types import SimpleNamespace

import pytest

from horarium.domain.circuit import MOST_PROBES, PROBE_EVERY_MS, TIMEOUTS_TO_OPEN, Closed, HalfOpen, Open
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.lane_limit import START, LaneLimit
from horarium.domain.places import FEWEST_PLACES
from horarium.domain.waiting import WaitCause
from horarium.worker.lanes import (
    LOOK_AFTER_MS,
    LOOK_AGAIN_MS,
    MOST_MADE_BYTES,
    PARK_AFTER_MS,
    Lane,
    Lanes,
    Sign,
    sign_of,
)

GOOD = Outcome(Verdict.SUCCEEDED, status=200)
SILENT = Outcome(Verdict.FAILED, error="no answer")
UNREACHED = Outcome(Verdict.FAILED, error="could not connect: no answer", unreached=True)
TIMEOUT_MS = 30_000


class Time:
    """The event loop's clock, as the lanes see it."""

    def __init__(self):
        self.now = 1_000.0


def work(lane, number=0, workspace="w", version=1):
    return SimpleNamespace(
        id=f"{lane}{number}".encode(),
        target=SimpleNamespace(id=lane.encode(), name=lane, version=version),
        run=SimpleNamespace(workspace_id=workspace.encode()),
        timeout_ms=TIMEOUT_MS,
        number=number,
        stopped=False,
        outcome=None,
        lane=None,
        began=0.0,
        parked=False,
        probes=False,
        slow=False,
        made=0,
        may_make_much=False,
    )


def filled(lanes, lane, count, workspace="w", networked=True):
    given = [work(lane, n, workspace) for n in range(count)]
    for one in given:
        lanes.put(one, networked)
    return given


def begin_all(lanes):
    """All that may begin now."""
    return list(iter(lanes.next_or_none, None))


def end(lanes, works, outcome=GOOD):
    for one in works:
        one.outcome = outcome
        lanes.end(one)


def lane_of(lanes, name):
    return next(lane for lane in lanes if lane.id == name.encode())


async def turns(times=3):
    for _ in range(times):
        await asyncio.sleep(0)


async def test_runs_of_which_templates_make_much_begin_only_while_their_workspace_has_room_for_what_is_made():
    lanes = Lanes(256, 256, 16_384)
    large = filled(lanes, "large", 20)
    for one in large:
        one.may_make_much, one.makes = True, lambda: MOST_MADE_BYTES // 8
    small = filled(lanes, "small", 3)
    begun = begin_all(lanes)
    assert [one for one in begun if one in large] == large[:4]  # half of what all may have
    assert [one for one in begun if one in small] == small
    others = filled(lanes, "other", 20, workspace="v")
    for one in others:
        one.may_make_much, one.makes = True, lambda: MOST_MADE_BYTES // 8
    assert begin_all(lanes) == others[:2]  # no more than is left then
    end(lanes, large[:1])
    assert begin_all(lanes) == others[2:3]  # who has less goes first
    assert lanes.park(large[1])
    end(lanes, large[1:2])
    assert begin_all(lanes) == large[4:5]
    end(lanes, [*large[2:5], *others[:3]])
    assert lanes.made == 0


async def test_lanes_take_turns_and_keep_their_order():
    lanes = Lanes(16, 16, 16_384)
    for number, lane in enumerate(["herd", "herd", "herd", "single"], 1):
        lanes.put(work(lane, number), True)
    assert [(await lanes.get()).number for _ in range(4)] == [1, 4, 2, 3]
    assert len(lanes) == 0


async def test_a_run_wakes_one_taker_and_no_other():
    lanes = Lanes(16, 16, 16_384)
    takers = [asyncio.create_task(lanes.get()) for _ in range(5)]
    await turns()
    lanes.put(work("a", 7), True)
    await turns()
    assert [taker.done() for taker in takers] == [True, False, False, False, False]
    assert takers[0].result().number == 7
    for taker in takers[1:]:
        taker.cancel()


async def test_many_places_that_get_free_at_once_wake_one_taker():
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "a", 3)
    takers = [asyncio.create_task(lanes.get()) for _ in range(2)]
    lanes.wake()  # nobody waits yet
    await turns()
    assert [taker.done() for taker in takers] == [True, True]
    late = [asyncio.create_task(lanes.get()) for _ in range(3)]
    await turns()
    assert [taker.done() for taker in late] == [True, False, False]
    filled(lanes, "b", 2)
    lanes.wake()
    lanes.wake()
    assert [taker.done() for taker in late[1:]] == [False, False]
    await turns()
    assert [taker.done() for taker in late[1:]] == [True, True]


def test_further_runs_are_taken_as_long_as_they_are_alike(time):
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "a", 2)
    filled(lanes, "b", 2)
    first = lanes.next_or_none()
    assert first is not None
    assert [work.target.id for work in lanes.more(lambda work: True, 2)] == [b"b", b"a"]
    assert list(lanes.more(lambda work: work.target.id == b"c", 2)) == []
    assert lanes.busy == 3


async def test_a_taker_that_is_cancelled_as_it_wakes_leaves_the_run_to_another():
    lanes = Lanes(16, 16, 16_384)
    first, second = asyncio.create_task(lanes.get()), asyncio.create_task(lanes.get())
    await turns()
    lanes.put(work("a", 7), True)
    first.cancel()
    await turns()
    assert first.cancelled()
    assert second.result().number == 7


async def test_a_taker_that_was_cancelled_before_is_passed_over():
    lanes = Lanes(16, 16, 16_384)
    first, second = asyncio.create_task(lanes.get()), asyncio.create_task(lanes.get())
    await turns()
    first.cancel()
    await turns()
    lanes.put(work("a", 7), True)
    await turns()
    assert second.result().number == 7


async def test_a_place_for_which_nobody_waits_any_more_keeps_no_later_taker_asleep(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 40)
    begun = begin_all(lanes)
    gone = asyncio.create_task(lanes.get())
    await turns()
    gone.cancel()
    await turns()
    end(lanes, begun[:1])
    lanes.wake()
    assert lanes.next_or_none() is not None
    late = asyncio.create_task(lanes.get())
    await turns()
    end(lanes, begun[1:2])
    lanes.wake()
    await turns()
    assert late.done()


async def test_who_takes_a_run_wakes_the_next_taker_where_more_may_begin(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 40)
    begun = begin_all(lanes)
    takers = [asyncio.create_task(lanes.get()) for _ in range(3)]
    await turns()
    end(lanes, begun[:2])
    lanes.wake()
    await turns(6)
    assert [taker.done() for taker in takers] == [True, True, False]
    end(lanes, begun[2:3])
    lanes.wake()
    await turns(6)
    assert takers[2].done()


async def test_an_empty_worker_has_nothing_to_look_after():
    lanes = Lanes(16, 16, 16_384)
    looking = asyncio.create_task(lanes.active())
    await turns()
    assert not looking.done()
    lanes.put(work("a"), True)
    await turns()
    assert looking.done()


async def test_a_lane_at_its_limit_wakes_a_taker_when_a_parked_attempt_ends(time):
    lanes = Lanes(256, 256, 16_384)
    given = filled(lanes, "a", 40)
    begun = begin_all(lanes)
    assert len(begun) == START
    lanes.park(begun[0])
    taker = asyncio.create_task(lanes.get())
    await turns()
    assert not taker.done()
    end(lanes, begun[:1])
    await turns()
    assert taker.result() is given[32]


def test_one_lane_never_takes_the_last_places(time):
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "herd", 100, networked=False)
    herd = begin_all(lanes)
    assert len(herd) == 11
    filled(lanes, "single", 1, "v", networked=False)
    assert [one.target.id for one in begin_all(lanes)] == [b"single"]


def test_what_was_crowded_out_begins_as_places_get_free(time):
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "herd", 100, networked=False)
    under_way, done = begin_all(lanes), 0
    while under_way:
        end(lanes, under_way[:1])
        done += 1
        under_way = under_way[1:] + begin_all(lanes)
    assert done == 100


def test_a_busy_event_loop_has_fewer_attempts_under_way_until_it_has_time_again(time):
    lanes = Lanes(256, 100, 10_000)
    for lane in "abcdefgh":
        filled(lanes, lane, 100, workspace=lane)
    begun = begin_all(lanes)
    assert len(begun) > 2 * FEWEST_PLACES
    while lanes.places > FEWEST_PLACES:
        lanes.adapt_places(50)
    end(lanes, begun)
    assert FEWEST_PLACES / 2 < len(begin_all(lanes)) <= FEWEST_PLACES
    while lanes.places < 256:
        lanes.adapt_places(0)
    lanes.tick()  # what found no place looks again
    begin_all(lanes)
    assert lanes.busy >= len(begun)


def test_a_parked_attempt_gives_its_place_back(time):
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "slow", 5)
    begun = begin_all(lanes)
    assert (lanes.busy, lanes.waiting) == (5, 0)
    assert all(lanes.park(one) for one in begun)
    assert (lanes.busy, lanes.waiting) == (0, 5)
    assert not lanes.park(begun[0])
    end(lanes, begun)
    assert (lanes.busy, lanes.waiting) == (0, 0)


def test_what_holds_a_thread_or_a_process_is_never_parked(time):
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "function", 1, networked=False)
    (begun,) = begin_all(lanes)
    assert not lanes.park(begun)
    assert lanes.busy == 1


def test_one_lane_never_takes_the_last_waiting_calls(time):
    lanes = Lanes(256, 30, 16_384)
    filled(lanes, "slow", 100)
    parked = sum(lanes.park(one) for one in begin_all(lanes))
    assert parked == 20


def test_attempts_of_a_target_that_is_known_to_be_slow_begin_parked(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "slow", 100)
    for one in begin_all(lanes)[:20]:
        lanes.park(one)
    time.now += PARK_AFTER_MS + 100
    lanes.tick()
    before = lanes.busy
    later = begin_all(lanes)
    assert later
    assert all(one.parked for one in later)
    assert lanes.busy == before


def test_a_target_that_is_quick_again_uses_places_again(time):
    lanes = Lanes(256, 256, 16_384)
    lane = None
    for number in range(60):
        (one,) = filled(lanes, "a", 1)
        begin_all(lanes)
        time.now += 1_500 if number < 30 else 5
        end(lanes, [one])
        lane = lane_of(lanes, "a")
        if number == 29:
            assert lane.begins_parked
    assert not lane.begins_parked


def hang(lanes, time, lane="dead", count=TIMEOUTS_TO_OPEN, outcome=SILENT, took=TIMEOUT_MS):
    given = filled(lanes, lane, count)
    begun = begin_all(lanes)
    assert begun == given
    time.now += took
    end(lanes, begun, outcome)
    return lane_of(lanes, lane)


def test_a_target_that_only_times_out_is_probed_and_comes_back_by_itself(time):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time)
    assert isinstance(lane.circuit, Open)
    filled(lanes, "dead", 100)
    assert begin_all(lanes) == []
    time.now += PROBE_EVERY_MS
    lanes.tick()
    (probe,) = begin_all(lanes)
    time.now += 10
    end(lanes, [probe])
    assert isinstance(lane.circuit, HalfOpen)
    lanes.tick()
    further = begin_all(lanes)
    assert len(further) == 3
    end(lanes, further)
    assert isinstance(lane.circuit, Closed)
    assert len(begin_all(lanes)) == 8


@pytest.mark.parametrize("unreached", [True, False])
def test_a_lane_knows_whether_its_silent_target_has_anything_of_what_was_sent(time, unreached):
    lanes = Lanes(256, 256, 16_384)
    outcome = Outcome(Verdict.FAILED, error="no answer", unreached=unreached)
    assert hang(lanes, time, outcome=outcome).unreached is unreached


def test_an_engine_to_which_no_connection_comes_about_is_probed_though_its_calls_reach_no_time_limit(time):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time, outcome=UNREACHED, took=5_000)
    assert isinstance(lane.circuit, Open)
    assert lane.unreached
    filled(lanes, "dead", 1)
    time.now += PROBE_EVERY_MS
    lanes.tick()
    probe = begin_all(lanes)
    time.now += 5_000
    end(lanes, probe, UNREACHED)
    assert isinstance(lane.circuit, Open)


def test_calls_that_were_sent_before_the_last_answer_open_no_circuit(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "slow", 20)
    *hung, answered = begin_all(lanes)
    time.now += 10
    end(lanes, [answered])
    time.now += TIMEOUT_MS
    end(lanes, hung, SILENT)
    assert lane_of(lanes, "slow").circuit == Closed()


def test_six_probes_hang_at_most(time):
    lanes = Lanes(256, 256, 16_384)
    hang(lanes, time)
    filled(lanes, "dead", 100)
    probes = 0
    for _ in range(20):
        time.now += PROBE_EVERY_MS
        lanes.tick()
        probes += len(begin_all(lanes))
    assert probes == 6


def test_a_target_that_was_changed_is_called_as_a_new_one(time):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time)
    lanes.put(work("dead", version=2), True)
    assert isinstance(lane.circuit, Closed)
    assert len(begin_all(lanes)) == 1


def test_a_target_that_was_changed_is_not_held_by_the_pause_that_it_asked_for_before(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 1)
    end(lanes, begin_all(lanes), Outcome(Verdict.FAILED, status=429, retry_after_ms=20_000))
    lanes.put(work("a", version=2), True)
    assert len(begin_all(lanes)) == 1


def test_a_target_that_asks_for_a_pause_gets_one(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 40)
    begun = begin_all(lanes)
    end(lanes, begun, Outcome(Verdict.FAILED, status=429, retry_after_ms=2_000))
    assert begin_all(lanes) == []
    time.now += 1_999
    lanes.tick()
    assert begin_all(lanes) == []
    time.now += 1
    lanes.tick()
    assert begin_all(lanes)


def test_a_shorter_pause_that_is_asked_for_later_does_not_end_a_longer_one(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 40)
    one, two, *others = begin_all(lanes)
    end(lanes, [one], Outcome(Verdict.FAILED, status=429, retry_after_ms=20_000))
    end(lanes, [two], Outcome(Verdict.FAILED, status=429, retry_after_ms=1_000))
    end(lanes, others)
    time.now += 19_999
    lanes.tick()
    assert begin_all(lanes) == []
    time.now += 1
    lanes.tick()
    assert begin_all(lanes)


def test_a_probe_that_is_stopped_gives_its_place_to_the_next_one(time):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time)
    filled(lanes, "dead", 100)
    for _ in range(2 * MOST_PROBES):
        time.now += PROBE_EVERY_MS
        lanes.tick()
        (probe,) = begin_all(lanes)
        probe.stopped = True
        lanes.end(probe)
    assert lane.probes == 0


def test_what_was_cancelled_before_it_began_is_passed_over(time):
    lanes = Lanes(256, 256, 16_384)
    given = filled(lanes, "a", 3)
    given[0].stopped = True
    assert begin_all(lanes) == given[1:]
    assert (lanes.busy, len(lanes)) == (2, 0)


def test_a_lane_that_was_idle_for_long_is_forgotten(time):
    lanes = Lanes(256, 256, 16_384)
    end(lanes, [filled(lanes, "a", 1)[0] for _ in begin_all(lanes)])
    filled(lanes, "a", 1)
    end(lanes, begin_all(lanes))
    time.now += 700_000
    lanes.tick()
    assert list(lanes) == []


def test_a_throttled_lane_keeps_little_in_hand_and_gives_the_newest_back(time):
    lanes = Lanes(256, 256, 16_384)
    hang(lanes, time)
    given = filled(lanes, "dead", 100)
    lane_of(lanes, "dead").in_hand = 100
    back = []
    while excess := lanes.excess():
        back += excess
    assert back == given[:5:-1]
    assert len(lanes) == 6
    assert lanes.room(10_000).bounded == {b"dead": 0}
    time.now += PROBE_EVERY_MS
    lanes.tick()
    assert begin_all(lanes) == given[:1]
    assert lanes.room(10_000).bounded == {b"dead": 1}


def test_a_long_backlog_that_has_waited_too_long_is_taken_in_hand_in_growing_pieces(time):
    lanes = Lanes(256, 256, 16_384)
    lane, rooms = hang(lanes, time), []
    for _ in range(8):
        filled(lanes, "dead", lane.most_unbegun() - len(lane.queue))
        rooms.append(len(lane.queue))
        assert len(lanes.take_overdue(lane, lambda work: True)) == rooms[-1]
        assert len(lanes) == 0
    assert rooms == [6, 18, 42, 90, 186, 262, 262, 262]
    filled(lanes, "dead", 10)
    assert [one.number for one in lanes.take_overdue(lane, lambda work: work.number < 4)] == [0, 1, 2, 3]
    assert [one.number for one in lane.queue] == [4, 5, 6, 7, 8, 9]
    assert (len(lanes), lane.most_unbegun()) == (6, 6)


def test_a_run_that_is_to_end_is_not_taken_out_as_one_that_has_waited_too_long(time):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time)
    first, second = filled(lanes, "dead", 2)
    first.stopped = True
    assert lanes.take_overdue(lane, lambda work: True) == [second]
    assert list(lane.queue) == [first]


@pytest.mark.parametrize(("taken", "left"), [(1, [1, 2]), (3, [])])
def test_a_lane_keeps_its_turn_as_long_as_runs_are_left_that_have_not_waited_too_long(time, taken, left):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time)
    filled(lanes, "dead", 3)
    time.now += PROBE_EVERY_MS
    lanes.tick()
    assert lane.in_turns
    lanes.take_overdue(lane, lambda work: work.number < taken)
    assert lane.in_turns is bool(left)
    assert [one.number for one in begin_all(lanes)] == left[:1]


def test_a_lane_that_was_held_at_one_look_was_held_until_the_next_look_at_which_it_is_not(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 1)
    lane = lane_of(lanes, "a")
    lane.paused_until = time.now + 60
    lanes.tick()
    time.now += 100
    lanes.tick()
    assert [(period.cause, period.from_ms, period.to_ms) for period in lane.holds.periods] == [
        (WaitCause.PAUSE, 1_000, 1_100)
    ]


def test_a_report_tells_since_when_a_lane_is_held(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 1)[0].run.ready_ms = 50_000
    lane_of(lanes, "a").paused_until = time.now + 1_000
    assert lanes.reports(50_000)[b"a"].held_since_ms == 50_000  # nobody has looked before
    for _ in range(3):
        lanes.tick()
        time.now += 200
    assert lanes.reports(50_600)[b"a"].held_since_ms == 50_000


def test_the_lane_whose_run_has_waited_longest_is_reported_first_and_one_that_has_none_last(time):
    """None waits in a lane that is held by the silence of its target, which may come back at any time."""
    lanes = Lanes(256, 256, 16_384)
    for name, ready_ms in (("b", 20_000), ("idle", None), ("c", 30_000), ("idle too", None), ("a", 10_000)):
        hang(lanes, time, name)
        if ready_ms is not None:
            filled(lanes, name, 1)[0].run.ready_ms = ready_ms
    assert [*lanes.reports(90_000)] == [b"a", b"b", b"c", b"idle", b"idle too"]


def test_only_lanes_that_are_slow_held_or_late_are_reported(time):
    lanes = Lanes(256, 256, 16_384)
    hang(lanes, time)
    filled(lanes, "plain", 4)
    filled(lanes, "dead", 3)
    for one in [*lane_of(lanes, "plain").queue, *lane_of(lanes, "dead").queue]:
        one.run.ready_ms = 50_000
    opened = lane_of(lanes, "dead").circuit.since_ms
    time.now = opened + 700
    lanes.tick()
    (found,) = lanes.reports(50_700).items()
    assert found[0] == b"dead"
    report = found[1]
    assert (report.limit, report.under_way, report.waiting, report.oldest_ms) == (6, 0, 3, 50_000)
    assert (report.held_by, report.held_since_ms) == (WaitCause.CIRCUIT, 50_000)
    assert (report.p50_ms, report.p99_ms) == (TIMEOUT_MS, TIMEOUT_MS)


def test_a_wait_is_told_by_what_held_the_lane(time):
    lanes = Lanes(256, 256, 16_384)
    lane = hang(lanes, time)
    filled(lanes, "dead", 1)
    for _ in range(30):
        time.now += 100
        lanes.tick()
    lanes.note_held(b"nobody's", WaitCause.RATE)
    assert lanes.waits(lane, 2_500) == {WaitCause.CIRCUIT: 2_500}
    assert lanes.waits(lane, 6_000) == {WaitCause.PLACE: 3_100, WaitCause.CIRCUIT: 2_900}


def test_half_of_what_waits_in_quick_lanes_goes_to_idle_nodes_and_the_newest_first(time):
    lanes = Lanes(2, 256, 1_000)
    a, b = filled(lanes, "a", 20), filled(lanes, "b", 10)
    assert not lanes.idle()
    begin_all(lanes)
    waiting = len(lanes)
    spare = lanes.spare(0)
    assert len(spare) == waiting // 2 - 1 or len(spare) == waiting // 2
    assert {one.id for one in spare} <= {one.id for one in [*a[10:], *b[5:]]}
    assert len(lanes) == waiting - len(spare)
    assert lanes.spare(1_000) == []


def test_half_of_what_waits_goes_to_idle_nodes_where_each_of_many_targets_has_one_run(time):
    lanes = Lanes(2, 256, 1_000)
    for number in range(100):
        filled(lanes, f"t{number}", 1)
    begin_all(lanes)
    waiting = len(lanes)
    assert len(lanes.spare(0)) == waiting // 2


def test_what_a_silent_target_waits_for_is_given_to_nobody_and_keeps_nobody_busy(time):
    lanes = Lanes(256, 256, 1_000)
    hang(lanes, time)
    filled(lanes, "dead", 100)
    assert lanes.spare(0) == []
    assert lanes.idle()


def test_a_quick_lane_keeps_what_it_has_and_leaves_room_for_others(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "herd", 14_336)
    lane_of(lanes, "herd").in_hand = 14_336
    assert lanes.excess() == []
    assert lanes.room(2_048).bounded == {b"herd": 0}


def test_a_lane_alone_is_not_bounded_by_name(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "herd", 512)
    lane_of(lanes, "herd").in_hand = 512
    lane_of(lanes, "herd").answered_at = time.now
    assert lanes.room(15_872).bounded == {}


@pytest.mark.parametrize(
    ("outcome", "took_ms", "sign"),
    [
        (GOOD, 40_000, Sign.ANSWERED),
        (Outcome(Verdict.ACCEPTED, status=202), 5, Sign.ANSWERED),
        (Outcome(Verdict.FAILED, status=500), 29_999, Sign.ANSWERED),
        (Outcome(Verdict.FAILED, status=429), 5, Sign.OVERLOADED),
        (Outcome(Verdict.FAILED, status=503), 5, Sign.OVERLOADED),
        (Outcome(Verdict.FAILED, error="connection refused"), 5, Sign.ANSWERED),
        (SILENT, 30_000, Sign.TIMED_OUT),
        (SILENT, 29_995, Sign.TIMED_OUT),
        (UNREACHED, 5, Sign.ANSWERED),
        (UNREACHED, 10_000, Sign.UNREACHED),
        (UNREACHED, 30_000, Sign.TIMED_OUT),
        (SILENT, 10_000, Sign.ANSWERED),
    ],
)
def test_an_outcome_tells_something_about_its_target(outcome, took_ms, sign):
    assert sign_of(outcome, took_ms, TIMEOUT_MS) is sign


def hung_up(lanes, time, limit=4):
    """A lane whose limit is used up by calls that hang, with more to begin."""
    filled(lanes, "a", limit + 20)
    lane = lane_of(lanes, "a")
    lane.limit = LaneLimit(float(limit), doubling=False)
    hanging = begin_all(lanes)
    assert len(hanging) == limit
    time.now += PARK_AFTER_MS + 1
    assert all(lanes.park(one) for one in hanging)
    return lane


def test_a_target_whose_limit_hangs_is_called_again_before_the_calls_reach_their_time_limit(time):
    lanes = Lanes(64, 1_000, 1_000)
    hung_up(lanes, time)
    lanes.tick()
    assert begin_all(lanes) == []
    time.now += LOOK_AFTER_MS
    lanes.tick()
    (look,) = begin_all(lanes)
    end(lanes, [look])
    time.now += LOOK_AGAIN_MS  # it answers
    lanes.tick()
    assert len(begin_all(lanes)) == 1


def test_looks_go_on_for_as_long_as_calls_hang_also_where_the_target_has_just_answered(time):
    """Calls reach their time limit after 30 s, and until then the target is looked at every five seconds."""
    lanes = Lanes(64, 1_000, 1_000)
    hung_up(lanes, time)
    time.now += LOOK_AFTER_MS
    lanes.tick()
    end(lanes, begin_all(lanes))  # it answers, and then no more
    answered, looked = time.now, [time.now]
    while time.now < answered + 30_000:
        time.now += LOOK_AGAIN_MS
        lanes.tick()
        looked += [time.now for look in begin_all(lanes) if lanes.park(look)]
    assert all(later - earlier <= LOOK_AFTER_MS for earlier, later in pairwise([*looked, time.now]))


def test_a_target_that_answers_again_is_called_twice_a_second_though_an_earlier_look_hangs(time):
    lanes = Lanes(64, 1_000, 1_000)
    hung_up(lanes, time)
    for answers in (False, True):
        time.now += LOOK_AFTER_MS
        lanes.tick()
        (look,) = begin_all(lanes)
        if answers:
            end(lanes, [look])
        else:
            lanes.park(look)
    time.now += LOOK_AGAIN_MS
    lanes.tick()
    assert len(begin_all(lanes)) == 1


def test_looks_that_hang_as_well_are_few(time):
    lanes = Lanes(64, 1_000, 1_000)
    lane = hung_up(lanes, time)
    looks = []
    for _ in range(40):
        time.now += LOOK_AFTER_MS
        for one in looks[-1:]:
            lanes.park(one)
        lanes.tick()
        looks += begin_all(lanes)
    assert len(looks) == MOST_PROBES
    assert lane.under_way == 4 + MOST_PROBES
    end(lanes, looks, SILENT)
    assert lane.probes == 0


async def test_lanes_are_looked_after_while_all_that_is_under_way_began_without_a_place(time):
    """Otherwise nobody marks it as begun, and the next slot of its schedule would wait for it."""
    lanes = Lanes(4, 100, 100)
    filled(lanes, "a", 1)
    lane_of(lanes, "a").slow = 1.0
    (call,) = begin_all(lanes)
    assert (call.parked, lanes.busy, len(lanes)) == (True, 0, 0)
    async with asyncio.timeout(1):
        await lanes.active()


# What a lane has learned of its target, each with something that it might have learned.
LEARNED = {
    "name": "before",
    "version": 1,
    "networked": False,
    "limit": LaneLimit(2.5),
    "circuit": HalfOpen(1, 2, 3),
    "slow": 0.9,
    "paused_until": 9e9,
    "answered_at": 500.0,
    "quick_at": 500.0,
}
# What it has in hand, has counted, or asks about only while its circuit is open.
KEPT = {
    *("id", "workspace", "queue", "busy", "waiting", "probes", "in_turns", "in_hand", "used_at", "window_at"),
    *("busiest", "ends", "lost", "answered", "latency_ms", "holds", "took", "tally", "overdue", "unreached"),
}


def test_of_a_target_that_was_changed_a_worker_knows_no_more_than_of_a_new_one(time):
    names = {one.name for one in fields(Lane)}
    assert names == {*LEARNED, *KEPT}, "say whether a change of the target ends it"
    lanes = Lanes(16, 16, 16_384)
    filled(lanes, "a", 1)
    lane = lane_of(lanes, "a")
    for name, learned in LEARNED.items():
        setattr(lane, name, learned)
    kept = {name: getattr(lane, name) for name in KEPT - {"queue"}}
    lanes.put(work("a", 1, version=2), True)
    other = Lanes(16, 16, 16_384)
    other.put(work("a", 1, version=2), True)
    new = lane_of(other, "a")
    for name, learned in LEARNED.items():
        assert getattr(lane, name) == getattr(new, name) != learned, name
    assert {name: getattr(lane, name) for name in kept} == kept
