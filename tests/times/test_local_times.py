"""Sets of local times are asked from far away: a listed year may be very long ago, or far ahead."""

from __future__ import annotations

import pytest

from horarium.times.civil import DAY, first_day
from horarium.times.day_rules import DayRule, YearTable
from horarium.times.local_times import LONGEST_WAIT_YEARS, NO_NEXT, NO_PREVIOUS, CalendarTimes, day_times

NOON = day_times(1, 1, 1 << 12)
# 1 January, and 29 February, which only leap years have.
FIRST, LEAP = DayRule(months=1 << 1, days=1 << 1), DayRule(months=1 << 2, days=1 << 29)


@pytest.mark.parametrize("rule", [FIRST, LEAP], ids=["1 January", "29 February"])
@pytest.mark.parametrize(
    "apart", [*range(1, 6), *range(LONGEST_WAIT_YEARS - 3, LONGEST_WAIT_YEARS + 4), 400, 1_900]
)
def test_the_only_year_that_is_listed_is_found_however_far_it_is(rule: DayRule, apart: int) -> None:
    only = 2_000
    times = CalendarTimes(NOON, YearTable(rule, 1 << only))
    day = first_day(only) + (0 if rule is FIRST else 31 + 28)
    noon = day * DAY + 12 * 3_600
    before, after = first_day(only - apart) * DAY, first_day(only + apart) * DAY
    assert (times.next_wall(before), times.prev_wall(after)) == (noon, noon)
    assert (times.next_wall(noon), times.prev_wall(noon)) == (noon, noon)
    assert (times.next_wall(noon + 1), times.prev_wall(noon - 1)) == (NO_NEXT, NO_PREVIOUS)
    assert times.count(before, after) == 1


@pytest.mark.parametrize(
    ("year", "next_year", "previous_year"),
    [(2_044, 2_072, 2_016), (2_072, 2_112, 2_044), (2_112, 2_140, 2_072)],
)
def test_a_29_february_that_is_a_monday_is_found_28_years_on_and_40_across_a_century_without_one(
    year: int, next_year: int, previous_year: int
) -> None:
    times = CalendarTimes(NOON, YearTable(DayRule(months=1 << 2, days=1 << 29, weekdays=1 << 1), None))
    here, later, earlier = (
        (first_day(each) + 31 + 28) * DAY + 12 * 3_600 for each in (year, next_year, previous_year)
    )
    assert (times.next_wall(here + 1), times.prev_wall(here - 1)) == (later, earlier)
