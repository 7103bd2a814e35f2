"""The expressions of AWS EventBridge Scheduler: cron(m h dom mon dow year), rate(n unit) and at(local time)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.times.civil import parse_wall
from horarium.times.day_rules import ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, DayRule
from horarium.times.parsing.cron import HOUR, MINUTE
from horarium.times.parsing.cron_fields import (
    MONTH_NAMES,
    WEEKDAY_NAMES,
    FieldKind,
    name_map,
    parse_field,
    parse_item,
    parse_value,
)
from horarium.times.parsing.durations import parse_rate
from horarium.times.problems import Collector, fail
from horarium.times.rules import AWS, At, CalendarRule, Rate

AWS_MINUTE = FieldKind(MINUTE.name, MINUTE.label, 0, 59, wraps=True)
AWS_HOUR = FieldKind(HOUR.name, HOUR.label, 0, 23, wraps=True)
AWS_DAY_OF_MONTH = FieldKind("day_of_month", "day of month", 1, 31, wraps=True)
AWS_MONTH = FieldKind("month", "month", 1, 12, name_map(MONTH_NAMES, 1), wraps=True)
AWS_DAY_OF_WEEK = FieldKind("day_of_week", "day of week", 1, 7, name_map(WEEKDAY_NAMES, 1), wraps=True)
AWS_YEAR = FieldKind("year", "year", 1970, 2199)

LAYOUT = "minute hour day-of-month month day-of-week year"
_CALL = re.compile(r"\s*(cron|rate|at)\((.*)\)\s*", re.DOTALL)


def parse_aws(text: str, rate_units: dict[str, int]) -> CalendarRule | Rate | At:
    """The rule of any of the three forms. `rate_units` are the units of rate() in seconds. Raises RecurrenceError."""
    match = _CALL.fullmatch(text)
    if match is None:
        forms = "cron(0 9 * * ? *), rate(5 minutes) or at(2026-01-01T09:00:00)"
        raise fail("", f"the expression must be one of {forms}", text)
    form, inside = match[1], match[2]
    if form == "cron":
        return parse_aws_cron(inside)
    if form == "rate":
        return Rate(parse_rate(inside, "rate", rate_units))
    return parse_at(inside, "at")


def is_aws(text: str) -> bool:
    """Whether a text begins like one of the three forms."""
    return text.lstrip().startswith(("cron(", "rate(", "at("))


def parse_at(text: str, field: str) -> At:
    """A local time in whole seconds, without an offset. Raises RecurrenceError under the name `field`."""
    text = text.strip()
    found = parse_wall(text) if "T" in text and "." not in text else None
    if found is None or found.length != len(text):
        raise fail(field, "must be a local time such as 2026-01-01T09:00:00, without an offset", text)
    return At(found.second)


def parse_aws_cron(inside: str) -> CalendarRule:
    """The rule of the six fields between the parentheses of cron(). Raises RecurrenceError with every problem."""
    parts = inside.split()
    if len(parts) != 6:
        raise fail("", f"cron() has six fields ({LAYOUT}); this has {len(parts)}", inside)
    collector = Collector()
    minute = collector.attempt(lambda: _plain(AWS_MINUTE, parts[0]), 0)
    hour = collector.attempt(lambda: _plain(AWS_HOUR, parts[1]), 0)
    months = collector.attempt(lambda: _plain(AWS_MONTH, parts[3]), ALL_MONTHS)
    years = None if parts[5] == "*" else collector.attempt(lambda: _plain(AWS_YEAR, parts[5]), 0)
    days = collector.attempt(lambda: _parse_days(parts[2], parts[4], months), None)
    collector.finish()
    assert days is not None  # finish() raised otherwise
    return CalendarRule(1, minute, hour, days, _ALL_YEARS if years is None else years, AWS)


_ALL_YEARS = (2 << 2199) - (1 << 1970)


def _plain(kind: FieldKind, text: str) -> int:
    if "?" in text:
        raise fail(
            kind.name, f"? is only for day of month and day of week; write * for every {kind.label}", text
        )
    return parse_field(kind, text)


def _parse_days(by_number: str, by_weekday: str, months: int) -> DayRule:
    if (by_number == "?") == (by_weekday == "?"):
        found = "both are" if by_number == "?" else "neither is"
        message = f"exactly one of day of month and day of week must be ?; here {found}"
        raise fail("day_of_month", message, f"{by_number} {by_weekday}")
    if by_weekday == "?":
        numbers = _parse_numbers(by_number)
        nearest = tuple(sorted(numbers.nearest))
        return DayRule(months, numbers.mask, ALL_WEEKDAYS, False, numbers.last, numbers.last_workday, nearest)
    weekdays = _parse_weekdays(by_weekday)
    return DayRule(
        months, ALL_DAYS, weekdays.mask, last_weekdays=weekdays.last, nth=weekdays.nth, last_day=False
    )


@dataclass
class _Numbers:
    mask: int = 0
    last: bool = False
    last_workday: bool = False
    nearest: tuple[int, ...] = ()


def _parse_numbers(text: str) -> _Numbers:
    found = _Numbers()
    for item in text.upper().split(","):
        if item == "L":
            found.last = True
        elif item == "LW":
            found.last_workday = True
        elif item.endswith("W"):
            found.nearest = (*found.nearest, _nearest(item, text))
        elif "L" in item:
            words = (
                f"L must stand alone (the last day of the month) or in LW (its last workday), not in {item}"
            )
            raise fail("day_of_month", words, text)
        elif "?" in item:
            raise fail("day_of_month", "? must stand alone in the field", text)
        else:
            found.mask |= parse_item(AWS_DAY_OF_MONTH, item, text)
    return found


def _nearest(item: str, text: str) -> int:
    if not item[:-1]:
        raise fail("day_of_month", "W needs a day before it, such as 15W, or L as in LW", text)
    return parse_value(AWS_DAY_OF_MONTH, item[:-1], text)


@dataclass
class _Weekdays:
    mask: int = 0
    last: int = 0
    nth: tuple[int, int] | None = None


def _parse_weekdays(text: str) -> _Weekdays:
    found = _Weekdays()
    for item in text.upper().split(","):
        if item == "L":
            found.mask |= 1 << 6
        elif "#" in item:
            if found.nth is not None:
                raise fail("day_of_week", "the field may have only one n#m, such as 6#2", text)
            found.nth = _nth(item, text)
        elif item.endswith("L"):
            found.last |= 1 << parse_value(AWS_DAY_OF_WEEK, item[:-1], text) - 1
        elif "?" in item:
            raise fail("day_of_week", "? must stand alone in the field", text)
        else:
            # AWS counts weekdays from 1 (Sunday).
            found.mask |= parse_item(AWS_DAY_OF_WEEK, item, text) >> 1
    return found


def _nth(item: str, text: str) -> tuple[int, int]:
    weekday, _, nth = item.partition("#")
    if nth not in ("1", "2", "3", "4", "5"):
        raise fail("day_of_week", "the number after # must be 1 to 5, as in 6#2 for the second Friday", text)
    return parse_value(AWS_DAY_OF_WEEK, weekday, text) - 1, int(nth)
