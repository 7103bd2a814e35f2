"""The thin HTTP layer that our own API and all dialects are made of: applications, routes and answers.

FastAPI holds the routes and publishes the OpenAPI page. A handler is a plain function `async (Request) -> Answer`, and
is called directly. Errors are caught in one place, `Guard`, and written by the renderer of the application.
"""

from __future__ import annotations

import inspect
import itertools
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, unquote

import orjson
import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Match, Mount, Route, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from horarium.api.bodies import (
    WORKSPACE,
    Malformed,
    look_at_key_again,
    parse_json,
    parse_object,
    read_body,
)
from horarium.api.connections import send_whole
from horarium.api.figures import HttpFigures
from horarium.api.reference import add_reference
from horarium.api.route_index import IndexedRouter, path_here
from horarium.domain.errors import Forbidden, HorariumError, Invalid, NotFound, QuotaReached
from horarium.service.trail import REQUEST

# What reads bodies is defined in bodies.py, and can be imported from here too.
__all__ = [
    "Answer",
    "Api",
    "Handler",
    "Internal",
    "Malformed",
    "NoRoute",
    "PartedAnswer",
    "Renderer",
    "StreamedAnswer",
    "WrongMethod",
    "empty_answer",
    "json_answer",
    "parse_json",
    "parse_object",
    "read_body",
]

JSON = b"application/json"
CONTENT_POLICY = b"content-security-policy"
# Every answer tells browsers to believe its content type, to keep its address to themselves, not to show it in a frame,
# and to load nothing for it.
SAFE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (CONTENT_POLICY, b"default-src 'none'; frame-ancestors 'none'"),
)
# What pages of other origins may do, where a setting allows an origin. The APIs take keys in headers and know no
# cookies, and browsers are not allowed to send the console's for them. So a page cannot use what its visitor may do.
CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# The headers that such pages may read: those that the description of our own API has, and those of dialects.
CORS_EXPOSED = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-Id",
    "X-Should-Retry",
)
CORS_SECONDS = 600
_SAFE_NAMES = frozenset(name for name, _ in SAFE_HEADERS)
_SAFE_LINES = b"".join(b"%s: %s\r\n" % header for header in SAFE_HEADERS)
_OUTER = "horarium.outer"
# Where a request keeps a list with the rate limit of its key, which is told with the answer.
ALLOWANCES = "horarium.allowances"
# The header that names a request, in both directions.
REQUEST_ID = b"x-request-id"
_REQUEST_ID = "horarium.request_id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# The ids of requests that bring none: some random digits of this process, and a number.
_PROCESS = f"{secrets.token_hex(6)}-"
_numbers = itertools.count(1)
# In the scope of a request: what is called with the error when a policy refuses it.
REFUSED = "horarium.refused"
LONGEST_LOGGED_PATH = 300

_log = structlog.get_logger(__name__)


class NoRoute(NotFound):
    """The path has no route."""

    def __init__(self, path: str) -> None:
        super().__init__("route", path)

    def __str__(self) -> str:
        hint = "; in a path, a slash within a key is written %2F" if "/by-key/" in self.given else ""
        return f"{super().__str__()}{hint}"


class WrongMethod(HorariumError):
    """The path has routes, but none with this method. `allowed` lists the methods that it has, for the Allow header."""

    def __init__(self, method: str, allowed: str) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not allowed at this path; allowed are {allowed}")


class Internal(HorariumError):
    """A fault in the server. The log has the details under `request_id`."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        super().__init__(f"something went wrong on the server; its log has the details under {request_id}")


class Answer:
    """A complete HTTP answer: status, headers and body."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        content_type: bytes = JSON,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self.status = status
        self.body = body
        self.headers = [(b"content-length", str(len(body)).encode()), *headers]
        if body:
            self.headers.append((b"content-type", content_type))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b"" if scope["method"] == "HEAD" else self.body
        around: _Answering | None = scope.get(_OUTER)
        if around is not None and send == around.send and around.send_whole(self.status, self.headers, body):
            return
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})


class PartedAnswer(Answer):
    """A large answer whose body is sent piece by piece, so that it is not copied into one text."""

    __slots__ = ("_pieces",)

    def __init__(self, status: int, pieces: list[bytes], content_type: bytes) -> None:
        super().__init__(status)
        self._pieces = pieces
        size = str(sum(map(len, pieces))).encode()
        self.headers = [(b"content-length", size), (b"content-type", content_type)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        if scope["method"] != "HEAD":
            for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class StreamedAnswer(Answer):
    """An answer that is sent while it is made, so its length is not known beforehand.

    If making it fails, or the caller may not read it any more, the connection ends before the last chunk, which clients
    notice.
    """

    __slots__ = ("_pieces",)

    def __init__(self, status: int, pieces: AsyncIterator[bytes], content_type: bytes) -> None:
        super().__init__(status)
        self._pieces = pieces
        self.headers = [(b"content-type", content_type)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        if scope["method"] != "HEAD":
            async for piece in self._pieces:
                try:
                    await look_at_key_again(scope)
                except HorariumError:
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def json_answer(
    status: int, value: Any, content_type: bytes = JSON, headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer whose body is a value as JSON."""
    extra = [(name.lower().encode(), text.encode()) for name, text in (headers or {}).items()]
    return Answer(status, orjson.dumps(value), content_type, extra)


def empty_answer(status: int = 204) -> Answer:
    return Answer(status)


Handler = Callable[[Request], Awaitable[Answer]]
# Writes an error in an application's own envelope: an error of the domain, or one of those above.
Renderer = Callable[[HorariumError, Request], Answer]


class _Headers(Headers):
    """The headers of a request, found by name in a dictionary: a dozen of them are looked for in each request. Of one
    that comes several times, the first is found, as in Headers."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._first = dict(reversed(raw))

    def get(self, key: str, default: Any = None) -> Any:
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower().encode("latin-1") in self._first


class _Request(Request):
    """A request whose headers are found faster."""

    @property
    def headers(self) -> Headers:
        found: Headers | None = getattr(self, "_headers", None)
        if found is None:
            found = self._headers = _Headers(self.scope["headers"])
        return found


class _Id(Convertor[str]):
    """`{id:id}` in a path: what names a thing by itself. `by-key` stands before a key instead."""

    regex: ClassVar[str] = r"(?!by-key(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Key(Convertor[str]):
    """`{key:key}` in a path: a key that callers have chosen, percent-encoded as one segment, so that a slash in it is
    none of the path."""

    regex: ClassVar[str] = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value, errors="surrogateescape")

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("id", _Id())
register_url_convertor("key", _Key())


# Stands for a handler while FastAPI looks at a route. A docstring of it would stand on the page.
def _without_parameters() -> None:
    pass


class _Route(APIRoute):
    """A route that FastAPI lists on the OpenAPI page, and whose handler is called without FastAPI's own steps.

    FastAPI looks at a route only when the page is made (`describe`): there are some two hundred and fifty routes, and
    a server would take longer to start. What FastAPI looks at is a function without parameters in place of the handler,
    because it would look for the parameters of the handlers, which all have the same one."""

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        self._options = options
        self.path, self.endpoint, self.name = path, endpoint, endpoint.__name__
        self.methods = set(options["methods"])
        self.include_in_schema = options["include_in_schema"]
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        # What stands before a key in this path, where it has one.
        self._before_key = path.partition("{key:key}")[0] if "{key:key}" in path else None

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            answer = await endpoint(_Request(scope, receive, send))
            await answer(scope, receive, send)

        self.app = app

    def describe(self) -> None:
        """Let FastAPI find out what it writes about this route on the OpenAPI page."""
        app, endpoint = self.app, self.endpoint
        super().__init__(self.path, _without_parameters, **{**self._options, "name": self.name})
        self.app, self.endpoint = app, endpoint
        self.description = self.description or inspect.cleandoc(endpoint.__doc__ or "")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette's route, in one step instead of three. A route for GET also matches HEAD, which is answered like
        GET but without the body. A route with a key is compared with the path as it was sent, still percent-encoded."""
        if scope["type"] != "http":
            return Match.NONE, {}
        if self._before_key is not None:
            if self._before_key not in scope["path"]:
                return Match.NONE, {}
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        found = self.path_regex.match(path_here(scope))
        if found is None:
            return Match.NONE, {}
        params = dict(scope.get("path_params", ()))
        for name, value in found.groupdict().items():
            params[name] = self.param_convertors[name].convert(value)
        match = Match.FULL if self._answers(scope["method"]) else Match.PARTIAL
        return match, {"endpoint": self.endpoint, "path_params": params, "route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._answers(scope["method"]):
            await self.app(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    def _answers(self, method: str) -> bool:
        methods = self.methods or ()
        return method in methods or (method == "HEAD" and "GET" in methods)


class _Mount(Mount):
    """An application below a path, which takes what begins with it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette's mount, in one step instead of three."""
        if scope["type"] != "http" or not path_here(scope).startswith(self.path + "/"):
            return Match.NONE, {}
        root = scope.get("root_path", "")
        return Match.FULL, {
            "path_params": dict(scope.get("path_params", ())),
            "app_root_path": scope.get("app_root_path", root),
            "root_path": root + self.path,
            "endpoint": self.app,
        }


def _with_safe_headers(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer together with SAFE_HEADERS. An answer that has one of these itself keeps its own."""
    own = {name for name, _ in headers}
    return [*headers, *(header for header in SAFE_HEADERS if header[0] not in own)]


def request_id(scope: Scope) -> str:
    """What the log, the audit log and the answer call a request: what its X-Request-Id says, or a new id."""
    found: str | None = scope.get(_REQUEST_ID)
    if found is None:
        found = scope[_REQUEST_ID] = _given_id(scope) or f"{_PROCESS}{next(_numbers):x}"
    return found


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:  # a generator with `next` takes three times as long
        if name == REQUEST_ID:
            return value.decode() if _GIVEN_ID.fullmatch(value) is not None else None
    return None


def shown_path(scope: Scope) -> str:
    """The path of a request as a log shows it: cut, without its query, which may hold what is secret, and without
    characters that could look like other lines."""
    path: str = scope["path"][:LONGEST_LOGGED_PATH]
    return path if path.isprintable() else "".join(char if char.isprintable() else "?" for char in path)


def _log_request(scope: Scope, status: int, took_ms: float) -> None:
    """Write the line of a request that was answered. A status of 0 is that of one whose caller has gone."""
    _log.info(
        "request",
        method=scope["method"][:16],
        path=shown_path(scope),
        status=status,
        ms=round(took_ms, 1),
        address=None if scope.get("client") is None else scope["client"][0],
        workspace=scope.get(WORKSPACE, {}).get("id"),
    )


def _by_policy(error: Exception) -> bool:
    """Whether a request is refused because of what its key may do, or of a quota."""
    if isinstance(error, Invalid):
        return any(problem.code == "quota" for problem in error.problems)
    return isinstance(error, Forbidden | QuotaReached)


class Wrapped(Protocol):
    """A router, or what stands before one."""

    @property
    def routes(self) -> Sequence[BaseRoute]: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class _Answering:
    """The answer to a request on its way out of the outermost application: the headers that every answer gets are added
    to it, and its status is noted. A status of 0 stands for an answer that has not begun."""

    __slots__ = ("_allowances", "_request_id", "_send", "guard", "started", "status")

    def __init__(self, guard: Guard, request_id: bytes, allowances: list[Any], send: Send) -> None:
        self.guard, self._request_id, self._allowances, self._send = guard, request_id, allowances, send
        self.started, self.status = False, 0

    async def send(self, message: Message) -> None:
        if not self.started:
            self.started = True
            self.status = message.get("status", 0)
            message["headers"] = _with_safe_headers(self._with_own(message.get("headers", ())))
        await self._send(message)

    def send_whole(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send a whole answer in one step; whether that was possible."""
        if self.started or any(name in _SAFE_NAMES for name, _ in headers):
            return False
        if not send_whole(self._send, status, self._with_own(headers), _SAFE_LINES, body):
            return False
        self.started, self.status = True, status
        return True

    def _with_own(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, and those that it has of its request: its id, and the rate limit of its key."""
        found = [*headers, (REQUEST_ID, self._request_id)]
        for allowance in self._allowances:
            found += allowance.headers()
        return found


class Guard:
    """Turns every error into an answer, so that no details of the program get out, and adds SAFE_HEADERS."""

    def __init__(
        self, app: Wrapped, render: Renderer, figures: HttpFigures | None = None, log_requests: bool = False
    ) -> None:
        self.app, self.render, self.figures = app, render, figures or HttpFigures()
        self.log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Applications are mounted in each other. The outermost notes what is sent, and adds headers.
        around: _Answering | None = scope.get(_OUTER)
        if around is not None:
            await self._guarded(around, scope, receive, send)
            return
        named = request_id(scope)
        REQUEST.set(named)  # each request has a context of its own
        scope[ALLOWANCES] = []
        scope[WORKSPACE] = {}
        around = scope[_OUTER] = _Answering(self, named.encode(), scope[ALLOWANCES], send)
        begun = time.monotonic()
        try:
            await self._guarded(around, scope, receive, around.send)
        finally:
            # The server's own object for this request holds the scope, and `around` holds that object: without this,
            # all of the request would lie in memory until Python looks for such rings.
            del scope[_OUTER]
            took_ms = (time.monotonic() - begun) * 1000
            self.figures.done(scope["method"], around.status, took_ms)
            if self.log_requests:
                _log_request(scope, around.status, took_ms)

    async def _guarded(self, around: _Answering, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, and answer what it raises in its own envelope, unless an answer has begun."""
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as error:
            if around.started:
                raise
            await self._tell(error, around, Request(scope, receive, send), send)

    async def _tell(self, error: Exception, around: _Answering, request: Request, send: Send) -> None:
        """Answer what was raised.

        This is apart from where it is caught: its traceback has that frame, and a variable there that names the error
        again would keep all that the request has brought until the collector of garbage comes by.
        """
        if _by_policy(error) and (refused := request.scope.get(REFUSED)) is not None:
            await refused(error)
        told = self._at_the_edge(error, request)
        around.guard.figures.refused(told)
        await self.render(told, request)(request.scope, request.receive, send)

    def _at_the_edge(self, error: Exception, request: Request) -> HorariumError:
        """The error that the caller is told. One that is not meant for users is logged and becomes Internal."""
        if isinstance(error, HorariumError):
            return error
        if isinstance(error, HTTPException) and error.status_code == 404:
            return NoRoute(request.url.path)
        if isinstance(error, HTTPException) and error.status_code == 405:
            return WrongMethod(request.method, self._allowed(request.scope))
        found = request_id(request.scope)
        _log.error("request_failed", request_id=found, path=shown_path(request.scope), exc_info=error)
        return Internal(found)

    def _allowed(self, scope: Scope) -> str:
        """The methods of all routes at the path of a request, as an Allow header lists them."""
        found: set[str] = set()
        for route in self.app.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
                found |= route.methods or set()
        return ", ".join(sorted(found))


class Api(FastAPI):
    """An application. All of its errors are written by `render`, and its routes are added with `add`."""

    def __init__(
        self, *, title: str, render: Renderer, description: str = "", openapi: str | None = "/openapi.json"
    ) -> None:
        self._render = render
        # What decides before the routes whether a request may pass, and the origins whose pages may ask and read.
        self.gate: Wrapped | None = None
        self.origins: Sequence[str] = ()
        # Where its requests are counted, if it is the outermost one.
        self.figures = HttpFigures()
        # Whether it writes a log line for each request, if it is the outermost one.
        self.log_requests = False
        self._schemas: dict[str, Any] = {}
        self._responses: dict[str, Mapping[str, Any]] = {}
        self._answer_headers: dict[str, Mapping[str, Any]] = {}
        super().__init__(
            title=title,
            description=description,
            docs_url=None,
            redoc_url=None,
            openapi_url=openapi,
            redirect_slashes=False,
        )
        self.indexed_router = IndexedRouter(self.router)
        if openapi is not None:
            add_reference(self)

    def build_middleware_stack(self) -> ASGIApp:
        guarded: ASGIApp = Guard(
            self.gate or self.indexed_router, self._render, self.figures, self.log_requests
        )
        if not self.origins:
            return guarded
        return CORSMiddleware(
            guarded,
            allow_origins=self.origins,
            allow_methods=CORS_METHODS,
            allow_headers=["*"],
            expose_headers=CORS_EXPOSED,
            max_age=CORS_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the routes directly. The steps that FastAPI takes before are not needed here, and take time."""
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        scope["app"] = self
        await self.middleware_stack(scope, receive, send)

    def mount(self, path: str, app: ASGIApp, name: str | None = None) -> None:
        """Have an application answer what is asked for below a path."""
        self.router.routes.append(_Mount(path, app, name=name))

    def add(
        self,
        method: str,
        path: str,
        handler: Handler,
        summary: str,
        *,
        tag: str | None = None,
        status: int = 200,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        optional_body: bool = False,
        media: str = "application/json",
        on_page: bool = True,
        operation: tuple[str, Mapping[str, Any]] | None = None,
        example: Any = None,
        read_as: Callable[[str], Mapping[str, Any]] | None = None,
    ) -> None:
        """Add a route and, if it is `on_page`, its entry on the OpenAPI page.

        `body` is the JSON schema of the body, and `media` its type. `query` and `headers` map the names of
        parameters to what they do, and `read_as` tells the schema of a query parameter. `operation` is the id of the
        operation with its responses, and `example` a body that can be sent.
        """
        parameters: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, **self.in_path(name)}
            for name in (part[1:-1].partition(":")[0] for part in path.split("/") if part.startswith("{"))
        ]
        for place, named in (("query", query), ("header", headers)):
            parameters += [
                {
                    "name": name,
                    "in": place,
                    "description": words,
                    "schema": {"type": "string"} if read_as is None else read_as(name),
                }
                for name, words in (named or {}).items()
            ]
        extra: dict[str, Any] = {"parameters": parameters}
        if body is not None:
            content: dict[str, Any] = {media: {"schema": self._schema(body)}}
            if example is not None:
                content[media]["example"] = example
            extra["requestBody"] = {"required": not optional_body, "content": content}
        route = _Route(
            path,
            handler,
            methods=[method],
            summary=summary,
            tags=[tag] if tag else None,
            status_code=status,
            response_model=None,
            include_in_schema=on_page,
            openapi_extra=extra,
            operation_id=re.sub(r"\W+", "_", f"{method.lower()}{path}").strip("_")
            if operation is None
            else operation[0],
        )
        self.router.routes.append(route)
        if operation is not None:
            self._responses[operation[0]] = operation[1]

    def in_path(self, name: str) -> Mapping[str, Any]:
        """What is described of a part of a path."""
        return {"schema": {"type": "string"}}

    def _schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON schema without its definitions, which are kept for the page's list of components."""
        own = {name: value for name, value in schema.items() if name != "$defs"}
        self._schemas |= schema.get("$defs", {})
        return own

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for route in self.routes:
                if isinstance(route, _Route):
                    route.describe()
            made = super().openapi()
            components = made.setdefault("components", {})
            components.setdefault("schemas", {}).update(self._schemas)
            if self._answer_headers:
                components["headers"] = self._answer_headers
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            made["security"] = [{"key": []}]  # the page asks for a key, and sends it
            for methods in made["paths"].values():
                for described in methods.values():
                    if (responses := self._responses.get(described["operationId"])) is not None:
                        described["responses"] = responses
        return super().openapi()
