"""The routes of a world one after another, and a good request to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from tests.mutations.mutate import mutate
from tests.mutations.sending import Reply, send
from tests.mutations.world import Route, World

# Anybody may ask for these.
PUBLIC = {"GET /", "GET /healthz", "GET /readyz", "GET /metrics"}


def routes_of(world: World) -> Iterator[Route]:
    """Those that need a key. Those that might delete come last, so that the others find something."""
    every = [route for routes in world.routes.values() for route in routes if route.name not in PUBLIC]
    yield from sorted(every, key=lambda route: "delete" in route.name.lower())


async def asked(world: World, route: Route, key: str | None) -> Reply:
    """Send a good request with a key, or with none."""
    request = mutate(world.good(route), world.random, changes=0)
    headers = [(name.encode(), text.encode("latin-1")) for name, text in request.headers]
    headers = [pair for pair in headers if pair[0] != b"authorization"]
    if key is not None:
        headers.append((b"authorization", (key if route.api == "autessa" else f"Bearer {key}").encode()))
    asking = asyncio.create_task(send(world.house.api, request.method, request.target, headers, request.body))
    # A fire by hand waits for half a minute until its audience is read.
    while key == world.house.key and not asking.done():
        await world.house.fan_out.step()
        await asyncio.sleep(0)
    reply = await asking
    assert reply.broke is None, (route, reply.broke)
    if reply.status < 300 and key == world.house.key:
        world.learn(route.api, reply)
        world.note_agent(route, request.places, reply)
    return reply
