"""Schedules are read as they were made, one by one and page by page, within their workspace."""

from dataclasses import replace

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.listings import ScheduleListing
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, ScheduleState
from horarium.store.verbs import ledger, schedule_lists, schedules
from horarium.store.verbs.changes import change_schedule
from tests.support.tenant import MINUTE, NOON, Tenant

PAUSED, ACTIVE, ARCHIVED = ScheduleState.PAUSED, ScheduleState.ACTIVE, ScheduleState.ARCHIVED
ALLOW = Policies(overlap=Overlap.ALLOW)


async def test_what_was_made_is_read_back_whole(tenant):
    made = await tenant.schedule(
        "5 4 * * *", Policies(jitter_ms=5, max_fires=3), zone="Europe/Berlin", input={"a": [1, None]}, key="k",
        description="d", labels={"team": "x"}, extra={"e": 1}, environment=b"\x00\xff",
    )  # fmt: skip
    assert await tenant.again(made) == made


async def test_schedules_are_listed_by_page_and_filter(tenant, store):
    made = [
        await tenant.schedule(key=f"k{n}", labels={"n": str(n), "all": "1"}, now=NOON + n) for n in range(5)
    ]
    found = await store.read(schedule_lists.list_schedules, ScheduleListing(tenant.workspace, 2))
    assert [one.id for one in found] == [made[4].id, made[3].id]
    rest = await store.read(
        schedule_lists.list_schedules, ScheduleListing(tenant.workspace, 9, cursor=found[-1].id)
    )
    assert [one.id for one in rest] == [one.id for one in made[2::-1]]
    oldest = await store.read(
        schedule_lists.list_schedules, ScheduleListing(tenant.workspace, 2, skip=1, newest_first=False)
    )
    assert [one.id for one in oldest] == [made[1].id, made[2].id]
    for listing, count in (
        (ScheduleListing(tenant.workspace, 9, labels=(("n", "3"),)), 1),
        (ScheduleListing(tenant.workspace, 9, labels=(("all", "1"), ("n", "2"))), 1),
        (ScheduleListing(tenant.workspace, 9, search="K1"), 1),
        (ScheduleListing(tenant.workspace, 9, prefix="sched"), 5),
        (ScheduleListing(tenant.workspace, 9, prefix="%"), 0),
        (ScheduleListing(tenant.workspace, 9, state="paused"), 0),
        (ScheduleListing(tenant.workspace, 9, target_id=tenant.target, dialect="native"), 5),
    ):
        assert len(await store.read(schedule_lists.list_schedules, listing)) == count
        assert await store.read(schedule_lists.count_schedules, listing) == count


async def test_a_deleted_schedule_is_read_only_by_who_asks_for_its_history(tenant, store):
    schedule = await tenant.schedule()
    assert await store.read(schedules.get_schedule_or_deleted, tenant.workspace, schedule.id) == schedule
    await tenant.change(schedule, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    with pytest.raises(NotFound):
        await store.read(schedules.get_schedule, tenant.workspace, schedule.id)
    found = await store.read(schedules.get_schedule_or_deleted, tenant.workspace, schedule.id)
    assert (found.id, found.deleted_ms) == (schedule.id, NOON)


async def test_another_workspace_sees_none_of_it(tenant, store):
    schedule = await tenant.schedule(key="k", labels={"a": "b"})
    await tenant.release(NOON + MINUTE)
    (fire,) = await tenant.fires(schedule)
    stranger = await Tenant.open(store)
    for call in (
        lambda: store.read(schedules.get_schedule, stranger.workspace, schedule.id),
        lambda: store.read(schedules.get_schedule_or_deleted, stranger.workspace, schedule.id),
        lambda: store.write(
            change_schedule,
            stranger.workspace,
            schedule.id,
            lambda one: replace(one, name="x"),
            NOON,
        ),
        lambda: store.read(ledger.get_fire, stranger.workspace, fire.id),
    ):
        with pytest.raises(NotFound):
            await call()
    foreign = ScheduleListing(stranger.workspace, 9, labels=(("a", "b"),))
    assert await store.read(schedule_lists.list_schedules, foreign) == []
    assert await store.read(schedules.find_schedule_by_key, stranger.workspace, "native", "k") is None
    assert await store.read(ledger.list_fires, stranger.workspace, schedule.id, 9) == []
    entries = await store.read(ledger.entries_between, stranger.workspace, schedule.id, 0, NOON * 2, 9)
    assert entries == ([], [])
    assert await store.read(ledger.version_at, stranger.workspace, schedule.id, NOON * 2) is None
