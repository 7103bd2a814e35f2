"""The worst that a sender can put into a request: one generator for each kind of value, as data.

A generator takes a size in bytes and gives JSON text of about that size. They are what parsers, checks and templates
have been slow at: much of one thing, deep nesting, what nearly matches, what has to be escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

Generator = Callable[[int], bytes]

# As many values as a body may hold, less what the rest of the body needs.
VALUES = 190_000


def _text(unit: str, begin: str = "", end: str = "") -> Generator:
    """A JSON string of one unit, again and again. The unit is written as it stands in JSON."""

    def made(size: int) -> bytes:
        body = unit.encode()
        return b'"' + begin.encode() + body * max(1, size // len(body)) + end.encode() + b'"'

    return made


def _array(element: bytes) -> Generator:
    def made(size: int) -> bytes:
        marks = 1 + sum(element.count(mark) for mark in (b",", b":", b"[", b"{"))
        count = max(1, min(size // (len(element) + 1), VALUES // marks))
        return b"[" + b",".join([element] * count) + b"]"

    return made


def _behind(others: bytes, last: bytes) -> Generator:
    return lambda size: _array(others)(size)[:-1] + b"," + last + b"]"


def _members(name: Callable[[int], str], value: bytes) -> Generator:
    def made(size: int) -> bytes:
        longest = len(orjson.dumps(name(10**5))) + len(value) + 2
        marks = 2 + sum(value.count(mark) for mark in (b",", b":", b"[", b"{"))
        count = max(1, min(size // longest, VALUES // marks))
        return b"{" + b",".join(orjson.dumps(name(n)) + b":" + value for n in range(count)) + b"}"

    return made


def _nested(opening: bytes, closing: bytes, inner: Generator) -> Generator:
    """As deep as is accepted, with something large at the bottom."""
    return lambda size: opening * 90 + inner(size) + closing * 90


TEXTS: Mapping[str, Generator] = {
    "letters": _text("a"),
    "spaces": _text(" "),
    "words": _text("word "),
    "line ends": _text("\\n"),
    "NUL": _text("\\u0000"),
    "escaped quotes": _text('\\"'),
    "backslashes": _text("\\\\"),
    "emoji": _text("\U0001f600"),
    "escaped emoji": _text("\\ud83d\\ude00"),
    "digits": _text("9"),
    "stars": _text("* "),
    "a cron list": _text("1,", end="1 * * * *"),
    "cron ranges": _text("1-2,", end="1 * * * *"),
    "a length of time": _text("1h"),
    "template openings": _text("{{"),
    "a template of spaces": _text(" ", "{{", "x"),
    "templates": _text("{{ input.a }}"),
    "templates without an end": _text("{{ a "),
    "percent signs": _text("%41"),
    "dots": _text("a."),
    "an address": _text("a", "http://", ".example/"),
    "a path": _text("../"),
    "at signs": _text("a@"),
    "brackets": _text("["),
    "SQL": _text("(", "SELECT "),
    "an instant": _text("0", "2026-03-01T12:00:00.", "Z"),
    "base64": _text("QUFB"),
    "semicolons": _text(";"),
}
ARRAYS: Mapping[str, Generator] = {
    "numbers": _array(b"1"),
    "large numbers": _array(b"123456789012345678"),
    "numbers of 19 digits": _array(b"1234567890123456789"),
    "numbers of 20 digits that fit": _array(b"-9223372036854775808"),
    "numbers of too many digits": _array(b"99999999999999999999"),
    "one number of too many digits behind others": _behind(b"1234567890123456789", b"99999999999999999999"),
    "texts of digits": _array(b'"1234567890123456789"'),
    "objects with a name twice": _array(b'{"a":1,"a":2}'),
    "decimals": _array(b"1.7976931348623157e308"),
    "texts": _array(b'"abcdefghijklmnop"'),
    "empty texts": _array(b'""'),
    "nulls": _array(b"null"),
    "lists": _array(b"[]"),
    "objects": _array(b"{}"),
    "objects with a type": _array(b'{"type":"text","name":"x"}'),
    "pairs": _array(b'{"key":"a","value":"b"}'),
    "long texts": lambda size: b"[" + b",".join([TEXTS["letters"](size // 8)] * 8) + b"]",
    "deep lists": _nested(b"[", b"]", _array(b"1")),
}
OBJECTS: Mapping[str, Generator] = {
    "many members": _members(lambda n: f"k{n}", b"1"),
    "members with texts": _members(lambda n: f"name {n}", b'"{{ x }}"'),
    "members with objects": _members(lambda n: f"k{n}", b'{"a":[1]}'),
    "long names": _members(lambda n: f"{n}" + "x" * 100_000, b"1"),
    "names of templates": _members(lambda n: f"{{{{ a{n} }}}}", b"null"),
    "names with dots": _members(lambda n: f"a.b.{n}", b"[]"),
    "header names": _members(lambda n: f"X-Header-{n}", b'"v"'),
    "deep objects": _nested(b'{"a":', b"}", _members(lambda n: f"k{n}", b"1")),
    "one long text": lambda size: b'{"a":' + TEXTS["letters"](size) + b"}",
    "one long list": lambda size: b'{"a":' + ARRAYS["numbers"](size) + b"}",
}
NUMBERS: Mapping[str, Generator] = {
    "digits": lambda size: b"9" * size,
    "zeros after the point": lambda size: b"0." + b"0" * size + b"1",
    "a large exponent": lambda size: b"1e" + b"9" * min(size, 1_000),
}
ANY: Mapping[str, Generator] = {
    f"{kind} ({name})": made
    for kind, table in (("text", TEXTS), ("array", ARRAYS), ("object", OBJECTS), ("number", NUMBERS))
    for name, made in table.items()
}
# Bodies that are read as they are, and what no JSON is.
RAW: Mapping[str, Generator] = {
    "nothing but spaces": lambda size: b" " * size,
    "lines of x": lambda size: b"x\n" * (size // 2),
    "empty objects on lines": lambda size: b"{}\n" * (size // 3),
    "line ends": lambda size: b"\n" * size,
    "opening brackets": lambda size: b"[" * size,
    "opening braces": lambda size: b'{"a":' * (size // 5),
    "quotes": lambda size: b'"' * size,
    "a cell of line ends": lambda size: b'id\n"' + b"\n" * (size - 4),
    "short CSV records": lambda size: b"id\n" + b"1\n" * (size // 2),
    "many columns": lambda size: b"id" + b",a" * 900 + b"\n" + (b"," * 900 + b"\n") * (size // 901),
    "a list of numbers": lambda size: b"[" + b"1," * (size // 2) + b"1]",
    "a list of objects with an id": lambda size: b"[" + b'{"id":"a"},' * (size // 11) + b'{"id":"b"}]',
    "no UTF-8": lambda size: b"\xff" * size,
}
BY_TYPE: Mapping[str, Mapping[str, Generator]] = {
    "string": TEXTS,
    "array": ARRAYS,
    "object": OBJECTS,
    "integer": NUMBERS,
    "number": NUMBERS,
    "any": ANY,
}
# For query parameters and places in paths, which are bounded by the size of a request's head.
IN_ADDRESSES: Mapping[str, Callable[[int], str]] = {
    "letters": lambda size: "a" * size,
    "digits": lambda size: "9" * size,
    "percent signs": lambda size: "%25" * (size // 3),
    "escaped letters": lambda size: "%61" * (size // 3),
    "commas": lambda size: "1," * (size // 2),
    "no UTF-8": lambda size: "%ff" * (size // 3),
}

_PLACE = "\0here\0"


def with_value(good: Any, where: tuple[str, ...], value: bytes) -> bytes:
    """A good body as JSON, with other text at one place."""
    marked = _put(good, where, _PLACE)
    before, after = orjson.dumps(marked).split(orjson.dumps(_PLACE))
    return before + value + after


def _put(body: Any, where: tuple[str, ...], value: Any) -> Any:
    name, *rest = where
    body = body if isinstance(body, dict) else {}
    return {**body, name: _put(body.get(name), tuple(rest), value) if rest else value}


def fields_of(page: Any, schema: Any, depth: int = 0) -> Iterator[tuple[tuple[str, ...], str]]:
    """(place, type) of the fields that an OpenAPI page describes for a body, those of inner objects included."""
    schema = _resolved(page, schema)
    for name, described in schema.get("properties", {}).items():
        found = _resolved(page, described)
        types = found.get("type", "string" if "enum" in found else "any")
        for kind in [types] if isinstance(types, str) else types:
            if kind not in ("null", "boolean"):
                yield (name,), kind if kind in BY_TYPE else "any"
        if found.get("properties") and depth < 2:
            for where, kind in fields_of(page, found, depth + 1):
                yield (name, *where), kind


def _resolved(page: Any, schema: Any) -> Any:
    if "$ref" in schema:
        return _resolved(page, page["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            return _resolved(page, choice)
    return schema
