"""Counting and looking back agree with walking forward, and stay fast over long spans."""

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.times import Recurrence, Timing, canonical_spec, compile_timing
from tests.times.expressions import random_calendar, random_case, random_policies

ZONES = [
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kolkata",
]
YEAR = 31_556_952
T0 = 1_767_225_600  # 2026-01-01


def walk(recurrence: Recurrence, after: int, upto: int) -> list[int]:
    found: list[int] = []
    at = recurrence.next_after(after)
    while at is not None and at <= upto:
        found.append(at)
        at = recurrence.next_after(at)
    return found


def holds(recurrence: Recurrence, after: int, upto: int) -> None:
    found = walk(recurrence, after, upto)
    assert recurrence.count_between(after, upto) == len(found)
    assert recurrence.last_in(after, upto) == (found[-1] if found else None)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(ZONES),
    st.integers(-30 * YEAR, 100 * YEAR),
    st.integers(0, 400_000),
)
def test_one_recurrence(seed: int, zone: str, after: int, length: int) -> None:
    random = Random(seed)
    holds(compile_timing(random_case(random).timing(zone, random_policies(random))), after, after + length)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(ZONES),
    st.integers(-30 * YEAR, 100 * YEAR),
    st.integers(0, 300_000),
)
def test_a_union_counts_each_instant_once(seed: int, zone: str, after: int, length: int) -> None:
    random = Random(seed)
    calendars = [random_calendar(random) for _ in range(random.randint(1, 3))]
    intervals = [{"every": f"{random.choice((60, 600, 5400))}s"} for _ in range(random.randint(0, 2))]
    spec = canonical_spec({"calendars": calendars, "intervals": intervals})
    holds(compile_timing(Timing(spec, "cadenya", zone, 0, *random_policies(random))), after, after + length)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 300_000), st.integers(-100_000, 100_000))
def test_elapsed_parts_and_single_instants_in_a_union(seed: int, length: int, after: int) -> None:
    random = Random(seed)
    parts = [
        {"every": random.randint(1, 9000)},
        {"delay": random.randint(1, 9000)},
        {"intervals": [{"every": random.randint(2, 9000), "offset": 1}]},
        f"{random.randint(0, 59)} * * * *",
        {"once": "1970-01-01T01:00:00Z"},
    ]
    chosen = random.sample(parts, random.randint(1, 5))
    spec = canonical_spec({"union": chosen})
    holds(compile_timing(Timing(spec, anchor=random.randint(-5000, 5000))), after, after + length)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("spec", ["* * * * * *", "*/7 * * * *", "0 9 * * 1-5", "* 1-3 * * *"])
def test_a_year_is_counted_by_masks(spec: str, zone: str) -> None:
    recurrence = compile_timing(Timing(spec, zone=zone))
    expected = 365 * 86_400 if spec == "* * * * * *" else len(walk(recurrence, T0, T0 + 365 * 86_400))
    recurrence.last_in(T0, T0 + 365 * 86_400)
    begun = time.thread_time()
    assert recurrence.count_between(T0, T0 + 365 * 86_400) == expected
    # About 0.02 ms where nothing else runs.
    assert time.thread_time() - begun < 0.02


def test_a_hundred_years_of_every_second_in_a_zone_that_changes_clocks() -> None:
    recurrence = compile_timing(Timing("* * * * * *", zone="Europe/Berlin"))
    begun = time.thread_time()
    assert recurrence.count_between(0, 3_155_760_000) == 3_155_760_000
    assert recurrence.last_in(0, 3_155_760_000) == 3_155_760_000
    assert time.thread_time() - begun < 0.5


def test_a_year_of_a_union_of_dense_parts() -> None:
    spec = canonical_spec({"union": ["* * * * * *", "*/10 * * * * *", {"every": 7}]})
    recurrence = compile_timing(Timing(spec, zone="Europe/Berlin"))
    begun = time.thread_time()
    assert recurrence.count_between(T0, T0 + 365 * 86_400) == 365 * 86_400
    assert time.thread_time() - begun < 0.5


def test_an_empty_or_reversed_span_counts_nothing() -> None:
    for spec in ("* * * * *", "@every 5m", canonical_spec({"union": ["* * * * *", "5 * * * *"]})):
        recurrence = compile_timing(Timing(spec))
        assert recurrence.count_between(600, 600) == 0
        assert recurrence.count_between(600, 0) == 0
        assert recurrence.last_in(600, 600) is None
        assert recurrence.last_in(600, 0) is None


def test_bounds_are_inclusive_and_hold_for_every_question() -> None:
    timing = Timing("*/10 * * * *", start=1200, end=3000)
    recurrence = compile_timing(timing)
    assert walk(recurrence, -10_000, 10_000) == [1200, 1800, 2400, 3000]
    assert recurrence.count_between(-10_000, 10_000) == 4
    assert recurrence.last_in(-10_000, 10_000) == 3000
    assert recurrence.last_in(3000, 10_000) is None
    assert recurrence.next_after(3000) is None
    assert recurrence.bits(1200, 1801) == 1 | 1 << 600 | 1 << 1200 | 1 << 1800


def test_the_first_and_the_last_instant_of_a_bounded_recurrence_belong_to_it() -> None:
    bounded = compile_timing(Timing("@daily", start=T0, end=T0 + 86_400))
    for after, upto in ((T0 - 1, T0), (T0 - YEAR, T0 + 60), (T0, T0 + 86_400), (T0 - YEAR, T0 + YEAR)):
        holds(bounded, after, upto)
    assert bounded.last_in(T0 - YEAR, T0 + 60) == T0
    assert walk(bounded, T0 - YEAR, T0 + YEAR) == [T0, T0 + 86_400]


def test_a_recurrence_that_ends_when_it_starts_has_that_instant() -> None:
    only = compile_timing(Timing("* * * * *", start=120, end=120))
    assert (only.next_after(0), only.next_after(120)) == (120, None)
