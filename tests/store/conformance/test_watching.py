"""Runs that another engine has: they hold no worker, are looked at, and end as a look shows."""

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.domain.target import Completion
from horarium.domain.watching import TROUBLE
from horarium.store.verbs import dispatch, runs, watching
from horarium.store.verbs.watching import WatchedEnd
from horarium.worker.work import cancelled
from tests.support.noted import Noted
from tests.support.tenant import HOUR, MINUTE, NOON, Node, RunState, Tenant, states

NOW = NOON + MINUTE
SECOND = 1_000
TAKEN = Outcome(Verdict.ACCEPTED, output={"sequence": 7}, handle="job-1")


async def given_away(tenant, count=1, **policies):
    """Runs that an engine has taken at NOW: (schedules, works)."""
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    schedules = await tenant.schedules(count, "1 12 * * *", target_id=target, **policies)
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    works = await node.claim(NOW)
    await node.record(works, TAKEN, NOW)
    assert await tenant.store.read(dispatch.owned, node.id) == []
    return schedules, works


async def look(store, now, limit=100):
    targets = await store.read(watching.targets_to_look_at, dispatch.BEFORE_ALL, 100)
    shares = {one.target: limit for one in targets}
    return await store.urgent(watching.take_looks, now, shares, now + 30 * SECOND)


async def record(store, ends=(), later=None, now=NOW + SECOND, troubles=None):
    return await store.urgent(watching.record_looks, ends, later or {}, now, troubles)


async def test_a_run_that_an_engine_has_holds_no_worker_and_is_looked_at_a_second_later(tenant, store):
    (schedule,), (work,) = await given_away(tenant)
    assert states(await tenant.runs(schedule)) == ["running"]
    assert await store.read(watching.earliest_look) == NOW + SECOND
    assert await look(store, NOW + SECOND - 1) == []
    (seen,) = await look(store, NOW + SECOND)
    assert (seen.run_id, seen.handle, seen.answer, seen.attempt) == (work.id, "job-1", None, 1)


async def test_what_one_node_looks_at_no_other_looks_at_for_a_while(tenant, store):
    await given_away(tenant, 3)
    assert len(await look(store, NOW + SECOND, limit=2)) == 2
    assert len(await look(store, NOW + SECOND, limit=9)) == 1
    assert await look(store, NOW + 30 * SECOND) == []
    assert len(await look(store, NOW + 31 * SECOND)) == 3


async def test_of_each_target_its_share_is_taken_and_targets_come_in_turn(tenant, store):
    found = [(await given_away(tenant, count))[1] for count in (3, 1, 2)]
    works = {group[0].target.id: group for group in found}
    first, second, third = sorted(works)
    elsewhere = await Tenant.open(store)
    await given_away(elsewhere)
    everything = await store.read(watching.targets_to_look_at, dispatch.BEFORE_ALL, 100)
    assert [one.workspace for one in everything if one.target in works] == [tenant.workspace] * 3
    assert {one.look_ms for one in everything} == {NOW + SECOND}
    (other,) = {one.target for one in everything} - {*works}
    in_turn = [one.target for one in await store.read(watching.targets_to_look_at, first, 3)]
    assert in_turn == [target for target in sorted([second, third, other, first]) if target > first][:3]
    assert [one.target for one in await store.read(watching.targets_to_look_at, other, 100)][-1] == other
    everyone = [one.target for one in await store.read(watching.targets_to_look_at, first, 100)]
    assert sorted(everyone) == sorted([first, second, third, other])
    shares = dict.fromkeys(works, 2)
    taken = await store.urgent(watching.take_looks, NOW + SECOND, shares, NOW + 30 * SECOND)
    assert {run.target_id: 0 for run in taken}.keys() == works.keys()
    assert sorted(sum(run.target_id == target for run in taken) for target in works) == [1, 2, 2]
    again = await store.read(watching.targets_to_look_at, dispatch.BEFORE_ALL, 100)
    left = {one.target for one in again if one.look_ms == NOW + SECOND}
    assert left == {other, next(target for target, group in works.items() if len(group) == 3)}


async def test_a_look_ends_runs_with_their_output_and_their_fires_with_them(tenant, store):
    schedules, works = await given_away(tenant, 2)
    ends = [
        WatchedEnd(works[0].id, RunState.SUCCEEDED, '{"rows":3}'),
        WatchedEnd(works[1].id, RunState.FAILED, error="broken there"),
    ]
    assert set(await record(store, ends)) == {work.id for work in works}
    by_run = {run.id: run for schedule in schedules for run in await tenant.runs(schedule)}
    done, broken = by_run[works[0].id], by_run[works[1].id]
    assert (done.state, done.output, done.finished_ms) == (RunState.SUCCEEDED, '{"rows":3}', NOW + SECOND)
    assert (broken.state, broken.error) == (RunState.FAILED, "broken there")
    fires = [fire for schedule in schedules for fire in await tenant.fires(schedule)]
    assert sorted(states(fires)) == ["completed", "failed"]
    for schedule in schedules:
        assert (await tenant.again(schedule)).progress.open_fires == 0
    assert await store.read(watching.earliest_look) is None


async def test_a_run_that_goes_on_is_looked_at_when_the_look_said(tenant, store):
    _, (work,) = await given_away(tenant)
    await look(store, NOW + SECOND)
    await record(store, later={work.id: NOW + 9 * SECOND})
    assert await store.read(watching.earliest_look) == NOW + 9 * SECOND


async def test_looks_lock_rows_in_the_order_of_a_cancellation(tenant, store):
    """Schedules, callbacks, runs: otherwise PostgreSQL ends one of the two as a deadlock."""
    _, works = await given_away(tenant, 2)
    ends = [WatchedEnd(works[0].id, RunState.SUCCEEDED)]

    async def looked(tx):
        noted = Noted(tx)
        others = works[1].id
        await watching.record_looks(noted, ends, {others: NOW + HOUR}, NOW, {others: TROUBLE})
        return noted.names

    async def ended(tx):
        noted = Noted(tx)
        await runs.cancel_run(noted, tenant.workspace, works[1].id, NOW)
        return noted.names

    schedules, callbacks = {"hold_cursors"}, {"answer_watched", "look_later", "close_callbacks"}
    changed = schedules | callbacks | {"note_troubles", "finish_runs", "cancel_open_runs"}
    looking, cancelling = [
        [name for name in await store.urgent(verb) if name in changed] for verb in (looked, ended)
    ]
    assert looking == ["hold_cursors", "answer_watched", "look_later", "note_troubles", "finish_runs"]
    assert cancelling[:3] == ["hold_cursors", "close_callbacks", "cancel_open_runs"]


async def test_two_looks_that_show_an_end_count_once(tenant, store):
    (schedule,), (work,) = await given_away(tenant)
    assert await record(store, [WatchedEnd(work.id, RunState.SUCCEEDED)]) == [work.id]
    assert await record(store, [WatchedEnd(work.id, RunState.FAILED, error="late")]) == []
    assert states(await tenant.runs(schedule)) == ["succeeded"]
    progress = (await tenant.again(schedule)).progress
    assert (progress.succeeded, progress.failed) == (1, 0)


async def test_a_cancelled_run_is_looked_at_at_once_so_that_the_engine_is_told(tenant, store):
    (schedule,), (work,) = await given_away(tenant)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW + 5)
    (seen,) = await look(store, NOW + 5)
    assert (seen.run_id, seen.answer) == (work.id, "cancelled")
    await store.urgent(watching.record_tellings, [work.id], {})
    assert await store.read(watching.earliest_look) is None
    assert await record(store, [WatchedEnd(work.id, RunState.SUCCEEDED)]) == []
    assert states(await tenant.runs(schedule)) == ["cancelled"]


@pytest.mark.parametrize("by_deadline", [False, True], ids=("cancelled", "deadline"))
async def test_a_run_that_ends_here_while_a_look_is_under_way_is_told_to_its_engine_at_once(
    tenant, store, by_deadline
):
    _, (work,) = await given_away(tenant)
    await look(store, NOW + SECOND)
    if by_deadline:
        await store.urgent(runs.expire_callbacks, NOW + HOUR, 10)
    else:
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW + SECOND)
    await record(store, later={work.id: NOW + 2 * HOUR})
    assert [seen.run_id for seen in await look(store, NOW + HOUR)] == [work.id]


async def test_an_engine_that_could_not_be_told_is_told_later(tenant, store):
    _, works = await given_away(tenant, 2)
    for work in works:
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW + SECOND)
    assert {seen.ended_ms for seen in await look(store, NOW + SECOND)} == {NOW + SECOND}
    await store.urgent(watching.record_tellings, [works[0].id], {works[1].id: NOW + 9 * SECOND})
    assert await store.read(watching.earliest_look) == NOW + 9 * SECOND
    await record(store, later={works[1].id: NOW + HOUR})  # a look that was under way says nothing of it
    assert await store.read(watching.earliest_look) == NOW + 9 * SECOND


async def claimed(tenant, completion=Completion.WATCH):
    """A run that a worker has, which may be on its way to its engine: (schedule, node, work)."""
    target = await tenant.add_target(completion=completion, deadline_ms=HOUR)
    (schedule,) = await tenant.schedules(1, "1 12 * * *", target_id=target)
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    (work,) = await node.claim(NOW)
    return schedule, node, work


async def test_a_run_that_is_cancelled_on_its_way_to_its_engine_is_told_there(tenant, store):
    schedule, node, work = await claimed(tenant)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    (seen,) = await look(store, NOW)
    assert (seen.run_id, seen.handle, seen.answer) == (work.id, None, "cancelled")
    assert seen.deadline_ms == NOW + MINUTE
    await node.record([work], TAKEN, NOW, careful=True)  # the answer came too late
    assert states(await tenant.runs(schedule)) == ["cancelled"]
    await store.urgent(watching.record_tellings, [work.id], {})
    assert await store.read(watching.earliest_look) is None


async def test_a_run_that_is_cancelled_after_its_node_was_lost_is_told_to_its_engine(tenant, store):
    _, node, work = await claimed(tenant)
    await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], NOW)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    assert [seen.run_id for seen in await look(store, NOW)] == [work.id]


async def test_of_runs_that_no_worker_had_or_that_no_engine_keeps_nothing_is_told(tenant, store):
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    (schedule,) = await tenant.schedules(1, "1 12 * * *", target_id=target)
    await tenant.release(NOW)
    (run,) = await tenant.runs(schedule)
    await store.write(runs.cancel_run, tenant.workspace, run.id, NOW)
    _, _, work = await claimed(tenant, Completion.RESPONSE)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    assert await store.read(watching.earliest_look) is None


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(Verdict.FAILED, error="no answer", unreached=True), ["failed"]),
        (Outcome(Verdict.FAILED, error="broke down"), ["failed"]),
        (Outcome(Verdict.FAILED, error="refused", retryable=False), []),
    ],
)
async def test_a_run_that_fails_here_is_told_to_the_engine_that_may_have_it(tenant, store, outcome, told):
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    once = Retry(max_attempts=1, max_elapsed_ms=1)
    await tenant.schedules(1, "1 12 * * *", target_id=target, policies=Policies(retry=once))
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    works = await node.claim(NOW)
    await node.record(works, outcome, NOW + SECOND)
    assert [(seen.handle, seen.answer) for seen in await look(store, NOW + SECOND)] == [
        (None, state) for state in told
    ]


async def test_a_run_that_its_worker_ends_while_it_is_on_its_way_is_told_to_its_engine(tenant, store):
    _, node, work = await claimed(tenant)
    work.started_ms = NOW
    assert await node.tell([cancelled(work, NOW)], NOW) == []
    assert [(seen.run_id, seen.handle) for seen in await look(store, NOW)] == [(work.id, None)]


async def test_a_run_that_is_not_over_by_its_deadline_fails_and_the_engine_is_told(tenant, store):
    (schedule,), (work,) = await given_away(tenant)
    assert await store.urgent(runs.expire_callbacks, NOW + HOUR - 1, 10) == []
    (expired,) = await store.urgent(runs.expire_callbacks, NOW + HOUR, 10)
    assert expired.run_id == work.id
    (run,) = await tenant.runs(schedule)
    assert (run.state, run.error) == (
        RunState.FAILED,
        "the target did not finish the run before its deadline",
    )
    assert [seen.answer for seen in await look(store, NOW + HOUR)] == ["failed"]


async def test_runs_that_an_engine_has_count_for_the_concurrency_of_their_target(tenant, store):
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR, max_concurrency=1)
    await tenant.schedules(2, "1 12 * * *", target_id=target)
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    await node.record([work], TAKEN, NOW)
    assert await node.claim(NOW) == []
    await record(store, [WatchedEnd(work.id, RunState.SUCCEEDED)])
    assert len(await node.claim(NOW)) == 1


async def test_what_looks_say_stands_in_the_run_until_it_ends_and_in_the_error_of_a_deadline(tenant, store):
    schedules, works = await given_away(tenant, 3)
    (first, second, third), now = (work.id for work in works), NOW + SECOND
    trouble = f"{TROUBLE}stream not found"
    noted = dict.fromkeys((first, second, third), trouble)
    await store.urgent(watching.record_looks, (), {}, now, noted)
    assert {run.error for run in await look(store, now)} == {trouble}
    await store.urgent(watching.record_looks, (), {}, now, {first: None})
    await record(store, [WatchedEnd(second, RunState.SUCCEEDED, "1")])
    await store.urgent(watching.record_looks, (), {}, now, {second: trouble})  # too late: it is over
    await store.urgent(runs.expire_callbacks, NOW + 2 * HOUR, 10)
    found = [run for schedule in schedules for run in await tenant.runs(schedule)]
    assert {run.id: run.error for run in found} == {
        first: "the target did not finish the run before its deadline",
        second: None,
        third: f"the target did not finish the run before its deadline; {trouble}",
    }


async def test_one_look_may_show_the_ends_of_runs_with_and_without_a_schedule(tenant, store):
    (schedule,), (of_schedule,) = await given_away(tenant)
    target = of_schedule.target.id
    single = await store.write(runs.run_target, tenant.workspace, target, b"r" * 16, None, NOW)
    node = await Node.start(store)
    await node.record(await node.claim(NOW), TAKEN, NOW)
    both = [of_schedule.id, single.id]
    ended = await record(store, [WatchedEnd(run, RunState.SUCCEEDED) for run in both])
    assert sorted(ended) == sorted(both)
    assert states(await tenant.runs(schedule)) == ["succeeded"]
