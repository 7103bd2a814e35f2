"""The decoder of all JSON that comes from outside, and what can be told of a JSON text without decoding it.

`decode_written` reads what people and their programs send to this server, and refuses what could not be kept as it is
written. `decode_received` reads what this server has asked for (answers of targets and of audience sources), which
nobody could correct; it keeps everything. Both bound the depth, so that whatever is stored can be shown inside of any
answer. Both keep whole numbers exactly, and neither accepts NaN or infinite numbers.

Numbers with a fraction or an exponent are doubles (IEEE 754, 64 bits), as in most programs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from sys import getsizeof
from typing import Any

import orjson

# How deeply lists and objects may stand in each other. Our encoder goes to 254 levels, and answers wrap what is stored
# in a few levels of their own; a template of 100 levels may be filled with an input of 100 levels.
DEEPEST = 100
TOO_DEEP = f"is nested more than {DEEPEST} levels deep"
# Levels of a value that is stored as a part of something. Every API may put some around it when it shows it, and what
# it shows must not be too deep to be sent back.
DEEPEST_PART = 90
_TOO_LARGE = f"must be a whole number from {-(1 << 63)} to {(1 << 64) - 1}; send a larger one as a text"

# What holds other values. To make this anew for each value would take longer than all the rest.
_HOLDERS = (dict, list, tuple)
# The largest and the smallest whole number of 64 bits. Both are written with so many characters, the sign included.
_LARGEST, _SMALLEST = str((1 << 64) - 1).encode(), str(-(1 << 63)).encode()
_LONG, _MINUS = 20, ord("-")
# Most texts have no row of so many digits. That is found out fastest with all digits made the same.
_MANY_DIGITS = b"0" * 19
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
# What separates values and names, and what numbers are written with; then for each of both, all bytes but these and the
# quote.
_MARKS = b",:[{"
_NUMBERS = b"0123456789+-.eE,"
_BUT_MARKS, _BUT_NUMBERS = (
    bytes(byte for byte in range(256) if byte not in kept + b'"') for kept in (_MARKS, _NUMBERS)
)


class NotKept(ValueError):
    """Valid JSON that could not be kept as it is written. `field` is the dotted path of the value that `message` is
    about; "" means the whole text."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}" if field else message)


def decode_written(text: bytes | bytearray) -> Any:
    """The value of a JSON text that a person or their program has written.

    Raises orjson.JSONDecodeError. Raises NotKept for more than DEEPEST levels, for a whole number of more than 64 bits,
    and for an object that has a name twice.
    """
    value = orjson.loads(text)
    if too_deep(value, text):
        raise NotKept("", TOO_DEEP)
    if text.count(b":") > 1 and _repeats_a_name(text, orjson.dumps(value)):
        raise NotKept(_path_of_repeated_name(text), "is given more than once in the same object")
    long = _long_numbers(text)
    if long:
        raise NotKept(_path_of_long_number(text, long[0]), _TOO_LARGE)
    return value


def decode_received(text: bytes | bytearray) -> Any:
    """The value of a JSON text that this server has asked for. A whole number of more than 64 bits becomes a text of
    its digits. Of a name that an object has twice, the last value counts.

    Raises orjson.JSONDecodeError. Raises NotKept for more than DEEPEST levels.
    """
    value = orjson.loads(text)
    if too_deep(value, text):
        raise NotKept("", TOO_DEEP)
    long = _long_numbers(text)
    return json.loads(text, parse_int=_Exact({n: n for n in long}).__getitem__) if long else value


def too_deep(value: Any, text: bytes | bytearray) -> bool:
    """Whether lists and objects stand in each other more than DEEPEST levels deep in a value, which is `text` as
    JSON."""
    return text.count(b"{") + text.count(b"[") > DEEPEST and is_deeper(value, DEEPEST)


def is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects stand in each other more than `most` levels deep in a value. It is looked at level by
    level."""
    level: list[Any] = [value] if isinstance(value, _HOLDERS) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, _HOLDERS)
        ]
    return bool(level)


def memory_of(text: str) -> int:
    """How many bytes of memory a JSON text and what is decoded of it take together, roughly."""
    return 2 * getsizeof(text) + 64 * sum(text.count(mark) for mark in ",:[{")


def holds_more_than(text: bytes | bytearray, most: int) -> bool:
    """Whether a JSON text holds more than `most` values and names. Texts that are not JSON get some answer."""
    if len(text) <= most or _marks(text) <= most:
        return False
    # Some of the marks stand in strings, between quotes that are not escaped.
    bare = _without_escapes(text)
    if bare.count(b'"') // 2 > most:
        return True
    return len(_outside_strings(bare, _BUT_MARKS)) > most


def _marks(text: bytes | bytearray) -> int:
    """There are as many values and names as commas, colons and opening brackets, and one."""
    return sum(text.count(mark) for mark in _MARKS)


def _repeats_a_name(text: bytes | bytearray, kept: bytes) -> bool:
    """Whether an object of a JSON text has a name twice. `kept` is what has been decoded of the text, as JSON again."""
    if b"\\" not in text:  # then all strings that were kept are in both texts as they are, with their colons
        return text.count(b":") > kept.count(b":")
    return _names_in(text) != _names_in(kept)


def _names_in(text: bytes | bytearray) -> int:
    """How many names the objects in a JSON text have: one before each colon outside of strings."""
    return _outside_strings(_without_escapes(text), _BUT_MARKS).count(b":")


def _outside_strings(bare: bytes | bytearray, without: bytes) -> bytes:
    """What stands outside of the strings of a JSON text, from which escaped quotes have been taken, but for the bytes
    in `without`. These are taken first: to split what is left is then several times faster."""
    return b"".join(bare.translate(None, without).split(b'"')[::2])


def _without_escapes(text: bytes | bytearray) -> bytes | bytearray:
    return text.replace(rb"\\", b"").replace(rb"\"", b"")


def _long_numbers(text: bytes | bytearray) -> list[str]:
    """The whole numbers of more than 64 bits in a JSON text. Between two numbers there is always a comma."""
    if _MANY_DIGITS not in text.translate(_DIGITS_ALIKE):
        return []
    numbers = _outside_strings(_without_escapes(text), _BUT_NUMBERS).split(b",")
    # As texts, numbers of as many digits are in the order of their distance from zero. No function is called for each.
    long = [
        number
        for number in numbers
        if len(number) >= _LONG
        and (len(number) > _LONG or number > (_SMALLEST if number[0] == _MINUS else _LARGEST))
    ]
    return [number.decode() for number in long if number.removeprefix(b"-").isdigit()]


class _Exact(dict[str, str]):
    """The long numbers of a JSON text, which stay texts. Every other number that is looked up becomes an integer."""

    __missing__ = int


class _Found:
    """Stands in a value in place of a long number."""


class _Repeating(dict[str, Any]):
    """An object of a JSON text that has a name more than once. `pairs` holds its members as they are written."""

    pairs: Sequence[tuple[str, Any]] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeating = _Repeating(made)
    repeating.pairs = pairs
    return repeating


def _path_of_long_number(text: bytes | bytearray, number: str) -> str:
    return ".".join(_first(_Found, json.loads(text, parse_int={number: _Found()}.get))[0])


def _path_of_repeated_name(text: bytes | bytearray) -> str:
    path, found = _first(_Repeating, json.loads(text, object_pairs_hook=_object, parse_int=str))
    ((name, _),) = Counter(name for name, _ in found.pairs).most_common(1)
    return ".".join((*path, name))


def _first(kind: type, value: Any) -> tuple[list[str], Any]:
    """The path of the first of those values of this type that stand least deep, and the value itself. There is one.

    It is looked for level by level, in a few steps for each level, since a body may hold very many values.
    """
    levels: list[list[Any]] = [[[value]]]
    while True:
        within = list(chain.from_iterable(v.values() if isinstance(v, dict) else v for v in levels[-1]))
        kinds = list(map(type, within))
        if kind in kinds:
            break
        levels.append([inner for inner in within if isinstance(inner, _HOLDERS)])
        assert levels[-1], f"there is no {kind.__name__}"
    found = wanted = within[kinds.index(kind)]
    path: list[str] = []
    for level in reversed(levels):
        name, wanted = next(
            (name, holder) for holder in level for name, inner in _members(holder) if inner is wanted
        )
        path.append(str(name))
    return path[-2::-1], found  # the outermost list is only the one that the search began with


def _members(holder: Any) -> Iterable[tuple[Any, Any]]:
    return holder.items() if isinstance(holder, dict) else enumerate(holder)
