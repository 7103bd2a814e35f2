"""The end of runs ends fires; the end of fires moves counters, starts what waits, pauses and deletes."""

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.fire import FireKind, FireState
from horarium.domain.overlap import Overlap
from horarium.domain.run import RunMode, RunState
from horarium.domain.schedule import AfterCompletion, Policies, ScheduleState
from horarium.store.rows import OpenRun
from horarium.store.verbs import pauses, runs
from horarium.store.verbs.settle import RunEnd, cancel_runs, end_fire, settle
from horarium.worker.work import judge
from tests.support.tenant import FAILED, MINUTE, NOON, SUCCEEDED, Node, Tenant, states

PAUSED, ACTIVE = ScheduleState.PAUSED, ScheduleState.ACTIVE
ALLOW = Policies(overlap=Overlap.ALLOW)


async def fired(tenant, times=1, policies=ALLOW):
    schedule = await tenant.schedule(policies=policies)
    for minute in range(1, times + 1):
        await tenant.release(NOON + minute * MINUTE)
    return schedule


async def ends(tenant, schedule, *outcomes):
    """Let the runs of a schedule end, in the order of their slots."""
    node = await Node.start(tenant.store)
    works = sorted(await node.claim(NOON + 9 * MINUTE), key=lambda work: work.run.slot_ms)
    for work, outcome in zip(works, outcomes, strict=True):
        await node.record([work], outcome, NOON + 9 * MINUTE)


async def test_the_end_of_its_only_run_is_the_end_of_a_fire(tenant):
    schedule = await fired(tenant, 2)
    await ends(tenant, schedule, SUCCEEDED, FAILED)
    assert states(await tenant.fires(schedule)) == ["completed", "failed"]
    progress = (await tenant.again(schedule)).progress
    assert (progress.succeeded, progress.failed, progress.open_fires) == (1, 1, 0)
    assert (progress.failures_in_row, progress.last_state) == (1, "failed")


async def test_the_last_state_is_that_of_the_latest_fire_whichever_ends_last(tenant):
    schedule = await fired(tenant, 2)
    node = await Node.start(tenant.store)
    first, second = sorted(await node.claim(NOON + 9 * MINUTE), key=lambda work: work.run.slot_ms)
    await node.record([second], SUCCEEDED, NOON + 9 * MINUTE)
    await node.record([first], FAILED, NOON + 9 * MINUTE)
    assert (await tenant.again(schedule)).progress.last_state == "completed"


@pytest.mark.parametrize(
    ("outcomes", "in_a_row"),
    [((FAILED, FAILED, FAILED), 3), ((FAILED, SUCCEEDED, FAILED), 1), ((FAILED, FAILED, SUCCEEDED), 0)],
)
async def test_failures_in_a_row_are_counted_within_a_batch_too(tenant, outcomes, in_a_row):
    schedule = await fired(tenant, 3)
    node = await Node.start(tenant.store)
    works = sorted(await node.claim(NOON + 9 * MINUTE), key=lambda work: work.run.slot_ms)
    for work in works:
        work.started_ms = NOON
    both = zip(works, outcomes, strict=True)
    await node.tell([judge(work, outcome, NOON + 9 * MINUTE) for work, outcome in both], NOON + 9 * MINUTE)
    assert (await tenant.again(schedule)).progress.failures_in_row == in_a_row


async def test_a_run_that_is_repeated_by_hand_leaves_fire_and_counters_as_they_ended(tenant, store):
    schedule = await fired(tenant)
    await ends(tenant, schedule, FAILED)
    before = (await tenant.again(schedule)).progress
    (run,) = await tenant.runs(schedule)
    await store.write(runs.replay_run, tenant.workspace, run.id, NOON + 9 * MINUTE)
    await (await Node.start(store)).work(NOON + 9 * MINUTE, SUCCEEDED)
    assert states(await tenant.fires(schedule)) == ["failed"]
    assert sorted(states(await tenant.runs(schedule))) == ["failed", "succeeded"]
    assert (await tenant.again(schedule)).progress == before


def test_only_a_run_that_is_repeated_settles_no_fire():
    settled = {
        mode: RunEnd(
            b"run", b"space", b"fire", b"schedule", mode, RunState.SUCCEEDED, True, False
        ).settled_fire
        for mode in RunMode
    }
    assert settled.pop(RunMode.RETRY) is None
    assert set(settled.values()) == {b"fire"}


async def test_a_cancelled_fire_neither_fails_nor_breaks_a_row_of_failures(tenant, store):
    schedule = await fired(tenant, 2)
    (first, second) = await tenant.runs(schedule)
    node = await Node.start(store)
    works = await node.claim(NOON + 9 * MINUTE)
    await node.record([work for work in works if work.id == first.id], FAILED, NOON + 9 * MINUTE)
    await store.write(runs.cancel_run, tenant.workspace, second.id, NOON + 9 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["failed", "cancelled"]
    progress = (await tenant.again(schedule)).progress
    assert (progress.failed, progress.succeeded, progress.failures_in_row) == (1, 0, 1)


async def test_what_has_ended_already_is_not_cancelled_over(tenant, store):
    schedule = await fired(tenant)
    await ends(tenant, schedule, SUCCEEDED)
    (run,) = await tenant.runs(schedule)
    before = (await tenant.again(schedule)).progress
    late = OpenRun(run.id, run.workspace_id, run.fire_id, schedule.id, "", None, True, RunMode.CLOCK)
    await store.write(cancel_runs, [late], NOON + 9 * MINUTE)
    assert states(await tenant.runs(schedule)) == ["succeeded"]
    assert (await tenant.again(schedule)).progress == before


async def test_the_oldest_fire_that_waits_starts_when_the_one_before_has_ended(tenant):
    schedule = await fired(tenant, 3, Policies(overlap=Overlap.BUFFER_ALL))
    assert states(await tenant.fires(schedule)) == ["running", "waiting", "waiting"]
    await ends(tenant, schedule, SUCCEEDED)
    assert states(await tenant.fires(schedule)) == ["completed", "running", "waiting"]
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.waiting_fires) == (1, 1)


async def test_a_fire_may_end_for_a_reason_of_its_own(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW, audience={"type": "inline", "rows": [{"id": "a"}]})
    await tenant.release(NOON + MINUTE)
    (fire,) = await tenant.fires(schedule)
    await store.write(
        end_fire,
        schedule.workspace_id,
        schedule.id,
        fire.id,
        FireKind.CLOCK,
        FireState.FAILED,
        NOON + 2 * MINUTE,
        "no audience",
    )
    (ended,) = await tenant.fires(schedule)
    assert (ended.state, ended.error, ended.finished_ms) == ("failed", "no audience", NOON + 2 * MINUTE)
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.failed) == (0, 1)


async def test_a_fire_by_hand_that_ends_moves_no_counter(tenant, store):
    schedule = await fired(tenant)
    before = (await tenant.again(schedule)).progress
    (fire,) = await tenant.fires(schedule)
    end = RunEnd(
        b"r" * 16, schedule.workspace_id, None, schedule.id, RunMode.MANUAL, RunState.FAILED, True, False
    )
    await store.write(settle, [end], NOON)
    await store.write(
        end_fire, schedule.workspace_id, schedule.id, fire.id, FireKind.MANUAL, FireState.FAILED, NOON
    )
    assert (await tenant.again(schedule)).progress == before


async def test_the_ends_of_one_workspace_move_no_counter_of_another(tenant, store):
    stranger = await Tenant.open(store)
    ours, theirs = await fired(tenant), await stranger.schedule(policies=ALLOW)
    await stranger.release(NOON + MINUTE)
    before = (await stranger.again(theirs)).progress
    (run,) = await tenant.runs(ours)
    await store.write(runs.cancel_run, tenant.workspace, run.id, NOON + MINUTE)
    with pytest.raises(NotFound):
        await store.write(runs.cancel_run, tenant.workspace, (await stranger.runs(theirs))[0].id, NOON)
    assert (await stranger.again(theirs)).progress == before
    assert states(await stranger.runs(theirs)) == ["pending"]


async def test_a_success_that_is_recorded_with_the_failures_before_it_does_not_hide_them(tenant):
    policies = Policies(overlap=Overlap.ALLOW, pause_after_failures=2)
    schedule = await fired(tenant, 3, policies)
    calm = await fired(tenant, 3, policies)
    node = await Node.start(tenant.store)
    works = sorted(await node.claim(NOON + 9 * MINUTE), key=lambda work: work.run.slot_ms)
    of_schedule = [work for work in works if work.run.schedule_id == schedule.id]
    of_calm = [work for work in works if work.run.schedule_id == calm.id]
    told = [
        *zip(of_schedule, (FAILED, FAILED, SUCCEEDED), strict=True),
        *zip(of_calm, (FAILED, SUCCEEDED, FAILED), strict=True),
    ]
    for work, _ in told:
        work.started_ms = NOON
    await node.tell([judge(work, outcome, NOON + 9 * MINUTE) for work, outcome in told], NOON + 9 * MINUTE)
    paused = await tenant.again(schedule)
    assert (paused.state, paused.note) == (PAUSED, "paused after 2 failed fires in a row")
    assert (await tenant.again(calm)).state is ACTIVE


async def test_failures_in_a_row_pause_and_a_success_forgives(tenant, store):
    policies = Policies(pause_after_failures=2)
    schedule = await tenant.schedule(policies=policies)
    node = await Node.start(store)
    for n, outcome in enumerate((FAILED, SUCCEEDED, FAILED, FAILED), 1):
        await tenant.release(NOON + n * MINUTE)
        await node.work(NOON + n * MINUTE, outcome)
    after = await tenant.again(schedule)
    assert (after.state, after.note) == (PAUSED, "paused after 2 failed fires in a row")
    assert (after.version, after.updated_ms) == (schedule.version + 1, NOON + 4 * MINUTE)
    slot = NOON + 5 * MINUTE
    behind = await store.read(pauses.pause_behind, tenant.workspace, schedule.id, slot, slot)
    assert (behind.note, behind.from_ms, behind.ends_ms) == (after.note, NOON + 4 * MINUTE, None)
    assert (await tenant.release(NOON + 5 * MINUTE)).schedules == 0
    resumed = await tenant.change(schedule, NOON + 6 * MINUTE, state=ACTIVE)
    assert resumed.progress.failures_in_row == 0


async def test_a_completed_schedule_goes_away_by_itself_where_asked(tenant, store):
    policies = Policies(max_fires=1, after_completion=AfterCompletion.DELETE)
    schedule = await tenant.schedule(policies=policies)
    await tenant.release(NOON + MINUTE)
    await tenant.again(schedule)
    await (await Node.start(store)).work(NOON + MINUTE)
    with pytest.raises(NotFound):
        await tenant.again(schedule)


async def test_the_run_of_a_fire_that_waited_is_due_since_it_began(tenant, store):
    """So the time that its retries may take counts from there."""
    schedule = await fired(tenant, 2, Policies(overlap=Overlap.BUFFER_ONE))
    later = NOON + 30 * MINUTE
    await (await Node.start(store)).work(later)
    assert [run.due_ms for run in await tenant.runs(schedule)] == [NOON + MINUTE, later]


async def test_a_cancelled_fire_parts_no_row_of_failures_within_a_batch(tenant, store):
    schedule = await fired(tenant, 4, Policies(overlap=Overlap.ALLOW, pause_after_failures=2))
    ended = [
        RunEnd(run.id, run.workspace_id, run.fire_id, schedule.id, RunMode.CLOCK, state, True, True)
        for run, state in zip(
            await tenant.runs(schedule),
            (RunState.FAILED, RunState.FAILED, RunState.CANCELLED, RunState.FAILED),
            strict=True,
        )
    ]
    await store.write(settle, ended, NOON + 9 * MINUTE)
    assert (await tenant.again(schedule)).note == "paused after 3 failed fires in a row"
