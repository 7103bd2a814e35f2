"""The audience of a fire is read by one node at a time, and each of its rows gets one run."""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from horarium.domain.fire import FireKind
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import OverlapScope, Policies, ScheduleState
from horarium.store.base import FANOUT, Duplicate
from horarium.store.rows import AudienceText
from horarium.store.verbs import fanout, nodes, runs, tenancy
from horarium.store.verbs.fanout import FanoutLost
from horarium.store.verbs.manual import fire_by_hand
from tests.support.raw import select
from tests.support.tenant import FAILED, MINUTE, NOON, SUCCEEDED, Node, Tenant, states

NOW = NOON + MINUTE
AUDIENCE = {"type": "directory", "of": "users"}
PER_ROW = Policies(overlap_scope=OverlapScope.ROW)


def texts(*keys):
    return [AudienceText(key, f'{{"key":"{key}"}}') for key in keys]


async def resolving(tenant, now=NOW, policies=None, schedules=1):
    """Schedules with an audience whose fires wait for its reading."""
    made = await tenant.schedules(schedules, policies=policies, audience=AUDIENCE)
    await tenant.release(now)
    return made


async def claimed(store, node, now=NOW, room=10, share=10, held=None):
    return await store.urgent(fanout.claim_fanout_tasks, node.id, now, room, share, held or {})


async def one_task(tenant, store, now=NOW, policies=None):
    (schedule,) = await resolving(tenant, now, policies)
    node = await Node.start(store, now)
    (task,) = await claimed(store, node, now)
    return schedule, node, task


async def write(store, task, keys, position=None, counted=10, last=False, now=NOW, distinct=True):
    rows = fanout.prepare(task, texts(*keys), distinct)
    return await store.write(fanout.write_chunk, task, rows, position, counted, last, now)


async def test_a_fire_is_taken_by_one_node_with_all_that_reading_needs(tenant, store, other):
    (schedule,) = await resolving(tenant)
    nodes_there = [await Node.start(store), await Node.start(other)]
    found = await asyncio.gather(*(claimed(node.store, node) for node in nodes_there * 3))
    (task,) = [task for tasks in found for task in tasks]
    (fire,) = await tenant.fires(schedule)
    assert (task.fire_id, task.workspace_id, task.schedule_id) == (fire.id, tenant.workspace, schedule.id)
    assert (task.audience, task.kind, task.target_id) == (AUDIENCE, "clock", tenant.target)
    assert (task.position, task.rows_done, task.counted, task.attempts) == (None, 0, None, 0)
    assert task.node in [node.id for node in nodes_there]


async def test_of_one_workspace_a_node_takes_no_more_than_its_share(tenant, store):
    stranger = await Tenant.open(store)
    await resolving(tenant, schedules=5)
    await resolving(stranger)
    node = await Node.start(store)
    first = await claimed(store, node, room=3, share=2)
    assert sorted(task.workspace_id for task in first) == sorted(
        [tenant.workspace] * 2 + [stranger.workspace]
    )
    assert await claimed(store, node, room=3, share=2, held={tenant.workspace: 2}) == []
    assert len(await claimed(store, node, room=3, share=4, held={tenant.workspace: 2})) == 2


async def test_chunks_become_runs_and_the_last_of_them_resolves_the_fire(tenant, store):
    schedule, _, task = await one_task(tenant, store)
    task = await write(store, task, ["a", "b"], "b", counted=3)
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.runs, fire.audience_size) == ("resolving", 2, 3)
    assert (task.position, task.rows_done, task.counted) == ("b", 2, 3)
    assert await write(store, task, ["c"], counted=3, last=True) is None
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.runs, fire.audience_size, fire.error) == ("running", 3, 3, None)
    assert {run.row_key: run.data for run in await tenant.runs(schedule)} == dict(texts("a", "b", "c"))


async def test_the_end_of_the_last_run_is_the_end_of_the_fire(tenant, store):
    schedule, node, task = await one_task(tenant, store)
    await write(store, task, ["a", "b"], counted=2, last=True)
    first, second = await node.claim(NOW)
    await node.record([first], SUCCEEDED, NOW)
    assert states(await tenant.fires(schedule)) == ["running"]
    await node.record([second], FAILED, NOW)
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.succeeded, fire.failed) == ("partial", 1, 1)
    assert (await tenant.again(schedule)).progress.open_fires == 0


async def test_an_audience_that_shrank_is_a_partial_fire_with_its_reason(tenant, store):
    schedule, node, task = await one_task(tenant, store)
    await write(store, task, ["a"], counted=4, last=True)
    await node.work(NOW)
    (fire,) = await tenant.fires(schedule)
    assert fire.state == "partial"
    assert "4 rows were counted, 1 were found" in fire.error


async def test_an_empty_audience_completes_its_fire_at_once(tenant, store):
    schedule, _, task = await one_task(tenant, store)
    assert await write(store, task, [], counted=0, last=True) is None
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.runs, fire.audience_size) == ("completed", 0, 0)


async def test_a_chunk_that_is_written_twice_is_refused_and_leaves_nothing(tenant, store):
    schedule, _, task = await one_task(tenant, store)
    await write(store, task, ["a", "b"], "b")
    with pytest.raises(
        FanoutLost
    ):  # the reply was lost, and the reader tries again from where it believes to stand
        await write(store, task, ["a", "b"], "b")
    assert len(await tenant.runs(schedule)) == 2


async def test_a_row_that_comes_twice_is_refused_whole_and_named(tenant, store):
    schedule, _, task = await one_task(tenant, store)
    task = await write(store, task, ["a", "b"], "b", distinct=False)
    again = fanout.prepare(task, texts("c", "b"), distinct=False)
    with pytest.raises(Duplicate):
        await store.write(fanout.write_chunk, task, again, "c", 10, False, NOW)
    assert await store.read(fanout.repeated_row, again) == "b"
    assert sorted(run.row_key for run in await tenant.runs(schedule)) == ["a", "b"]


async def test_a_reader_that_lost_the_fire_writes_nothing(tenant, store, other):
    schedule, node, task = await one_task(tenant, store)
    heir = await Node.start(other, NOW + 1)
    await store.urgent(nodes.stop, node.id, NOW + 1)
    (inherited,) = await claimed(other, heir, NOW + 1)
    for write_something in (
        lambda: write(store, task, ["a"], "a"),
        lambda: store.write(fanout.give_up, task, "no", NOW),
        lambda: store.write(fanout.write_spool, task, 1, texts("a"), 1),
    ):
        with pytest.raises(FanoutLost):
            await write_something()
    assert await tenant.runs(schedule) == []
    await write(other, inherited, ["a"], counted=1, last=True, now=NOW + 1)
    assert len(await tenant.runs(schedule)) == 1


async def test_a_failed_source_is_asked_again_at_its_time_by_whoever_is_free(tenant, store):
    _, node, task = await one_task(tenant, store)
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    await store.write(fanout.put_off, task, NOW + 5_000)
    assert (FANOUT, NOW + 5_000) in heard
    assert await store.read(fanout.earliest_fanout_task) == NOW + 5_000
    assert await claimed(store, node, NOW + 4_999) == []
    (again,) = await claimed(store, node, NOW + 5_000)
    assert (again.attempts, again.epoch) == (1, task.epoch + 1)
    moved = await write(store, again, ["a"], "a")
    assert moved.attempts == 0


@pytest.mark.parametrize(("begun", "state"), [([], "failed"), (["a"], "running")])
async def test_giving_up_fails_the_fire_where_nothing_was_started(tenant, store, begun, state):
    schedule, node, task = await one_task(tenant, store)
    if begun:
        task = await write(store, task, begun, "a")
    await store.write(fanout.give_up, task, "the source is out to lunch", NOW)
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.error) == (state, "the source is out to lunch")
    await node.work(NOW)
    assert states(await tenant.fires(schedule)) == ["failed" if not begun else "partial"]


@pytest.mark.parametrize(
    ("policies", "error", "then"),
    [
        (Policies(overlap=Overlap.BUFFER_ONE), None, (["completed", "resolving"], ScheduleState.ACTIVE)),
        (
            Policies(overlap=Overlap.ALLOW, pause_after_failures=1),
            "the source is away",
            (["failed", "resolving"], ScheduleState.PAUSED),
        ),
    ],
)
async def test_a_fire_without_rows_is_followed_by_what_the_policies_say(tenant, store, policies, error, then):
    schedule, _, task = await one_task(tenant, store, policies=policies)
    await tenant.release(NOW + MINUTE)
    if error is None:
        await write(store, task, [], counted=0, last=True)
    else:
        await store.write(fanout.give_up, task, error, NOW + MINUTE)
    assert (states(await tenant.fires(schedule)), (await tenant.again(schedule)).state) == then


async def test_a_row_whose_last_run_still_goes_is_left_out_where_overlap_is_for_each_row(tenant, store):
    schedule, node, task = await one_task(tenant, store, policies=PER_ROW)
    await write(store, task, ["a", "b"], counted=2, last=True)
    first, second = await node.claim(NOW)
    ended = first if first.run.row_key == "a" else second
    await node.record([ended], SUCCEEDED, NOW)
    await tenant.release(NOW + MINUTE)
    (task,) = await claimed(store, node, NOW + MINUTE)
    await write(store, task, ["a", "b"], counted=2, last=True, now=NOW + MINUTE)
    latest = (await tenant.fires(schedule))[-1]
    again = [run.row_key for run in await tenant.runs(schedule) if run.fire_id == latest.id]
    assert again == ["a"]


async def test_fires_that_are_replaced_are_read_no_further(tenant, store):
    replacing = Policies(overlap=Overlap.TERMINATE_OTHER)
    schedule, node, task = await one_task(tenant, store, policies=replacing)
    await write(store, task, ["a"], "a")
    await tenant.release(NOW + MINUTE)
    assert states(await tenant.fires(schedule)) == ["cancelled", "resolving"]
    with pytest.raises(FanoutLost):
        await write(store, task._replace(rows_done=1), ["b"], "b")
    assert [task.fire_id for task in await claimed(store, node, NOW + MINUTE)] == [
        (await tenant.fires(schedule))[1].id
    ]


@pytest.mark.parametrize("overlap", [Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER])
async def test_a_schedule_that_pauses_because_a_replaced_fire_has_failed_fires_no_more(
    tenant, store, overlap
):
    policies = Policies(overlap=overlap, pause_after_failures=1)
    schedule, node, task = await one_task(tenant, store, policies=policies)
    await write(store, task, ["a"], "a")
    await node.work(NOW, FAILED)
    await tenant.release(NOW + MINUTE)
    assert states(await tenant.fires(schedule)) == ["failed", "resolving"]
    paused = await tenant.again(schedule)
    assert (paused.state, paused.progress.next_due) == (ScheduleState.PAUSED, None)
    await tenant.release(NOW + 5 * MINUTE)
    assert len(await tenant.fires(schedule)) == 2


@pytest.mark.parametrize("overlap", [Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER])
async def test_the_audience_of_a_fire_by_hand_is_read_on_when_later_slots_replace_fires(
    tenant, store, overlap
):
    (schedule,) = await tenant.schedules(1, policies=Policies(overlap=overlap), audience=AUDIENCE)
    await store.write(fire_by_hand, schedule, FireKind.MANUAL, NOON + 1, "a", NOON + 1)
    await tenant.release(NOW)
    await tenant.release(NOW + MINUTE)
    assert states(await tenant.fires(schedule)) == ["resolving", "cancelled", "resolving"]


async def test_rows_kept_aside_come_back_in_their_order_and_go_with_the_fire(tenant, store):
    _, _, task = await one_task(tenant, store)
    kept = await store.write(fanout.write_spool, task, 1, texts("z", "a"), None)
    kept = await store.write(fanout.write_spool, kept, 3, texts("m"), 3)
    assert kept.counted == 3
    assert await store.read(fanout.spooled_page, task.fire_id, 0, 2) == texts("z", "a")
    assert await store.read(fanout.spooled_page, task.fire_id, 2, 2) == texts("m")
    with pytest.raises(Duplicate):
        await store.write(fanout.write_spool, kept, 4, texts("a"), 4)
    assert await store.read(fanout.spooled_twice, task.fire_id, '["b","a"]') == "a"
    assert await store.write(fanout.clear_orphans, 10) == 0
    await store.write(fanout.give_up, kept, "no", NOW)
    assert [await store.write(fanout.clear_orphans, 2) for _ in range(3)] == [2, 1, 0]
    assert await select(store, "SELECT number FROM spool") == []


async def test_a_spool_is_emptied_by_pieces_of_its_own_fire(tenant, store):
    await resolving(tenant, schedules=2)
    node = await Node.start(store)
    tasks = await claimed(store, node)
    for task in tasks:
        await store.write(fanout.write_spool, task, 1, texts("a", "b", "c"), 3)
    assert await store.write(fanout.empty_spool, tasks[0].fire_id, 0, 2) == 2
    assert await store.read(fanout.spooled_page, tasks[0].fire_id, 0, 9) == texts("c")
    assert len(await store.read(fanout.spooled_page, tasks[1].fire_id, 0, 9)) == 3


async def test_a_node_is_told_what_it_holds_and_frees_no_fire_of_another(tenant, store):
    _, node, task = await one_task(tenant, store)
    stranger = await Node.start(store)
    assert await store.read(fanout.fanout_tasks_of, node.id) == [task.fire_id]
    await store.write(fanout.free_fanout_task, task.fire_id, stranger.id, NOW)
    assert await claimed(store, stranger) == []
    await store.write(fanout.free_fanout_task, task.fire_id, node.id, NOW)
    assert [found.fire_id for found in await claimed(store, stranger)] == [task.fire_id]


async def test_stopping_the_fires_of_one_schedule_touches_no_other(tenant, store):
    stranger = await Tenant.open(store)
    (ours,), (theirs,) = await resolving(tenant), await resolving(stranger)
    await store.write(fanout.stop_fanout_tasks, ours.id, NOW)
    assert states(await tenant.fires(ours)) == ["cancelled"]
    assert states(await stranger.fires(theirs)) == ["resolving"]
    node = await Node.start(store)
    assert [task.workspace_id for task in await claimed(store, node)] == [stranger.workspace]


async def test_runs_of_an_audience_belong_to_the_workspace_of_their_fire(tenant, store):
    stranger = await Tenant.open(store)
    schedule, _, task = await one_task(tenant, store)
    await write(store, task, ["a"], counted=1, last=True)
    assert {run.workspace_id for run in await tenant.runs(schedule)} == {tenant.workspace}
    (first,) = await tenant.runs(schedule)
    assert (first.generation, first.row_key, first.data, first.mode) == (0, "a", '{"key":"a"}', "clock")
    assert await stranger.runs(replace(schedule, workspace_id=stranger.workspace)) == []


async def test_a_row_whose_run_was_cancelled_is_served_by_the_next_fire(tenant, store):
    schedule, node, task = await one_task(tenant, store, policies=PER_ROW)
    await write(store, task, ["a", "b"], counted=2, last=True)
    (gone,) = [run for run in await tenant.runs(schedule) if run.row_key == "a"]
    await store.write(runs.cancel_run, tenant.workspace, gone.id, NOW)
    await tenant.release(NOW + MINUTE)
    (task,) = await claimed(store, node, NOW + MINUTE)
    await write(store, task, ["a", "b"], counted=2, last=True, now=NOW + MINUTE)
    latest = (await tenant.fires(schedule))[-1]
    assert [run.row_key for run in await tenant.runs(schedule) if run.fire_id == latest.id] == ["a"]


async def test_a_chunk_forgets_the_faults_of_the_source_before_it(tenant, store):
    """Faults count in a row, in memory and in the database."""
    _, node, task = await one_task(tenant, store)
    await store.urgent(fanout.put_off, task, NOW)
    (task,) = await claimed(store, node)
    assert task.attempts == 1
    task = await write(store, task, ["a"], "a")
    assert task.attempts == 0
    await store.urgent(fanout.put_off, task, NOW)
    assert [task.attempts for task in await claimed(store, node)] == [1]


@pytest.mark.parametrize(("held", "taken"), [(1, 1), (2, 0), (3, 0)])
async def test_who_reads_for_a_workspace_takes_no_more_than_its_share_of_it(tenant, store, held, taken):
    await resolving(tenant, schedules=3)
    node = await Node.start(store)
    assert len(await claimed(store, node, share=2, held={tenant.workspace: held})) == taken


async def heavier(store):
    """A workspace with four times the usual weight."""
    heavy = await Tenant.open(store)
    await store.write(tenancy.change_workspace, heavy.workspace, partial(replace, weight=4.0), NOON)
    return heavy


async def test_a_heavier_workspace_has_more_of_its_fires_read_where_there_is_not_room_for_all(tenant, store):
    heavy = await heavier(store)
    for one in (tenant, heavy):
        await resolving(one, schedules=4)
    found = await claimed(store, await Node.start(store), room=5, share=4)
    assert Counter(task.workspace_id for task in found) == {heavy.workspace: 4, tenant.workspace: 1}


async def test_what_waits_of_workspaces_that_have_their_share_already_keeps_no_other_waiting(tenant, store):
    heavy = await heavier(store)
    for one in (heavy, tenant):
        await resolving(one, schedules=4)
    found = await claimed(store, await Node.start(store), room=1, share=2, held={heavy.workspace: 2})
    assert [task.workspace_id for task in found] == [tenant.workspace]


async def test_a_chunk_whose_reply_was_lost_is_not_written_again(tenant, store):
    schedule, _, task = await one_task(tenant, store)
    await write(store, task, ["a"], "a")
    with pytest.raises(FanoutLost):
        await write(store, task, ["b"], "b")
    assert [run.row_key for run in await tenant.runs(schedule)] == ["a"]
