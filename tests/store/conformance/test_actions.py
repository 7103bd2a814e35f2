"""Actions on many things are stored with how far they have come, and nobody goes on with one that another is at."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.actions import Action, ActionKind, ActionState, Taker
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, random_id
from horarium.domain.restrictions import Restriction
from horarium.service.actions import ActionService
from horarium.service.rates import Rates
from horarium.store.verbs import actions, purges, tenancy
from horarium.store.verbs.tenancy import NewKey
from tests.support.callers import caller
from tests.support.house import HandClock
from tests.support.tenant import MINUTE, NOON, Tenant


def an_action(tenant, **given):
    by = Taker(
        tenant.principal, random_id(NOON), "192.0.2.1", "req", Restriction((tenant.target,), {"a": "1"})
    )
    wanted = {"labels": (("team", "a"),), "target_id": tenant.target, "state": "paused", "failing": True}
    plain = Action(
        random_id(NOON), tenant.workspace, ActionKind.RELABEL, wanted, {"labels": {"x": None}}, by, NOON, NOON
    )
    return replace(plain, **given)


async def test_an_action_is_read_as_it_was_stored(tenant, store):
    action = an_action(tenant)
    await store.write(actions.take_action, action)
    assert await store.read(actions.get_action, tenant.workspace, action.id) == replace(action, problems=[])
    moved = replace(action, position=b"x" * 16, changed=3, refused=1, problems=[{"id": "sch_1", "error": "no"}],
                    updated_ms=NOON + 5, state=ActionState.DONE, finished_ms=NOON + 5)  # fmt: skip
    await store.write(actions.move_action, moved)
    assert await store.read(actions.list_actions, tenant.workspace, 10, HIGHEST_ID) == [moved]
    stranger = await Tenant.open(store)
    with pytest.raises(NotFound):
        await store.read(actions.get_action, stranger.workspace, action.id)


async def test_a_list_has_the_actions_on_runs_those_on_schedules_or_both(tenant, store):
    for kind in ActionKind:
        action = an_action(tenant, id=random_id(NOON), kind=kind, state=ActionState.DONE, finished_ms=NOON)
        await store.write(actions.take_action, action)

    async def kinds(*which):
        found = await store.read(actions.list_actions, tenant.workspace, 100, HIGHEST_ID, *which)
        return {one.kind for one in found}

    of_runs = {kind for kind in ActionKind if kind.of_runs}
    assert await kinds() == {*ActionKind}
    assert await kinds(True, False) == of_runs
    assert await kinds(False, True) == {*ActionKind} - of_runs


async def test_no_more_are_under_way_than_may_be_and_old_ones_are_forgotten(tenant, store):
    for _ in range(actions.MOST_OPEN):
        await store.write(actions.take_action, an_action(tenant))
    with pytest.raises(Conflict):
        await store.write(actions.take_action, an_action(tenant))
    for action in await store.read(actions.list_actions, tenant.workspace, 100, HIGHEST_ID):
        await store.write(actions.move_action, replace(action, state=ActionState.DONE, finished_ms=NOON))
    later = an_action(tenant, created_ms=NOON + actions.KEPT_MS + 1)
    await store.write(actions.take_action, later)
    assert [one.id for one in await store.read(actions.list_actions, tenant.workspace, 100, HIGHEST_ID)] == [
        later.id
    ]


async def test_a_new_action_deletes_a_bounded_number_of_old_ones(tenant, store, monkeypatch):
    monkeypatch.setattr(actions, "FORGOTTEN_AT_ONCE", 2)
    for number in range(5):
        old = an_action(tenant, created_ms=NOON + number)
        await store.write(actions.take_action, old)
        await store.write(actions.move_action, replace(old, state=ActionState.DONE, finished_ms=NOON))
    left = []
    for number in range(3):
        later = an_action(tenant, created_ms=NOON + actions.KEPT_MS + 10 + number)
        await store.write(actions.take_action, later)
        found = await store.read(actions.list_actions, tenant.workspace, 100, HIGHEST_ID)
        left.append(sum(one.created_ms < NOON + 10 for one in found))
    assert left == [3, 1, 0]


async def test_an_action_that_is_under_way_is_kept_however_old(tenant, store):
    going_on = an_action(tenant)
    await store.write(actions.take_action, going_on)
    await store.write(actions.take_action, an_action(tenant, created_ms=NOON + actions.KEPT_MS + 1))
    assert (await store.read(actions.get_action, tenant.workspace, going_on.id)).id == going_on.id


async def test_actions_take_turns(tenant, store):
    first = an_action(tenant, created_ms=NOON - 1)
    second = an_action(tenant, updated_ms=NOON + 1)
    for action in (first, second):
        await store.write(actions.take_action, action)
    assert (await store.write(actions.hold_action, None)).id == first.id
    await store.write(actions.move_action, replace(first, updated_ms=NOON + 2))
    assert (await store.write(actions.hold_action, None)).id == second.id


async def test_an_action_is_refused_once_its_key_its_principal_or_its_workspace_is_gone(tenant, store):
    home = await Tenant.open(store)
    (first,) = await store.read(tenancy.list_keys, home.workspace, LOWEST_ID, 10)
    ends = replace(first, id=random_id(NOON), expires_ms=NOON + 5)
    await store.write(tenancy.create_key, NewKey(ends, random_id(NOON) + random_id(NOON)))

    async def refusal(key, now=NOON):
        action = an_action(tenant, by=Taker(home.principal, key.id))
        return (await store.read(actions.standing_of_taker, action)).refusal(now)

    assert (await refusal(first), await refusal(ends, NOON + 4)) == (None, None)
    assert "has expired" in await refusal(ends, NOON + 5)
    await store.write(tenancy.revoke_key, home.workspace, ends.id, NOON)
    assert "was revoked" in await refusal(ends)
    await store.write(purges.delete_workspace, home.workspace, NOON, NOON + 1, None)
    assert "workspace of the key" in await refusal(first)
    await store.write(purges.undelete_workspace, home.workspace, NOON)
    await store.write(purges.delete_workspace, tenant.workspace, NOON, NOON + 1, None)
    assert "the workspace was deleted" in await refusal(first)
    await store.write(purges.undelete_workspace, tenant.workspace, NOON)
    await store.write(tenancy.delete_principal, home.workspace, home.principal, NOON)
    assert "principal deleted" in await refusal(first)
    unknown = an_action(tenant, by=Taker(random_id(NOON), first.id))
    assert (await store.read(actions.standing_of_taker, unknown)).refusal(NOON) is not None


async def test_nodes_that_go_on_with_an_action_at_once_do_each_thing_once(tenant, store, other):
    made = await tenant.schedules(60)
    clock = HandClock(NOON + 1)
    here, there = (ActionService(each, clock, Rates(clock)) for each in (store, other))
    who = caller(tenant.workspace, tenant.principal)
    taken = await here.take(who, ActionKind.FIRE, {}, {})

    async def work(service):
        while await service.step():
            await asyncio.sleep(0)

    for _ in range(5):
        await asyncio.gather(work(here), work(there))
    done = await here.get(tenant.workspace, taken.id)
    assert (done.state, done.changed, done.refused) == (ActionState.DONE, 60, 0)
    assert [len(await tenant.fires(schedule)) for schedule in made] == [1] * 60


@pytest.mark.parametrize("kind", [ActionKind.FIRE, ActionKind.CANCEL])
async def test_what_an_action_would_be_done_to_is_only_read(tenant, store, kind):
    clock = HandClock(NOON + 2 * MINUTE)
    await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    who = caller(tenant.workspace, tenant.principal)
    trial = await ActionService(store, clock, Rates(clock)).try_out(who, kind, {})
    assert (trial.matched, trial.exact) == (1, True)
