"""Whatever changes a schedule accounts for what it owes first; nothing fires by an edit."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict
from horarium.domain.fire import SpanReason
from horarium.domain.ids import random_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import AfterPause, CatchUp, Policies, ScheduleState
from horarium.store.base import DUE
from horarium.store.verbs.changes import change_schedule
from horarium.store.verbs.pauses import add_pause
from horarium.store.verbs.schedule_lists import list_schedules
from horarium.times import Timing
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, Node, states

PAUSED, ACTIVE, ARCHIVED = ScheduleState.PAUSED, ScheduleState.ACTIVE, ScheduleState.ARCHIVED
ALLOW = Policies(overlap=Overlap.ALLOW)


def minutes(spans):
    return [((one.first_ms - NOON) // MINUTE, (one.last_ms - NOON) // MINUTE, one.reason) for one in spans]


async def test_an_edit_never_fires(tenant):
    schedule = await tenant.schedule("0 * * * *")
    edited = await tenant.redefine(schedule, NOON + 30 * MINUTE, timing=Timing("15 * * * *"))
    assert edited.progress.next_slot == NOON + HOUR + 15 * MINUTE
    assert (edited.version, edited.definition_version) == (2, 2)
    assert await tenant.fires(schedule) == []


async def test_an_edit_first_fires_what_was_owed_under_the_old_definition(tenant):
    schedule = await tenant.schedule()
    await tenant.redefine(schedule, NOON + MINUTE + 500, timing=Timing("0 * * * *"))
    (fire,) = await tenant.fires(schedule)
    assert (fire.slot_ms, fire.version) == (NOON + MINUTE, 1)
    await tenant.release(NOON + HOUR)
    assert [(fire.version, fire.state) for fire in await tenant.fires(schedule)] == [
        (1, "running"),
        (2, "waiting"),  # for the first, which has not begun
    ]


async def test_a_slot_held_back_by_jitter_is_recorded_as_cancelled_by_an_edit(tenant):
    schedule = await tenant.schedule("0 * * * *", Policies(jitter_ms=30 * MINUTE))
    due = schedule.progress.next_due
    assert due > NOON + HOUR + 1
    await tenant.redefine(schedule, NOON + HOUR + 1, policies=Policies())
    (span,) = await tenant.spans(schedule)
    assert (span.reason, span.first_ms, span.count) == (SpanReason.CANCELLED, NOON + HOUR, 1)
    assert (await tenant.release(due)).fires == 0


async def test_a_name_is_changed_without_touching_the_clock(tenant):
    schedule = await tenant.schedule()
    after = await tenant.change(schedule, NOON + 1, name="new", labels={"a": "b"})
    assert (after.progress, after.definition_version, after.version) == (schedule.progress, 1, 2)


async def test_a_schedule_is_found_by_the_labels_that_it_has_and_no_more_by_those_that_it_had(tenant, store):
    schedule = await tenant.schedule(labels={"team": "red", "stage": "one"})
    await tenant.change(schedule, NOON + 1, labels={"team": "blue"})
    for label, found in ((("team", "red"), []), (("stage", "one"), []), (("team", "blue"), [schedule.id])):
        listing = ScheduleListing(tenant.workspace, 10, labels=(label,))
        assert [one.id for one in await store.read(list_schedules, listing)] == found


async def test_a_change_that_changes_nothing_writes_nothing(tenant):
    schedule = await tenant.schedule()
    assert (await tenant.change(schedule, NOON + 1)).version == 1


async def test_of_changes_at_once_none_is_lost(tenant, store, other):
    schedule = await tenant.schedule()
    changes = [
        one.write(
            change_schedule, tenant.workspace, schedule.id,
            lambda it: replace(it, extra={"n": it.extra.get("n", 0) + 1}), NOON + 1,
        )
        for _ in range(5) for one in (store, other)
    ]  # fmt: skip
    await asyncio.gather(*changes)
    after = await tenant.again(schedule)
    assert (after.extra, after.version) == ({"n": 10}, 11)


async def test_a_stale_version_is_refused(tenant, store):
    schedule = await tenant.schedule()
    with pytest.raises(Conflict) as stale:
        await store.write(
            change_schedule,
            tenant.workspace,
            schedule.id,
            lambda one: replace(one, name="x"),
            NOON,
            7,
        )
    assert stale.value.reason == "version"


async def test_paused_time_is_one_span_and_never_caught_up(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    await tenant.change(schedule, NOON + 2 * MINUTE - 1, state=PAUSED)
    assert (await tenant.release(NOON + 5 * MINUTE)).schedules == 0
    resumed = await tenant.change(schedule, NOON + 5 * MINUTE, state=ACTIVE)
    assert resumed.progress.next_slot == NOON + 6 * MINUTE
    assert minutes(await tenant.spans(schedule)) == [(2, 5, "paused")]
    await tenant.release(NOON + 6 * MINUTE)
    assert [(fire.slot_ms - NOON) // MINUTE for fire in await tenant.fires(schedule)] == [1, 6]


async def test_an_edit_while_paused_splits_the_span_at_the_edit(tenant):
    schedule = await tenant.schedule()
    await tenant.change(schedule, NOON + 1, state=PAUSED)
    await tenant.redefine(schedule, NOON + 2 * MINUTE, timing=Timing("*/2 * * * *"))
    await tenant.change(schedule, NOON + 7 * MINUTE, state=ACTIVE)
    spans = await tenant.spans(schedule)
    assert minutes(spans) == [(1, 2, "paused"), (4, 6, "paused")]
    assert [(one.count, one.version) for one in spans] == [(2, 1), (2, 3)]


@pytest.mark.parametrize("until", [None, NOON + MINUTE, NOON + HOUR])
@pytest.mark.parametrize("catch_up", CatchUp)
async def test_a_pause_that_ends_in_deletion_or_the_archive_is_recorded(tenant, store, until, catch_up):
    """Also one that was to end by itself, before or after that, or that was to be caught up."""
    for state, deleted in ((ScheduleState.DELETED, NOON + 3 * MINUTE), (ARCHIVED, None)):
        schedule = await tenant.schedule()
        await tenant.change(schedule, NOON + 1, state=PAUSED, paused_until_ms=until, catch_up_after=catch_up)
        await tenant.change(schedule, NOON + 3 * MINUTE, state=state, deleted_ms=deleted)
        assert minutes(await tenant.spans(schedule)) == [(1, 3, "paused")]
        assert (await tenant.release(NOON + 9 * MINUTE)).schedules == 0


async def test_a_one_shot_whose_policy_says_so_fires_on_resume(tenant):
    once = '{"once":"2026-11-22T12:05:00Z"}'
    late = await tenant.schedule(once, Policies(after_pause=AfterPause.FIRE))
    never = await tenant.schedule(once)
    for schedule in (late, never):
        await tenant.change(schedule, NOON + 1, state=PAUSED)
        await tenant.change(schedule, NOON + HOUR, state=ACTIVE)
    await tenant.release(NOON + HOUR)
    assert [fire.slot_ms for fire in await tenant.fires(late)] == [NOON + 5 * MINUTE]
    assert await tenant.fires(never) == []
    assert minutes(await tenant.spans(never)) == [(5, 5, "paused")]


async def test_a_pause_racing_a_release_wins_or_loses_whole(tenant, store, other):
    made = await tenant.schedules(20)
    pauses = [
        other.write(
            change_schedule,
            tenant.workspace,
            one.id,
            lambda it: replace(it, state=PAUSED),
            NOON + MINUTE,
        )
        for one in made
    ]
    await asyncio.gather(*(tenant.release(NOON + MINUTE, 5) for _ in range(6)), *pauses)
    for schedule in made:
        after = await tenant.again(schedule)
        assert (after.state, after.progress.next_due, after.progress.fires) == (PAUSED, None, 1)
        assert len(await tenant.fires(schedule)) == 1


async def test_a_deleted_schedule_starts_no_fire_that_waited(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE))
    await tenant.release(NOON + MINUTE)
    await tenant.release(NOON + 2 * MINUTE)
    deleted = NOON + 2 * MINUTE + 1
    await tenant.change(schedule, deleted, state=ScheduleState.DELETED, deleted_ms=deleted)
    await (await Node.start(store)).work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "cancelled"]
    assert len(await tenant.runs(schedule)) == 1


async def test_a_change_announces_when_it_is_due(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    await tenant.redefine(schedule, NOON, timing=Timing("1 * * * *"))
    assert (DUE, NOON + MINUTE) in heard


async def test_an_edit_after_the_clock_went_back_does_not_move_the_account_back(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + 5 * MINUTE)
    edited = await tenant.redefine(schedule, NOON + 2 * MINUTE, input={"n": 1})
    assert edited.progress.accounted_to == NOON + 5 * MINUTE
    assert edited.progress.next_slot == NOON + 6 * MINUTE


async def test_a_resumption_after_the_clock_went_back_does_not_move_the_account_back(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + 5 * MINUTE)
    await tenant.change(schedule, NOON + 5 * MINUTE, state=PAUSED)
    resumed = await tenant.change(schedule, NOON + 2 * MINUTE, state=ACTIVE)
    assert resumed.progress.accounted_to == NOON + 5 * MINUTE
    assert resumed.progress.next_slot == NOON + 6 * MINUTE


async def test_a_paused_one_shot_that_is_given_a_time_which_has_passed_does_not_fire_on_resume(tenant):
    once = '{"once":"2026-11-22T12:%02d:00Z"}'
    schedule = await tenant.schedule(once % 30, Policies(after_pause=AfterPause.FIRE))
    await tenant.change(schedule, NOON + 1, state=PAUSED)
    await tenant.redefine(schedule, NOON + 10 * MINUTE, timing=Timing(once % 5))
    await tenant.change(schedule, NOON + 11 * MINUTE, state=ACTIVE)
    await tenant.release(NOON + HOUR)
    assert await tenant.fires(schedule) == []


@pytest.mark.parametrize(("most", "state"), [(1, "completed"), (2, "completed"), (3, "active")])
async def test_an_edit_that_lets_a_schedule_fire_no_more_often_than_it_has_completes_it(tenant, most, state):
    schedule = await tenant.schedule(policies=ALLOW)
    for minute in (1, 2):
        await tenant.release(NOON + minute * MINUTE)
    edited = await tenant.redefine(schedule, NOON + 2 * MINUTE + 5, policies=replace(ALLOW, max_fires=most))
    ended = (NOON + 2 * MINUTE + 5, "max_fires") if state == "completed" else (None, None)
    assert (edited.state, edited.ended_ms, edited.ended_reason) == (state, *ended)
    assert (edited.progress.next_slot is None) is (state == "completed")
    revived = await tenant.redefine(edited, NOON + 2 * MINUTE + 9, policies=ALLOW)
    assert (revived.progress.next_slot or 0) in (0, NOON + 3 * MINUTE)


@pytest.mark.parametrize(
    ("what", "last"),
    [({"state": ACTIVE}, 1), ({"state": ACTIVE, "name": "new"}, 1), ({"state": ARCHIVED}, 3)],
)
async def test_a_pause_that_came_to_its_end_has_the_slots_up_to_then_where_the_schedule_goes_on(
    tenant, what, last
):
    """It goes on from there, so what lay behind is caught up; where it does not go on all lies in the pause."""
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.change(schedule, NOON + 1, state=PAUSED, paused_until_ms=NOON + MINUTE + 30_000)
    await tenant.change(schedule, NOON + 3 * MINUTE, **what)
    assert minutes(await tenant.spans(schedule)) == [(1, last, "paused")]
    await tenant.release(NOON + 3 * MINUTE)
    assert len(await tenant.fires(schedule)) == (1 if last == 1 else 0)


async def test_a_pause_that_came_to_its_end_has_all_slots_until_an_edit_that_ends_it(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.change(schedule, NOON + 1, state=PAUSED, paused_until_ms=NOON + MINUTE + 30_000)
    edited = replace((await tenant.again(schedule)).definition, timing=Timing("0 * * * *"))
    await tenant.change(schedule, NOON + 3 * MINUTE, state=ACTIVE, definition=edited)
    assert minutes(await tenant.spans(schedule)) == [(1, 3, "paused")]
    assert (await tenant.again(schedule)).progress.next_slot == NOON + HOUR


async def test_an_edit_that_ends_a_pause_catches_nothing_up(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.change(schedule, NOON + 1, state=PAUSED)
    edited = replace(schedule.definition, input={"n": 1})
    await tenant.change(
        schedule, NOON + 3 * MINUTE + 1, state=ACTIVE, catch_up_after=CatchUp.ALL, definition=edited
    )
    await tenant.release(NOON + 4 * MINUTE)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON + 4 * MINUTE]
    assert minutes(await tenant.spans(schedule)) == [(1, 3, SpanReason.PAUSED)]


async def test_a_schedule_of_a_paused_workspace_that_gets_a_name_keeps_its_slots_undecided(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    pause = Pause(random_id(NOON), tenant.workspace, None, NOON, None, CatchUp.ALL)
    await store.write(add_pause, pause)
    await tenant.release(NOON + 2 * MINUTE)
    before = (await tenant.again(schedule)).progress
    after = await tenant.change(schedule, NOON + 3 * MINUTE, name="new", note="why")
    assert (after.progress, await tenant.spans(schedule)) == (before, [])


async def test_failures_in_a_row_are_forgiven_when_a_schedule_starts_again_and_not_by_an_edit(tenant, store):
    schedule, node = await tenant.schedule(policies=ALLOW), await Node.start(store)
    await tenant.release(NOON + MINUTE)
    await node.work(NOON + MINUTE, FAILED)
    edited = await tenant.redefine(schedule, NOON + MINUTE + 1, input={"n": 1})
    assert edited.progress.failures_in_row == 1
    paused = await tenant.change(schedule, NOON + MINUTE + 2, state=PAUSED)
    assert paused.progress.failures_in_row == 1
    edited = await tenant.redefine(schedule, NOON + MINUTE + 2, input={"n": 2})
    assert edited.progress.failures_in_row == 1
    started = await tenant.change(schedule, NOON + MINUTE + 3, state=ACTIVE)
    assert started.progress.failures_in_row == 0


@pytest.mark.parametrize("state", [ACTIVE, ARCHIVED])
@pytest.mark.parametrize("catch_up", CatchUp)
async def test_what_a_pause_catches_up_is_kept_until_it_is_over(tenant, state, catch_up):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.change(schedule, NOON + 1, state=PAUSED, catch_up_after=catch_up)
    assert (await tenant.again(schedule)).catch_up_after is catch_up
    await tenant.change(schedule, NOON + 2, state=state)
    assert (await tenant.again(schedule)).catch_up_after is CatchUp.NONE
