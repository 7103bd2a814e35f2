"""What the five other APIs are asked: lists with their parameters, and all that is made, changed, done and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from horarium.domain.ids import from_prefixed, uuid_text
from tests.api.dialects.speakers import SPEAKERS, Speaker
from tests.api.said.endings import ENDINGS, LATER
from tests.api.said.refused import Known, bounded_keys, line_of, refuse
from tests.api.said.walk import Ask, Walk
from tests.console.world import PLAYED
from tests.mutations.examples import BODIES, KEYS
from tests.mutations.world import Route, ids_in

# How a schedule's id is written.
FORMS = {"autessa": "evt_", "m9m": "sched-", "uranus": "schedule-", "cadenya": "as_"}
VALUES = {
    "limit": ("2", "1&offset=1"), "offset": ("1",), "search": ("Matrix", "zzz"), "query": ("Matrix", "zzz"),
    "prefix": ("Mat",), "labels": ("a=b",), "bundleKey": ("bundle",), "workflowId": ("m9m-workflow", "nothing"),
    "agentId": ("cadenya-agent", "nothing"), "agentScheduleId": ("{schedule}",), "sample": ("1",), "count": ("2",),
    "status": ("active", "paused", "success", "error", "AGENT_STATUS_PUBLISHED"), "type": ("cron", "once", "delayed"),
    "state": ("STATE_ACTIVE", "OBJECTIVE_STATE_FINALIZED"), "sortOrder": ("asc", "desc"), "enabled": ("true", "false"),
    "updateMask": (),
}  # fmt: skip
CURSORS = {"trustpager": ("after", "pagination"), "cadenya": ("cursor", "pagination")}


async def others(walk: Walk) -> None:
    """The page of an API that is not ours."""
    speaker = await _speaker(walk)
    places = _places(walk, speaker)
    await _reads(walk, places)
    await _writes(walk, places, speaker)
    await _ends(walk)
    await _reads(walk, places, again=True)
    await refuse(walk, await _known(walk, places))
    walk.title("what is not there")
    for line in ("GET /nowhere", "DELETE /", "HEAD /schedules", "OPTIONS /schedules", "GET /openapi"):
        await walk.tell(Ask(line))


async def _speaker(walk: Walk) -> Speaker:
    """A caller of this API in each of two workspaces, whose schedules are named `schedule` and `their schedule`."""
    world, kind = walk.world, next(kind for kind in SPEAKERS if kind.dialect == walk.api)
    played: Any = SimpleNamespace(url=lambda path: f"{PLAYED}/plain")
    world.steady("theirs")
    theirs = await kind.open(world.house, world.tenants["other"], played)
    await theirs.create()
    mine = kind(world.house, world.house.first)
    mine.number = await _number(walk, f"{walk.api}-{kind.kind}")
    walk.calls("their schedule", theirs.schedule)
    walk.calls("schedule", written(walk.api, world.there[f"s-{walk.api}"]))
    walk.calls("of another", written(walk.api, world.there["s-nightly"]))
    await world.ask("POST", f"/schedules/{{s-{walk.api}}}/fire-now", None, 201)
    await world.house.resolve()
    await world.house.work()
    return mine


def written(api: str, core: str) -> str:
    """A schedule's id as an API writes it."""
    found = from_prefixed("sch", core)
    assert found is not None
    return FORMS[api] + core[4:] if api in FORMS else uuid_text(found)


async def _number(walk: Walk, key: str) -> int:
    return int((await walk.world.ask("GET", f"/targets/by-key/{key}"))["number"])


def _places(walk: Walk, speaker: Speaker) -> Any:
    """What there is for each place of a route."""

    def places(route: Route) -> dict[str, str]:
        found = {
            "id": "{schedule}",
            "scheduleId": "{schedule}",
            "workspaceId": "{acme}",
            "agentId": "cadenya-agent",
        }
        if walk.api == "uranus":
            found["id"] = "secretary"
        elif "/workflows/" in route.path:
            found["id"] = "m9m-workflow"
        elif "/executions/" in route.path:
            found["id"] = "{execution}"
        elif "/objectives/" in route.path:
            found["id"] = "{objective}"
        elif "/agents/{id}" in route.path:
            found["id"] = "cadenya-agent"
        elif "/variations/" in route.path:
            found["id"] = "{variation}"
        return {place: found[place] for place in route.places}

    return places


async def _reads(walk: Walk, places: Any, again: bool = False) -> None:
    """Lists and things; when asked again, without their parameters."""
    for route in sorted(
        (route for route in walk.routes if route.method == "GET"), key=lambda route: len(route.places)
    ):
        walk.title(f"{route.name}{', at last' if again else ''}")
        line = line_of(route, places(route))
        reply = await walk.tell(Ask(line))
        for kind, found in ids_in(walk.api, reply):
            walk.world.there.setdefault(kind.removesuffix("s"), found)
        if (
            walk.api == "cadenya"
            and "/variations" in route.path
            and "{id}" not in route.path
            and reply.status == 200
        ):
            walk.world.there.setdefault("variation", reply.json()["items"][0]["metadata"]["id"])
        for name in () if again else route.query:
            await _with(walk, line, name)
    if walk.api == "autessa":
        for line, body in (
            ("POST /all", {}),
            ("POST /all", None),
            ("POST /get", {"scheduledEventId": "{schedule}"}),
        ):
            await walk.tell(Ask(line, walk.filled(body)))


async def _with(walk: Walk, line: str, name: str) -> None:
    if name in ("after", "cursor"):
        parameter, within = CURSORS[walk.api]
        page = (await walk.send(Ask(f"{line}?limit=1"))).json()
        cursor = page.get(within, page).get("next_cursor") or page.get(within, page).get("nextCursor") or "x"
        await walk.tell(Ask(f"{line}?limit=1&{parameter}={cursor}"))
        return
    for value in VALUES.get(name, ("true", "nothing")):
        await walk.tell(Ask(f"{line}?{name}={value}"))


async def _bodies(walk: Walk, which: str) -> dict[str, list[Any]]:
    """Good bodies of this API, for the schedule of that name."""
    there = walk.world.there
    stands = {"name": "n1", "events": there.get(which, ""), "schedules": there.get(which, "")}
    for kind in ("agent", "tool", "table"):
        stands[f"{kind} number"] = str(await _number(walk, KEYS[kind]))
    return BODIES[walk.api](lambda kind: stands[kind], PLAYED)


async def _writes(walk: Walk, places: Any, speaker: Speaker) -> None:
    bodies = await _bodies(walk, "schedule")
    made: dict[str, str] = {}
    for route in walk.routes:
        making = route.method == "POST" and (not route.path.endswith("}") and route.name in bodies)
        if not making or route.path in ("/all", "/get", "/update", "/toggle", "/delete"):
            continue
        walk.step(route.name)
        for number, body in enumerate(bodies[route.name]):
            reply = await walk.tell(Ask(line_of(route, places(route)), body))
            name = f"made {number}" if "chedule" in route.path or walk.api == "autessa" else f"other {number}"
            for _, found in list(ids_in(walk.api, reply))[:1]:
                made.setdefault(name, found)
                walk.calls(name, found)
            await _show(walk, route, places, name)
        await walk.tell(Ask(line_of(route, places(route)), bodies[route.name][0]))
    changed = await _bodies(walk, "made 0")
    for route in walk.routes:
        if route.method in ("PUT", "PATCH") or route.path in ("/update", "/toggle"):
            walk.step(route.name)
            mine = _mine(walk, route, places)
            for body in changed[route.name]:
                await walk.tell(Ask(line_of(route, mine), body))
            await _show(walk, route, places, "made 0")
    for method in ("POST", "DELETE"):
        for route in walk.routes:
            bodiless = route.media is None or route.path == "/delete"
            if (
                route.method == ("POST" if route.path == "/delete" else method)
                and bodiless
                and (route.path != "/delete" or method == "DELETE")
            ):
                await _verb(walk, route, places, changed)


async def _ends(walk: Walk) -> None:
    """What has fired its last time, and how it goes on."""
    numbers = {kind: await _number(walk, key) for kind, key in KEYS.items()}
    made, then = ENDINGS[walk.api](numbers)
    for title, requests in (("what fires soon", made), ("what has ended", then)):
        walk.step(title)
        for line, body, name in requests:
            reply = await walk.tell(Ask(line, walk.filled(body)))
            found = next((found for _, found in ids_in(walk.api, reply)), None)
            if name and found is not None and reply.status < 300:
                walk.calls(name, found)
        if requests is made:
            await walk.world.house.move(LATER)


async def _verb(walk: Walk, route: Route, places: Any, bodies: Mapping[str, list[Any]]) -> None:
    """What is done twice to what was made, to what there was before, to what is another's, and to what has ended."""
    walk.step(route.name)
    body = next(iter(bodies.get(route.name, ())), None)
    for _ in range(2):
        await walk.tell(Ask(line_of(route, _mine(walk, route, places)), body))
        await _show(walk, route, places, "made 0")
    await walk.world.house.resolve()
    await walk.world.house.work()
    if route.method == "DELETE" or body is not None:
        return
    await walk.tell(Ask(line_of(route, places(route))))
    await _show(walk, route, places, "schedule")
    place = route.places[-1]
    for name in ("their schedule", "of another"):
        await walk.tell(Ask(line_of(route, places(route) | {place: f"{{{name}}}"})))


def _mine(walk: Walk, route: Route, places: Any) -> dict[str, str]:
    """The places of a route with what was made here."""
    found: dict[str, str] = places(route)
    last = route.places[-1] if route.places else ""
    there = walk.world.there
    if last and found[last] == "{schedule}" and "made 0" in there:
        found[last] = "{made 0}"
        if walk.api == "cadenya":
            found["agentId"] = "cadenya-agent"
    if "/workflows/{id}" in route.path:
        found["id"] = "n1"
    if "/agents/{id}" in route.path and "other 0" in there:
        found["id"] = "{other 0}"
    return found


async def _show(walk: Walk, route: Route, places: Any, name: str) -> None:
    """What is shown of a schedule, or of what else the route is of."""
    if walk.api == "autessa":
        await walk.tell(Ask("POST /get", {"scheduledEventId": walk.world.there.get(name, "x")}))
        return
    parts = route.path.partition(":")[0].split("/")
    for shown in walk.routes:
        if (
            shown.method == "GET"
            and shown.places
            and shown.path.split("/")[1:-1]
            == [part for part in parts[1:] if part][: len(shown.path.split("/")) - 2]
        ):
            mine = _mine(walk, shown, places)
            if "{made 0}" in mine.values() or "{schedule}" in mine.values():
                mine = {
                    place: f"{{{name}}}" if text in ("{made 0}", "{schedule}") else text
                    for place, text in mine.items()
                }
            await walk.tell(Ask(line_of(shown, mine)))
            return


async def _known(walk: Walk, places: Any) -> Known:
    world = walk.world
    few = {scope: await world.house.key_with(scope) for scope in ("runs:read", "audit:read")}
    keys = {f"only {scope}": key for scope, key in few.items()}
    bodies = await _bodies(walk, "schedule")
    return Known(
        places=places,
        foreign=lambda route: {
            place: "{their schedule}" for place, stands in places(route).items() if stands == "{schedule}"
        },
        unknown=lambda stands: _unknown(walk, stands),
        bodies=bodies,
        keys=keys,
        bounded=await bounded_keys(world),
        unique=("externalId",) if walk.api == "cadenya" else ("id",) if walk.api == "m9m" else (),
        depth=lambda route: 1 if route.method in ("PUT",) or route.path == "/update" else 3,
    )


def _unknown(walk: Walk, stands: str) -> str:
    real = walk.world.there.get(stands.strip("{}"), stands)
    if len(real) == 36:
        return f"{real[:-12]}{'0' * 11}1"
    return f"{real[:-26]}{'0' * 25}1" if len(real) > 26 else "nothing"
