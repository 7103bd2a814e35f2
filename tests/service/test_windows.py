"""Maintenance windows that callers make."""

import pytest

from horarium.service.windows import WindowDraft
from horarium.times import Timing
from tests.support.house import House, instant

HOUR_MS = 3_600_000


@pytest.mark.parametrize(("now", "first"), [("11:59:59.999", 0), ("12:00:00", 1), ("12:00:00.001", 1)])
async def test_a_window_begins_for_the_first_time_after_it_was_made_as_its_preview_says(now, first):
    async with House.open("2026-03-01T12:00:00Z") as house:
        who, service, noon = await house.who(), house.services.windows, house.clock.now
        draft = WindowDraft(Timing("0 * * * *"), HOUR_MS // 2)
        house.clock.now = instant(f"2026-03-01T{now}Z")
        begins = noon + first * HOUR_MS
        assert service.preview(draft, 2) == [
            (begins, begins + HOUR_MS // 2),
            (begins + HOUR_MS, begins + 3 * HOUR_MS // 2),
        ]
        made = await service.make(who, who.workspace_id, None, draft)
        assert made.next_ms == begins
