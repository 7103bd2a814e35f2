"""Reads lengths of time as people and protocols write them: "1h30m", 5400, "5 minutes", "3600s"."""

from __future__ import annotations

import re
from math import isfinite

from horarium.times.problems import fail

# The longest length in seconds: nothing is longer within the years 1 to 9999.
LONGEST = 10_000 * 366 * 86_400
# The longest text of a length, in characters.
TEXT_LIMIT = 40
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
RATE_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
NATIVE_RATE_UNITS = {"second": 1, **RATE_UNITS, "week": 604_800}

_PARTS = re.compile(r"(?:\d{1,12}(?:\.\d{1,9})?[dhms])+", re.ASCII)
_PART = re.compile(r"(\d+)(?:\.(\d+))?([dhms])", re.ASCII)
# An interval of one unit without spaces, as people write it.
_COUNTED = re.compile(
    r"(\d{1,6})?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)", re.ASCII
)
_PROTO = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_RATE = re.compile(r"\s*(\S+)\s+(\S+)\s*", re.ASCII)


def parse_length(value: object, field: str, *, round_up: bool = False) -> int:
    """The whole seconds (at least 1) of a text such as "1h30m" or of a number of seconds.

    A fraction of a second is an error, or with `round_up` becomes a whole second, so that nothing fires
    early. Raises RecurrenceError under the name `field`.
    """
    if isinstance(value, str):
        seconds, fraction = _text_length(value, field)
    elif (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and isfinite(value)
    ):
        # Cut to just outside of the range, which is refused below, so that no number is too large for the other kind.
        held = max(-1, min(value, LONGEST + 1))
        seconds, fraction = int(held // 1), held % 1 > 0
    else:
        raise fail(field, 'give a length of time such as "1h30m" or a number of seconds', value)
    if fraction and not round_up:
        raise fail(field, "must be a whole number of seconds", value)
    seconds += fraction
    if not 1 <= seconds <= LONGEST:
        raise fail(field, "must be at least 1 second and at most 10000 years", value)
    return seconds


def _text_length(text: str, field: str) -> tuple[int, bool]:
    if len(text) > TEXT_LIMIT or not _PARTS.fullmatch(text):
        raise fail(field, 'give a length of time such as "1h30m", "90s" or "2d"', text)
    seconds, nanos = 0, 0
    for whole, decimals, unit in _PART.findall(text):
        seconds += int(whole) * UNITS[unit]
        nanos += int((decimals or "0").ljust(9, "0")) * UNITS[unit]
    return seconds + nanos // 10**9, nanos % 10**9 > 0


def interval_meant(text: str) -> tuple[str, str | None] | None:
    """What a text such as "5m", "1h30m" or "every 5 minutes" means: as a length ("5m"), and as a rate ("5 minutes")
    where it has one unit. None for a text that is no interval."""
    words = text.strip().lower().removeprefix("every").strip()
    plain = "".join(words.split())
    found = _COUNTED.fullmatch(plain)
    if found is not None and len(plain) <= TEXT_LIMIT:
        count, unit = int(found[1] or 1), found[2]
        name = next(name for name in NATIVE_RATE_UNITS if name[0] == unit[0])
        length = f"{count * 7}d" if name == "week" else f"{count}{name[0]}"
        return (length, f"{count} {name}{'' if count == 1 else 's'}") if count else None
    return (plain, None) if len(plain) <= TEXT_LIMIT and _PARTS.fullmatch(plain) else None


def parse_proto(value: object, field: str) -> int:
    """The whole seconds (at least 0) of a protojson duration such as "3600s". Raises RecurrenceError."""
    match = _PROTO.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fail(field, 'must be a duration in seconds with the suffix s, such as "3600s"', value)
    if (match[3] or "").strip("0"):
        raise fail(field, 'must be whole seconds, such as "2s"', value)
    if match[1] and int(match[2]):
        raise fail(field, "must not be negative", value)
    return int(match[2])


def parse_rate(text: str, field: str, units: dict[str, int]) -> int:
    """The seconds of a text such as "5 minutes": a whole number of at least 1, and one of `units`.

    `units` maps singular names to seconds; the plural is accepted too. Raises RecurrenceError
    under the name `field`.
    """
    match = _RATE.fullmatch(text) if len(text) <= TEXT_LIMIT else None
    names = ", ".join(units)
    if match is None:
        raise fail(field, f'must be a number and a unit ({names}), such as "5 minutes"', text)
    number, unit = match[1], match[2].removesuffix("s")
    if not (number.isascii() and number.isdigit() and len(number) <= 12 and int(number) >= 1):
        raise fail(field, "the number must be a whole number of at least 1", number)
    if unit not in units:
        raise fail(field, f"the unit must be one of {names}, singular or plural", match[2])
    if int(number) * units[unit] > LONGEST:
        raise fail(field, "must be at most 10000 years", text)
    return int(number) * units[unit]
