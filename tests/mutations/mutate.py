"""Pure: a good request and random numbers in, a mutated request out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any
from urllib.parse import quote

from tests.mutations.json_values import INSTANTS, NUMBERS, TEXTS, Members, Raw, any_value, written

Place = tuple[str | int, ...]
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
CONTENT_TYPES = (
    JSON, NDJSON, CSV, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "*/*",
    "application/json; charset=utf-16", "application/json;charset=latin-1", "application/xml", "\xff\xfe", "a" * 5000,
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND")
# What the values of headers may be; they are bytes of Latin-1.
HEADER_VALUES = (
    "", " ", '"1"', "1", "W/\"1\"", "*", '"1", "2"', "-1", "9" * 30, "\xff", "\x00", "a" * 256, "a" * 255,
    "a" * 70_000, "x", "null", "0",
    "\u00b2".encode().decode("latin-1"), "Basic YTpi", "Bearer", "Bearer x", "Basic \xff",
)  # fmt: skip
# What is changed of a request, and how often by comparison.
PARTS = ("body", "path", "query", "headers", "content type", "method")
WITH_BODY, WITHOUT_BODY = (78, 6, 5, 5, 2, 2), (8, 30, 42, 12, 0, 6)
UNKNOWN_NAMES = (
    "x",
    "",
    "constructor",
    "time_zone",
    "Name",
    "a.b",
    "\x00",
    "id",
    "state",
    "version",
    "limit",
    "dialect",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A request before it is sent. `path` may hold anything; it is quoted. `body` is None where none is sent."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    # What was done to the good request, in order, and what stands for the places of its path.
    done: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query as they go over the wire. What is percent-encoded already stays so."""
        path = quote(self.path, safe="/%:@!$&'()*+,;=~-._", errors="surrogatepass")
        pairs = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in self.query)
        return f"{path}?{pairs}" if pairs else path

    def told(self) -> str:
        """The request in words, with which it can be made again."""
        body = "" if self.body is None else f" {self.body[:2000]!r} ({len(self.body)} bytes)"
        headers = [(name, text[:80]) for name, text in self.headers]
        return f"{self.method} {self.target[:500]} {headers}{body} <- {', '.join(self.done)}"


def _quoted(text: str) -> str:
    return quote(text, safe="%:@/,+*", errors="surrogatepass")


@dataclass(frozen=True, slots=True)
class Good:
    """A request that is accepted. `path` is as the route declares it, `places` what stands for its places; a body is
    a value, or the items of an import."""

    method: str
    path: str
    places: Mapping[str, str]
    query: Mapping[str, str]
    known_query: Sequence[str]
    headers: Mapping[str, str]
    media: str
    body: Any
    # Bodies of other routes, from which fields are taken over.
    others: Sequence[Any]

    @property
    def has_body(self) -> bool:
        return self.body is not NO_BODY


class NoBody(Enum):
    """Stands for the body of a request that has none."""

    NO_BODY = "no body"


NO_BODY = NoBody.NO_BODY


def mutate(good: Good, random: Random, changes: int | None = None) -> Mutant:
    """A request that differs from a good one at some places, at `changes` where that is given. Without it one of eight
    does not differ at all."""
    changes = _how_many(random) if changes is None else changes
    done: list[str] = []
    body, places, query = copy.deepcopy(good.body), dict(good.places), list(good.query.items())
    headers, method, media = list(good.headers.items()), good.method, good.media
    for _ in range(changes):
        match random.choices(PARTS, WITH_BODY if good.has_body else WITHOUT_BODY)[0]:
            case "body" if good.has_body:
                body = _other_body(body, good.others, random, done)
            case "body":
                body = {} if random.random() < 0.5 else any_value(random)
                done.append("a body where none is expected")
            case "path" if places:
                name = random.choice(sorted(places))
                places[name] = _other_id(places[name], random)
                done.append(f"{{{name}}}")
            case "query":
                query = _other_query(query, good.known_query, random, done)
            case "headers":
                headers = _other_headers(headers, random, done)
            case "content type" if good.has_body:
                media = random.choice(CONTENT_TYPES)
                done.append("content type")
            case "method" if random.random() < 0.5:
                method = random.choice(METHODS)
                done.append("method")
    path = good.path
    for name, text in places.items():
        path = path.replace(f"{{{name}}}", text)
    content = None if body is NO_BODY else _content(body, good.media)
    if content is not None and changes and random.random() < 0.07:
        content = _other_bytes(content, random, done)
    if content is not None and media and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", media))
    return Mutant(method, path, query, headers, content, tuple(done), places)


def _how_many(random: Random) -> int:
    return random.choices((0, 1, 2, 3, 6), (12, 58, 20, 7, 3))[0]


# Bodies


def places_of(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where there is a value within a body, that of the body itself first."""
    yield at
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places_of(inner, (*at, name))
    elif isinstance(value, list) and not isinstance(value, Members):
        for number, inner in enumerate(value[:20]):
            yield from places_of(inner, (*at, number))


def value_at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def put(body: Any, place: Place, value: Any) -> Any:
    """A body with another value at a place."""
    if not place:
        return value
    copied = copy.copy(body)
    copied[place[0]] = put(body[place[0]], place[1:], value)
    return copied


def _other_body(body: Any, others: Sequence[Any], random: Random, done: list[str]) -> Any:
    if isinstance(body, bytes):
        return _other_bytes(body, random, done)
    found = list(places_of(body))
    place = random.choice(found[1:] or found) if random.random() < 0.97 else ()
    old = value_at(body, place)
    within = isinstance(old, dict) and not isinstance(old, Raw)
    name = next((step for step in reversed(place) if isinstance(step, str)), "")
    told = ".".join(map(str, place)) or "the body"
    kind = random.random()
    if kind < 0.55:
        done.append(f"{told} replaced")
        return put(body, place, any_value(random, name))
    if kind < 0.68:
        done.append(f"{told} nudged")
        return put(body, place, _nudged(old, random))
    if kind < 0.76 and place and isinstance(place[-1], str):
        done.append(f"{told} left out")
        owner = dict(value_at(body, place[:-1]))
        del owner[place[-1]]
        return put(body, place[:-1], owner)
    if not within:
        place = place[:-1] if place and isinstance(place[-1], str) else ()
        old = value_at(body, place)
    if not isinstance(old, dict):
        return put(body, place, any_value(random, name))
    told = ".".join(map(str, place)) or "the body"
    if kind < 0.84 and old:
        twice = random.choice(list(old))
        done.append(f"{told}.{twice} given twice")
        again = old[twice] if random.random() < 0.5 else any_value(random, twice)
        return put(body, place, Members([*old.items(), (twice, again)]))
    if kind < 0.92 and others:
        other = random.choice(others)
        if isinstance(other, dict) and other:
            taken = random.choice(list(other))
            done.append(f"{told}.{taken} taken over")
            return put(body, place, {**old, taken: other[taken]})
    added = random.choice(UNKNOWN_NAMES)
    done.append(f"{told}.{added} added")
    return put(body, place, {**old, added: any_value(random, added)})


def _nudged(value: Any, random: Random) -> Any:
    """A value that is near another one."""
    if isinstance(value, bool) or value is None:
        return random.choice((True, False, None, 0, 1, "true", ""))
    if isinstance(value, int | float):
        return random.choice((value + 1, value - 1, -value, value * 1000, value + 0.5, str(value), [value]))
    if isinstance(value, str) and not isinstance(value, Raw):
        hostile = random.choice(TEXTS)
        at = random.randrange(len(value) + 1)
        pick = random.randrange(7)
        if pick == 0:
            return value[:at]
        if pick == 1:
            return value + " "
        if pick == 2:
            return value.swapcase()
        if pick == 3:
            return [value]
        if pick == 4:
            return value[:at] + random.choice("0123456789-+.:/,*?#LW\x00\u00e9\U0001f600 ") + value[at + 1 :]
        return value[:at] + (hostile if not isinstance(hostile, Raw) else "\ud800") + value[at:]
    if isinstance(value, list) and not isinstance(value, Members):
        return random.choice((value * 2, value * 50, value[::-1], value[:-1], [value], [*value, None]))
    return [value]


def _content(body: Any, media: str) -> bytes:
    if isinstance(body, bytes):
        return body
    if media == NDJSON and isinstance(body, list):
        return b"\n".join(written(item) for item in body)
    return written(body)


def _other_bytes(content: bytes, random: Random, done: list[str]) -> bytes:
    at = random.randrange(len(content) + 1)
    done.append("bytes of the body")
    return random.choice(
        (
            content[:at],
            content[:at] + bytes([random.randrange(256)]) + content[at + 1 :],
            content[:at] + bytes([random.randrange(256)]) + content[at:],
            content[:at] + content[at + 1 :],
            b"\xef\xbb\xbf" + content,
            content.decode(errors="replace").encode("utf-16"),
            content.decode(errors="replace").encode("utf-32"),
            content + content,
            content + b"\x00",
            content + b"\n\n{}",
            b" " * 3000 + content,
            b"\x1f\x8b\x08\x00" + content,
            b"a=b&c=d",
            b"",
            b"\n",
            b"\xff",
            b"id,name\r1,a\r2,b",
            b'id,name\n1,"a\n2,b',
            content.replace(b'"', b"'"),
            content.replace(b":", b"="),
        )
    )


# Paths, parameters and headers


def _other_id(stands: str, random: Random) -> str:
    at = random.randrange(len(stands) + 1)
    hostile = random.choice(TEXTS)
    texts = (
        stands.swapcase(),
        stands[:at],
        stands + "0",
        stands[:at] + random.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ-_~") + stands[at + 1 :],
        stands[::-1],
        stands + "%2F",
        stands + "/",
        stands + "%00",
        stands + "%ff",
        stands + "%",
        stands + "?",
        "%25",
        ".",
        "..",
        "\u00e9",
        "0" * 26,
        "9" * 300,
        str(random.choice([number for number in NUMBERS if not isinstance(number, Raw)])),
        "\ud800" if isinstance(hostile, Raw) else hostile[:3000],
        "\ud800" if isinstance(hostile, Raw) else hostile[:3000],
    )
    return random.choice(texts) or "x"


def _other_query(
    query: list[tuple[str, str]], known: Sequence[str], random: Random, done: list[str]
) -> list[tuple[str, str]]:
    if known and random.random() < 0.9:
        name = random.choice(known)
    else:
        name = random.choice(UNKNOWN_NAMES)
    value = _text_of(any_value(random, name), random)
    done.append(f"?{name}")
    if random.random() < 0.1:
        return [*query, (name, value), (name, _text_of(any_value(random, name), random))]
    return [*((other, text) for other, text in query if other != name), (name, value)]


def _text_of(value: Any, random: Random) -> str:
    if isinstance(value, str) and not isinstance(value, Raw):
        return value[:8000]
    if random.random() < 0.1:
        return random.choice(
            ("%ff", "%", "%zz", "%u0041", "%00", "%ed%a0%80", "+", "%2B1", random.choice(INSTANTS))
        )
    return written(value).decode()[:8000]


def _other_headers(headers: list[tuple[str, str]], random: Random, done: list[str]) -> list[tuple[str, str]]:
    name = random.choice(
        ("if-match", "idempotency-key", "accept", "x-request-id", "content-type", "authorization", "x-api-key",
        "accept-encoding",
         "content-encoding", "content-length", "transfer-encoding", "if-none-match", "range", "origin", "host",
         "cookie", "x-forwarded-for",
         "x-http-method-override", "expect", "cf-access-jwt-assertion"),
    )  # fmt: skip
    done.append(name)
    return [*headers, (name, random.choice(HEADER_VALUES))]
