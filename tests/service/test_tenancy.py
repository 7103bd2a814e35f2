"""Workspaces, principals, keys and grants."""

import os
from functools import partial

import pytest

from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound
from horarium.domain.host_lists import host_list
from horarium.domain.ids import LOWEST_ID, prefixed
from horarium.domain.quotas import DEFAULT
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import EVERY_TARGET, PrincipalType
from horarium.service.tenancy import bootstrap
from horarium.store.verbs import tenancy as verbs
from tests.support.house import House
from tests.support.inline_store import InlineSqliteStore
from tests.support.interleaved import in_between
from tests.support.sqlite_schema import fill_memory

NOW = "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("settings", [{"timezone": "Mars/Base"}, {"colour": "red"}])
async def test_a_workspace_is_made_with_its_settings_and_not_with_wrong_ones(settings):
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        with pytest.raises(Invalid):
            await tenancy.create_workspace(who, "Wrong", settings=settings)
        made = await tenancy.create_workspace(who, "Right", settings={"timezone": "Europe/Paris"})
        assert made.workspace.settings == {"timezone": "Europe/Paris"}


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


async def test_quotas_and_weight_are_read_by_the_workspace_and_changed_with_a_key_of_the_server():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        founded = await tenancy.create_workspace(who, "Other")
        other = founded.workspace.id
        its_own = await house.services.identities.resolve(founded.issued.text)
        for change in ({"quotas": {"schedules": 5}}, {"weight": 2.0}, {"allowed_hosts": ["*"]}):
            with pytest.raises(Forbidden, match="workspaces:admin"):
                await tenancy.update_workspace(its_own, other, **change)
        changed = await tenancy.update_workspace(who, other, quotas={"schedules": 5}, weight=2.0)
        assert await tenancy.get_workspace(its_own, other) == changed
        assert (changed.quotas.schedules, changed.weight) == (5, 2.0)
        back = await tenancy.update_workspace(who, other, quotas={"schedules": None})
        assert (back.quotas, back.weight) == (DEFAULT, 2.0)
        for wrong in ({"quotas": {"colour": 1}}, {"weight": 0.0}, {"allowed_hosts": ["http://a.example"]}):
            with pytest.raises(Invalid):
                await tenancy.update_workspace(who, other, **wrong)


async def test_the_hosts_of_a_workspace_are_changed_with_a_key_of_the_server_and_hold_at_once():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        founded = await tenancy.create_workspace(who, "Other", allowed_hosts=["api.example.com"])
        other = founded.workspace.id
        assert tenancy.allowed_hosts.of(other) == host_list(("api.example.com",))
        assert tenancy.allowed_hosts.of(who.workspace_id) is None
        await tenancy.update_workspace(who, other, name="Another")
        assert (await tenancy.get_workspace(who, other)).allowed_hosts == ("api.example.com",)
        changed = await tenancy.update_workspace(who, other, allowed_hosts=[])
        assert changed.allowed_hosts == ()
        assert tenancy.allowed_hosts.of(other) == host_list(())
        await tenancy.update_workspace(who, other, allowed_hosts=["*"])
        assert tenancy.allowed_hosts.of(other) is None


async def test_a_workspace_is_made_with_quotas_and_a_weight():
    async with House.open(NOW) as house:
        founded = await house.services.tenancy.create_workspace(
            await house.who(), "Acme", quotas={"targets": 3}, weight=7
        )
        assert (founded.workspace.quotas.targets, founded.workspace.weight) == (3, 7)


async def test_a_lost_update_is_refused():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        await tenancy.update_workspace(who, who.workspace_id, "One", version=1)
        with pytest.raises(Conflict) as caught:
            await tenancy.update_workspace(who, who.workspace_id, "Two", version=1)
        assert caught.value.reason == "version"


async def test_changes_of_a_workspace_that_come_at_once_are_both_kept(monkeypatch):
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        other = partial(
            tenancy.update_workspace, who, who.workspace_id, settings={"timezone": "Europe/Paris"}
        )
        in_between(monkeypatch, house.store, verbs.get_workspace, other)
        found = await tenancy.update_workspace(who, who.workspace_id, "New")
        assert (found.name, found.timezone, found.version) == ("New", "Europe/Paris", 3)


async def test_a_change_of_a_version_that_is_overtaken_is_refused(monkeypatch):
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        other = partial(tenancy.update_workspace, who, who.workspace_id, "One")
        in_between(monkeypatch, house.store, verbs.get_workspace, other)
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


@pytest.mark.parametrize("grants", [1, 2, 3, 4])
async def test_grants_are_read_over_pages_each_once_and_the_last_page_says_so(grants):
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        targets = sorted([(await house.target("tool")).id for _ in range(grants)])
        bob = await tenancy.create_principal(who, "Bob", PrincipalType.PERSON, "bob@example.com", targets)
        pages, after = [], None
        while True:
            page = await tenancy.grants_page(who, bob.id, after, 2)
            pages.append(list(page.items))
            after = page.next
            if after is None:
                break
        assert pages == [targets[:2], targets[2:]][: (grants + 1) // 2]


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


async def test_nobody_rotates_a_key_with_scopes_that_they_lack():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        mighty = await tenancy.create_key(who, "mighty", ["keys:admin", "schedules:delete"])
        weak = await tenancy.create_key(who, "weak", ["runs:read"])
        limited = await house.services.identities.resolve(await house.key_with("keys:admin", "runs:read"))
        for issued in (mighty, await tenancy.create_key(who, "all", ["*"])):
            with pytest.raises(Forbidden):
                await tenancy.rotate_key(limited, issued.key.id)
            await house.services.identities.resolve(issued.text)
        assert (await tenancy.rotate_key(limited, weak.key.id)).key.scopes == ("runs:read",)


async def test_a_revoked_key_is_not_rotated_back_to_life():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        key = await tenancy.create_key(who, "gone", ["runs:read"])
        await tenancy.revoke_key(who, key.key.id)
        with pytest.raises(Conflict):
            await tenancy.rotate_key(who, key.key.id)


async def test_everything_that_changes_who_may_do_what_needs_the_scope_for_it():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        target = await house.target("tool")
        bob = await tenancy.create_principal(who, "Bob", granted=[target.id])
        key = await tenancy.create_key(who, "bob", ["runs:read"], bob.id)
        scopes = ["schedules:write", "targets:write", "runs:write", "directory:write"]
        weak = await house.services.identities.resolve(await house.key_with(*scopes))
        for attempt in (
            tenancy.update_workspace(weak, weak.workspace_id, "Mine"),
            tenancy.create_principal(weak, "Eve"),
            tenancy.list_principals(weak, LOWEST_ID, 10),
            tenancy.get_principal(weak, bob.id),
            tenancy.delete_principal(weak, bob.id),
            tenancy.create_key(weak, "mine", ["runs:write"]),
            tenancy.list_keys(weak, LOWEST_ID, 10),
            tenancy.get_key(weak, key.key.id),
            tenancy.revoke_key(weak, key.key.id),
            tenancy.rotate_key(weak, key.key.id),
            tenancy.list_grants(weak, bob.id),
            tenancy.add_grants(weak, bob.id, [EVERY_TARGET]),
            tenancy.remove_grant(weak, bob.id, target.id),
        ):
            with pytest.raises(Forbidden):
                await attempt
        assert (await tenancy.get_workspace(who, who.workspace_id)).version == 1
        assert await tenancy.list_grants(who, bob.id) == [target.id]
        await house.services.identities.resolve(key.text)


async def test_everybody_may_read_themselves_and_the_key_in_use():
    async with House.open(NOW) as house:
        tenancy = house.services.tenancy
        weak = await house.services.identities.resolve(await house.key_with("runs:read"))
        assert (await tenancy.get_principal(weak, weak.principal_id)).id == weak.principal_id
        assert (await tenancy.get_key(weak, weak.key_id)).id == weak.key_id
        assert await tenancy.list_grants(weak, weak.principal_id) == [EVERY_TARGET]


async def test_keys_and_principals_of_another_workspace_are_not_found_and_stay_as_they_are():
    async with House.open(NOW) as house:
        tenancy = house.services.tenancy
        other = await house.workspace("other")
        theirs = await house.who(other)
        target = await house.target("tool", tenant=other)
        bob = await tenancy.create_principal(theirs, "Bob", granted=[target.id])
        key = await tenancy.create_key(theirs, "bob", ["runs:read"], bob.id)
        who = await house.services.identities.resolve(await house.key_with("*"))
        for attempt in (
            tenancy.get_principal(who, bob.id),
            tenancy.delete_principal(who, bob.id),
            tenancy.create_key(who, "mine", ["runs:read"], bob.id),
            tenancy.get_key(who, key.key.id),
            tenancy.revoke_key(who, key.key.id),
            tenancy.rotate_key(who, key.key.id),
            tenancy.list_grants(who, bob.id),
            tenancy.add_grants(who, bob.id, [EVERY_TARGET]),
            tenancy.remove_grant(who, bob.id, target.id),
            tenancy.update_workspace(who, other.workspace_id, "Mine"),
        ):
            with pytest.raises(NotFound):
                await attempt
        house.services.identities.forget()
        assert (await house.services.identities.resolve(key.text)).granted == {target.id}
        assert [
            found.id
            for found in (await tenancy.list_keys(who, LOWEST_ID, 50)).items
            if found.id == key.key.id
        ] == []
        assert bob.id not in {found.id for found in (await tenancy.list_principals(who, LOWEST_ID, 50)).items}


async def test_without_the_server_wide_scope_only_the_own_workspace_is_listed():
    async with House.open(NOW) as house:
        tenancy = house.services.tenancy
        await house.workspace("other")
        own = await house.services.identities.resolve(await house.key_with("*"))
        assert [found.id for found in (await tenancy.list_workspaces(own, LOWEST_ID, 10)).items] == [
            own.workspace_id
        ]
        assert len((await tenancy.list_workspaces(await house.who(), LOWEST_ID, 10)).items) == 2
        page = await tenancy.list_workspaces(await house.who(), LOWEST_ID, 1)
        assert (len(page.items), page.next) == (1, page.items[0].id)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "kind": PrincipalType.SYSTEM}, "type"),
        ({"name": "x", "email": "nobody"}, "email"),
    ],
)
async def test_a_principal_that_cannot_be_is_refused_by_field(given, field):
    async with House.open(NOW) as house:
        with pytest.raises(Invalid) as caught:
            await house.services.tenancy.create_principal(await house.who(), **given)
        assert [problem.field for problem in caught.value.problems] == [field]


async def test_a_key_does_not_expire_in_the_past():
    async with House.open(NOW) as house:
        for expires in (house.clock.now, house.clock.now - 1):
            with pytest.raises(Invalid, match="expires_at"):
                await house.services.tenancy.create_key(await house.who(), "x", ["runs:read"], None, expires)


async def test_nobody_deletes_themselves():
    async with House.open(NOW) as house:
        who = await house.who()
        with pytest.raises(Conflict):
            await house.services.tenancy.delete_principal(who, who.principal_id)


async def test_a_grant_that_is_not_there_is_not_removed():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        bob = await tenancy.create_principal(who, "Bob")
        with pytest.raises(NotFound):
            await tenancy.remove_grant(who, bob.id, (await house.target("tool")).id)


async def _caller(house, *scopes, granted=(), expires_ms=None, name="Kim"):
    """Somebody of the first workspace with these scopes and grants, by a key that may expire."""
    tenancy, who = house.services.tenancy, await house.who()
    kim = await tenancy.create_principal(who, name, granted=granted)
    issued = await tenancy.create_key(who, name, scopes, kim.id, expires_ms)
    return await house.services.identities.resolve(issued.text)


async def test_a_key_makes_none_that_outlives_it():
    async with House.open(NOW) as house:
        tenancy, end = house.services.tenancy, house.clock.now + 60_000
        kim = await _caller(house, "keys:admin", expires_ms=end)
        assert (await tenancy.create_key(kim, "k", ["keys:admin"])).key.expires_ms == end
        assert (
            await tenancy.create_key(kim, "k", ["keys:admin"], expires_ms=end - 1)
        ).key.expires_ms == end - 1
        with pytest.raises(Invalid) as caught:
            await tenancy.create_key(kim, "k", ["keys:admin"], expires_ms=end + 1)
        (problem,) = caught.value.problems
        assert problem.field == "expires_at"
        assert "later than 2026-03-01T12:01:00Z, when the key" in problem.message


async def test_a_key_that_is_rotated_keeps_its_end():
    async with House.open(NOW) as house:
        tenancy, who, end = house.services.tenancy, await house.who(), house.clock.now + 60_000
        old = await tenancy.create_key(who, "k", ["runs:read"], expires_ms=end)
        new = await tenancy.rotate_key(who, old.key.id, 30_000)
        assert new.key.expires_ms == end
        lasting = await tenancy.create_key(who, "k", ["keys:admin"])
        kim = await _caller(house, "keys:admin", granted=[EVERY_TARGET], expires_ms=end)
        assert (await tenancy.rotate_key(kim, lasting.key.id)).key.expires_ms == end
        house.clock.now = end
        with pytest.raises(Conflict, match="expired"):
            await tenancy.rotate_key(who, new.key.id)


async def test_a_workspace_made_by_a_key_that_expires_has_a_key_that_expires():
    async with House.open(NOW) as house:
        end = house.clock.now + 60_000
        kim = await _caller(house, "workspaces:admin", expires_ms=end)
        assert (await house.services.tenancy.create_workspace(kim, "New")).issued.key.expires_ms == end


async def test_a_workspace_made_by_a_key_of_some_networks_has_a_key_of_no_others():
    async with House.open(NOW) as house:
        tenancy, identities = house.services.tenancy, house.services.identities
        office = Restriction(networks=("10.1.0.0/16",))
        issued = await tenancy.create_key(
            await house.who(), "office", ["workspaces:admin"], restriction=office
        )
        founded = await tenancy.create_workspace(await identities.resolve(issued.text, "10.1.2.3"), "New")
        with pytest.raises(Forbidden, match="some networks"):
            await identities.resolve(founded.issued.text, "192.0.2.1")
        assert (await identities.resolve(founded.issued.text, "10.1.2.3")).restriction == office


async def test_nobody_gives_a_grant_that_they_lack():
    async with House.open(NOW) as house:
        tenancy = house.services.tenancy
        mine, theirs = (
            await house.target("workflow", key="mine"),
            await house.target("workflow", key="theirs"),
        )
        kim = await _caller(house, "keys:admin", granted=[mine.id])
        lee = await tenancy.create_principal(kim, "Lee", granted=[mine.id])
        for target_id, name in (
            (theirs.id, f"the target {prefixed('tgt', theirs.id)}"),
            (EVERY_TARGET, "all targets"),
        ):
            for given in (lee.id, kim.principal_id):
                with pytest.raises(Forbidden, match=f"Kim has none on {name}"):
                    await tenancy.add_grants(kim, given, [mine.id, target_id])
            with pytest.raises(Forbidden):
                await tenancy.create_principal(kim, "Max", granted=[target_id])
        assert await tenancy.list_grants(kim, lee.id) == [mine.id]
        assert len((await tenancy.list_principals(kim, LOWEST_ID, 10)).items) == 3


async def test_nobody_makes_or_rotates_a_key_of_a_principal_with_more_grants():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        target = await house.target("workflow")
        kim = await _caller(house, "keys:admin")
        lee = await _caller(house, "keys:admin", granted=[target.id], name="Lee")
        for principal_id in (lee.principal_id, who.principal_id):
            with pytest.raises(Forbidden):
                await tenancy.create_key(kim, "k", ["keys:admin"], principal_id)
        with pytest.raises(Forbidden):
            await tenancy.rotate_key(kim, lee.key_id)
        other = await house.workspace("other")
        stranger = await house.who(other)
        with pytest.raises(NotFound):
            await tenancy.create_key(kim, "k", ["keys:admin"], stranger.principal_id)
        assert (
            await tenancy.create_key(lee, "k", ["keys:admin"], kim.principal_id)
        ).key.principal_id == kim.principal_id


async def test_a_key_of_a_workspace_touches_no_key_of_the_server():
    async with House.open(NOW) as house:
        tenancy, server = house.services.tenancy, await house.who()
        kim = await _caller(house, "*", granted=[EVERY_TARGET])
        for attempt in (
            lambda: tenancy.revoke_key(kim, server.key_id),
            lambda: tenancy.rotate_key(kim, server.key_id),
            lambda: tenancy.delete_principal(kim, server.principal_id),
        ):
            with pytest.raises(Forbidden) as caught:
                await attempt()
            assert caught.value.scope == "workspaces:admin"
        assert (await house.who()).key_id == server.key_id
        assert (await tenancy.get_key(kim, server.key_id)).revoked_ms is None
        other = await _caller(house, "workspaces:admin", "keys:admin", granted=[EVERY_TARGET], name="Root")
        assert (await tenancy.revoke_key(other, server.key_id)).revoked_ms is not None


async def test_the_first_key_is_on_the_disk_before_its_workspace_is_stored(tmp_path, monkeypatch):
    store = InlineSqliteStore(lambda: 0)
    fill_memory(store.connection)
    seen = []

    def fsync(number):
        seen.append(
            (os.fstat(number).st_size > 40, list(store.connection.execute("SELECT id FROM workspaces")))
        )

    monkeypatch.setattr(os, "fsync", fsync)
    await bootstrap(store, 0, tmp_path / "admin.key")
    assert seen == [(True, [])]
    await store.close()
