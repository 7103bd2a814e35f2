"""How single values are read and written: instants, lengths of time, ids, references, query parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.service.pages import LIMIT, MOST
from horarium.times.instants import InstantError, Rounding, held_ms, milliseconds_of, seconds_of

T = TypeVar("T")
LONGEST_MS = 10 * 366 * 86_400_000
# Characters of one query parameter. Databases refuse longer patterns to search for.
LONGEST_QUERY = 2_000
_PARTS = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?(?:ms|[dhms]))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])", re.ASCII)
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _instant_reader(
    read: Callable[[object, Rounding], int], unit_ms: int, rounding: Rounding
) -> BeforeValidator:
    """Reads an RFC 3339 text as milliseconds since the epoch, by a function that gives it in units of `unit_ms`."""

    def instant(value: Any) -> int:
        try:
            return read(value, rounding) * unit_ms
        except InstantError as error:
            raise PydanticCustomError("instant", str(error)) from None

    return BeforeValidator(instant)


def duration_ms(value: Any) -> int:
    """The milliseconds of a number of seconds, or of a text such as "1h30m" or "500ms"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        total: float = value * 1000
    elif isinstance(value, str) and len(value) <= 60 and _PARTS.fullmatch(value):
        total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    else:
        raise PydanticCustomError(
            "duration",
            'must be a length of time: seconds as a number, or a text like "1h30m" with the units d, h, m, s and ms',
        )
    if not 0 <= total <= LONGEST_MS:
        raise PydanticCustomError("duration", f"must be from 0 to {LONGEST_MS // 86_400_000}d")
    return round(total)


def _reference(value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise PydanticCustomError("reference", "must be the id, the key or the number of a target")
    return value


def _recurrence(value: Any) -> str | dict[str, Any]:
    if not isinstance(value, str | dict):
        raise PydanticCustomError("recurrence", "must be an expression such as 0 9 * * * or an object")
    return value


_DATE_TIME = WithJsonSchema({"type": "string", "format": "date-time"})
# Instants, in milliseconds since the epoch. The first slot that counts is rounded up to the whole second, the last one
# down, because slots are whole seconds. The end of anything else is kept to the millisecond.
FirstSlot = Annotated[int, _instant_reader(seconds_of, 1000, Rounding.UP), _DATE_TIME]
LastSlot = Annotated[int, _instant_reader(seconds_of, 1000, Rounding.DOWN), _DATE_TIME]
End = Annotated[int, _instant_reader(milliseconds_of, 1, Rounding.DOWN), _DATE_TIME]
Duration = Annotated[
    int,
    BeforeValidator(duration_ms),
    WithJsonSchema({"type": ["number", "string"], "examples": [90, "1h30m"]}),
]
Reference = Annotated[
    Any,
    BeforeValidator(_reference),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "examples": ["nightly"],
            "description": "the id, the key or the number of a target",
        }
    ),
]
Recurrence = Annotated[
    Any,
    BeforeValidator(_recurrence),
    WithJsonSchema({"type": ["string", "object"], "examples": ["0 9 * * 1-5"]}),
]


@lru_cache(maxsize=65_536)
def instant_text(at_ms: int) -> str:
    """An instant in RFC 3339, in UTC with `Z` and milliseconds."""
    return (_EPOCH + timedelta(milliseconds=held_ms(at_ms))).isoformat(timespec="milliseconds")[:-6] + "Z"


def instant_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else instant_text(at_ms)


def seconds(length_ms: int | None) -> int | float | None:
    """A length of time in seconds, as a whole number if possible."""
    if length_ms is None:
        return None
    return length_ms // 1000 if length_ms % 1000 == 0 else length_ms / 1000


def path_id(request: Request, prefix: str, kind: str, name: str = "id") -> Id:
    """The id in a path. Raises NotFound for a text that is not an id of this kind."""
    text = str(request.path_params[name])
    found = from_prefixed(prefix, text)
    if found is None:
        raise NotFound(kind, text, f"the id of a {kind} begins with {prefix}_")
    return found


def id_or_none(prefix: str, an_id: Id | None) -> str | None:
    return None if an_id is None else prefixed(prefix, an_id)


class Problems(list[Problem]):
    """The one place in which everything that is wrong with a request is gathered, until `done` raises it."""

    def wrong(self, field: str, message: str, code: str = "value") -> None:
        """Note that something is wrong with a field."""
        self.append(Problem(field, message, code))

    def done(self) -> None:
        """Raises Invalid with every problem, if there is any."""
        if self:
            raise Invalid(self)

    def settled(self, value: T | None) -> T:
        """As `done`; returns a value that is there because nothing was wrong."""
        self.done()
        if value is None:
            raise TypeError("a value is missing, but whoever read it noted no problem")
        return value


class Query:
    """The query parameters of a request, read one by one. Each reader returns a value, or None (or its default)
    where the parameter is left out or wrong. Problems are gathered until `done` raises them together."""

    def __init__(self, request: Request, problems: Problems | None = None) -> None:
        self._given = request.query_params
        self.problems = Problems() if problems is None else problems

    def text(self, name: str) -> str | None:
        found = self.texts(name)
        return (found[-1] or None) if found else None

    def texts(self, name: str) -> list[str]:
        found = self._given.getlist(name)
        if any("\0" in text for text in found):
            self.wrong(name, "must not contain NUL characters")
            return []
        if any(len(text) > LONGEST_QUERY for text in found):
            self.wrong(name, f"must be at most {LONGEST_QUERY} characters")
            return []
        return found

    def choice(self, name: str, among: tuple[str, ...]) -> str | None:
        given = self.text(name)
        if given is not None and given not in among:
            self.wrong(name, f"{given[:80]!r} is not one of {', '.join(among)}")
            return None
        return given

    def choices(self, name: str, among: tuple[str, ...]) -> frozenset[str]:
        """Several of some words, with commas between them."""
        given = self.text(name)
        found = frozenset() if given is None else frozenset(given.split(","))
        if not found <= {*among}:
            self.wrong(
                name, f"{(given or '')[:80]!r} is not made of {', '.join(among)}, with commas between them"
            )
        return found

    def number(self, name: str, default: int, least: int, most: int, clamped: bool = False) -> int:
        """A whole number. With `clamped`, a larger one than `most` counts as `most`."""
        given = self.text(name)
        if given is None:
            return default
        # Ten digits are more than any `most`, and quick to read however many were sent.
        number = int(given.lstrip("0")[:10] or 0) if given.isdecimal() and given.isascii() else -1
        if clamped:
            number = min(number, most)
        if not least <= number <= most:
            self.wrong(name, f"{given[:40]!r} is not a whole number from {least} to {most}")
            return default
        return number

    def limit(self) -> int:
        return self.number("limit", LIMIT, 1, MOST)

    def instant(self, name: str, rounding: Rounding) -> int | None:
        """Milliseconds since the epoch. Lower bounds are rounded up, upper bounds down."""
        given = self.text(name)
        if given is None:
            return None
        try:
            # A plus sign in a query arrives as a space where the caller did not escape it.
            return milliseconds_of(given.replace(" ", "+"), rounding)
        except InstantError as error:
            self.wrong(name, f"{given[:40]!r} {error}")
            return None

    def id(self, name: str, prefix: str) -> Id | None:
        given = self.text(name)
        if given is None:
            return None
        found = from_prefixed(prefix, given)
        if found is None:
            self.wrong(name, f"{given[:60]!r} is not an id such as {prefix}_01J...")
        return found

    def flag(self, name: str) -> bool:
        return self.maybe(name) is True

    def maybe(self, name: str) -> bool | None:
        """True, false, or None where it is left out; clients write it as true, True or 1."""
        given = self.text(name)
        if given is not None and given.lower() not in _TRUTHS:
            self.wrong(name, f"{given[:40]!r} is neither true nor false")
        return None if given is None else _TRUTHS.get(given.lower())

    def wrong(self, name: str, message: str) -> None:
        """Note that something is wrong with a parameter."""
        self.problems.wrong(name, message, "query")

    def done(self) -> None:
        """Raises Invalid with every problem that was noted, if there is any."""
        self.problems.done()
