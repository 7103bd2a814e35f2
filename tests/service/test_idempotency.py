"""A request that is repeated with its key does nothing twice and gets the first answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound
from horarium.domain.fire import Fire
from horarium.domain.ids import random_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.service.idempotency import IdempotencyService
from horarium.service.repeats import KEY_LIMIT, request_of
from horarium.service.schedules import ScheduleDraft
from horarium.times import Timing
from tests.support.callers import caller
from tests.support.workshop import NOON, Workshop

DAY = 86_400_000
BODY = b'{"name": "s"}'


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Workshop]:
    opened = await Workshop.open()
    yield opened
    await opened.close()


def draft(shop: Workshop, spec: str = "0 9 * * *") -> ScheduleDraft:
    return ScheduleDraft(shop.workspace, shop.principal, "s", Timing(spec), shop.target)


def service_of(shop: Workshop) -> IdempotencyService:
    return IdempotencyService(shop.store, shop.clock)


async def count(shop: Workshop) -> int:
    return await shop.schedules.count(ScheduleListing(shop.workspace, 10))


async def test_the_same_key_and_body_make_one_schedule(shop: Workshop) -> None:
    service, request = service_of(shop), request_of(shop.workspace, "schedules", "k", BODY)
    first, repeated = await service.create_schedule(draft(shop), request)
    assert not repeated
    again, repeated = await service.create_schedule(draft(shop), request)
    assert (again.id, repeated, await count(shop)) == (first.id, True, 1)


async def test_the_same_key_with_another_body_is_a_conflict(shop: Workshop) -> None:
    service = service_of(shop)
    await service.create_schedule(draft(shop), request_of(shop.workspace, "schedules", "k", BODY))
    with pytest.raises(Conflict) as caught:
        await service.create_schedule(draft(shop), request_of(shop.workspace, "schedules", "k", BODY + b" "))
    assert (caught.value.reason, await count(shop)) == ("idempotency", 1)


async def test_a_key_means_nothing_to_another_workspace_scope_or_day(shop: Workshop) -> None:
    service, schedule = service_of(shop), draft(shop)
    await service.create_schedule(schedule, request_of(shop.workspace, "schedules", "k", BODY))
    for request in (
        request_of(random_id(NOON), "schedules", "k", b"other"),
        request_of(shop.workspace, "bulk", "k", b"other"),
        request_of(shop.workspace, "schedules", "l", b"other"),
    ):
        assert not (await service.create_schedule(schedule, request))[1]
    shop.clock.now += DAY + 1
    late = request_of(shop.workspace, "schedules", "k", b"other")
    assert not (await service.create_schedule(schedule, late))[1]


async def test_a_request_that_failed_may_be_corrected_under_its_key(shop: Workshop) -> None:
    service = service_of(shop)
    with pytest.raises(Invalid):
        await service.create_schedule(
            draft(shop, "nonsense"), request_of(shop.workspace, "schedules", "k", b"bad")
        )
    good = request_of(shop.workspace, "schedules", "k", b"good")
    assert not (await service.create_schedule(draft(shop), good))[1]


async def test_what_was_made_and_deleted_is_not_made_again_by_the_same_key(shop: Workshop) -> None:
    service, request = service_of(shop), request_of(shop.workspace, "schedules", "k", BODY)
    first, _ = await service.create_schedule(draft(shop), request)
    await shop.schedules.delete(shop.workspace, first.id)
    with pytest.raises(Conflict) as caught:
        await service.create_schedule(draft(shop), request)
    assert (caught.value.reason, await count(shop)) == ("gone", 0)


async def test_a_kept_answer_outlives_what_it_tells_of(shop: Workshop) -> None:
    service, request = service_of(shop), request_of(shop.workspace, "schedules", "k", BODY)
    written: list[Schedule] = []

    def write(schedule: Schedule) -> bytes:
        written.append(schedule)
        return schedule.id + b": made"

    first = await service.create_with_answer(draft(shop), request, write)
    await shop.schedules.delete(shop.workspace, written[0].id)
    assert await service.create_with_answer(draft(shop), request, write) == first
    assert await count(shop) == 0


async def test_a_fire_by_hand_happens_once_for_a_key(shop: Workshop) -> None:
    service, schedule = service_of(shop), await shop.schedule("0 0 1 1 *")
    request = request_of(shop.workspace, "fire", "k", b"")
    first = await service.fire_once(shop.who, schedule.id, request)
    assert isinstance(first, Fire)
    shop.clock.now += 5_000
    again = await service.fire_once(shop.who, schedule.id, request)
    assert isinstance(again, Fire)
    assert again.id == first.id
    assert len(await shop.schedules.fires(shop.workspace, schedule.id, 10)) == 1


async def test_the_first_answer_to_a_fire_is_the_one_that_is_kept(shop: Workshop) -> None:
    service, schedule = service_of(shop), await shop.schedule("0 0 1 1 *")
    request = request_of(shop.workspace, "fire", "k", b"")
    fire = await service.fire_once(shop.who, schedule.id, request)
    assert isinstance(fire, Fire)
    assert await service.keep(request, fire.id, b"this is the first answer") == b"this is the first answer"
    assert await service.keep(request, fire.id, b"this is a later answer") == b"this is the first answer"
    assert await service.fire_once(shop.who, schedule.id, request) == b"this is the first answer"


async def test_another_workspaces_schedule_is_not_fired(shop: Workshop) -> None:
    schedule = await shop.schedule("0 0 1 1 *")
    with pytest.raises(NotFound):
        await service_of(shop).fire_once(shop.who, schedule.id, request_of(random_id(NOON), "fire", "k", b""))
    assert await shop.schedules.fires(shop.workspace, schedule.id, 10) == []


async def test_a_fire_by_hand_needs_a_grant_on_the_schedules_target(shop: Workshop) -> None:
    schedule, without = await shop.schedule("0 0 1 1 *"), caller(shop.workspace, shop.principal, ())
    request = request_of(shop.workspace, "fire", "k", b"")
    with pytest.raises(Forbidden):
        await service_of(shop).fire_once(without, schedule.id, request)
    assert isinstance(await service_of(shop).fire_once(shop.who, schedule.id, request), Fire)


@pytest.mark.parametrize("key", ["", " ", "k" * (KEY_LIMIT + 1), "a\nb", "a\0"])
def test_an_odd_key_is_refused_as_a_header(key: str) -> None:
    with pytest.raises(Invalid) as caught:
        request_of(random_id(NOON), "schedules", key, b"")
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [
        ("Idempotency-Key", "header")
    ]


def test_the_longest_key_is_fine() -> None:
    assert request_of(random_id(NOON), "schedules", "k" * KEY_LIMIT, b"").key == "k" * KEY_LIMIT
