"""When a run that another engine has is looked at again."""

import pytest

from horarium.domain.watching import LATEST_MS, SOONEST_MS, next_look_ms

NOW = 1_795_348_800_000


@pytest.mark.parametrize(
    ("age_ms", "wait_ms"),
    [
        (0, SOONEST_MS),
        (8 * SOONEST_MS - 1, SOONEST_MS),
        (8 * SOONEST_MS + 8, SOONEST_MS + 1),
        (80_000, 10_000),
        (8 * LATEST_MS, LATEST_MS),
        (24 * 3_600_000, LATEST_MS),
        (-5_000, SOONEST_MS),  # another node's clock is ahead
    ],
)
def test_looks_are_spread_over_the_time_that_a_run_takes(age_ms, wait_ms):
    assert next_look_ms(NOW, NOW - age_ms) == NOW + wait_ms
