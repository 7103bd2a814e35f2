"""A wait is divided among what held the lane meanwhile, and the rest was a wait for a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.domain.waiting import (
    MOST_PERIODS,
    Holds,
    Period,
    WaitCause,
    added,
    cause_now,
    causes_of,
    waits_from_text,
)

PLACE, LIMIT, PAUSE, CIRCUIT = WaitCause.PLACE, WaitCause.LIMIT, WaitCause.PAUSE, WaitCause.CIRCUIT
CONCURRENCY, RATE, RETRY = WaitCause.CONCURRENCY, WaitCause.RATE, WaitCause.RETRY


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([], {PLACE: 10_000}),
        ([Period(CIRCUIT, 0, 20_000)], {CIRCUIT: 10_000}),
        ([Period(CIRCUIT, 1_000, 5_000)], {PLACE: 6_000, CIRCUIT: 4_000}),
        ([Period(LIMIT, 0, 4_000), Period(CIRCUIT, 4_000, 11_000)], {CIRCUIT: 7_000, LIMIT: 3_000}),
        ([Period(LIMIT, 2_000, 2_500), Period(LIMIT, 6_000, 8_500)], {PLACE: 7_000, LIMIT: 3_000}),
        ([Period(LIMIT, 2_000, 2_500)], {PLACE: 10_000}),
        ([Period(LIMIT, 2_000, 2_999)], {PLACE: 10_000}),
        ([Period(LIMIT, 2_000, 3_000)], {PLACE: 9_000, LIMIT: 1_000}),  # a tenth is told
        ([Period(RATE, 1_000, 6_000), Period(LIMIT, 6_000, 6_900)], {RATE: 5_900, PLACE: 4_100}),
        ([Period(CIRCUIT, 1_000, 10_800)], {CIRCUIT: 10_000}),
        ([Period(PAUSE, 30_000, 40_000), Period(PAUSE, -9_000, 1_000)], {PLACE: 10_000}),
    ],
)
def test_a_wait_is_divided_among_what_held_the_lane(periods, expected):
    found = causes_of(periods, 1_000, 11_000)
    assert found == expected
    assert list(found) == list(expected)


@given(
    st.lists(st.tuples(st.sampled_from(WaitCause), st.integers(0, 3_000)), max_size=30),
    st.integers(0, 20_000),
    st.integers(1, 20_000),
)
def test_the_parts_of_a_wait_make_the_whole(steps, start, waited):
    holds, now = Holds(), 0
    for cause, pause in steps:
        now += pause
        holds.note(cause, now)
    found = causes_of(holds.periods, start, start + waited)
    assert abs(sum(found.values()) - waited) <= len(found)
    assert all(spent > 0 for spent in found.values())


def test_what_is_seen_again_and_again_held_all_the_time():
    holds = Holds()
    for now in range(0, 1_000, 100):
        holds.note(CIRCUIT, now)
    holds.note(None, 1_000)
    holds.note(LIMIT, 1_500)
    holds.note(LIMIT, 1_600)
    assert holds.periods == [Period(CIRCUIT, 0, 900), Period(LIMIT, 1_500, 1_600)]


def test_what_is_seen_again_after_a_long_time_held_a_second_time():
    holds = Holds()
    for now in (0, 100, 9_000, 9_100):
        holds.note(LIMIT, now)
    assert holds.periods == [Period(LIMIT, 0, 100), Period(LIMIT, 9_000, 9_100)]


@pytest.mark.parametrize(("gap", "periods"), [(2_000, [(0, 2_000)]), (2_001, [(0, 0), (2_001, 2_001)])])
def test_two_looks_within_two_seconds_belong_together(gap, periods):
    holds = Holds()
    holds.note(LIMIT, 0)
    holds.note(LIMIT, gap)
    assert holds.periods == [Period(LIMIT, *period) for period in periods]


def test_no_time_is_no_wait():
    assert causes_of([Period(LIMIT, 0, 9)], 5, 5) == {}
    assert causes_of([Period(LIMIT, 0, 9)], 5, 4) == {}
    assert causes_of([Period(LIMIT, 0, 9)], 5, 6) == {LIMIT: 1}


def test_causes_that_this_program_does_not_know_are_left_out_of_what_is_stored():
    assert waits_from_text('{"rate":5,"of_a_newer_program":7,"place":1}') == {RATE: 5, PLACE: 1}
    assert waits_from_text(None) == {}


def test_what_was_seen_once_held_until_it_was_seen_gone():
    holds = Holds()
    holds.note(RATE, 0)
    holds.note(None, 100)
    holds.note(None, 200)
    assert holds.periods == [Period(RATE, 0, 100)]


def test_only_so_much_is_remembered():
    holds = Holds()
    for now in range(1_000):
        holds.note((LIMIT, CIRCUIT)[now % 2], now)
    assert len(holds.periods) == MOST_PERIODS
    assert holds.periods[-1].to_ms == 999


def test_the_waits_of_several_attempts_add_up():
    assert added({PLACE: 1_000}, {CIRCUIT: 5_000, PLACE: 200}) == {CIRCUIT: 5_000, PLACE: 1_200}
    assert added({}, {}) == {}


@pytest.mark.parametrize(
    ("next_attempt", "held", "under_way", "most", "rate", "cause"),
    [
        (2_000, CIRCUIT, 9, 1, 1.0, RETRY),
        (1_000, CIRCUIT, 9, 1, 1.0, CIRCUIT),
        (1_000, None, 2, 2, None, CONCURRENCY),
        (1_000, None, 1, 2, None, PLACE),
        (1_000, None, 1, 2, 5.0, RATE),
        (1_000, None, 0, None, None, PLACE),
    ],
)
def test_what_a_run_waits_for_now(next_attempt, held, under_way, most, rate, cause):
    assert cause_now(1_000, next_attempt, held, under_way, most, rate) is cause


def test_every_cause_has_words():
    assert all(cause.words for cause in WaitCause)
