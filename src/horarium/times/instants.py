"""The range of instants that the server holds, and instants as texts: how they are read, and how they are written.

The range is the years 1 to 9999 in UTC, because RFC 3339 writes a year with four digits. So every instant in it can be
written, and read again. What lies outside is refused where it is read. There is no other way in: bodies, parameters,
files, expressions and settings are all read by the functions of this module.

Instants are read with a direction of rounding. A time at which something begins is rounded up, so that nothing is
early. A time at which something ends is rounded down, so that nothing happens after it.

What is computed from an instant of the range, such as a slot plus its jitter, can lie outside. `held_ms` takes the
nearest instant of the range. All functions that write instants use it too, so an instant that was stored
by an older version can always be shown.
"""

from __future__ import annotations

import re
from enum import Enum

from horarium.times.civil import END_WALL, FIRST_WALL, parse_wall, wall_text

# The first and the last whole second, and the first and the last millisecond.
FIRST_INSTANT, LAST_INSTANT = FIRST_WALL, END_WALL - 1
FIRST_MS, LAST_MS = FIRST_INSTANT * 1000, LAST_INSTANT * 1000 + 999

# What is said of a text that is no time, and of a time outside of the range.
MALFORMED = "must be a time with an offset, such as 2026-03-08T09:00:00Z"
OUTSIDE = "must lie within the years 1 to 9999 of UTC"

_BILLION = 1_000_000_000
_OFFSET = re.compile(r"[Zz]|([+-])(\d\d):(\d\d)", re.ASCII)


class Rounding(Enum):
    """Where a time with a fraction goes."""

    # For upper bounds and for questions about an instant.
    DOWN = 0
    # For lower bounds and for what happens once.
    UP = 1


class InstantError(ValueError):
    """A value is not an instant of the range. The message says what is wrong, without the name of the field."""


def seconds_of(value: object, rounding: Rounding) -> int:
    """The instant of a text such as "2026-01-01T09:00:00.5+01:00" in whole seconds since the epoch.

    Raises InstantError for what is not a text in RFC 3339 with an offset, and for an instant outside of the range.
    """
    return _read(value, rounding, _BILLION)


def milliseconds_of(value: object, rounding: Rounding) -> int:
    """As `seconds_of`, in whole milliseconds since the epoch."""
    return _read(value, rounding, _BILLION // 1000)


def held(instant: int) -> bool:
    """Whether an instant, in seconds since the epoch, lies in the range."""
    return FIRST_INSTANT <= instant <= LAST_INSTANT


def held_ms(at_ms: int) -> int:
    """The instant of the range that is nearest to an instant, both in milliseconds since the epoch."""
    return min(max(at_ms, FIRST_MS), LAST_MS)


def utc_text(instant: int) -> str:
    """An instant in seconds since the epoch as "2024-01-27T14:00:00Z"; outside of the range, its nearest end."""
    return wall_text(min(max(instant, FIRST_INSTANT), LAST_INSTANT)) + "Z"


def _read(value: object, rounding: Rounding, unit: int) -> int:
    """The instant of a text in units of so many nanoseconds."""
    found = _nanoseconds(value) if isinstance(value, str) else None
    if found is None:
        raise InstantError(MALFORMED)
    count = -(-found // unit) if rounding is Rounding.UP else found // unit
    if not FIRST_INSTANT * _BILLION <= count * unit < (LAST_INSTANT + 1) * _BILLION:
        raise InstantError(OUTSIDE)
    return count


def _nanoseconds(text: str) -> int | None:
    """The nanoseconds since the epoch of a text in RFC 3339, or None. They can lie up to a day outside of the range."""
    wall = parse_wall(text)
    zone = None if wall is None else _OFFSET.fullmatch(text, wall.length)
    if wall is None or zone is None:
        return None
    hours, minutes = int(zone[2] or 0), int(zone[3] or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = (hours * 60 + minutes) * 60
    return (wall.second + (offset if zone[1] == "-" else -offset)) * _BILLION + wall.nanoseconds
