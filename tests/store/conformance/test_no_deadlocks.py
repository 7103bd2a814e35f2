"""Who works on many things at once never waits for one that waits for them: PostgreSQL would find that out after a
second, and roll one of the two back."""

import asyncio
from itertools import combinations

import pytest

from horarium.domain.actions import ActionKind, Taker
from horarium.domain.erasures import Place
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import random_id
from horarium.domain.pauses import Pause
from horarium.domain.quotas import Usage
from horarium.domain.schedule import CatchUp
from horarium.domain.target import Completion
from horarium.service.actions import _do_batch
from horarium.store.postgres.connection import connect
from horarium.store.verbs import actions, directory, dispatch, erasures, fanout, nodes, pauses, runs, tenancy
from horarium.store.verbs.entries import hold_schedules
from horarium.store.verbs.quotas import take
from horarium.worker.work import judge
from tests.store.conformance.test_actions import an_action
from tests.store.conformance.test_callbacks import DONE, NOW, open_for
from tests.store.conformance.test_erasures import PHONE, begin, fire_for, telling
from tests.store.conformance.test_fanout import PER_ROW, one_task, texts
from tests.support.interleaved import WAITS, meeting_at
from tests.support.tenant import ACCEPTED, FAILED, HOUR, NOON, TRY_AGAIN, Node, Tenant


async def taken(tenant, kind):
    by = Taker(tenant.principal, random_id(NOON))
    action = an_action(tenant, kind=kind, filter={}, given={}, by=by, created_ms=NOW + 1)
    await tenant.store.write(actions.take_action, action)
    return _do_batch, action.id, NOW + 1, 20


async def schedules_that_are_deleted(tenant):
    """Somebody edits the second, which is counted in the quotas."""
    _, second = sorted(each.id for each in await tenant.schedules(2))
    verb = await taken(tenant, ActionKind.DELETE)
    return verb, (hold_schedules, [second]), (take, tenant.workspace, Usage(hourly=1))


async def some_that_run(tenant, **given):
    await tenant.schedules(10, "1 12 * * *", **given)
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    return node, await node.claim(NOW)


def recording_both(one, other):
    """Somebody records outcomes of two schedules, in the order of their ids."""
    return [(hold_schedules, [each]) for each in sorted((one, other))]


async def runs_that_are_cancelled(tenant):
    """The latest is cancelled first; two of them stand in the same order as their schedules."""
    _, works = await some_that_run(tenant)
    by_run = [work.run.schedule_id for work in sorted(works, key=lambda work: work.id)]
    one, other = next((a, b) for a, b in combinations(by_run, 2) if a < b)
    return await taken(tenant, ActionKind.CANCEL), *recording_both(one, other)


async def callbacks_that_expire(tenant):
    """That of the latest schedule first."""
    node, works = await some_that_run(tenant, target_id=await tenant.callback_target())
    works.sort(key=lambda work: work.run.schedule_id, reverse=True)
    rival = recording_both(*(work.run.schedule_id for work in works[:2]))
    for work in works:
        await open_for(node, work, "token")
    await node.record(works, ACCEPTED, NOW)
    for late, work in enumerate(works):
        await tenant.store.write(moved, work.id, NOW + late)
    return (runs.expire_callbacks, NOW + HOUR, 10), *rival


async def moved(tx, run, deadline):
    await tx.run("extend_callback", run_id=run, attempt=1, deadline_ms=deadline)


@pytest.mark.parametrize("flavour", ["postgres"])
@pytest.mark.parametrize("work", [schedules_that_are_deleted, runs_that_are_cancelled, callbacks_that_expire])
async def test_two_that_work_on_the_same_schedules_are_both_done_at_once(tenant, store, other, work):
    (verb, *given), (first, *one), (then, *more) = await work(tenant)
    tries, has, looking = list[str](), asyncio.Event(), await connect(store.url)

    async def many(tx):
        tries.append("many")
        return await verb(tx, *given)

    async def some(tx):
        tries.append("some")
        await first(tx, *one)
        has.set()
        while not await looking.fetchval(WAITS):
            await asyncio.sleep(0)
        await then(tx, *more)

    async def after():
        await has.wait()
        return await store.write(many)

    await asyncio.gather(other.write(some), after())
    await looking.close()
    assert sorted(tries) == ["many", "some"]


async def a_run(tenant, **given):
    """(schedule, node, work) of a run that has begun, and whose schedule asks for nothing more when it ends."""
    schedule = await tenant.schedule("1 12 * * *", **given)
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    (work,) = await node.claim(NOW)
    work.started_ms = NOW
    return schedule, node, work


async def a_run_with_a_callback(tenant):
    schedule, node, work = await a_run(tenant, target_id=await tenant.callback_target())
    await open_for(node, work, "token")
    return schedule, node, work


async def a_run_for_an_engine(tenant):
    return await a_run(
        tenant, target_id=await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    )


def what_meets(tenant, node, work):
    """What may come to one run at the same time."""
    taken = Outcome(Verdict.ACCEPTED, handle="h" if work.target.completion == Completion.WATCH else None)
    return {
        "outcome": (dispatch.record, node.id, [judge(work, FAILED, NOW)], NOW),
        "retry": (dispatch.record, node.id, [judge(work, TRY_AGAIN, NOW)], NOW),
        "acceptance": (dispatch.record, node.id, [judge(work, taken, NOW)], NOW),
        "cancel": (runs.cancel_run, tenant.workspace, work.id, NOW),
        "answer": (runs.answer_callback, work.id, "token", DONE, NOW),
    }


@pytest.mark.parametrize("flavour", ["postgres"])
@pytest.mark.parametrize(
    ("made", "one", "another"),
    [
        (a_run, "outcome", "cancel"),
        (a_run, "retry", "cancel"),
        (a_run_with_a_callback, "outcome", "answer"),
        (a_run_with_a_callback, "acceptance", "answer"),
        (a_run_for_an_engine, "acceptance", "cancel"),
        (a_run_for_an_engine, "outcome", "cancel"),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
async def test_two_that_come_to_one_run_are_both_done_at_once_wherever_they_meet(
    store, other, kept, made, one, another
):
    for first, second in ((one, another), (another, one)):
        step, over = 1, False
        while not over:
            await kept.emptied()
            tenant = await Tenant.open(store)
            schedule, node, work = await made(tenant)
            meets = what_meets(tenant, node, work)
            _, tries, over = await meeting_at(step, (store, meets[first]), (other, meets[second]))
            assert (first, step, tries) == (first, step, 2)
            (run,), progress = await tenant.runs(schedule), (await tenant.again(schedule)).progress
            assert progress.open_fires == (0 if run.state.final else 1)
            assert (progress.succeeded, progress.failed) == (run.state == "succeeded", run.state == "failed")
            step += 1


@pytest.mark.parametrize("flavour", ["postgres"])
async def test_the_runs_of_a_node_that_was_frozen_are_freed_in_the_order_in_which_it_gives_them_up(
    tenant, store, other
):
    low, high = sorted(random_id(NOW) for _ in range(2))
    node = await Node.start(store)
    for run in (high, low):
        await store.write(runs.run_target, tenant.workspace, tenant.target, run, None, NOW)
        await node.claim(NOW)
    waking, looking = [await connect(store.url) for _ in range(2)]
    lock = "SELECT run_id FROM ready WHERE run_id = $1 FOR UPDATE SKIP LOCKED"
    async with waking.transaction():
        await waking.fetchval(lock, low)
        freed = asyncio.create_task(other.urgent(nodes.free_lapsed, NOW + HOUR, b"other"))
        while not await looking.fetchval(WAITS):
            await asyncio.sleep(0)
        assert await looking.fetchval(lock, high) == high
    assert await freed == 2
    await asyncio.gather(waking.close(), looking.close())


@pytest.mark.parametrize("flavour", ["postgres"])
async def test_a_release_and_what_lets_it_forget_pauses_do_not_wait_for_each_other(store, other, kept):
    step, over = 1, False
    while not over:
        await kept.emptied()
        first, second = [await Tenant.open(store) for _ in range(2)]
        ends = [(second, NOON), (first, NOON + 1)]
        made = [Pause(random_id(NOON), who.workspace, None, at, at + 2, CatchUp.NONE) for who, at in ends]
        await store.write(pauses.write_pauses, made[::-1])
        found = await store.read(pauses.pauses_to_settle, NOON + HOUR, 10)
        forget = pauses.settle_pauses, sorted(found, key=lambda each: each.from_ms, reverse=True)
        ruling = pauses.ruling, NOON + HOUR
        _, tries, over = await meeting_at(step, (store, forget), (other, ruling))
        assert (step, tries) == (step, 2)
        step += 1


@pytest.mark.parametrize("flavour", ["postgres"])
async def test_an_erasure_and_a_cancellation_of_one_run_do_not_wait_for_each_other(store, other, kept):
    step, over = 1, False
    while not over:
        await kept.emptied()
        tenant = await Tenant.open(store)
        schedule, _ = await fire_for(store, tenant, PHONE)
        (run,), erasure = await tenant.runs(schedule), await begin(store, tenant)
        while erasure.place is not Place.RUNS:
            erasure = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
        erase = erasures.erase_piece, erasure.id, NOW, telling
        cancel = runs.cancel_run, tenant.workspace, run.id, NOW
        _, tries, over = await meeting_at(step, (store, erase), (other, cancel))
        assert (step, tries) == (step, 2)
        assert [each.state.value for each in await tenant.runs(schedule)] == ["cancelled"]
        step += 1


class Putting:
    """A transaction that keeps the rows of `many` and writes nothing."""

    def __init__(self):
        self.put = []

    async def many(self, statement, rows):
        self.put.extend(rows)

    async def tuples(self, statement, **given):
        return []


async def test_rows_of_audiences_are_locked_in_the_order_of_their_keys_whatever_their_runs(tenant, store):
    _, _, task = await one_task(tenant, store, policies=PER_ROW)
    rows, putting = fanout.prepare(task, texts(*"abcdefgh"), True), Putting()
    await fanout._lock_rows(putting, task, rows)
    assert [row.key for row in rows] != list("abcdefgh")
    assert [row.row_key for row in putting.put] == list("abcdefgh")


async def test_keys_are_marked_as_used_in_the_order_of_their_ids():
    putting = Putting()
    await tenancy.touch_keys(putting, [(b"b", 1), (b"c", 2), (b"a", 3)])
    assert [key for key, _ in putting.put] == [b"a", b"b", b"c"]


async def test_items_of_the_directory_are_put_in_the_order_of_their_ids(tenant, store):
    users = [(name, None, None, None) for name in ("b", "c", "a")]
    putting = Putting()
    await directory.put_items(putting, tenant.workspace, "users", users, NOON)
    assert [row[1] for row in putting.put] == ["a", "b", "c"]
