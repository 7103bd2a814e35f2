"""Refuses what a request to our own API says and nobody would read: unknown fields, parameters, bodies and versions.

What is unknown is a mistake: a field that was left out of a new schedule because it was misspelt changes what the
schedule does, and a filter that was ignored shows more than was asked for. So it is refused, with the nearest known
name. Fields that may hold anything (input, labels, extra, the configuration of executors from plug-ins) are not looked
into.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel
from starlette.requests import Request

from horarium.api.bodies import Malformed, parse_json, read_body
from horarium.api.description import parameters
from horarium.api.description.answers import COMPONENTS
from horarium.api.description.headers import HEADERS
from horarium.api.description.operations import LINES, OPERATIONS, described
from horarium.api.description.shapes import ref
from horarium.api.web import Answer, Api, Handler
from horarium.domain.errors import Invalid, Problem
from horarium.domain.near_names import did_you_mean, plain

Json = Mapping[str, Any]
# Unknown names of one object or query that are told. Nobody reads more of them, and looking for the nearest takes time.
MOST_TOLD = 20
# Bytes of a body where none is expected: enough to see what it holds.
LONGEST_UNWANTED = 64 * 1024
# The parameters of our own API that may be given several times. All others have one value.
REPEATABLE = frozenset(("label",))
# Where things that have a key are named by their id, and where by this key. Whatever can be done under the first path
# can be done under the second.
BY_KEY = {
    "/schedules/{id}": "/schedules/by-key/{key}",
    "/targets/{ref}": "/targets/by-key/{key}",
}
# How the parts of these paths are read (see api/web.py).
_READ_AS = {"{id}": "{id:id}", "{ref}": "{ref:id}", "{key}": "{key:key}"}
# What is said of an Idempotency-Key where none is taken, by the method, or by the route.
_HARMLESS = "to send this request again is the same as to send it once"
_UNREPEATED = {
    **dict.fromkeys(("GET", "HEAD", "PUT", "DELETE"), _HARMLESS),
    **dict.fromkeys(("POST", "PATCH"), "this request is not recognised when it comes again"),
    "POST /schedules/bulk": (
        "give each line a key and send mode=upsert, then sending it again changes nothing"
    ),
}
# What is said of a field that a body may not have, because the server sets it.
SET_BY_SERVER = "is set by the server; leave it out"


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """The fields of an answer that no request can change.

    A body may hold them all the same, so that what GET has answered can be sent back. Those in `kept` must be as they
    are stored; the words say what would change them. Those in `ignored` change by themselves between two requests, so
    their values do not matter.
    """

    kept: Mapping[str, str]
    ignored: frozenset[str]

    def __contains__(self, name: object) -> bool:
        return name in self.kept or name in self.ignored

    def apart(self, body: Json, stored: Json) -> tuple[dict[str, Any], list[Problem]]:
        """The body without these fields, and a problem for each that would have to change what is stored."""
        problems = [
            Problem(name, words, "read_only")
            for name, words in self.kept.items()
            if name in body and body[name] != stored.get(name)
        ]
        return {name: value for name, value in body.items() if name not in self}, problems


def read_only(kept: Mapping[str, str] | Iterable[str], ignored: Iterable[str]) -> ReadOnly:
    """As ReadOnly; `kept` may be names alone, of fields that nothing changes."""
    words = kept if isinstance(kept, Mapping) else dict.fromkeys(kept, "cannot be changed; leave it out")
    return ReadOnly(words, frozenset(ignored))


def unknown_fields(
    model: type[BaseModel], body: Json, path: str = "", elsewhere: Collection[str] = ()
) -> list[Problem]:
    """A problem for each field of a body that its model does not have, at every depth that the model describes.

    A model says in `hints` what is answered to names that are often sent by mistake, in `meant` which field they
    mean, and in `shown` which fields only answers have. `elsewhere` are further names that may be meant.
    """
    known, inner = _known(model), _inner(model)
    problems: list[Problem] = []
    if not body.keys() <= _known_set(model):
        names = (name for name in body if name not in known)
        problems += [
            Problem(f"{path}{name}", _words(model, name, (*known, *elsewhere)), "unknown")
            for name in islice(names, MOST_TOLD)
        ]
    for name, within in inner.items():
        value = body.get(name)
        if isinstance(value, Mapping):
            problems += unknown_fields(within, value, f"{path}{name}.")
    return problems


def _words(model: type[BaseModel], name: str, known: Iterable[str]) -> str:
    hints: Mapping[str, str] = getattr(model, "hints", {})
    meant: Mapping[str, str] = getattr(model, "meant", {})
    short = plain(name[:MOST_TOLD])
    if short in hints:
        return hints[short]
    if short in meant:
        return f"is not known; did you mean {meant[short]}?"
    if name in getattr(model, "shown", ()):
        return SET_BY_SERVER
    return f"is not known; {did_you_mean(name, known, 'fields')}"


@functools.cache
def _known(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of a model's fields as bodies write them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


@functools.cache
def _known_set(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(_known(model))


@functools.cache
def _inner(model: type[BaseModel]) -> Mapping[str, type[BaseModel]]:
    """The fields of a model that are objects with a model of their own."""
    found = {}
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found[field.alias or name] = kind
    return found


class OwnApi(Api):
    """Our own API. A route takes the query parameters and the body that it declares, and refuses all others. It also
    refuses a version in If-Match where it would not be compared. What has a key can be named by it (see BY_KEY).

    The table of operations (api/description/) tells what each route answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._schemas |= {**COMPONENTS, **LINES}
        self._answer_headers |= HEADERS

    def add(
        self, method: str, path: str, handler: Handler, summary: str, *, keyed: bool = True, **options: Any
    ) -> None:
        """As for every Api. Unknown parameters, and a body where none is declared, are refused before the handler.

        A path under an id is added under the key as well, with the same handler, unless it is not `keyed`.
        """
        under_id = next((place for place in BY_KEY if path.startswith(place)), None)
        if under_id is not None and keyed:
            by_key = BY_KEY[under_id] + path.removeprefix(under_id)
            self._add_careful(method, by_key, path, handler, f"{summary}, by its key", **options)
        self._add_careful(method, path, path, handler, summary, **options)

    def in_path(self, name: str) -> Mapping[str, Any]:
        return parameters.in_path(name)

    def _add_careful(
        self, method: str, path: str, told_as: str, handler: Handler, summary: str, **options: Any
    ) -> None:
        """`told_as` is the path under which the table of operations has the route."""
        known = tuple(options.get("query") or ())
        writes = method not in ("GET", "HEAD")
        bodiless = writes and options.get("body") is None
        versionless = writes and "If-Match" not in (options.get("headers") or ())

        takes_key = "Idempotency-Key" in (options.get("headers") or ())
        unrepeated = None if takes_key else _UNREPEATED.get(f"{method} {told_as}", _UNREPEATED[method])

        @functools.wraps(handler)
        async def careful(request: Request) -> Answer:
            if request.scope["query_string"]:
                refuse_parameters(request, known)
            if bodiless:
                await refuse_body(request)
            if versionless and "if-match" in request.headers:
                raise Invalid(Problem("If-Match", "no version is compared here; leave it out", "unknown"))
            if unrepeated is not None and "idempotency-key" in request.headers:
                refuse_repeat_key(request, unrepeated)
            return await handler(request)

        route = f"{method} {told_as.replace(':path}', '}')}"
        operation = OPERATIONS.get(route)
        if operation is not None:
            options["operation"] = described(
                operation, method, path, path != told_as, options.get("status", 200)
            )
            options["example"] = operation.sent()
        if options.get("body") is not None:
            options["body"] = self._named(options["body"], method)
        options["read_as"] = functools.partial(parameters.schema_of, path)
        if path.startswith((*BY_KEY, *BY_KEY.values())):
            for part, read_as in _READ_AS.items():
                path = path.replace(part, read_as)
        super().add(method, path, careful, summary, **options)

    def _named(self, body: Mapping[str, Any], method: str) -> Mapping[str, Any]:
        """The schema of a body as a component, if it has a name. A partial change needs none of the fields."""
        name = body.get("title")
        if name is None:
            return body
        own = {part: value for part, value in self._schema(body).items() if part != "title"}
        if method == "PATCH" and "required" in own:
            name = f"{name.removesuffix('Body')}Patch"
            del own["required"]
        self._schemas[name] = own
        return ref(name)


def refuse_parameters(request: Request, known: tuple[str, ...]) -> None:
    """Raises Invalid with every query parameter of a request that is not among the known ones, or that is given several
    times although it has one value: whichever of them was used, the others would be ignored."""
    times = Counter(name for name, _ in request.query_params.multi_items())
    problems = [
        Problem(name, f"is not known; {did_you_mean(name, known, 'parameters')}", "unknown")
        for name in islice((name for name in times if name not in known), MOST_TOLD)
    ]
    problems += [
        Problem(name, f"is given {count} times; give it once", "conflict")
        for name, count in times.items()
        if count > 1 and name in known and name not in REPEATABLE
    ]
    if problems:
        raise Invalid(problems)


def refuse_repeat_key(request: Request, words: str) -> None:
    """Raises Invalid for the Idempotency-Key of a request that is not recognised when it comes again. A run of a target
    sends one whatever it asks for; that key is the run's own, and passes."""
    headers = request.headers
    if headers["idempotency-key"] != headers.get("horarium-run"):
        raise Invalid(Problem("Idempotency-Key", f"is not taken here; leave it out: {words}", "unknown"))


async def refuse_body(request: Request) -> None:
    """Raises Invalid for a body that says something, where none is expected. An empty object says nothing."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    body = await read_body(request, LONGEST_UNWANTED)
    problems = list(_unwanted(body)) if body.strip() else []
    if problems:
        raise Invalid(problems)


def _unwanted(body: bytes) -> Iterator[Problem]:
    words = "this request takes no body"
    try:
        value = parse_json(body)
    except Malformed:
        yield Problem("", words, "unknown")
        return
    if isinstance(value, dict):
        for name in islice(value, MOST_TOLD):
            yield Problem(name, f"is not known: {words}", "unknown")
    elif value is not None:
        yield Problem("", words, "unknown")
