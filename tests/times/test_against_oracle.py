"""Whatever the expression, the zone, the policies and the moment: what fires is what brute force finds."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.times import Timing, compile_timing, zone_names
from tests.support import oracle
from tests.times.expressions import EVERY_HOUR, GAPS, OVERLAPS, Case, mismatch, random_case, random_policies

ZONES = sorted(zone_names())
YEAR = 31_556_952
cases = st.integers(0, 10**9).map(lambda seed: random_case(Random(seed)))
policies = st.tuples(st.sampled_from(GAPS), st.sampled_from(OVERLAPS), st.sampled_from(EVERY_HOUR))


@settings(max_examples=400, deadline=None)
@given(cases, st.sampled_from(ZONES), st.integers(-60 * YEAR, 180 * YEAR), policies)
def test_any_expression_at_any_time_fires_as_brute_force_says(
    case: Case, zone: str, after: int, chosen: tuple[str, str, str]
) -> None:
    assert mismatch(case, zone, after, after + 100_000, chosen) == ""


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(ZONES), st.integers(-400, 400), st.integers(-4000, 4000))
def test_next_is_the_same_wherever_one_asks_from(seed: int, zone: str, years: int, shift: int) -> None:
    """It depends on its arguments alone: asked out of order, an old object says what a new one says."""
    random = Random(seed)
    case, at = random_case(random), years * YEAR // 2
    timing = case.timing(zone, random_policies(random))
    used = compile_timing(timing)
    moments = [at, at + shift, at + 86_400 * 200, at - 5, at + shift - 1]
    answers = [used.next_after(moment) for moment in moments]
    for moment, answer in zip(moments, answers, strict=True):
        compile_timing.cache_clear()
        assert compile_timing(timing).next_after(moment) == answer == used.next_after(moment)


@pytest.mark.parametrize(
    "zone", ["Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca", "Pacific/Apia"]
)
def test_every_second_of_a_transition_day_answers_rightly(zone: str) -> None:
    for change in oracle.transitions(zone, 1_293_840_000, 1_356_998_400)[:3]:
        timing = Timing("*/20 0-4 * * *", zone=zone)
        recurrence = compile_timing(timing)
        readings = oracle.cron(timing.spec)
        lo, hi = change - 5 * 3600, change + 5 * 3600
        expected = oracle.fires(readings, zone, lo, hi + 86_400 * 2, "next_valid", "first", "elapsed")
        for at in range(lo, hi, 97):
            assert recurrence.next_after(at) == next(fire for fire in expected if fire > at)
