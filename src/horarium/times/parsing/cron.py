"""Cron expressions of five fields, or of six with seconds first, and their macros."""

from __future__ import annotations

from horarium.times.day_rules import ALL_WEEKDAYS
from horarium.times.parsing.cron_fields import MONTH_NAMES, WEEKDAY_NAMES, FieldKind, name_map, parse_field
from horarium.times.parsing.durations import interval_meant, parse_length
from horarium.times.problems import Collector, fail
from horarium.times.rules import CRON, CalendarRule, Rate, day_rule

SECOND = FieldKind("second", "second", 0, 59)
MINUTE = FieldKind("minute", "minute", 0, 59)
HOUR = FieldKind("hour", "hour", 0, 23)
DAY_OF_MONTH = FieldKind("day_of_month", "day of month", 1, 31)
MONTH = FieldKind("month", "month", 1, 12, name_map(MONTH_NAMES, 1))
DAY_OF_WEEK = FieldKind("day_of_week", "day of week", 0, 7, name_map(WEEKDAY_NAMES, 0))

FIVE = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)
LAYOUT = "minute hour day-of-month month day-of-week"
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# For each month the mask of the days that it has in some year, and the days that every month has.
_LONGEST_MONTHS = [0, *((2 << days) - 2 for days in (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))]
_SURE_DAYS = (2 << 29) - 2


def parse_cron(text: str, *, seconds: bool, macros: bool) -> CalendarRule | Rate:
    """The rule of a cron expression. Six fields and macros are accepted only if the dialect has them.

    Raises RecurrenceError with every problem, also for dates that never come.
    """
    parts = text.split()
    if parts and parts[0].startswith("@"):
        return _parse_macro(parts, text, macros)
    if parts and parts[0].upper().startswith(("TZ=", "CRON_TZ=")):
        raise fail("", "a time zone cannot be part of the expression; use the field timezone", parts[0])
    if len(parts) == 5:
        return _parse_fields(parts, 1)
    if len(parts) == 6 and seconds:
        collector = Collector()
        second = collector.attempt(lambda: parse_field(SECOND, parts[0]), 0)
        rule = collector.attempt(lambda: _parse_fields(parts[1:], second), None)
        collector.finish()
        assert rule is not None  # finish() raised otherwise
        return rule
    raise fail("", _wrong_count(len(parts), seconds) + _instead(text, macros), text)


def _wrong_count(count: int, seconds: bool) -> str:
    wanted = f"five fields ({LAYOUT})" + (", or six with the seconds first" if seconds else "")
    return f"a cron expression has {wanted}; this one has {count}"


def _instead(text: str, macros: bool) -> str:
    """How an interval or a macro is written, where the expression is one and these are accepted."""
    if not macros:
        return ""
    macro = f"@{text.strip().lower()}"
    if macro in MACROS:
        return f"; did you mean {macro}?"
    meant = interval_meant(text)
    return f"; an interval is written @every {meant[0]}" if meant else ""


def _parse_fields(parts: list[str], second: int) -> CalendarRule:
    try:
        minute, hour, days, months, weekdays = map(parse_field, FIVE, parts)
    except ValueError:
        _raise_all(parts)
        raise
    if weekdays & 0x80:
        weekdays = weekdays & ALL_WEEKDAYS | 1
    either = parts[2][0] not in "*?" and parts[4][0] not in "*?"
    rule = CalendarRule(second, minute, hour, day_rule(months, days, weekdays, either), None, CRON)
    if not either and not days & _SURE_DAYS:
        _refuse_missing_dates(months, days, parts)
    return rule


def _raise_all(parts: list[str]) -> None:
    """Parse every field once more, to raise the problems of all of them together."""
    collector = Collector()
    for kind, part in zip(FIVE, parts, strict=True):
        collector.attempt(lambda kind=kind, part=part: parse_field(kind, part), 0)  # type: ignore[misc]
    collector.finish()


def _refuse_missing_dates(months: int, days: int, parts: list[str]) -> None:
    if not any(months >> month & 1 and days & _LONGEST_MONTHS[month] for month in range(1, 13)):
        raise fail(
            "day_of_month",
            "it would never fire: none of these months ever has that day; choose a day that they have",
            f"{parts[2]} {parts[3]}",
            kind="never",
        )


def _parse_macro(parts: list[str], text: str, macros: bool) -> CalendarRule | Rate:
    if not macros:
        raise fail("", f"macros are not accepted here; write five fields ({LAYOUT})", text)
    name = parts[0].lower()
    if name == "@every" and len(parts) == 2:
        return Rate(parse_length(parts[1], "every"))
    if name not in MACROS or len(parts) != 1:
        known = ", ".join([*MACROS, "@every 1h30m"])
        raise fail("", f"unknown macro; the macros are {known}", text)
    return _parse_fields(MACROS[name].split(), 1)
