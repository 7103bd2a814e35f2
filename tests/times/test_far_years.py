"""A search that leaves out far years finds what one finds that looks through all of them."""

from __future__ import annotations

from random import Random

import pytest

from horarium.times import Timing, canonical_spec, compile_timing
from horarium.times.far_years import FarYears
from horarium.times.instants import LAST_INSTANT

YEAR_S = 31_556_952


class AllYears(FarYears):
    """Leaves out nothing."""

    def onward(self, wall: int) -> int:
        return wall

    back = onward


def a_calendar(random: Random) -> dict[str, object]:
    """Around the days on which clocks change, of all years or of some."""
    month = random.choice((2, 3, 3, 3, 10, 11))
    day = random.choice(
        ({"start": 25, "end": 31}, {"start": 8, "end": 14}, {"start": random.randint(25, 29)})
    )
    row: dict[str, object] = {
        "month": [month],
        "dayOfMonth": [day],
        "dayOfWeek": [0],
        "hour": [2],
        "minute": [random.choice((0, 30))],
    }
    if random.random() < 0.5:
        row["year"] = [
            {"start": random.randint(1990, 2200), "end": 9999, "step": random.choice((1, 3, 28, 400))}
        ]
    return row


@pytest.mark.parametrize("seed", range(12))
def test_what_lies_far_ahead_or_far_back_is_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    zone = random.choice(("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"))
    gap = random.choice(("skip", "skip", "shift", "next_valid"))
    timing = Timing(canonical_spec({"calendars": [a_calendar(random)]}), zone=zone, dst_gap=gap)
    moments = [random.randrange(2_000_000_000, LAST_INSTANT) for _ in range(3)]
    moments += [LAST_INSTANT, LAST_INSTANT - 100 * YEAR_S, 0]

    def answers() -> list[int | None]:
        found: list[int | None] = []
        for at in moments:
            found += (compile_timing(timing).next_after(at), compile_timing(timing).last_in(0, at))
        return found

    soon = answers()
    monkeypatch.setattr("horarium.times.recurrence.FarYears", AllYears)
    compile_timing.cache_clear()
    assert soon == answers()
