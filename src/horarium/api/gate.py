"""A gate before what is shown to everybody by default: the metrics, and the pages and descriptions of the APIs.

Settings move them to an address of their own (`pages_address`), or ask for a key (`public_pages = false`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from horarium.api.kit.keys import authenticate
from horarium.api.reference import PAGE
from horarium.api.web import Api, Renderer, Wrapped
from horarium.domain.errors import HorariumError, NotFound, Unauthorized
from horarium.service.services import Services

# Below each API, and at the root.
_CLOSED = ("/metrics", PAGE, "/openapi.json")
# What the address of the pages answers besides.
_HEALTH = ("/healthz", "/readyz")
# The setting that gives the pages an address of their own.
_SETTING = "pages_address"
# Makes a browser ask for the key, as a password.
_ASK = (b"www-authenticate", b'Basic realm="Horarium: the password is an API key", charset="UTF-8"')


class NotHere(NotFound):
    """What the request asks for is shown at the other address of this server."""

    def __init__(self, words: str) -> None:
        self.kind, self.given = "page", ""
        HorariumError.__init__(self, words)


class PageGate:
    """Lets requests for these pages pass only where they are shown, and with a key if they need one, whatever its
    scopes. All other requests pass, but not at the address of the pages.

    Both addresses belong to one server, which tells them apart by the port that a connection came to.
    """

    def __init__(self, app: Wrapped, services: Services, render: Renderer) -> None:
        self._app, self._services, self._render = app, services, render
        bases = ["", *_bases(app.routes)]
        self._paths = frozenset(f"{base}{path}" for base in bases for path in _CLOSED)
        self._below = tuple(f"{base}{PAGE}/" for base in bases)
        self._health = frozenset(f"{base}{path}" for base in bases for path in _HEALTH)
        at = services.settings.pages_at
        self._port = None if at is None else at[1]
        self._need_key = not services.settings.public_pages

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self._app.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            is_page = path in self._paths or path.startswith(self._below)
            if self._port is not None:
                there = scope["server"] is not None and scope["server"][1] == self._port
                if is_page and not there:
                    raise NotHere(f"metrics and pages are shown at the address that {_SETTING} names")
                if there and not is_page and path not in self._health:
                    raise NotHere(f"only metrics and pages are shown at this address, which {_SETTING} names")
            if is_page and self._need_key:
                request = Request(scope, receive, send)
                try:
                    await authenticate(request, self._services, ("bearer", "x-api-key", "basic"))
                except Unauthorized as error:
                    answer = self._render(error, request)
                    answer.headers = [pair for pair in answer.headers if pair[0] != _ASK[0]]
                    answer.headers.append(_ASK)
                    await answer(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _bases(routes: Sequence[BaseRoute]) -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount) and isinstance(route.app, Api):
            yield route.path
