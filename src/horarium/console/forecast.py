"""What the next day brings: how many slots each minute has, over the schedules of a workspace. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.domain.schedule import stored_recurrence
from horarium.times import Timing

HOURS = 24
HOUR_S = 3_600
MINUTE_S = 60
_MINUTES = HOURS * HOUR_S // MINUTE_S
# Slots that are looked for: of one recurrence, and of all together.
MOST_OF_ONE, MOST_TOGETHER = 1_500, 12_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """Slots in each minute of the next HOURS hours, the first of which begins now. `is_whole` tells that all were
    counted; otherwise some are estimated. `timings` is how many distinct recurrences there are."""

    by_minute: list[float]
    timings: int
    is_whole: bool

    @property
    def by_hour(self) -> list[int]:
        """The slots of each hour."""
        return [round(sum(self.by_minute[hour * 60 : hour * 60 + 60])) for hour in range(HOURS)]

    @property
    def peak(self) -> int:
        """The slots of the busiest hour."""
        return max(self.by_hour)

    @property
    def herd(self) -> tuple[int, int]:
        """The busiest minute: how many minutes from now it begins, and its slots."""
        at = max(range(_MINUTES), key=self.by_minute.__getitem__)
        return at, round(self.by_minute[at])

    @property
    def usual(self) -> float:
        """The slots of a minute if all were spread evenly."""
        return sum(self.by_minute) / _MINUTES

    @property
    def total(self) -> int:
        """All slots."""
        return round(sum(self.by_minute))


def forecast(timings: Iterable[tuple[Timing, int]], now_s: int) -> Forecast:
    """The slots from `now_s` (seconds) on. Each distinct timing comes with the number of schedules that have it, and
    is looked at once, those with most schedules first.

    Where a recurrence has more slots than are looked for, its later minutes get as many as those before had.
    """
    by_minute, left, is_whole = [0.0] * _MINUTES, MOST_TOGETHER, True
    by_count = sorted(timings, key=lambda found: -found[1])
    for timing, count in by_count:
        if left <= 0:
            is_whole = False
            break
        recurrence = stored_recurrence(timing)
        found, at = 0, recurrence.next_after(now_s)
        while at is not None and at - now_s < HOURS * HOUR_S and found < min(MOST_OF_ONE, left):
            by_minute[(at - now_s) // MINUTE_S] += count
            found += 1
            at = recurrence.next_after(at)
        if at is not None and at - now_s < HOURS * HOUR_S:
            is_whole = False
            each = count * found * MINUTE_S / (at - now_s)
            for minute in range((at - now_s) // MINUTE_S, _MINUTES):
                by_minute[minute] += each
        left -= found
    return Forecast(by_minute, len(by_count), is_whole)
