"""What the server answers at its root, and at the root of its own API: what it is, and where it is described."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from horarium import __version__
from horarium.api.kit.registry import Dialects
from horarium.api.reference import PAGE
from horarium.api.web import Answer, Api, json_answer

_PAGES = {"docs": PAGE, "openapi": "/openapi.json"}


class HomeRoutes:
    """`base` is where our own API is mounted, `dialects` are the other APIs."""

    def __init__(self, base: str, dialects: Dialects) -> None:
        self._shown = {
            "name": "Horarium",
            "version": __version__,
            "api": base,
            **_pages(base),
            "health": "/healthz",
            "other_apis": {name: _pages(dialect.bases[0]) for name, dialect in dialects.items()},
        }

    async def show(self, request: Request) -> Answer:
        return json_answer(200, self._shown)


def _pages(base: str) -> Mapping[str, str]:
    return {name: f"{base}{path}" for name, path in _PAGES.items()}


def add_routes(api: Api, base: str, dialects: Dialects, paths: tuple[str, ...]) -> None:
    """Add the same answer at several paths. It needs no key, and shows nothing of tenants."""
    routes = HomeRoutes(base, dialects)
    for path in paths:
        api.add(
            "GET", path, routes.show, "What this server is, and where its APIs are described", tag="health"
        )
