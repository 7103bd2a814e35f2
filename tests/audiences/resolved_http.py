"""What endpoints of audiences are asked, and which rows come of their answers: chapters of `resolved.txt`."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from typing import Any
from unittest.mock import patch

import orjson

from horarium.audiences import http
from horarium.domain.audience import AudienceQuery
from horarium.domain.host_lists import host_list
from tests.audiences.resolved_world import BORROWER, NOW_MS, WORKSPACE, World
from tests.support.wire import CUT, RESET, SILENCE, Step, answer

URL = "http://example.com/audience"
GET: Mapping[str, Any] = {"url": URL + "?token=a&Kind[]=b", "method": "GET"}

CONFIGS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "a POST": ({"url": URL}, {}),
    "a POST with a filter": (
        {"url": URL, "method": "POST"},
        {"team": "red", "ids": [1, None], "cursor": "mine"},
    ),
    "a GET": ({"url": URL, "method": "GET"}, {}),
    "a GET with a filter": (
        GET,
        {"team": "ä b&c", "ids": [1, None], "n": 1, "yes": True, "none": None, "o": {"a": 1}},
    ),
    "a GET whose filter names what its URL names": (GET, {"token": "b", "kind": "c"}),
    "a GET whose filter names the page": (GET, {"limit": 9, "cursor": "x"}),
    "headers": ({"url": URL, "headers": {"Authorization": "Bearer sesame-open", "X-Team": "red"}}, {}),
    "a header that is ours": (
        {"url": URL, "headers": {"HORARIUM-workspace": "ws_other", "Content-Type": "text/x"}},
        {},
    ),
    "a page size": ({"url": URL, "page_size": 2}, {}),
    "a page size that is not whole": ({"url": URL, "page_size": 2.9}, {}),
    "a key and paths": ({"url": URL, "key": "mail", "rows": "a.b", "next": "a.c"}, {}),
    "a time": ({"url": URL, "timeout": 0.5}, {}),
}
SHAPES: Mapping[str, Any] = {
    "keys of every kind": {
        "data": [{"id": key} for key in (1, "b", "", 0, -1, True, None, 1.5, [1], 2**64, 2**70)]
    },
    "no key": {"data": [{"name": "a"}]},
    "nothing": {"data": []},
    "no list": {"rows": [{"id": 1}]},
    "null for a list": {"data": None},
    "an object for a list": {"data": {"id": 1}},
    "a text in the list": {"data": [{"id": 1}, "x"]},
    "a list": [{"id": 1}],
    "null": None,
}
CURSORS: Mapping[str, Sequence[Any]] = {
    "a text": ("c1", None),
    "an empty one": ("c1", ""),
    "a number": (1, None),
    "zero": (0, None),
    "false": (False, None),
    "an object": ({"a": 1}, None),
    "the same twice": ("c1", "c1"),
    "the same after another": ("c1", "c2", "c1"),
    "1 and its text": (1, "1", None),
    "at its bound": ("x" * 4_096, None),
    "above its bound": ("x" * 4_097, None),
}
BODIES: Mapping[str, list[Step]] = {
    "broken JSON": answer(200, b'{"data": ['),
    "nothing at all": answer(200, b""),
    "a page": answer(200, b"<html>"),
    "gzip": answer(200, gzip.compress(b'{"data": [{"id": 1}]}', mtime=0), {"Content-Encoding": "gzip"}),
    "brotli": answer(200, b"x", {"Content-Encoding": "br"}),
    "a bomb": answer(200, gzip.compress(b" " * 3_000, mtime=0), {"Content-Encoding": "gzip"}),
    "at the largest": answer(200, b'{"data": []}'.ljust(2_000)),
    "above the largest": answer(200, b'{"data": []}'.ljust(2_001)),
    "as many values as there may be": answer(200, b'{"data": [' + b", ".join([b"{}"] * 98) + b"]}"),
    "closed": [CUT],
    "reset": [RESET],
    "closed in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", CUT],
    "not HTTP": [b"SSH-2.0-OpenSSH_9.2\r\n", CUT],
    "silence": [SILENCE],
    "silence in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", SILENCE],
}
STATUSES = (201, 204, 206, 301, 304, 400, 401, 403, 404, 408, 410, 425, 429, 499, 500, 502, 503, 599)


def page(rows: Any, cursor: Any = None) -> list[Step]:
    return answer(200, orjson.dumps({"data": rows, "next_cursor": cursor}))


async def chapters(world: World) -> None:
    source = http.make(world.options())
    said = world.page
    said.chapter("http: what is asked")
    for title, (config, given) in CONFIGS.items():
        for suffix, who in (("", None), (", by a borrower", BORROWER)):
            nested = orjson.dumps(
                {"a": {"b": [{"mail": "a@b"}], "c": None}, "data": [{"id": 1, "mail": "sesame-open"}]}
            )
            world.wire.answers = [answer(200, nested)]
            await world.read(title + suffix, source, config, given, who)
    said.case("filters that are refused")
    for given in ({"token": 1}, {"KIND": 1}, {"kind[]": 1}, {" token ": 1}, {"other": 1}):
        for who in (None, BORROWER):
            for config in (GET, {**GET, "method": "POST"}):
                said.problems(
                    source.check_filter(AudienceQuery(WORKSPACE, "crm", given, NOW_MS, config, who))
                )
    said.chapter("http: what comes of answers")
    for title, shape in SHAPES.items():
        try:
            body = orjson.dumps(shape)
        except TypeError:
            body = repr(shape).replace("'", '"').replace("True", "true").replace("None", "null").encode()
        world.wire.answers = [answer(200, body)]
        await world.read(title, source, {"url": URL})
    for title, cursors in CURSORS.items():
        for method in ("POST", "GET"):
            world.wire.answers = [page([{"id": number}], cursor) for number, cursor in enumerate(cursors)]
            await world.read(f"a cursor: {title}, {method}", source, {"url": URL, "method": method})
    for count in (999, 1_000, 1_001, 2_000):
        world.wire.answers = [page([{"id": number} for number in range(count)])]
        await world.read(f"{count} rows in a page", source, {"url": URL})
    world.wire.answers = [answer(200, b'{"data": [{"id": 1, "a": ' + b"[" * 150 + b"]" * 150 + b"}]}")]
    await world.read("too deep", source, {"url": URL})
    world.wire.answers = [page([{"id": 1}], "c1"), answer(500)]
    await world.read("a second page that fails", source, {"url": URL})
    world.wire.answers = [page([{"id": number} for number in range(1_001)], "c1"), page([{"id": 1}])]
    await world.read("a reader that leaves", source, {"url": URL}, most=1)
    for status in STATUSES:
        world.wire.answers = [answer(status, b"{}")]
        await world.read(f"{status}", source, {"url": URL})
    await _bounded(world, source)
    await source.close()
    await _elsewhere(world)


async def _bounded(world: World, source: http.HttpSource) -> None:
    """Answers at bounds that are lower here, so that they are reached at once."""
    with patch.object(http, "LARGEST_PAGE", 2_000), patch.object(http, "MOST_VALUES", 100):
        for title, steps in BODIES.items():
            world.wire.answers = [steps]
            await world.read(title, source, {"url": URL, "timeout": 0.05 if SILENCE in steps else 5})
        for count in (97, 98, 99):
            world.wire.answers = [answer(200, b'{"data": [' + b", ".join([b"1"] * count) + b"]}")]
            await world.read(f"{count} values in a list", source, {"url": URL})
    with patch.object(http, "MOST_PAGES", 3):
        for count in (3, 4):
            world.wire.answers = [
                page([], f"c{number}" if number < count else None) for number in range(1, count + 1)
            ]
            await world.read(f"{count} pages", source, {"url": URL})


async def _elsewhere(world: World) -> None:
    world.page.chapter("http: where nobody may be, or nobody is")
    source = http.make(world.options())
    for url in (
        "http://127.0.0.1/",
        "http://10.1.1.1/",
        "http://8.8.8.8/",
        "http://other.example/",
        "ftp://example.com/",
    ):
        await world.read(url, source, {"url": url})
    await source.close()
    for more in (
        {"deny_hosts": ("example.com",)},
        {"allowed_hosts": lambda _: host_list(("other.example",))},
    ):
        narrow = http.make(world.options(**more))
        await world.read(next(iter(more)), narrow, {"url": URL})
        world.page.problems(narrow.check_hosts(WORKSPACE, {"url": URL}))
        await narrow.close()
    public, secrets = source.split({"url": URL, "headers": {"Authorization": "Bearer word", "X-Team": "red"}})
    world.page.say(f"is stored as {public} with {sorted(secrets)}")
