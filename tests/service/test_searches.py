"""Pages that are looked for in steps: each step goes on where the one before it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.fire import Fire
from horarium.domain.listings import (
    FireListing,
    LedgerListing,
    PageRows,
    RunListing,
    ScheduleListing,
    ScheduleOrder,
)
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies
from horarium.service import searches
from horarium.service.pages import Page
from horarium.service.searches import SearchService
from horarium.store.verbs import run_lists, run_pages, schedule_pages
from horarium.store.verbs.page_bytes import PageRoom
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
ALLOW = Policies(overlap=Overlap.ALLOW)
# Reads a page after a position, None for the first, of at most so many items.
Read = Callable[[int, bytes | None], Awaitable[Page[Any]]]


class Steps:
    """So many steps for each page, each of which looks at two rows."""

    rows = 2

    def __init__(self, steps: int) -> None:
        self._left = steps

    def go_on(self) -> bool:
        self._left -= 1
        return self._left > 0


def allow(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    monkeypatch.setattr(searches, "Looks", lambda *_: Steps(steps))


@pytest_asyncio.fixture
async def shop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workshop]:
    """Twelve schedules and their runs of one minute after another. Of these only every fifth succeeds."""
    opened = await Workshop.open()

    def answer(call: Call) -> Outcome:
        if (call.slot_ms or 0) // MINUTE % 5 == 0:
            return Outcome(Verdict.SUCCEEDED)
        return Outcome(Verdict.FAILED, error="no", retryable=False)

    opened.executor.answer = answer
    for number in range(12):
        labels = {"team": "a" if number % 5 == 0 else "b"}
        await opened.schedule("* * * * *" if number == 0 else "0 13 * * *", ALLOW, labels=labels)
    for minute in range(1, 21):
        await opened.tick(NOON + minute * MINUTE)
    for module, name in (
        (schedule_pages, "FEW"),
        (run_pages, "FEW_SCHEDULES"),
        (run_lists, "NEARBY_FOR_EACH"),
    ):
        monkeypatch.setattr(module, name, 0)
    monkeypatch.setattr(run_lists, "NEARBY", 2)
    yield opened
    await opened.close()


def lists(shop: Workshop) -> dict[str, tuple[Read, int]]:
    """Lists of which filters leave little, and how much of it there is."""
    search = SearchService(shop.store)

    def of(listing: Any, read: Callable[[Any], Awaitable[Page[Any]]], name: str = "cursor") -> Read:
        return lambda limit, at: read(replace(listing, limit=limit, **({} if at is None else {name: at})))

    async def schedules(limit: int, at: bytes | None) -> Page[Any]:
        listing = ScheduleListing(shop.workspace, limit, labels=(("team", "a"),), window=2)
        return await search.schedules(listing, ScheduleOrder.NEWEST, at)

    own, done = shop.workspace, {"state": "succeeded"}
    return {
        "schedules": (schedules, 3),
        "runs": (of(RunListing(own, 0, **done), search.runs), 4),
        "fires": (of(FireListing(own, 0, state="completed"), search.fires), 4),
        "ledger": (of(LedgerListing(own, 0, NOON, NOON + 60 * MINUTE), search.entries, "position"), 20),
    }


@pytest.mark.parametrize("kind", ["schedules", "runs", "fires", "ledger"])
@pytest.mark.parametrize("steps", [40, 1])
@pytest.mark.parametrize("limit", [1, 3, 50])
async def test_a_list_has_each_thing_once_however_many_steps_a_page_takes(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, kind: str, steps: int, limit: int
) -> None:
    """Also where the time is over after each step, so that a page is empty and goes on all the same."""
    allow(monkeypatch, steps)
    read, expected = lists(shop)[kind]
    found, at = [], None
    for _ in range(40):
        page = await read(limit, at)
        assert len(page.items) <= limit
        found += page.items
        at = page.next
        if at is None:
            break
    assert at is None, "the list does not end"
    ids = [each.id if not hasattr(each, "first_ms") else each.first_ms for each in found]
    assert len(ids) == len(set(ids)) == expected
    if kind != "schedules":
        slots = [each.slot_ms for each in found if isinstance(each, Fire) or kind == "runs"]
        assert slots == sorted(slots, reverse=True)


async def test_steps_for_one_page_follow_one_another_while_there_is_time(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for steps, whole in ((40, True), (1, False)):
        allow(monkeypatch, steps)
        for kind in ("runs", "fires"):
            read, expected = lists(shop)[kind]
            page = await read(10, None)
            assert (len(page.items) == expected, page.next is None) == (whole, whole), kind


@pytest.mark.parametrize(
    ("limit", "asked"), [(1, [1]), (2, [2]), (3, [3, 1]), (5, [5, 3, 1]), (6, [6, 4, 2])]
)
async def test_each_step_is_asked_for_what_the_page_still_lacks(
    monkeypatch: pytest.MonkeyPatch, limit: int, asked: list[int]
) -> None:
    allow(monkeypatch, 40)
    limits = []

    async def step(limit: int, at: bytes | None, look: int, room: PageRoom) -> PageRows[int]:
        limits.append(limit)
        first = 0 if at is None else at[0]
        found = range(first, first + min(limit, look))
        return PageRows(found, reached=bytes([found[-1] + 1]))

    page = await searches._page(step, limit, None)
    assert (page.items, page.next, limits) == ([*range(limit)], bytes([limit]), asked)
