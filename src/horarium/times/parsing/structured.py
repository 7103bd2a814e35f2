"""Reads structured recurrences: calendars as lists of {start, end, step}, and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from horarium.times.day_rules import DayRule
from horarium.times.instants import InstantError, Rounding, seconds_of
from horarium.times.local_times import interval_bits
from horarium.times.parsing.durations import parse_length, parse_proto
from horarium.times.problems import Collector, fail
from horarium.times.rules import STRUCTURED, AlignedInterval, CalendarRule, LocalInterval, Rule, UnionRule

# The name of a field, its name in snake_case, its lowest and highest number, and its mask if it is left out.
FIELDS = (
    ("second", "second", 0, 59, 1),
    ("minute", "minute", 0, 59, 1),
    ("hour", "hour", 0, 23, 1),
    ("dayOfMonth", "day_of_month", 1, 31, (2 << 31) - 2),
    ("month", "month", 1, 12, (2 << 12) - 2),
    ("dayOfWeek", "day_of_week", 0, 6, (2 << 6) - 1),
    ("year", "year", 1970, 9999, 0),
)
CAMEL, CALENDAR_FIELDS = FIELDS[:6], {name for row in FIELDS for name in row[:2]} | {"comment"}
INTERVAL_FIELDS = {"every", "offset", "anchor"}
RANGE_FIELDS = {"start", "end", "step"}
MAX_CALENDARS, MAX_INTERVALS, MAX_RANGES, MAX_COMMENT = 32, 32, 64, 200

Json = Mapping[str, Any]


def parse_structured(spec: Json, *, native: bool) -> Rule:
    """The rule of {"calendars": [...], "intervals": [...]}, of which one is enough.

    Raises RecurrenceError with every problem. With `native` (the project's own grammar) intervals are elapsed
    seconds, fields may be snake_case too, and unknown fields are refused. Without it, intervals are intervals
    of local time, given as protojson durations, and unknown fields are ignored.
    """
    collector = Collector()
    if native:
        _refuse_unknown(collector, spec, {"calendars", "intervals"}, "")
    calendars = _rows(collector, spec, "calendars", MAX_CALENDARS)
    intervals = _rows(collector, spec, "intervals", MAX_INTERVALS)
    if not calendars and not intervals and not collector.problems:
        collector.add("", "at least one calendar or interval is required")
    read_interval = _native_interval if native else _wall_interval
    parts: list[Rule] = []
    for name, rows, read in (
        ("calendars", calendars, lambda row: _calendar(row, native)),
        ("intervals", intervals, read_interval),
    ):
        for index, row in enumerate(rows):
            _collect(collector, parts, f"{name}[{index}]", row, read)
    collector.finish()
    return parts[0] if len(parts) == 1 else UnionRule(tuple(parts))


def _collect(
    collector: Collector, parts: list[Rule], field: str, row: object, read: Callable[[Json], Rule]
) -> None:
    if not isinstance(row, Mapping):
        collector.add(field, "must be an object", row)
        return
    rule = collector.attempt(lambda: read(row), None, field)
    if rule is not None:
        parts.append(rule)


def _rows(collector: Collector, spec: Json, name: str, limit: int) -> list[object]:
    rows = spec.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        collector.add(name, "must be a list of objects", rows)
        return []
    if len(rows) > limit:
        collector.add(name, f"has {len(rows)} entries; at most {limit} are accepted")
        return []
    return rows


def _calendar(row: Json, native: bool) -> CalendarRule:
    collector = Collector()
    fields = FIELDS if native else CAMEL
    if native:
        _refuse_unknown(collector, row, CALENDAR_FIELDS, "")
    comment = row.get("comment")
    if comment is not None and (not isinstance(comment, str) or len(comment) > MAX_COMMENT):
        collector.add("comment", f"must be a text of at most {MAX_COMMENT} characters", comment)
    masks = [_field_mask(collector, row, *field, native) for field in fields]
    collector.finish()
    second, minute, hour, days, months, weekdays = masks[:6]
    years = masks[6] if native and masks[6] else None
    return CalendarRule(second, minute, hour, DayRule(months, days, weekdays), years, STRUCTURED)


def _field_mask(
    collector: Collector, row: Json, name: str, snake: str, low: int, high: int, default: int, native: bool
) -> int:
    if native and name != snake and row.get(name) is not None and row.get(snake) is not None:
        collector.add(snake, f"is given twice, as {name} and as {snake}; give it once")
    value = row.get(name)
    if value is None and native:
        value = row.get(snake)
    if value is None or value == []:
        return default
    if not isinstance(value, list):
        collector.add(name, 'must be a list of ranges such as [{"start": 9, "end": 17, "step": 1}]', value)
        return default
    if len(value) > MAX_RANGES:
        collector.add(name, f"has {len(value)} ranges; at most {MAX_RANGES} are accepted")
        return default
    mask = 0
    for index, entry in enumerate(value):
        mask |= _range_mask(collector, f"{name}[{index}]", entry, low, high, native)
    return mask


def _range_mask(collector: Collector, field: str, entry: object, low: int, high: int, native: bool) -> int:
    if native and isinstance(entry, int) and not isinstance(entry, bool):
        entry = {"start": entry, "end": entry}
    if not isinstance(entry, Mapping):
        collector.add(field, "must be an object with start, end and step", entry)
        return 0
    if native:
        _refuse_unknown(collector, entry, RANGE_FIELDS, field)
    before = len(collector.problems)
    start = _number(collector, entry, field, "start", low, high)
    end = _number(collector, entry, field, "end", low, high) or start
    step = _number(collector, entry, field, "step", 0, high) or 1
    if len(collector.problems) > before:
        return 0
    if end < start:
        collector.add(
            f"{field}.end", f"{end} is before the start {start}; give an end of at least {start}", end
        )
        return 0
    return interval_bits(step, start, end + 1)


def _number(collector: Collector, entry: Json, field: str, name: str, low: int, high: int) -> int:
    """An integer as protojson writes it (7, 7.0 or "7"). It is 0 if it is left out, or wrong and noted."""
    value = entry.get(name)
    number = _integer(value)
    if number is None:
        collector.add(f"{field}.{name}", "must be a whole number", value)
        return 0
    if name == "step":
        if number < 0:
            collector.add(f"{field}.{name}", "must not be negative; leave it out for every one", value)
        return max(0, min(number, high + 1))
    # An end of 0 stands for "left out"; a start of 0 is a number like any other.
    if not low <= number <= high and not (name == "end" and number == 0):
        collector.add(f"{field}.{name}", f"{number} is out of range; it must be {low} to {high}", value)
        return 0
    return number


def _integer(value: object) -> int | None:
    if value is None:
        return 0
    if isinstance(value, str) and len(value) <= 11 and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1 << 31:
        return int(value) if value == int(value) else None
    return None


def _wall_interval(row: Json) -> LocalInterval:
    every = parse_proto(row.get("every"), "every")
    if every < 1:
        raise fail("every", 'must be at least one second, such as "3600s"', row.get("every"))
    offset = row.get("offset")
    seconds = 0 if offset is None else parse_proto(offset, "offset")
    if seconds >= every:
        raise fail("offset", f"must be less than every ({every}s)", offset)
    return LocalInterval(every, seconds, STRUCTURED)


def _native_interval(row: Json) -> AlignedInterval:
    collector = Collector()
    _refuse_unknown(collector, row, INTERVAL_FIELDS, "")
    every = collector.attempt(lambda: parse_length(row.get("every"), "every"), 0)
    offset = collector.attempt(lambda: _native_offset(row.get("offset")), 0)
    if every and offset >= every:
        collector.add("offset", f"must be less than every ({every} seconds)", row.get("offset"))
    anchor = collector.attempt(lambda: _own_anchor(row.get("anchor")), 0)
    collector.finish()
    return AlignedInterval(every, anchor + offset)


def _native_offset(value: object) -> int:
    nothing = value is None or value == "0s" or (value == 0 and not isinstance(value, bool))
    return 0 if nothing else parse_length(value, "offset")


def _own_anchor(value: object) -> int:
    if value is None:
        return 0
    try:
        anchor = seconds_of(value, Rounding.DOWN)
        if anchor != seconds_of(value, Rounding.UP):
            raise InstantError("must be in whole seconds, such as 1970-01-01T00:00:00Z")
    except InstantError as error:
        raise fail("anchor", str(error), value) from None
    return anchor


def _refuse_unknown(collector: Collector, row: Json, known: set[str], field: str) -> None:
    for name in list(row)[:MAX_RANGES]:
        if name not in known:
            path = f"{field}.{name}" if field else str(name)
            collector.add(path[:80], f"is not known here; known are {', '.join(sorted(known))}")
