"""Which days of a year match an expression: one rule for every grammar (day of month, day of week, L, W, LW, nL, n#m).

There are only fourteen kinds of year, by the weekday of 1 January and by leap or not. So the matching days of
all years are at most fourteen tuples, and each is made when it is first needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from horarium.times.civil import MAX_YEAR, MIN_YEAR, MONTH_LENGTHS, first_day, is_leap

ALL_DAYS = 0xFFFFFFFE
ALL_MONTHS = 0x1FFE
ALL_WEEKDAYS = 0x7F
KINDS_OF_YEAR = 14
# How many years each table keeps ready, and how many days of kinds of year: those of one year, or of all kinds where
# few days match.
YEARS_KEPT, DAYS_KEPT = 8, 400
# The days of a year, so that all tables hold the same numbers.
_days_of_year = tuple(range(366))

# The day number of 1 January, that of the next 1 January, and the matching days counted from the first.
YearSpan = tuple[int, int, tuple[int, ...]]

# Bit d set for the days 1..31 that fall on a weekday, by the weekday of the first.
_ON_WEEKDAY = [
    [sum(1 << day for day in range(1, 32) if (first + day - 1) % 7 == weekday) for weekday in range(7)]
    for first in range(7)
]


@dataclass(frozen=True, slots=True)
class DayRule:
    """The days on which an expression fires.

    `months`, `days` and `weekdays` are masks: bit 1 is January, bit 1 is the first of the month, bit 0 is
    Sunday. With `either`, a day matches by its number or by its weekday (as in cron if both are restricted),
    otherwise only by both. `last_day` is L in the day of the month, `last_workday` LW, and `nearest` the n of
    each nW. `last_weekdays` is the mask of the weekdays of nL, and `nth` the (weekday, m) of n#m.
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
        """The mask of the matching days of a month with `length` days that begins on weekday `first`."""
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
    """The day from Monday to Friday that is nearest to a day, in the same month.

    The month has `length` days and begins on weekday `first`.
    """
    weekday = (first + day - 1) % 7
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


def kind_of_year(year: int) -> int:
    """The number of the kind of a year, from 0 to 13."""
    return (first_day(year) + 4) % 7 + 7 * is_leap(year)


@cache
def years_by_kind() -> tuple[int, ...]:
    """The mask of the years 1 to 9999 that are of each kind."""
    masks = [0] * KINDS_OF_YEAR
    for year in range(MIN_YEAR, MAX_YEAR + 1):
        masks[kind_of_year(year)] |= 1 << year
    return tuple(masks)


class YearTable:
    """The matching days of any year, counted from 1 January (0). `years` is a mask of years, or None for all."""

    __slots__ = ("_days_kept", "_kinds", "_most_bytes", "_spans", "rule", "years")

    def __init__(self, rule: DayRule, years: int | None) -> None:
        self.rule, self.years = rule, years
        self._kinds: dict[int, tuple[int, ...]] = {}
        self._days_kept = self._most_bytes = 0
        self._spans: dict[int, YearSpan] = {}

    def span(self, year: int) -> YearSpan:
        """The span of a year."""
        found = self._spans.get(year)
        if found is None:
            if len(self._spans) >= YEARS_KEPT:
                self._spans.clear()
            found = self._spans[year] = (first_day(year), first_day(year + 1), self.days_in(year))
        return found

    def around(self, day: int) -> tuple[int, YearSpan]:
        """The year in which a day number lies, and its span."""
        # By the mean length of a year, the guess is this year or the one before or after.
        year = day * 400 // 146_097 + 1970
        found = self.span(year)
        while day < found[0]:
            year -= 1
            found = self.span(year)
        while day >= found[1]:
            year += 1
            found = self.span(year)
        return year, found

    @property
    def most_bytes(self) -> int:
        """How many bytes of memory the table takes at most. It is found once: all timings that share the table ask for
        it, and the days of the year by which it is counted would take the place of those that are looked at."""
        if not self._most_bytes:
            days = len(_matching_days(self.rule, 0, leap=False))
            self._most_bytes = 1_500 + YEARS_KEPT * 230 + 8 * (min(DAYS_KEPT, KINDS_OF_YEAR * days) + days)
        return self._most_bytes

    def matching_years(self) -> int:
        """The mask of the years that have matching days."""
        found = 0
        for kind, years in enumerate(years_by_kind()):
            if self._of_kind(kind):
                found |= years
        return found if self.years is None else found & self.years

    def days_in(self, year: int) -> tuple[int, ...]:
        """The matching days of a year."""
        if self.years is not None and not self.years >> year & 1:
            return ()
        return self._of_kind(kind_of_year(year))

    def _of_kind(self, kind: int) -> tuple[int, ...]:
        found = self._kinds.get(kind)
        if found is None:
            found = _matching_days(self.rule, kind % 7, kind >= 7)
            if self._days_kept + len(found) > DAYS_KEPT:
                self._kinds, self._spans, self._days_kept = {}, {}, 0
            self._kinds[kind] = found
            self._days_kept += len(found)
        return found


@lru_cache(maxsize=4096)
def year_table(rule: DayRule, years: int | None) -> YearTable:
    """The table of a rule. Expressions with the same days share one table."""
    return YearTable(rule, years)


def _matching_days(rule: DayRule, new_year: int, leap: bool) -> tuple[int, ...]:
    matching: list[int] = []
    start = 0
    for month, plain_length in enumerate(MONTH_LENGTHS, 1):
        length = plain_length + (leap and month == 2)
        if rule.months >> month & 1:
            mask = rule.in_month((new_year + start) % 7, length)
            matching += [_days_of_year[start + day - 1] for day in range(1, length + 1) if mask >> day & 1]
        start += length
    return tuple(matching)
