"""When a schedule fires, the slow and obvious way: nothing here comes from `horarium.times`.

Every local reading of every day is tried one by one; `zoneinfo` (reading the same `tzdata` package, never the
operating system's copy) says at which instants a reading occurs. The grammars are read anew as well.
"""

from __future__ import annotations

import calendar
import importlib.resources
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
DATE_LINE = 3 * 3600


@lru_cache(maxsize=700)
def zone_info(name: str) -> ZoneInfo:
    with (importlib.resources.files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@dataclass(frozen=True)
class Readings:
    """The local readings that an expression denotes: times of day, and a predicate on dates."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    on: Callable[[date], bool]

    @property
    def every_hour(self) -> bool:
        return len(self.hours) == 24

    def between(self, lo: datetime, hi: datetime) -> Iterator[datetime]:
        """Every reading in [lo, hi]."""
        day = lo.date()
        while day <= hi.date():
            if self.on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        for second in sorted(self.seconds):
                            reading = datetime(day.year, day.month, day.day, hour, minute, second)
                            if lo <= reading <= hi:
                                yield reading
            day += timedelta(days=1)


def fires(
    readings: Readings, zone: str, after: int, upto: int, gap: str, overlap: str, every_hour: str
) -> list[int]:
    """The fire instants in (after, upto], by definition: each reading is mapped to its instants."""
    info = zone_info(zone)
    lo = min(_local(info, at) for at in (after - 86_400, after)) - timedelta(hours=28)
    hi = max(_local(info, at) for at in (upto, upto + 86_400)) + timedelta(hours=28)
    elapsed = readings.every_hour and every_hour == "elapsed"
    found = set()
    for reading in readings.between(lo, hi):
        found.update(instants_of(info, reading, *(("skip", "both") if elapsed else (gap, overlap))))
    return sorted(at for at in found if after < at <= upto)


def beat_fires(
    zone: str, every: int, offset: int, after: int, upto: int, gap: str, overlap: str
) -> list[int]:
    """The same for the readings 1970-01-01T00:00 + offset + k * every."""
    info = zone_info(zone)
    start = int((_local(info, after) - EPOCH).total_seconds()) - 100_000
    start += (offset - start) % every
    found = set()
    for wall in range(start, start + (upto - after) + 200_000, every):
        found.update(instants_of(info, EPOCH + timedelta(seconds=wall), gap, overlap))
    return sorted(at for at in found if after < at <= upto)


def instants_of(info: ZoneInfo, reading: datetime, gap: str, overlap: str) -> list[int]:
    """Where one reading fires."""
    earlier, later = _instant(info, reading, 0), _instant(info, reading, 1)
    if earlier == later:  # as it is for all readings but those that are skipped or occur twice
        return [earlier]
    occurs = sorted({at for at in (earlier, later) if _local(info, at) == reading})
    if occurs:
        return {"first": occurs[:1], "last": occurs[-1:], "both": occurs}[overlap]
    # In a gap fold 0 reads it in the offset before, which lands behind the gap; fold 1 before it.
    length = earlier - later
    if gap == "skip" or length >= DATE_LINE:
        return []
    return [earlier] if gap == "shift" else [_first_valid(info, later, earlier)]


def _first_valid(info: ZoneInfo, before: int, behind: int) -> int:
    """The transition between two instants."""
    new = info.utcoffset(datetime.fromtimestamp(behind, UTC).astimezone(info))
    while behind - before > 1:
        middle = (before + behind) // 2
        if info.utcoffset(datetime.fromtimestamp(middle, UTC).astimezone(info)) == new:
            behind = middle
        else:
            before = middle
    return behind


def _instant(info: ZoneInfo, reading: datetime, fold: int) -> int:
    aware = reading.replace(tzinfo=info, fold=fold)
    offset = info.utcoffset(aware)
    assert offset is not None
    return int((reading - offset - EPOCH).total_seconds())


def _local(info: ZoneInfo, instant: int) -> datetime:
    return (EPOCH + timedelta(seconds=instant)).replace(tzinfo=UTC).astimezone(info).replace(tzinfo=None)


def transitions(zone: str, since: int, until: int) -> list[int]:
    """The instants at which the offset changes, found by looking every six hours."""
    info = zone_info(zone)
    found = []
    step = 6 * 3600
    previous = _offset(info, since)
    for at in range(since + step, until + step, step):
        current = _offset(info, at)
        if current != previous:
            found.append(_first_valid(info, at - step, at))
            previous = current
    return found


def _offset(info: ZoneInfo, instant: int) -> timedelta | None:
    return info.utcoffset((EPOCH + timedelta(seconds=instant)).replace(tzinfo=UTC).astimezone(info))


# The grammars, once more.


def cron(expression: str) -> Readings:
    """Five fields, or six with second first."""
    fields = expression.split()
    seconds = _numbers(fields.pop(0), 0, 59) if len(fields) == 6 else frozenset({0})
    minutes, hours = _numbers(fields[0], 0, 59), _numbers(fields[1], 0, 23)
    days, months = _numbers(fields[2], 1, 31), _numbers(fields[3], 1, 12, MONTHS, 1)
    weekdays = {number % 7 for number in _numbers(fields[4], 0, 7, DAYS, 0)}
    either = fields[2][0] not in "*?" and fields[4][0] not in "*?"

    def on(day: date) -> bool:
        by_day, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        return day.month in months and ((by_day or by_weekday) if either else (by_day and by_weekday))

    return Readings(seconds, minutes, hours, on)


def aws(expression: str) -> Readings:
    """cron(minute hour day-of-month month day-of-week year)."""
    minute, hour, dom, month, dow, year = expression.removeprefix("cron(").removesuffix(")").upper().split()
    months = _numbers(month, 1, 12, MONTHS, 1)
    years = _numbers(year, 1970, 2199)

    def on(day: date) -> bool:
        if day.month not in months or day.year not in years:
            return False
        if dow == "?":
            return any(_aws_day(item, day) for item in dom.split(","))
        return any(_aws_weekday(item, day) for item in dow.split(","))

    return Readings(frozenset({0}), _numbers(minute, 0, 59), _numbers(hour, 0, 23), on)


def _aws_day(item: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if item == "L":
        return day.day == last
    if item.endswith("W"):
        wanted = last if item == "LW" else int(item[:-1])
        if wanted > last:
            return False
        workdays = [d for d in range(1, last + 1) if date(day.year, day.month, d).weekday() < 5]
        return day.day == min(workdays, key=lambda d: abs(d - wanted))
    return day.day in _numbers(item, 1, 31)


def _aws_weekday(item: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1
    last = calendar.monthrange(day.year, day.month)[1]
    if item == "L":
        return number == 7
    if item.endswith("L"):
        return number == _number(item[:-1], DAYS, 1) and day.day + 7 > last
    if "#" in item:
        weekday, nth = item.split("#")
        return number == _number(weekday, DAYS, 1) and (day.day - 1) // 7 + 1 == int(nth)
    return number in _numbers(item, 1, 7, DAYS, 1)


def structured(row: Mapping[str, Any]) -> Readings:
    """One calendar: every field must match."""
    fields = {name: _ranges(row.get(name) or []) for name in row if name != "comment"}
    zero = frozenset({0})

    def on(day: date) -> bool:
        return all(
            number in (fields.get(name) or {number})
            for name, number in (
                ("dayOfMonth", day.day),
                ("month", day.month),
                ("dayOfWeek", day.isoweekday() % 7),
            )
        )

    names = ("second", "minute", "hour")
    second, minute, hour = (fields.get(name) or zero for name in names)
    return Readings(second, minute, hour, on)


def _ranges(rows: Iterable[Mapping[str, int]]) -> frozenset[int]:
    found: set[int] = set()
    for row in rows:
        start = row.get("start") or 0
        found.update(range(start, (row.get("end") or start) + 1, row.get("step") or 1))
    return frozenset(found)


def _numbers(
    text: str, low: int, high: int, names: list[str] | None = None, first_name: int = 0
) -> frozenset[int]:
    found: set[int] = set()
    for item in text.upper().split(","):
        span, _, step = item.partition("/")
        first_text, dash, last_text = span.partition("-")
        if span in ("*", "?"):
            first, last = low, high
        else:
            first = _number(first_text, names, first_name)
            last = _number(last_text, names, first_name) if dash else high if step else first
        while last < first:
            last += high - low + 1
        found.update((n - low) % (high - low + 1) + low for n in range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: list[str] | None, first_name: int) -> int:
    return int(text) if text.isdigit() else (names or []).index(text) + first_name
