"""What the next day brings: how many slots each hour has, over the schedules of a workspace. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from horarium.domain.schedule import Schedule, stored_recurrence
from horarium.times import Timing

HOURS = 24
HOUR_S = 3_600
# Slots that are looked for: of one recurrence, and of all together.
MOST_OF_ONE, MOST_TOGETHER = 1_500, 12_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """Slots in each of the next HOURS hours, the first of which begins now. `is_whole` tells that all were counted."""

    by_hour: list[int]
    is_whole: bool

    @property
    def peak(self) -> int:
        """The slots of the busiest hour."""
        return max(self.by_hour)

    @property
    def total(self) -> int:
        """All slots."""
        return sum(self.by_hour)


def forecast(schedules: Iterable[Schedule], now_s: int) -> Forecast:
    """The slots of active schedules from `now_s` (seconds) on. Schedules with the same recurrence are looked at once.

    Where a recurrence has more slots than are looked for, its later hours get as many as those before had.
    """
    alike = Counter[Timing](schedule.definition.timing for schedule in schedules)
    by_hour, left, is_whole = [0.0] * HOURS, MOST_TOGETHER, True
    for timing, count in alike.items():
        if left <= 0:
            is_whole = False
            break
        recurrence = stored_recurrence(timing)
        found, at = 0, recurrence.next_after(now_s)
        own = [0.0] * HOURS
        while at is not None and at - now_s < HOURS * HOUR_S and found < min(MOST_OF_ONE, left):
            own[(at - now_s) // HOUR_S] += 1
            found += 1
            at = recurrence.next_after(at)
        if at is not None and at - now_s < HOURS * HOUR_S:
            is_whole = False
            per_hour = found * HOUR_S / (at - now_s)
            for hour in range((at - now_s) // HOUR_S, HOURS):
                own[hour] = per_hour
        left -= found
        by_hour = [have + more * count for have, more in zip(by_hour, own, strict=True)]
    return Forecast([round(hour) for hour in by_hour], is_whole)
