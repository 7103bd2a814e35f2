"""Every field of every body of every API, by each JSON type: refused in the API's envelope, or kept as it was sent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.mutations.examples import BODIES
from tests.mutations.json_values import BY_TYPE, written
from tests.mutations.mutate import NDJSON, Mutant, Place, mutate, places_of, put
from tests.mutations.run import told
from tests.mutations.walk import Walk
from tests.mutations.world import OWN, Route, World

DEEPEST = 5
# The answers of these say what was done, or show what will be, and not what was sent.
NOT_SHOWN = {
    "POST /schedules/preview",
    "POST /schedules/bulk",
    "POST /schedules/{id}/pause",
    "POST /schedules/{id}/backfill",
    "POST /audiences/preview",
    "PUT /directory/{kind}",
    "POST /targets/{ref}/rotate-secret",
    "POST /targets/{ref}/test",
    "POST /webhooks/{id}/rotate-secret",
    "POST /webhooks/{id}/replay",
    "POST /keys/{id}/rotate",
    "POST /audit/erase",
    "POST /erasures",
    "POST /schedules/actions",
    "POST /runs/actions",
    "POST /workflows/{id}/execute",
    "POST /event-schedules/preview-cron",
    "POST /all",
}
# Where another value is shown than the one that was sent, and why.
SHOWN_OTHERWISE = {
    (OWN, "paused"): "the state tells it",
    (OWN, "version"): "each change counts one",
    (OWN, "target"): "the id stands for all ways to name a target",
    (OWN, "schedule_keys"): "the ids in `schedules` stand for them",
    (OWN, "grants"): "GET /principals/{id}/grants shows them",
    (OWN, "targets"): "ids stand for all ways to name a target",
    (OWN, "columns.0"): "the column id is put before those that were given",
    ("cadenya", "defaultVariation"): "it counts only where the spec lists no variations",
    ("cadenya", "spec.variations"): "a name alone stands for a variation",
    ("cadenya", "metadata"): "unknown names within are ignored, as in all of protojson",
    ("cadenya", "spec.schedule.calendars.0"): "unknown names within are ignored",
}
# In our own API these take over how POST /schedules reads a recurrence; there every form is tried.
LIKE_CREATE = {
    "PUT /schedules/{id}",
    "PATCH /schedules/{id}",
    "PUT /schedules/by-key/{key}",
    "POST /schedules/bulk",
}
# Names that only one thing may have, so that each body gets its own.
UNIQUE = ("key", "slug", "id", "table", "externalId")
_numbers = itertools.count(1)


def fresh(body: Any, place: Place) -> Any:
    """A body with names and ids that nothing has yet, except at the place that is tried, and for any version."""
    if not isinstance(body, dict):
        return body
    own = {name: f"f{next(_numbers)}" for name in UNIQUE if name in body and place[:1] != (name,)}
    if "metadata" in body and len(place) != 1:
        own["metadata"] = fresh(body["metadata"], place[1:] if place[:1] == ("metadata",) else ())
    kept = {name: value for name, value in body.items() if name != "version" or place == ("version",)}
    return {**kept, **own}


def bodies_of(world: World, route: Route) -> list[Any]:
    """Those of a route, without what another route reads in the same way."""
    every = BODIES[route.api](lambda kind: world.example(route.api, kind), world.receiver.url(""))[route.name]
    if route.api == OWN and route.name in LIKE_CREATE:
        return [body for body in every if isinstance(body, dict) and (len(body) == 1 or "labels" in body)]
    return every


def repeated(route: Route) -> bool:
    """Whether a route does by a key what another one, which is tried, does by an id with the same body."""
    return route.api == OWN and "/by-key/" in route.path and route.method != "PUT"


def variants(world: World, route: Route) -> Iterator[tuple[Place, str, Any, Any]]:
    """(place, type, value, body): every field that a route's good bodies have, once with each type."""
    seen = set()
    for body in bodies_of(world, route):
        for place in places_of(body):
            which = tuple("#" if isinstance(step, int) else step for step in place)
            if which in seen or len(place) > DEEPEST:
                continue
            seen.add(which)
            for kind, value in BY_TYPE.items():
                yield place, kind, value, fresh(put(body, place, value), place)


def request_of(world: World, route: Route, body: Any, words: str) -> Mutant:
    path = world.base(route.api) + route.path
    for name, stands in world.places(route).items():
        path = path.replace(f"{{{name}}}", stands)
    lines = route.media == NDJSON and isinstance(body, list)
    content = b"\n".join(map(written, body)) if lines else written(body)
    return Mutant(route.method, path, (), [("content-type", route.media or "")], content, (words,))


def is_kept(sent: Any, shown: Any) -> bool:
    """Whether a value stands in an answer: itself, a secret's mask, the number as text, or within what it was merged
    into."""
    if isinstance(sent, dict) and isinstance(shown, dict):
        return all(name in shown and is_kept(value, shown[name]) for name, value in sent.items())
    return bool(shown in (sent, "***", str(sent)))


def found_at(answer: Any, place: Place) -> Any:
    """What an answer shows of a body's place; the thing may stand within the answer."""
    for thing in (answer, *(answer.get(name) for name in ("data", "scheduledEvent"))):
        value = thing
        for step in place:
            known = isinstance(value, dict | list)
            try:
                value = value[step] if known else None
            except (KeyError, IndexError, TypeError):
                value = None
        if value is not None:
            return value
    return None


@pytest.mark.parametrize("api", BODIES)
async def test_every_field_is_refused_or_kept_whatever_type_it_has(tmp_path: Path, api: str) -> None:
    async with World.open(Random(5), tmp_path) as world:
        walk, dropped, tried = Walk(world), list[str](), 0
        with walk.watching():
            routes = [route for route in world.routes[api] if route.media is not None and not repeated(route)]
            for route in [
                route for route in routes if "delete" not in route.name
            ] * 2:  # there must be things to change
                await walk.one(route, mutate(world.good(route), world.random, changes=0))
            for route in routes:
                for place, kind, value, body in variants(world, route):
                    where = ".".join(map(str, place))
                    tried += 1
                    if tried % 200 == 0:
                        await world.renew()
                    reply = await walk.one(route, request_of(world, route, body, f"{where} as {kind}"))
                    if reply.status >= 300 or value is None or not place or route.name in NOT_SHOWN:
                        continue
                    if any(api == of and f"{where}.".startswith(f"{name}.") for of, name in SHOWN_OTHERWISE):
                        continue
                    if not is_kept(value, found_at(reply.json(), place)):
                        dropped.append(f"{route.name} {where} as {kind}: {reply.body[:300]!r}")
        accepted = sum(number for (_, status), number in walk.counts.items() if status < 300)
        print(f"{api}: {tried} bodies, {accepted} accepted; {walk.counts}")
        assert walk.faults == [], told(walk.faults)
        assert dropped == [], "\n".join(dropped)
        assert tried > 100
        assert accepted > tried / 10
