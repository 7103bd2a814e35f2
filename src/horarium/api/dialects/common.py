"""What the dialects share: who asks, what a body holds, and an OpenAPI page of complete schemas.

A dialect is a `Dialect` with a renderer of its own: whatever goes wrong below its base (an error of the
domain, an unknown route, a wrong method, a body that is no JSON, a fault of ours) reaches that one function.
So a handler reads, calls one use case and answers; it catches nothing but what its product words differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeVar
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from horarium.api.web import Api, Handler, Renderer, parse_object, read_body
from horarium.domain.errors import Invalid, Problem, Unauthorized
from horarium.domain.fire import Fire
from horarium.domain.ids import Id, from_prefixed, from_ulid, from_uuid_text, prefixed, ulid, uuid_text
from horarium.domain.run import Run
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.services import Services
from horarium.times import zone
from horarium.times.civil import parse_rfc3339

Scheme = Literal["bearer", "raw", "x-api-key"]
"""How a key is sent: `Authorization: Bearer KEY`, `Authorization: KEY`, `X-API-Key: KEY`."""
Choice = TypeVar("Choice", bound=str)


async def authenticate(
    request: Request, services: Services, schemes: Sequence[Scheme], scope: str | None = None
) -> Identity:
    """Who asks, and that their key carries `scope`. Raises Unauthorized, Forbidden, RateLimited."""
    identity = await services.identities.resolve(presented_key(request, schemes))
    if scope is not None:
        identity.require(scope)
    return identity


def presented_key(request: Request, schemes: Sequence[Scheme]) -> str | None:
    """The key that a request carries in one of the ways a dialect knows; None where it carries none."""
    if "x-api-key" in schemes and (key := request.headers.get("x-api-key")):
        return key.strip()
    given = request.headers.get("authorization", "").strip()
    word, _, rest = given.partition(" ")
    if "bearer" in schemes and word.lower() == "bearer":
        return rest.strip()
    if "raw" in schemes:
        return given
    if given:
        raise Unauthorized("the Authorization header must read: Bearer, a space, and an API key")
    return None


async def read_json(request: Request, limit: int, optional: bool = False) -> dict[str, Any]:
    """The body as an object, whatever its Content-Type says; with `optional`, an empty one is an empty
    object.

    Raises Malformed, TooLarge.
    """
    body = await read_body(request, limit)
    return {} if optional and not body.strip() else parse_object(body)


def zoned_text(at_ms: int, zone_name: str, milliseconds: bool = False) -> str:
    """RFC 3339 with the offset that holds in a zone at that instant: 2024-01-29T09:00:00-05:00."""
    offset = timezone(timedelta(seconds=zone(zone_name).offset(at_ms // 1000)))
    return (datetime.fromtimestamp(0, offset) + timedelta(milliseconds=at_ms)).isoformat(
        timespec="milliseconds" if milliseconds else "seconds"
    )


def utc_text(at_ms: int, milliseconds: bool = False) -> str:
    """RFC 3339 in UTC, whole seconds unless told: 2024-12-16T09:00:00Z."""
    return zoned_text(at_ms, "UTC", milliseconds).removesuffix("+00:00") + "Z"


def dashed(prefix: str, an_id: Id) -> str:
    """An id as `prefix-01J...`."""
    return f"{prefix}-{ulid(an_id)}"


def from_dashed(prefix: str, ours: str, text: str) -> Id | None:
    """The id behind what `dashed` gave; our own API's writing (`ours_01J...`) and a UUID are fine too."""
    head, _, tail = text.partition("-")
    if head == prefix:
        return from_ulid(tail)
    return from_prefixed(ours, text) or from_uuid_text(text)


def reference_to(target: Target, given: str | None = None) -> str:
    """How a target is named to a caller: as they named it, while that still names it; else by its key, else
    by its id as a UUID."""
    names = (target.key, uuid_text(target.id), prefixed("tgt", target.id), str(target.number))
    return given if given is not None and given in names else target.key or uuid_text(target.id)


_OUTCOMES = {"completed": "success", "running": "running", "resolving": "running", "waiting": "running"}


def outcome_word(fire_state: str) -> str:
    """How a fire stands: success, running or failed. One that was cancelled, or went well in part, has
    failed."""
    return _OUTCOMES.get(fire_state, "failed")


def failure_of(fire: Fire, run: Run | None) -> str:
    """Why a fire failed."""
    return (run.error if run else None) or fire.error or "the run was cancelled"


def segment(request: Request, name: str) -> str:
    """One segment of the path below a `PathSplittingDialect`, unquoted: the path was split while it was still
    quoted."""
    return unquote(str(request.path_params[name]))


class Fields:
    """The fields of an object, read one by one; every problem is kept, and `done` raises them together.

    A field that is null counts as left out. `path` goes before the names in problems.
    """

    def __init__(
        self, body: Mapping[str, Any], path: str = "", problems: list[Problem] | None = None
    ) -> None:
        self.body, self.path = body, path
        self.problems: list[Problem] = [] if problems is None else problems

    def __contains__(self, name: str) -> bool:
        return self.body.get(name) is not None

    def wrong(self, name: str, message: str, code: str = "value") -> None:
        self.problems.append(Problem(".".join(part for part in (self.path, name) if part), message, code))

    def done(self) -> None:
        if self.problems:
            raise Invalid(self.problems)

    def value(self, name: str, kind: type | tuple[type, ...], words: str, required: bool = False) -> Any:
        """A value of a JSON type, or None; `words` say what it must be."""
        found = self.body.get(name)
        if found is None:
            if required:
                self.wrong(name, "is required", "required")
            return None
        true_or_false = isinstance(found, bool) and kind is not bool
        if true_or_false or not isinstance(found, kind):
            self.wrong(name, f"must be {words}", "type")
            return None
        return found

    def text(self, name: str, required: bool = False, most: int = 10_000) -> str | None:
        """A text; where it is required, not an empty one."""
        found: str | None = self.value(name, str, "a string", required)
        if found is None:
            return None
        if required and not found.strip():
            self.wrong(name, "must not be empty", "required")
        elif len(found) > most:
            self.wrong(name, f"is {len(found)} characters long; at most {most} are taken", "too_long")
        elif "\0" in found:
            self.wrong(name, "must not contain NUL characters")
        else:
            return found
        return None

    def flag(self, name: str, required: bool = False) -> bool | None:
        found: bool | None = self.value(name, bool, "true or false", required)
        return found

    def integer(
        self, name: str, least: int = 0, most: int = (1 << 53) - 1, required: bool = False
    ) -> int | None:
        found: int | None = self.value(name, int, "a whole number", required)
        if found is not None and not least <= found <= most:
            self.wrong(name, f"must be a whole number from {least} to {most}")
            return None
        return found

    def choice(self, name: str, among: Sequence[Choice], required: bool = False) -> Choice | None:
        found = self.text(name, required)
        for one in among:
            if one == found:
                return one
        if found is not None:
            self.wrong(name, f"must be one of {', '.join(among)}")
        return None

    def items(self, name: str, required: bool = False) -> list[Any] | None:
        found: list[Any] | None = self.value(name, list, "an array", required)
        return found

    def object(self, name: str, required: bool = False) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.value(name, dict, "an object", required)
        return found

    def instant(self, name: str, required: bool = False) -> int | None:
        """Milliseconds of an RFC 3339 text with an offset; a fraction of a second is rounded up: never
        early."""
        found = self.text(name, required)
        if found is None:
            return None
        parsed = parse_rfc3339(found)
        if parsed is None:
            self.wrong(name, "must be a time with an offset, such as 2026-03-08T09:00:00Z")
            return None
        return (parsed[0] + parsed[1]) * 1000

    def reference(self, name: str, required: bool = False) -> str | int | None:
        """What names a target: an id or a key as text, or a number."""
        if isinstance(self.body.get(name), str):
            return self.text(name, required)
        found: int | None = self.value(name, int, "an id, a key or a number", required)
        return found

    def inner(self, name: str, required: bool = False) -> Fields:
        """The fields of an object in a field (of an empty one where it is left out); problems go together."""
        found = self.object(name, required) or {}
        return Fields(found, ".".join(part for part in (self.path, name) if part), self.problems)


Schema = Mapping[str, Any]


class Dialect(Api):
    """An application that speaks another product's API, with an OpenAPI page of its own.

    `schemas` are the page's components by name, `security` its security schemes, `failure` names the schema
    of an error's body. A handler added with `operation` is described completely: parameters, body, answers.
    """

    def __init__(
        self,
        *,
        title: str,
        description: str,
        render: Renderer,
        schemas: Mapping[str, Schema],
        security: Mapping[str, Schema],
        failure: str,
    ) -> None:
        super().__init__(title=title, description=description, render=render)
        self._components = {"schemas": dict(schemas), "securitySchemes": dict(security)}
        self._security: list[dict[str, list[str]]] = [{name: []} for name in security]
        self._failure = failure
        self._page: dict[str, Any] | None = None
        self._paths: dict[str, dict[str, Any]] = {}

    def operation(
        self,
        method: str,
        path: str,
        handler: Handler,
        summary: str,
        *,
        tag: str = "schedules",
        status: int = 200,
        answer: str | None = None,
        body: str | None = None,
        body_required: bool = True,
        query: Mapping[str, Schema] | None = None,
        failures: Sequence[int] = (400, 401, 403, 404, 429),
    ) -> None:
        """A route and its entry in the page. `answer` and `body` name schemas; `query` gives parameters
        theirs."""
        self.add(method, path, handler, summary, status=status)
        names = re.findall(r"\{(\w+)\}", path)
        entry: dict[str, Any] = {
            "summary": summary,
            "operationId": f"{method.lower()}{path}".replace("/", "_").replace("{", "").replace("}", ""),
            "tags": [tag],
            "security": self._security,
            "parameters": [
                *(
                    {
                        "name": name,
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "minLength": 1},
                    }
                    for name in names
                ),
                *({"name": name, "in": "query", "schema": dict(one)} for name, one in (query or {}).items()),
            ],
            "responses": {
                str(status): _described("Done", answer),
                **{str(code): _described(_MEANING[code], self._failure) for code in failures},
                "default": _described("Something went wrong", self._failure),
            },
        }
        if body is not None:
            content = {"application/json": {"schema": _reference(body)}}
            entry["requestBody"] = {"required": body_required, "content": content}
        self._paths.setdefault(path, {})[method.lower()] = entry

    def openapi(self) -> dict[str, Any]:
        if self._page is None:
            self._page = {
                "openapi": "3.1.0",
                "info": {"title": self.title, "description": self.description, "version": self.version},
                "paths": self._paths,
                "components": self._components,
            }
        return self._page


class PathSplittingDialect(Dialect):
    """Splits the path first and unquotes after, so that an id may hold any character: routing sees the path as
    it came, and handlers read its parts with `segment`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw = scope.get("raw_path") or quote(scope["path"], safe="/:").encode()
            scope = {**scope, "path": raw.partition(b"?")[0].decode("latin-1")}
        await super().__call__(scope, receive, send)


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
    return {"description": words, "content": {"application/json": {"schema": _reference(schema)}}}


def _reference(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}
