"""A month of a schedule: what became of its slots day by day, and which slots are to come. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from horarium.domain.fire import Fire, Span
from horarium.times import Recurrence, Zone

DAY_S = 86_400
# Coming slots that are looked for in one month.
MOST_COMING = 2_000
_WORST_FIRST = (
    "failed",
    "missed",
    "partial",
    "cancelled",
    "skipped",
    "unbegun",
    "paused",
    "workspace_paused",
    "maintenance",
    "waiting",
)


@dataclass(slots=True)
class Day:
    """One day in the schedule's zone. `counts`: fires by state and slots by the reason why they did not fire;
    `coming`: slots that are to come. `shift` says how the clocks change on it, such as "+1 h", or is empty."""

    date: date
    counts: Counter[str] = field(default_factory=Counter)
    coming: int = 0
    shift: str = ""

    @property
    def look(self) -> str:
        """The state that says most about the day: the worst there is; empty where nothing was due."""
        for word in _WORST_FIRST:
            if self.counts[word]:
                return word
        return next(iter(self.counts), "coming" if self.coming else "")


@dataclass(frozen=True, slots=True)
class Month:
    """A month in weeks from Monday to Sunday; None stands for a day of another month. `is_whole` tells that all
    entries and slots of the month were looked at."""

    first: date
    weeks: list[list[Day | None]]
    is_whole: bool

    @property
    def before(self) -> str:
        """The month before, as "2026-02"."""
        return (self.first - timedelta(days=1)).isoformat()[:7]

    @property
    def after(self) -> str:
        """The month after."""
        return following(self.first).isoformat()[:7]


def month_of(text: str | None, today: date) -> date:
    """The first day of a month such as "2026-03"; this month where the text is not one."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 1971 <= found.year <= 9998 else today.replace(day=1)


def following(first: date) -> date:
    """The first day of the month after."""
    return (first + timedelta(days=32)).replace(day=1)


def midnight(zone: Zone, day: date) -> int:
    """The instant (seconds) at which a day begins in a zone."""
    return zone.resolve((day - date(1970, 1, 1)).days * DAY_S)


def local_date(zone: Zone, instant: int) -> date:
    """The date of an instant (seconds) in a zone."""
    return date(1970, 1, 1) + timedelta(days=(instant + zone.offset(instant)) // DAY_S)


def make_month(
    first: date,
    zone: Zone,
    entries: Iterable[Fire | Span],
    recurrence: Recurrence | None,
    now_s: int,
    is_whole: bool,
) -> Month:
    """The month that begins on `first`. `entries` are those of the ledger in it, `recurrence` that of a schedule which
    is active, None for any other."""
    days = {day: Day(day, shift=_shift(zone, day)) for day in _days(first)}
    for entry in entries:
        if isinstance(entry, Fire):
            _count(days, local_date(zone, entry.slot_ms // 1000), entry.state.value, 1)
        else:
            _count_span(days, zone, entry)
    coming = 0
    for slot in _coming(recurrence, zone, first, now_s):
        coming += 1
        if (found := days.get(local_date(zone, slot))) is not None:
            found.coming += 1
    row: list[Day | None] = [None] * first.weekday()
    row += days.values()
    row += [None] * (-len(row) % 7)
    weeks = [row[at : at + 7] for at in range(0, len(row), 7)]
    return Month(first, weeks, is_whole and coming < MOST_COMING)


def _days(first: date) -> Iterator[date]:
    day = first
    while day < following(first):
        yield day
        day += timedelta(days=1)


def _shift(zone: Zone, day: date) -> str:
    start = midnight(zone, day)
    moved = zone.offset(midnight(zone, day + timedelta(days=1))) - zone.offset(start)
    if not moved:
        return ""
    hours, minutes = divmod(abs(moved) // 60, 60)
    length = f"{hours} h" if not minutes else f"{hours * 60 + minutes} min"
    return f"{'+' if moved > 0 else '−'}{length}"


def _count(days: dict[date, Day], day: date, word: str, count: int) -> None:
    if (found := days.get(day)) is not None:
        found.counts[word] += count


def _count_span(days: dict[date, Day], zone: Zone, span: Span) -> None:
    """A span says how many slots it has, but not on which days: of one over several days each is counted once."""
    first, last = local_date(zone, span.first_ms // 1000), local_date(zone, span.last_ms // 1000)
    if first == last:
        _count(days, first, span.reason.value, span.count)
        return
    for day in days:
        if first <= day <= last:
            days[day].counts[span.reason.value] += 1


def _coming(recurrence: Recurrence | None, zone: Zone, first: date, now_s: int) -> Iterator[int]:
    if recurrence is None:
        return
    end = midnight(zone, following(first))
    slot = recurrence.next_after(max(now_s, midnight(zone, first) - 1))
    for _ in range(MOST_COMING):
        if slot is None or slot >= end:
            return
        yield slot
        slot = recurrence.next_after(slot)
