"""Finds the route of a request among those whose paths begin like its own and are as long.

Starlette's router asks one route after the other. Our own API has some 150 of them, and its later ones were found after
a hundred comparisons, which took longer than the query behind a small request.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import Receive, Scope, Send

# Stands for every number of slashes in a path: of a route that fits several, and of a path with many or with escapes.
_ANY = 9
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class IndexedRouter:
    """Calls the route that a router would call. Requests for which no route is found here are left to the router."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._indexed = 0
        # By method, first segment of the path and number of its slashes: the routes that may fit, in their order. None
        # stands for a segment that no route names.
        self._index: dict[tuple[str, str | None, int], Sequence[BaseRoute]] = {}
        self._segments: frozenset[str] = frozenset()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self._router.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (found := self.find(scope)) is not None:
            route, of_route = found
            scope.update(of_route)
            # A route that fits in full has nothing left to compare.
            called = route.app if isinstance(route, Route | Mount) else route.handle
            await called(scope, receive, send)
        else:
            await self._router(scope, receive, send)

    def find(self, scope: Scope) -> tuple[BaseRoute, Scope] | None:
        """The first route that fits the path and the method of a request, and what it adds to the scope."""
        if len(self._router.routes) != self._indexed:
            self._index_routes()
        path = path_here(scope)
        first = _first_segment(path)
        segment = first if first in self._segments else None
        # A slash within a key is written %2F, and does not divide the path as it was sent.
        slashes = path.count("/") if b"%" not in scope["raw_path"] else _ANY
        for route in self._index.get((scope["method"], segment, min(slashes, _ANY)), ()):
            match, of_route = route.matches(scope)
            if match is Match.FULL:
                return route, of_route
        return None

    def _index_routes(self) -> None:
        named = [(_segment_of(route), _slashes_of(route), route) for route in self.routes]
        self._segments = frozenset(segment for segment, _, _ in named if segment is not None)
        self._index = {
            (method, wanted, slashes): [
                route
                for segment, own, route in named
                if segment in {None, wanted}
                and (_ANY in (own, slashes) or own == slashes)
                and _has(route, method)
            ]
            for method in _METHODS
            for wanted in (*self._segments, None)
            for slashes in range(_ANY + 1)
        }
        self._indexed = len(self.routes)


def path_here(scope: Scope) -> str:
    """The path of a request below the place where its application is mounted, as Starlette reckons it."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    below = path.removeprefix(root) if root else path
    return below if not below or below[0] == "/" else path


def _first_segment(path: str) -> str:
    return path[1:].partition("/")[0]


def _segment_of(route: BaseRoute) -> str | None:
    """The first segment of all paths that a route may fit; None where there is more than one."""
    if not isinstance(route, Route | Mount) or not route.path.startswith("/"):
        return None
    segment = _first_segment(route.path)
    return None if "{" in segment else segment


def _slashes_of(route: BaseRoute) -> int:
    """How many slashes each path has that a route may fit; _ANY where it fits several."""
    if not isinstance(route, Route) or ":path}" in route.path:
        return _ANY
    return min(route.path.count("/"), _ANY)


def _has(route: BaseRoute, method: str) -> bool:
    """Whether a route may answer a method. Those for GET answer HEAD too, and what is mounted decides itself."""
    methods = route.methods if isinstance(route, Route) else None
    return methods is None or method in methods or (method == "HEAD" and "GET" in methods)
