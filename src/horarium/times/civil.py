"""The proleptic Gregorian calendar as integers, and local dates and times as texts.

A day number counts days since 1970-01-01. A wall second is a local date and time without its zone,
written as the seconds since 1970-01-01T00:00:00 as if it were UTC: every day has 86,400 of them. An
instant counts seconds since the epoch, UTC. Years are 1 to 9999. No datetime object is made, because that
would be slower and end sooner. How instants are read and written is in `instants`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Seconds of a day.
DAY = 86_400
MIN_YEAR, MAX_YEAR = 1, 9999
DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    """Whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """The days of a month (1 to 12)."""
    return 29 if month == 2 and is_leap(year) else MONTH_LENGTHS[month - 1]


def first_day(year: int) -> int:
    """The day number of 1 January."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 719_162


def day_number(year: int, month: int, day: int) -> int:
    """The day number of a date."""
    leap_shift = 1 if month > 2 and is_leap(year) else 0
    return first_day(year) + DAYS_BEFORE_MONTH[month - 1] + leap_shift + day - 1


def weekday(day: int) -> int:
    """The weekday of a day number; 0 is Sunday."""
    return (day + 4) % 7


def year_of_day(day: int) -> int:
    """The year in which a day number lies."""
    year = (day * 400) // 146_097 + 1970
    while first_day(year) > day:
        year -= 1
    while first_day(year + 1) <= day:
        year += 1
    return year


def civil_date(day: int) -> tuple[int, int, int]:
    """(year, month, day of month) of a day number."""
    year = year_of_day(day)
    of_year = day - first_day(year)
    if is_leap(year):
        if of_year == 59:
            return year, 2, 29
        of_year -= of_year > 59
    month = 12
    while DAYS_BEFORE_MONTH[month - 1] > of_year:
        month -= 1
    return year, month, of_year - DAYS_BEFORE_MONTH[month - 1] + 1


def wall_second(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """The wall second of a date and time."""
    return day_number(year, month, day) * DAY + hour * 3600 + minute * 60 + second


# The first wall second of the year 1, and the first one after the year 9999.
FIRST_WALL = first_day(MIN_YEAR) * DAY
END_WALL = first_day(MAX_YEAR + 1) * DAY


def wall_text(wall: int) -> str:
    """A wall second as "2024-01-27T09:00:00"."""
    day, second = divmod(wall, DAY)
    return f"{_date_text(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def offset_text(offset: int) -> str:
    """An offset in seconds as "-05:00", or as "+00:19:32" if it is not whole minutes, as before about 1940."""
    sign, size = ("-", -offset) if offset < 0 else ("+", offset)
    text = f"{sign}{size // 3600:02d}:{size // 60 % 60:02d}"
    return text + f":{size % 60:02d}" if size % 60 else text


@lru_cache(maxsize=4096)
def _date_text(day: int) -> str:
    return "{:04d}-{:02d}-{:02d}".format(*civil_date(day))


_WALL = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?", re.ASCII)


class WallText(NamedTuple):
    """What a local date and time at the beginning of a text says, and how many characters it takes."""

    second: int
    nanoseconds: int
    length: int


def parse_wall(text: str) -> WallText | None:
    """The local time with which a text begins, such as "2026-01-01T09:00:00.5"; None if there is none."""
    match = _WALL.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    if year < MIN_YEAR or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int((match[7] or "").ljust(9, "0"))
    return WallText(wall_second(year, month, day, hour, minute, second), fraction, match.end())
