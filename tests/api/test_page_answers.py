"""A page of a list is written item by item: the same text as in one piece, and others have their turn in between."""

import asyncio

import orjson
import pytest

from horarium.api import show
from horarium.api.routes.base import page_answer
from horarium.domain.listings import Total
from horarium.service import turns
from horarium.service.pages import Page


def shown(number):
    return {"number": number, "text": 'a "quoted" {text}, with ü'}


@pytest.mark.parametrize("items", [[], [1], list(range(70))])
@pytest.mark.parametrize("following", [None, b"p" * 16])
@pytest.mark.parametrize("counted", [None, Total(70), Total(12, at_least=True)])
async def test_a_page_is_written_as_if_in_one_piece(items, following, counted):
    page = Page(items, following)
    answer = await page_answer(page, shown, counted)
    assert answer.status == 200
    assert answer.body == orjson.dumps(show.page(page, shown, counted))
    assert (b"content-length", str(len(answer.body)).encode()) in answer.headers


async def test_others_have_their_turn_while_a_long_page_is_written(monkeypatch):
    monkeypatch.setattr(turns, "SLICE_S", -1)  # every item is a slice of its own
    rounds = 0

    async def other():
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await page_answer(Page(range(100)), shown)
    task.cancel()
    assert rounds >= 100
