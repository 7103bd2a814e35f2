"""The ledger tells what became of each slot, page by page, within its workspace."""

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.fire import FireKind
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies
from horarium.store.verbs import ledger
from horarium.store.verbs.manual import fire_by_hand
from horarium.times import Timing
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)


async def fired(tenant, times, policies=ALLOW):
    schedule = await tenant.schedule(policies=policies)
    for minute in range(1, times + 1):
        await tenant.release(NOON + minute * MINUTE)
    return schedule


def minutes(fires):
    return [(fire.slot_ms - NOON) // MINUTE for fire in fires]


async def test_fires_are_listed_latest_slot_first_and_page_by_page(tenant, store):
    schedule = await fired(tenant, 5)
    first = await store.read(ledger.list_fires, tenant.workspace, schedule.id, 2)
    rest = await store.read(ledger.list_fires, tenant.workspace, schedule.id, 9, first[-1].id)
    assert (minutes(first), minutes(rest)) == ([5, 4], [3, 2, 1])


async def test_fires_are_listed_by_kind_and_in_the_order_they_happened(tenant, store):
    schedule = await fired(tenant, 2)
    filled = await store.write(fire_by_hand, schedule, FireKind.BACKFILL, NOON - HOUR, "", NOON + 3 * MINUTE)
    of_kind = await store.read(ledger.list_fires, tenant.workspace, schedule.id, 9, None, "backfill")
    assert [fire.id for fire in of_kind] == [filled]
    happened = await store.read(ledger.list_fires_by_fired, tenant.workspace, schedule.id, 9)
    assert minutes(happened) == [-60, 2, 1]
    last = happened[0]
    behind = await store.read(
        ledger.list_fires_by_fired, tenant.workspace, schedule.id, 9, (last.fired_ms, last.id)
    )
    assert minutes(behind) == [2, 1]


async def test_entries_of_a_range_are_its_fires_and_every_span_that_touches_it(tenant, store):
    schedule = await fired(tenant, 4, Policies(overlap=Overlap.SKIP))
    fires, spans = await store.read(
        ledger.entries_between, tenant.workspace, schedule.id, NOON + 3 * MINUTE, NOON + 3 * MINUTE, 9
    )
    assert fires == []
    assert [(span.first_ms, span.last_ms, span.count, span.reason) for span in spans] == [
        (NOON + 2 * MINUTE, NOON + 3 * MINUTE, 2, "unbegun")
    ]
    fires, spans = await store.read(
        ledger.entries_between, tenant.workspace, schedule.id, NOON, NOON + MINUTE, 9
    )
    assert (minutes(fires), spans) == ([1], [])


async def test_a_fire_says_which_slots_it_stands_for(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOON + 10 * MINUTE)
    (fire,) = await tenant.fires(schedule)
    assert (fire.missed.count, fire.missed.first_ms, fire.missed.last_ms) == (
        9,
        NOON + MINUTE,
        NOON + 9 * MINUTE,
    )
    assert await store.read(ledger.get_fire, tenant.workspace, fire.id) == fire


async def test_a_history_counts_all_fires_and_shows_the_latest_with_their_runs(tenant, store):
    schedule = await fired(tenant, 3)
    node = await Node.start(store)
    works = sorted(await node.claim(NOON + 4 * MINUTE), key=lambda work: work.run.slot_ms)
    for number, (work, outcome) in enumerate(zip(works, (SUCCEEDED, FAILED, SUCCEEDED), strict=True), 1):
        work.started_ms = NOON + 4 * MINUTE
        await node.record([work], outcome, NOON + 4 * MINUTE + number * 100)
    found = await store.read(ledger.history, tenant.workspace, schedule.id, 2)
    assert (found.total, found.succeeded, found.failed, found.average_ms) == (3, 2, 1, 200)
    assert (found.last_success_ms, found.last_failure_ms) == (
        NOON + 4 * MINUTE + 300,
        NOON + 4 * MINUTE + 200,
    )
    assert [(fire.state, run.state) for fire, run in found.fires] == [
        ("completed", "succeeded"),
        ("failed", "failed"),
    ]


async def test_a_history_without_fires_is_empty(tenant, store):
    schedule = await tenant.schedule()
    found = await store.read(ledger.history, tenant.workspace, schedule.id, 5)
    assert (found.fires, found.total, found.average_ms, found.last_success_ms) == ([], 0, 0, None)


async def test_the_definition_that_ruled_is_kept(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    await tenant.redefine(schedule, NOON + HOUR, timing=Timing("30 * * * *"))
    for at, version in ((NOON + HOUR, 1), (NOON + HOUR + 30 * MINUTE, 2)):
        ruling = await store.read(ledger.version_at, tenant.workspace, schedule.id, at - 1)
        assert ruling.version == version
    assert await store.read(ledger.version_at, tenant.workspace, schedule.id, NOON - 1) is None


async def test_another_workspace_reads_nothing_of_it(tenant, store):
    stranger = await Tenant.open(store)
    schedule = await fired(tenant, 3, Policies(overlap=Overlap.SKIP))
    fire, _ = await tenant.fires(schedule)
    theirs = stranger.workspace
    for call in (
        store.read(ledger.get_fire, theirs, fire.id),
        store.read(ledger.history, theirs, schedule.id, 5),
    ):
        with pytest.raises(NotFound):
            await call
    assert await store.read(ledger.list_fires, theirs, schedule.id, 9) == []
    assert await store.read(ledger.list_fires_by_fired, theirs, schedule.id, 9) == []
    assert await store.read(ledger.entries_between, theirs, schedule.id, 0, NOON * 2, 9) == ([], [])
    assert await store.read(ledger.version_at, theirs, schedule.id, NOON * 2) is None


async def test_fires_are_listed_by_who_asked_for_them(tenant, store):
    schedule = await tenant.schedule("0 * * * *", policies=ALLOW)
    for hour in (1, 2):
        await tenant.release(NOON + hour * HOUR)
    for kind, slot in (
        (FireKind.MANUAL, NOON + 5),
        (FireKind.BACKFILL, NOON - HOUR),
        (FireKind.BACKFILL, NOON),
    ):
        await store.write(fire_by_hand, schedule, kind, slot, "x", NOON + 2 * HOUR)
    everything = await tenant.fires(schedule)
    assert len(everything) == 5
    for kind in (None, *FireKind):
        expected = [fire for fire in everything[::-1] if kind in (None, fire.kind)]
        found = await store.read(ledger.list_fires, tenant.workspace, schedule.id, 9, None, kind)
        assert found == expected, kind
        assert (
            await store.read(ledger.list_fires, tenant.workspace, schedule.id, 1, None, kind) == expected[:1]
        )
        behind = await store.read(ledger.list_fires, tenant.workspace, schedule.id, 9, expected[0].id, kind)
        assert behind == expected[1:]
