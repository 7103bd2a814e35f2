"""What a workspace looks like at a glance, by the clock of the server and within its bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies
from horarium.service import overview
from horarium.service.overview import OverviewService
from horarium.times import Timing
from tests.support.workshop import NOON, Workshop

MINUTE, HOUR = 60_000, 3_600_000
ALLOW = Policies(overlap=Overlap.ALLOW)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Workshop]:
    opened = await Workshop.open()
    yield opened
    await opened.close()


def service(shop: Workshop) -> OverviewService:
    return OverviewService(shop.store, shop.clock)


async def test_the_last_day_counts_a_run_from_its_instant_on_for_24_hours(shop: Workshop) -> None:
    await shop.schedule("0 13 1 3 *", ALLOW)
    await shop.tick(NOON + HOUR)
    for at, hour in ((NOON + HOUR, 23), (NOON + 2 * HOUR, 22), (NOON + 25 * HOUR - 1, 0)):
        shop.clock.now = at
        day = await service(shop).last_day(shop.workspace)
        assert (day.by_state, day.total, day.peak, day.is_whole) == ({"succeeded": 1}, 1, 1, True)
        assert [hour for hour, states in enumerate(day.by_hour) if states] == [hour]
        assert len(day.by_hour) == 24
    shop.clock.now = NOON + 25 * HOUR
    assert (await service(shop).last_day(shop.workspace)).total == 0


@pytest.mark.parametrize(("most", "counted", "is_whole"), [(4, 3, True), (3, 3, False), (2, 2, False)])
async def test_a_day_of_which_runs_may_be_left_out_says_so(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, most: int, counted: int, is_whole: bool
) -> None:
    monkeypatch.setattr(overview, "MOST_RUNS", most)
    await shop.schedule("* * * * *", ALLOW)
    for minute in (1, 2, 3):
        await shop.tick(NOON + minute * MINUTE)
    day = await service(shop).last_day(shop.workspace)
    assert (day.total, day.is_whole) == (counted, is_whole)


async def test_lateness_is_held_against_the_objectives_of_the_schedules_that_run_most(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that no schedule fires take no schedule's place among those whose objective is looked up."""
    monkeypatch.setattr(overview, "MOST_OBJECTIVES", 1)
    often = Policies(overlap=Overlap.ALLOW, lateness_objective_ms=400)
    await shop.schedule("* * * * *", often)
    await shop.schedule("3 12 * * *", Policies(lateness_objective_ms=1))
    for number in range(5):
        await shop.runs.start(shop.who, shop.target, {"n": number})
    await shop.settle()
    for minute, late_ms in ((1, 100), (2, 400), (3, 500)):
        await shop.tick(NOON + minute * MINUTE + late_ms)
    found = await service(shop).lateness(shop.workspace)
    assert (found.runs, found.p50_ms, found.p99_ms) == (9, 0, 500)
    assert (found.with_objective, found.too_late, found.objective_ms) == (3, 1, 400)


async def test_the_timings_of_a_large_workspace_are_remembered_for_a_while(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "LARGE", 2)
    at_a_glance = service(shop)

    async def counted() -> int:
        return sum(count for _, count in await at_a_glance.timings(shop.workspace))

    seen = []
    for after_ms in (0, 0, 0, 59_999, 60_000):
        await shop.schedule("0 13 * * *")
        shop.clock.now = NOON + after_ms
        seen.append(await counted())
    assert seen == [1, 2, 2, 2, 5]
    assert (await at_a_glance.timings(shop.workspace))[0][0] == Timing("0 13 * * *")


async def test_timings_are_remembered_of_so_many_workspaces_and_no_more(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "LARGE", 0)
    monkeypatch.setattr(overview, "REMEMBERED", 2)
    at_a_glance, known = service(shop), []
    for number in (1, 2, 2, 3):
        await at_a_glance.timings(bytes([number]) * 16)
        known.append(len(at_a_glance._timings))
    assert known == [1, 2, 2, 1]
