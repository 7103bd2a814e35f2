"""Answers as the server may give them, made of the description of its API: with everything in them, or with as little
as there may be. Each value names the field in which it stands, so that none can be mistaken for another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
BASE = "/horarium/v1"


@cache
def _document() -> Any:
    return json.loads(DOCUMENT.read_text("utf-8"))


@cache
def _paths() -> list[tuple[re.Pattern[str], Any]]:
    """The routes, those first that say more of their path themselves."""
    paths = sorted(_document()["paths"].items(), key=lambda path: path[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), methods) for path, methods in paths]


def answer_to(request: httpx.Request, items: str) -> httpx.Response:
    """What is answered where all is well. `items`: of a list, one letter for each item, `f` for one with everything and
    `s` for a sparse one; any other answer is as the first letter says."""
    path = request.url.path.removeprefix(BASE)
    operation = next(methods for form, methods in _paths() if form.fullmatch(path))[request.method.lower()]
    # What is made, where something is; 200 would be what is there, or what would be made.
    status = max(status for status in operation["responses"] if status.startswith("2"))
    response = operation["responses"][status]
    content = response.get("content", {})
    if request.headers.get("accept") == "text/event-stream":  # it would go on for ever
        return httpx.Response(403, json={"detail": "the stream ends"})
    if "application/json" not in content:
        text = '{"line": 1}\n{"line": 2}\n' if content else ""
        return httpx.Response(int(status), text=text, headers={"content-type": "application/x-ndjson"})
    return httpx.Response(int(status), json=_Sample(items).of(content["application/json"]["schema"], ""))


class _Sample:
    """One answer. Numbers and instants count up, in the order of the description."""

    def __init__(self, items: str) -> None:
        self._items, self._full = items, items.startswith("f")
        self._numbers = count(1)

    def of(self, schema: Mapping[str, Any], at: str) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self.of(_document()["components"]["schemas"][name], at)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                ways = [way for way in schema[several] if way.get("type") != "null"]
                return self.of(ways[0], at) if self._full or len(ways) == len(schema[several]) else None
        if "allOf" in schema:
            return {name: value for part in schema["allOf"] for name, value in self.of(part, at).items()}
        if "enum" in schema:
            return schema["enum"][-1]
        if "const" in schema:
            return schema["const"]
        kinds = schema.get("type", "any")
        if isinstance(kinds, list):
            if not self._full and "null" in kinds:
                return None
            kinds = next(kind for kind in kinds if kind != "null")
        return getattr(self, f"_{kinds}")(schema, at)

    def _object(self, schema: Mapping[str, Any], at: str) -> Any:
        parts = schema.get("properties", {})
        if "next_cursor" in parts and "items" in parts:
            return {"items": list(self._all_items(parts["items"])), "next_cursor": None}
        found = {
            name: self.of(part, f"{at}.{name}" if at else name)
            for name, part in parts.items()
            if self._full or name in schema.get("required", ())
        }
        more = schema.get("additionalProperties")
        if not parts and self._full and more is not False:
            found["name"] = self.of(more, f"{at}.name") if isinstance(more, dict) else f"{at.upper()}.NAME"
        return found

    def _all_items(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        for letter in self._items.replace("0", ""):
            self._full = letter == "f"
            yield self.of(schema["items"], "")

    def _array(self, schema: Mapping[str, Any], at: str) -> Any:
        if at == "items":
            return list(self._all_items(schema))
        return [self.of(schema.get("items", {}), f"{at}.{number}") for number in (0, 1)] if self._full else []

    def _string(self, schema: Mapping[str, Any], at: str) -> str:
        if schema.get("format") == "date-time":
            return f"2026-03-01T12:{next(self._numbers):02}:00.000Z"
        return at.upper()

    def _integer(self, schema: Mapping[str, Any], at: str) -> int:
        return next(self._numbers)

    def _number(self, schema: Mapping[str, Any], at: str) -> float:
        return next(self._numbers) + 0.5

    def _boolean(self, schema: Mapping[str, Any], at: str) -> bool:
        return self._full

    def _null(self, schema: Mapping[str, Any], at: str) -> None:
        return None

    def _any(self, schema: Mapping[str, Any], at: str) -> Any:
        return f"{at.upper()}" if self._full else None
