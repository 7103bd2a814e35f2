"""A gate before what is shown to everybody by default: the metrics, and the pages and descriptions of the APIs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from horarium.api.kit.keys import authenticate
from horarium.api.reference import PAGE
from horarium.api.web import Api, Renderer, Wrapped
from horarium.domain.errors import Unauthorized
from horarium.service.services import Services

# Below each API, and at the root.
_CLOSED = ("/metrics", PAGE, "/openapi.json")
# Makes a browser ask for the key, as a password.
_ASK = (b"www-authenticate", b'Basic realm="Horarium: the password is an API key", charset="UTF-8"')


class PageGate:
    """Lets requests for these pages pass only with a key, whatever its scopes. All other requests pass."""

    def __init__(self, app: Wrapped, services: Services, render: Renderer) -> None:
        self._app, self._services, self._render = app, services, render
        bases = ["", *_bases(app.routes)]
        self._paths = frozenset(f"{base}{path}" for base in bases for path in _CLOSED)
        self._below = tuple(f"{base}{PAGE}/" for base in bases)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self._app.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (
            scope["path"] in self._paths or scope["path"].startswith(self._below)
        ):
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
