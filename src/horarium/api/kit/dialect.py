"""The record that a dialect is, and the application that is made from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from horarium.api.kit.fields import Fields
from horarium.api.kit.keys import Scheme
from horarium.api.kit.schemas import Schema, ref
from horarium.api.web import Api, Handler, Renderer
from horarium.domain.ids import Id, from_uuid_text, uuid_text
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal
from horarium.service.services import Services
from horarium.times import Grammar

Json = dict[str, Any]
Order = TypeVar("Order")
Facts = TypeVar("Facts")

# What can go wrong with a request that reads, and with one that changes something; statuses of HTTP.
READING = (400, 401, 403, 404, 429)
CHANGING = (400, 401, 403, 404, 409, 413, 429)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route and its entry in the dialect's OpenAPI page.

    `body` and `answer` name schemas of the page; `query` holds the schema of each query parameter; `failures` are the
    statuses of the errors that it may answer.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str = "schedules"
    status: int = 200
    answer: str | None = None
    body: str | None = None
    body_required: bool = True
    query: Mapping[str, Schema] | None = None
    failures: Sequence[int] = READING

    # False for a further name of a route that has an entry already.
    on_page: bool = True


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around schedules that are shown: the targets and the principals that they name, by id."""

    targets: Mapping[Id, Target]
    makers: Mapping[Id, Principal]

    def target_of(self, schedule: Schedule) -> Target | None:
        """The target of a schedule; None where it is gone."""
        return self.targets.get(schedule.definition.target_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect(Generic[Order, Facts]):
    """A schedule API of another product, spoken to the letter.

    An Order is what a body asks for, a frozen value. Facts are what must be known beside it to carry it out and can
    be known only from outside: the time, the target that it names, and the like.
    """

    name: str
    title: str
    description: str

    # Where the application is mounted.
    bases: tuple[str, ...]

    # Bases that it shares with others, each with the first part of its paths there.
    parts: tuple[tuple[str, str], ...] = ()

    # Whether a path is split before it is unquoted, so that an id in it may hold any character; handlers then read
    # its parts with `segment`.
    splits_path: bool = False

    # How a key is sent; where a request carries several, the first in this order counts.
    keys: tuple[Scheme, ...] = ("bearer",)

    # How the recurrences of its schedules are read.
    grammar: Grammar

    # How it writes the id of a schedule, and the id that such a text stands for (None for a text of another form). Our
    # own API knows its schedules by these too, so that its clients can ask there what became of a slot.
    id_text: Callable[[Id], str] = uuid_text
    id_of: Callable[[str], Id | None] = from_uuid_text

    # The OpenAPI page: its schemas by name, its security schemes, and the name of the schema of an error's body.
    schemas: Mapping[str, Schema]
    security: Mapping[str, Schema]
    failure: str = "Error"

    # The order in a body; with the flag, of a new schedule. Problems are noted in the fields.
    parse: Callable[[Fields, bool], Order]

    # A schedule as an order wants it. Pure: it runs inside the transaction that stores the schedule. Raises Invalid
    # with every problem, Conflict.
    edited: Callable[[Schedule, Order, Facts], Schedule]

    # A schedule as it is answered.
    show: Callable[[Schedule, Around], Json]

    # An error in the dialect's envelope.
    render: Renderer

    # Its routes, over the services; it is handed its own record.
    routes: Callable[[Dialect[Order, Facts], Services], Sequence[Operation]]

    def application(self, services: Services) -> DialectApp:
        """The application that answers for this dialect."""
        app = DialectApp(self)
        for operation in self.routes(self, services):
            app.operation(operation)
        return app


class DialectApp(Api):
    """The application of a dialect, with an OpenAPI page that describes each route completely.

    Whatever goes wrong below its base (an error of the domain, an unknown route, a wrong method, a body that is not
    JSON, a fault of ours) is written by the dialect's `render`.
    """

    def __init__(self, dialect: Dialect[Any, Any]) -> None:
        super().__init__(title=dialect.title, description=dialect.description, render=dialect.render)
        self._dialect = dialect
        self._page: dict[str, Any] | None = None
        self._shown: list[Operation] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._dialect.splits_path and scope["type"] == "http":
            raw = scope.get("raw_path") or quote(scope["path"], safe="/:").encode()
            scope = {**scope, "path": raw.partition(b"?")[0].decode("latin-1")}
        await super().__call__(scope, receive, send)

    def operation(self, operation: Operation) -> None:
        """Add a route and, where it has one, its entry in the page."""
        method, path, shown = operation.method, operation.path, operation.on_page
        self.add(method, path, operation.handler, operation.summary, status=operation.status, on_page=shown)
        if shown:
            self._shown.append(operation)

    def openapi(self) -> dict[str, Any]:
        if self._page is None:
            paths: dict[str, dict[str, Any]] = {}
            for operation in self._shown:
                paths.setdefault(operation.path, {})[operation.method.lower()] = self._entry(operation)
            self._page = {
                "openapi": "3.1.0",
                "info": {"title": self.title, "description": self.description, "version": self.version},
                "paths": paths,
                "components": {
                    "schemas": dict(self._dialect.schemas),
                    "securitySchemes": dict(self._dialect.security),
                },
            }
        return self._page

    def _entry(self, operation: Operation) -> dict[str, Any]:
        path, failure = operation.path, self._dialect.failure
        # Where no body is described, none can be too large.
        failures = [code for code in operation.failures if code != 413 or operation.body is not None]
        entry: dict[str, Any] = {
            "summary": operation.summary,
            "operationId": re.sub(r"[{}]", "", f"{operation.method.lower()}{path}".replace("/", "_")),
            "tags": [operation.tag],
            "security": [{name: []} for name in self._dialect.security],
            "parameters": [
                *(
                    {
                        "name": name,
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "minLength": 1},
                    }
                    for name in re.findall(r"\{(\w+)\}", path)
                ),
                *(
                    {"name": name, "in": "query", "schema": dict(schema)}
                    for name, schema in (operation.query or {}).items()
                ),
            ],
            "responses": {
                str(operation.status): _described("Done", operation.answer),
                **{str(code): _described(_MEANING[code], failure) for code in failures},
                "default": _described("Something went wrong", failure),
            },
        }
        if operation.body is not None:
            content = {"application/json": {"schema": ref(operation.body)}}
            entry["requestBody"] = {"required": operation.body_required, "content": content}
        return entry


def segment(request: Request, name: str) -> str:
    """One segment of the path of a dialect that `splits_path`, unquoted."""
    return unquote(str(request.path_params[name]))


_MEANING = {
    400: "The request cannot be accepted",
    401: "A valid API key is needed",
    403: "The key may not do that",
    404: "Not found",
    409: "It clashes with what is stored",
    413: "The body is too large",
    422: "The request cannot be accepted",
    429: "Too many requests",
}


def _described(words: str, schema: str | None) -> dict[str, Any]:
    if schema is None:
        return {"description": words}
    return {"description": words, "content": {"application/json": {"schema": ref(schema)}}}
