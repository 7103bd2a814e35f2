"""Agents and their objectives are read within one workspace and one dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from horarium.domain.errors import NotFound
from horarium.domain.ids import random_id
from horarium.domain.listings import AgentListing, ObjectiveListing
from horarium.domain.objective import Objective
from horarium.service.objectives import ObjectiveService
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
DIALECT = "cadenya"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Workshop]:
    opened = await Workshop.open()
    yield opened
    await opened.close()


async def an_objective(shop: Workshop, dialect: str = DIALECT) -> Objective:
    schedule = await shop.schedule("* * * * *", dialect=dialect, input={"n": 1})
    await shop.tick(shop.clock.now + MINUTE)
    (found,), _, _ = await ObjectiveService(shop.store).list(
        ObjectiveListing(shop.workspace, dialect, 10, schedule_id=schedule.id)
    )
    return found


async def test_an_objective_comes_with_what_it_refers_to(shop: Workshop) -> None:
    made = await an_objective(shop)
    found, context = await ObjectiveService(shop.store).get(shop.workspace, DIALECT, made.run.id)
    assert (found.phase, found.input) == ("succeeded", {"n": 1})
    assert set(context.agents) == {shop.target}
    assert set(context.schedules) == {found.run.schedule_id}
    assert set(context.makers) == {shop.principal}


async def test_another_workspace_or_dialect_does_not_find_an_objective(shop: Workshop) -> None:
    made, service = await an_objective(shop), ObjectiveService(shop.store)
    stranger = random_id(NOON)
    for workspace, dialect, run in (
        (stranger, DIALECT, made.run.id),
        (shop.workspace, "m9m", made.run.id),
        (shop.workspace, DIALECT, random_id(NOON)),
        (shop.workspace, DIALECT, random_id(NOON + 60 * MINUTE)),
    ):
        with pytest.raises(NotFound):
            await service.get(workspace, dialect, run)
    for workspace, dialect in ((stranger, DIALECT), (shop.workspace, "m9m")):
        found, _, total = await service.list(ObjectiveListing(workspace, dialect, 10))
        assert (found, total) == ([], 0)


async def test_objectives_are_listed_from_either_end_in_pages(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", dialect=DIALECT)
    for minute in (1, 2, 3):
        await shop.tick(NOON + minute * MINUTE)
    service = ObjectiveService(shop.store)
    oldest = ObjectiveListing(shop.workspace, DIALECT, 2, newest_first=False, schedule_id=schedule.id)
    page, _, total = await service.list(oldest)
    assert ([one.run.slot_ms for one in page], total) == ([NOON + MINUTE, NOON + 2 * MINUTE], 3)
    newest, _, _ = await service.list(ObjectiveListing(shop.workspace, DIALECT, 10))
    assert [one.run.slot_ms for one in newest] == [NOON + n * MINUTE for n in (3, 2, 1)]
    after, _, _ = await service.list(ObjectiveListing(shop.workspace, DIALECT, 10, cursor=newest[0].run.id))
    assert [one.run.id for one in after] == [one.run.id for one in newest[1:]]


async def test_agents_are_listed_in_their_workspace_by_name(shop: Workshop) -> None:
    shop.make_target(kind="agent", name="Writer 100%")
    shop.make_target(kind="agent", name="Reader")
    service = ObjectiveService(shop.store)

    async def names(**given: object) -> list[str]:
        found, makers, _ = await service.agents(AgentListing(shop.workspace, 10, newest_first=False, **given))
        assert not found or set(makers) == {shop.principal}
        return [agent.name for agent in found]

    assert await names() == ["Writer 100%", "Reader"]
    assert await names(prefix="wri") == ["Writer 100%"]
    assert await names(search="EAD") == ["Reader"]
    assert await names(search="100%") == ["Writer 100%"]
    assert await names(search="_") == []
    found, _, total = await service.agents(AgentListing(random_id(NOON), 10))
    assert (found, total) == ([], 0)


async def test_makers_are_named_once_and_also_when_they_are_gone(shop: Workshop) -> None:
    service = ObjectiveService(shop.store)
    shop.store.connection.execute("UPDATE principals SET deleted_ms = 1")
    found = await service.makers([shop.principal, shop.principal, random_id(NOON)])
    assert [principal.name for principal in found.values()] == ["p"]
    assert await service.makers([]) == {}
