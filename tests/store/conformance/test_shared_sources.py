"""A source that is shared stands in other workspaces as a mirror, which is read as its source and follows it."""

import asyncio

import pytest
import pytest_asyncio

from horarium.domain.audience import StoredSource
from horarium.domain.errors import Conflict, Invalid, NotFound
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.store.verbs import audiences, purges, shares
from horarium.store.verbs.targets import OFF_AT_HOME
from tests.support.all_rows import all_rows
from tests.support.tenant import DAY, NOON, Tenant

SEALED = b"sealed for the source"


@pytest_asyncio.fixture(loop_scope="session")
async def borrower(store):
    return await Tenant.open(store)


@pytest_asyncio.fixture(loop_scope="session")
async def lent(tenant):
    return await put(tenant, "people")


async def put(tenant, name, kind="http", config=None):
    made = StoredSource(
        tenant.workspace, name, random_id(NOON), kind, config or {"url": "u"}, NOON, NOON, SEALED
    )
    return await tenant.store.write(audiences.put_source, made, NOON)


async def share(store, lent, borrower, named=None, name="people", now=NOON):
    mirror = StoredSource(borrower.workspace, name, random_id(now), "?", {}, now, now, shared_from=lent.id)
    return await store.write(shares.share, shares.SOURCES, lent.workspace_id, lent.id, mirror, named)


async def end(store, lent, borrower, now=NOON):
    verb = shares.end_share
    return await store.write(verb, shares.SOURCES, lent.workspace_id, lent.id, borrower.workspace, now)


async def read(store, tenant, name="people"):
    return await store.read(audiences.source_to_read, tenant.workspace, name)


async def shared_with(store, lent):
    verb = shares.list_shares
    found = await store.read(verb, shares.SOURCES, lent.workspace_id, lent.id, LOWEST_ID, 10)
    return [one.workspace_id for one in found]


async def test_a_mirror_is_read_as_its_source_and_holds_nothing_of_how(store, lent, borrower):
    found, new = await share(store, lent, borrower)
    assert (new, found.key) == (True, "people")
    mirror, behind = await read(store, borrower)
    assert (mirror.id, mirror.type, mirror.config, mirror.sealed) == (found.mirror_id, "http", {}, None)
    assert (mirror.shared_from, mirror.off_reason) == (lent.id, None)
    assert behind == lent
    own, same = await read(store, Tenant(store, lent.workspace_id, LOWEST_ID))
    assert own == same == lent
    assert await read(store, await Tenant.open(store)) == (None, None)


async def test_a_mirror_follows_its_source_and_is_not_changed_where_it_is(store, tenant, lent, borrower):
    await share(store, lent, borrower)
    after = StoredSource(tenant.workspace, "people", lent.id, "sql", {"query": "q"}, NOON, NOON + 5)
    await store.write(audiences.replace_source, lent, after, NOON + 5)
    mirror, behind = await read(store, borrower)
    assert (mirror.type, mirror.updated_ms, mirror.config) == ("sql", NOON + 5, {})
    assert (behind.type, behind.config) == ("sql", {"query": "q"})
    with pytest.raises(Conflict, match="is changed there alone"):
        await store.write(audiences.replace_source, mirror, mirror, NOON + 6)


async def test_a_source_is_shared_once_with_a_workspace_and_with_many(store, lent, borrower):
    other = await Tenant.open(store)
    first, _ = await share(store, lent, borrower)
    assert await share(store, lent, borrower) == (first, False)
    named, _ = await share(store, lent, borrower, "another")
    assert (named.mirror_id, named.key) == (first.mirror_id, "another")
    assert (await read(store, borrower, "another"))[1] == lent
    await put(borrower, "taken")
    with pytest.raises(Conflict, match="'taken' exists already"):
        await share(store, lent, borrower, "taken")
    await share(store, lent, other)
    assert await shared_with(store, lent) == sorted([borrower.workspace, other.workspace])


async def test_what_is_not_shared_any_more_is_off_until_it_is_shared_again(store, tenant, lent, borrower):
    found, _ = await share(store, lent, borrower)
    await end(store, lent, borrower)
    mirror, behind = await read(store, borrower)
    assert (mirror.type, mirror.off_reason, behind) == ("none", shares.NOT_SHARED, None)
    assert await shared_with(store, lent) == []
    with pytest.raises(NotFound):
        await end(store, lent, borrower)
    await store.write(audiences.follow_source, tenant.workspace, lent.id, NOON + 1)
    assert (await read(store, borrower))[1] is None
    assert await share(store, lent, borrower) == (found, True)
    assert (await read(store, borrower))[1] == lent


async def test_a_source_is_deleted_when_it_is_not_shared_any_more_and_a_mirror_at_any_time(
    store, tenant, lent, borrower
):
    await share(store, lent, borrower)
    with pytest.raises(Conflict, match="is shared with other workspaces"):
        await store.write(audiences.delete_source, tenant.workspace, "people")
    assert await store.write(audiences.delete_source, borrower.workspace, "people")
    assert await store.write(audiences.delete_source, tenant.workspace, "people")
    assert not await store.write(audiences.delete_source, tenant.workspace, "people")


async def test_a_name_that_is_taken_a_stranger_and_a_mirror_are_refused(store, tenant, lent, borrower):
    await put(borrower, "people")
    before = await all_rows(store)
    with pytest.raises(Conflict, match="'people' exists already"):
        await share(store, lent, borrower)
    with pytest.raises(NotFound, match="workspace"):
        await share(store, lent, Tenant(store, random_id(NOON), tenant.principal))
    stranger = StoredSource(borrower.workspace, "x", lent.id, "http", {}, NOON, NOON)
    with pytest.raises(NotFound):
        await share(store, stranger, tenant)
    assert await all_rows(store) == before
    await share(store, lent, borrower, name="lent")
    mirror, _ = await read(store, borrower, "lent")
    with pytest.raises(Conflict, match="is changed there alone"):
        await share(store, mirror, await Tenant.open(store))


async def test_no_more_is_shared_than_may_be_and_mirrors_count_as_sources(store, lent, borrower, monkeypatch):
    monkeypatch.setattr(audiences, "MOST_SOURCES", 1)
    await put(borrower, "own")
    with pytest.raises(Invalid, match="more than the 1 sources"):
        await share(store, lent, borrower)
    monkeypatch.setattr(shares, "MOST_SHARES", 0)
    with pytest.raises(Conflict, match="no more may be"):
        await share(store, lent, await Tenant.open(store))


async def test_mirrors_are_off_while_the_workspace_of_their_source_is_deleted(store, tenant, lent, borrower):
    await share(store, lent, borrower)

    async def delete(now):
        await store.write(purges.delete_workspace, tenant.workspace, now, NOON + DAY, tenant.principal)

    await delete(NOON)
    mirror, behind = await read(store, borrower)
    assert (mirror.off_reason, behind) == (OFF_AT_HOME, None)
    await store.write(purges.undelete_workspace, tenant.workspace, NOON + 1)
    assert (await read(store, borrower))[1] == lent
    await delete(NOON + 2)
    while await store.write(purges.purge_piece, NOON + DAY) is not None:
        pass
    left, behind = await read(store, borrower)
    assert (left.type, left.shared_from, left.off_reason) == ("none", None, "it is not shared any more")
    assert behind is None
    with pytest.raises(Conflict, match="cannot be read any more"):
        await share(store, left, await Tenant.open(store))
    own = await put(borrower, "people")
    assert await read(store, borrower) == (own, own)


async def test_two_workspaces_share_with_each_other_at_once(store, tenant, lent, borrower):
    theirs = await put(borrower, "deals")
    await asyncio.gather(share(store, lent, borrower), share(store, theirs, tenant, name="deals"))
    assert (await read(store, borrower))[1] == lent
    assert (await read(store, tenant, "deals"))[1] == theirs


async def test_what_is_not_shared_any_more_counts_no_longer(store, lent, borrower, monkeypatch):
    monkeypatch.setattr(shares, "MOST_SHARES", 1)
    await share(store, lent, borrower)
    await end(store, lent, borrower)
    await share(store, lent, await Tenant.open(store))
    with pytest.raises(Conflict, match="no more may be"):
        await share(store, lent, borrower)


async def test_a_source_is_shared_no_longer_also_with_a_workspace_that_was_deleted(
    tenant, store, lent, borrower
):
    await share(store, lent, borrower)
    await store.write(purges.delete_workspace, borrower.workspace, NOON, NOON + DAY, None)
    await end(store, lent, borrower)
    assert await shared_with(store, lent) == []
