"""What the next day brings: how many slots each minute has, over the schedules of a workspace. Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace

from horarium.domain.schedule import stored_recurrence
from horarium.times import Timing

HOURS = 24
HOUR_S = 3_600
MINUTE_S = 60
_MINUTES = HOURS * HOUR_S // MINUTE_S
# Slots that are looked for: of one recurrence, and of all together.
MOST_OF_ONE, MOST_TOGETHER = 1_500, 12_000
SLOTS_AT_ONCE = 100
# Recurrences of which is found out what they bring to the busiest minute, and those that are named.
MOST_CAUSES, SHOWN_CAUSES = 200, 3


# Minutes over which the busiest one is spread, to see what that would bring.
SPREAD_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the busiest minute: the slots that would move out of it, and those of what would be the busiest then."""

    moved: int
    busiest: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Slots in each minute of the next HOURS hours, the first of which begins now. `is_whole` tells that all were
    counted; otherwise some are estimated. `timings` is how many distinct recurrences there are, and `causes` are those
    that bring most slots to the busiest minute, each with how many."""

    by_minute: list[float]
    timings: int
    is_whole: bool
    causes: list[tuple[Timing, int]] = field(default_factory=list)

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
    def spread(self) -> Spread:
        """What became of the busiest minute if its slots were spread over SPREAD_MINUTES by a jitter."""
        at, slots = self.herd
        left = slots / SPREAD_MINUTES
        after = list(self.by_minute)
        after[at] -= slots - left
        for minute in range(at + 1, min(at + SPREAD_MINUTES, _MINUTES)):
            after[minute] += left
        return Spread(round(slots - left), round(max(after)))

    @property
    def usual(self) -> float:
        """The slots of a minute if all were spread evenly."""
        return sum(self.by_minute) / _MINUTES

    @property
    def total(self) -> int:
        """All slots."""
        return round(sum(self.by_minute))


def forecasting(timings: Iterable[tuple[Timing, int]], now_s: int) -> Generator[None, None, Forecast]:
    """The slots from `now_s` (seconds) on. Each distinct timing comes with the number of schedules that have it, and
    is looked at once, those with most schedules first.

    Where a recurrence has more slots than are looked for, its later minutes get as many as those before had.

    After every SLOTS_AT_ONCE slots it yields, so that others can work in between.
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
            if found % SLOTS_AT_ONCE == 0:
                yield
        if at is not None and at - now_s < HOURS * HOUR_S:
            is_whole = False
            each = count * found * MINUTE_S / (at - now_s)
            # Of the minute in which it was left off, what is before that has been counted.
            last, counted_s = divmod(at - now_s, MINUTE_S)
            by_minute[last] += each * (MINUTE_S - counted_s) / MINUTE_S
            for minute in range(last + 1, _MINUTES):
                by_minute[minute] += each
        left -= found
        yield
    ahead = Forecast(by_minute, len(by_count), is_whole)
    return replace(ahead, causes=_causes(by_count[:MOST_CAUSES], now_s + ahead.herd[0] * MINUTE_S))


def _causes(by_count: Iterable[tuple[Timing, int]], begins_s: int) -> list[tuple[Timing, int]]:
    """The timings with most slots in the minute that begins then."""
    slots = []
    for timing, count in by_count:
        recurrence = stored_recurrence(timing)
        found, at = 0, recurrence.next_after(begins_s - 1)
        while at is not None and at < begins_s + MINUTE_S:
            found += count
            at = recurrence.next_after(at)
        if found:
            slots.append((timing, found))
    return sorted(slots, key=lambda cause: -cause[1])[:SHOWN_CAUSES]
