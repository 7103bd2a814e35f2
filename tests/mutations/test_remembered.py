"""What a process remembers is what the database holds, after every request of every route that writes.

Identities of keys, targets, lists of hosts and the set of workspaces whose events are recorded are remembered, so each
use case that changes one of them has to forget it. The routes are those on the pages of the APIs, so a new one is in
this walk by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from horarium.domain.errors import HorariumError
from horarium.domain.tenancy import key_hash
from horarium.service.allowed_hosts import AllowedHosts
from horarium.store.verbs import events as event_verbs
from horarium.store.verbs import targets as target_verbs
from horarium.store.verbs.tenancy import present_key
from tests.mutations.asked import asked, routes_of
from tests.mutations.world import OWN, World

# Good requests to each route of our own API, since bodies and ids differ, until one has changed what was remembered;
# and to each that is known to do so.
MOST, MOST_TO_CHANGING = 16, 80
# Routes that change what is remembered; each is seen to do so.
CHANGING = {
    "DELETE /keys/{id}", "POST /keys/{id}/rotate", "DELETE /principals/{id}", "POST /principals/{id}/grants",
    "PATCH /workspaces/{id}", "POST /workspaces",
    "DELETE /workspaces/{id}", "PATCH /targets/{ref}", "PUT /targets/{ref}", "PUT /targets/by-key/{key}",
    "DELETE /targets/{ref}", "POST /targets/{ref}/disable", "POST /targets/{ref}/rotate-secret",
    "PUT /targets/{ref}/shares/{workspace}", "DELETE /targets/{ref}/shares/{workspace}",
}  # fmt: skip


async def test_nothing_is_remembered_that_a_request_has_changed(world: World) -> None:
    changing = set()
    for route in routes_of(world):
        if route.method == "GET":
            continue
        most = 1 if route.api != OWN else MOST_TO_CHANGING if route.name in CHANGING else MOST
        for number in range(most):
            if number % 4 == 0:
                keys = await given_out(world, with_unused=route.name == "DELETE /targets/{ref}")
            before = await remembered(world, keys)
            reply = await asked(world, route, world.house.key)
            await hold_against_the_database(world, f"{route.name}: {reply.status}")
            if before != await in_the_database(world, keys):
                changing.add(route.name)
                break
    assert changing >= CHANGING, CHANGING - changing


async def given_out(world: World, with_unused: bool) -> set[str]:
    """What there shall be before requests are made: a principal with a grant on each target, targets that are shared
    with another workspace, and keys; these, the administrator's own and that of the other workspace are the answer.
    `with_unused`: a target that can be deleted, too."""
    await world.renew()
    keys = {tenant.key for tenant in world.house._tenants}
    targets = [one["id"] for one in (await world.own("GET", "/targets?limit=100")).json()["items"]]
    principal = (await world.own("POST", "/principals", {"name": "p"})).json()["id"]
    granted = await world.own("POST", f"/principals/{principal}/grants", {"targets": targets})
    assert granted.status == 200, granted.body
    for target in targets[-5:]:  # those that requests name most
        await world.own("PUT", f"/targets/{target}/shares/{world.second}", {})
    if with_unused:
        unused = await world.own(
            "POST", "/targets", {"kind": "tool", "name": "unused", "executor": {"type": "echo"}}
        )
        assert unused.status == 201, unused.body
        world.stock.add(OWN, "targets", unused.json()["id"])
    world.stock.add(OWN, "principals", principal)
    for whose in ({}, {"principal": principal}):
        reply = await world.own("POST", "/keys", {"name": "k", "scopes": ["runs:read"], **whose})
        assert reply.status == 201, reply.body
        keys.add(reply.json()["key"])
    return keys


async def remembered(world: World, keys: Collection[str]) -> Any:
    """Have the process remember what it can: whose each key is, and each target by all its names. What the database
    holds of that."""
    services = world.house.services
    for key in keys:
        try:
            await services.identities.resolve(key, "127.0.0.1")
        except HorariumError:  # it has ended, or is of some networks
            continue
    for workspace, *names in _targets(world):
        for name in filter(None, names):
            await services.targets.resolve(workspace, name)
    return await in_the_database(world, keys)


def _targets(world: World) -> Any:
    return world.house.store.connection.execute(  # type: ignore[attr-defined]
        "SELECT workspace_id, number, key FROM targets WHERE deleted_ms IS NULL ORDER BY id DESC LIMIT 60"
    ).fetchall()


async def in_the_database(world: World, keys: Collection[str]) -> Any:
    """What the database holds of all that can be remembered."""
    store = world.house.store
    presented = {key: await store.read(present_key, key_hash(key)) for key in sorted(keys)}
    targets = {
        number: await store.read(target_verbs.find_target, workspace, number)
        for workspace, number, _ in _targets(world)
    }
    hosts = AllowedHosts(store)
    await hosts.refresh()
    recorded = await store.read(event_verbs.recorded_workspaces, world.house.clock.now)
    return presented, targets, hosts._lists, recorded


async def hold_against_the_database(world: World, after: str) -> None:
    """Compare all that is remembered with what the database holds."""
    services, store = world.house.services, world.house.store
    for hashed, known in services.identities._known.items():
        assert known.presented == await store.read(present_key, hashed), ("an identity", after)
    for (workspace, name), ((target, _), _) in services.targets._known._known.items():
        found = await store.read(target_verbs.find_target, workspace, name)
        assert target == found, ("a target", name, after)
    hosts = AllowedHosts(store)
    await hosts.refresh()
    assert services.tenancy.allowed_hosts._lists == hosts._lists, ("lists of hosts", after)
    recorded = await store.read(event_verbs.recorded_workspaces, world.house.clock.now)
    assert store.recording == recorded, ("workspaces whose events are recorded", after)
