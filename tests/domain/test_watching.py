"""When a run that another engine has is looked at again."""

import pytest

from horarium.domain.watching import (
    LATEST_MS,
    ON_ITS_WAY_MS,
    SOONEST_MS,
    TOLD_FOR_MS,
    UNSEEN_MS,
    look_again_ms,
    may_be_elsewhere,
    next_look_ms,
    next_telling_ms,
)

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


@pytest.mark.parametrize(
    ("left_ms", "wait_ms"),
    [(70_000, 60_000), (62_000, 60_000), (61_999, 59_999), (2_001, 1), (2_000, 60_000), (-5_000, 60_000)],
)
def test_the_last_look_comes_just_before_the_deadline(left_ms, wait_ms):
    assert look_again_ms(NOW, NOW - 24 * 3_600_000, NOW + left_ms) == NOW + wait_ms


SETTLED = NOW + ON_ITS_WAY_MS


@pytest.mark.parametrize(
    ("after_ms", "told", "settled_ms", "again_ms"),
    [
        (0, True, None, None),
        (0, True, SETTLED, ON_ITS_WAY_MS),
        (ON_ITS_WAY_MS, True, SETTLED, None),
        (0, False, None, SOONEST_MS),
        (80_000, False, None, 80_000 + 10_000),
        (80_000, False, SETTLED, 80_000 + 10_000),
        (TOLD_FOR_MS - 1, False, None, TOLD_FOR_MS - 1 + LATEST_MS),
        (TOLD_FOR_MS, False, None, None),
        (TOLD_FOR_MS, False, SETTLED, None),
    ],
)
def test_an_engine_is_told_of_an_end_ever_more_rarely_and_for_a_week(after_ms, told, settled_ms, again_ms):
    """Counted from the end of the run here, whenever its deadline would have been."""
    again = next_telling_ms(NOW + after_ms, told, NOW, settled_ms)
    assert again == (None if again_ms is None else NOW + again_ms)


@pytest.mark.parametrize(
    ("version", "ago_ms", "elsewhere"),
    [(1, 0, False), (2, UNSEEN_MS - 1, True), (2, UNSEEN_MS, True), (2, UNSEEN_MS + 1, False), (2, -1, True)],
)
def test_a_run_may_be_elsewhere_where_its_target_was_edited_since_or_just_before(version, ago_ms, elsewhere):
    """A worker that has not heard of the edit yet gives the run to where the target led before."""
    assert may_be_elsewhere(version, NOW - ago_ms, NOW) is elsewhere
