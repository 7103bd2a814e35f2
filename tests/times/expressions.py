"""Random recurrences of every grammar, each with the oracle's reading of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from horarium.times import RecurrenceError, Timing, canonical_spec, compile_timing
from tests.support import oracle

GAPS = ("next_valid", "skip", "shift")
OVERLAPS = ("first", "last", "both")
EVERY_HOUR = ("elapsed", "literal")

# (zone, after, upto, gap, overlap, every_hour) -> fire instants
Reading = Callable[[str, int, int, str, str, str], list[int]]


@dataclass(frozen=True)
class Case:
    """A recurrence as given, its dialect, its default policies, and what the oracle reads in it."""

    spec: str
    dialect: str
    defaults: tuple[str, str, str]
    fires: Reading

    def timing(self, zone: str, policies: tuple[str, str, str] | None = None) -> Timing:
        return Timing(self.spec, self.dialect, zone, 0, *(policies or (None, None, None)))


def random_case(random: Random) -> Case:
    """Any grammar that depends on a zone, alike often."""
    return random.choice((cron_case, six_field_case, aws_case, calendar_case, beat_case))(random)


def cron_case(random: Random) -> Case:
    while True:
        spec = " ".join(
            _field(random, low, high) for low, high in ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
        )
        if not never_fires(spec):
            return _of_cron(spec)


def six_field_case(random: Random) -> Case:
    second = random.choice(("0", "30", "*/20", "59", "1,2"))
    return _of_cron(f"{second} {cron_case(random).spec}")


def _of_cron(spec: str) -> Case:
    readings = oracle.cron(spec)
    return Case(spec, "native", ("next_valid", "first", "elapsed"), _by(readings))


def never_fires(spec: str) -> bool:
    try:
        compile_timing(Timing(spec))
    except RecurrenceError as error:
        if not error.never_fires:
            raise
        return True
    return False


def aws_case(random: Random) -> Case:
    days, weekdays = "?", "?"
    if random.random() < 0.5:
        days = random.choice(("L", "LW", "1W", "15W", "31W", "30W,1", "*", "1-7", "28-3", "L,15W,2"))
    else:
        weekdays = random.choice(
            ("L", "2L", "FRIL", "2#1", "6#5", "TUE#3,7", "FRI-MON", "*", "1", "6-2", "3L,1")
        )
    minute = random.choice(("*", "0", "30", "50-10", "0/7"))
    hour = random.choice(("*", "0", "1", "2", "3", "20-2", "*/2", "0-23"))
    month = random.choice(("*", "*", "*", "NOV-MAR", "3,10"))
    year = random.choice(("*", "*", "2026-2030", "2024/3"))
    spec = f"cron({minute} {hour} {days} {month} {weekdays} {year})"
    return Case(spec, "autessa", ("skip", "first", "literal"), _by(oracle.aws(spec)))


CALENDAR_FIELDS = (
    ("second", 0, 59, 0.2),
    ("minute", 0, 59, 0.6),
    ("hour", 0, 23, 0.6),
    ("dayOfMonth", 1, 31, 0.4),
    ("month", 1, 12, 0.2),
    ("dayOfWeek", 0, 6, 0.3),
)


def calendar_case(random: Random) -> Case:
    row = random_calendar(random)
    readings = oracle.structured(row)
    return Case(canonical_spec({"calendars": [row]}), "cadenya", ("skip", "both", "literal"), _by(readings))


def random_calendar(random: Random) -> dict[str, Any]:
    return {
        name: _ranges(random, low, high)
        for name, low, high, often in CALENDAR_FIELDS
        if random.random() < often
    }


def beat_case(random: Random) -> Case:
    every = random.choice((900, 3600, 5400, 86_400, 604_800, 7 * 3600 + 1))
    offset = random.choice((0, random.randrange(every)))
    spec = canonical_spec({"intervals": [{"every": f"{every}s", "offset": f"{offset}s"}]})

    def fires(zone: str, after: int, upto: int, gap: str, overlap: str, every_hour: str) -> list[int]:
        return oracle.beat_fires(zone, every, offset, after, upto, gap, overlap)

    return Case(spec, "cadenya", ("skip", "both", "literal"), fires)


def _by(readings: oracle.Readings) -> Reading:
    def fires(zone: str, after: int, upto: int, gap: str, overlap: str, every_hour: str) -> list[int]:
        return oracle.fires(readings, zone, after, upto, gap, overlap, every_hour)

    return fires


def _field(random: Random, low: int, high: int) -> str:
    a, b = sorted((random.randint(low, high), random.randint(low, high)))
    step = random.randint(1, 9)
    shapes = (
        "*",
        "*",
        "*",
        f"{a}",
        f"*/{random.randint(1, high)}",
        f"{a}-{b}",
        f"{a}-{b}/{step}",
        f"{a}/{step}",
    )
    listed = ",".join(str(random.randint(low, high)) for _ in range(random.randint(2, 4)))
    return random.choice((*shapes, listed, f"*/{step},{a}"))


def _ranges(random: Random, low: int, high: int) -> list[dict[str, int]]:
    rows = []
    for _ in range(random.randint(1, 2)):
        start, end = sorted((random.randint(low, high), random.randint(low, high)))
        rows.append({"start": start, "end": end, "step": random.choice((0, 1, 1, 2, 5))})
    return rows


def random_policies(random: Random) -> tuple[str, str, str]:
    return random.choice(GAPS), random.choice(OVERLAPS), random.choice(EVERY_HOUR)


def mismatch(
    case: Case, zone: str, after: int, upto: int, policies: tuple[str, str, str] | None = None
) -> str:
    """What differs from the oracle on (after, upto], in any of the three questions; "" if nothing."""
    expected = case.fires(zone, after, upto, *(policies or case.defaults))
    recurrence = compile_timing(case.timing(zone, policies))
    found: list[int] = []
    at = recurrence.next_after(after)
    while at is not None and at <= upto:
        found.append(at)
        at = recurrence.next_after(at)
    count, last = recurrence.count_between(after, upto), recurrence.last_in(after, upto)
    if (found, count, last) == (expected, len(expected), expected[-1] if expected else None):
        return ""
    extra, lost = set(found) - set(expected), set(expected) - set(found)
    where = f"{case.spec} in {zone} ({after}, {upto}] {policies or 'defaults'}"
    counted = f"count {count}, not {len(expected)}" if count != len(expected) else f"last {last}"
    return f"{where}: extra {sorted(extra)[:3]}, lost {sorted(lost)[:3]}, {counted}"
