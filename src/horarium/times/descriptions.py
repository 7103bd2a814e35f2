"""Recurrences in English. They are written from the rule, not from the expression, so they say what will happen.

Every sentence has the same order: times, days, months, years, zone. A clause that is left out
restricts nothing. A set of numbers is named by its members, by its runs ("9 to 17") or by its step
("every 5th minute ...").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from horarium.times.civil import wall_text
from horarium.times.day_rules import ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, DayRule
from horarium.times.instants import utc_text
from horarium.times.local_times import bit_numbers
from horarium.times.rules import (
    ALL_HOURS,
    AlignedInterval,
    At,
    CalendarRule,
    Delay,
    LocalInterval,
    Once,
    Rate,
)

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
# Years, and runs of them, that are named one by one; of more only their number is told.
MOST_YEARS_NAMED = 64
ORDINALS = ("first", "second", "third", "fourth", "fifth")
# Up to this many times of day are listed one by one.
LISTED_TIMES = 8
# The years of AWS expressions: to name them all says nothing.
AWS_YEARS = (2 << 2199) - (1 << 1970)


def calendar(rule: CalendarRule, zone: str) -> str:
    """A calendar as "At 09:00, on Monday to Friday, in March, Europe/Berlin time"."""
    clauses = [_times(rule), _days(rule.days), _months(rule.days.months), _years(rule.years)]
    if not any(clauses[1:]) and rule.hour != ALL_HOURS:
        clauses[1] = "every day"
    sentence = ", ".join([clause for clause in clauses if clause] + [f"{zone} time"])
    return sentence[0].upper() + sentence[1:]


def local_interval(rule: LocalInterval, zone: str) -> str:
    """An interval of local time."""
    phase = f", offset {span(rule.offset)}" if rule.offset else ""
    return f"Every {span(rule.every)} by the wall clock from midnight of 1970-01-01{phase}, {zone} time"


def rate(rule: Rate, anchor: int) -> str:
    """An interval of elapsed time that counts from the schedule's anchor."""
    return f"Every {span(rule.every)} of elapsed time, counted from {utc_text(anchor)}"


def aligned_interval(rule: AlignedInterval) -> str:
    """An interval of elapsed time with a phase of its own."""
    return f"Every {span(rule.every)} of elapsed time, in step with {utc_text(rule.phase)}"


def at(rule: At, zone: str) -> str:
    """A single local time."""
    return f"Once, at {wall_text(rule.wall)}, {zone} time"


def once(rule: Once) -> str:
    """A single instant."""
    return f"Once, at {utc_text(rule.instant)}"


def delay(rule: Delay, instant: int) -> str:
    """A single instant, by the delay that led to it."""
    return f"Once, {span(rule.seconds)} after {utc_text(instant - rule.seconds)}"


def span(seconds: int) -> str:
    """A number of seconds as "1 hour 30 minutes"."""
    parts = []
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(parts) or "0 seconds"


def _times(rule: CalendarRule) -> str:
    seconds, minutes, hours = (bit_numbers(mask) for mask in (rule.second, rule.minute, rule.hour))
    if rule.hour != ALL_HOURS and len(seconds) * len(minutes) * len(hours) <= LISTED_TIMES:
        clock = [_clock(h, m, s, rule.second != 1) for h in hours for m in minutes for s in seconds]
        return f"at {_joined(clock)}"
    if rule.second == 1 and len(minutes) == 1 and rule.hour != ALL_HOURS and (step := _step(hours)):
        every = "hour" if step == 1 else f"{step} hours"
        return f"every {every} from {_clock(hours[0], minutes[0])} to {_clock(hours[-1], minutes[0])}"
    units = [_unit("minute", rule.minute, minutes), _unit("hour", rule.hour, hours)]
    if rule.second != 1:
        units.insert(0, _unit("second", rule.second, seconds))
    return _of(units)


class _Unit(NamedTuple):
    """The words for a set of seconds, minutes or hours.

    `every` tells that the set has all numbers of its unit, and `even` that its rhythm goes on over the end of
    the next larger unit, as in "every 5 minutes".
    """

    text: str
    every: bool
    even: bool


def _unit(unit: str, mask: int, numbers: Sequence[int]) -> _Unit:
    size = 24 if unit == "hour" else 60
    step = _step(numbers)
    if len(numbers) == size:
        return _Unit(f"every {unit}", True, True)
    if unit != "hour" and numbers[0] == 0 and step and size % step == 0 and numbers[-1] + step == size:
        return _Unit(f"every {step} {unit}s", False, True)
    return _Unit(_named(unit, numbers), False, False)


def _of(units: list[_Unit]) -> str:
    """The units joined, as "second 30 of every minute of hours 9 to 17". Units that restrict nothing are left out."""
    kept = list(units)
    while len(kept) > 1 and kept[-1].every and kept[-2].even:
        kept.pop()
    if len(kept) == 3 and kept[0].even and kept[1].every:
        kept.pop(1)
    text = " of ".join(unit.text for unit in kept)
    return text if text.startswith("every") else f"at {text}"


def _named(unit: str, numbers: Sequence[int], name: Callable[[int], str] = str) -> str:
    """A set of numbers as "minutes 5 and 10 to 20" or "every 7th minute from 0 to 56"."""
    step = _step(numbers)
    if len(numbers) > 3 and step > 1:
        return f"every {_ordinal(step)} {unit} from {name(numbers[0])} to {name(numbers[-1])}"
    return f"{unit}{'s' if len(numbers) > 1 else ''} {_set(numbers, name)}"


def _clock(hour: int, minute: int, second: int = 0, seconds_shown: bool = False) -> str:
    return f"{hour:02d}:{minute:02d}" + (f":{second:02d}" if seconds_shown else "")


def _days(rule: DayRule) -> str:
    by_number, by_weekday = _by_number(rule), _by_weekday(rule)
    if rule.either:
        return f"on {by_number} or on {by_weekday}"
    if by_number and by_weekday:
        return f"on {by_number} if it is {by_weekday}"
    return f"on {by_number or by_weekday}" if by_number or by_weekday else ""


def _by_number(rule: DayRule) -> str:
    if rule.days == ALL_DAYS and not rule.either:
        return ""
    named = [_named("day", bit_numbers(rule.days))] if rule.days else []
    named += [f"the workday nearest day {day}" for day in rule.nearest]
    named += ["the last workday"] if rule.last_workday else []
    named += ["the last day"] if rule.last_day else []
    return f"{_joined(named)} of the month"


def _by_weekday(rule: DayRule) -> str:
    if rule.weekdays == ALL_WEEKDAYS and not rule.either:
        return ""
    plain = [_set(bit_numbers(rule.weekdays), WEEKDAYS.__getitem__)] if rule.weekdays else []
    special = [f"the last {WEEKDAYS[day]}" for day in bit_numbers(rule.last_weekdays)]
    if rule.nth:
        special.append(f"the {ORDINALS[rule.nth[1] - 1]} {WEEKDAYS[rule.nth[0]]}")
    return _joined(plain + [f"{named} of the month" for named in special])


def _months(mask: int) -> str:
    if mask == ALL_MONTHS:
        return ""
    named = _named("month", bit_numbers(mask), lambda month: MONTHS[month - 1])
    return f"in {named.removeprefix('months ').removeprefix('month ')}"


def _years(mask: int | None) -> str:
    if mask is None or mask == AWS_YEARS:
        return ""
    years = bit_numbers(mask)
    if not _step(years) and len(_runs(years)) > MOST_YEARS_NAMED:
        return f"in {len(years)} years from {years[0]} to {years[-1]}"
    return f"in {_named('year', years)}"


def _set(numbers: Sequence[int], name: Callable[[int], str]) -> str:
    return _joined([name(a) if a == b else f"{name(a)} to {name(b)}" for a, b in _runs(numbers)])


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The runs of consecutive numbers as (first, last). A run of two numbers stays two runs of one."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return [part for a, b in runs for part in ([(a, a), (b, b)] if b == a + 1 else [(a, b)])]


def _step(numbers: Sequence[int]) -> int:
    """The difference between neighbours if it is the same for all (of at least two numbers), otherwise 0."""
    steps = {b - a for a, b in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _joined(items: Sequence[str]) -> str:
    return ", ".join(items[:-1]) + f" and {items[-1]}" if len(items) > 1 else "".join(items)
