"""A walk over every route of all six APIs by callers who may not do what they ask: nothing changes anywhere.

The routes are those on the pages of the APIs, and the requests are good ones, which the administrator of the workspace
could send. So a new route is in this walk once it is on its page: another test fails while no body for it is known.
"""

from __future__ import annotations

from collections import Counter

import pytest

from horarium.domain.ids import Id
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import EVERY_SCOPE, SCOPES, SERVER_SCOPE
from horarium.store.verbs.events import publish
from tests.api.test_round_trips import ITEMS
from tests.mutations.asked import asked, routes_of
from tests.mutations.world import Route, World
from tests.support.all_rows import all_rows, names_any

HOUR = 3_600_000
# So many good requests are sent to each route by each caller, since bodies and ids differ.
EACH = 2
# And where a route takes bodies of many kinds, so many at most.
MOST_OF_ONE = 16
# The audit log notes who was refused and who has read it, the log of events until when somebody reads it.
NOTED = {"audit_pending", "audit_entries", "audit_links", "audit_chains", "event_logs"}


def writes(world: World) -> int:
    """How many rows have been written since the beginning."""
    return int(world.house.store.connection.total_changes)  # type: ignore[attr-defined]


async def useless_keys(world: World) -> dict[str, str | None]:
    """Keys that open nothing, by what is wrong with them."""
    house = world.house
    tenancy, who = house.services.tenancy, await house.who()
    scopes = [scope for scope in SCOPES if scope != SERVER_SCOPE]
    gone = await tenancy.create_principal(who, "Gone")
    of_gone = await tenancy.create_key(who, "of somebody who is gone", ["runs:read"], gone.id)
    expired = await tenancy.create_key(who, "expired", scopes, None, house.clock.now + HOUR)
    revoked = await tenancy.create_key(who, "revoked", scopes)
    rotated = await tenancy.create_key(who, "rotated", scopes)
    await tenancy.revoke_key(who, revoked.key.id)
    await tenancy.rotate_key(who, rotated.key.id)
    await tenancy.delete_principal(who, gone.id)
    house.clock.now += HOUR
    return {
        "none": None,
        "wrong": "hor_" + "x" * 43,
        "expired": expired.text,
        "revoked": revoked.text,
        "rotated": rotated.text,
        "of a principal that was deleted": of_gone.text,
    }


async def test_a_key_that_is_missing_wrong_expired_or_revoked_opens_and_writes_nothing(world: World) -> None:
    statuses = Counter[int]()
    for kind, key in (await useless_keys(world)).items():
        for route in routes_of(world):
            before = writes(world)
            reply = await asked(world, route, key)
            assert reply.status in (401, 404), (kind, route, reply.status, reply.body)
            assert writes(world) == before, (kind, route)
            statuses[reply.status] += 1
    print(dict(statuses))
    assert statuses[404] < statuses[401] / 10, (
        "only where a token opens the route, it is said not to be there"
    )


async def test_a_key_that_may_only_read_writes_nothing(world: World) -> None:
    scopes = [scope for scope in SCOPES if scope.endswith(":read")]
    key = (await world.house.services.tenancy.create_key(await world.house.who(), "reader", scopes)).text
    statuses, before = Counter[int](), await all_rows(world.house.store)
    for route in routes_of(world):
        for _ in range(EACH):
            statuses[(await asked(world, route, key)).status] += 1
        after = await all_rows(world.house.store)
        if after != before:
            assert {row[0] for row in (after - before) + (before - after)} <= NOTED, (route, after - before)
            before = after
    print(dict(statuses))
    assert statuses[200] > 50
    assert statuses[403] > 50


async def test_somebody_of_another_workspace_changes_nothing_in_this_one(world: World) -> None:
    """They may do everything in their own workspace, and name what is in this one."""
    stranger = await world.house.workspace("stranger")
    key = await world.house.key_with(EVERY_SCOPE, tenant=stranger)
    statuses = Counter[int]()
    for route in routes_of(world):
        for _ in range(EACH):
            statuses[await intruding(world, route, stranger.workspace_id, key)] += 1
    print(dict(statuses))
    assert statuses[404] > 100


async def intruding(world: World, route: Route, workspace: Id, key: str) -> int:
    """Send a good request as a stranger; its status. What it writes must be the stranger's."""
    await world.house.services.audit.link()  # whoever reads the log does this for all workspaces
    while await world.house.store.write(publish, world.house.clock.now):  # and whoever erases a person this
        pass
    before = await all_rows(world.house.store)
    reply = await asked(world, route, key)
    after = await all_rows(world.house.store)
    own = [workspace]
    theirs = {value for row in before if not names_any(row, own) for value in row if is_id(value)} - set(own)
    for row in before - after:
        assert names_any(row, own) or row[0] in ("counters",), (route, reply.status, "changed", row)
    for row in after - before:
        assert row[0] in ("counters",) or not names_any(row, theirs), (route, reply.status, "names", row)
    return reply.status


def is_id(value: object) -> bool:
    """Whether a value may be the id of something, and of nothing that stands for all."""
    return isinstance(value, bytes) and len(value) == 16 and value != bytes(16)


# What a key that is restricted may write whatever it is restricted to: it concerns no schedule, target or run.
OF_NO_SCHEDULE = {"actions", "audience_sources", *(f"directory_{kind}" for kind in ITEMS)}


@pytest.mark.parametrize("restricted_to", ["targets", "labels"])
async def test_a_key_that_is_restricted_to_others_changes_no_schedule_target_or_run(
    world: World, restricted_to: str
) -> None:
    house = world.house
    mine = await house.target("workflow", executor="echo", config={})
    restriction = {
        "targets": Restriction(targets=(mine.id,)),
        "labels": Restriction(labels={"of": "nobody"}),
    }[restricted_to]
    scopes = [scope for scope in SCOPES if scope not in (SERVER_SCOPE, EVERY_SCOPE, "keys:admin")]
    tenancy, who = house.services.tenancy, await house.who()
    key = (await tenancy.create_key(who, "restricted", scopes, restriction=restriction)).text
    statuses, before = Counter[int](), await all_rows(house.store)
    for route in routes_of(world):
        for _ in range(max(EACH, min(MOST_OF_ONE, world.good_bodies(route)))):
            statuses[(await asked(world, route, key)).status] += 1
            after = await all_rows(house.store)
            if after != before:
                changed = {row[0] for row in (after - before) + (before - after)}
                assert changed <= NOTED | OF_NO_SCHEDULE, (route, changed)
                before = after
    print(dict(statuses))
    assert statuses[200] > 50
    assert statuses[403] > 100
