"""What the lanes count, up and down again, and from which value on each of their rules holds."""

import asyncio
from math import inf

import pytest
from structlog.testing import capture_logs

from horarium.domain.circuit import CLOSED, PROBE_EVERY_MS, TIMEOUTS_TO_OPEN, Closed, HalfOpen, Open
from horarium.domain.execution import Outcome, TimeIsUp, Verdict
from horarium.domain.lane_limit import (
    CEILING,
    RESTART,
    START,
    WINDOW_ENDS,
    WINDOW_MS,
    LaneLimit,
    Window,
    adapt,
)
from horarium.domain.waiting import WaitCause
from horarium.store.verbs.tenancy import USUAL_SHARE, Share
from horarium.worker.lanes import (
    FORGET_AFTER_MS,
    LONGEST_PAUSE_MS,
    LOOK_AFTER_MS,
    LOOK_AGAIN_MS,
    MOST_AT_ONCE,
    MOST_GIVEN_BACK,
    MOST_SLOW_UNBEGUN,
    PARK_AFTER_MS,
    SLOW_WEIGHT,
    UNSENT,
    Lanes,
    Sign,
    failure_class,
    sign_of,
)
from tests.worker.test_lanes import (
    GOOD,
    SILENT,
    TIMEOUT_MS,
    UNREACHED,
    begin_all,
    end,
    filled,
    hang,
    lane_of,
    work,
)

ACCEPTED = Outcome(Verdict.ACCEPTED, status=202)
OVERLOADED = Outcome(Verdict.FAILED, status=503)


def counts(lanes):
    """(in places, parked) of each lane, of each workspace and of all."""
    found = {lane.name: (lane.busy, lane.waiting) for lane in lanes}
    found |= {lane.workspace.id.decode(): (lane.workspace.busy, lane.workspace.waiting) for lane in lanes}
    return found | {"all": (lanes.busy, lanes.waiting)}


def paused(seconds=2.0):
    return Outcome(Verdict.FAILED, status=429, retry_after_ms=int(seconds * 1_000))


# What is under way.


def test_an_attempt_counts_in_its_lane_its_workspace_and_the_worker_until_it_ends(time):
    lanes = Lanes(64, 64, 1_000)
    for lane, count, workspace in (("a", 3, "w"), ("b", 2, "w"), ("c", 4, "v")):
        filled(lanes, lane, count, workspace)
    assert len(lanes) == 9
    begun = begin_all(lanes)
    assert len(lanes) == 0
    assert counts(lanes) == {"a": (3, 0), "b": (2, 0), "c": (4, 0), "w": (5, 0), "v": (4, 0), "all": (9, 0)}
    parked = [one for one in begun if one.number == 0]
    assert all(lanes.park(one) for one in parked)
    assert counts(lanes) == {"a": (2, 1), "b": (1, 1), "c": (3, 1), "w": (3, 2), "v": (3, 1), "all": (6, 3)}
    end(lanes, [one for one in begun if one.target.name == "a"])
    assert counts(lanes) == {"a": (0, 0), "b": (1, 1), "c": (3, 1), "w": (1, 1), "v": (3, 1), "all": (4, 2)}
    end(lanes, [one for one in begun if one.target.name != "a"])
    assert set(counts(lanes).values()) == {(0, 0)}


def test_an_attempt_that_begins_parked_counts_as_parked_until_it_ends(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 2)
    lane_of(lanes, "a").slow = 1.0
    begun = begin_all(lanes)
    assert set(counts(lanes).values()) == {(0, 2)}
    end(lanes, begun[:1])
    assert set(counts(lanes).values()) == {(0, 1)}
    end(lanes, begun[1:])
    assert set(counts(lanes).values()) == {(0, 0)}


def test_what_is_ended_twice_or_has_never_begun_is_counted_once_or_not_at_all(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 2)
    first, second = begin_all(lanes)
    end(lanes, [first, first])
    assert set(counts(lanes).values()) == {(1, 0)}
    lanes.park(second)
    end(lanes, [second, second])
    (unbegun,) = filled(lanes, "a", 1)
    lanes.end(unbegun)
    lanes.end(work("nobody's"))
    assert set(counts(lanes).values()) == {(0, 0)}
    assert lane_of(lanes, "a").ends == 2


def test_nothing_is_parked_that_is_in_no_lane_or_waits_already(time):
    lanes = Lanes(64, 64, 1_000)
    assert not lanes.park(work("nobody's"))
    filled(lanes, "a", 1)
    (one,) = begin_all(lanes)
    assert lanes.park(one)
    assert not lanes.park(one)
    assert set(counts(lanes).values()) == {(0, 1)}


def test_calls_within_the_limit_are_no_probes_also_where_the_limit_is_no_whole_number(time):
    lanes = Lanes(64, 1_000, 1_000)
    filled(lanes, "a", 10)
    lane = lane_of(lanes, "a")
    lane.limit = LaneLimit(4.5, doubling=False)
    begun = begin_all(lanes)
    assert (len(begun), lane.probes) == (5, 0)
    assert all(lanes.park(one) for one in begun)
    time.now += LOOK_AFTER_MS
    lanes.tick()
    looks = begin_all(lanes)
    assert (len(looks), lane.probes, looks[0].probes) == (1, 1, True)
    end(lanes, looks)
    assert lane.probes == 0


def test_stopped_runs_that_are_taken_out_of_a_lane_are_given_to_nobody_and_counted_down(time):
    lanes = Lanes(2, 64, 1_000)
    given = filled(lanes, "a", 8)
    given[-1].stopped = True
    assert lanes.spare(0) == given[6:3:-1]
    assert len(lanes) == 4
    lanes = Lanes(64, 64, 1_000)
    hang(lanes, time)
    given = filled(lanes, "dead", 20)
    given[-1].stopped = True
    assert lanes.excess() == given[-2:5:-1]
    assert len(lanes) == 6


def test_stopped_runs_are_not_reported_as_waiting(time):
    lanes = Lanes(64, 64, 1_000)
    hang(lanes, time)
    for ready_ms, one in zip((50_000, 51_000, 52_000), filled(lanes, "dead", 3), strict=True):
        one.run.ready_ms, one.stopped = ready_ms, ready_ms == 50_000
    (report,) = lanes.reports(60_000).values()
    assert (report.waiting, report.oldest_ms) == (2, 51_000)


def test_a_report_counts_what_is_under_way_and_what_of_it_is_parked(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 3)
    lanes.park(begin_all(lanes)[0])
    (report,) = lanes.reports(60_000).values()
    assert (report.limit, report.under_way, report.parked) == (START, 3, 1)
    assert (report.waiting, report.oldest_ms, report.held_by, report.held_since_ms) == (0, None, None, None)


# What an outcome tells.


@pytest.mark.parametrize(
    ("outcome", "took_ms", "sign"),
    [
        (SILENT, TIMEOUT_MS - 11, Sign.ANSWERED),
        (SILENT, TIMEOUT_MS - 10, Sign.TIMED_OUT),
        (SILENT, TIMEOUT_MS - 9, Sign.TIMED_OUT),
        (UNREACHED, PARK_AFTER_MS - 1, Sign.ANSWERED),
        (UNREACHED, PARK_AFTER_MS, Sign.ANSWERED),
        (UNREACHED, PARK_AFTER_MS + 1, Sign.UNREACHED),
        (UNREACHED, TIMEOUT_MS - 11, Sign.UNREACHED),
        (ACCEPTED, TIMEOUT_MS, Sign.ANSWERED),
        (Outcome(Verdict.SUCCEEDED), TIMEOUT_MS, Sign.ANSWERED),  # of what answers without a status
        (Outcome(Verdict.ACCEPTED), TIMEOUT_MS, Sign.ANSWERED),
        (Outcome(Verdict.FAILED, status=500), TIMEOUT_MS, Sign.ANSWERED),
        (Outcome(Verdict.FAILED, status=428), 5, Sign.ANSWERED),
        (Outcome(Verdict.FAILED, status=502), 5, Sign.ANSWERED),
        (Outcome(Verdict.FAILED, status=504), 5, Sign.ANSWERED),
    ],
)
def test_an_outcome_tells_of_silence_from_a_certain_time_on(outcome, took_ms, sign):
    assert sign_of(outcome, took_ms, TIMEOUT_MS) is sign


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (None, UNSENT),
        (OVERLOADED, "overloaded"),
        (Outcome(Verdict.FAILED), "failed"),
        (Outcome(Verdict.FAILED, error="connection refused"), "failed"),
        (Outcome(Verdict.FAILED, error=TimeIsUp.HTTP.after(5_000)), "timed_out"),
        (Outcome(Verdict.FAILED, error=f"it said: {TimeIsUp.HTTP.after(5_000)}"), "failed"),
        (Outcome(Verdict.FAILED, status=404), "refused"),
    ],
)
def test_a_failed_run_is_of_the_class_of_its_last_attempt(outcome, found):
    failed = work("a")
    failed.outcome = outcome
    assert failure_class(failed) == found


def ended_after(lanes, time, took_ms, outcome=GOOD, lane="a"):
    """One attempt of a lane that took so long."""
    filled(lanes, lane, 1)
    begun = begin_all(lanes)
    time.now += took_ms
    end(lanes, begun, outcome)
    return lane_of(lanes, lane)


@pytest.mark.parametrize("outcome", [GOOD, ACCEPTED])
@pytest.mark.parametrize(("took_ms", "quick"), [(999, True), (1_000, False), (1_001, False)])
def test_a_target_was_quick_where_it_answered_before_a_call_is_parked(time, outcome, took_ms, quick):
    lane = ended_after(Lanes(64, 64, 1_000), time, took_ms, outcome)
    assert lane.answered_at == time.now
    assert lane.quick_at == (time.now if quick else -inf)


@pytest.mark.parametrize("outcome", [OVERLOADED, paused()])
def test_a_target_that_refuses_for_overload_has_answered_and_was_not_quick(time, outcome):
    lane = ended_after(Lanes(64, 64, 1_000), time, 5, outcome)
    assert (lane.answered_at, lane.quick_at) == (time.now, -inf)
    assert (lane.ends, lane.lost, lane.answered, lane.latency_ms) == (1, 1, 0, 0.0)


def test_a_target_that_was_not_reached_has_not_answered(time):
    lane = ended_after(Lanes(64, 64, 1_000), time, 5_000, UNREACHED)
    assert (lane.answered_at, lane.quick_at, lane.unreached) == (0.0, -inf, True)
    assert lane.limit == adapt(LaneLimit(), Window(1, 1, 1))


@pytest.mark.parametrize(
    ("took_ms", "slow"), [(999, 0.0), (1_000, 0.0), (1_001, SLOW_WEIGHT), (5_000, SLOW_WEIGHT)]
)
def test_a_call_counts_as_slow_that_took_longer_than_the_time_after_which_it_is_parked(time, took_ms, slow):
    assert ended_after(Lanes(64, 64, 1_000), time, took_ms).slow == slow


def test_a_slow_call_is_counted_once_whether_it_is_parked_or_not(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 1)
    (call,) = begin_all(lanes)
    time.now += PARK_AFTER_MS + 1
    lanes.park(call)
    assert lane_of(lanes, "a").slow == SLOW_WEIGHT
    time.now += 5_000
    end(lanes, [call])
    assert lane_of(lanes, "a").slow == SLOW_WEIGHT


def test_the_share_of_slow_calls_falls_with_each_quick_one_until_nothing_of_it_is_left(time):
    lanes = Lanes(64, 64, 1_000)
    lane = ended_after(lanes, time, 5_000)
    for quick in (1_000, 5, 5):
        before = lane.slow
        ended_after(lanes, time, quick)
        assert lane.slow == before * (1 - SLOW_WEIGHT) > 0
    lane.slow = 1 / 64 / (1 - SLOW_WEIGHT)
    ended_after(lanes, time, 5)
    assert lane.slow == 1 / 64
    ended_after(lanes, time, 5)
    assert lane.slow == 0.0


def test_what_holds_a_thread_or_a_process_is_never_counted_as_slow(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "function", 1, networked=False)
    begun = begin_all(lanes)
    time.now += 5_000
    end(lanes, begun)
    assert lane_of(lanes, "function").slow == 0.0


@pytest.mark.parametrize(("slow", "parked"), [(0.49, False), (0.5, False), (0.51, True)])
def test_calls_begin_parked_where_more_than_half_of_them_are_slow(time, slow, parked):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 1)
    lane_of(lanes, "a").slow = slow
    assert begin_all(lanes)[0].parked is parked


# The limit of a lane.


@pytest.mark.parametrize(("ends", "over"), [(WINDOW_ENDS - 1, False), (WINDOW_ENDS, True)])
def test_a_window_is_over_with_its_last_call_and_the_limit_grows_at_once(time, ends, over):
    lanes = Lanes(1_024, 1_024, 10_000)
    filled(lanes, "a", 120)
    lane = lane_of(lanes, "a")
    lane.limit = LaneLimit(120.0)
    begun = begin_all(lanes)
    time.now += 1
    end(lanes, begun[:ends])
    assert lane.limit.value == (240.0 if over else 120.0)
    assert lane.ends == (0 if over else ends)


@pytest.mark.parametrize(("after_ms", "over"), [(WINDOW_MS - 1, False), (WINDOW_MS, True)])
@pytest.mark.parametrize("by", ["end", "tick"])
def test_a_window_is_over_with_its_time_and_the_limit_grows_at_once(time, by, after_ms, over):
    lanes = Lanes(1_024, 1_024, 10_000)
    filled(lanes, "a", 20)
    lane = lane_of(lanes, "a")
    begun = begin_all(lanes)
    time.now += after_ms
    if by == "end":
        end(lanes, begun[:1])
    else:
        lanes.tick()
    assert lane.limit.value == (2 * START if over else START)


def test_the_limit_is_adapted_to_what_the_window_has_shown_and_the_next_one_begins_empty(time):
    lanes = Lanes(1_024, 1_024, 10_000)
    filled(lanes, "a", 30)
    lane = lane_of(lanes, "a")
    begun = begin_all(lanes)
    time.now += 100
    end(lanes, begun[:2])
    time.now += 200
    end(lanes, begun[2:4])
    end(lanes, begun[4:5], OVERLOADED)
    end(lanes, begun[5:6], ACCEPTED)
    limit, window = lane.limit, Window(30, 6, 1, (100 + 100 + 300 + 300 + 300) / 5)
    time.now += WINDOW_MS
    lanes.tick()
    assert lane.limit == adapt(limit, window)
    assert lane.limit.usual_ms == 220
    limit = lane.limit
    time.now += WINDOW_MS
    lanes.tick()
    assert lane.limit == adapt(limit, Window(24))  # it has seen those that were under way when it began


def test_a_window_in_which_nothing_was_answered_says_nothing_about_how_quick_the_target_is(time):
    lanes = Lanes(64, 64, 1_000)
    lane = ended_after(lanes, time, 5, OVERLOADED)
    time.now += WINDOW_MS
    lane.learn(time.now)
    assert lane.limit.usual_ms is None


@pytest.mark.parametrize("circuit", [Open(0, 10_000), HalfOpen(0)])
def test_what_a_silent_target_shows_changes_neither_its_limit_nor_what_is_usual_for_it(time, circuit):
    """Its circuit bounds its calls meanwhile, and a probe that was answered slowly says nothing of what is usual."""
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 30)
    lane = lane_of(lanes, "a")
    lane.limit = LaneLimit(32.0, usual_ms=5.0)
    begun = begin_all(lanes)
    time.now += 900
    end(lanes, begun[:5], OVERLOADED)
    end(lanes, begun[5:10])
    lane.circuit = circuit
    time.now += WINDOW_MS
    lanes.tick()
    assert lane.limit == LaneLimit(32.0, usual_ms=5.0)
    assert (lane.ends, lane.lost, lane.answered, lane.latency_ms) == (0, 0, 0, 0.0)


def test_what_holds_a_thread_or_a_process_has_no_limit_but_the_places(time):
    lanes = Lanes(256, 256, 1_000)
    filled(lanes, "function", 100, networked=False)
    assert len(begin_all(lanes)) == 100
    assert lane_of(lanes, "function").probes == 0


# Calls beyond the limit.


@pytest.mark.parametrize(
    ("answered", "after_ms", "looks"),
    [
        (False, LOOK_AGAIN_MS, 0),
        (False, LOOK_AFTER_MS - 1, 0),
        (False, LOOK_AFTER_MS, 1),
        (True, LOOK_AGAIN_MS - 1, 0),
        (True, LOOK_AGAIN_MS, 1),
    ],
)
def test_a_target_whose_limit_hangs_is_called_again_after_a_certain_time(time, answered, after_ms, looks):
    lanes = Lanes(64, 1_000, 1_000)
    filled(lanes, "a", 10)
    lane = lane_of(lanes, "a")
    lane.limit = LaneLimit(4.0, doubling=False)
    hanging = begin_all(lanes)
    assert all(lanes.park(one) for one in hanging)
    if answered:
        lane.quick_at = lane.used_at
    time.now += after_ms
    lanes.tick()
    assert len(begin_all(lanes)) == looks


def test_a_target_whose_limit_is_used_by_calls_in_places_is_not_called_beyond_it(time):
    lanes = Lanes(64, 1_000, 1_000)
    filled(lanes, "a", 10)
    lane_of(lanes, "a").limit = LaneLimit(4.0, doubling=False)
    assert len(begin_all(lanes)) == 4
    time.now += LOOK_AFTER_MS
    lanes.tick()
    assert begin_all(lanes) == []


# Pauses and circuits.


def test_a_target_that_asks_for_a_pause_is_not_called_by_what_stood_in_line_already(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 3)
    first = lanes.next_or_none()
    end(lanes, [first], paused())
    assert begin_all(lanes) == []
    assert lane_of(lanes, "a").held_by(time.now) is WaitCause.PAUSE
    time.now += 2_000
    assert lane_of(lanes, "a").held_by(time.now) is None
    lanes.tick()
    assert len(begin_all(lanes)) == 2


@pytest.mark.parametrize(("asked_s", "gets_ms"), [(29, 29_000), (30, 30_000), (31, LONGEST_PAUSE_MS)])
def test_a_pause_has_a_longest_time(time, asked_s, gets_ms):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 2)
    end(lanes, [lanes.next_or_none()], paused(asked_s))
    time.now += gets_ms - 1
    lanes.tick()
    assert begin_all(lanes) == []
    time.now += 1
    lanes.tick()
    assert len(begin_all(lanes)) == 1


@pytest.mark.parametrize("outcome", [Outcome(Verdict.FAILED, status=500, retry_after_ms=2_000), OVERLOADED])
def test_only_an_overloaded_target_that_asks_for_a_pause_gets_one(time, outcome):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 2)
    end(lanes, [lanes.next_or_none()], outcome)
    assert len(begin_all(lanes)) == 1


def test_a_target_that_falls_silent_is_not_called_by_what_stood_in_line_already(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", TIMEOUTS_TO_OPEN + 3)
    begun = [lanes.next_or_none() for _ in range(TIMEOUTS_TO_OPEN)]
    time.now += TIMEOUT_MS
    end(lanes, begun[:-1], SILENT)
    lane = lane_of(lanes, "a")
    assert lane.held_by(time.now) is None
    end(lanes, begun[-1:], SILENT)
    assert lane.held_by(time.now) is WaitCause.CIRCUIT
    assert begin_all(lanes) == []
    assert [silent.name for silent, _ in lanes.silent()] == ["a"]
    assert not lanes.takes_more(b"a")
    lane.circuit = CLOSED
    assert lanes.takes_more(b"a")
    assert lanes.takes_more(b"nobody's")
    assert [*lanes.silent()] == []


def time_out(lanes, time, times):
    """Calls of a lane that are no slow ones and reach their time limit, one after the other."""
    for _ in range(times):
        filled(lanes, "function", 1, networked=False)
        begun = begin_all(lanes)
        time.now += TIMEOUT_MS
        end(lanes, begun, SILENT)
    return lane_of(lanes, "function")


def test_an_answer_is_a_sign_of_life_also_of_a_target_that_is_not_slow(time):
    lanes = Lanes(64, 64, 1_000)
    lane = time_out(lanes, time, TIMEOUTS_TO_OPEN)
    assert isinstance(lane.circuit, Open)
    lane.limit, lane.overdue = LaneLimit(100.0, 5.0, doubling=False), 50
    time.now += PROBE_EVERY_MS
    filled(lanes, "function", 3, networked=False)
    end(lanes, begin_all(lanes))
    assert isinstance(lane.circuit, HalfOpen)
    assert (lane.limit, lane.overdue) == (LaneLimit(100.0, 5.0, doubling=False), 50)
    lanes.tick()
    end(lanes, begin_all(lanes))
    assert lane.circuit is CLOSED
    assert (lane.limit, lane.overdue) == (LaneLimit(RESTART, 5.0), 0)


def test_the_log_says_once_that_calls_stop_and_once_that_they_go_on(time):
    lanes = Lanes(64, 64, 1_000)
    with capture_logs() as said:
        time_out(lanes, time, TIMEOUTS_TO_OPEN - 1)
        assert said == []
        time_out(lanes, time, 1)
        filled(lanes, "function", 5, networked=False)
        for outcome in (SILENT, GOOD, SILENT, GOOD, GOOD, GOOD):  # the third opens the circuit again
            time.now += PROBE_EVERY_MS
            lanes.tick()
            begun = [lanes.next_or_none()]
            time.now += TIMEOUT_MS if outcome is SILENT else 5
            end(lanes, begun, outcome)
            filled(lanes, "function", 1, networked=False)
    assert [line["event"] for line in said] == ["circuit_opened", "circuit_closed"]


def test_time_outs_with_an_answer_between_them_are_not_in_a_row(time):
    lanes = Lanes(64, 64, 1_000)
    time_out(lanes, time, TIMEOUTS_TO_OPEN - 1)
    filled(lanes, "function", 1, networked=False)
    end(lanes, begin_all(lanes))
    lane = time_out(lanes, time, TIMEOUTS_TO_OPEN - 1)
    assert lane.circuit == Closed(TIMEOUTS_TO_OPEN - 1)


def test_a_lane_that_has_used_up_its_limit_is_held_by_it_as_long_as_it_has_something_to_begin(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 5)
    lane = lane_of(lanes, "a")
    lane.limit = LaneLimit(4.0, doubling=False)
    assert lane.held_by(time.now) is None
    begun = begin_all(lanes)
    assert lane.held_by(time.now) is WaitCause.LIMIT
    end(lanes, begun[:1])
    begin_all(lanes)
    assert lane.held_by(time.now) is None


# What is in hand.


@pytest.mark.parametrize(
    ("room", "in_hand", "bounded"),
    [
        (2_412, 512, 0),  # 255 would be a small piece for a lane that has more
        (2_413, 512, 256),
        (2_414, 512, 257),
        (2_148, 255, 56),
        (2_148, 256, 56),
        (2_148, 257, 0),
        (6_801, 512, MOST_AT_ONCE - 1),
        (6_802, 512, None),
    ],
)
@pytest.mark.parametrize("parked", [0, 100])
def test_no_small_piece_is_claimed_for_a_lane_that_has_more(time, room, in_hand, bounded, parked):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 1)
    lane = lane_of(lanes, "a")
    lane.in_hand, lane.waiting, lane.answered_at = in_hand + parked, parked, time.now
    assert lanes.room(room).bounded.get(b"a") == bounded


def test_lanes_with_nothing_in_hand_are_bounded_together(time):
    lanes = Lanes(256, 256, 16_384)
    filled(lanes, "a", 1)
    assert lanes.room(16_384).bounded == {}
    assert [lanes.room(room).others for room in (0, 2_048, 3_048, 16_384)] == [0, 8, 500, MOST_AT_ONCE]


@pytest.mark.parametrize(
    ("limit", "count", "back"),
    [
        (32.0, 64, 0),
        (32.0, 65, 33),
        (CEILING, 2 * MOST_SLOW_UNBEGUN, 0),
        (CEILING, 2 * MOST_SLOW_UNBEGUN + 1, MOST_SLOW_UNBEGUN + 1),
    ],
)
def test_a_slow_lane_gives_back_what_is_more_than_twice_what_it_may_begin(time, limit, count, back):
    lanes = Lanes(256, 256, 16_384)
    given = filled(lanes, "a", count)
    lane = lane_of(lanes, "a")
    lane.slow, lane.limit = 1.0, LaneLimit(limit)
    assert lanes.excess() == given[::-1][:back]
    assert len(lanes) == count - back


def test_what_is_given_back_goes_in_pieces(time):
    lanes = Lanes(256, 256, 16_384)
    hang(lanes, time)
    filled(lanes, "dead", MOST_GIVEN_BACK + 100)
    assert [len(lanes.excess()) for _ in range(3)] == [MOST_GIVEN_BACK, 94, 0]


@pytest.mark.parametrize(("begun", "idle"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_worker_is_idle_while_more_than_half_of_its_places_are_free(time, begun, idle):
    lanes = Lanes(4, 64, 1_000)
    for lane in "abc"[:begun]:
        filled(lanes, lane, 1, workspace=lane)
    assert len(begin_all(lanes)) == begun
    assert lanes.idle() is idle


@pytest.mark.parametrize(("busy", "idle"), [(31, True), (32, False), (33, False)])
def test_half_of_the_places_is_where_a_worker_is_not_idle_any_more(time, busy, idle):
    lanes = Lanes(64, 64, 1_000)
    lanes.busy = busy
    assert lanes.idle() is idle


@pytest.mark.parametrize("way", ["taken out", "come back", "come back at a tick"])
def test_a_lane_that_waits_for_a_place_no_longer_is_not_offered_one(time, way):
    lanes = Lanes(4, 64, 1_000)
    filled(lanes, "a", 10)
    begun, lane = begin_all(lanes), lane_of(lanes, "a")
    assert list(lanes._crowded) == [lane]
    if way == "taken out":
        lanes.take_overdue(lane, lambda _: True)
    elif way == "come back at a tick":
        lanes.places = 8
        lanes.tick()
        assert lane.in_turns
    else:
        end(lanes, begun)
        time.now += 1
        lanes.tick()
    assert list(lanes._crowded) == []


def test_of_lanes_that_wait_for_a_place_those_that_may_not_have_it_are_passed_over(time):
    lanes = Lanes(4, 64, 1_000)
    for lane in "abcd":
        filled(lanes, lane, 5, workspace=lane, networked=False)
    begun = begin_all(lanes)
    lane_of(lanes, "a").paused_until = time.now + 1_000
    end(lanes, begun[3:])
    assert [one.target.name for one in begin_all(lanes)] == ["b"]


def test_a_worker_with_a_run_that_waits_for_its_turn_is_not_idle(time):
    lanes = Lanes(4, 64, 1_000)
    filled(lanes, "a", 1)
    assert not lanes.idle()


@pytest.mark.parametrize(("after_ms", "given"), [(1_999, 0), (2_000, 2)])
def test_what_waits_for_a_pause_to_end_is_given_to_other_nodes_when_it_is_over(time, after_ms, given):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 5)
    end(lanes, [lanes.next_or_none()], paused())
    time.now += after_ms
    assert len(lanes.spare(0)) == given


def test_what_begins_soon_is_not_given_to_other_nodes(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 10)
    assert len(lanes.spare(4)) == 3
    assert lanes.spare(7) == []


# Turns.


def test_a_lane_for_which_a_free_place_is_none_keeps_its_turn_among_those_that_wait_for_one(time):
    lanes = Lanes(4, 64, 1_000, lambda workspace: Share(concurrency=1) if workspace == b"w" else USUAL_SHARE)
    filled(lanes, "first", 1, "w", networked=False)
    (first,) = begin_all(lanes)
    filled(lanes, "second", 1, "w", networked=False)
    filled(lanes, "other", 9, "v", networked=False)
    others = begin_all(lanes)
    assert {one.target.name for one in others} == {"other"}
    end(lanes, others[:1])
    assert [one.target.name for one in begin_all(lanes)] == ["other"]
    end(lanes, [first])
    assert [one.target.name for one in begin_all(lanes)][:1] == ["second"]


def test_a_lane_that_comes_back_to_life_is_called_by_the_run_that_comes_first(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 1)
    begin_all(lanes)
    (next_one,) = filled(lanes, "a", 1)
    assert begin_all(lanes) == [next_one]


def test_runs_that_have_waited_too_long_leave_an_empty_lane_that_takes_no_turn(time):
    lanes = Lanes(64, 64, 1_000)
    lane = hang(lanes, time)
    filled(lanes, "dead", 3)
    assert len(lanes.take_overdue(lane, lambda _: True)) == 3
    assert (len(lanes), lane.in_turns, begin_all(lanes)) == (0, False, [])
    assert lanes.take_overdue(lane, lambda _: True) == []
    assert lane.overdue == 0


def test_a_place_goes_to_the_lane_that_has_waited_for_one_longest_and_not_to_the_one_that_gave_it_back(time):
    lanes = Lanes(4, 64, 1_000)
    for lane in "abcd":
        filled(lanes, lane, 5, workspace=lane, networked=False)
    begun = begin_all(lanes)
    assert [one.target.name for one in begun] == ["a", "b", "c", "d"]
    for given_back, taken in zip(begun[::-1], "abcd", strict=True):
        end(lanes, [given_back])
        assert [one.target.name for one in begin_all(lanes)] == [taken]


def test_a_lane_that_found_no_place_begins_more_as_soon_as_one_of_its_calls_is_parked(time):
    lanes = Lanes(4, 64, 1_000)
    filled(lanes, "a", 10)
    begun = begin_all(lanes)
    assert len(begun) == 3
    lanes.park(begun[0])
    assert len(begin_all(lanes)) == 1


def test_of_a_slow_target_a_third_of_all_waiting_calls_begin_however_many_places_are_free(time):
    lanes = Lanes(256, 30, 1_000)
    filled(lanes, "a", 100)
    lane_of(lanes, "a").slow = 1.0
    assert len(begin_all(lanes)) == 10
    assert lanes.busy == 0


async def test_each_run_wakes_a_taker_at_once_also_where_its_lane_has_another(time):
    lanes = Lanes(64, 64, 1_000)
    takers = [asyncio.create_task(lanes.get()) for _ in range(3)]
    await asyncio.sleep(0)
    filled(lanes, "a", 2)
    await asyncio.sleep(0)
    assert [taker.done() for taker in takers] == [True, True, False]
    takers[2].cancel()


@pytest.mark.parametrize("has", ["queued", "busy", "waiting"])
async def test_lanes_are_looked_after_while_anything_is_in_hand_or_under_way_and_not_longer(time, has):
    lanes = Lanes(64, 64, 1_000)
    (one,) = filled(lanes, "a", 1)
    if has != "queued":
        begin_all(lanes)
    if has == "waiting":
        lanes.park(one)
    assert (lanes.queued, lanes.busy, lanes.waiting) == tuple(
        has == name for name in ("queued", "busy", "waiting")
    )
    looking = asyncio.create_task(lanes.active())
    await asyncio.sleep(0)
    assert looking.done()
    begin_all(lanes)
    end(lanes, [one])
    looking = asyncio.create_task(lanes.active())
    await asyncio.sleep(0)
    assert not looking.done()
    filled(lanes, "a", 1)
    await looking


# Lanes that are forgotten.


def names(lanes):
    return [lane.name for lane in lanes]


@pytest.mark.parametrize("begun_ms", [0, 500])
def test_a_lane_is_forgotten_some_time_after_it_was_last_used(time, begun_ms):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 1)
    time.now += begun_ms
    end(lanes, begin_all(lanes))
    time.now += FORGET_AFTER_MS
    lanes.tick()
    assert names(lanes) == ["a"]
    time.now += 1
    lanes.tick()
    assert names(lanes) == []


def test_a_lane_that_had_something_in_hand_since_it_was_last_used_is_kept(time):
    lanes = Lanes(64, 64, 1_000)
    filled(lanes, "a", 1)
    end(lanes, begin_all(lanes))
    time.now += FORGET_AFTER_MS - 1
    (unbegun,) = filled(lanes, "a", 1)
    lanes.tick()
    unbegun.stopped = True
    assert begin_all(lanes) == []
    time.now += FORGET_AFTER_MS
    lanes.tick()
    assert names(lanes) == ["a"]
    time.now += 1
    lanes.tick()
    assert names(lanes) == []


@pytest.mark.parametrize("held", ["queue", "busy", "waiting", "in_hand"])
def test_a_lane_that_has_anything_is_not_forgotten(time, held):
    lanes = Lanes(64, 64, 1_000)
    (one,) = filled(lanes, "a", 1)
    if held == "in_hand":  # it has ended, and what came of it is not recorded yet
        one.lane.in_hand = 1
        end(lanes, begin_all(lanes))
    elif held != "queue":
        begin_all(lanes)
        if held == "waiting":
            lanes.park(one)
    time.now += FORGET_AFTER_MS + 1
    lanes.tick()
    assert names(lanes) == ["a"]


def test_a_workspace_is_forgotten_with_the_last_of_its_lanes(time):
    asked = []
    lanes = Lanes(64, 64, 1_000, lambda workspace: asked.append(workspace) or USUAL_SHARE)
    for lane in "ab":
        filled(lanes, lane, 1)
        end(lanes, begin_all(lanes))
        time.now += FORGET_AFTER_MS
    time.now += 1 - FORGET_AFTER_MS
    for left in (["b"], []):
        lanes.tick()
        assert names(lanes) == left
        asked.clear()
        lanes.tick()  # it asks for the share of each workspace that it knows
        assert asked == [b"w"] * len(left)
        time.now += FORGET_AFTER_MS
