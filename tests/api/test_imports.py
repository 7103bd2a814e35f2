"""Bodies that are read item by item: whatever is sent, it costs as much as it is long, and others get their turns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from horarium.api.bodies import lines_of
from horarium.api.csv_items import csv_items
from horarium.api.imports import LONGEST, items_of, list_items
from horarium.domain.errors import Invalid, Problem, TooLarge
from tests.support.turns import longest_hold

KIB = 1024
SIZE = 256 * KIB
# Seconds: far above what is needed, and far below what a quadratic reader takes.
HOLD_S, WHOLE_S = 0.2, 8


class _Request:
    """What `items_of` asks of a request. Each chunk is waited for, as it is from a socket."""

    def __init__(self, body: bytes, size: int, content_type: str = "") -> None:
        self.headers = {"content-type": content_type}
        self.scope: dict[str, Any] = {}
        self._body, self._size = body, size

    async def stream(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), self._size):
            await asyncio.sleep(0)
            yield self._body[at : at + self._size]


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


async def _cut(text: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


# A quarter of a MiB each: the first one used to take ten seconds.
WORST = {
    "a quoted cell of line ends": (b'id\n"' + b"\n" * SIZE, "text/csv"),
    "quoted cells of line ends": (b"id\n" + (b'"' + b"\n" * (SIZE // 4) + b'"\n') * 4, "text/csv"),
    "a cell that is never closed": (b'id\n"' + b"x\n" * (SIZE // 2), "text/csv"),
    "quotes": (b"id\n" + b'"' * SIZE, "text/csv"),
    "quotes on lines of their own": (b"id\n" + b'"\n' * (SIZE // 2), "text/csv"),
    "doubled quotes in an open cell": (b'id\n"' + b'x""\n' * (SIZE // 4), "text/csv"),
    "three quotes on each line": (b"id\n" + b'"""\n' * (SIZE // 4), "text/csv"),
    "open cells on each line": (b"id\n" + b'1,"x\n' * (SIZE // 5), "text/csv"),
    "lone CRs": (b"id\r" + b"\r" * SIZE, "text/csv"),
    "short records of a Mac": (b"id\r" + b"1\r" * (SIZE // 2), "text/csv"),
    "short records": (b"id\n" + b"1\n" * (SIZE // 2), "text/csv"),
    "short quoted records": (b"id\n" + b'""\n' * (SIZE // 3), "text/csv"),
    "records of many cells": (b"id" + b",a" * 999 + b"\n" + (b"," * 999 + b"\n") * 250, "text/csv"),
    "empty lines": (b"\n" * SIZE, "application/x-ndjson"),
    "short objects": (b"{}\n" * (SIZE // 3), "application/x-ndjson"),
    "white space": (b" " * 2 * SIZE, ""),
    "white space before a list": (b" " * 2 * SIZE + b"[]", ""),
    "white space in a list": (b"[" + b" " * 2 * SIZE + b"]", ""),
    "white space around numbers": (b"[" + (b"1" + b" " * (SIZE // 4) + b",") * 4 + b"1]", ""),
    "a list of numbers": (b"[" + b"1," * (SIZE // 2) + b"1]", ""),
    "a list of long lists": (b"[" + (b"[" + b"1," * (SIZE // 5) + b"1],") * 2 + b"1]", ""),
    "a list of long texts": (b"[" + (b'"' + b"x" * (SIZE // 2) + b'",') * 2 + b"1]", ""),
    "opening brackets": (b"[" * SIZE, ""),
    "an endless text in a list": (b'["' + b"\\n" * SIZE, ""),
}


@pytest.mark.parametrize("size", [16, 64 * KIB])
@pytest.mark.parametrize("what", WORST)
async def test_no_import_holds_the_server(what: str, size: int) -> None:
    """In large chunks, and in small ones as a slow sender has it."""
    body, content_type = WORST[what]

    async def reading() -> None:
        try:
            async for _ in items_of(_Request(body, size, content_type), 1024 * SIZE):  # type: ignore[arg-type]
                pass
        except (TooLarge, Invalid):
            pass

    before = time.thread_time()
    assert await longest_hold(reading()) < HOLD_S
    assert time.thread_time() - before < WHOLE_S


@pytest.mark.parametrize("line", [b"\n", b"\r", b"x\n"])
async def test_others_get_their_turn_within_one_cell(line: bytes) -> None:
    """One cell of as many bytes as a line may have, in as large chunks as the network gives."""
    body = b'id\n"' + line * (2 * LONGEST // len(line))

    async def reading() -> None:
        async for _ in csv_items(_cut(body, 256 * KIB), LONGEST):
            pass

    assert await longest_hold(reading()) < HOLD_S


async def test_lines_are_the_same_however_small_the_chunks_are() -> None:
    text = b"\na\n\nbc\r\n" + b"x" * 100 + b"\nlast"
    for size in (1, 2, 3, 7, 1000):
        found = await _all(lines_of(_cut(text, size), 100))
        assert [line for lines in found for line in lines] == text.split(b"\n")
        with pytest.raises(TooLarge, match="longer than the 99 bytes"):
            await _all(lines_of(_cut(text, size), 99))


async def test_a_cell_may_be_long_and_hold_lines_but_not_without_end() -> None:
    cell = "\n".join(["y" * 99] * 1_000)
    endless = "z\n" * LONGEST
    text = f'id,a\n1,"{cell}"\n2,"{endless}3,c\n'.encode()
    found = await _all(csv_items(_cut(text, 5_000), LONGEST))
    assert found[0] == (2, {"id": "1", "a": cell})
    assert found[1][0] == 1_002
    assert "is not closed" in found[1][1].message
    assert found[-1] == (LONGEST + 1_002, {"id": "3", "a": "c"})


@pytest.mark.parametrize("header", [b'id,"a"b\n', b"id," + b"," * 1_000 + b"\n"])
async def test_a_first_line_that_is_no_header_is_refused(header: bytes) -> None:
    with pytest.raises(Invalid, match="first line"):
        await _all(csv_items(_cut(header, 100), LONGEST))


async def test_an_element_that_comes_in_tiny_chunks_is_not_decoded_again_for_each() -> None:
    text = b'[1, {"a": "' + b"x" * (200 * KIB) + b'"}, 2]'
    before = time.thread_time()
    found = await _all(list_items(_cut(text, 1)))
    assert [number for number, _ in found] == [1, 2, 3]
    assert time.thread_time() - before < 3


async def test_an_element_longer_than_allowed_ends_the_list() -> None:
    found = await _all(list_items(_cut(b'[1, "' + b"x" * (2 * LONGEST) + b'", 2]', 1_000)))
    assert found[0] == (1, 1)
    assert isinstance(found[1][1], Problem)
    assert len(found) == 2


A, B = {"id": "a"}, {"id": "b"}
NDJSON = "application/x-ndjson; charset=utf-8"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf", b" \r\n\t "], ids=["nothing", "a mark", "white space"]
)
@pytest.mark.parametrize(
    ("body", "content_type", "items"),
    [
        (b'[{"id": "a"}, {"id": "b"}]', "", [(1, A), (2, B)]),
        (b'[ {"id":"a"} ,\n{"id":"b"} ]\n', "application/json", [(1, A), (2, B)]),
        (b"[]", "", []),
        (b'{"id": "a"}\n\n  \n{"id": "b"}', "", [(1, A), (4, B)]),
        (b'{"id": "a"}\r\n{"id": "b"}\r\n', NDJSON, [(1, A), (2, B)]),
        (b'{"id": "\xc3\xa9"}\n', NDJSON, [(1, {"id": "\u00e9"})]),
        (b'{"id": "a"}\n', "application/ndjson", [(1, A)]),
        (b'{"id": "a"}\n', "application/jsonl", [(1, A)]),
        (b"id,name\na,\n\nb,B\n", "", [(2, A), (4, {"id": "b", "name": "B"})]),
        (b"id;name\na;\nb;\n", "text/csv", [(2, A), (3, B)]),
        (b"{x},id\n,a\n,b\n", "Text/CSV ;header=present", [(2, A), (3, B)]),
        (b'"x"\n{"id": "a"}\n', "APPLICATION/X-NDJSON", [(1, "x"), (2, A)]),
    ],
)
async def test_items_are_the_same_however_a_body_arrives(
    body: bytes, content_type: str, items: list[Any], before: bytes, size: int
) -> None:
    lines = before.count(b"\n") if not body.startswith(b"[") else 0
    request: Any = _Request(before + body, size, content_type)
    found = await _all(items_of(request, 10 * SIZE))
    assert [(number - lines, item) for number, item in found] == items


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize(
    ("body", "words", "known"),
    [
        (b'[{"id": "a"} {"id": "b"}]', "is not valid JSON", []),
        (b'[{"id": "a"}, {"id": "b"}', "is not valid JSON", [(1, A)]),
        (b'[{"id": "a"}] and more', "is not valid JSON", [(1, A)]),
        (b'[{"id": "a"}, NaN]', "is not valid JSON", [(1, A)]),
    ],
)
async def test_a_list_that_breaks_off_is_read_up_to_there_and_no_further(
    body: bytes, words: str, known: list[Any], size: int
) -> None:
    *found, (number, problem) = await _all(list_items(_cut(body, size)))
    assert found == known
    assert isinstance(problem, Problem)
    assert words in problem.message
    assert number == len(found) + 1


@pytest.mark.parametrize("size", [1, 3, 1_000])
async def test_a_list_that_is_not_utf_8_ends_with_a_problem(size: int) -> None:
    *found, (number, problem) = await _all(list_items(_cut(b'[{"id": "a"}, "\xff"], {"id": "b"}]', size)))
    assert found in ([(1, A)], [])
    assert isinstance(problem, Problem)
    assert number == len(found) + 1


@pytest.mark.parametrize(("length", "fits"), [(LONGEST, True), (LONGEST + KIB, False)])
async def test_white_space_before_the_first_item_has_a_bound(length: int, fits: bool) -> None:
    request: Any = _Request(b" " * length + b"[1]", KIB)
    if fits:
        assert await _all(items_of(request, 10 * SIZE)) == [(1, 1)]
    else:
        with pytest.raises(TooLarge):
            await _all(items_of(request, 10 * SIZE))


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/ndjson", "application/jsonl"])
@pytest.mark.parametrize("first", [b"id,name", b"[1]"])
async def test_what_says_that_it_is_lines_of_json_is_read_so_whatever_its_first_line_is(
    content_type: str, first: bytes
) -> None:
    request: Any = _Request(first + b'\n{"id": "a"}\n', 1_000, content_type)
    found = await _all(items_of(request, SIZE))
    assert found[-1] == (2, A)
    assert len(found) == 2


async def test_a_list_that_is_cut_off_anywhere_is_not_taken_for_a_whole_one() -> None:
    whole = b'[ {"id": "a"} ,\n{"id": "b"} ]'
    for end in range(1, len(whole)):
        *_, (_, problem) = await _all(list_items(_cut(whole[:end], 1_000)))
        assert isinstance(problem, Problem), whole[:end]
    assert await _all(list_items(_cut(whole, 1_000))) == [(1, A), (2, B)]
