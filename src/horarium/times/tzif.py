"""Reads the zone data of one zone (TZif, RFC 9636): the listed transitions, and the rule for the years after them."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from horarium.times.civil import DAY, day_number, first_day, is_leap, month_length, weekday

# The length of a TZif header in bytes.
HEADER = 44


@dataclass(frozen=True, slots=True)
class YearRule:
    """When a change comes in a year.

    `kind` "M": weekday `day` (0 is Sunday) of `week` (5: the last) of `month`. "J": day of the year `day`
    from 1, never counting 29 February. "D": day of the year from 0, counting it. `time` is seconds since the
    midnight of that day.
    """

    kind: str
    month: int
    week: int
    day: int
    time: int

    def wall_in(self, year: int) -> int:
        """The wall second of the change in a year, in the offset that holds before it."""
        return self._day_in(year) * DAY + self.time

    def _day_in(self, year: int) -> int:
        if self.kind == "D":
            return first_day(year) + self.day
        if self.kind == "J":
            return first_day(year) + self.day - 1 + (1 if is_leap(year) and self.day >= 60 else 0)
        first = day_number(year, self.month, 1)
        day = 1 + (self.day - weekday(first)) % 7 + (self.week - 1) * 7
        while day > month_length(year, self.month):
            day -= 7
        return first + day - 1


@dataclass(frozen=True, slots=True)
class Footer:
    """What holds after the last listed transition: one offset for ever, or two that alternate by rules.

    Offsets are seconds east of UTC. `summer`, `begins` and `ends` are None if the offset does not change.
    """

    standard: int
    summer: int | None = None
    begins: YearRule | None = None
    ends: YearRule | None = None

    def changes_in(self, year: int) -> list[tuple[int, int]]:
        """The changes of one year as (instant, new offset), in order. There are none without rules."""
        if self.summer is None or self.begins is None or self.ends is None:
            return []
        to_summer = (self.begins.wall_in(year) - self.standard, self.summer)
        to_standard = (self.ends.wall_in(year) - self.summer, self.standard)
        return sorted((to_summer, to_standard))


@dataclass(frozen=True, slots=True)
class ZoneData:
    """The data of a zone: `initial` holds before the first transition, and `offsets[i]` from instant `starts[i]` on.

    `footer` says what holds after the last transition.
    """

    initial: int
    starts: tuple[int, ...]
    offsets: tuple[int, ...]
    footer: Footer


def parse_tzif(data: bytes) -> ZoneData:
    """The content of a TZif file, from its 64-bit half. Raises ValueError if it has none or is not such a file."""
    if data[:4] != b"TZif" or data[4:5] < b"2":
        raise ValueError("not a TZif file of version 2 or later")
    isut, isstd, leap, times, types, chars = struct.unpack(">6l", data[20:HEADER])
    at = HEADER + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    isut, isstd, leap, times, types, chars = struct.unpack(">6l", data[at + 20 : at + HEADER])
    at += HEADER
    starts = struct.unpack_from(f">{times}q", data, at)
    kinds = data[at + times * 8 : at + times * 9]
    at += times * 9
    by_kind = [struct.unpack_from(">l", data, at + 6 * kind)[0] for kind in range(types)]
    at += types * 6 + chars + leap * 12 + isstd + isut
    footer = parse_footer(data[at:].strip(b"\n").decode("ascii"))
    return ZoneData(by_kind[0], starts, tuple(by_kind[kind] for kind in kinds), footer)


_NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)"
_TIME = r"[+-]?\d{1,3}(?::\d\d){0,2}"
_RULE = rf"(?:M\d+\.\d\.\d|J\d+|\d+)(?:/{_TIME})?"
_FOOTER = re.compile(rf"{_NAME}({_TIME})(?:{_NAME}({_TIME})?,({_RULE}),({_RULE}))?", re.ASCII)


def parse_footer(text: str) -> Footer:
    """A footer such as "EST5EDT,M3.2.0,M11.1.0", whose offsets count westward. Raises ValueError."""
    match = _FOOTER.fullmatch(text)
    if match is None:
        raise ValueError(f"unreadable footer rule {text!r}")
    standard = -_seconds(match[1])
    if match[3] is None:
        return Footer(standard)
    summer = -_seconds(match[2]) if match[2] else standard + 3600
    return Footer(standard, summer, _rule(match[3]), _rule(match[4]))


def _rule(text: str) -> YearRule:
    date, _, time = text.partition("/")
    seconds = _seconds(time) if time else 7200
    if date[0] == "M":
        month, week, day = (int(part) for part in date[1:].split("."))
        return YearRule("M", month, week, day, seconds)
    if date[0] == "J":
        return YearRule("J", 0, 0, int(date[1:]), seconds)
    return YearRule("D", 0, 0, int(date), seconds)


def _seconds(text: str) -> int:
    sign = -1 if text[0] == "-" else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    return sign * sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
