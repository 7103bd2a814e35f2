"""Schedules are made whole or not at all, under keys of their own, and lie by what falls due together."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, InUse, NotFound
from horarium.domain.ids import prefixed, random_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, ScheduleState, timing_to_text
from horarium.store.verbs import creation, quotas, schedule_lists, schedules, targets
from horarium.store.verbs.creation import create_schedules
from horarium.times import Timing
from tests.support.tenant import DAY, HOUR, MINUTE, NOON

PAUSED, ACTIVE, ARCHIVED = ScheduleState.PAUSED, ScheduleState.ACTIVE, ScheduleState.ARCHIVED
ALLOW = Policies(overlap=Overlap.ALLOW)


async def test_a_key_is_taken_once_within_its_dialect_and_free_again_after_deletion(tenant):
    first = await tenant.schedule(key="nightly")
    with pytest.raises(Conflict) as taken:
        await tenant.schedule(key="nightly")
    assert taken.value.reason == "key_taken"
    await tenant.schedule(key="nightly", dialect="m9m")
    await tenant.change(first, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    again = await tenant.schedule(key="nightly")
    found = await tenant.store.read(schedules.find_schedule_by_key, tenant.workspace, "native", "nightly")
    assert found.id == again.id


async def test_schedules_are_made_all_or_none(tenant, store):
    await tenant.schedule(key="taken")
    one = replace(await tenant.schedule(), id=random_id(NOON), key="free")
    with pytest.raises(Conflict):
        await store.write(create_schedules, [one, replace(one, id=random_id(NOON), key="taken")])
    with pytest.raises(NotFound):
        await tenant.again(one)


async def test_a_schedule_is_not_made_of_a_target_or_for_an_owner_that_was_deleted_since_it_was_looked_up(
    tenant, store
):
    gone, lives = await tenant.add_target(), await tenant.schedule()
    await store.write(targets.delete_target, tenant.workspace, gone, NOON)
    made = replace(lives, id=random_id(NOON))
    for needs in (
        replace(made, definition=replace(made.definition, target_id=gone)),
        replace(made, owner_id=gone),
    ):
        with pytest.raises(NotFound, match=prefixed("tgt", gone)):
            await store.write(create_schedules, [replace(made, id=random_id(NOON)), needs])
    with pytest.raises(NotFound, match=prefixed("tgt", gone)):
        await tenant.redefine(lives, NOON, target_id=gone)
    assert await tenant.again(lives) == lives
    assert (await store.read(quotas.get_usage, tenant.workspace)).schedules == 1


async def test_of_a_target_that_is_deleted_while_a_schedule_comes_to_need_it_only_one_succeeds(tenant, store):
    lives = await tenant.schedule()
    for number in range(20):
        target = await tenant.add_target()
        if number % 2:
            draft = replace(lives, id=random_id(NOON))
            needs = replace(draft, definition=replace(draft.definition, target_id=target))
            comes = store.write(create_schedules, [needs])
        else:
            comes = tenant.redefine(lives, NOON + number, target_id=target)
        goes = store.write(targets.delete_target, tenant.workspace, target, NOON)
        ended = await asyncio.gather(
            *((comes, goes) if number % 4 < 2 else (goes, comes)), return_exceptions=True
        )
        (refused,) = [one for one in ended if isinstance(one, Exception)]
        assert isinstance(refused, NotFound | InUse)


async def places(store):
    async def verb(tx):
        rows = await tx.rows("due_schedules", now=NOON * 2, limit=100)
        return {row["schedule_id"]: row["place"] for row in rows}

    return await store.urgent(verb)


async def test_a_schedule_whose_place_is_taken_takes_the_next_one(tenant, store, monkeypatch):
    monkeypatch.setattr(creation, "place", lambda *_: 77)
    made = await tenant.schedules(3)
    assert (
        len(await tenant.store.read(schedule_lists.list_schedules, ScheduleListing(tenant.workspace, 10)))
        == 3
    )
    if store.flavour == "sqlite":  # elsewhere nothing lies by its place
        assert sorted((await places(store)).values()) == [77, 78, 79]
    moved = await tenant.redefine(made[0], NOON, timing=Timing("0 * * * *"))
    assert moved.progress.next_slot == NOON + HOUR


async def test_what_falls_due_together_lies_together(tenant, store):
    nine = await tenant.schedules(3, "0 9 * * *")
    await tenant.schedules(3, "0 10 * * *")
    nine += await tenant.schedules(3, "0 9 * * *", now=NOON + DAY)
    late = await tenant.schedule("0 20 * * *")
    nine.append(
        await tenant.redefine(late, NOON, timing=Timing("0 9 * * *", zone="UTC", anchor=NOON // 1000))
    )
    found = await places(store)
    assert {one for one, _ in sorted(found.items(), key=lambda both: both[1])[:7]} == {one.id for one in nine}


def test_a_place_has_63_bits():
    last = Timing("59 23 * * *")
    for slot in (None, 0, -1, NOON - 1):
        assert 0 <= creation.place(b"\xff" * 16, timing_to_text(last), slot) < 1 << 63


def test_schedules_of_one_minute_of_the_day_lie_side_by_side_whatever_the_second():
    timing = timing_to_text(Timing("* * * * *"))
    heap = [creation.place(random_id(NOON), timing, NOON + ms) for ms in range(0, MINUTE, 1_001)]
    earlier, later = (creation.place(random_id(NOON), timing, NOON + ms) for ms in (-1, MINUTE))
    assert earlier < min(heap) < max(heap) < later


def test_schedules_made_one_after_another_lie_in_that_order():
    timing = timing_to_text(Timing("0 9 * * *"))
    made = [creation.place(random_id(ms), timing, NOON) for ms in range(NOON, NOON + 100) for _ in range(50)]
    assert made == sorted(set(made))


def test_a_place_comes_again_after_twelve_days_and_differs_within_them():
    """Its part for the millisecond of an id has thirty bits, and touches no other part."""
    timing, number = timing_to_text(Timing("0 9 * * *")), int.from_bytes(random_id(NOON))
    first, within, again = [
        creation.place((number + (ms << 80)).to_bytes(16, "big"), timing, NOON)
        for ms in (0, (1 << 30) - 1, 1 << 30)
    ]
    assert first == again != within
