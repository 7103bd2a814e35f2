"""What falls due fires, once, and every slot is in the ledger."""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from horarium.domain.fire import SpanReason
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.places import LaneRoom
from horarium.domain.schedule import CatchUp, Policies, ScheduleState
from horarium.store.base import DUE, READY, Duplicate
from horarium.store.rows import CursorMove, DueCursor
from horarium.store.verbs import dispatch, release, tenancy
from horarium.store.verbs.pauses import write_pauses
from horarium.times import compile_timing, jitter_ms
from tests.support.tenant import DAY, HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant, states


def covered(fires, spans):
    """Slots by the ledger: those of fires and those of spans, which must not meet."""
    return sorted([(f.slot_ms, f.slot_ms) for f in fires] + [(s.first_ms, s.last_ms) for s in spans])


async def everything(tenant, schedule):
    return covered(await tenant.fires(schedule), await tenant.spans(schedule))


async def test_a_due_slot_fires_once_with_one_run(tenant):
    schedule = await tenant.schedule()
    assert (await tenant.release(NOON + MINUTE - 1)).schedules == 0
    released = await tenant.release(NOON + MINUTE)
    assert (released.schedules, released.fires, released.next_due) == (1, 1, NOON + 2 * MINUTE)
    assert (await tenant.release(NOON + MINUTE)).schedules == 0
    (fire,) = await tenant.fires(schedule)
    (run,) = await tenant.runs(schedule)
    assert (fire.slot_ms, fire.due_ms, fire.fired_ms, fire.state) == (NOON + MINUTE,) * 3 + ("running",)
    assert (run.fire_id, run.state, run.due_ms, run.target_id) == (
        fire.id,
        "pending",
        NOON + MINUTE,
        tenant.target,
    )
    after = (await tenant.again(schedule)).progress
    assert (after.fires, after.open_fires, after.accounted_to, after.last_fire_id) == (
        1,
        1,
        NOON + MINUTE,
        fire.id,
    )
    assert (after.next_slot, after.next_due) == (NOON + 2 * MINUTE,) * 2
    assert (after.last_slot, after.last_fired_ms, after.last_state) == (
        NOON + MINUTE,
        NOON + MINUTE,
        "running",
    )


async def test_two_releases_at_once_never_fire_a_slot_twice(tenant, store, other):
    made = await tenant.schedules(300)
    now = NOON + MINUTE
    taken = await asyncio.gather(
        *(one.urgent(release.release, now, 70, None, 0) for _ in range(4) for one in (store, other))
    )
    assert sum(one.schedules for one in taken) == 300
    assert sum(one.fires for one in taken) == 300
    for schedule in made[::50]:
        assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [now]


async def test_a_fire_that_exists_is_refused_and_left_out_by_the_careful_repeat(tenant, store):
    first = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    await set_back(store, first.id)
    second = await tenant.schedule()
    late = NOON + MINUTE + 1_000
    with pytest.raises(Duplicate):
        await tenant.release(late)
    assert await tenant.fires(second) == []
    await tenant.release(late, careful=True)
    for schedule in (first, second):
        assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON + MINUTE]
        progress = (await tenant.again(schedule)).progress
        assert (progress.accounted_to, progress.fires) == (NOON + MINUTE, 1)
    (fire,), (run,) = await tenant.fires(second), await tenant.runs(second)
    assert run.id == fire.id  # it is the single run of its fire, and was entered with it


@pytest.mark.parametrize("change", ["edited", "paused", "resumed"])
async def test_a_schedule_with_a_fire_that_exists_can_be_changed(tenant, store, change):
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    await set_back(store, schedule.id)
    late = NOON + MINUTE + 1_000
    if change == "edited":
        await tenant.redefine(schedule, late, input={"n": 2})
    else:
        await tenant.change(schedule, NOON + 1 if change == "resumed" else late, state=ScheduleState.PAUSED)
    if change == "resumed":
        await tenant.change(schedule, late, state=ScheduleState.ACTIVE, catch_up_after=CatchUp.ALL)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON + MINUTE]
    assert (await tenant.again(schedule)).progress.fires == 1


async def set_back(store, schedule_id):
    """As after a restored backup: the cursor stands before a slot whose fire is there."""

    async def verb(tx):
        place = (await tx.row("due_schedule", schedule_id=schedule_id))["place"]
        move = CursorMove(place, schedule_id, None, NOON, NOON + MINUTE, NOON + MINUTE, opened=-1)
        await tx.many("move_cursors", [move])

    await store.urgent(verb)


async def test_runs_are_born_claimed_as_far_as_there_is_room(tenant, store):
    await tenant.schedules(5)
    node = await Node.start(store)
    released = await store.urgent(release.release, NOON + MINUTE, 10, node.id, 3)
    assert len(released.claimed) == 3
    works = await node.take([run.id for run in released.claimed])
    assert await node.record(works, SUCCEEDED, NOON + MINUTE) == []
    assert len(await node.claim(NOON + MINUTE)) == 2


async def test_of_a_lane_no_more_are_born_claimed_than_there_is_room_for(tenant, store):
    other = await tenant.add_target()
    await tenant.schedules(5)
    await tenant.schedules(5, target_id=other)
    node = await Node.start(store)
    released = await store.urgent(
        release.release, NOON + MINUTE, 10, node.id, 9, lane_room=LaneRoom({tenant.target: 2})
    )
    assert sorted(run.target_id == other for run in released.claimed) == [False] * 2 + [True] * 5


async def test_a_herd_of_one_workspace_delays_the_others_by_one_batch(tenant, store):
    neighbour, third = await Tenant.open(store), await Tenant.open(store)
    herd = await tenant.schedules(10)
    others = [await other.schedules(3, "2 12 * * *") for other in (neighbour, third)]
    assert (await tenant.release(NOON + 2 * MINUTE, 8)).schedules == 8 + 2 + 2
    assert await _fired(tenant, herd) == 8
    assert [await _fired(neighbour, others[0]), await _fired(third, others[1])] == [2, 2]
    assert (await tenant.release(NOON + 2 * MINUTE, 8)).schedules == 2 + 1 + 1
    assert (await tenant.release(NOON + 2 * MINUTE, 8)).schedules == 0


async def test_workspaces_with_few_schedules_due_go_ahead_of_a_herd_where_that_is_asked_for(tenant, store):
    few, as_many_as_go, a_herd_too = [await Tenant.open(store) for _ in range(3)]
    await tenant.schedules(100)
    for one, count in ((few, 1), (as_many_as_go, release.FEW), (a_herd_too, release.FEW + 1)):
        await one.schedules(count, "2 12 * * *")
    ahead = await tenant.release(NOON + 2 * MINUTE, 60, few_first=True)
    assert (ahead.schedules, ahead.full, ahead.shared, ahead.ahead) == (1 + release.FEW, True, True, True)
    assert await _owing(store) == {tenant.workspace: 100, a_herd_too.workspace: release.FEW + 1}
    then = await tenant.release(NOON + 2 * MINUTE, 60, few_first=True)  # nobody is left who has few
    assert (then.schedules > 60, then.full, then.shared, then.ahead) == (True, True, True, False)
    await few.schedules(1, "2 12 * * *")
    await tenant.schedules(100, "2 12 * * *")
    assert not (await tenant.release(NOON + 2 * MINUTE, 60)).ahead  # it is not asked for


async def test_who_goes_ahead_of_a_herd_does_so_without_those_whose_pause_is_over(tenant, store):
    few, paused = await Tenant.open(store), await Tenant.open(store)
    await paused.schedules(10)
    held = Pause(random_id(NOON), paused.workspace, None, NOON, NOON + 2 * MINUTE, CatchUp.ALL, None)
    await store.write(write_pauses, [held])
    await tenant.release(NOON + MINUTE)
    await tenant.schedules(100)
    await few.schedules(1, "2 12 * * *")
    ahead = await tenant.release(NOON + 2 * MINUTE, 60, few_first=True)
    assert (ahead.schedules, ahead.ahead) == (1, True)
    assert (await tenant.release(NOON + 2 * MINUTE, 60)).schedules > 60


async def test_nobody_goes_ahead_where_there_is_no_herd(tenant, store):
    neighbour = await Tenant.open(store)
    for one in (tenant, neighbour):
        await one.schedules(release.FEW)
    released = await tenant.release(NOON + MINUTE, few_first=True)
    assert (released.schedules, released.full, released.ahead) == (2 * release.FEW, False, False)


async def test_a_workspace_is_due_by_its_schedule_that_is_and_not_by_those_that_wait_for_nothing(
    tenant, store
):
    await tenant.schedule("2 12 * * *")
    await tenant.schedule("* * * * *", paused=True)  # has no instant at which it is due
    later = await Tenant.open(store)
    await later.schedule("3 12 * * *")

    async def due(tx):
        return [workspace for workspace, _ in await tx.rows("workspaces_due", now=NOON + 2 * MINUTE)]

    assert await store.read(due) == [tenant.workspace]


async def _owing(store):
    """How many schedules of each workspace are due two minutes after noon."""

    async def verb(tx):
        due = await tx.tuples("due_schedules", now=NOON + 2 * MINUTE, limit=1_000)
        return Counter(cursor.workspace_id for cursor in map(DueCursor._make, due))

    return await store.urgent(verb)


async def test_a_full_release_tells_whether_another_workspace_is_due_soon(tenant, store):
    await tenant.schedules(10)
    assert not (await tenant.release(NOON + MINUTE, 4)).shared
    neighbour = await Tenant.open(store)
    await neighbour.schedule("2 12 * * *")
    assert not (await tenant.release(NOON + MINUTE, 4)).shared
    assert not (await tenant.release(NOON + MINUTE, 4)).shared  # which is not full
    assert (await tenant.release(NOON + 2 * MINUTE - 1_000, 4)).schedules == 0
    await tenant.schedules(5, "2 12 * * *")
    assert (await tenant.release(NOON + 2 * MINUTE, 4)).shared


async def test_every_workspace_with_a_slot_that_is_due_gets_its_turn(tenant, store):
    """However many workspaces have schedules, and whatever else of them is due later or never."""
    found = [tenant, *[await Tenant.open(store) for _ in range(5)]]
    due, weighed = found[:3], {}
    for number, one in enumerate(found):
        weigh = partial(replace, weight=number + 1.0)
        await store.write(tenancy.change_workspace, one.workspace, weigh, NOON)
        if one in due:
            weighed[one.workspace] = number + 1.0
            await one.schedule("2 12 * * *")
        if number != 5:
            await one.schedule("3 12 * * *")
        await one.change(await one.schedule("1 12 * * *"), NOON, state=ScheduleState.PAUSED)

    async def now(at_ms):
        async def ask(tx):
            return dict(map(tuple, await tx.rows("workspaces_due", now=at_ms)))

        return await store.read(ask)

    assert await now(NOON + 2 * MINUTE - 1) == {}
    assert await now(NOON + 2 * MINUTE) == weighed
    assert set(await now(NOON + 3 * MINUTE)) == {one.workspace for one in found[:5]}


async def test_others_than_the_herd_are_released_by_their_weights(tenant, store):
    light, heavy = await Tenant.open(store), await Tenant.open(store)
    await store.write(tenancy.change_workspace, heavy.workspace, partial(replace, weight=3.0), NOON)
    herd = await tenant.schedules(10)
    lights, heavies = await light.schedules(6, "2 12 * * *"), await heavy.schedules(6, "2 12 * * *")
    await tenant.release(NOON + 2 * MINUTE, 8)
    fired = [await _fired(tenant, herd), await _fired(light, lights), await _fired(heavy, heavies)]
    assert fired == [8, 8 // 5, 8 * 3 // 5]


async def test_who_has_little_in_a_full_batch_gets_the_rest_of_its_part(tenant, store):
    neighbour = await Tenant.open(store)
    first, herd = await neighbour.schedules(1, "1 12 * * *"), await tenant.schedules(20, "2 12 * * *")
    others = await neighbour.schedules(5, "3 12 * * *")
    assert (await tenant.release(NOON + 3 * MINUTE, 8)).schedules == 8 + 3
    fired = [await _fired(neighbour, first), await _fired(tenant, herd), await _fired(neighbour, others)]
    assert fired == [1, 7, 3]
    while (await tenant.release(NOON + 3 * MINUTE, 8)).schedules:
        pass
    of_each = [await tenant.fires(one) for one in herd] + [
        await neighbour.fires(one) for one in first + others
    ]
    assert [len(fires) for fires in of_each] == [1] * 26


async def _fired(tenant, schedules):
    """How many of the schedules have fired."""
    return len([schedule for schedule in schedules if await tenant.fires(schedule)])


async def test_two_nodes_that_release_at_once_never_take_the_same_schedule(tenant, store, other):
    neighbour = await Tenant.open(store)
    for one in (tenant, neighbour):
        await one.schedules(30)
    both = [
        one.urgent(release.release, NOON + MINUTE, 7, None, 0) for _ in range(8) for one in (store, other)
    ]
    assert sum(released.schedules for released in await asyncio.gather(*both)) == 60


async def test_a_run_born_claimed_is_told_as_one_that_is_claimed_later(tenant, store):
    await tenant.schedules(1)
    node = await Node.start(store)
    (born,) = (await store.urgent(release.release, NOON + MINUTE, 10, node.id, 1)).claimed
    (asked,) = (await store.read(dispatch.describe_claimed, [born.id], {})).runs
    assert asked == born


async def test_a_limited_target_never_has_runs_born_claimed(tenant, store):
    limited = await tenant.add_target(max_concurrency=1)
    await tenant.schedules(2, target_id=limited)
    node = await Node.start(store)
    assert (await store.urgent(release.release, NOON + MINUTE, 10, node.id, 9)).claimed == []


async def test_jitter_delays_the_fire_and_not_the_slot(tenant):
    schedule = await tenant.schedule("0 * * * *", Policies(jitter_ms=10 * MINUTE))
    delay = jitter_ms(schedule.id, 10 * MINUTE)
    assert 0 < delay < 10 * MINUTE
    assert (await tenant.release(NOON + HOUR + delay - 1)).schedules == 0
    await tenant.release(NOON + HOUR + delay)
    (fire,) = await tenant.fires(schedule)
    assert (fire.slot_ms, fire.due_ms) == (NOON + HOUR, NOON + HOUR + delay)
    assert (await tenant.again(schedule)).progress.next_due == NOON + 2 * HOUR + delay


async def test_max_fires_completes_the_schedule(tenant):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW, max_fires=2))
    for n in (1, 2, 3):
        await tenant.release(NOON + n * MINUTE)
    assert len(await tenant.fires(schedule)) == 2
    after = await tenant.again(schedule)
    assert (after.state, after.ended_reason, after.progress.next_due) == (
        ScheduleState.COMPLETED,
        "max_fires",
        None,
    )


async def test_max_fires_counts_skips_as_nothing(tenant, store):
    schedule = await tenant.schedule(policies=Policies(max_fires=2))
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).begin(NOON + MINUTE)
    for n in (2, 3):
        await tenant.release(NOON + n * MINUTE)
    after = await tenant.again(schedule)
    assert (after.state, after.progress.fires, after.progress.skipped) == (ScheduleState.ACTIVE, 1, 2)


async def test_a_one_shot_fires_however_late_and_completes(tenant):
    schedule = await tenant.schedule('{"once":"2026-11-22T12:05:00Z"}', Policies(catch_up=CatchUp.NONE))
    await tenant.release(NOON + 30 * DAY)
    (fire,) = await tenant.fires(schedule)
    assert fire.slot_ms == NOON + 5 * MINUTE
    assert (await tenant.again(schedule)).ended_reason == "exhausted"


async def test_catch_up_latest_fires_once_and_carries_what_was_missed(tenant):
    schedule = await tenant.schedule()
    await tenant.release(NOON + 60 * MINUTE)
    (fire,) = await tenant.fires(schedule)
    (span,) = await tenant.spans(schedule)
    assert fire.slot_ms == NOON + 60 * MINUTE
    assert (fire.missed.count, fire.missed.first_ms, fire.missed.last_ms) == (
        59,
        NOON + MINUTE,
        NOON + 59 * MINUTE,
    )
    assert (span.count, span.reason, span.first_ms, span.last_ms) == (
        59, SpanReason.MISSED, NOON + MINUTE, NOON + 59 * MINUTE,
    )  # fmt: skip


async def test_catch_up_latest_beyond_its_window_only_records(tenant):
    schedule = await tenant.schedule("0 0 1 * *", Policies(catch_up_window_ms=DAY))
    await tenant.release(NOON + 30 * DAY)
    assert await tenant.fires(schedule) == []
    (span,) = await tenant.spans(schedule)
    assert (span.count, span.reason) == (1, SpanReason.MISSED)


async def test_catch_up_all_fires_each_slot_up_to_its_limit(tenant):
    policies = Policies(overlap=Overlap.ALLOW, catch_up=CatchUp.ALL, catch_up_limit=5)
    schedule = await tenant.schedule(policies=policies)
    await tenant.release(NOON + 20 * MINUTE)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [
        NOON + n * MINUTE for n in range(16, 21)
    ]
    (span,) = await tenant.spans(schedule)
    assert (span.first_ms, span.last_ms, span.count) == (NOON + MINUTE, NOON + 15 * MINUTE, 15)


async def test_catch_up_none_fires_only_what_is_merely_late(tenant):
    schedule = await tenant.schedule(policies=Policies(catch_up=CatchUp.NONE))
    await tenant.release(NOON + 20 * MINUTE + 10_000)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON + 20 * MINUTE]
    (span,) = await tenant.spans(schedule)
    assert (span.count, span.reason) == (19, SpanReason.MISSED)


async def test_skips_in_a_row_are_one_span(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).begin(NOON + MINUTE)
    for n in range(2, 6):
        await tenant.release(NOON + n * MINUTE)
    assert len(await tenant.fires(schedule)) == 1
    (span,) = await tenant.spans(schedule)
    assert (span.first_ms, span.last_ms, span.count) == (NOON + 2 * MINUTE, NOON + 5 * MINUTE, 4)
    assert (span.reason, span.version) == (SpanReason.SKIPPED, 1)
    assert (await tenant.again(schedule)).progress.skipped == 4


async def test_a_span_is_not_continued_over_a_fire(tenant, store):
    policies = Policies(catch_up=CatchUp.ALL)
    schedule = await tenant.schedule(policies=policies)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    works = await node.begin(NOON + MINUTE)
    for n in (2, 3):
        await tenant.release(NOON + n * MINUTE)
    await node.record(works, SUCCEEDED, NOON + 3 * MINUTE)
    await tenant.release(NOON + 6 * MINUTE)  # 4 fires, 5 and 6 are skipped
    minutes = [((a - NOON) // MINUTE, (b - NOON) // MINUTE) for a, b in await everything(tenant, schedule)]
    assert minutes == [(1, 1), (2, 3), (4, 4), (5, 6)]


async def test_a_span_is_not_continued_over_missed_slots(tenant, store):
    schedule = await tenant.schedule(policies=Policies(catch_up=CatchUp.NONE))
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).begin(NOON + MINUTE)
    for n in (2, 3):
        await tenant.release(NOON + n * MINUTE)
    await tenant.release(NOON + 10 * MINUTE)  # 4 to 9 missed, 10 skipped
    minutes = [((a - NOON) // MINUTE, (b - NOON) // MINUTE) for a, b in await everything(tenant, schedule)]
    assert minutes == [(1, 1), (2, 3), (4, 9), (10, 10)]
    assert [span.reason for span in await tenant.spans(schedule)] == ["skipped", "missed", "skipped"]


async def test_the_ledger_covers_every_slot_once_whatever_the_pace_of_releases(tenant, store):
    schedules = [
        await tenant.schedule("*/20 * * * * *", Policies(overlap=overlap, catch_up=catch_up, grace_ms=15_000))
        for overlap in (Overlap.SKIP, Overlap.ALLOW, Overlap.BUFFER_ONE)
        for catch_up in CatchUp
    ]
    node = await Node.start(store)
    now = NOON
    for step in (20, 20, 40, 100, 7, 13, 300, 20, 61, 20, 1):
        now += step * 1000
        await tenant.release(now)
        if step != 100:
            await node.work(now)
    for schedule in schedules:
        upto = (await tenant.again(schedule)).progress.accounted_to
        wanted = compile_timing(schedule.definition.timing).count_between(NOON // 1000, upto // 1000)
        ledger = await everything(tenant, schedule)
        assert all(a[1] < b[0] for a, b in pairwise(ledger))
        counted = len(await tenant.fires(schedule)) + sum(one.count for one in await tenant.spans(schedule))
        assert counted == wanted > 20


async def test_a_release_takes_no_more_than_its_limit_soonest_first(tenant):
    late = await tenant.schedules(3, "5 12 * * *")
    soon = await tenant.schedules(3, "1 12 * * *")
    assert (await tenant.release(NOON + 10 * MINUTE, limit=3)).schedules == 3
    assert [len(await tenant.fires(one)) for one in soon + late] == [1, 1, 1, 0, 0, 0]


async def test_a_new_schedule_is_announced_with_its_due_instant(tenant, store):
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    schedule = await tenant.schedule("30 12 * * *")
    assert (DUE, schedule.progress.next_due) in heard


async def test_releases_of_one_workspace_touch_no_other(tenant, store):
    stranger = await Tenant.open(store)
    await tenant.schedule()
    theirs = await stranger.schedule()
    await tenant.release(NOON + MINUTE)
    assert states(await stranger.fires(theirs)) == ["running"]
    assert {run.workspace_id for run in await stranger.runs(theirs)} == {stranger.workspace}


async def test_schedules_of_one_timing_and_different_jitter_each_keep_a_due_instant_of_their_own(tenant):
    """All are due in one batch, in which schedules that stand alike share a plan."""
    made = await tenant.schedules(8, "0 * * * *", Policies(jitter_ms=10 * MINUTE))
    assert len({schedule.progress.next_due for schedule in made}) > 1
    await tenant.release(NOON + HOUR + 10 * MINUTE)
    for schedule in made:
        delay = jitter_ms(schedule.id, 10 * MINUTE)
        (fire,) = await tenant.fires(schedule)
        assert (fire.slot_ms, fire.due_ms) == (NOON + HOUR, NOON + HOUR + delay)
        assert (await tenant.again(schedule)).progress.next_due == NOON + 2 * HOUR + delay


@pytest.mark.parametrize(("room", "announced"), [(0, True), (1, True), (2, False)])
async def test_runs_that_are_born_unclaimed_are_announced(tenant, store, room, announced):
    """So that a worker in another process begins them at once."""
    await tenant.schedules(2)
    node = await Node.start(store)
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    await store.urgent(release.release, NOON + MINUTE, 10, node.id, room)
    assert ((READY, NOON + MINUTE) in heard) == announced


async def test_skips_on_both_sides_of_an_edit_at_the_very_instant_of_a_slot_are_two_spans(tenant, store):
    """While an earlier run is under way every slot is skipped as it comes."""
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).begin(NOON + MINUTE)
    await tenant.release(NOON + 2 * MINUTE)
    await tenant.redefine(schedule, NOON + 2 * MINUTE, input={"n": 2})
    for minutes in (3, 4):
        await tenant.release(NOON + minutes * MINUTE)
    found = [(span.first_ms, span.last_ms, span.version) for span in await tenant.spans(schedule)]
    assert found == [(NOON + 2 * MINUTE,) * 2 + (1,), (NOON + 3 * MINUTE, NOON + 4 * MINUTE, 2)]


async def test_waits_on_both_sides_of_an_edit_at_the_very_instant_of_a_slot_are_two_spans(tenant):
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    await tenant.redefine(schedule, NOON + 2 * MINUTE, input={"n": 2})
    for minutes in (3, 4):  # the latest slot waits, and one that waited before is skipped
        await tenant.release(NOON + minutes * MINUTE)
    found = [(span.first_ms, span.last_ms, span.version) for span in await tenant.spans(schedule)]
    assert found == [(NOON + 2 * MINUTE,) * 2 + (1,), (NOON + 3 * MINUTE,) * 2 + (2,)]


@pytest.mark.parametrize(("limit", "ahead"), [(2, True), (9, False)])
async def test_the_few_of_one_workspace_go_ahead_of_the_herd_of_the_only_other_one(
    tenant, store, monkeypatch, limit, ahead
):
    monkeypatch.setattr(release, "FEW", 2)
    few = await Tenant.open(store)
    await tenant.schedules(5)
    await few.schedules(1, "2 12 * * *")
    released = await tenant.release(NOON + 2 * MINUTE, limit, few_first=True)
    if ahead:
        assert (released.schedules, released.ahead) == (1, True)
    assert (await _owing(store))[few.workspace] == 0


@pytest.mark.parametrize(
    "given", [{}, {"audience": {"type": "users", "filter": {}}}], ids=["one run", "an audience"]
)
async def test_a_schedule_knows_when_it_fired_last_and_for_which_slot_also_where_slots_were_missed(
    tenant, given
):
    schedule = await tenant.schedule(policies=Policies(grace_ms=0), **given)
    await tenant.release(NOON + 5 * MINUTE + 1)
    progress = (await tenant.again(schedule)).progress
    assert (progress.last_slot, progress.last_fired_ms) == (NOON + 5 * MINUTE, NOON + 5 * MINUTE + 1)
