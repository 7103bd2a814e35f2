"""Quotas of a workspace: counted right whatever happens at the same time, and by the engine's deletions as well."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Invalid, QuotaReached
from horarium.domain.events import quota_near
from horarium.domain.ids import random_id
from horarium.domain.quotas import DEFAULT, Usage
from horarium.domain.schedule import AfterCompletion, Policies, ScheduleState
from horarium.store.verbs import quotas, tenancy
from horarium.store.verbs.creation import create_schedules
from horarium.store.verbs.targets import delete_target
from horarium.times import Timing
from tests.support.tenant import DAY, HOUR, MINUTE, NOON, Node, Tenant


async def allow(tenant, **most):
    def change(known):
        return replace(known, quotas=replace(known.quotas, **most))

    await tenant.store.write(tenancy.change_workspace, tenant.workspace, change, NOON)


async def usage(tenant):
    return await tenant.store.read(quotas.get_usage, tenant.workspace)


async def test_what_is_made_changed_and_deleted_is_counted(tenant, store):
    assert await usage(tenant) == Usage(targets=1)
    hourly, _ = await tenant.schedule("0 * * * *"), await tenant.schedule('{"once":"2027-01-01T00:00:00Z"}')
    assert await usage(tenant) == Usage(schedules=2, targets=1, hourly=1)
    await tenant.redefine(hourly, NOON + 1, timing=Timing("*/10 * * * *"))
    assert await usage(tenant) == Usage(schedules=2, targets=1, hourly=6)
    await tenant.change(await tenant.again(hourly), NOON + 2, name="New", state=ScheduleState.PAUSED)
    assert await usage(tenant) == Usage(schedules=2, targets=1, hourly=6)
    await tenant.change(hourly, NOON + 3, state=ScheduleState.DELETED, deleted_ms=NOON + 3)
    assert await usage(tenant) == Usage(schedules=1, targets=1)
    spare = await tenant.add_target()
    assert (await usage(tenant)).targets == 2
    await store.write(delete_target, tenant.workspace, spare, NOON)
    assert (await usage(tenant)).targets == 1


@pytest.mark.parametrize(
    ("most", "again"),
    [({"schedules": 2}, '{"once":"2027-01-01T00:00:00Z"}'), ({"fires_per_hour": 120}, "0 * * * *")],
)
async def test_a_quota_refuses_what_goes_beyond_it_and_writes_nothing(tenant, most, again):
    await allow(tenant, **most)
    await tenant.schedules(2, "* * * * *")
    before = await usage(tenant)
    with pytest.raises(QuotaReached) as refused:
        await tenant.schedule(again)
    (name,), (value,) = most.keys(), most.values()
    assert (refused.value.quota, refused.value.most) == (name, value)
    assert f"--quota {name}=" in str(refused.value)
    assert await usage(tenant) == before


async def test_a_quota_for_targets_refuses_one_more(tenant):
    await allow(tenant, targets=1)
    with pytest.raises(QuotaReached, match="the quota targets of this workspace is 1;"):
        await tenant.add_target()


async def test_a_quota_below_what_there_is_refuses_only_more(tenant):
    first, _ = await tenant.schedules(2, "* * * * *")
    await allow(tenant, schedules=1, fires_per_hour=1)
    await tenant.add_target()
    await tenant.redefine(first, NOON + 1, timing=Timing("0 * * * *"))
    with pytest.raises(QuotaReached):
        await tenant.redefine(await tenant.again(first), NOON + 2, timing=Timing("* * * * * *"))
    await tenant.change(await tenant.again(first), NOON + 3, state=ScheduleState.DELETED, deleted_ms=NOON + 3)
    assert await usage(tenant) == Usage(schedules=1, targets=2, hourly=60)


async def test_definitions_are_within_the_quotas_when_they_are_made_and_changed(tenant):
    slow = await tenant.schedule("0 * * * *")
    await allow(tenant, smallest_period=600, input_bytes=10)
    with pytest.raises(Invalid, match="slots that are 60 s apart: the quota smallest_period"):
        await tenant.schedule("* * * * *")
    with pytest.raises(Invalid, match="the quota input_bytes of this workspace is 10;"):
        await tenant.schedule("0 * * * *", input="a long text")
    with pytest.raises(Invalid, match="smallest_period"):
        await tenant.redefine(slow, NOON + 1, timing=Timing("* * * * *"))
    await tenant.redefine(slow, NOON + 1, timing=Timing("*/10 * * * *"), input="short")


async def test_a_quota_for_inputs_may_be_larger_than_the_default(tenant):
    with pytest.raises(Invalid, match="input_bytes"):
        await tenant.schedule(
            "0 * * * *", input="\u00fc" * (DEFAULT.input_bytes // 2)
        )  # bytes, not characters
    large = "x" * (DEFAULT.input_bytes + 1)
    with pytest.raises(Invalid, match="input_bytes"):
        await tenant.schedule("0 * * * *", input=large)
    await allow(tenant, input_bytes=2 * DEFAULT.input_bytes)
    await tenant.schedule("0 * * * *", input=large)


async def test_what_comes_at_the_same_time_never_goes_beyond_a_quota(tenant, store, other):
    """Twelve groups from two nodes want five schedules each; there is room for four of the groups."""
    await allow(tenant, schedules=22)
    (one,) = [await tenant.schedule()]
    groups = [[replace(one, id=random_id(NOON + n)) for n in range(5)] for _ in range(12)]
    ends = await asyncio.gather(
        *((store, other)[number % 2].write(create_schedules, group) for number, group in enumerate(groups)),
        return_exceptions=True,
    )
    assert sum(isinstance(end, QuotaReached) for end in ends) == 8
    assert ends.count(set()) == 4
    assert (await usage(tenant)).schedules == 21


async def test_of_a_group_only_the_one_beyond_the_quota_is_refused(tenant, store):
    await allow(tenant, schedules=3)
    one = await tenant.schedule()
    ends = await asyncio.gather(
        *(store.write_grouped(create_schedules, replace(one, id=random_id(NOON + n))) for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == [
        "QuotaReached",
        "QuotaReached",
        "set",
        "set",
    ]


async def test_what_the_engine_deletes_makes_room_again(tenant, store):
    await allow(tenant, schedules=2)
    node = await Node.start(store)
    gone = Policies(after_completion=AfterCompletion.DELETE)
    await tenant.schedule("@every 1m", replace(gone, max_fires=1))
    await tenant.schedule('{"once":"2026-11-22T12:01:00Z"}', gone)
    await tenant.release(NOON + MINUTE)
    await node.work(NOON + MINUTE)
    assert await usage(tenant) == Usage(targets=1)
    await tenant.schedules(2)  # what was deleted is added up before anything is refused
    with pytest.raises(QuotaReached):
        await tenant.schedule()
    assert await store.write(quotas.settle_all_freed, 10) == 0


async def test_deletions_are_added_up_now_and_then(tenant, store):
    node = await Node.start(store)
    gone = Policies(after_completion=AfterCompletion.DELETE)
    await tenant.schedule('{"once":"2026-11-22T12:01:00Z"}', gone)
    await tenant.release(NOON + MINUTE)
    await node.work(NOON + MINUTE)
    await tenant.schedule("0 * * * *", replace(gone, max_fires=1))
    assert (await usage(tenant)).hourly == 1
    await tenant.release(NOON + HOUR)
    await node.work(NOON + HOUR)
    assert await store.write(quotas.settle_all_freed, 10) == 1
    assert await store.write(quotas.settle_all_freed, 10) == 0
    assert await usage(tenant) == Usage(targets=1)


async def test_a_workspace_uses_nothing_of_anothers_quotas(tenant, store):
    stranger = await Tenant.open(store)
    await allow(tenant, schedules=0)
    await stranger.schedules(3, "0 * * * *")
    assert await usage(stranger) == Usage(schedules=3, targets=1, hourly=3)
    assert await usage(tenant) == Usage(targets=1)


async def test_a_workspace_is_told_once_it_has_nine_tenths_of_its_targets(tenant, store, monkeypatch):
    await allow(tenant, targets=10)
    told = []
    monkeypatch.setattr(quotas, "quota_near", lambda *said: told.append(said[1:4]) or quota_near(*said))
    for _ in range(3):
        await tenant.add_target()
    store.recording = frozenset((tenant.workspace,))
    for number in range(5, 11):
        await tenant.add_target()
        assert told == ([("targets", 9, 10)] if number >= 9 else [])


async def test_an_edit_that_brings_a_workspace_near_its_quota_is_told_and_no_other_change(
    tenant, store, monkeypatch
):
    await allow(tenant, fires_per_hour=60)
    told = []
    monkeypatch.setattr(quotas, "quota_near", lambda *said: told.append(said[1:4]) or quota_near(*said))
    schedule = await tenant.schedule("0 * * * *")
    store.recording = frozenset((tenant.workspace,))
    await tenant.redefine(schedule, NOON + 1, timing=Timing("*/2 * * * *"))
    assert told == []
    await tenant.redefine(schedule, NOON + 2, timing=Timing("* * * * *"))
    assert told == [("fires_per_hour", 60, 60)]
    await tenant.change(await tenant.again(schedule), NOON + 3, name="new")
    await tenant.redefine(schedule, NOON + 4, input={"n": 1})
    assert len(told) == 1


async def test_slots_are_as_near_as_they_are_in_the_year_in_which_a_schedule_is_made(tenant):
    await allow(tenant, smallest_period=2 * DAY // 1000)
    on_leap_days = "0 0 28,29 2 *"
    await tenant.schedule(on_leap_days)
    with pytest.raises(Invalid, match="slots that are 86400 s apart: the quota smallest_period"):
        await tenant.schedule(on_leap_days, now=NOON + 2 * 365 * DAY)
