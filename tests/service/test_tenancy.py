"""Workspaces, principals, keys and grants."""

import pytest

from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound
from horarium.domain.tenancy import EVERY_TARGET, PrincipalType
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_a_workspace_comes_with_an_administrator_and_its_key():
    async with House.open(NOW) as house:
        founded = await house.services.tenancy.create_workspace(await house.who(), "Acme, Inc.")
        assert founded.workspace.slug == "acme-inc"
        who = await house.services.identities.resolve(founded.issued.text)
        assert who.workspace_id == founded.workspace.id
        assert not who.may("workspaces:admin")


async def test_making_workspaces_needs_the_server_wide_scope():
    async with House.open(NOW) as house:
        who = await house.services.identities.resolve(await house.key_with("*"))
        with pytest.raises(Forbidden):
            await house.services.tenancy.create_workspace(who, "Acme")


async def test_a_slug_is_taken_once():
    async with House.open(NOW) as house:
        with pytest.raises(Conflict):
            await house.services.tenancy.create_workspace(await house.who(), "Again", "first")


async def test_another_workspace_is_not_found_rather_than_forbidden():
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        who = await house.services.identities.resolve(await house.key_with("*"))
        with pytest.raises(NotFound):
            await house.services.tenancy.get_workspace(who, other.workspace_id)


async def test_a_workspace_timezone_is_checked_and_taken_away_by_null():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        changed = await tenancy.update_workspace(who, who.workspace_id, settings={"timezone": "Europe/Paris"})
        assert (changed.timezone, changed.version) == ("Europe/Paris", 2)
        assert (await house.who()).workspace.timezone == "Europe/Paris"
        back = await tenancy.update_workspace(who, who.workspace_id, settings={"timezone": None})
        assert back.timezone == "UTC"
        for settings in ({"timezone": "Mars/Base"}, {"colour": "red"}):
            with pytest.raises(Invalid):
                await tenancy.update_workspace(who, who.workspace_id, settings=settings)


async def test_a_lost_update_is_refused():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        await tenancy.update_workspace(who, who.workspace_id, "One", version=1)
        with pytest.raises(Conflict) as caught:
            await tenancy.update_workspace(who, who.workspace_id, "Two", version=1)
        assert caught.value.reason == "version"


async def test_nobody_gives_a_scope_that_they_lack():
    async with House.open(NOW) as house:
        tenancy = house.services.tenancy
        limited = await house.services.identities.resolve(await house.key_with("keys:admin", "runs:read"))
        await tenancy.create_key(limited, "fine", ["runs:read"])
        for scopes in (["runs:write"], ["*"], ["workspaces:admin"]):
            with pytest.raises(Forbidden):
                await tenancy.create_key(limited, "more", scopes)


@pytest.mark.parametrize("scopes", [[], ["schedules:eat"]])
async def test_scopes_must_exist(scopes):
    async with House.open(NOW) as house:
        with pytest.raises(Invalid):
            await house.services.tenancy.create_key(await house.who(), "x", scopes)


async def test_a_rotated_key_works_until_its_overlap_ends():
    async with House.open(NOW) as house:
        tenancy, identities = house.services.tenancy, house.services.identities
        old = await tenancy.create_key(await house.who(), "app", ["runs:read"])
        new = await tenancy.rotate_key(await house.who(), old.key.id, overlap_ms=10_000)
        assert new.key.scopes == old.key.scopes
        await identities.resolve(old.text)
        house.clock.now += 10_000
        assert (await identities.resolve(new.text)).may("runs:read")
        with pytest.raises(Exception, match="expired"):
            await identities.resolve(old.text)


async def test_the_key_in_use_is_not_revoked_by_accident():
    async with House.open(NOW) as house:
        who = await house.who()
        with pytest.raises(Conflict):
            await house.services.tenancy.revoke_key(who, who.key_id)


async def test_a_principal_schedules_only_what_it_was_granted():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        one, two = await house.target("tool", key="one"), await house.target("tool", key="two")
        bob = await tenancy.create_principal(who, "Bob", PrincipalType.PERSON, "bob@example.com", [one.id])
        key = await tenancy.create_key(who, "bob", ["schedules:write"], bob.id)
        identity = await house.services.identities.resolve(key.text)
        assert identity.may_schedule(one.id)
        assert not identity.may_schedule(two.id)
        assert set(await tenancy.add_grants(who, bob.id, [EVERY_TARGET])) == {one.id, EVERY_TARGET}
        assert (await house.services.identities.resolve(key.text)).may_schedule(two.id)
        await tenancy.remove_grant(who, bob.id, EVERY_TARGET)
        assert not (await house.services.identities.resolve(key.text)).may_schedule(two.id)


async def test_a_removed_principal_loses_its_keys():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        bob = await tenancy.create_principal(who, "Bob")
        key = await tenancy.create_key(who, "bob", ["runs:read"], bob.id)
        await house.services.identities.resolve(key.text)
        await tenancy.delete_principal(who, bob.id)
        with pytest.raises(Exception, match="revoked"):
            await house.services.identities.resolve(key.text)


async def test_another_workspaces_targets_cannot_be_granted():
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        theirs = await house.target("tool", tenant=other)
        with pytest.raises(Invalid):
            await house.services.tenancy.create_principal(await house.who(), "Eve", granted=[theirs.id])
