"""Answers with long lists: written in parts, with turns for everybody else between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest

from horarium.api.kit import parts
from horarium.api.kit.parts import known_total, object_in_parts
from horarium.domain.listings import MOST_COUNTED, PageRows
from horarium.service import turns

ROWS = [{"number": number, "text": "x" * 50} for number in range(1_000)]


class Rows:
    """Counts how often its rows are read."""

    def __init__(self) -> None:
        self.read = 0

    async def __call__(self) -> AsyncIterator[Sequence[Any]]:
        self.read += 1
        for start in range(0, len(ROWS), 200):
            yield ROWS[start : start + 200]


async def test_two_members_with_the_same_rows_read_them_once_as_long_as_these_can_be_remembered(monkeypatch):
    monkeypatch.setattr(parts, "SENT_AT_ONCE", 1_000)
    for most, reads in ((1 << 20, 1), (5_000, 2)):
        monkeypatch.setattr(parts, "MOST_REMEMBERED", most)
        rows = Rows()
        texts = [text async for text in object_in_parts({"data": rows, "runs": rows}, {"total": 1_000})]
        assert orjson.loads(b"".join(texts)) == {"data": ROWS, "runs": ROWS, "total": 1_000}
        assert max(map(len, texts)) < 1_200
        assert rows.read == reads


async def test_an_empty_list_is_written_as_one():
    async def nothing() -> AsyncIterator[Sequence[Any]]:
        for row in list[Any]():
            yield row

    texts = [text async for text in object_in_parts({"data": nothing}, {})]
    assert b"".join(texts) == b'{"data":[]}'


async def test_others_have_their_turn_while_a_long_list_is_written(monkeypatch):
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    others = 0

    async def beside() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(beside())
    try:
        async for _ in object_in_parts({"data": Rows()}, {}):
            pass
    finally:
        running.cancel()
    assert others >= len(ROWS)


@pytest.mark.parametrize(
    ("read", "early", "left", "more"),
    [
        (200, False, 201, True),
        (200, False, 200, False),
        (3, True, 200, True),
        (3, False, 200, False),
        (0, True, 5, False),
    ],
)
def test_a_list_goes_on_after_a_full_piece_or_one_that_ended_early(read, early, left, more):
    assert parts.goes_on(read, early, left) is more


def test_a_total_is_known_where_the_rows_of_a_page_end_the_list():
    assert known_total(PageRows(range(3)), 0, 4) == 3
    assert known_total(PageRows(range(3)), 50, 4) == 53
    assert known_total(PageRows(), 0, 4) == 0
    assert known_total(PageRows(), 50, 4) is None  # the list may end long before
    assert known_total(PageRows(range(4)), 0, 4) is None
    assert known_total(PageRows(range(3), ended_early=True), 0, 4) is None
    assert known_total(PageRows(range(3)), MOST_COUNTED, 4) == MOST_COUNTED  # as it is counted
