import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.domain.ids import random_id
from horarium.domain.retry import (
    Retry,
    RetryEnd,
    lasts_until,
    retry_at,
    unreached_until,
    while_unreached,
    why_ended,
)

RUN = random_id(0)
NOW = 1_000_000


def test_it_gives_up_after_the_last_attempt():
    retry = Retry(max_attempts=3)
    assert isinstance(retry_at(retry, RUN, 2, NOW, NOW), int)
    assert retry_at(retry, RUN, 3, NOW, NOW) is RetryEnd.ATTEMPTS
    assert retry_at(Retry(max_attempts=1), RUN, 1, NOW, NOW) is RetryEnd.ATTEMPTS


@given(st.integers(1, 500), st.integers(1, 100_000), st.floats(1, 10), st.integers(1, 1_000_000))
def test_the_backoff_grows_within_its_bounds(attempts, initial, factor, most):
    retry = Retry(1_000, initial, factor, most, max_elapsed_ms=10**12)
    at = retry_at(retry, RUN, attempts, NOW, NOW)
    assert isinstance(at, int)
    assert NOW <= at <= NOW + most * 1.25
    assert at >= NOW + int(0.75 * min(initial, most))


def test_the_same_question_has_the_same_answer():
    assert retry_at(Retry(), RUN, 1, NOW, NOW) == retry_at(Retry(), RUN, 1, NOW, NOW)


def test_what_the_target_asks_for_is_honoured_when_it_is_longer():
    assert retry_at(Retry(), RUN, 1, NOW, NOW, asked_ms=60_000) == NOW + 60_000
    assert retry_at(Retry(initial_ms=90_000), RUN, 1, NOW, NOW, asked_ms=1) > NOW + 60_000


def test_retries_end_when_their_time_is_over():
    retry = Retry(max_attempts=100, max_elapsed_ms=10_000)
    assert retry_at(retry, RUN, 1, NOW - 11_000, NOW) is RetryEnd.WINDOW


def test_retries_end_when_the_next_slot_comes_unless_told_otherwise():
    assert retry_at(Retry(), RUN, 1, NOW, NOW, next_slot_ms=NOW + 100) is RetryEnd.NEXT_SLOT
    assert isinstance(retry_at(Retry(until_next_slot=False), RUN, 1, NOW, NOW, next_slot_ms=NOW + 100), int)


@given(st.binary(min_size=16, max_size=16), st.sampled_from([1.0, 2.0, 5.5]))
def test_the_first_backoff_is_the_initial_one_and_each_further_one_the_factor_times_it(run, factor):
    retry = Retry(10, 10_000, factor, max_delay_ms=10**9, max_elapsed_ms=10**12)
    for attempts in (1, 2, 3, 4):
        mean = 10_000 * factor ** (attempts - 1)
        at = retry_at(retry, run, attempts, NOW, NOW)
        assert isinstance(at, int)
        assert 0.75 * mean - 1 <= at - NOW <= 1.25 * mean


def test_runs_that_failed_together_are_not_retried_together():
    delays = {retry_at(Retry(), random_id(n), 1, NOW, NOW) for n in range(200)}
    assert len(delays) > 100
    assert max(delays) - min(delays) > 400


def test_a_retry_at_the_very_instant_of_the_next_slot_is_not_made():
    at = retry_at(Retry(until_next_slot=False), RUN, 1, NOW, NOW)
    assert isinstance(at, int)
    assert retry_at(Retry(), RUN, 1, NOW, NOW, next_slot_ms=at) is RetryEnd.NEXT_SLOT
    assert retry_at(Retry(), RUN, 1, NOW, NOW, next_slot_ms=at + 1) == at


def test_a_retry_may_start_as_long_after_the_run_was_due_as_the_policy_says_and_no_later():
    at = retry_at(Retry(), RUN, 1, NOW, NOW)
    assert isinstance(at, int)
    assert retry_at(Retry(max_elapsed_ms=at - NOW), RUN, 1, NOW, NOW) == at
    assert retry_at(Retry(max_elapsed_ms=at - NOW - 1), RUN, 1, NOW, NOW) is RetryEnd.WINDOW


@pytest.mark.parametrize(
    ("retry", "attempts", "next_slot_ms", "after_ms"),
    [
        (Retry(max_attempts=1), 0, None, (30_000, 30_000)),
        (Retry(max_attempts=3), 2, None, (30_000, 30_000)),
        (Retry(max_attempts=3), 0, None, (92_250, 93_750)),
        (Retry(max_attempts=3), 1, None, (61_500, 62_500)),
        (Retry(max_attempts=3), 0, NOW + 10_000, (30_000, 30_000)),
        (Retry(max_attempts=3), 0, NOW + 32_000, (60_750, 61_250)),
        (Retry(max_attempts=3, until_next_slot=False), 0, NOW + 10_000, (92_250, 93_750)),
        (Retry(max_attempts=1_000, max_elapsed_ms=100_000), 0, None, (90_000, 130_000)),
        (Retry(max_attempts=2, initial_ms=100_000), 0, None, (135_000, 185_000)),
    ],
)
def test_a_run_that_nothing_answers_lasts_as_long_as_its_policy_lets_it(
    retry, attempts, next_slot_ms, after_ms
):
    if not retry.until_next_slot:
        next_slot_ms = None
    over = lasts_until(retry, RUN, attempts, NOW, NOW, 30_000, next_slot_ms)
    assert after_ms[0] <= over - NOW <= after_ms[1]


@pytest.mark.parametrize(
    ("end", "asked_ms", "said"),
    [
        (RetryEnd.ATTEMPTS, None, None),
        (
            RetryEnd.NEXT_SLOT,
            None,
            "not tried again after attempt 2 of 3: the next slot of the schedule comes first (retry.until_next_slot)",
        ),
        (
            RetryEnd.NEXT_SLOT,
            90_000,
            "not tried again after attempt 2 of 3: the target asked to wait 90 s (Retry-After), and the next slot of "
            "the schedule comes first (retry.until_next_slot)",
        ),
        (
            RetryEnd.WINDOW,
            86_400_000,
            "not tried again after attempt 2 of 3: the target asked to wait a day or longer (Retry-After), and that is "
            "later than 86400 s after the run was due (retry.max_elapsed)",
        ),
        (
            RetryEnd.WINDOW,
            None,
            "not tried again after attempt 2 of 3: the next attempt would start later than 86400 s after the run was "
            "due (retry.max_elapsed)",
        ),
    ],
)
def test_a_run_says_why_it_is_not_tried_again(end, asked_ms, said):
    assert why_ended(end, Retry(), 2, asked_ms) == said


def test_attempts_that_did_not_reach_an_engine_go_on_whatever_their_number_but_not_beyond_the_time():
    retry = while_unreached(Retry(max_attempts=1, max_elapsed_ms=600_000))
    at = retry_at(retry, RUN, 30, NOW - 300_000, NOW)
    assert isinstance(at, int)
    assert 11_000 < at - NOW < 19_000  # soon after the engine is back
    assert retry_at(retry, RUN, 30, NOW - 600_000, NOW) is RetryEnd.WINDOW
    assert retry_at(retry, RUN, 30, NOW, NOW, next_slot_ms=NOW + 100) is RetryEnd.NEXT_SLOT


def test_the_reason_for_the_end_names_no_number_of_attempts_that_was_passed():
    words = why_ended(RetryEnd.WINDOW, Retry(max_attempts=3), 9)
    assert words is not None
    assert words.startswith("not tried again after attempt 9: the next attempt would start")


@pytest.mark.parametrize(("most_ms", "latest_ms"), [(4_000, 5_000), (300_000, 18_750)])
def test_while_an_engine_is_away_a_run_waits_no_longer_than_its_policy_says_and_not_for_minutes(
    most_ms, latest_ms
):
    retry = while_unreached(Retry(max_delay_ms=most_ms))
    waits = [retry_at(retry, random_id(n), 30, NOW, NOW) for n in range(100)]
    assert all(isinstance(at, int) and at - NOW <= latest_ms for at in waits)


@pytest.mark.parametrize("attempts", [65, 66, 1_000, 10**6])
def test_after_very_many_attempts_the_backoff_grows_no_more(attempts):
    retry = Retry(10**9, 1_000_000, 1.01, max_delay_ms=10**9, max_elapsed_ms=10**12)
    at = retry_at(retry, RUN, attempts, NOW, NOW)
    assert isinstance(at, int)
    assert 0.75 * 1_000_000 * 1.01**64 - 1 <= at - NOW <= 1.25 * 1_000_000 * 1.01**64
    steep = retry_at(Retry(10**9, factor=10.0, max_elapsed_ms=10**12), RUN, attempts, NOW, NOW)
    assert isinstance(steep, int)
    assert steep - NOW <= 1.25 * 300_000


def test_a_run_is_repeated_at_instants_that_stay_the_same_whoever_computes_them():
    """They were computed once: another node, and another version of the program, gets the same."""
    runs = [bytes([n]) * 16 for n in range(3)]
    found = [
        retry_at(Retry(max_attempts=9), run, attempts, NOW, NOW) - NOW for run in runs for attempts in (1, 2)
    ]
    assert found == [1146, 1814, 777, 1681, 1194, 1686]


@pytest.mark.parametrize(
    ("until_next_slot", "next_slot_ms", "until_ms"),
    [(True, None, 600_000), (True, 10_000, 10_000), (True, 700_000, 600_000), (False, 10_000, 600_000)],
)
def test_a_run_whose_engine_is_away_is_tried_until_its_time_is_over_or_the_next_slot_comes(
    until_next_slot, next_slot_ms, until_ms
):
    retry = Retry(max_elapsed_ms=600_000, until_next_slot=until_next_slot)
    slot = None if next_slot_ms is None else NOW + next_slot_ms
    assert unreached_until(retry, NOW, slot) == NOW + until_ms


@pytest.mark.parametrize(
    ("asked_ms", "words"),
    [
        (None, "the next attempt would start later"),
        (0, "the next attempt would start later"),
        (1_500, "the target asked to wait 1.5 s (Retry-After), and that is later"),
        (86_399_999, "the target asked to wait 86400 s (Retry-After), and that is later"),
        (86_400_000, "the target asked to wait a day or longer (Retry-After), and that is later"),
    ],
)
def test_the_reason_for_the_end_names_the_wait_that_the_target_asked_for(asked_ms, words):
    said = why_ended(RetryEnd.WINDOW, Retry(max_elapsed_ms=1_234_567), 3, asked_ms)
    assert (
        said
        == f"not tried again after attempt 3 of 3: {words} than 1234.567 s after the run was due (retry.max_elapsed)"
    )


@pytest.mark.parametrize("end", [RetryEnd.OUTCOME, RetryEnd.ATTEMPTS])
def test_where_every_attempt_is_used_up_or_a_further_one_would_change_nothing_nothing_more_is_said(end):
    assert why_ended(end, Retry(), 1, 5_000) is None


def test_the_backoff_grows_for_64_attempts_and_no_further():
    def grown(attempts):
        """How often the first backoff: the spread of an attempt is the same, whatever the factor."""
        steady, growing = (Retry(200, 10**6, factor, 10**12, max_elapsed_ms=10**12) for factor in (1.0, 1.1))
        at = [retry_at(retry, RUN, attempts, NOW, NOW) - NOW for retry in (growing, steady)]
        return at[0] / at[1]

    assert grown(2) == pytest.approx(1.1, rel=1e-4)
    assert grown(65) == pytest.approx(1.1**64, rel=1e-4)
    assert grown(66) == pytest.approx(1.1**64, rel=1e-4)
