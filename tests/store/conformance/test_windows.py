"""Maintenance windows in the database: nothing fires in them, and every slot has its entry."""

from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.fire import SpanReason
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.plan import slot_after
from horarium.domain.schedule import CatchUp, Policies, ScheduleState
from horarium.domain.windows import MOST_OF_SCHEDULE, MOST_OF_WORKSPACE, NO_HOLDS, Window
from horarium.service.schedules import pausing, resuming
from horarium.store.verbs import pauses, upkeep, windows
from horarium.store.verbs.changes import change_schedule
from horarium.store.verbs.windows import MovedWindow
from horarium.times import Timing
from tests.support.callers import caller
from tests.support.tenant import HOUR, MINUTE, NOON, Tenant

ANYBODY = caller(LOWEST_ID, LOWEST_ID)
ALLOW = Policies(overlap=Overlap.ALLOW)
NONE, LATEST, ALL = CatchUp.NONE, CatchUp.LATEST, CatchUp.ALL
MAINTENANCE = SpanReason.MAINTENANCE


def minutes(found):
    return [((one.first_ms - NOON) // MINUTE, (one.last_ms - NOON) // MINUTE, one.reason) for one in found]


def fired(found):
    return [(one.slot_ms - NOON) // MINUTE for one in found]


async def add(
    tenant, spec="2 * * * *", length=2 * MINUTE, schedule=None, catch_up=NONE, now=NOON, zone="UTC"
):
    """A window; by default from two minutes past each hour until four minutes past it."""
    own = None if schedule is None else schedule.id
    new = Window(
        random_id(now), tenant.workspace, own, Timing(spec, zone=zone), length, catch_up, None, now, "backup"
    )
    new = replace(new, next_ms=slot_after(new.recurrence, now))
    return await tenant.store.write(windows.add_window, new)


async def minute_by_minute(tenant, first, last):
    for minute in range(first, last + 1):
        await tenant.release(NOON + minute * MINUTE)


async def test_in_a_window_nothing_fires_and_it_ends_by_itself_and_comes_again(tenant, store):
    other = await Tenant.open(store)
    ours, theirs = await tenant.schedule(policies=ALLOW), await other.schedule(policies=ALLOW)
    await add(tenant)
    await minute_by_minute(tenant, 1, 5)
    assert (fired(await tenant.fires(ours)), fired(await other.fires(theirs))) == ([1, 4, 5], [1, 2, 3, 4, 5])
    assert minutes(await tenant.spans(ours)) == [(2, 3, MAINTENANCE)]
    await minute_by_minute(tenant, 6, 65)
    assert minutes(await tenant.spans(ours)) == [(2, 3, MAINTENANCE), (62, 63, MAINTENANCE)]


async def test_of_windows_that_come_at_different_times_each_begins_at_its_own(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    for spec in ("8 * * * *", "2 * * * *", "5 * * * *"):
        await add(tenant, spec, length=MINUTE)
    await minute_by_minute(tenant, 1, 10)
    assert fired(await tenant.fires(schedule)) == [1, 3, 4, 6, 7, 9, 10]


@pytest.mark.parametrize("of", ["nothing", "schedule", "workspace", "another"])
async def test_a_schedule_comes_with_what_holds_it_and_is_held_by_nothing_while_it_is_paused(
    tenant, store, of
):
    schedule, another = await tenant.schedule(policies=ALLOW), await tenant.schedule(policies=ALLOW)
    if of != "nothing":
        await add(tenant, schedule={"schedule": schedule, "another": another}.get(of))
    found, holds = await store.read(windows.schedule_with_holds, tenant.workspace, schedule.id, NOON)
    expected = await store.read(windows.holds_of, tenant.workspace, schedule.id, NOON)
    assert (found, holds) == (await tenant.again(schedule), expected)
    assert len(holds.windows) == (of in ("schedule", "workspace"))
    await tenant.change(schedule, NOON + 1, state=ScheduleState.PAUSED)
    _, holds = await store.read(windows.schedule_with_holds, tenant.workspace, schedule.id, NOON + 2)
    assert holds == NO_HOLDS


async def test_the_end_of_a_window_wakes_the_release_though_nothing_else_is_due(tenant):
    await tenant.schedule("2 * * * *", policies=ALLOW)
    await add(tenant)
    assert (await tenant.release(NOON + 2 * MINUTE)).next_due == NOON + 4 * MINUTE


@pytest.mark.parametrize(("catch_up", "fires"), [(NONE, [1, 4]), (LATEST, [1, 3, 4]), (ALL, [1, 2, 3, 4])])
@pytest.mark.parametrize("alone", [False, True], ids=["workspace", "schedule"])
async def test_a_window_catches_up_what_was_chosen(tenant, catch_up, fires, alone):
    schedule = await tenant.schedule(policies=ALLOW)
    await add(tenant, schedule=schedule if alone else None, catch_up=catch_up)
    await minute_by_minute(tenant, 1, 4)
    assert sorted(fired(await tenant.fires(schedule))) == fires


async def test_a_window_of_a_schedule_holds_that_schedule_alone(tenant):
    held, free = await tenant.schedule(policies=ALLOW), await tenant.schedule(policies=ALLOW)
    await add(tenant, schedule=held)
    await minute_by_minute(tenant, 1, 4)
    assert (fired(await tenant.fires(held)), fired(await tenant.fires(free))) == ([1, 4], [1, 2, 3, 4])
    assert minutes(await tenant.spans(held)) == [(2, 3, MAINTENANCE)]


async def test_after_downtime_the_slots_of_a_window_are_of_the_window_and_the_others_were_missed(tenant):
    never = replace(ALLOW, catch_up=NONE, grace_ms=1000)
    schedule = await tenant.schedule(policies=never)
    await add(tenant)
    await tenant.release(NOON + 6 * MINUTE)
    assert minutes(await tenant.spans(schedule)) == [
        (1, 1, SpanReason.MISSED),
        (2, 3, MAINTENANCE),
        (4, 5, SpanReason.MISSED),
    ]
    assert fired(await tenant.fires(schedule)) == [6]


async def test_a_window_that_is_taken_back_ends_at_once(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    window = await add(tenant, length=30 * MINUTE)
    await minute_by_minute(tenant, 1, 3)
    await tenant.store.write(windows.drop_window, tenant.workspace, None, window.id, NOON + 3 * MINUTE + 1)
    await minute_by_minute(tenant, 4, 5)
    assert (fired(await tenant.fires(schedule)), minutes(await tenant.spans(schedule))) == (
        [1, 4, 5],
        [(2, 3, MAINTENANCE)],
    )
    assert await tenant.store.read(windows.windows_of, tenant.workspace, None) == []


async def test_a_window_is_reached_through_its_own_workspace_and_schedule_alone(tenant, store):
    other, schedule = await Tenant.open(store), await tenant.schedule(policies=ALLOW)
    window, own = await add(tenant), await add(tenant, schedule=schedule)
    for workspace, of_schedule, wanted in (
        (other.workspace, None, window),
        (tenant.workspace, schedule.id, window),
        (tenant.workspace, None, own),
        (other.workspace, schedule.id, own),
    ):
        with pytest.raises(NotFound):
            await store.write(windows.drop_window, workspace, of_schedule, wanted.id, NOON)


async def test_there_are_only_so_many_windows(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    for _ in range(MOST_OF_SCHEDULE):
        await add(tenant, schedule=schedule)
    with pytest.raises(Conflict):
        await add(tenant, schedule=schedule)
    for _ in range(MOST_OF_WORKSPACE):
        await add(tenant)
    with pytest.raises(Conflict):
        await add(tenant)


async def test_windows_of_a_deleted_schedule_are_forgotten(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await add(tenant, schedule=schedule)
    await tenant.change(schedule, NOON + MINUTE, state=ScheduleState.DELETED, deleted_ms=NOON + MINUTE)
    await tenant.store.urgent(windows.begin_windows, NOON + 2 * MINUTE)
    assert await tenant.store.read(windows.windows_of, tenant.workspace, schedule.id) == []


async def test_times_of_a_window_are_settled_even_in_a_pause_that_goes_on(tenant, store):
    await tenant.schedule(policies=ALLOW)
    new = Pause(random_id(NOON), tenant.workspace, None, NOON, None, NONE)
    await store.write(pauses.write_pauses, [new])
    await add(tenant)
    await tenant.release(NOON + MINUTE)
    await tenant.release(NOON + 5 * HOUR)
    over = await store.read(pauses.pauses_to_settle, NOON + 5 * HOUR, 100)
    assert len(over) == 5
    await store.urgent(pauses.settle_pauses, over)
    rules = await store.urgent(pauses.ruling, NOON + 5 * HOUR)
    assert [closure.from_ms for closure in rules.of_workspaces[tenant.workspace]] == [NOON]


async def pause_all(tenant, since, catch_up=NONE):
    new = Pause(random_id(since), tenant.workspace, None, since, None, catch_up)
    await tenant.store.write(pauses.write_pauses, [new])
    return new


async def change(tenant, schedule, how, at):
    await tenant.store.write(change_schedule, tenant.workspace, schedule.id, how, at)


@pytest.mark.parametrize(
    ("own", "whole", "fires"),
    [
        (LATEST, NONE, [1, 5, 9]),
        (ALL, NONE, [1, 4, 5, 9]),
        (NONE, LATEST, [1, 8, 9]),
        (LATEST, LATEST, [1, 5, 8, 9]),
        (NONE, NONE, [1, 9]),
    ],
)
async def test_a_schedule_that_is_resumed_while_its_workspace_is_paused_catches_up_when_that_is_over(
    tenant, own, whole, fires
):
    """The schedule is paused from 3:30 to 5:30, and its workspace from 5:10 to 8:30."""
    schedule = await tenant.schedule(policies=ALLOW)
    await minute_by_minute(tenant, 1, 1)
    half = MINUTE // 2
    await change(tenant, schedule, pausing(ANYBODY), NOON + 1 * MINUTE + half)
    await minute_by_minute(tenant, 2, 3)
    await change(tenant, schedule, resuming(NONE), NOON + 3 * MINUTE + 1000)
    await change(tenant, schedule, pausing(ANYBODY), NOON + 3 * MINUTE + half)
    await minute_by_minute(tenant, 4, 5)
    paused = await pause_all(tenant, NOON + 5 * MINUTE + 10_000)
    await change(tenant, schedule, resuming(own), NOON + 5 * MINUTE + half)
    await minute_by_minute(tenant, 6, 8)
    assert fired(await tenant.fires(schedule)) == [1]
    ended = replace(paused, ends_ms=NOON + 8 * MINUTE + half, catch_up=whole)
    await tenant.store.write(pauses.change_pause, ended)
    await tenant.release(NOON + 8 * MINUTE + half)
    await tenant.release(NOON + 9 * MINUTE)
    assert sorted(fired(await tenant.fires(schedule))) == fires
    covered = {
        minute
        for first, last, _ in minutes(await tenant.spans(schedule))
        for minute in range(first, last + 1)
    }
    assert covered == set(range(1, 10)) - set(fires)
    reasons = {reason for _, _, reason in minutes(await tenant.spans(schedule))}
    assert reasons <= {SpanReason.PAUSED, SpanReason.WORKSPACE_PAUSED}


async def test_of_a_schedule_that_is_paused_within_a_pause_of_its_workspace_each_slot_keeps_its_own_pause(
    tenant,
):
    schedule = await tenant.schedule(policies=ALLOW)
    await minute_by_minute(tenant, 1, 1)
    paused = await pause_all(tenant, NOON + MINUTE + 1)
    await minute_by_minute(tenant, 2, 3)
    await change(tenant, schedule, pausing(ANYBODY), NOON + 3 * MINUTE + 1)
    await change(tenant, schedule, resuming(LATEST), NOON + 5 * MINUTE + 1)
    await minute_by_minute(tenant, 6, 7)
    await tenant.store.write(pauses.change_pause, replace(paused, ends_ms=NOON + 7 * MINUTE + 1))
    await minute_by_minute(tenant, 8, 8)
    assert sorted(fired(await tenant.fires(schedule))) == [1, 5, 8]
    assert minutes(await tenant.spans(schedule)) == [
        (2, 3, SpanReason.WORKSPACE_PAUSED),
        (4, 4, SpanReason.PAUSED),
        (6, 7, SpanReason.WORKSPACE_PAUSED),
    ]


async def test_a_window_of_a_schedule_that_outlasts_a_pause_of_its_workspace_holds_on(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    paused = await pause_all(tenant, NOON + 1)
    await add(tenant, length=5 * MINUTE, schedule=schedule)
    await minute_by_minute(tenant, 1, 3)
    await tenant.store.write(
        pauses.change_pause, replace(paused, ends_ms=NOON + 3 * MINUTE + 1, catch_up=ALL)
    )
    assert (await tenant.release(NOON + 3 * MINUTE + 1)).schedules == 0
    await minute_by_minute(tenant, 4, 8)
    assert sorted(fired(await tenant.fires(schedule))) == [1, 7, 8]
    assert minutes(await tenant.spans(schedule)) == [(2, 6, MAINTENANCE)]


@pytest.mark.parametrize("alone", [False, True], ids=["workspace", "schedule"])
@pytest.mark.parametrize("kind", [Window, Pause])
async def test_what_holds_a_schedule_back_is_found_whatever_it_is(tenant, store, kind, alone):
    stranger = await Tenant.open(store)
    schedule, other, theirs = await tenant.schedule(), await tenant.schedule(), await stranger.schedule()
    if kind is Window:
        await add(tenant, schedule=schedule if alone else None)
    else:
        own = schedule.id if alone else None
        hold = Pause(
            random_id(NOON), tenant.workspace, own, NOON, NOON + HOUR, NONE, window_id=random_id(NOON)
        )
        await store.write(pauses.write_pauses, [hold])

    async def held(owner, one):
        found = await store.read(windows.holds_of, owner.workspace, one.id, NOON)
        return len(found.windows if kind is Window else found.pauses)

    assert (await held(tenant, schedule), await held(tenant, other)) == (1, 0 if alone else 1)
    assert (await held(stranger, theirs), await held(stranger, schedule)) == (0, 0)


async def test_a_window_that_is_taken_back_before_a_release_has_seen_it_begin_has_held_until_then(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    window = await add(tenant, length=30 * MINUTE)
    await tenant.release(NOON + MINUTE)
    await tenant.store.write(windows.drop_window, tenant.workspace, None, window.id, NOON + 3 * MINUTE + 1)
    await tenant.release(NOON + 4 * MINUTE)
    assert fired(await tenant.fires(schedule)) == [1, 4]
    assert minutes(await tenant.spans(schedule)) == [(2, 3, MAINTENANCE)]


async def by_older_data(store, *moved):
    """As if windows, of which each begins at an instant, had been computed with other data of their zones."""

    async def verb(tx):
        await tx.many("move_windows", [MovedWindow(window.id, at, "old") for window, at in moved])

    await store.write(verb)


async def rezoned(tenant, now, limit=10):
    """When each window begins next, after those of zones with new data were computed anew, and how many these were."""
    count = await tenant.store.urgent(upkeep.rezone, now, limit)
    found = await tenant.store.read(windows.windows_of, tenant.workspace, None)
    return {window.id: window.next_ms for window in found}, count


async def test_windows_of_zones_with_new_data_begin_when_these_say(tenant, store):
    made = await add(tenant), await add(tenant, "5 * * * *"), await add(tenant, zone="Europe/Berlin")
    right = {window.id: window.next_ms for window in made}
    await by_older_data(store, *((window, NOON + 7) for window in made))
    assert await rezoned(tenant, NOON) == (right, 3)
    assert await rezoned(tenant, NOON) == (right, 0)


async def test_windows_of_zones_with_new_data_are_computed_in_pieces(tenant, store):
    made = [await add(tenant), await add(tenant), await add(tenant, zone="Europe/Berlin")]
    await by_older_data(store, *((window, NOON + 7) for window in made))
    assert [(await rezoned(tenant, NOON, 2))[1] for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("then", [2, 30])
async def test_new_zone_data_lose_no_time_of_a_window_that_goes_on(tenant, store, then):
    """It has begun by our data, and is not entered yet: by the data of before it begins at the same time, or later."""
    schedule, window = await tenant.schedule(policies=ALLOW), await add(tenant)
    await by_older_data(store, (window, NOON + then * MINUTE))
    await tenant.release(NOON + MINUTE)
    assert await rezoned(tenant, NOON + 3 * MINUTE) == ({window.id: NOON + 2 * MINUTE}, 1)
    await minute_by_minute(tenant, 3, 4)
    assert fired(await tenant.fires(schedule)) == [1, 4]
    assert minutes(await tenant.spans(schedule)) == [(2, 3, MAINTENANCE)]


async def test_new_zone_data_begin_no_time_again_that_was_entered(tenant, store):
    window = await add(tenant)
    await tenant.release(NOON + 2 * MINUTE)
    await by_older_data(store, (window, NOON + 30 * MINUTE))
    assert await rezoned(tenant, NOON + 3 * MINUTE) == ({window.id: NOON + 62 * MINUTE}, 1)


async def test_what_a_node_with_older_zone_data_computes_of_a_window_is_computed_again(
    tenant, store, monkeypatch
):
    """It has entered a time of the window that it found, and computed with its own data when the next one begins."""
    window = await add(tenant)
    with monkeypatch.context() as older:
        older.setattr(windows, "zone_fingerprint", lambda zone: "older")
        await store.write(windows.begin_windows, NOON + 2 * MINUTE)
    assert await rezoned(tenant, NOON + 3 * MINUTE) == ({window.id: NOON + 62 * MINUTE}, 1)


@pytest.mark.parametrize("alone", [False, True], ids=["workspace", "schedule"])
async def test_what_a_resumed_schedule_catches_up_waits_until_a_window_that_holds_is_over(tenant, alone):
    schedule = await tenant.schedule(policies=ALLOW)
    await add(tenant, "4 * * * *", 4 * MINUTE, schedule=schedule if alone else None)
    await tenant.change(schedule, NOON + 1, state=ScheduleState.PAUSED, catch_up_after=ALL)
    await minute_by_minute(tenant, 1, 5)
    await tenant.change(schedule, NOON + 5 * MINUTE + 1, state=ScheduleState.ACTIVE, catch_up_after=ALL)
    await minute_by_minute(tenant, 6, 7)
    assert fired(await tenant.fires(schedule)) == []
    await minute_by_minute(tenant, 8, 9)
    assert sorted(fired(await tenant.fires(schedule))) == [1, 2, 3, 4, 5, 8, 9]
    assert minutes(await tenant.spans(schedule)) == [(6, 7, MAINTENANCE)]


async def test_a_time_of_a_window_that_is_over_keeps_its_end_when_the_window_is_taken_back(tenant, store):
    await tenant.schedule(policies=ALLOW)
    window = await add(tenant)
    await minute_by_minute(tenant, 1, 6)
    await store.write(windows.drop_window, tenant.workspace, None, window.id, NOON + 6 * MINUTE)
    (over,) = await store.read(pauses.all_pauses, tenant.workspace, LOWEST_ID, 10)
    assert over.ends_ms == NOON + 4 * MINUTE
