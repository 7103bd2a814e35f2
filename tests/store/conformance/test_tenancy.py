"""Workspaces, principals, keys and grants: who may do what, and what another workspace cannot touch."""

from dataclasses import replace
from functools import partial

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import random_id
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, PrincipalType, Workspace
from horarium.store.verbs import tenancy
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


async def test_a_key_keeps_what_it_is_restricted_to(tenant, store):
    restriction = Restriction((tenant.target,), {"team": "blue"}, ("10.0.0.0/8",))
    key = await add_key(tenant, restriction=restriction)
    assert (await store.read(tenancy.get_key, tenant.workspace, key.id)).restriction == restriction
    assert (await store.read(tenancy.present_key, b"h" * 32)).identity.restriction == restriction


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
    key = await add_key(tenant)
    found, granted = await store.write(tenancy.delete_principal, tenant.workspace, tenant.principal, NOON)
    assert (found.id, sorted(granted)) == (tenant.principal, sorted([EVERY_TARGET, tenant.target]))
    assert await store.read(tenancy.present_key, b"h" * 32) is None
    assert (await store.read(tenancy.get_key, tenant.workspace, key.id)).revoked_ms == NOON
    assert await store.read(tenancy.grants_of, tenant.principal) == []
    assert await store.read(tenancy.live_scopes, tenant.workspace, tenant.principal) == set()
    assert await store.write(tenancy.delete_principal, tenant.workspace, tenant.principal, NOON) is None


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


async def test_a_workspace_is_changed_by_who_has_read_its_latest_version(tenant, store):
    before = await store.read(tenancy.get_workspace, tenant.workspace)
    change = partial(store.write, tenancy.change_workspace, tenant.workspace)
    after = await change(partial(replace, name="New"), NOON + 5, before.version)
    assert (after.name, after.version, after.updated_ms) == ("New", before.version + 1, NOON + 5)
    with pytest.raises(Conflict) as refused:
        await change(partial(replace, name="Other"), NOON + 6, before.version)
    assert refused.value.reason == "version"
    assert await change(partial(replace, name="New"), NOON + 7) == after
    assert await store.read(tenancy.get_workspace, tenant.workspace) == after


async def test_allowed_hosts_are_kept_and_told_where_they_are_not_every_host(tenant, store):
    before = await store.read(tenancy.get_workspace, tenant.workspace)
    change = partial(store.write, tenancy.change_workspace, tenant.workspace)
    assert before.allowed_hosts == ("*",)
    assert tenant.workspace not in await store.read(tenancy.allowed_hosts)
    after = await change(partial(replace, allowed_hosts=("a.example", "10.0.0.0/8")), NOON + 5)
    assert after.allowed_hosts == ("a.example", "10.0.0.0/8")
    assert (await store.read(tenancy.allowed_hosts))[tenant.workspace] == ("a.example", "10.0.0.0/8")
    await change(partial(replace, allowed_hosts=("*",)), NOON + 6)
    assert tenant.workspace not in await store.read(tenancy.allowed_hosts)


async def test_quotas_and_weight_are_kept_and_only_uncommon_shares_are_told(tenant, store):
    before = await store.read(tenancy.get_workspace, tenant.workspace)
    change = partial(store.write, tenancy.change_workspace, tenant.workspace)
    few = await change(partial(replace, quotas=replace(before.quotas, schedules=7)), NOON + 4)
    assert await store.read(tenancy.uncommon_shares) == {}
    after = await change(partial(replace, weight=2.5), NOON + 5)
    assert (after.quotas.schedules, after.weight) == (7, 2.5)
    assert await store.read(tenancy.uncommon_shares) == {tenant.workspace: tenancy.Share(2.5)}
    busy = replace(few.quotas, concurrency=3)
    await change(partial(replace, quotas=busy, weight=1.0), NOON + 6)
    assert await store.read(tenancy.uncommon_shares) == {tenant.workspace: tenancy.Share(1.0, 3)}


async def test_principals_and_keys_are_listed_oldest_first_and_by_page(tenant, store):
    ids = sorted(random_id(NOON + n) for n in range(3))
    for new in ids:
        principal = Principal(new, tenant.workspace, PrincipalType.SERVICE, "robot", NOON, "r@x.com")
        await store.write(tenancy.create_principal, principal, [])
        assert await store.read(tenancy.get_principal, tenant.workspace, new) == principal
    listed = await store.read(tenancy.list_principals, tenant.workspace, ids[0], 2)
    assert [principal.id for principal in listed] == ids[1:]
    key = await add_key(tenant)
    assert key in await store.read(tenancy.list_keys, tenant.workspace, bytes(16), 9)


async def test_a_workspace_touches_no_principal_key_or_grant_of_another(tenant, store):
    stranger = await Tenant.open(store)
    key = await add_key(tenant)
    granted = await store.read(tenancy.grants_of, tenant.principal)
    theirs = stranger.workspace
    assert await store.read(tenancy.get_principal, theirs, tenant.principal) is None
    assert await store.read(tenancy.get_key, theirs, key.id) is None
    assert not await store.write(tenancy.delete_principal, theirs, tenant.principal, NOON)
    assert await store.write(tenancy.revoke_key, theirs, key.id, NOON) is None
    assert not await store.write(tenancy.remove_grant, theirs, tenant.principal, tenant.target)
    with pytest.raises(NotFound):
        await store.write(tenancy.add_grants, theirs, tenant.principal, [stranger.target], NOON)
    borrowed = NewKey(replace(key, id=random_id(NOON), workspace_id=theirs), b"b" * 32)
    with pytest.raises(NotFound):
        await store.write(tenancy.create_key, borrowed)
    own = NewKey(Key(random_id(NOON), theirs, stranger.principal, "k", "h", ("*",), NOON), b"o" * 32)
    with pytest.raises(NotFound):
        await store.write(tenancy.replace_key, own, key.id, NOON)
    assert await store.read(tenancy.get_key, tenant.workspace, key.id) == key
    assert await store.read(tenancy.grants_of, tenant.principal) == granted
    assert {found.id for found in await store.read(tenancy.list_principals, theirs, bytes(16), 9)} == {
        stranger.principal
    }


async def test_the_scopes_of_a_principal_are_those_of_its_live_keys(tenant, store):
    scopes = tenancy.live_scopes
    assert await store.read(scopes, tenant.workspace, tenant.principal) == {"*"}
    assert await store.read(scopes, bytes(16), tenant.principal) == set()
    (key,) = await store.read(tenancy.list_keys, tenant.workspace, bytes(16), 10)
    await store.write(tenancy.revoke_key, tenant.workspace, key.id, NOON)
    assert await store.read(scopes, tenant.workspace, tenant.principal) == set()


async def test_a_key_that_is_replaced_ends_no_later_than_it_would_have(tenant, store):
    old = await add_key(tenant, expires_ms=NOON + MINUTE)
    new = NewKey(replace(old, id=random_id(NOON)), b"n" * 32)
    await store.write(tenancy.replace_key, new, old.id, NOON + DAY)
    assert (await store.read(tenancy.get_key, tenant.workspace, old.id)).expires_ms == NOON + MINUTE
