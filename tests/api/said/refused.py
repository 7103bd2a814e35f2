"""What every route of an API says to what is wrong: keys, ids, parameters, headers, and each field of its bodies.

The requests follow from the descriptions of the routes and from good bodies, so that a new route has its own at once.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from horarium.domain.errors import RateLimited, Unavailable
from horarium.domain.ids import Id, from_prefixed
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import EVERY_SCOPE, SCOPES, SERVER_SCOPE
from horarium.service.rates import Rates
from horarium.service.tenancy import ADMIN
from tests.api.said.telling import wrapped
from tests.api.said.walk import JSON, Ask, Walk
from tests.console.world import World
from tests.mutations.json_values import BY_TYPE
from tests.mutations.mutate import Place, places_of, put, value_at
from tests.mutations.sending import Reply
from tests.mutations.world import Route

DEEPEST = 4
# What is small, and what is too long for nearly everything, by what a field holds.
EDGES: Mapping[type, tuple[Any, ...]] = {
    int: (0, -1, 10**9, 2**63),
    float: (0, -1, 10**9),
    str: ("", "x" * 201, "x" * 10_001),
    list: ([],),
    dict: ({},),
}
_NUMBERS = re.compile(r"(?:at most|at least|from|to|than|beyond|up to|over) (\d[\d,]*)")
MOST_ITEMS = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """What an API is asked with: things for the places of a route, those of another workspace, good bodies by route,
    the keys that lack a scope by name, and those that have each scope and may all the same not touch everything."""

    places: Callable[[Route], Mapping[str, str]]
    foreign: Callable[[Route], Mapping[str, str]]
    unknown: Callable[[str], str]
    bodies: Mapping[str, list[Any]]
    keys: Mapping[str, str]
    bounded: Mapping[str, str]
    unique: tuple[str, ...] = ()
    # How deep the fields of the bodies of a route are tried: 0 where another route reads them in the same way.
    depth: Callable[[Route], int] = lambda route: DEEPEST
    # The routes that are asked.
    only: Callable[[Route], bool] = lambda route: True


def _id_of(target: str) -> Id:
    found = from_prefixed("tgt", target)
    assert found is not None
    return found


async def bounded_keys(world: World) -> dict[str, str]:
    """Keys with the scopes of all that is done with schedules, by what bounds them: of somebody without a grant, and
    restricted to a target and to a label of hardly any schedule."""
    tenancy, who = world.house.services.tenancy, await world.house.who()
    scopes = [scope for scope in SCOPES if scope not in (EVERY_SCOPE, SERVER_SCOPE, ADMIN)]
    nobody = await tenancy.create_principal(who, "nobody", granted=())
    of_target = Restriction(targets=(_id_of(world.there["rows"]),))
    of_label = Restriction(labels={"team": "none"})
    return {
        "of somebody without a grant": (await tenancy.create_key(who, "of nobody", scopes, nobody.id)).text,
        "for another target": (await tenancy.create_key(who, "narrow", scopes, restriction=of_target)).text,
        "for another label": (await tenancy.create_key(who, "labelled", scopes, restriction=of_label)).text,
    }


async def refuse(walk: Walk, known: Known) -> None:
    """All that can be wrong with requests to the routes of an API."""
    with walk.keeping():
        await wrong_requests(walk, known)
        await wrong_parameters(walk, known)
        await wrong_fields(walk, known)
        await what_the_server_cannot_do(walk, known)


async def what_the_server_cannot_do(walk: Walk, known: Known) -> None:
    """Its rates are used up, its database is away, or it has a fault."""
    store = walk.world.house.store
    route = next(route for route in walk.routes if "schedules" in route.path or route.path == "/get")
    ask = Ask(line_of(route, known.places(route)), body=None if route.media is None else {})
    walk.title("what the server cannot do now")
    for said, place, name, error in (
        ("its rate limit is reached", Rates, "allowance", RateLimited("too many requests", 2_001)),
        ("its database is away", store, "read", Unavailable("the database is away")),
        ("it has a fault", store, "read", RuntimeError("secret words")),
    ):
        await walk.send(ask)
        with patch.object(place, name, side_effect=error):
            walk.lines.append(f"{said}: {walk.said(await walk.send(ask))}")


def line_of(route: Route, places: Mapping[str, str]) -> str:
    path = route.path
    for name, stands in places.items():
        path = path.replace(f"{{{name}}}", stands)
    return f"{route.method} {path}"


async def wrong_requests(walk: Walk, known: Known) -> None:
    """Keys, ids, headers and bodies as a whole; the routes that answer alike stand together."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    async def note(what: str, route: Route, ask: Ask, which: str = "") -> None:
        reply = await walk.send(ask)
        walk.put_back()
        found[what][walk.said(reply)].append(route.name + which)

    for route in walk.routes:
        line = line_of(route, known.places(route))
        body = next(iter(known.bodies.get(route.name, ())), None if route.media is None else {})
        if reads_lines(route):
            body = None
        good = {"body": body} if body is not None else {}
        await note("without a key", route, Ask(line, key=None, **good))
        await note("with a key that nobody has", route, Ask(line, key="hor_" + "x" * 43, **good))
        for name, key in known.keys.items():
            reply = await walk.send(Ask(line, key=key, **good))
            walk.put_back()
            told = walk.said(reply) if reply.status in (401, 403) else "not refused for its scope"
            found[f"with a key that may {name}"][told].append(route.name)
            if "scope" in told and not told.startswith("not"):
                break
        whole = (
            {name: each for name, each in body.items() if name != "version"}
            if isinstance(body, dict)
            else body
        )
        for name, key in known.bounded.items():
            reply = await walk.send(Ask(line, key=key, body=whole))
            walk.put_back()
            told = walk.said(reply) if reply.status == 403 else "not refused for that"
            if "scope:" not in told:
                found[f"with a key {name}"][told].append(route.name)
        for place in route.places:
            places = {**known.places(route), place: known.unknown(known.places(route)[place])}
            await note("an id that nothing has", route, Ask(line_of(route, places), **good), f" {place}")
            foreign = known.foreign(route)
            if place in foreign:
                places = {**known.places(route), place: foreign[place]}
                await note("an id of another workspace", route, Ask(line_of(route, places), **good))
            places = {**known.places(route), place: "a%00b~"}
            await note("what can be no id", route, Ask(line_of(route, places), **good), f" {place}")
        await note("an unknown parameter", route, Ask(f"{line}?nope=1", **good))
        if route.method != "GET":
            for version in ('"999"', "W/7", "seven"):
                headers = {"If-Match": version}
                await note(f"If-Match: {version}", route, Ask(line, headers=headers, **good))
            await note(
                "Idempotency-Key: empty", route, Ask(line, headers={"Idempotency-Key": ""}, raw=b"no JSON")
            )
            await note("a body that is no JSON", route, Ask(line, raw=b"{"))
            await note("a body that is a number", route, Ask(line, body=7))
            await note("a body with an unknown field", route, Ask(line, body={"nope": 1}))
            await note("a field given twice", route, Ask(line, raw=b'{"name":"a","name":"b"}'))
            await note("a compressed body", route, Ask(line, headers={"Content-Encoding": "GZIP"}, **good))
            long = {"Content-Length": "9" * 12}
            await note(
                "a body that is announced as too long, before any of it", route, Ask(line, headers=long)
            )
            await note("a form", route, Ask(line, raw=b"a=b", media="application/x-www-form-urlencoded"))
        await note("a wrong method", route, Ask("TRACE " + line.partition(" ")[2]))
    for what, answers in found.items():
        walk.table(what, answers)


def reads_lines(route: Route) -> bool:
    return route.media is not None and route.media != JSON


async def wrong_parameters(walk: Walk, known: Known) -> None:
    """Wrong values of each parameter of a query."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for route in walk.routes:
        line = line_of(route, known.places(route))
        described = walk.described["paths"][route.path][route.method.lower()].get("parameters", ())
        for parameter in described:
            if parameter["in"] != "query":
                continue
            name = parameter["name"]
            for value in _wrong(parameter["schema"]):
                ask = Ask(f"{line}?{name}={value}")
                if route.method != "GET":
                    continue
                reply = await walk.send(ask)
                answer = walk.said(reply) if reply.status != 200 else "200"
                found[answer][f"{name}={value}"].append(route.name.removeprefix("GET "))
    walk.title("wrong values of parameters")
    for answer, values in found.items():
        words = [f"{value} at {' '.join(routes)}" for value, routes in values.items()]
        walk.lines += [answer, *wrapped(words)]


def _wrong(schema: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    if schema.get("type") == "integer":
        yield from ("0", "-1", "x", "1.5", "9999999999999999999999")
        for bound, beyond in (("minimum", -1), ("maximum", 1)):
            if bound in schema:
                yield str(schema[bound])
                yield str(schema[bound] + beyond)
    elif schema.get("type") == "boolean":
        yield from ("maybe", "1", "TRUE")
    elif schema.get("format") == "date-time":
        yield from ("yesterday", "2026-03-05", "10000-01-01T00:00:00Z")
    else:
        yield from ("nope", "x&{}=y".format("again"))
        if (most := schema.get("maxLength")) is not None:
            yield from ("x" * most, "x" * (most + 1))


async def wrong_fields(walk: Walk, known: Known) -> None:
    """Wrong values of each field of the bodies, and the bounds that the answers name."""
    before: dict[str, list[str]] = {}
    for route in walk.routes:
        bodies = known.bodies.get(route.name)
        if not bodies or route.method == "GET" or not known.depth(route) or not known.only(route):
            continue
        lines = await _fields_of(walk, known, route, bodies)
        walk.title(f"{route.name}, field by field")
        like = max(before, key=lambda name: len(set(before[name]) & set(lines)), default="")
        shared = set(before.get(like, ())) & set(lines)
        if len(shared) > len(lines) // 3:
            walk.lines.append(f"as {like}, with these {len(shared)} of {len(before[like])} lines:")
            missing = [line for line in before[like] if line not in shared]
            walk.lines += [f"- {line}" for line in missing] if len(missing) < len(shared) else []
            walk.lines += [line for line in lines if line not in shared]
        else:
            walk.lines += lines
        before[route.name] = lines


async def _fields_of(walk: Walk, known: Known, route: Route, bodies: list[Any]) -> list[str]:
    line, lines, seen, number = line_of(route, known.places(route)), list[str](), set[Any](), 0
    for body in bodies:
        for place in places_of(body):
            which = tuple("#" if isinstance(step, int) else step for step in place)
            if which in seen or len(place) > known.depth(route) or not place:
                continue
            seen.add(which)
            walk.put_back()
            tried: dict[str, list[str]] = {}
            old = value_at(body, place)
            values = [*BY_TYPE.values(), *EDGES.get(type(old), ())]
            if isinstance(old, dict):
                values.append({**old, "nope": 1})
            bounds: list[int] = []
            for value in _distinct(values):
                reply = await _with(walk, known, route, line, body, place, value, number := number + 1)
                answer = _answered(walk, reply, place, value)
                tried.setdefault(answer, []).append(_word(value))
                bounds += [int(text.replace(",", "")) for text in _NUMBERS.findall(answer)]
            for value in _distinct(_at_bounds(old, bounds), values):
                reply = await _with(walk, known, route, line, body, place, value, number := number + 1)
                tried.setdefault(_answered(walk, reply, place, value), []).append(_word(value))
            lines += [
                walk.names.plain(f"{'.'.join(map(str, which))} = {' | '.join(words)}: {answer}")
                for answer, words in tried.items()
            ]
    return lines


async def _with(
    walk: Walk, known: Known, route: Route, line: str, body: Any, place: Place, value: Any, number: int
) -> Reply:
    sent = _fresh(put(copy.deepcopy(body), place, value), place, known.unique, number)
    if reads_lines(route) and isinstance(sent, list):
        content = b"\n".join(json.dumps(item).encode() for item in sent)
        return await walk.send(Ask(line, raw=content, media=str(route.media)))
    return await walk.send(Ask(line, body=sent))


def _fresh(body: Any, place: Place, unique: tuple[str, ...], number: int) -> Any:
    """A body with names that nothing has yet, except at the place that is tried, and for any version."""
    if not isinstance(body, dict):
        return body
    own = {name: f"f{number}" for name in unique if name in body and place[:1] != (name,)}
    kept = {name: each for name, each in body.items() if name != "version" or place == ("version",)}
    return {**kept, **own}


def _distinct(values: Iterable[Any], without: Iterable[Any] = ()) -> Iterator[Any]:
    known = {repr(value) for value in without}
    for value in values:
        if repr(value) not in known:
            known.add(repr(value))
            yield value


def _at_bounds(old: Any, bounds: Iterable[int]) -> Iterator[Any]:
    for bound in bounds:
        for near in (bound - 1, bound, bound + 1):
            if isinstance(old, bool):
                continue
            if isinstance(old, int | float):
                yield near
            elif isinstance(old, str) and 0 < near < 70_000:
                yield "x" * near
            elif isinstance(old, list) and old and 0 < near < MOST_ITEMS:
                yield [old[0] if not isinstance(old[0], str) else f"{old[0]}{n}" for n in range(near)]


def _word(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and len(value) > 3:
        return f"{len(value)} items"
    return text if len(text) < 50 or len(set(text)) < 5 else f"{text[:40]}…"


def _answered(walk: Walk, reply: Reply, place: Place, value: Any) -> str:
    """A refusal; or what is shown of a value that is accepted."""
    if reply.status >= 400:
        return walk.said(reply)
    shown: Any = reply.json() if reply.body and reply.media == JSON else None
    for thing in (
        shown,
        *(shown.get(name) for name in ("data", "scheduledEvent") if isinstance(shown, dict)),
    ):
        found = thing
        for step in place:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                found = ...
                break
        if found is not ...:
            text = walk.names.plain(json.dumps(found, ensure_ascii=False))
            return f"{reply.status}" + ("" if found == value else f" shows {text[:200]}")
    return f"{reply.status}"
