"""Totals of lists: how many items all pages of a list have together.

They are counted in steps, each of which looks at a bounded number of rows, until everything is counted, MOST_COUNTED
are reached or COUNT_S have passed. In the last two cases there are at least so many. So a total costs a page little,
whatever the history is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from horarium.domain.ids import HIGHEST_ID
from horarium.domain.listings import (
    MOST_COUNTED,
    AuditListing,
    Counted,
    FireListing,
    RunListing,
    ScheduleListing,
    TargetListing,
    Total,
)
from horarium.service.looks import Looks
from horarium.service.pages import Page
from horarium.store.base import Store
from horarium.store.verbs.audit import count_entries_within
from horarium.store.verbs.quotas import get_usage
from horarium.store.verbs.run_pages import count_fires_within, count_runs_within
from horarium.store.verbs.schedule_pages import count_schedules_within
from horarium.store.verbs.targets import count_targets

# For how long, in seconds, further steps are begun.
COUNT_S = 0.01
# Rows that the first step looks at, and any other at least and at most.
FIRST_LOOK, LEAST_LOOK, LARGEST_LOOK = 500, 100, 10_000

# Counts among so many rows, from a position on (None: from the beginning).
_Step = Callable[[bytes | None, int], Awaitable[Counted]]


@dataclass(frozen=True, slots=True)
class TotalService:
    """Each total is that of the whole list, whatever page of it is asked for."""

    store: Store

    async def schedules(self, listing: ScheduleListing) -> Total:
        """How many schedules match. All of a workspace are known without counting."""
        if listing.unfiltered:
            return Total((await self.store.read(get_usage, listing.workspace_id)).schedules)

        async def step(position: bytes | None, look: int) -> Counted:
            return await self.store.read(count_schedules_within, listing, position, look)

        return await _counted(step)

    async def runs(self, listing: RunListing) -> Total:
        """How many runs match."""

        async def step(position: bytes | None, look: int) -> Counted:
            asked = replace(listing, cursor=position or HIGHEST_ID)
            return await self.store.read(count_runs_within, asked, look)

        return await _counted(step)

    async def fires(self, listing: FireListing) -> Total:
        """How many fires match."""

        async def step(position: bytes | None, look: int) -> Counted:
            asked = replace(listing, cursor=position or HIGHEST_ID)
            return await self.store.read(count_fires_within, asked, look)

        return await _counted(step)

    async def targets(self, listing: TargetListing) -> Total:
        """How many targets match."""
        return Total(await self.store.read(count_targets, listing))

    async def audit(self, listing: AuditListing) -> Total:
        """How many entries of the audit log match."""

        async def step(position: bytes | None, look: int) -> Counted:
            asked = replace(listing, cursor=position or HIGHEST_ID)
            return await self.store.read(count_entries_within, asked, look)

        return await _counted(step)


async def beside(
    found: Page[Any], limit: int, is_first: bool, count: Callable[[], Awaitable[Total]]
) -> Total:
    """The total of a list beside one of its pages. It is known where finding the page has told it, and where the first
    page is the last one too; where that has ended early, looking for its items has taken the time that there is, and
    nothing is counted besides."""
    if found.total is not None:
        return Total(found.total)
    items = len(found.items)
    if is_first and (found.next is None or items < limit):
        return Total(items, at_least=found.next is not None)
    return await count()


async def _counted(step: _Step) -> Total:
    count, position = 0, None
    looks = Looks(COUNT_S, FIRST_LOOK, LEAST_LOOK, LARGEST_LOOK)
    while True:
        found = await step(position, looks.rows)
        count, position = count + found.count, found.reached
        if position is None and count <= MOST_COUNTED:
            return Total(count)
        if count >= MOST_COUNTED:
            return Total(MOST_COUNTED, at_least=True)
        if not looks.go_on():
            return Total(count, at_least=True)
