"""The limit of a lane, window by window."""

import pytest

from horarium.domain.lane_limit import CEILING, FLOOR, RESTART, START, LaneLimit, Window, adapt, restarted

STEADY = LaneLimit(100.0, usual_ms=20.0, doubling=False)


@pytest.mark.parametrize(
    ("window", "value"),
    [
        (Window(busiest=100, ends=100, latency_ms=20.0), 110.0),  # as usual: a little more
        (Window(busiest=50, ends=100, latency_ms=20.0), 110.0),  # half in use is enough
        (Window(busiest=49, ends=100, latency_ms=20.0), 100.0),  # less than half in use shows nothing
        (Window(busiest=49, ends=100, latency_ms=500.0), 100.0),
        (Window(busiest=100, ends=100, latency_ms=30.0), 110.0),  # within the tolerance
        (Window(busiest=100, ends=100, latency_ms=40.0), 85.0),  # 100 * 0.75 + 10
        (
            Window(busiest=100, ends=100, latency_ms=5_000.0),
            60.0,
        ),  # never more than halved, and a little more
        (Window(busiest=100, ends=100, lost=1, latency_ms=20.0), 109.0),
        (Window(busiest=100, ends=100, lost=20, latency_ms=20.0), 90.0),
        (Window(busiest=100, ends=100, lost=100), 50.0),
        (Window(busiest=10, ends=10, lost=10), 50.0),  # losses count however little is in use
        (Window(busiest=10, ends=100, lost=10, latency_ms=20.0), 90.0),  # and nothing is added then
        (Window(busiest=100), 100.0),  # nothing ended
    ],
)
def test_a_window_moves_the_limit(window, value):
    assert adapt(STEADY, window).value == pytest.approx(value)


def settled(window, limit=None, windows=100):
    limit = limit or LaneLimit()
    for _ in range(windows):
        limit = adapt(limit, window(limit))
    return limit


def test_a_quick_target_gets_what_it_can_use():
    def window(limit):
        return Window(min(limit.calls, 200), 100, latency_ms=20.0)

    assert settled(window).value > 200


def test_a_new_limit_doubles_while_nothing_bad_is_seen():
    limit = LaneLimit()
    for times in (2, 4, 8):
        limit = adapt(limit, Window(limit.calls, 100, latency_ms=5.0))
        assert limit.value == START * times


@pytest.mark.parametrize(
    ("window", "goes_on"),
    [
        (Window(busiest=32, ends=1_000, lost=1, latency_ms=60.0), False),
        (Window(busiest=1, ends=1_000, lost=1, latency_ms=60.0), False),
        (
            Window(busiest=32, ends=100, latency_ms=100.0),
            True,
        ),  # 1.5 * 60 / 100: a tenth slower than is tolerated
        (Window(busiest=32, ends=100, latency_ms=100.1), False),
        (Window(busiest=1, ends=100, latency_ms=100.1), False),
        (Window(busiest=1, ends=100, latency_ms=60.0), True),
    ],
)
def test_a_new_limit_doubles_until_the_first_loss_or_slowness_and_never_again(window, goes_on):
    after = adapt(LaneLimit(32.0, usual_ms=60.0), window)
    assert after.doubling is goes_on
    assert (after.value == 64.0) is (goes_on and window.busiest == 32)
    assert not adapt(
        LaneLimit(32.0, usual_ms=20.0, doubling=False), Window(32, 100, latency_ms=20.0)
    ).doubling


@pytest.mark.parametrize(("lost", "value"), [(49, 100 * 0.51 + 10), (50, 100 * 0.5), (51, 100 * 0.5)])
def test_where_half_of_the_calls_are_lost_nothing_is_added_to_the_limit(lost, value):
    assert adapt(STEADY, Window(100, 100, lost, 20.0)).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("usual", "now", "then"),
    [(None, None, None), (None, 80.0, 80.0), (20.0, None, 20.0), (20.0, 120.0, 30.0), (20.0, 10.0, 19.0)],
)
def test_what_is_usual_follows_a_window_by_a_tenth_and_stays_where_nothing_was_answered(usual, now, then):
    ends = 0 if now is None else 100
    assert adapt(LaneLimit(100.0, usual), Window(100, ends, latency_ms=now)).usual_ms == then
    assert restarted(LaneLimit(1.0, usual)).usual_ms == usual


def test_a_limit_is_a_whole_number_of_calls():
    assert [LaneLimit(value).calls for value in (1.0, 1.99, 2.0)] == [1, 1, 2]


def test_a_target_that_takes_a_minute_reaches_hundreds_of_calls_within_seconds():
    limit, windows = LaneLimit(), 0
    while limit.calls < 300:
        limit, windows = adapt(limit, Window(limit.calls)), windows + 1
    assert windows <= 5


def test_a_target_that_only_times_out_is_left_with_one_call():
    def window(limit):
        return Window(limit.calls, limit.calls, lost=limit.calls)

    assert settled(window, windows=20).value == FLOOR


def test_the_limit_comes_back_from_one_call_by_itself():
    def window(limit):
        return Window(limit.calls, 50, latency_ms=20.0)

    assert settled(window, LaneLimit(1.0, 20.0, False), windows=30).value > 100


def test_a_target_that_refuses_what_is_above_its_capacity_is_kept_near_it():
    def window(limit):
        return Window(limit.calls, 10 * limit.calls, 10 * max(0, limit.calls - 64), 20.0)

    values = [settled(window, windows=n).value for n in range(40, 60)]
    assert 32 < min(values) < max(values) < 96


def test_a_target_that_has_become_slower_for_good_is_usual_again():
    slower = Window(100, 100, latency_ms=200.0)
    assert settled(lambda limit: slower, STEADY, 60).value > 50


@pytest.mark.parametrize("window", [Window(10_000), Window(10_000, 100, latency_ms=1.0)])
def test_no_limit_goes_beyond_the_ceiling(window):
    assert settled(lambda limit: window).value == CEILING


def test_a_target_that_answers_again_begins_small_and_doubles():
    limit = restarted(LaneLimit(1.0, 20.0, False))
    assert limit.value == RESTART
    assert adapt(limit, Window(8, 100, latency_ms=20.0)).value == 2 * RESTART
