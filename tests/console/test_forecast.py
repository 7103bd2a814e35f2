"""The forecast of the next day counts the slots of all schedules by looking at each distinct timing once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from horarium.console.forecast import SLOTS_AT_ONCE, Forecast, forecasting
from horarium.service.turns import in_turns
from horarium.times import Timing

NOON_S = 1_795_348_800


def forecast(timings: Iterable[tuple[Timing, int]], now_s: int) -> Forecast:
    """What is forecast when all steps have been taken."""
    return asyncio.run(in_turns(forecasting(timings, now_s)))


def timing(spec: str) -> Timing:
    return Timing(spec, anchor=NOON_S)


def test_slots_are_counted_by_hour_and_equal_rhythms_together() -> None:
    found = forecast([(timing("0 13 * * *"), 3), (timing("*/30 * * * *"), 1)], NOON_S)
    assert (found.total, found.by_hour[1], found.is_whole) == (3 + 47, 5, True)


def test_a_herd_is_found_in_its_minute() -> None:
    found = forecast([(timing("0 13 * * *"), 50_000), (timing("* * * * *"), 2)], NOON_S)
    assert found.herd == (60, 50_002)
    assert found.timings == 2
    assert 36 < found.usual < 38


def test_a_dense_rhythm_is_estimated_and_said_to_be() -> None:
    found = forecast([(timing("@every 1s"), 1)], NOON_S)
    assert not found.is_whole
    assert 80_000 < found.total < 90_000
    three = forecast([(timing("@every 1s"), 3)], NOON_S)
    assert 240_000 < three.total < 270_000


@pytest.mark.parametrize("every", [2, 5, 7, 50])
def test_no_minute_of_a_dense_rhythm_has_more_slots_than_fit_into_it(every: int) -> None:
    """Neither does the one in which counting ends, nor is the rest of it left out."""
    for later in range(0, 60, 7):
        found = forecast([(timing(f"@every {every}s"), 60)], NOON_S + later)
        assert found.herd[1] <= 60 * -(-60 // every)
        assert found.peak <= 60 * -(-3_600 // every)
        assert abs(found.total - 60 * 86_400 / every) < 60 * 0.01 * 86_400 / every


def test_what_brings_a_herd_about_is_named_and_what_a_jitter_would_bring() -> None:
    nightly, often = timing("0 13 * * *"), timing("* * * * *")
    found = forecast([(nightly, 1_000), (often, 2), (timing("0 20 * * *"), 900)], NOON_S)
    assert found.causes == [(nightly, 1_000), (often, 2)]
    assert (found.spread.moved, found.spread.busiest) == (902, 902)  # then those at 20:00 are the busiest


def test_a_herd_at_the_end_of_the_day_can_be_spread_as_well() -> None:
    found = forecast([(timing("59 11 * * *"), 100)], NOON_S)
    assert found.herd == (1_439, 100)
    assert (found.spread.moved, found.spread.busiest) == (90, 10)


def test_nothing_to_come_has_no_herd() -> None:
    found = forecast([], NOON_S)
    assert (found.total, found.causes, found.spread.moved) == (0, [], 0)


def test_a_long_forecast_lets_others_work_in_between() -> None:
    steps = sum(1 for _ in forecasting([(timing("* * * * *"), 1)], NOON_S))
    assert steps >= 24 * 60 // SLOTS_AT_ONCE
