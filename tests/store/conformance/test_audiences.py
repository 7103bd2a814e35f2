"""Sources of audiences are kept by name within a workspace."""

from dataclasses import replace

import pytest

from horarium.domain.audience import StoredSource
from horarium.domain.errors import Invalid
from horarium.domain.ids import random_id
from horarium.store.verbs import audiences
from tests.support.tenant import NOON, Tenant


def source(tenant, name="crm", **given):
    plain = StoredSource(
        tenant.workspace, name, random_id(NOON), "http", {"url": "https://x.com"}, NOON, NOON, b"sealed"
    )
    return replace(plain, **given)


async def put(tenant, made, now=NOON):
    return await tenant.store.write(audiences.put_source, made, now)


async def test_a_source_is_read_as_it_was_put(tenant, store):
    made = source(tenant)
    assert await put(tenant, made) == made
    assert await store.read(audiences.get_source, tenant.workspace, "crm") == made
    assert await store.read(audiences.get_source, tenant.workspace, "CRM") is None


async def test_a_source_that_is_put_again_keeps_its_id_and_its_beginning(tenant, store):
    first = await put(tenant, source(tenant))
    changed = source(tenant, type="sql", config={"query": "SELECT 1"}, sealed=None)
    again = await put(tenant, changed, NOON + 5)
    assert (again.id, again.created_ms, again.updated_ms) == (first.id, NOON, NOON + 5)
    assert (again.type, again.config, again.sealed) == ("sql", {"query": "SELECT 1"}, None)
    assert await store.read(audiences.list_sources, tenant.workspace) == [again]


async def test_sources_are_listed_by_name(tenant, store):
    for name in ("c", "a", "b"):
        await put(tenant, source(tenant, name))
    assert [found.name for found in await store.read(audiences.list_sources, tenant.workspace)] == [
        "a",
        "b",
        "c",
    ]


async def test_a_source_is_taken_away_once(tenant, store):
    stored = await put(tenant, source(tenant))
    taken = [await store.write(audiences.delete_source, tenant.workspace, "crm") for _ in range(2)]
    assert taken == [stored, None]
    assert await store.read(audiences.get_source, tenant.workspace, "crm") is None


async def test_a_source_of_one_workspace_is_neither_seen_nor_replaced_nor_removed_by_another(tenant, store):
    stranger = await Tenant.open(store)
    ours = await put(tenant, source(tenant))
    assert await store.read(audiences.get_source, stranger.workspace, "crm") is None
    assert not await store.write(audiences.delete_source, stranger.workspace, "crm")
    theirs = await put(stranger, source(stranger, config={"url": "https://y.com"}))
    assert theirs.id != ours.id
    assert await store.write(audiences.delete_source, stranger.workspace, "crm")
    assert await store.read(audiences.list_sources, tenant.workspace) == [ours]
    assert await store.read(audiences.list_sources, stranger.workspace) == []


async def test_a_source_is_replaced_only_as_it_was_seen(tenant, store):
    async def replaced(before, after, most=200):
        return await store.write(audiences.replace_source, before, after, NOON + 5, most)

    first = await replaced(None, source(tenant))
    assert first == await store.read(audiences.get_source, tenant.workspace, "crm")
    assert await replaced(None, source(tenant, type="sql")) is None
    assert await replaced(first, replace(first, type="sql"), most=1) is not None
    assert await replaced(first, replace(first, type="http")) is None
    with pytest.raises(Invalid) as refused:
        await replaced(None, source(tenant, "other"), most=1)
    assert refused.value.problems[0].code == "quota"
