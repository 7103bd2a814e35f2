"""The rows of a fire that failed and were not run again, on both databases."""

from horarium.domain.ids import id_time
from horarium.store.rows import AudienceText
from horarium.store.verbs import fanout, fire_failures, run_lists, runs
from tests.support.tenant import FAILED, MINUTE, NOON, SUCCEEDED, Node

NOW = NOON + MINUTE
KEYS = ("a", "b", "c", "d")


async def ended(tenant, store):
    """A fire of four rows: a succeeded and the others failed; and the node that ran them."""
    await tenant.schedules(1, audience={"type": "directory", "of": "users"})
    await tenant.release(NOW)
    node = await Node.start(store, NOW)
    (task,) = await store.urgent(fanout.claim_fanout_tasks, node.id, NOW, 10, 10, {})
    rows = fanout.prepare(task, [AudienceText(key, "{}") for key in KEYS], True)
    await store.write(fanout.write_chunk, task, rows, None, len(KEYS), True, NOW)
    works = await node.claim(NOW)
    keys = {run.id: run.row_key for run in await store.read(run_lists.list_runs, tenant.workspace, 10)}
    await node.record([work for work in works if keys[work.id] == "a"], SUCCEEDED, NOW)
    await node.record([work for work in works if keys[work.id] != "a"], FAILED, NOW)
    return task.fire_id, node


async def test_failed_rows_are_found_until_they_run_again(tenant, store):
    fire, node = await ended(tenant, store)
    keys = {run.id: run.row_key for run in await store.read(run_lists.list_runs, tenant.workspace, 10)}
    found = await store.read(fire_failures.failed_rows, tenant.workspace, fire, 10)
    assert sorted(keys[run] for run in found) == ["b", "c", "d"]
    assert len(await store.read(fire_failures.failed_rows, tenant.workspace, fire, 2)) == 2
    for run in found[:2]:
        await store.write(runs.replay_run, tenant.workspace, run, NOW + 1)
    left = await store.read(fire_failures.failed_rows, tenant.workspace, fire, 1)
    assert left == [found[2]]
    await node.record(await node.claim(NOW + 2), FAILED, NOW + 2)
    again = await store.read(fire_failures.failed_rows, tenant.workspace, fire, 10)
    assert len(again) == 3
    assert not set(found[:2]) & set(again)
    assert {id_time(run) for run in again} == {id_time(fire)}


async def test_a_row_is_run_again_however_often_it_was_and_whatever_was_deleted_of_that(tenant, store):
    fire, node = await ended(tenant, store)
    (first,) = await store.read(fire_failures.failed_rows, tenant.workspace, fire, 1)
    again = [await store.write(runs.replay_run, tenant.workspace, first, NOW + n) for n in range(40)]
    assert [run.generation for run in again] == list(range(1, 41))
    await node.record(await node.claim(NOW + 50), SUCCEEDED, NOW + 50)
    for gone in again[1:4]:
        await store.write(runs.delete_run, tenant.workspace, gone.id)
    later = await store.write(runs.replay_run, tenant.workspace, again[4].id, NOW + 60)
    assert later.generation == 41
    assert first not in await store.read(fire_failures.failed_rows, tenant.workspace, fire, 10)
