"""What an erasure reads and writes back, no other transaction changes or takes meanwhile."""

import asyncio

import pytest_asyncio

from horarium.domain.erasures import ErasureState, Place
from horarium.domain.execution import Outcome, Verdict
from horarium.store.verbs import audit, directory, erasures
from horarium.store.verbs.dispatch import LeaseLost
from tests.store.conformance.test_audit import entry, verified, write
from tests.store.conformance.test_erasures import (
    ADDRESS,
    NOW,
    PERSON,
    PHONE,
    begin,
    everything,
    fire_for,
    mentions,
    sentence,
    telling,
)
from tests.support.interleaved import meeting
from tests.support.poolers import opened
from tests.support.postgres import drop_database, migrated_database
from tests.support.raw import select
from tests.support.tenant import NOON, Node, Tenant


@pytest_asyncio.fixture
async def stores():
    """Those of two nodes."""
    url = await migrated_database("erasing")
    made = await opened(url), await opened(url)
    yield made
    for store in made:
        await store.close()
    drop_database(url)


async def queued(store):
    """A workspace with a run in the queue, and the run."""
    tenant = await Tenant.open(store)
    await tenant.schedules(1, input={"mail": ADDRESS})
    await tenant.release(NOW)
    ((run,),) = await select(store, "SELECT run_id FROM ready")
    return tenant, run


async def test_a_run_that_is_free_stays_free_until_its_texts_are_written(stores):
    store, other = stores
    _, run = await queued(store)
    node = await Node.start(other)

    async def verb(tx):
        free = await tx.rows("free_runs", ids=[run])
        return [found for (found,) in free], await node.claim(NOW)

    assert await store.write(verb) == ([run], [])
    assert [work.id for work in await node.claim(NOW)] == [run]


async def test_a_run_that_another_transaction_has_is_not_free(stores):
    store, other = stores
    _, run = await queued(store)

    async def free(tx):
        return [found for (found,) in await tx.rows("free_runs", ids=[run])]

    async def holding(tx):
        assert await free(tx) == [run]
        return await other.write(free)

    assert await store.write(holding) == []
    assert await other.write(free) == [run]


async def test_items_of_the_directory_that_an_erasure_has_read_are_not_changed_by_others_meanwhile(stores):
    store, _ = stores
    tenant = await Tenant.open(store)
    users = [(PERSON, ADDRESS, None, None), ("another", "x@example.com", None, None)]
    await store.write(directory.put_items, tenant.workspace, "users", users, NOON)
    erasure = await begin(store, tenant)
    while erasure.place is not Place.USERS:
        erasure = await store.write(erasures.erase_piece, erasure.id, NOON, telling)
    free = "SELECT id FROM directory_users FOR UPDATE SKIP LOCKED"

    async def verb(tx):
        await erasures.erase_piece(tx, erasure.id, NOON, telling)
        return await select(store, free)

    assert await store.write(verb) == []
    assert await select(store, free) == [("another",)]


async def test_of_two_erasures_that_an_entry_of_the_log_names_one_erases_it_and_says_so(stores):
    store, other = stores
    tenant = await Tenant.open(store)
    await write(tenant, entry(tenant.workspace, note=f"{ADDRESS} {PHONE}"))
    await store.write(audit.link_pending, NOON)
    steps = []
    for value in (ADDRESS, PHONE):
        erasure = await begin(store, tenant, values=(value,))
        while erasure.place is not Place.AUDIT:
            erasure = await store.write(erasures.erase_piece, erasure.id, NOON, telling)
        steps.append((erasures.erase_piece, erasure.id, NOON, telling))
    first, second = await meeting((store, steps[0]), (other, steps[1]))
    assert [each.counts.get(Place.AUDIT.value) for each in (first, second)] == [1, None]
    await store.write(audit.link_pending, NOON)
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.erased) == ([], 1)


async def record(node, work, outcome):
    """As a worker does: it asks again where the erasure has ended the run since it asked whether it still has it."""
    while True:
        try:
            return await node.record([work], outcome, NOW, careful=True)
        except LeaseLost:
            await asyncio.sleep(0)


async def work_on(node, over):
    """Do what there is, and repeat what the rows say: some runs fail, some are tried again, some succeed."""
    while not over.is_set():
        works = await node.claim(NOW, room=10)
        await asyncio.sleep(0)
        for number, work in enumerate(works):
            said = ADDRESS if ADDRESS in (work.run.data or "") else "nobody"
            again = Outcome(Verdict.FAILED, error=f"not yet {said}", retryable=True)
            outcomes = sentence(said), again, Outcome(Verdict.SUCCEEDED, output={"to": said})
            await record(node, work, outcomes[number % 3])


async def test_nothing_of_a_person_is_left_while_nodes_work_on_runs_that_repeat_it(stores):
    store, other = stores
    tenant = await Tenant.open(store)
    await fire_for(store, tenant, *map(str, range(300)), ADDRESS)
    nodes, over, now = [await Node.start(one) for one in stores], asyncio.Event(), NOW
    async with asyncio.TaskGroup() as group:
        for node in nodes:
            group.create_task(work_on(node, over))
        erasure = await begin(other, tenant, values=(ADDRESS, PHONE))
        while erasure.state is not ErasureState.DONE:
            erasure = await other.write(erasures.erase_piece, erasure.id, now, telling)
            now = erasure.look_ms or now
        over.set()
    assert mentions(await everything(store)) == []
