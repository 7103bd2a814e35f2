"""Sealed values are found wherever they stand, and sealed anew only where they have not been changed since."""

from dataclasses import replace

import pytest

from horarium.domain.audience import StoredSource
from horarium.domain.events import EventFilter
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.webhooks import Webhook, WebhookState
from horarium.store.verbs import audiences, secrets, targets, webhooks
from horarium.store.verbs.secrets import BEFORE_ALL, PLACES
from tests.support.tenant import HOUR, NOON


async def put(tenant, place, blob):
    """Something with a sealed value; its id."""
    if place == "targets":
        return await tenant.add_target(sealed=blob)
    if place == "versions":
        return (await tenant.schedule(environment=blob)).id
    if place == "webhooks":
        return LOWEST_ID if blob is None else (await add_webhook(tenant, blob)).id
    made = StoredSource(
        tenant.workspace, f"s{random_id(NOON).hex()}", random_id(NOON), "http", {}, NOON, NOON, blob
    )
    return (await tenant.store.write(audiences.put_source, made, NOON)).id


async def add_webhook(tenant, sealed):
    """A webhook, which always has secrets."""
    new = random_id(NOON)
    made = Webhook(
        new, tenant.workspace, "hook", "https://example.com", EventFilter(), sealed, WebhookState.ENABLED, None, 0,
        None, 1, tenant.principal, NOON, NOON,
    )  # fmt: skip
    return await tenant.store.write(webhooks.create_webhook, made)


async def found(store, place, after=BEFORE_ALL, limit=10):
    return await store.read(secrets.sealed, place, after, limit)


@pytest.mark.parametrize("place", PLACES)
async def test_each_place_gives_its_sealed_values_by_page_and_nothing_else(tenant, store, place):
    await put(tenant, place, None)
    made = sorted([await put(tenant, place, blob) for blob in (b"a", b"b", b"c")])
    everything = await found(store, place)
    assert [sealed.id for sealed in everything] == made
    assert {sealed.blob for sealed in everything} == {b"a", b"b", b"c"}
    first = await found(store, place, limit=2)
    last = first[-1]
    rest = await found(store, place, (last.id, last.version))
    assert [*first, *rest] == everything


@pytest.mark.parametrize("place", PLACES)
async def test_a_value_is_sealed_anew_in_its_place(tenant, store, place):
    made = await put(tenant, place, b"old")
    (sealed,) = await found(store, place)
    assert await store.write(secrets.reseal, place, [(sealed, b"new")]) == 1
    (again,) = await found(store, place)
    assert (again.id, again.blob) == (made, b"new")


@pytest.mark.parametrize("place", PLACES)
async def test_what_was_changed_since_it_was_read_is_left_alone(tenant, store, place):
    await put(tenant, place, b"old")
    (sealed,) = await found(store, place)
    assert await store.write(secrets.reseal, place, [(sealed._replace(blob=b"older"), b"new")]) == 0
    assert [one.blob for one in await found(store, place)] == [b"old"]
    assert await store.write(secrets.reseal, place, []) == 0


async def test_each_version_of_a_schedule_has_a_value_of_its_own(tenant, store):
    schedule = await tenant.schedule(environment=b"first")
    await tenant.redefine(schedule, NOON + HOUR, environment=b"second")
    versions = await found(store, "versions")
    assert [(sealed.version, sealed.blob) for sealed in versions] == [(1, b"first"), (2, b"second")]
    assert await store.write(secrets.reseal, "versions", [(versions[0], b"anew")]) == 1
    assert [sealed.blob for sealed in await found(store, "versions")] == [b"anew", b"second"]
    (rest,) = await found(store, "versions", (schedule.id, 1))
    assert rest.version == 2


async def test_a_new_seal_belongs_to_one_row_alone(tenant, store):
    first, second = [await put(tenant, "targets", b"same") for _ in range(2)]
    chosen = next(sealed for sealed in await found(store, "targets") if sealed.id == first)
    await store.write(secrets.reseal, "targets", [(chosen, b"new")])
    other = await store.read(targets.get_target, tenant.workspace, second)
    assert other.sealed == b"same"
    resealed = await store.read(targets.get_target, tenant.workspace, first)
    assert resealed == replace(other, id=first, number=resealed.number, sealed=b"new")
