"""Runs by what they belong to: pages and totals agree, also where a filter names nothing."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.domain.ids import random_id
from horarium.domain.listings import RunListing, Total
from horarium.service.run_search import matching_runs, total_of_runs, with_inputs
from horarium.service.schedules import ScheduleDraft
from horarium.store.verbs import page_bytes
from horarium.times import Timing
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_pages_and_totals_are_of_what_the_filters_name_together() -> None:
    async with House.open(NOW) as house:
        who, services = await house.who(), house.services
        target = await house.target("tool", executor="echo", config={}, key="t")
        await house.target("tool", executor="echo", config={}, key="u")
        timing = Timing("0 9 * * *")
        draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", timing, target.id)
        one, other = [(await services.schedules.create(draft)).id for _ in range(2)]
        fires = [await services.schedules.fire_now(who, each) for each in (one, one, other)]
        await services.runs.start(who, target.id, None)
        nothing = random_id(0)
        for given, of_target, count in (
            ({}, None, 4),
            ({}, "t", 4),
            ({}, "u", 0),
            ({}, "nobody", 0),
            ({"schedule_id": one}, None, 2),
            ({"fire_id": fires[0].id}, None, 1),
            ({"fire_id": fires[0].id}, "t", 1),
            ({"fire_id": fires[0].id}, "nobody", 0),
            ({"fire_id": fires[0].id, "schedule_id": one}, None, 1),
            ({"fire_id": fires[0].id, "schedule_id": other}, None, 0),
            ({"fire_id": nothing}, None, 0),
        ):
            named: Any = given
            listing = RunListing(who.workspace_id, 10, **named)
            assert len((await matching_runs(services, listing, of_target)).items) == count, (given, of_target)
            assert await total_of_runs(services, listing, of_target) == Total(count), (given, of_target)


@pytest.mark.parametrize("by_row", [True, False])
async def test_a_page_with_inputs_ends_before_the_run_that_would_make_it_too_large(
    monkeypatch: pytest.MonkeyPatch, by_row: bool
) -> None:
    async with House.open(NOW) as house:
        who, services = await house.who(), house.services
        target = await house.target("tool", executor="echo", config={}, key="t")
        for data in (None, "b" * 98, "a" * 98):
            house.clock.now += 1
            await services.runs.start(who, target.id, data)
        page = await matching_runs(services, RunListing(who.workspace_id, 10), None)
        for room, count in ((1_000, 3), (200, 3), (199, 1), (10, 1)):
            monkeypatch.setattr(page_bytes, "PAGE_BYTES", room)
            cut, inputs = await with_inputs(services, page, by_row)
            assert [run.id for run in cut.items] == [run.id for run in page.items[:count]]
            assert cut.next == (None if count == 3 else page.items[count - 1].id)
        assert [inputs[run.id] for run in page.items] == [f'"{"a" * 98}"', f'"{"b" * 98}"', None]
