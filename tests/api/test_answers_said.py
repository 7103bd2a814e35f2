"""What every route answers stands in the pages in `said/`, so that whatever changes there is seen and meant."""

from __future__ import annotations

from itertools import zip_longest

import pytest

from tests.api import answers_said


@pytest.mark.parametrize("name", answers_said.PAGES)
async def test_every_route_answers_what_the_kept_page_tells(name: str) -> None:
    said, left_out = await answers_said.walked(name)
    words = "give these routes a request in tests/api/said, and take away parameters for which no route looks"
    assert left_out == set(), f"{words}, for the page {name}"
    page = answers_said.page_of(name)
    title = request = ""
    for number, (was, now) in enumerate(
        zip_longest(page.read_text("utf-8").split("\n"), said.split("\n")), 1
    ):
        title = now if now is not None and now.startswith("## ") else title
        request = now if now is not None and now.startswith("# ") else request
        assert was == now, (
            f"line {number} of {page.name} ({title}; {request}):\nit was  {was}\nand is  {now}\n"
            "If that is meant, run `python -m tests.api.answers_said`, and read what else has changed."
        )
