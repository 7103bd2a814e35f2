"""Holds every answer of our own API against its description, so that the description cannot become untrue.

It is stricter than clients are: a field that is not described is an error here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator
from starlette.routing import Mount

BASE = "/horarium/v1"


class _Answer:
    """What an operation answers in one media type. Its validator is made when it is first needed: there are some eight
    hundred of them, and a test asks for a few."""

    def __init__(self, schema: Any, components: Mapping[str, Any]) -> None:
        self._schema, self._components = schema, components

    @cached_property
    def validator(self) -> Draft202012Validator:
        named = {name: self._components[name] for name in _named_in(self._schema, self._components)}
        return Draft202012Validator({**self._schema, "components": {"schemas": named}})


@dataclass(slots=True)
class _Known:
    """An operation: its method, the form of its path, and its responses by status and media type."""

    method: str
    path: re.Pattern[str]
    name: str
    answers: Mapping[str, Mapping[str, _Answer]]


class Description:
    """The description of an application, ready to be compared with answers."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        components = {name: _closed(schema) for name, schema in document["components"]["schemas"].items()}
        self.known = [
            _Known(
                method.upper(),
                # The ids of directory items may hold slashes.
                re.compile(re.sub(r"\{\w+\}", ".+" if path == "/directory/{kind}/{id}" else "[^/]+", path)),
                operation["operationId"],
                {
                    status: {
                        media: _Answer(_closed(found["schema"]), components)
                        for media, found in response.get("content", {}).items()
                    }
                    for status, response in operation["responses"].items()
                },
            )
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]
        self.headers = {name.lower() for name in document["components"]["headers"]}
        # The more a path says itself, the earlier it is tried.
        self.known.sort(key=lambda known: known.path.pattern.count("[^/]+"))

    def check(self, method: str, path: str, status: int, media: str, body: bytes) -> None:
        """Raises AssertionError for an answer that is not described as it is."""
        known = next(
            (each for each in self.known if each.method == method and each.path.fullmatch(path)), None
        )
        if known is None:
            assert status in (400, 404, 405), f"{method} {path} answered {status}, and is not described"
            return
        if status in (404, 405) and (b"problem:no-route" in body or b"problem:wrong-method" in body):
            return  # pages may be at another address
        answers = known.answers.get(str(status))
        assert answers is not None, f"{known.name} answered {status}, which is not described"
        if not body:
            # A list of lines may have none.
            lines = "application/x-ndjson" in answers
            assert lines or not answers, f"{known.name} answered {status} without a body, which is described"
            return
        answer = answers.get(media)
        assert answer is not None, f"{known.name} answered {status} as {media}, which is not described"
        lines = body.splitlines() if media == "application/x-ndjson" else [body]
        for line in lines:
            value = line.decode() if media == "text/plain" else json.loads(line)
            for error in answer.validator.iter_errors(value):
                place = "/".join(map(str, error.instance_path))
                raise AssertionError(f"{known.name} {status}: {place or 'the whole'}: {error.message[:1000]}")


# Headers of answers that tell browsers, connections and proxies what to do, and clients nothing.
PLUMBING = frozenset(
    (
        "access-control-allow-origin", "access-control-expose-headers", "allow", "cache-control", "content-length",
        "content-security-policy", "content-type", "referrer-policy", "vary", "www-authenticate", "x-accel-buffering",
        "x-content-type-options", "x-frame-options",
    )
)  # fmt: skip
_COMPONENT = "#/components/schemas/"


def _named_in(schema: Any, components: Mapping[str, Any]) -> set[str]:
    """The components that a schema refers to, and those that they refer to in turn."""
    found: set[str] = set()
    missing = set(_references(schema))
    while missing:
        found |= missing
        missing = {name for each in missing for name in _references(components[each])} - found
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)
    elif isinstance(schema, dict):
        for name, part in schema.items():
            if name == "$ref":
                yield part.removeprefix(_COMPONENT)
            else:
                yield from _references(part)


def _closed(schema: Any) -> Any:
    """A schema that refuses fields which it does not describe, at every depth."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _closed(part) if name != "examples" else part for name, part in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return found


_descriptions: dict[str, Description] = {}


def description_of(api: Any) -> Description | None:
    """That of our own API within the whole application. All applications with the same routes share it."""
    for route in api.routes:
        if isinstance(route, Mount) and route.path == BASE:
            routes = "\n".join(
                sorted(f"{each.path} {getattr(each, 'methods', '')}" for each in route.app.routes)
            )  # type: ignore[attr-defined]
            if routes not in _descriptions:
                _descriptions[routes] = Description(route.app.openapi())  # type: ignore[attr-defined]
            return _descriptions[routes]
    return None


async def hold_against(api: Any, response: httpx.Response) -> None:
    """Compare an answer of our own API with its description. Answers of other APIs are passed over."""
    path = response.request.url.raw_path.decode().partition("?")[0]
    if not path.startswith(f"{BASE}/") or path.startswith((f"{BASE}/docs", f"{BASE}/openapi.json")):
        return
    if response.request.method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        return
    description = description_of(api)
    if description is not None:
        for name in response.headers:
            assert name in description.headers or name in PLUMBING, (
                f"the header {name} of answers is not described"
            )
        body = await response.aread()
        media = response.headers.get("content-type", "").partition(";")[0]
        description.check(response.request.method, path.removeprefix(BASE), response.status_code, media, body)
