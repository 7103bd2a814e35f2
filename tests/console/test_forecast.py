"""The forecast of the next day counts the slots of all schedules without looking at each."""

from __future__ import annotations

from horarium.console.forecast import forecast
from tests.console.drafts import schedule_with

NOON_S = 1_795_348_800


def test_slots_are_counted_by_hour_and_equal_rhythms_together() -> None:
    found = forecast([schedule_with("0 13 * * *")] * 3 + [schedule_with("*/30 * * * *")], NOON_S)
    assert (found.total, found.by_hour[1], found.is_whole) == (3 + 47, 5, True)


def test_a_dense_rhythm_is_estimated_and_said_to_be() -> None:
    found = forecast([schedule_with("@every 1s")], NOON_S)
    assert not found.is_whole
    assert 80_000 < found.total < 90_000
