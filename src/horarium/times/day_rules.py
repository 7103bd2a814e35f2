"""Which days of a year match: one rule for every grammar (day of month, day of week, L, W, LW, nL, n#m).

There are only fourteen kinds of year (the weekday of 1 January, leap or not), so a rule is a table of at most
fourteen tuples of days, each made when first needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from horarium.times.civil import MONTH_LENGTHS, first_day, is_leap

ALL_DAYS = 0xFFFFFFFE
ALL_MONTHS = 0x1FFE
ALL_WEEKDAYS = 0x7F
KINDS = 14
SPANS_KEPT = 512

YearSpan = tuple[int, int, tuple[int, ...]]

# Bit d set for the days 1..31 that fall on a weekday, by the weekday of the first.
_ON_WEEKDAY = [
    [sum(1 << day for day in range(1, 32) if (first + day - 1) % 7 == weekday) for weekday in range(7)]
    for first in range(7)
]


@dataclass(frozen=True, slots=True)
class DayRule:
    """The days of a recurrence, as masks: bit 1 is the first of the month, bit 1 January, bit 0 Sunday.

    `either`: a day matches by its number or by its weekday (cron with both restricted); otherwise by both.
    `last_day`: L. `last_workday`: LW. `nearest`: the n of each nW. `last_weekdays`: nL. `nth`: (weekday, n).
    """

    months: int = ALL_MONTHS
    days: int = ALL_DAYS
    weekdays: int = ALL_WEEKDAYS
    either: bool = False
    last_day: bool = False
    last_workday: bool = False
    nearest: tuple[int, ...] = ()
    last_weekdays: int = 0
    nth: tuple[int, int] | None = None

    def in_month(self, first: int, length: int) -> int:
        """The mask of matching days of a month of `length` days whose first is weekday `first`."""
        by_number, by_weekday = self._by_number(first, length), self._by_weekday(first, length)
        matched = by_number | by_weekday if self.either else by_number & by_weekday
        return matched & (2 << length) - 2

    def _by_number(self, first: int, length: int) -> int:
        mask = self.days
        if self.last_day:
            mask |= 1 << length
        if self.last_workday:
            mask |= 1 << nearest_workday(length, first, length)
        for day in self.nearest:
            if day <= length:
                mask |= 1 << nearest_workday(day, first, length)
        return mask

    def _by_weekday(self, first: int, length: int) -> int:
        if self.weekdays == ALL_WEEKDAYS:
            return ALL_DAYS
        mask = 0
        for weekday, on_weekday in enumerate(_ON_WEEKDAY[first]):
            if self.weekdays >> weekday & 1:
                mask |= on_weekday
            if self.last_weekdays >> weekday & 1:
                mask |= 1 << (on_weekday & (2 << length) - 2).bit_length() - 1
        if self.nth:
            day = 1 + (self.nth[0] - first) % 7 + (self.nth[1] - 1) * 7
            mask |= 1 << day
        return mask


def nearest_workday(day: int, first: int, length: int) -> int:
    """The Monday to Friday nearest to a day, never in another month."""
    weekday = (first + day - 1) % 7
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


class YearTable:
    """The matching days of any year, as days counted from 1 January (0)."""

    __slots__ = ("_kinds", "_spans", "rule", "years")

    def __init__(self, rule: DayRule, years: int | None) -> None:
        self.rule, self.years = rule, years
        self._kinds: list[tuple[int, ...] | None] = [None] * KINDS
        self._spans: dict[int, YearSpan] = {}

    def span(self, year: int) -> YearSpan:
        """(first day, first day of the next year, matching days) of a year."""
        found = self._spans.get(year)
        if found is None:
            if len(self._spans) >= SPANS_KEPT:
                self._spans.clear()
            found = self._spans[year] = (first_day(year), first_day(year + 1), self._days(year))
        return found

    def around(self, day: int) -> tuple[int, YearSpan]:
        """The year that holds a day number, and its span."""
        # The mean year is at most a day or so off, so the guess is the year itself or a neighbour.
        year = day * 400 // 146_097 + 1970
        found = self.span(year)
        while day < found[0]:
            year -= 1
            found = self.span(year)
        while day >= found[1]:
            year += 1
            found = self.span(year)
        return year, found

    def _days(self, year: int) -> tuple[int, ...]:
        if self.years is not None and not self.years >> year & 1:
            return ()
        return self._of_kind((first_day(year) + 4) % 7 + 7 * is_leap(year))

    def _of_kind(self, kind: int) -> tuple[int, ...]:
        found = self._kinds[kind]
        if found is None:
            found = self._kinds[kind] = _matching_days(self.rule, kind % 7, kind >= 7)
        return found


@lru_cache(maxsize=4096)
def year_table(rule: DayRule, years: int | None) -> YearTable:
    """One table for all expressions with the same days."""
    return YearTable(rule, years)


def _matching_days(rule: DayRule, new_year: int, leap: bool) -> tuple[int, ...]:
    matching: list[int] = []
    start = 0
    for month, plain_length in enumerate(MONTH_LENGTHS, 1):
        length = plain_length + (leap and month == 2)
        if rule.months >> month & 1:
            mask = rule.in_month((new_year + start) % 7, length)
            matching += [start + day - 1 for day in range(1, length + 1) if mask >> day & 1]
        start += length
    return tuple(matching)
