"""A restored database has nothing of its old processes, and does nothing again that the old server did later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from horarium.domain.actions import ActionKind, ActionState
from horarium.domain.errors import NotFound
from horarium.domain.fire import FireKind
from horarium.domain.ids import HIGHEST_ID, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import AfterCompletion, CatchUp, Policies, ScheduleState
from horarium.store.verbs import fanout, nodes, pauses, release, restored
from horarium.store.verbs.actions import list_actions, take_action
from horarium.store.verbs.manual import fire_by_hand
from horarium.store.verbs.meta import BACKUP, hold, is_backup
from tests.store.conformance.test_actions import an_action
from tests.support.tenant import MINUTE, NOON, TRY_AGAIN, Node, states

UNTIL = NOON + 10 * MINUTE
ONCE = '{"once":"2026-11-22T12:05:00Z"}'
AUDIENCE = {"type": "directory", "of": "users"}


@pytest.mark.parametrize("limit", [1, 100])
async def test_what_was_open_ends_with_the_reason_and_nothing_begins_instead(tenant, store, limit):
    waits = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ALL))
    reads = await tenant.schedule(audience=AUDIENCE)
    fails = await tenant.schedule()
    await store.write(fire_by_hand, await tenant.again(reads), FireKind.MANUAL, NOON + 5, "by hand", NOON + 5)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    await node.work(NOON + MINUTE, TRY_AGAIN)
    await tenant.release(NOON + 2 * MINUTE)
    assert states(await tenant.fires(waits)) == ["running", "waiting"]

    while await store.urgent(restored.end_open, UNTIL, limit):
        pass
    assert states(await tenant.fires(waits)) == ["cancelled", "cancelled"]
    assert {run.error for run in await tenant.runs(waits)} == {restored.NOT_AGAIN}
    assert set(states(await tenant.fires(reads))) == {"cancelled"}
    assert len(await tenant.fires(reads)) >= 2
    assert set(states(await tenant.fires(fails))) == {"cancelled"}
    for schedule in (waits, reads, fails):
        progress = (await tenant.again(schedule)).progress
        assert (progress.open_fires, progress.waiting_fires) == (0, 0)
    assert await node.claim(NOON + 60 * MINUTE) == []
    assert await store.urgent(fanout.claim_fanout_tasks, node.id, UNTIL, 10, 10, {}) == []


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_all_audiences_that_are_read_are_given_up_also_where_no_run_is_open(tenant, store, limit):
    reading = await tenant.schedules(3, audience=AUDIENCE)
    await tenant.release(NOON + MINUTE)
    while await store.urgent(restored.end_open, UNTIL, limit):
        pass
    assert [states(await tenant.fires(each)) for each in reading] == [["cancelled"]] * 3


async def test_a_run_that_is_due_later_stays(tenant, store):
    schedule = await tenant.schedule("*/15 * * * *")
    await tenant.release(NOON + 15 * MINUTE)
    await store.urgent(restored.end_open, UNTIL, 100)
    assert states(await tenant.fires(schedule)) == ["running"]


@pytest.mark.parametrize("limit", [1, 100])
async def test_slots_up_to_the_instant_are_missed_and_later_ones_fire(tenant, store, limit):
    every_minute = await tenant.schedules(3)
    later = await tenant.schedule("*/15 * * * *")
    paused = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    while await store.urgent(release.pass_over, UNTIL, limit):
        pass
    for schedule in every_minute:
        (span,) = await tenant.spans(schedule)
        assert (span.count, span.reason.value) == (9, "missed")
        assert (span.first_ms, span.last_ms) == (NOON + 2 * MINUTE, UNTIL)
    assert await tenant.spans(later) == []
    assert (await tenant.release(UNTIL)).fires == 0
    assert (await tenant.release(UNTIL + MINUTE)).schedules == 4
    assert (await tenant.again(paused)).progress.accounted_to == UNTIL + MINUTE


async def pass_over_all(store):
    """What a restore does about slots."""
    for verb in (restored.resume_without_catch_up, release.pass_over):
        while await store.urgent(verb, UNTIL, 1):
            pass


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("ends_ms", [None, NOON + 5 * MINUTE, UNTIL, UNTIL + 1, UNTIL + 5 * MINUTE])
async def test_what_a_pause_of_the_workspace_caught_up_by_the_instant_is_not_caught_up_again(
    tenant, store, ends_ms, waits
):
    """And what a pause that went on then has held is caught up when it ends, also what was due after the backup."""
    schedules = await tenant.schedules(3, policies=Policies(overlap=Overlap.ALLOW))
    paused = Pause(random_id(NOON), tenant.workspace, None, NOON, ends_ms, CatchUp.ALL, None)
    await store.write(pauses.write_pauses, [paused])
    if waits:
        await tenant.release(NOON + MINUTE)
    await pass_over_all(store)
    later = UNTIL + 6 * MINUTE
    if ends_ms is None:
        await store.write(pauses.change_pause, replace(paused, ends_ms=later))
    await tenant.release(later)
    over = ends_ms is not None and ends_ms <= UNTIL
    for schedule in schedules:
        fired = {(fire.slot_ms - UNTIL) // MINUTE for fire in await tenant.fires(schedule)}
        if over:
            assert min(fired) > 0
            span = (await tenant.spans(schedule))[0]
            assert span.first_ms == NOON + MINUTE
            assert span.last_ms >= UNTIL
        else:
            assert fired >= set(range(-9, 1))


@pytest.mark.parametrize("until_ms", [NOON + 5 * MINUTE, UNTIL, UNTIL + 1])
async def test_what_a_pause_of_a_schedule_caught_up_by_the_instant_is_not_caught_up_again(
    tenant, store, until_ms
):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW))
    paused = {"state": ScheduleState.PAUSED, "paused_until_ms": until_ms, "catch_up_after": CatchUp.ALL}
    await tenant.change(schedule, NOON + 30_000, **paused)
    await pass_over_all(store)
    again = await tenant.again(schedule)
    if until_ms > UNTIL:
        assert (again.state, again.paused_until_ms) == (ScheduleState.PAUSED, until_ms)
        return
    assert (again.state, again.paused_until_ms) == (ScheduleState.ACTIVE, None)
    await tenant.release(UNTIL + MINUTE)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [UNTIL + MINUTE]
    assert sum(span.count for span in await tenant.spans(schedule)) == 10


async def test_an_action_that_sends_ends_and_one_that_can_be_done_twice_goes_on(tenant, store):
    for kind in ActionKind:
        await store.write(take_action, an_action(tenant, id=random_id(NOON), kind=kind))
    await store.urgent(restored.end_sending_actions, UNTIL)
    found = await store.read(list_actions, tenant.workspace, 100, HIGHEST_ID)
    ended = {one.kind: (one.error, one.finished_ms) for one in found if one.state is not ActionState.RUNNING}
    of_it = restored.NOT_AGAIN, UNTIL
    assert ended == {ActionKind.FIRE: of_it, ActionKind.RETRY: of_it}


@pytest.mark.parametrize("deletes", [True, False])
async def test_a_schedule_whose_last_slot_has_passed_is_completed(tenant, store, deletes):
    after = AfterCompletion.DELETE if deletes else AfterCompletion.KEEP
    schedule = await tenant.schedule(ONCE, Policies(after_completion=after))
    assert not await store.urgent(release.pass_over, UNTIL, 100)
    assert (await tenant.release(UNTIL + MINUTE)).schedules == 0
    if deletes:
        with pytest.raises(NotFound):
            await tenant.again(schedule)
        return
    ended = await tenant.again(schedule)
    assert (ended.state, ended.ended_ms, ended.ended_reason) == ("completed", UNTIL, "exhausted")
    (span,) = await tenant.spans(schedule)
    assert (span.first_ms, span.last_ms, span.count) == (NOON + 5 * MINUTE, NOON + 5 * MINUTE, 1)


@pytest.mark.parametrize("jitter_ms", [0, 20 * MINUTE])
async def test_a_slot_that_was_due_after_the_instant_is_not_missed(tenant, store, jitter_ms):
    schedule = await tenant.schedule("9 12 * * *", Policies(jitter_ms=jitter_ms))
    due = schedule.progress.next_due
    for until, missed in ((due - 1, 0), (due, 1)):
        await store.urgent(release.pass_over, until, 100)
        assert len(await tenant.spans(schedule)) == missed


async def test_of_a_schedule_with_jitter_only_those_slots_are_missed_that_were_due(tenant, store):
    schedule = await tenant.schedule("* * * * *", Policies(jitter_ms=12 * 60 * MINUTE))
    slot, due = schedule.progress.next_slot, schedule.progress.next_due
    await store.urgent(release.pass_over, due + MINUTE, 100)
    (span,) = await tenant.spans(schedule)
    assert (span.first_ms, span.last_ms, span.count) == (slot, slot + MINUTE, 2)
    assert (await tenant.again(schedule)).progress.next_due == due + 2 * MINUTE


async def test_nothing_is_left_of_the_old_processes_and_of_the_backup(tenant, store):
    await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    old = await Node.start(store)
    (work,) = await old.claim(NOON + MINUTE)
    await store.write(hold, BACKUP)
    assert await store.read(is_backup)
    await store.urgent(restored.leave_old_processes)
    assert not await store.read(is_backup)
    assert await store.read(nodes.living, NOON) == []
    assert await old.record([work], TRY_AGAIN, NOON + MINUTE, careful=True) == [work.id]
    assert [again.id for again in await (await Node.start(store)).claim(NOON + MINUTE)] == [work.id]
