"""The index finds the same route as asking all of them in turn, for every route of every application."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute, Match, Mount, Route, Router

from horarium.api.route_index import IndexedRouter
from horarium.api.web import Api
from tests.support.house import House

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")
# What stands for a parameter in a path: what is usual, and what could be taken for something else.
VALUES = ("x", "by-key", "schedules", "a b", "a%2Fb", "é", "\n")
ODD = (
    "",
    "/",
    "//",
    "/nowhere",
    "/nowhere/",
    "/schedules/",
    "//schedules",
    "/schedules%2Fx",
    "/Schedules",
    "/runs\n",
)


def applications(api: Api, root: str = "") -> Iterator[tuple[str, Api]]:
    """An application and those that are mounted in it, with the path of each."""
    yield root, api
    for route in api.router.routes:
        if isinstance(route, Mount) and isinstance(route.app, Api):
            yield from applications(route.app, root + route.path)


def paths(router: Router) -> Iterator[str]:
    """Paths for every route, and some that no route has."""
    yield from ODD
    for route in router.routes:
        if isinstance(route, Route):
            for value in VALUES:
                yield "/".join(value if part.startswith("{") else part for part in route.path.split("/"))
        elif isinstance(route, Mount):
            yield from (route.path, f"{route.path}/", f"{route.path}/x", f"{route.path}x")


def asked(method: str, root: str, path: str, accept: bytes) -> dict[str, Any]:
    whole = root + path
    return {
        "type": "http",
        "method": method,
        "path": whole.replace("%2F", "/"),
        "raw_path": whole.encode(),
        "root_path": root,
        "headers": [(b"accept", accept)],
    }


def in_turn(router: Router, scope: dict[str, Any]) -> tuple[BaseRoute, dict[str, Any]] | None:
    for route in router.routes:
        match, of_route = route.matches(scope)
        if match is Match.FULL:
            return route, dict(of_route)
    return None


@pytest.mark.parametrize("accept", [b"*/*", b"text/html"])
async def test_the_index_finds_what_asking_every_route_in_turn_finds(accept: bytes) -> None:
    found = compared = 0
    async with House.open("2026-03-01T12:00:00Z") as house:
        for root, api in applications(house.api):
            index = IndexedRouter(api.router)
            for path in paths(api.router):
                for method in METHODS:
                    scope = asked(method, root, path, accept)
                    expected = in_turn(api.router, scope)
                    if method in {"OPTIONS", "BREW"}:
                        assert expected is None or isinstance(expected[0], Mount)
                        continue
                    # Where it finds none it asks the router: it need not know that paths may end with a line break.
                    fits = (expected, None) if path.endswith("\n") else (expected,)
                    assert index.find(scope) in fits, (method, root, path)
                    compared += 1
                    found += expected is not None
    assert compared > 10_000
    assert found > 1_000


async def test_a_route_that_is_added_later_is_found() -> None:
    async def nothing(*_: Any) -> None: ...

    index = IndexedRouter(router := Router([Route("/a/{id}", nothing)]))
    assert index.find(asked("GET", "", "/b", b"")) is None
    router.routes.append(Route("/b", nothing))
    assert index.find(asked("GET", "", "/b", b"")) is not None
