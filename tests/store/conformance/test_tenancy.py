"""Workspaces, principals, keys, grants, targets and repeated requests, the same in both databases."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import random_id
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, PrincipalType, Workspace
from horarium.store.verbs import idempotency, targets, tenancy
from horarium.store.verbs.tenancy import NewKey
from tests.support.tenant import DAY, MINUTE, NOON, Node, Tenant


async def add_key(tenant, hashed=b"h" * 32, **given):
    key = Key(random_id(NOON), tenant.workspace, tenant.principal, "k", "hint", ("schedules:read",), NOON)
    await tenant.store.write(tenancy.create_key, NewKey(replace(key, **given), hashed))
    return key


async def test_a_key_tells_who_stands_behind_it(tenant, store):
    key = await add_key(tenant)
    presented = await store.read(tenancy.present_key, b"h" * 32)
    identity = presented.identity
    assert (identity.key_id, identity.workspace.id, identity.principal.id) == (
        key.id, tenant.workspace, tenant.principal,
    )  # fmt: skip
    assert (identity.scopes, identity.granted) == ({"schedules:read"}, {EVERY_TARGET, tenant.target})
    assert await store.read(tenancy.present_key, b"x" * 32) is None


async def test_a_revoked_key_opens_nothing_and_revoking_twice_is_once(tenant, store):
    key = await add_key(tenant)
    first = await store.write(tenancy.revoke_key, tenant.workspace, key.id, NOON + 1)
    again = await store.write(tenancy.revoke_key, tenant.workspace, key.id, NOON + 2)
    assert first.revoked_ms == again.revoked_ms == NOON + 1
    assert await store.read(tenancy.present_key, b"h" * 32) is None


async def test_use_of_keys_is_noted_and_never_goes_back(tenant, store):
    key = await add_key(tenant)
    await store.write(tenancy.touch_keys, [(key.id, NOON + 5)])
    await store.write(tenancy.touch_keys, [(key.id, NOON + 2)])
    assert (await store.read(tenancy.get_key, tenant.workspace, key.id)).last_used_ms == NOON + 5


async def test_a_key_that_is_replaced_goes_on_for_a_while(tenant, store):
    old = await add_key(tenant, expires_ms=NOON + DAY)
    new = NewKey(replace(old, id=random_id(NOON)), b"n" * 32)
    await store.write(tenancy.replace_key, new, old.id, NOON + MINUTE)
    assert (await store.read(tenancy.get_key, tenant.workspace, old.id)).expires_ms == NOON + MINUTE


async def test_a_removed_principal_takes_its_keys_along(tenant, store):
    await add_key(tenant)
    assert await store.write(tenancy.delete_principal, tenant.workspace, tenant.principal, NOON)
    assert await store.read(tenancy.present_key, b"h" * 32) is None


async def test_the_first_workspace_is_made_once(store):
    new, now = random_id(NOON), NOON
    workspace = Workspace(new, "first", "First", now, now)
    admin = Principal(random_id(now), new, PrincipalType.PERSON, "Ada", now)
    key = NewKey(Key(random_id(now), new, admin.id, "k", "h", ("*",), now), b"k" * 32)
    assert await store.write(tenancy.create_workspace, workspace, admin, key, [], first=True)
    assert not await store.write(tenancy.create_workspace, workspace, admin, key, [], first=True)
    with pytest.raises(Conflict):
        await store.write(tenancy.create_workspace, replace(workspace, id=random_id(now)), admin, key, [])


async def test_grants_are_given_taken_and_needed_to_run(tenant, store):
    schedule = await tenant.schedule()
    assert schedule.created_by == tenant.principal
    await store.write(tenancy.remove_grant, tenant.workspace, tenant.principal, EVERY_TARGET)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    (work,) = await node.claim(NOON + MINUTE)
    assert work.run.granted  # its maker made the target as well
    await store.write(tenancy.remove_grant, tenant.workspace, tenant.principal, tenant.target)
    (again,) = await node.take([work.id])
    assert not again.run.granted
    granted = await store.write(
        tenancy.add_grants, tenant.workspace, tenant.principal, [tenant.target] * 2, NOON
    )
    assert granted == [tenant.target]


async def test_targets_made_at_once_have_numbers_of_their_own(tenant, store, other):
    second = Tenant(other, tenant.workspace, tenant.principal)
    made = await asyncio.gather(*(one.add_target() for one in (tenant, second) * 5))
    found = [await store.read(targets.get_target, tenant.workspace, one) for one in made]
    assert len({one.number for one in found}) == 10


async def test_a_target_is_found_by_id_key_and_number(tenant, store):
    made = await tenant.add_target(key="mail")
    number = (await store.read(targets.get_target, tenant.workspace, made)).number
    for reference in ("mail", number, str(number)):
        assert (await store.read(targets.find_target, tenant.workspace, reference)).id == made
    stranger = await Tenant.open(store)
    for reference in ("mail", number):
        assert await store.read(targets.find_target, stranger.workspace, reference) is None
    with pytest.raises(Conflict) as taken:
        await tenant.add_target(key="mail")
    assert taken.value.reason == "key_taken"


async def test_a_target_in_use_is_not_deleted(tenant, store):
    await tenant.schedule()
    with pytest.raises(Conflict) as used:
        await store.write(targets.delete_target, tenant.workspace, tenant.target, NOON)
    assert used.value.reason == "in_use"
    unused = await tenant.add_target()
    await store.write(targets.delete_target, tenant.workspace, unused, NOON)
    with pytest.raises(NotFound):
        await store.read(targets.get_target, tenant.workspace, unused)


async def test_targets_are_listed_by_page_and_search(tenant, store):
    for name in ("Mail 100%", "mail_two", "other"):
        await tenant.add_target(name=name)
    for search, count in (("MAIL", 2), ("100%", 1), ("l_t", 1), ("%", 1), (None, 4)):
        listing = targets.TargetListing(tenant.workspace, 10, search=search)
        assert len(await store.read(targets.list_targets, listing)) == count
        assert await store.read(targets.count_targets, listing) == count


async def test_a_request_that_comes_again_is_answered_with_what_it_made(tenant, store, other):
    made = [await tenant.schedule() for _ in range(6)]
    new = [replace(one, id=random_id(NOON)) for one in made]
    request = idempotency.Request(tenant.workspace, "schedules", "key", b"h")
    found = await asyncio.gather(
        *(
            (store, other)[n % 2].write(idempotency.create_schedule_once, one, request, NOON)
            for n, one in enumerate(new)
        )
    )
    assert len({one.id for one, _ in found}) == 1
    assert sorted(again for _, again in found) == [False] + [True] * 5
    with pytest.raises(Conflict):
        await store.write(idempotency.create_schedule_once, new[0], replace(request, hash=b"x"), NOON)
    _, again = await store.write(
        idempotency.create_schedule_once, replace(new[0], id=random_id(NOON)), request, NOON + 2 * DAY
    )
    assert not again
    assert await store.write(idempotency.forget_answers, NOON + 3 * DAY) == 1
