"""A short form of the walk with fixed seeds (`make mutations` is the long one), and what the walk itself promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.mutations.examples import BODIES
from tests.mutations.json_values import Members, Raw, written
from tests.mutations.mutate import Good, Mutant, mutate
from tests.mutations.run import told, walked
from tests.mutations.sweep import sweep
from tests.mutations.walk import Walk
from tests.mutations.world import OWN, World
from tests.support.postgres import drop_database, migrated_database

COUNT = 1_500


@pytest.fixture
async def database() -> AsyncIterator[str]:
    url = await migrated_database("mutations")
    yield url
    drop_database(url)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World.open(Random(1), tmp_path) as made:
        yield made


def holds(walk: Walk) -> None:
    print("\n".join(walk.words))
    assert walk.faults == [], told(walk.faults)
    accepted = sum(number for (_, status), number in walk.counts.items() if status < 300)
    assert accepted > walk.counts.total() / 5, (
        "too few were accepted to show that what is accepted can be shown"
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_mutated_requests_are_answered_in_their_envelope_and_what_they_store_can_be_read(
    tmp_path, seed
):
    holds(await walked(COUNT, seed, None, tmp_path))


async def test_mutated_requests_are_answered_the_same_way_on_postgresql(tmp_path, database):
    holds(await walked(COUNT, 3, database, tmp_path))


# What the walk itself promises


async def test_the_walk_knows_a_body_for_every_route_that_takes_one(world):
    for api, routes in world.routes.items():
        known = BODIES[api](lambda kind: "7" if kind.endswith("number") else "x", "")
        assert {route.name for route in routes if route.media is not None} <= {
            name for name, bodies in known.items() if bodies
        }


async def test_good_requests_are_accepted_as_they_are(world):
    """A body that is refused before it is mutated would only ever test one refusal."""
    walk, accepted = Walk(world), set()
    taking_bodies = [route for routes in world.routes.values() for route in routes if route.media]
    with walk.watching():
        for number in range(20):
            await world.renew()
            for route in taking_bodies:
                # What is paused again and again is now and then paused by now, so that it can be resumed.
                known = (route.api, route.name) in accepted and not route.name.endswith("/pause")
                if known or (number < 15 and "delete" in route.name):
                    continue
                request = mutate(world.good(route), world.random, changes=0)
                if (await walk.one(route, request)).status < 300:
                    accepted.add((route.api, route.name))
    assert walk.faults == [], told(walk.faults)
    tried = {(route.api, route.name) for route in taking_bodies}
    by_token = {(OWN, f"POST /runs/{{id}}/{verb}") for verb in ("complete", "fail", "heartbeat")}
    assert tried - accepted <= by_token, "those need a token that a target was given"


class Planted:
    """An application with a fault of a kind, in the place of the real one."""

    def __init__(self, status: int, content_type: bytes, body: bytes) -> None:
        self.answer = {"status": status, "headers": [(b"content-type", content_type)]}, body

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        start, body = self.answer
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize("api", BODIES)
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(422, b'{"detail":"not ours"}', "foreign envelope"), (500, b'{"error":"x"}', "status 500"), (200, b'{"a":',
    "no JSON")],
)  # fmt: skip
async def test_a_planted_fault_is_noted(world, api, status, body, kind):
    walk = Walk(world)
    world.house.api = Planted(status, b"application/json", body)
    with walk.watching():
        await walk.one(world.routes[api][0], Mutant("GET", "/"))
    assert kind in told(walk.faults)


async def test_an_error_that_is_logged_or_that_leaves_the_application_is_noted(world, monkeypatch):
    walk = Walk(world)

    async def broken(*_: Any) -> None:
        raise RuntimeError("planted")

    with walk.watching():
        monkeypatch.setattr(type(world.house.services.tenancy), "list_workspaces", broken)
        await walk.one(world.routes[OWN][0], Mutant("GET", "/horarium/v1/workspaces"))
        world.house.api = broken
        await walk.one(world.routes[OWN][0], Mutant("GET", "/"))
    assert [fault.kind.split()[0] for fault in walk.faults] == ["status", "logged", "raised"]


async def test_the_sweep_notes_what_cannot_be_shown(world):
    walk = Walk(world)
    await world.own("POST", "/schedules", {"name": "s", "recurrence": "@daily", "target": "every-workflow"})
    assert await sweep(walk) > 30
    assert walk.faults == []
    world.house.store.connection.execute("UPDATE versions SET policies = 'x'")
    await sweep(walk)
    assert walk.faults != []


def test_a_seed_is_the_same_requests_again():
    good = [_good() for _ in range(200)]
    first = [mutate(each, Random(number)) for number, each in enumerate(good)]
    assert first == [mutate(each, Random(number)) for number, each in enumerate(good)]
    assert len({request.told() for request in first}) > 150


def _good() -> Good:
    body = {"name": "s", "policies": {"jitter": "1h"}, "labels": {"a": "b"}, "list": [1, {"x": None}]}
    return Good(
        "PUT", "/schedules/{id}", {"id": "sch_x"}, {}, ("limit",), {}, "application/json", body, [body]
    )


def test_json_is_written_with_what_no_encoder_would_write():
    body = {"a": Raw("1e999"), "b": Members([("c", 1), ("c", [Raw('"\\ud800"')])]), "d": "\u00e9\x00"}
    assert written(body) == rb'{"a":1e999,"b":{"c":1,"c":["\ud800"]},"d":"\u00e9\u0000"}'
