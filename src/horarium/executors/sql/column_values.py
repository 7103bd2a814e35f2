"""Converts values between JSON and the columns of a database.

`coerce` converts a JSON value to what is bound as a parameter for a column. It is strict: a value of the wrong type
is an error and is never converted by a guess. `as_json` converts what a column holds to JSON.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import types

_NUMBER = re.compile(r"[+-]?\d{1,100}(\.\d{1,100})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class Mismatch(ValueError):
    """The value does not fit the column. The text says what the column takes, and follows the column's name."""


def coerce(kind: types.TypeEngine[Any], value: Any, dialect: str) -> Any:
    """The Python value to bind for a JSON value in a column.

    `kind` is the type of the column, `dialect` SQLAlchemy's name of the kind of database. `value` is not None. Raises
    Mismatch if the value does not fit, or if columns of this type are not supported.
    """
    for family, convert in _FAMILIES:
        if isinstance(kind, family):
            return convert(kind, value, dialect)
    raise Mismatch(f"has the type {_name(kind)}, which cannot be written or matched")


def as_json(value: Any) -> Any:
    """A value of a column as JSON.

    Dates and times become ISO 8601, and bytes become base64. Decimals become strings, so that no digit is lost, and
    so do floats that JSON has no number for (NaN, infinity).
    """
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, dict, type(None))) else str(value)


def _name(kind: types.TypeEngine[Any]) -> str:
    return type(kind).__name__.lower()


def _boolean(_kind: Any, value: Any, _dialect: str) -> bool:
    if not isinstance(value, bool):
        raise Mismatch("takes true or false")
    return value


def _integer(kind: types.Integer, value: Any, dialect: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mismatch("takes a whole number")
    bits = 64
    if dialect == "postgresql":
        bits = (
            64 if isinstance(kind, types.BigInteger) else 16 if isinstance(kind, types.SmallInteger) else 32
        )
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise Mismatch(f"takes a whole number that fits in {bits} bits")
    return value


def _float(_kind: Any, value: Any, _dialect: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Mismatch("takes a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Mismatch("takes a finite number")
    return number


def _decimal(kind: types.Numeric[Any], value: Any, _dialect: str) -> Decimal:
    """Takes numbers, and digits as text such as "12.50", because JSON readers may round a number."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        number = Decimal(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        number = Decimal(str(value))
    else:
        raise Mismatch('takes a number, or its digits as text such as "12.50"')
    if kind.precision is not None and number.adjusted() >= kind.precision - (kind.scale or 0) and number:
        raise Mismatch(f"takes at most {kind.precision - (kind.scale or 0)} digits before the point")
    return number


def _text(kind: Any, value: Any, _dialect: str) -> str:
    if not isinstance(value, str):
        raise Mismatch("takes text")
    if "\0" in value or not _is_unicode(value):
        raise Mismatch("takes text without NUL characters or lone surrogates")
    length = getattr(kind, "length", None)
    if length is not None and len(value) > length:
        raise Mismatch(f"takes at most {length} characters")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _enum(kind: types.Enum, value: Any, _dialect: str) -> str:
    if not isinstance(value, str) or value not in kind.enums:
        raise Mismatch(f"takes one of {', '.join(kind.enums)}")
    return value


def _instant(kind: types.DateTime, value: Any, _dialect: str) -> datetime:
    """A column with a time zone needs an instant with an offset. For other columns an offset is converted to UTC,
    and an instant without one is taken as UTC."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise Mismatch('takes an ISO 8601 instant such as "2026-03-01T09:30:00Z"')
    try:
        instant = datetime.fromisoformat(value)
        aware = instant.tzinfo is not None
        if kind.timezone and not aware:
            raise Mismatch('takes an ISO 8601 instant with an offset such as "Z" or "+01:00"')
        if aware:
            instant = instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, Mismatch):
            raise
        raise Mismatch(f"takes an instant that exists ({error})") from None
    return instant if kind.timezone else instant.replace(tzinfo=None)


def _date(_kind: Any, value: Any, _dialect: str) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise Mismatch('takes a date such as "2026-03-01"')
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Mismatch(f"takes a date that exists ({error})") from None


def _time(kind: types.Time, value: Any, _dialect: str) -> time:
    if kind.timezone or not isinstance(value, str) or not _TIME.fullmatch(value):
        raise Mismatch('takes a time of day such as "09:30:00", without an offset')
    try:
        return time.fromisoformat(value)
    except ValueError as error:
        raise Mismatch(f"takes a time that exists ({error})") from None


def _uuid(kind: types.Uuid[Any], value: Any, _dialect: str) -> Any:
    try:
        parsed = uuid.UUID(value) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise Mismatch('takes a UUID such as "0190a5f0-7c3b-7d2e-8a11-3b1f0c9d2e4f"')
    return parsed if kind.as_uuid else str(parsed)


def _binary(_kind: Any, value: Any, _dialect: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else _refuse_binary()
    except (binascii.Error, ValueError):
        return _refuse_binary()


def _refuse_binary() -> bytes:
    raise Mismatch("takes bytes in base64")


def _json(_kind: Any, value: Any, _dialect: str) -> Any:
    return value


def _array(kind: types.ARRAY[Any], value: Any, dialect: str) -> list[Any]:
    if not isinstance(value, list) or any(item is None for item in value):
        raise Mismatch("takes a list without nulls")
    return [coerce(kind.item_type, item, dialect) for item in value]


# The first entry that fits is used, so a subclass (Enum is a String) stands before its base class.
_FAMILIES: tuple[tuple[Any, Callable[[Any, Any, str], Any]], ...] = (
    (types.Boolean, _boolean),
    (types.Integer, _integer),
    (types.Float, _float),
    (types.Numeric, _decimal),
    (types.DateTime, _instant),
    (types.Date, _date),
    (types.Time, _time),
    (types.Uuid, _uuid),
    (types.JSON, _json),
    (types.ARRAY, _array),
    (types.Enum, _enum),
    (types.String, _text),
    (types.LargeBinary, _binary),
)
