"""Totals of lists: when one is known beside a page, and where counting stops."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from horarium.domain.listings import Counted, Total
from horarium.service import totals
from horarium.service.pages import Page
from horarium.service.totals import beside

COUNTED = Total(7)


@pytest.mark.parametrize(
    ("page", "is_first", "expected"),
    [
        (Page([1, 2], None, 9), True, Total(9)),  # finding the page has told it
        (Page([1, 2], b"x", 0), False, Total(0)),
        (Page([], None), True, Total(0)),  # the first page is the last one
        (Page([1], None), True, Total(1)),
        (Page([1, 2], None), True, Total(2)),
        (Page([1], b"x"), True, Total(1, at_least=True)),  # it has ended early
        (Page([1, 2], b"x"), True, COUNTED),
        (Page([1], None), False, COUNTED),  # there are pages before this one
        (Page([1], b"x"), False, COUNTED),
        (Page([1, 2], None), False, COUNTED),
    ],
)
async def test_a_total_beside_a_page_is_counted_only_where_the_page_does_not_tell_it(
    page: Page[int], is_first: bool, expected: Total
) -> None:
    counts = 0

    async def count() -> Total:
        nonlocal counts
        counts += 1
        return COUNTED

    assert await beside(page, 2, is_first, count) == expected
    assert counts == (expected is COUNTED)


class Steps:
    """There is time for so many further steps."""

    rows = 1

    def __init__(self, further: int) -> None:
        self._left = further

    def go_on(self) -> bool:
        self._left -= 1
        return self._left >= 0


@pytest.mark.parametrize(
    ("counts", "further", "expected", "taken"),
    [
        ([0], 9, Total(0), 1),
        ([2, 3], 9, Total(5), 2),
        ([2, 8], 9, Total(10), 2),  # as many as are counted at most, and no more
        ([2, 9], 9, Total(10, at_least=True), 2),
        ([2, 8, 0], 9, Total(10, at_least=True), 2),  # at this step nobody knows yet that these are all
        ([2, 7, 1], 9, Total(10), 3),
        ([2, 3, 4], 1, Total(5, at_least=True), 2),  # the time is over
        ([2, 3, 4], 2, Total(9), 3),
    ],
)
async def test_counting_stops_at_the_end_at_so_many_and_when_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch, counts: Sequence[int], further: int, expected: Total, taken: int
) -> None:
    monkeypatch.setattr(totals, "MOST_COUNTED", 10)
    monkeypatch.setattr(totals, "Looks", lambda *_: Steps(further))
    asked: list[bytes | None] = []

    async def step(position: bytes | None, look: int) -> Counted:
        asked.append(position)
        number = len(asked)
        return Counted(counts[number - 1], None if number == len(counts) else bytes([number]))

    assert await totals._counted(step) == expected
    assert asked == [None, *(bytes([number]) for number in range(1, taken))]
