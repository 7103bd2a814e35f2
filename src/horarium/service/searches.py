"""Pages of lists whose filters leave little: they are looked for in short steps, and not for long.

One step of the store looks at a bounded number of rows. Steps follow one another until the page is full or another one
would not end within LOOK_S. Then the page ends early, and its `next` is the position from which the next one goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from horarium.domain.fire import Fire, Span
from horarium.domain.listings import (
    FireListing,
    LedgerListing,
    PageRows,
    RunListing,
    ScheduleListing,
    ScheduleOrder,
)
from horarium.domain.run import Run
from horarium.domain.schedule import Schedule
from horarium.service.looks import Looks
from horarium.service.pages import Page
from horarium.store.base import Store
from horarium.store.verbs import page_bytes
from horarium.store.verbs.page_bytes import PageRoom
from horarium.store.verbs.run_pages import find_entries, find_fires, find_runs
from horarium.store.verbs.schedule_pages import find_schedules

T = TypeVar("T")

# How long the steps for one page may take together, in seconds, beside the first.
LOOK_S = 0.02
# Rows that the first step looks at beside those of the page, and any other at least and at most.
FIRST_LOOK, LEAST_LOOK, LARGEST_LOOK = 200, 100, 4_000


@dataclass(frozen=True, slots=True)
class SearchService:
    """Lists of a whole workspace, page by page, in any order and by any mixture of filters."""

    store: Store

    async def schedules(
        self, listing: ScheduleListing, order: ScheduleOrder, position: bytes | None = None
    ) -> Page[Schedule]:
        """Up to `limit` schedules in an order, after a position."""

        async def step(limit: int, at: bytes | None, look: int, room: PageRoom) -> PageRows[Schedule]:
            asked = replace(listing, limit=limit, window=look + limit)
            return await self.store.read(find_schedules, asked, order, at, room)

        return await _page(step, listing.limit, position)

    async def runs(self, listing: RunListing) -> Page[Run]:
        """Up to `limit` runs, the latest first."""

        async def step(limit: int, at: bytes | None, look: int, room: PageRoom) -> PageRows[Run]:
            asked = replace(listing, limit=limit, cursor=at or listing.cursor)
            return await self.store.read(find_runs, asked, look, room)

        return await _page(step, listing.limit, listing.cursor)

    async def fires(self, listing: FireListing) -> Page[Fire]:
        """Up to `limit` fires, the latest slot first."""

        async def step(limit: int, at: bytes | None, look: int, room: PageRoom) -> PageRows[Fire]:
            asked = replace(listing, limit=limit, cursor=at or listing.cursor)
            return await self.store.read(find_fires, asked, look)

        return await _page(step, listing.limit, listing.cursor)

    async def entries(self, listing: LedgerListing) -> Page[Fire | Span]:
        """Up to `limit` entries of the ledger, the latest first."""

        async def step(limit: int, at: bytes | None, look: int, room: PageRoom) -> PageRows[Fire | Span]:
            return await self.store.read(find_entries, replace(listing, limit=limit, position=at), look)

        return await _page(step, listing.limit, listing.position)


# Looks for up to so many items after a position, at so many rows, as many as have room.
_Step = Callable[[int, bytes | None, int, PageRoom], Awaitable[PageRows[T]]]


async def _page(step: _Step[T], limit: int, position: bytes | None) -> Page[T]:
    items: list[T] = []
    room, looks = PageRoom(page_bytes.PAGE_BYTES), Looks(LOOK_S, FIRST_LOOK, LEAST_LOOK, LARGEST_LOOK)
    while True:
        found = await step(limit - len(items), position, looks.rows, room)
        items += found
        position = found.reached
        full = len(items) >= limit or found.ended_early
        if position is None or full or not looks.go_on():
            return Page(items, position, found.total)
