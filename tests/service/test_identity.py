"""A key becomes an identity in one place, quickly, and stops being one when it should."""

import stat
from contextlib import suppress
from dataclasses import replace

import pytest
from starlette.requests import Request

from horarium.api.kit.keys import presented_key
from horarium.domain.errors import Forbidden, NotFound, Unauthorized
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import key_hash
from horarium.service.identity import REMEMBERED_MS
from horarium.service.tenancy import bootstrap, recover
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.verbs.tenancy import present_key
from tests.support.house import House, instant
from tests.support.inline_store import InlineSqliteStore

NOW = "2026-03-01T12:00:00Z"


async def test_a_key_gives_its_workspace_principal_and_scopes():
    async with House.open(NOW) as house:
        who = await house.who()
        assert who.workspace_id == house.first.workspace_id
        assert who.may("schedules:write")
        assert who.may("workspaces:admin")
        other = await house.workspace("other")
        assert (await house.who(other)).workspace_id == other.workspace_id


@pytest.mark.parametrize(
    "key", [None, "", "hor_nobody", "Bearer x", "hor_" + "x" * 500, "hor_\udcff", "hor_ü"]
)
async def test_what_is_no_key_is_refused(key):
    async with House.open(NOW) as house:
        with pytest.raises(Unauthorized):
            await house.services.identities.resolve(key)


async def test_a_star_does_not_reach_beyond_the_workspace():
    async with House.open(NOW) as house:
        who = await house.services.identities.resolve(await house.key_with("*"))
        assert who.may("keys:admin")
        assert not who.may("workspaces:admin")
        with pytest.raises(Forbidden):
            who.require("workspaces:admin")


async def test_a_revoked_key_is_refused_at_once():
    async with House.open(NOW) as house:
        key = await house.key_with("runs:read")
        who = await house.services.identities.resolve(key)
        await house.services.tenancy.revoke_key(await house.who(), who.key_id)
        with pytest.raises(Unauthorized):
            await house.services.identities.resolve(key)


async def test_what_one_request_may_do_changes_without_the_others():
    async with House.open(NOW) as house:
        first, second = await house.who(), await house.who()
        first.follow(replace(first, granted=frozenset(), key_expires_ms=1))
        assert (first.granted, first.key_expires_ms) == (frozenset(), 1)
        assert second == await house.who() != first


async def test_a_key_revoked_elsewhere_is_believed_for_a_few_seconds_only():
    async with House.open(NOW) as house:
        key = await house.key_with("runs:read")
        await house.services.identities.resolve(key)
        house.store.connection.execute("UPDATE keys SET revoked_ms = 1 WHERE name = 'some'")
        await house.services.identities.resolve(key)
        house.clock.now += REMEMBERED_MS
        with pytest.raises(Unauthorized):
            await house.services.identities.resolve(key)


async def test_a_key_revoked_while_it_was_being_looked_up_is_not_remembered(monkeypatch):
    async with House.open(NOW) as house:
        key = await house.key_with("runs:read")
        read = house.store.read

        async def read_and_then_revoke(verb, *args):
            found = await read(verb, *args)
            if verb is present_key:
                house.store.connection.execute("UPDATE keys SET revoked_ms = 1 WHERE name = 'some'")
                house.services.identities.forget()
            return found

        monkeypatch.setattr(house.store, "read", read_and_then_revoke)
        await house.services.identities.resolve(key)
        with pytest.raises(Unauthorized):
            await house.services.identities.resolve(key)


async def test_a_busy_key_costs_no_query(monkeypatch):
    async with House.open(NOW) as house:
        key = await house.key_with("runs:read")
        who = await house.services.identities.resolve(key)
        monkeypatch.setattr(house.store, "read", None)
        house.clock.now += REMEMBERED_MS - 1
        assert await house.services.identities.resolve(key) == who


async def test_an_expired_key_is_refused_even_while_it_is_remembered():
    async with House.open(NOW) as house:
        until = house.clock.now + 1_000
        issued = await house.services.tenancy.create_key(
            await house.who(), "short", ["runs:read"], None, until
        )
        await house.services.identities.resolve(issued.text)
        house.clock.now = until
        with pytest.raises(Unauthorized, match="expired"):
            await house.services.identities.resolve(issued.text)


async def test_the_last_use_is_written_by_the_loop_not_by_the_request():
    async with House.open(NOW) as house:
        who = await house.who()
        key = await house.services.tenancy.get_key(who, who.key_id)
        assert key.last_used_ms is None
        assert await house.services.identities.write_last_used() == 1
        key = await house.services.tenancy.get_key(who, who.key_id)
        assert key.last_used_ms == house.clock.now
        assert await house.services.identities.write_last_used() == 0


async def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path):
    store = InlineSqliteStore(lambda: 0)
    migrate_sqlite(store.connection)
    file = tmp_path / "data" / "admin.key"
    key = await bootstrap(store, instant(NOW), file)
    assert file.read_text().strip() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await bootstrap(store, instant(NOW), file) is None
    assert file.read_text().strip() == key
    assert key not in "".join(store.connection.iterdump())
    await store.close()


async def test_a_given_first_key_is_used_as_it_is_and_written_nowhere(tmp_path):
    store = InlineSqliteStore(lambda: 0)
    migrate_sqlite(store.connection)
    file, given = tmp_path / "data" / "admin.key", "hor_" + "g" * 40
    assert await bootstrap(store, instant(NOW), file, given) == given
    assert not file.exists()
    presented = await store.read(present_key, key_hash(given))
    assert presented.identity.may("workspaces:admin")
    assert await bootstrap(store, instant(NOW), file, "hor_" + "o" * 40) is None
    assert given not in "".join(store.connection.iterdump())
    await store.close()


async def test_a_recovered_key_is_one_of_the_whole_server():
    async with House.open(NOW) as house:
        await house.workspace("other")
        issued = await recover(house.store, house.clock.now)
        who = await house.services.identities.resolve(issued.text)
        assert who.workspace_id == house.first.workspace_id
        assert who.may("workspaces:admin")
        assert who.may("keys:admin")
        assert who.may_schedule((await house.target("workflow")).id)


async def test_nothing_is_recovered_where_there_is_no_workspace():
    store = InlineSqliteStore(lambda: 0)
    migrate_sqlite(store.connection)
    with pytest.raises(NotFound):
        await recover(store, instant(NOW))
    await store.close()


async def test_only_what_may_be_a_key_is_looked_up(monkeypatch):
    async with House.open(NOW) as house:
        asked = []

        async def read(verb, *args):
            asked.append(args)

        monkeypatch.setattr(house.store, "read", read)
        known = {None: 0, "": 0, "key_" + "x" * 40: 0, "hor_" + "x" * 125: 0, "hor_" + "x" * 124: 1}
        for given, lookups in known.items():
            with pytest.raises(Unauthorized):
                await house.services.identities.resolve(given)
            assert len(asked) == lookups


async def test_of_two_servers_that_start_the_one_that_comes_late_leaves_no_key_behind(tmp_path, monkeypatch):
    store = InlineSqliteStore(lambda: 0)
    migrate_sqlite(store.connection)
    mine, theirs, given = tmp_path / "a" / "admin.key", tmp_path / "b" / "admin.key", tmp_path / "c"
    assert await bootstrap(store, instant(NOW), theirs) == theirs.read_text().strip()

    async def none_yet(*_):
        return False

    monkeypatch.setattr(store, "read", none_yet)  # it looked before the other had made the workspace
    assert await bootstrap(store, instant(NOW), mine) is None
    assert await bootstrap(store, instant(NOW), given, "hor_" + "g" * 40) is None
    assert [mine.exists(), theirs.exists(), given.exists()] == [False, True, False]
    await store.close()


async def test_a_key_that_comes_from_a_network_that_is_not_its_own_has_not_been_used():
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        near = Restriction(networks=("10.0.0.0/8",))
        made = await tenancy.create_key(who, "near", ["runs:read"], restriction=near)
        for address, used in (("192.0.2.1", None), ("10.0.0.1", house.clock.now)):
            with suppress(Forbidden):
                await house.services.identities.resolve(made.text, address)
            await house.services.identities.write_last_used()
            assert (await tenancy.get_key(who, made.key.id)).last_used_ms == used


@pytest.mark.parametrize(
    ("schemes", "name", "value"),
    [
        (("bearer",), "authorization", "  bearer   {}  "),
        (("raw",), "authorization", " {} "),
        (("bearer", "x-api-key"), "x-api-key", " {}\t"),
        (("cf-access-jwt-assertion",), "cf-access-jwt-assertion", " {} "),
    ],
)
def test_spaces_around_a_key_are_none_of_it_however_it_is_sent(schemes, name, value):
    headers = [(name.encode(), value.format("hor_k").encode())]
    assert presented_key(Request({"type": "http", "headers": headers}), schemes) == "hor_k"
