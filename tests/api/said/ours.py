"""What our own API is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from horarium.domain.ids import from_prefixed
from horarium.domain.lane_report import LaneReport
from horarium.domain.waiting import WaitCause
from horarium.store.verbs import lanes
from tests.api.said.refused import DEEPEST, Known, bounded_keys
from tests.console.world import PLAYED, World, _as, _tell, another_is_held, one_run_goes_on
from tests.mutations.examples import KEYS, own, target_of
from tests.mutations.world import Route

SHALLOW = {
    "PUT /schedules/{id}", "PATCH /schedules/{id}", "PUT /targets/{ref}", "PATCH /targets/{ref}",
    "PATCH /webhooks/{id}", "PATCH /workspaces/{id}", "POST /workspaces/{id}/windows",
}  # fmt: skip
URL = f"{PLAYED}/plain"
# What stands for each place of a path, by where the place is. Names in braces are of the world.
PLACES = {
    "/schedules/{id}": "s-slow", "/targets/{ref}": "ok", "/runs/{id}": "r-done", "/fires/{id}": "f-nightly",
    "/keys/{id}": "k-bot", "/principals/{id}": "bot", "/webhooks/{id}": "w-takes", "/events/{id}": "e-fire-failed",
    "/actions/{id}": "a-pause", "/workspaces/{id}": "acme", "/erasures/{id}": "erasure",
    "/workspaces/{id}/windows/{window}": "win-own", "/schedules/{id}/windows/{window}": "win-slow",
    "/schedules/by-key/{key}/windows/{window}": "win-long", "/workspaces/{id}/pauses/{pause}": "planned",
    "/principals/{id}/grants/{target}": "ok", "/targets/{ref}/shares/{workspace}": "other",
    "/targets/by-key/{key}/shares/{workspace}": "other", "/audiences/{name}/shares/{workspace}": "other",
}  # fmt: skip
TEXTS = {
    "/schedules/by-key/{key}": "nightly-key", "/targets/by-key/{key}": "ok", "/audiences/{name}": "crm",
    "/directory/{kind}": "contacts", "/directory/{kind}/{id}": "c1", "/tables/{database}": "crm",
    "/tables/{database}/{table}": "people", "/schedules/{id}/versions/{number}": "1",
    "/schedules/by-key/{key}/versions/{number}": "1",
}  # fmt: skip
THEIRS = {
    "/schedules/{id}": "their", "/targets/{ref}": "theirs", "/runs/{id}": "their run", "/fires/{id}": "their fire",
    "/keys/{id}": "their key", "/principals/{id}": "their bot", "/webhooks/{id}": "their hook",
    "/events/{id}": "their event", "/actions/{id}": "their action", "/workspaces/{id}": "other",
    "/workspaces/{id}/windows/{window}": "win-other", "/workspaces/{id}/pauses/{pause}": "planned other",
    "/erasures/{id}": "their erasure", "/principals/{id}/grants/{target}": "theirs",
}  # fmt: skip


def _placed(route: Route, named: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for place in route.places:
        upto = route.path.partition(f"{{{place}}}")[0] + f"{{{place}}}"
        if upto in named:
            found[place] = f"{{{named[upto]}}}"
        elif named is PLACES and upto in TEXTS:
            found[place] = TEXTS[upto]
    return found


def places(route: Route) -> dict[str, str]:
    """What there is for each place of a route."""
    return _placed(route, PLACES)


def foreign(route: Route) -> dict[str, str]:
    """What there is of it in another workspace."""
    return _placed(route, THEIRS)


def bodies(world: World) -> dict[str, list[Any]]:
    """Good bodies of our own API."""
    stands = {
        "name": "n1", "targets": world.there["ok"], "schedules": world.there["s-slow"], "databases": "crm",
        "principals": world.there["bot"], "fires": world.there["f-nightly"], "events": world.there["e-fire-failed"],
    }  # fmt: skip
    return own(lambda kind: stands[kind], PLAYED)


async def furnish(world: World) -> None:
    """What the routes of our own API need beside what has happened in the world."""
    await another_is_held(world)
    await one_run_goes_on(world)
    theirs = _as(world.tenants["other"])
    await world.make("their key", "/keys", {"name": "K", "scopes": ["runs:read"]}, **theirs)
    await world.make("their bot", "/principals", {"name": "Bot"}, **theirs)
    await world.make("their hook", "/webhooks", {"url": f"{PLAYED}/all"}, **theirs)
    action = {"action": "cancel", "filter": {"target": "slow"}, "dry_run": True}
    for name, options in (("dry", {}), ("their action", theirs)):
        found = await world.ask(
            "POST",
            "/runs/actions",
            action | {"dry_run": False, "filter": {"target": "slow", "row_key": "x"}},
            200,
            **options,
        )
        world.there[name] = found["id"]
    for name, options in (("erasure", {}), ("their erasure", theirs)):
        await world.make(name, "/erasures", {"person": "nobody-7"}, 202, **options)
    their_hour = {"name": "Hour", "recurrence": "0 * * * *", "target": "borrowed"}
    await world.make("their hour", "/schedules", their_hour, **theirs)
    await world.ask("POST", "/schedules/{their hour}/fire-now", None, 201, **theirs)
    await world.house.work()
    await _tell(world)
    for name, key in (("their run", "runs"), ("their fire", "fires"), ("their event", "events")):
        world.there[name] = (await world.ask("GET", f"/{key}", **theirs))["items"][0]["id"]
    for kind, key in KEYS.items():
        body = target_of(kind, PLAYED)
        if kind == "table":
            body["executor"] = {"type": "sql", "database": "crm", "table": "people"}
        await world.make(key, "/targets", body | {"executor": body["executor"]}, 201)
    people = {"type": "http", "config": {"url": "https://127.0.0.1:9/x"}}
    await world.ask("PUT", "/audiences/people", people)
    table = {"database": "crm", "table": "people", "columns": [{"name": "name", "type": "text"}]}
    await world.ask("POST", "/tables", table, 201)
    await _lanes(world)
    wide = {"fires_per_hour": None, "schedules": None, "targets": None, "bulk_lines": None}
    await world.ask("PATCH", "/workspaces/current", {"quotas": wide})


async def _lanes(world: World) -> None:
    """What workers report of lanes: one is full and late, another is not called any more."""
    now = world.house.clock.now
    reports = {
        "slow": LaneReport(5, 3, 1, 2, now - 90_000, 100, 900),
        "silent": LaneReport(2, 1, 1, 7, now - 90_000, 412, 2_500, WaitCause.CIRCUIT, now - 61_000),
    }
    known = {from_prefixed("tgt", world.there[name]): report for name, report in reports.items()}
    found = {target: report for target, report in known.items() if target is not None}
    await world.house.store.urgent(lanes.report_lanes, world.house.node, now, found)


async def known(world: World) -> Known:
    """What is known of our own API for requests that are refused."""
    few = {scope: await world.house.key_with(scope) for scope in ("runs:read", "audit:read")}
    return Known(
        places=places,
        foreign=foreign,
        unknown=_unknown(world),
        bodies=bodies(world),
        keys={f"only {scope}": key for scope, key in few.items()},
        bounded=await bounded_keys(world),
        unique=("key", "slug", "table"),
        depth=_depth,
    )


def _depth(route: Route) -> int:
    """What is within a field is read alike wherever it is sent."""
    if "/by-key/" in route.path:
        return 0
    return 1 if route.name in SHALLOW else DEEPEST


def _unknown(world: World) -> Any:
    def unknown(stands: str) -> str:
        real = world.there.get(stands.strip("{}"), stands)
        return f"{real[:-26]}{'0' * 25}1" if len(real) > 26 else "nothing"

    return unknown
