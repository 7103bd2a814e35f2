"""Fires by hand follow no policy, happen once for each request, and leave clock and counters alone."""

from dataclasses import replace

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.fire import FireKind
from horarium.domain.run import RunMode
from horarium.store.base import FANOUT, READY
from horarium.store.verbs import ledger
from horarium.store.verbs.manual import fire_by_hand, fire_slots
from tests.support.raw import select
from tests.support.tenant import DAY, FAILED, HOUR, MINUTE, NOON, Node, Tenant, states

NOW = NOON + MINUTE + 1


async def by_hand(store, schedule, request, now=NOW, kind=FireKind.MANUAL, slot_ms=None):
    slot_ms = now if slot_ms is None else slot_ms
    fire = await store.write(fire_by_hand, schedule, kind, slot_ms, request, now)
    return await store.read(ledger.get_fire, schedule.workspace_id, fire)


async def test_fires_by_hand_ignore_the_policy_and_move_nothing(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    before = (await tenant.again(schedule)).progress
    first, second = [await by_hand(store, schedule, request) for request in ("a", "b")]
    assert first.id != second.id
    assert (first.kind, first.state, first.runs, first.audience_size) == ("manual", "running", 1, 1)
    assert (await tenant.again(schedule)).progress == before
    await (await Node.start(store)).work(NOW, FAILED)
    assert states([await store.read(ledger.get_fire, tenant.workspace, first.id)]) == ["failed"]
    after = (await tenant.again(schedule)).progress
    assert (after.failed, after.open_fires, after.failures_in_row) == (1, 0, 1)  # the clock's own fire alone


async def test_the_run_of_a_fire_by_hand_tells_its_worker_so(tenant, store):
    schedule = await tenant.schedule()
    fire = await by_hand(store, schedule, "a")
    (work,) = await (await Node.start(store)).claim(NOW)
    assert (work.run.mode, work.run.fire_kind, work.run.fire_id) == (RunMode.MANUAL, FireKind.MANUAL, fire.id)


@pytest.mark.parametrize("kind", [FireKind.MANUAL, FireKind.BACKFILL])
async def test_the_same_slot_and_request_are_the_same_fire_and_start_nothing_more(tenant, store, kind):
    schedule = await tenant.schedule()
    first = await by_hand(store, schedule, "a", kind=kind, slot_ms=NOON)
    again = await by_hand(store, schedule, "a", NOW + 1, kind=kind, slot_ms=NOON)
    assert again == first
    assert len(await tenant.runs(schedule)) == 1


async def test_a_range_is_filled_in_by_as_many_statements_as_one_slot(tenant, store):
    schedule = await tenant.schedule()
    executed = []

    async def counted(tx, slots):
        for way in ("run", "row", "rows", "many"):
            told = getattr(tx, way)
            setattr(
                tx,
                way,
                lambda name, *rows, told=told, **given: executed.append(name) or told(name, *rows, **given),
            )
        return await fire_slots(tx, schedule, FireKind.BACKFILL, slots, "a", NOW)

    await store.write(counted, [NOON - DAY])
    single, executed[:] = len(executed), []
    ids = await store.write(counted, [NOON - number * MINUTE for number in range(200)])
    assert len(executed) == single
    assert len(set(ids)) == len(await tenant.runs(schedule)) - 1 == 200


async def test_what_was_filled_in_of_a_range_is_not_filled_in_again(tenant, store):
    schedule = await tenant.schedule()
    filled = await store.write(fire_slots, schedule, FireKind.BACKFILL, [NOON, NOON + HOUR], "a", NOW)
    wider = [NOON, NOON + MINUTE, NOON + HOUR]
    ids = await store.write(fire_slots, schedule, FireKind.BACKFILL, wider, "a", NOW)
    assert ids[::2] == filled
    assert len(await tenant.runs(schedule)) == 3


async def test_fires_of_one_slot_are_told_apart_by_their_kind(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    slot_ms = NOON + MINUTE
    await by_hand(store, schedule, "", kind=FireKind.BACKFILL, slot_ms=slot_ms)
    await by_hand(store, schedule, "", kind=FireKind.MANUAL, slot_ms=slot_ms)
    assert sorted(fire.kind for fire in await tenant.fires(schedule)) == ["backfill", "clock", "manual"]


async def test_a_fire_by_hand_with_an_audience_waits_for_its_reading(tenant, store):
    schedule = await tenant.schedule(audience={"type": "inline", "rows": [{"id": "a"}]})
    heard = []
    store.listen(lambda topic, at: heard.append(topic))
    fire = await by_hand(store, schedule, "a")
    assert (fire.state, fire.runs, fire.audience_size) == ("resolving", 0, None)
    assert FANOUT in heard
    assert READY not in heard
    assert await select(store, "SELECT fire_id, due_ms FROM fanouts") == [(fire.id, NOW)]


async def test_a_backfilled_slot_keeps_its_place_in_the_ledger(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    for hours in (3, 1, 2):
        await by_hand(store, schedule, "", kind=FireKind.BACKFILL, slot_ms=NOON - hours * HOUR)
    assert [fire.slot_ms for fire in await tenant.fires(schedule)] == [NOON - n * HOUR for n in (3, 2, 1)]
    assert (await tenant.again(schedule)).progress == schedule.progress


async def test_no_schedule_fires_a_target_of_another_workspace(tenant, store):
    stranger = await Tenant.open(store)
    schedule = await tenant.schedule()
    borrowed = replace(schedule, definition=replace(schedule.definition, target_id=stranger.target))
    with pytest.raises(NotFound):
        await store.write(fire_by_hand, borrowed, FireKind.MANUAL, NOW, "a", NOW)
    assert await tenant.fires(schedule) == []
    assert await select(store, "SELECT id FROM runs") == []
