"""The decoder of all JSON that comes from outside, and what can be told of a JSON text without decoding it.

`decode_written` reads what people and their programs send to this server, and refuses what could not be kept as it is
written. `decode_received` reads what this server has asked for (answers of targets and of audience sources), which
nobody could correct; it keeps everything. Both bound the depth, so that whatever is stored can be shown inside of any
answer. Both keep whole numbers exactly, and neither accepts NaN or infinite numbers.

Numbers with a fraction or an exponent are doubles (IEEE 754, 64 bits), as in most programs.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
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

# A whole number that may need more than 64 bits. In a text it may also stand inside of a string.
_LONG = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{19,}+(?![.eE])")
# Most texts have no row of so many digits. That is found out many times faster than by a regular expression: with all
# digits made the same, by looking for the row.
_MANY_DIGITS = b"0" * 19
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")


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
    exact = _with_long_numbers_as_texts(text)
    field = None if exact is None else _path_of_difference(value, orjson.loads(exact))
    if field is not None:
        raise NotKept(field, _TOO_LARGE)
    if text.count(b":") > 1 and _names_in(text) != _names_in(orjson.dumps(value)):
        raise NotKept(_path_of_repeated_name(text), "is given more than once in the same object")
    return value


def decode_received(text: bytes | bytearray) -> Any:
    """The value of a JSON text that this server has asked for. A whole number of more than 64 bits becomes a text of
    its digits. Of a name that an object has twice, the last value counts.

    Raises orjson.JSONDecodeError. Raises NotKept for more than DEEPEST levels.
    """
    value = orjson.loads(text)
    if too_deep(value, text):
        raise NotKept("", TOO_DEEP)
    exact = _with_long_numbers_as_texts(text)
    return value if exact is None else orjson.loads(exact)


def too_deep(value: Any, text: bytes | bytearray) -> bool:
    """Whether lists and objects stand in each other more than DEEPEST levels deep in a value, which is `text` as
    JSON."""
    return text.count(b"{") + text.count(b"[") > DEEPEST and is_deeper(value, DEEPEST)


def is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects stand in each other more than `most` levels deep in a value. It is looked at level by
    level."""
    level: list[Any] = [[value]]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list | tuple)
        ]
        if not level:
            return False
    return True


def holds_more_than(text: bytes | bytearray, most: int) -> bool:
    """Whether a JSON text holds more than `most` values and names. Texts that are not JSON get some answer."""
    if len(text) <= most or _marks(text) <= most:
        return False
    # Some of the marks stand in strings, between quotes that are not escaped.
    bare = _without_escapes(text)
    if bare.count(b'"') // 2 > most:
        return True
    return _marks(_outside_strings(bare)) > most


def _marks(text: bytes | bytearray) -> int:
    """There are as many values and names as commas, colons and opening brackets, and one."""
    return text.count(b",") + text.count(b":") + text.count(b"[") + text.count(b"{")


def _names_in(text: bytes | bytearray) -> int:
    """How many names the objects in a JSON text have: one before each colon outside of strings."""
    return _outside_strings(_without_escapes(text)).count(b":")


def _outside_strings(bare: bytes | bytearray) -> bytes:
    """What stands outside of the strings of a JSON text, from which escaped quotes have been taken."""
    return b"".join(bare.split(b'"')[::2])


def _without_escapes(text: bytes | bytearray) -> bytes | bytearray:
    return text.replace(rb"\\", b"").replace(rb"\"", b"")


def _with_long_numbers_as_texts(text: bytes | bytearray) -> bytes | None:
    """A JSON text with quotes around each whole number of more than 64 bits; None if there is no such number."""
    if _MANY_DIGITS not in text.translate(_DIGITS_ALIKE):
        return None
    parts: list[bytes] = []
    after, in_string, changed = 0, False, False
    for found in _LONG.finditer(text):
        between = bytes(text[after : found.start()])
        in_string ^= _without_escapes(between).count(b'"') % 2 == 1
        digits, after = bytes(found[0]), found.end()
        if in_string or _fits(digits):
            parts += (between, digits)
        else:
            parts += (between, b'"', digits, b'"')
            changed = True
    return b"".join((*parts, text[after:])) if changed else None


def _fits(digits: bytes) -> bool:
    return len(digits) <= 20 and -(1 << 63) <= int(digits) < 1 << 64


def _path_of_difference(value: Any, exact: Any) -> str | None:
    """Where the first number in `value` stands that is a text in `exact`. Otherwise the two are the same. None if there
    is no such number, because the name that it had was given a second time, with another value."""
    pairs = zip(_places(value), _places(exact), strict=True)
    different = (".".join(path) for (path, found), (_, text) in pairs if type(found) is not type(text))
    return next(different, None)


class _Repeating(dict[str, Any]):
    """An object of a JSON text that has the name `name` more than once."""

    name = ""


def _path_of_repeated_name(text: bytes | bytearray) -> str:
    value = json.loads(text, object_pairs_hook=_object, parse_int=str)
    found = ((path, inner.name) for path, inner in _places(value) if isinstance(inner, _Repeating))
    path, name = next(found)
    return ".".join((*path, name))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeating = _Repeating(made)
    repeating.name = Counter(name for name, _ in pairs).most_common(1)[0][0]
    return repeating


def _places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A value and all that it holds, in the order of the text, each with its path."""
    yield path, value
    if isinstance(value, dict):
        members: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        return
    for name, inner in members:
        yield from _places(inner, (*path, str(name)))
