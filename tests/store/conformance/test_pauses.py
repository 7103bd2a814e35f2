"""Pauses of workspaces and schedules, in the database: nothing fires in them, and every slot has its entry."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.fire import SpanReason
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp, Policies, ScheduleState
from horarium.service.pauses import PauseService
from horarium.service.schedules import pausing, resuming
from horarium.store.base import DUE
from horarium.store.verbs import pauses, purges, upkeep
from horarium.store.verbs.changes import change_schedule
from horarium.times import Timing
from tests.support.callers import caller
from tests.support.house import HandClock
from tests.support.raw import select
from tests.support.tenant import DAY, HOUR, MINUTE, NOON, Tenant

ANYBODY = caller(LOWEST_ID, LOWEST_ID)
ALLOW = Policies(overlap=Overlap.ALLOW)
NONE, LATEST, ALL = CatchUp.NONE, CatchUp.LATEST, CatchUp.ALL
ACTIVE, PAUSED = ScheduleState.ACTIVE, ScheduleState.PAUSED


def minutes(found):
    return [((one.first_ms - NOON) // MINUTE, (one.last_ms - NOON) // MINUTE, one.reason) for one in found]


def fired(found):
    return [(one.slot_ms - NOON) // MINUTE for one in found]


async def pause(tenant, since=NOON, until=None, catch_up=NONE, note=None):
    """Pause a workspace. Instants are milliseconds."""
    new = Pause(random_id(since), tenant.workspace, None, since, until, catch_up, note)
    await tenant.store.write(pauses.write_pauses, [new])
    return new


async def end(tenant, paused, at, **changed):
    await tenant.store.write(pauses.change_pause, replace(paused, ends_ms=at, **changed))


async def test_in_a_paused_workspace_nothing_fires_and_another_workspace_notices_nothing(tenant, store):
    other = await Tenant.open(store)
    ours, theirs = await tenant.schedule(policies=ALLOW), await other.schedule(policies=ALLOW)
    await pause(tenant)
    for minute in (1, 2, 3):
        await tenant.release(NOON + minute * MINUTE)
    assert (fired(await tenant.fires(ours)), await tenant.spans(ours)) == ([], [])
    assert fired(await other.fires(theirs)) == [1, 2, 3]
    progress = (await tenant.again(ours)).progress
    assert (progress.next_slot, progress.next_due, progress.accounted_to) == (None, None, NOON)
    assert (await tenant.again(ours)).state is ACTIVE


@pytest.mark.parametrize(
    ("catch_up", "fires", "spans"),
    [
        (NONE, [4], [(1, 3, SpanReason.WORKSPACE_PAUSED)]),
        (LATEST, [3, 4], [(1, 2, SpanReason.WORKSPACE_PAUSED)]),
        (ALL, [1, 2, 3, 4], []),
    ],
)
async def test_a_workspace_that_is_resumed_catches_up_what_was_chosen(tenant, catch_up, fires, spans):
    schedule = await tenant.schedule(policies=ALLOW)
    paused = await pause(tenant)
    await tenant.release(NOON + 2 * MINUTE)
    await end(tenant, paused, NOON + 3 * MINUTE + 500, catch_up=catch_up)
    await tenant.release(NOON + 3 * MINUTE + 500)
    await tenant.release(NOON + 4 * MINUTE)
    assert fired(await tenant.fires(schedule)) == fires
    assert minutes(await tenant.spans(schedule)) == spans


async def test_a_new_name_in_a_pause_of_the_workspace_leaves_its_slots_to_the_end_of_the_pause(tenant):
    schedule, renamed = await tenant.schedules(2, policies=ALLOW)
    paused = await pause(tenant)
    await tenant.change(renamed, NOON + 2 * MINUTE, name="new")
    await end(tenant, paused, NOON + 3 * MINUTE + 500, catch_up=ALL)
    await tenant.change(renamed, NOON + 3 * MINUTE + 500, name="newer")
    await tenant.release(NOON + 4 * MINUTE)
    for each in (schedule, renamed):
        assert (fired(await tenant.fires(each)), await tenant.spans(each)) == ([1, 2, 3, 4], [])


async def test_a_pause_with_an_end_is_over_by_itself_and_the_next_release_is_for_then(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    until = NOON + 3 * MINUTE + 500
    await pause(tenant, until=until)
    assert (await tenant.release(NOON + MINUTE)).next_due == until
    await tenant.release(until)
    assert (await tenant.again(schedule)).progress.next_due == NOON + 4 * MINUTE
    await tenant.release(NOON + 4 * MINUTE)
    assert fired(await tenant.fires(schedule)) == [4]
    assert minutes(await tenant.spans(schedule)) == [(1, 3, SpanReason.WORKSPACE_PAUSED)]


async def test_many_that_wait_for_the_end_of_a_pause_are_released_in_batches(tenant):
    made = await tenant.schedules(7, policies=ALLOW)
    paused = await pause(tenant)
    await tenant.release(NOON + MINUTE)
    await end(tenant, paused, NOON + MINUTE + 1, catch_up=LATEST)
    sizes = []
    while (released := await tenant.release(NOON + MINUTE + 1, limit=3)).schedules:
        sizes.append((released.schedules, released.full))
    assert sizes == [(3, True), (3, True), (1, False)]
    assert [fired(await tenant.fires(each)) for each in made] == [[1]] * 7


async def test_those_whose_pause_is_over_get_what_those_that_are_due_leave_of_a_batch(tenant, store):
    other = await Tenant.open(store)
    await tenant.schedules(7, policies=ALLOW)
    paused = await pause(tenant)
    await tenant.release(NOON + MINUTE)
    await other.schedules(2, "2 12 * * *")
    await end(tenant, paused, NOON + 2 * MINUTE)
    assert (await tenant.release(NOON + 2 * MINUTE, limit=5)).schedules == 5


async def test_an_edit_in_a_pause_leaves_the_slots_of_the_pause_to_the_pause(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await pause(tenant, NOON + MINUTE + 1)
    await tenant.release(NOON + MINUTE)
    await tenant.release(NOON + 3 * MINUTE)
    renamed = await tenant.change(schedule, NOON + 3 * MINUTE, name="new")
    assert renamed.progress.accounted_to == NOON + MINUTE
    await tenant.redefine(schedule, NOON + 3 * MINUTE, timing=Timing("30 * * * *"))
    await tenant.release(NOON + 31 * MINUTE)
    assert fired(await tenant.fires(schedule)) == [1]
    assert minutes(await tenant.spans(schedule)) == [(2, 3, SpanReason.WORKSPACE_PAUSED)]


async def test_an_edit_right_after_a_pause_of_the_workspace_first_catches_up_what_the_pause_was_to(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await pause(tenant, until=NOON + 3 * MINUTE + 500, catch_up=ALL)
    await tenant.release(NOON + MINUTE)
    await tenant.redefine(schedule, NOON + 4 * MINUTE + 1, timing=Timing("0 * * * *"))
    assert (fired(await tenant.fires(schedule)), await tenant.spans(schedule)) == ([1, 2, 3, 4], [])


async def test_a_schedule_that_is_made_in_a_pause_waits_for_its_end(tenant):
    paused = await pause(tenant)
    schedule = await tenant.schedule(policies=ALLOW, now=NOON + MINUTE)
    await tenant.release(NOON + 2 * MINUTE)
    await end(tenant, paused, NOON + 2 * MINUTE + 1)
    await tenant.release(NOON + 3 * MINUTE)
    assert fired(await tenant.fires(schedule)) == [3]
    assert minutes(await tenant.spans(schedule)) == [(2, 2, SpanReason.WORKSPACE_PAUSED)]


async def test_a_pause_is_forgotten_by_releases_once_no_schedule_waits_for_its_end(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    await pause(tenant, until=NOON + 2 * MINUTE)
    await tenant.release(NOON + MINUTE)
    late = NOON + 2 * MINUTE + pauses.SETTLED_AFTER_MS + 1
    assert await store.read(pauses.pauses_to_settle, late, 10) == []
    assert tenant.workspace in (await store.urgent(pauses.ruling, late)).of_workspaces
    await tenant.release(late)
    await store.urgent(pauses.settle_pauses, await store.read(pauses.pauses_to_settle, late, 10))
    assert tenant.workspace not in (await store.urgent(pauses.ruling, late)).of_workspaces
    (known,) = await store.read(pauses.list_pauses, tenant.workspace, 10)
    assert known.ends_ms == NOON + 2 * MINUTE
    assert fired(await tenant.fires(schedule)) == [3]


@pytest.mark.parametrize("until", [NOON + HOUR, None])
async def test_a_resumption_is_not_put_off_where_the_pause_has_another_end_by_now(tenant, store, until):
    """Somebody has changed it since its resumption was refused."""
    paused = {"state": ScheduleState.PAUSED, "paused_until_ms": NOON + MINUTE}
    schedule = await tenant.change(await tenant.schedule(), NOON, **paused)
    await tenant.change(schedule, NOON + MINUTE, paused_until_ms=until)
    own, again = (tenant.workspace, schedule.id), NOON + 2 * MINUTE
    await store.urgent(pauses.put_off_resumption, *own, NOON + MINUTE, again)
    assert (await tenant.again(schedule)).paused_until_ms == until


async def test_a_pause_is_kept_while_slots_in_it_are_undecided_however_long_ago_it_was(tenant, store):
    """No node has worked for longer than history is kept, and then the first one deletes history before it releases."""
    schedule = await tenant.schedule(policies=ALLOW)
    await pause(tenant, until=NOON + 2 * MINUTE + 1)
    await tenant.release(NOON + MINUTE)
    await store.write(upkeep.forget, NOON + HOUR, 100)
    await tenant.release(NOON + 3 * MINUTE)
    assert minutes(await tenant.spans(schedule)) == [(1, 2, SpanReason.WORKSPACE_PAUSED)]
    assert fired(await tenant.fires(schedule)) == [3]
    await store.urgent(pauses.settle_pauses, await store.read(pauses.pauses_to_settle, NOON + HOUR, 10))
    await store.write(upkeep.forget, NOON + HOUR, 100)
    assert await store.read(pauses.list_pauses, tenant.workspace, 10) == []


async def test_a_pause_whose_end_and_note_are_taken_away_goes_on(tenant, store):
    paused = await pause(tenant, until=NOON + MINUTE, note="moving")
    await end(tenant, paused, None, note=None)
    (known,) = await store.read(pauses.list_pauses, tenant.workspace, 10)
    assert (known.ends_ms, known.note) == (None, None)
    assert await store.read(pauses.pauses_in_force, tenant.workspace, NOON + HOUR) == [known]


async def test_what_waited_for_the_end_of_a_pause_is_released_beside_a_herd_that_fills_each_batch(
    tenant, store
):
    made = await tenant.schedules(4, policies=ALLOW)
    paused = await pause(tenant)
    await tenant.release(NOON + MINUTE)
    herd = await Tenant.open(store)
    await herd.schedules(50, policies=ALLOW)
    await end(tenant, paused, NOON + MINUTE + 1, catch_up=LATEST)
    for _ in range(4):
        await tenant.release(NOON + MINUTE + 1, limit=4)
    assert [fired(await tenant.fires(each)) for each in made] == [[1]] * 4


async def test_a_new_pause_is_announced_so_that_nothing_waits_for_a_poll(tenant, store):
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    paused = await pause(tenant)
    await end(tenant, paused, NOON + MINUTE)
    assert (DUE, NOON + MINUTE) in heard


async def change(tenant, schedule, how, now):
    return await tenant.store.write(change_schedule, tenant.workspace, schedule.id, how, now)


@pytest.mark.parametrize(
    ("catch_up", "fires", "spans"),
    [
        (None, [5], [(2, 4, SpanReason.PAUSED)]),
        (LATEST, [4, 5], [(2, 3, SpanReason.PAUSED)]),
        (ALL, [2, 3, 4, 5], []),
    ],
)
async def test_a_schedule_that_is_resumed_catches_up_what_was_chosen(tenant, catch_up, fires, spans):
    schedule = await tenant.schedule(policies=ALLOW)
    await change(tenant, schedule, pausing(ANYBODY, "why"), NOON + MINUTE + 1)
    after = await change(tenant, schedule, resuming(catch_up), NOON + 4 * MINUTE + 1)
    assert (after.state, after.progress.next_due) == (ACTIVE, NOON + 5 * MINUTE)
    await tenant.release(NOON + 5 * MINUTE)
    assert fired(await tenant.fires(schedule)) == [1, *fires]
    assert minutes(await tenant.spans(schedule)) == spans


async def test_the_pause_of_a_schedule_that_has_come_to_its_end_ended_then(tenant, store):
    """The step that resumes comes later, and what was due meanwhile fires all the same."""
    schedule = await tenant.schedule(policies=ALLOW)
    until = NOON + 3 * MINUTE
    await change(tenant, schedule, pausing(ANYBODY, None, until), NOON + 1)
    assert await store.read(pauses.schedules_to_resume, until - 1, 10) == []
    late = until + MINUTE + 1
    assert await store.read(pauses.schedules_to_resume, late, 10) == [(tenant.workspace, schedule.id)]
    after = await change(tenant, schedule, resuming(), late)
    assert (after.state, after.paused_until_ms) == (ACTIVE, None)
    await tenant.release(late)
    assert fired(await tenant.fires(schedule)) == [4]
    assert minutes(await tenant.spans(schedule)) == [(1, 2, SpanReason.PAUSED), (3, 3, SpanReason.MISSED)]


@pytest.mark.parametrize("catch_up", list(CatchUp))
@pytest.mark.parametrize("off", [-1, 0, 1])
async def test_a_slot_at_the_end_that_a_pause_of_a_schedule_was_given_fires_whatever_is_caught_up(
    tenant, catch_up, off
):
    """A slot before it, by a millisecond as well, is one of the pause."""
    schedule = await tenant.schedule(policies=ALLOW)
    until = NOON + 3 * MINUTE + off
    await change(tenant, schedule, pausing(ANYBODY, None, until, catch_up), NOON + 1)
    await change(tenant, schedule, resuming(), NOON + 3 * MINUTE + 5)
    await tenant.release(NOON + 3 * MINUTE + 5)
    last = 3 if off == 1 else 2
    caught_up = {CatchUp.NONE: [], CatchUp.LATEST: [last], CatchUp.ALL: list(range(1, last + 1))}[catch_up]
    assert fired(await tenant.fires(schedule)) == caught_up + list(range(last + 1, 4))


@pytest.mark.parametrize("earlier", [False, True], ids=["one pause", "one that is over before it"])
async def test_nothing_fires_by_the_resumption_of_a_schedule_while_its_workspace_is_paused(tenant, earlier):
    schedule = await tenant.schedule(policies=ALLOW)
    await change(tenant, schedule, pausing(ANYBODY), NOON + 1)
    if earlier:
        await pause(tenant, NOON + 2, NOON + 3)
    paused = await pause(tenant, NOON + MINUTE + 1)
    await change(tenant, schedule, resuming(ALL), NOON + 2 * MINUTE + 1)
    await tenant.release(NOON + 5 * MINUTE)
    assert (fired(await tenant.fires(schedule)), await tenant.spans(schedule)) == ([], [])
    await end(tenant, paused, NOON + 5 * MINUTE + 1)
    await tenant.release(NOON + 5 * MINUTE + 1)
    assert sorted(fired(await tenant.fires(schedule))) == [1, 2]
    assert minutes(await tenant.spans(schedule)) == [(3, 5, SpanReason.WORKSPACE_PAUSED)]


async def test_another_state_ends_the_end_of_a_pause(tenant, store):
    schedule = await tenant.schedule("0 * * * *", ALLOW)
    await change(tenant, schedule, pausing(ANYBODY, None, NOON + HOUR), NOON + 1)
    deleted = await tenant.change(schedule, NOON + 2, state=ScheduleState.DELETED, deleted_ms=NOON + 2)
    assert deleted.paused_until_ms is None
    assert await store.read(pauses.schedules_to_resume, NOON + 9 * HOUR, 10) == []


async def test_a_pause_is_found_by_each_of_its_slots_with_its_note(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    await change(tenant, schedule, pausing(ANYBODY, "repairs"), NOON + MINUTE + 1)
    await change(tenant, schedule, resuming(), NOON + 3 * MINUTE + 1)
    await change(tenant, schedule, pausing(ANYBODY, "holidays"), NOON + 4 * MINUTE + 1)

    async def note_at(minute):
        slot = NOON + minute * MINUTE
        found = await store.read(pauses.pause_behind, tenant.workspace, schedule.id, slot, slot)
        return None if found is None else found.note

    assert [await note_at(minute) for minute in range(1, 7)] == [
        None, "repairs", "repairs", None, "holidays", "holidays",
    ]  # fmt: skip


async def test_a_pause_is_found_with_the_note_that_it_was_changed_to(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    await change(tenant, schedule, pausing(ANYBODY, "repairs"), NOON + 1)
    await change(tenant, schedule, pausing(ANYBODY, "holidays"), NOON + 2)
    slot = NOON + MINUTE
    found = await store.read(pauses.pause_behind, tenant.workspace, schedule.id, slot, slot)
    assert (found.from_ms, found.note) == (NOON + 1, "holidays")


async def test_the_end_of_a_pause_leaves_those_before_it_as_they_ended(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    for minute in (1, 4):
        await change(tenant, schedule, pausing(ANYBODY), NOON + minute * MINUTE)
        await change(tenant, schedule, resuming(), NOON + (minute + 1) * MINUTE)
    found = await store.read(pauses.all_pauses, tenant.workspace, LOWEST_ID, 10)
    assert [((one.from_ms - NOON) // MINUTE, (one.ends_ms - NOON) // MINUTE) for one in found] == [
        (1, 2), (4, 5),
    ]  # fmt: skip


async def test_the_pause_of_a_workspace_stands_behind_no_slot_of_another(tenant, store):
    other = await Tenant.open(store)
    await pause(tenant, note="ours alone")
    slot = NOON + MINUTE
    found = await store.read(pauses.pause_behind, tenant.workspace, None, slot, slot)
    assert found.note == "ours alone"
    assert await store.read(pauses.pause_behind, other.workspace, None, slot, slot) is None


async def test_a_stale_version_resumes_nothing(tenant, store):
    schedule = await tenant.schedule()
    await change(tenant, schedule, pausing(ANYBODY), NOON + 1)
    with pytest.raises(Conflict):
        await store.write(change_schedule, tenant.workspace, schedule.id, resuming(ALL), NOON + HOUR, 1)
    assert (await tenant.again(schedule)).state is PAUSED


async def test_a_schedule_is_in_the_pause_that_goes_on_and_in_none_before_it(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)

    async def begun():
        return await store.read(pauses.beginning_of_pause, tenant.workspace, schedule.id)

    for minute in (1, 4):
        await change(tenant, schedule, pausing(ANYBODY), NOON + minute * MINUTE)
        assert await begun() == NOON + minute * MINUTE
        await change(tenant, schedule, resuming(), NOON + (minute + 1) * MINUTE)
        assert await begun() is None


async def test_times_of_windows_take_no_room_of_the_pauses_that_people_make(tenant, store, monkeypatch):
    monkeypatch.setattr(pauses, "MOST_RULING", 1)
    new = Pause(random_id(NOON), tenant.workspace, None, NOON, NOON + HOUR, NONE)
    of_window = replace(new, id=random_id(NOON), window_id=random_id(NOON))
    await store.write(pauses.write_pauses, [of_window, replace(of_window, id=random_id(NOON))])
    await store.write(pauses.add_pause, new)
    with pytest.raises(Conflict, match="no more may be"):
        await store.write(pauses.add_pause, replace(new, id=random_id(NOON)))


@pytest.mark.parametrize(("ends", "next_due"), [(2, 4), (3, 4), (3.5, 3.5), (9, 4)])
async def test_a_release_wakes_for_the_end_of_a_pause_that_is_to_come_and_for_no_past_one(
    tenant, store, ends, next_due
):
    await tenant.schedule(policies=ALLOW)
    pause = Pause(
        random_id(NOON), tenant.workspace, None, NOON + 1, NOON + round(ends * MINUTE), CatchUp.NONE
    )
    await store.write(pauses.add_pause, pause)
    released = await tenant.release(NOON + 3 * MINUTE)
    assert released.next_due == NOON + round((ends if ends > 3 else next_due) * MINUTE)


@pytest.mark.parametrize("edited", [True, False])
async def test_the_pause_of_a_schedule_concerns_no_release_once_it_goes_on(tenant, store, edited):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.change(schedule, NOON + 1, state=ScheduleState.PAUSED)
    definition = (await tenant.again(schedule)).definition
    definition = replace(definition, input={"n": 1}) if edited else definition
    await tenant.change(schedule, NOON + MINUTE + 1, state=ScheduleState.ACTIVE, definition=definition)
    assert await select(store, "SELECT settled, ends_ms FROM pauses") == [(1, NOON + MINUTE + 1)]


async def test_of_pauses_of_a_workspace_that_overlap_the_one_that_began_first_held_a_slot_back(tenant, store):
    first = await pause(tenant, until=NOON + 5 * MINUTE)
    await pause(tenant, since=NOON + MINUTE, until=NOON + 5 * MINUTE)
    slot = NOON + 2 * MINUTE
    assert await store.read(pauses.pause_behind, tenant.workspace, None, slot, slot) == first


async def test_what_is_asked_of_pauses_is_told_of_those_that_it_concerns(tenant, store):
    """Of a workspace and of a schedule, over, under way and to come, one within another, with the same beginning."""
    schedule = await tenant.schedule()
    other = await Tenant.open(store)
    made = {}
    for name, of, since, until in (
        ("over", None, -9, -5),
        ("long", None, -4, 9),
        ("within", None, -2, 3),
        ("beside", None, -2, 4),
        ("to come", None, 5, 7),
        ("own over", schedule.id, -8, -6),
        ("own long", schedule.id, -3, 8),
        ("own within", schedule.id, -1, 2),
        ("own to come", schedule.id, 5, 6),
    ):
        begin, end = NOON + since * MINUTE, NOON + until * MINUTE
        made[name] = Pause(random_id(begin), tenant.workspace, of, begin, end, NONE, name)
        if of is not None:  # a time of a window of its own, which releases have to know of as well
            made[name] = replace(made[name], window_id=random_id(begin))
    # Written in an order that is none of those in which they are asked for.
    turned = [made[name] for name in sorted(made, key=lambda name: name[::-1])]
    theirs = Pause(random_id(NOON), other.workspace, None, NOON - HOUR, None, NONE, "theirs")
    await store.write(pauses.write_pauses, [*turned, theirs])

    def notes(found):
        return [pause.note for pause in found]

    held = await store.read(pauses.pauses_in_force, tenant.workspace, NOON)
    assert notes(held)[0] == "long"
    assert sorted(notes(held)) == ["beside", "long", "within"]
    listed, after = [], None
    while page := await store.read(pauses.list_pauses, tenant.workspace, 1, after):
        listed += page
        after = page[0].from_ms, page[0].id
    by_beginning = sorted((pause.from_ms, pause.id, pause.note) for pause in turned if not pause.schedule_id)
    assert notes(listed) == [note for *_, note in reversed(by_beginning)]

    async def behind(of, minute):
        at = NOON + minute * MINUTE
        found = await store.read(pauses.pause_behind, tenant.workspace, of, at, at)
        return None if found is None else found.note

    assert [await behind(None, minute) for minute in (-6, -5, -4, 0, 6, 9)] == [
        "over", None, "long", "long", "long", None,
    ]  # fmt: skip
    assert [await behind(schedule.id, minute) for minute in (-7, -4, -2, 0, 3, 6, 9)] == [
        "own over", None, "own long", "own within", "own long", "own to come", None,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "gone"), [("planned", True), ("begun", False), ("own", False)])
async def test_only_a_planned_pause_of_the_workspace_itself_is_taken_back(tenant, store, name, gone):
    schedule, other = await tenant.schedule(), await Tenant.open(store)
    begin = NOON if name == "begun" else NOON + 1
    of = schedule.id if name == "own" else None
    made = Pause(random_id(NOON), tenant.workspace, of, begin, NOON + HOUR, NONE)
    await store.write(pauses.write_pauses, [made])
    with pytest.raises(NotFound):
        await store.write(pauses.drop_planned, other.workspace, made.id, NOON)
    if gone:
        await store.write(pauses.drop_planned, tenant.workspace, made.id, NOON)
    else:
        with pytest.raises(NotFound):
            await store.write(pauses.drop_planned, tenant.workspace, made.id, NOON)
    left = await store.read(pauses.all_pauses, tenant.workspace, LOWEST_ID, 10)
    assert (left == []) is gone


@pytest.mark.parametrize("kind", ["settled", "own", "theirs"])
async def test_pauses_that_releases_need_not_know_of_take_no_room(tenant, store, monkeypatch, kind):
    monkeypatch.setattr(pauses, "MOST_RULING", 1)
    schedule, other = await tenant.schedule(), await Tenant.open(store)
    of = other.workspace if kind == "theirs" else tenant.workspace
    own = schedule.id if kind == "own" else None
    old = Pause(random_id(NOON), of, own, NOON, None if own else NOON + 1, NONE)
    await store.write(pauses.write_pauses, [old])
    if own:  # it is resumed while something else holds it, so releases have to know of it
        await store.write(pauses.end_of_schedule, schedule, NOON + 1, True)
    if kind == "settled":
        await store.write(run_statement, "settle_pause", id=old.id)
    new = replace(old, id=random_id(NOON), workspace_id=tenant.workspace, schedule_id=None)
    await store.write(pauses.add_pause, new)
    with pytest.raises(Conflict, match="no more may be"):
        await store.write(pauses.add_pause, replace(new, id=random_id(NOON)))


async def run_statement(tx, name, **given):
    await tx.run(name, **given)


async def test_schedules_are_resumed_from_the_end_of_their_pause_on_and_the_earliest_first(tenant, store):
    made = []
    for minute in (3, 1, 2):
        schedule = await tenant.schedule()
        await change(tenant, schedule, pausing(ANYBODY, None, NOON + minute * MINUTE), NOON + 1)
        made.append(schedule.id)
    third, first, second = made
    for at, limit, expected in (
        (NOON + MINUTE - 1, 9, []),
        (NOON + MINUTE, 9, [first]),
        (NOON + 3 * MINUTE, 9, [first, second, third]),
        (NOON + 3 * MINUTE, 2, [first, second]),
    ):
        found = await store.read(pauses.schedules_to_resume, at, limit)
        assert found == [(tenant.workspace, each) for each in expected]


async def test_a_workspace_that_several_pause_at_the_same_time_has_one_pause(tenant, store, other):
    who = caller(tenant.workspace, tenant.principal)
    services = [PauseService(one, HandClock(NOON)) for one in (store, other) * 3]
    await asyncio.gather(*(one.pause(who, tenant.workspace, note="CRM moves") for one in services))
    assert len(await store.read(pauses.pauses_in_force, tenant.workspace, NOON)) == 1


@pytest.mark.parametrize("what", ["resume", "pause"])
async def test_who_was_let_in_before_a_workspace_was_deleted_does_not_end_the_pause_that_holds_it(
    tenant, store, what
):
    who, service = caller(tenant.workspace, tenant.principal), PauseService(store, HandClock(NOON + 1))
    own = await tenant.schedule(policies=ALLOW)
    await store.write(purges.delete_workspace, tenant.workspace, NOON, NOON + DAY, None)
    given = {} if what == "resume" else {"until_ms": NOON + MINUTE}
    with pytest.raises(NotFound):
        await getattr(service, what)(who, tenant.workspace, **given)
    for minute in range(1, 5):
        await tenant.release(NOON + minute * MINUTE)
    assert await tenant.fires(own) == []
