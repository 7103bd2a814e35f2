"""What is decoded in one go is bounded before, and what is answered is bounded as well."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
from starlette.requests import Request

from horarium.api import bodies, bulk
from horarium.api.bodies import (
    MOST_VALUES,
    WORKSPACE,
    Malformed,
    lines_of,
    parse_json,
    read_body,
    read_chunks,
)
from horarium.api.errors import problem_answer
from horarium.api.kit import registry
from horarium.api.models import Body
from horarium.domain.errors import Invalid, Problem, RateLimited, TooLarge
from tests.api.asking import BASE, NOW, ask, scheduled
from tests.support.house import House

MIB = 1024 * 1024
SIZE = 4 * MIB


@pytest.fixture(autouse=True)
def no_search_for_garbage() -> Iterator[None]:
    """What takes a second in a process that has run many tests, and would be measured along."""
    gc.disable()
    yield
    gc.enable()


def _filled(unit: bytes, begin: bytes = b"[", end: bytes = b"0]") -> bytes:
    return begin + unit * (SIZE // len(unit)) + end


TOO_MANY = {
    "numbers": _filled(b"1,"),
    "lists": _filled(b"[],"),
    "objects": _filled(b"{},"),
    "nested lists": _filled(b"[" * 50 + b"]" * 50 + b","),
    "texts": _filled(b'"",'),
    "texts of escapes": _filled(rb'"\"\\",'),
    "texts of backslashes": _filled(rb'"\\",'),
    "pairs": _filled(b'"a":1,', b"{", b'"a":1}'),
    "constants": _filled(b"null,"),
}


@pytest.mark.parametrize("what", TOO_MANY)
def test_a_body_of_very_many_values_is_refused_before_it_is_decoded(what: str) -> None:
    body = TOO_MANY[what]
    tracemalloc.start()
    before = time.thread_time()
    with pytest.raises(TooLarge, match=f"more than {MOST_VALUES} values"):
        parse_json(body)
    taken = time.thread_time() - before
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 0.5
    assert most < 12 * MIB


@pytest.mark.parametrize(
    "text",
    [
        "a,b:c[{" * 500_000,
        '\\"' * 1_000_000,
        "\\\\" * 1_000_000,
        "\\" + '"' * 200_001,
        "\n," * 300_000,
    ],
)
def test_marks_in_texts_are_no_values(text: str) -> None:
    value = {"input": [text, "x,y", {"a": ":,"}]}
    assert parse_json(orjson.dumps(value)) == value


@pytest.mark.parametrize("body", ['"' * SIZE, '["' + "\\" * SIZE, "," * 1000 + '"' + "x," * MIB, '"\\' * MIB])
def test_what_is_no_json_at_all_is_refused_as_quickly(body: str) -> None:
    before = time.thread_time()
    with pytest.raises((TooLarge, Malformed)):
        parse_json(body.encode())
    assert time.thread_time() - before < 0.5


def test_as_many_values_as_are_allowed_are_decoded() -> None:
    assert len(parse_json(b"[" + b"1," * (MOST_VALUES - 1) + b"1]")) == MOST_VALUES
    with pytest.raises(TooLarge):
        parse_json(b"[" + b"1," * MOST_VALUES + b"1]")


async def test_too_many_values_are_413() -> None:
    async with House.open(NOW) as house:
        body = b'{"input": [' + b"1," * MOST_VALUES + b"1]}"
        answer = await house.client.post(f"{BASE}/schedules", content=body)
        assert answer.status_code == 413
        assert "values" in answer.json()["detail"]


@pytest.mark.parametrize("api", ["own", *registry.load()])
def test_no_api_answers_a_refusal_with_more_than_it_takes_to_read(api: str) -> None:
    render = problem_answer if api == "own" else registry.load()[api].render
    scope = {"type": "http", "method": "POST", "path": "/x", "headers": [], "query_string": b"", "app": None}
    problems = [Problem(f"labels.{'x' * 10_000}{n}", "is wrong" * 1_000) for n in range(1_000)]
    answer = render(Invalid(problems), Request(scope))
    assert 400 <= answer.status < 500
    assert len(answer.body) < 400_000
    assert b"900 more problems are not listed" in answer.body


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/keys", {"name": "k", "scopes": ["x" * 100] * 1_500}, "scopes"),
        ("POST", "/principals", {"name": "p", "grants": ["x"] * 100_000}, "grants"),
        ("POST", "/principals/{me}/grants", {"targets": ["x"] * 100_000}, "targets"),
        (
            "POST",
            "/workspaces",
            {"name": "w", "settings": {f"x{n}": n for n in range(60_000)}},
            "settings",
        ),
        ("PATCH", "/workspaces/current", {"settings": {"timezone": ["UTC"]}}, "settings.timezone"),
        ("POST", "/tables", {"database": "d", "table": "t", "columns": [1] * 100_000}, "columns"),
        (
            "POST",
            "/schedules",
            {
                "name": "s",
                "recurrence": "@daily",
                "target": "t",
                "labels": {f"x{n}": n for n in range(60_000)},
            },
            "labels",
        ),
    ],
)
async def test_long_lists_of_wrong_things_are_refused_in_few_words(
    method: str, path: str, body: dict[str, object], field: str
) -> None:
    async with House.open(NOW) as house:
        me = (await ask(house, "GET", "/me"))["principal"]["id"]
        before = time.thread_time()
        answer = await house.client.request(method, f"{BASE}{path.format(me=me)}", json=body)
        assert time.thread_time() - before < 1.0
        assert answer.status_code == 400
        assert len(answer.content) < 50_000
        assert field in {one["field"] for one in answer.json()["errors"]}


async def test_bulk_ends_after_ten_thousand_refused_lines() -> None:
    async with House.open(NOW) as house:
        await scheduled(house)
        good = json.dumps({"name": "s", "recurrence": "@daily", "target": "t"})
        content = f"{good}\n" + "x\n" * 500_000 + f"{good}\n"
        answer = await house.client.post(f"{BASE}/schedules/bulk", content=content)
        assert answer.status_code == 200
        assert len(answer.content) < 4 * MIB
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["line"] for one in told] == list(range(1, bulk.MOST_REFUSED + 3))
        assert [told[n]["status"] for n in (0, 1, -2, -1)] == [201, 400, 400, 413]
        assert "10000 lines were refused" in told[-1]["detail"]
        assert len((await ask(house, "GET", "/schedules"))["items"]) == 2


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_REFUSED_BYTES"])
async def test_bulk_ends_where_its_answer_grows_too_large(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, limit, 200_000)
    async with House.open(NOW) as house:
        await scheduled(house)
        good = {"name": "s", "recurrence": "@daily", "target": "t"}
        bad = good | {"labels": {f"x{n}": 1 for n in range(50)}}
        line = json.dumps(good if limit == "MOST_BYTES" else bad)
        answer = await house.client.post(f"{BASE}/schedules/bulk", content=f"{line}\n" * 5_000)
        told = [json.loads(one) for one in answer.text.splitlines()]
        assert (told[-1]["status"], told[-1]["line"]) == (413, len(told))
        assert 10 < len(told) < 4_000
        assert len(answer.content) < 400_000
        made = sum(one["status"] == 201 for one in told)
        assert made == (0 if "REFUSED" in limit else len(told) - 1)


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (b"\xef\xbb\xbf{}", {}, "begins with a byte order mark (BOM); send UTF-8 without one"),
        ("{}".encode("utf-16"), {}, "is UTF-16; send UTF-8"),
        (gzip.compress(b"{}", mtime=0), {}, "is compressed (gzip); send it as it is"),
        (
            gzip.compress(b"{}", mtime=0),
            {"Content-Encoding": "gzip"},
            "is compressed (Content-Encoding: gzip); send it as it is",
        ),
        *(
            (b"{}", {"Content-Encoding": given}, f"is compressed (Content-Encoding: {given.strip().lower()})")
            for given in ("br", "BR", " Deflate", "gZIP", "x-gzip", "COMPRESS", "Zstd ")
        ),
    ],
)
async def test_a_body_in_another_encoding_is_told_which(body, headers, words):
    async with House.open(NOW) as house:
        for path in ("/horarium/v1/schedules", "/api/v1/schedules"):
            answer = await house.client.post(path, content=body, headers=headers)
            assert answer.status_code == 400, answer.text
            assert words in answer.text
            assert "surrogate" not in answer.text


async def test_imports_and_bulk_requests_that_are_compressed_are_told_so():
    async with House.open(NOW) as house:
        for method, path in (
            ("POST", "/horarium/v1/schedules/bulk"),
            ("PUT", "/horarium/v1/directory/users"),
        ):
            answer = await house.client.request(
                method, path, content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}
            )
            assert answer.status_code in (200, 400)
            assert "is compressed (Content-Encoding: gzip)" in answer.text


def _bodies(model: type[Body] = Body) -> Iterator[type[Body]]:
    for below in model.__subclasses__():
        yield below
        yield from _bodies(below)


def test_every_list_of_a_body_says_how_many_elements_it_may_have() -> None:
    """pydantic reports each wrong element of a list, and 200,000 reports hold the event loop for a second."""
    unbounded = [
        f"{model.__name__}.{name}"
        for model in _bodies()
        for name, field in model.model_json_schema(mode="validation").get("properties", {}).items()
        for shape in field.get("anyOf", [field])
        if shape.get("type") == "array" and "maxItems" not in shape
    ]
    assert unbounded == []


@pytest.mark.parametrize("end", [b"\nb", b"\n", b""])
async def test_a_line_is_as_long_as_is_allowed_and_no_longer_in_whatever_pieces_it_comes(end: bytes) -> None:
    async def told(text: bytes, size: int) -> list[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(text), size):
                yield text[at : at + size]

        return [line async for lines in lines_of(pieces(), 10) for line in lines]

    for size in range(1, 20):
        assert (await told(b"a\n" + b"x" * 10 + end, size))[:2] == [b"a", b"x" * 10]
        with pytest.raises(TooLarge, match="a line is longer than the 10 bytes"):
            await told(b"a\n" + b"x" * 11 + end, size)


@pytest.mark.parametrize("told", [True, False], ids=["with a length", "without"])
@pytest.mark.parametrize("read", [read_body, read_chunks])
async def test_a_body_is_as_long_as_is_allowed_and_no_longer(read, told: bool) -> None:
    async def taken(size: int) -> int:
        headers = [(b"content-length", str(size).encode())] if told else []
        pieces = [b"x" * 4] * (size // 4) + [b"x" * (size % 4)]
        messages = iter({"type": "http.request", "body": piece, "more_body": True} for piece in pieces)
        end = {"type": "http.request", "body": b"", "more_body": False}

        async def receive() -> dict[str, object]:
            return next(messages, end)

        found = read(Request({"type": "http", "headers": headers}, receive), 10)
        return len(await found) if read is read_body else sum([len(piece) async for piece in found])

    assert await taken(10) == 10
    with pytest.raises(TooLarge, match="larger than the 10 bytes"):
        await taken(11)


async def test_of_one_workspace_no_more_is_held_of_bodies_that_are_being_sent_than_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "MOST_BEGUN", 1_000_000)
    go_on = asyncio.Event()

    async def sent(scope: dict[str, Any], size: int) -> int:
        pieces = iter([b"x" * size, b"x"])

        async def receive() -> dict[str, object]:
            piece = next(pieces)
            if len(piece) == 1:
                await go_on.wait()
            return {"type": "http.request", "body": piece, "more_body": len(piece) > 1}

        return len(await read_body(Request({"type": "http", "headers": [], **scope}, receive), SIZE))

    def begin(scope: dict[str, Any], size: int) -> asyncio.Future[int]:
        return asyncio.ensure_future(sent(scope, size))

    mine, theirs, nobody = {WORKSPACE: {"id": "w"}}, {WORKSPACE: {"id": "v"}}, {"client": ("192.0.2.1", 1)}
    small = [begin(mine, 60_000) for _ in range(50)]
    held = [begin(mine, 400_000) for _ in range(2)]
    await asyncio.sleep(0.001)
    with pytest.raises(RateLimited, match="too many large bodies"):
        await sent(mine, 400_000)
    others = [begin(theirs, 900_000), begin(nobody, 900_000)]
    await asyncio.sleep(0.001)
    go_on.set()
    assert await asyncio.gather(*small, *held, *others) == [60_001] * 50 + [400_001] * 2 + [900_001] * 2
    assert await sent(mine, 900_000) == 900_001
    assert not bodies._begun
