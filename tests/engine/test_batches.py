"""A herd is released in large batches, and in short ones where others would wait for it."""

import pytest

from horarium.engine.steps import FIRST_BATCH, LEAST_BATCH, RELEASE_BATCH, next_batch
from horarium.store.verbs.release import Released


@pytest.mark.parametrize(
    ("batch", "schedules", "shared", "took_ms", "expected"),
    [
        (FIRST_BATCH, FIRST_BATCH - 1, False, 5.0, FIRST_BATCH),
        (RELEASE_BATCH, 4_000, True, 500.0, FIRST_BATCH),
        (FIRST_BATCH, FIRST_BATCH, False, 500.0, RELEASE_BATCH),
        (512, 512, True, 25.0, 1_024),
        (512, 700, True, 0.0, RELEASE_BATCH),
        (RELEASE_BATCH, 4_200, True, 200.0, 1_024),
        (FIRST_BATCH, FIRST_BATCH, True, 5_000.0, LEAST_BATCH),
    ],
)
def test_the_next_batch(batch, schedules, shared, took_ms, expected):
    assert next_batch(batch, Released(schedules, full=schedules >= batch, shared=shared), took_ms) == expected


def test_after_the_few_that_go_ahead_of_a_herd_the_batch_is_as_large_as_it_would_have_been():
    assert next_batch(1_024, Released(3, full=True, shared=True, ahead=True), 2.0) == 1_024
