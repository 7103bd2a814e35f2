"""How many instants the busiest hour of a recurrence has, and how near to each other two may be."""

import pytest

from horarium.times import Timing, busiest_hour, compile_timing, smallest_gap

NOW = 1_795_348_800  # 2026-11-22T12:00:00Z
DAY = 86_400


@pytest.mark.parametrize(
    ("spec", "busiest", "gap"),
    [
        ("* * * * * *", 3600, 1),
        ("* * * * *", 60, 60),
        ("0 9 * * *", 1, DAY),
        ("0 9 * * 1", 1, 7 * DAY),
        ("0 0,23 * * *", 1, 3600),
        ("0 0,23 * * 1", 1, 23 * 3600),
        ("*/15 8-17 * * 1-5", 4, 900),
        ("50,10 * * * *", 2, 1200),
        ("0,59 9,10 * * *", 2, 60),
        ("@every 90s", 40, 90),
        ("@every 2h", 1, 7200),
        ("0 0 29 2 *", 1, 365 * DAY),
    ],
)
def test_the_density_of_an_expression(spec, busiest, gap):
    recurrence = compile_timing(Timing(spec, anchor=NOW))
    assert (busiest_hour(recurrence), smallest_gap(recurrence, NOW)) == (busiest, gap)


def test_a_single_instant_has_no_density():
    recurrence = compile_timing(Timing('{"once":"2027-01-01T00:00:00Z"}'))
    assert (busiest_hour(recurrence), smallest_gap(recurrence, NOW)) == (0, None)


def test_a_bounded_recurrence_is_as_dense_as_within_its_bounds():
    recurrence = compile_timing(Timing("*/10 * * * *", start=NOW, end=NOW + DAY))
    assert (busiest_hour(recurrence), smallest_gap(recurrence, NOW)) == (6, 600)
