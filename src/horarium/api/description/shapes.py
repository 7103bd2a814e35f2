"""The words that schemas are written with: JSON Schema, as OpenAPI 3.1 has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]


def text(words: str, *examples: str, **more: Any) -> Schema:
    return _described({"type": "string", **more}, words, examples)


def whole(words: str, *examples: int, **more: Any) -> Schema:
    return _described({"type": "integer", **more}, words, examples)


def number(words: str, *examples: float, **more: Any) -> Schema:
    return _described({"type": "number", **more}, words, examples)


def flag(words: str) -> Schema:
    return {"type": "boolean", "description": words}


def choice(words: str, among: Iterable[str]) -> Schema:
    return {"type": "string", "description": words, "enum": [str(value) for value in among]}


def instant(words: str) -> Schema:
    """RFC 3339, in UTC."""
    return text(words, "2026-03-08T09:00:00.000Z", format="date-time")


def length(words: str, *examples: float) -> Schema:
    """A length of time in seconds."""
    return number(f"{words}, in seconds", *examples, minimum=0)


def an_id(prefix: str, words: str) -> Schema:
    return text(words, f"{prefix}_01KJMMA2G0ET89C00HHC3ZY6K7")


def anything(words: str) -> Schema:
    """Any JSON value: what callers or targets have given."""
    return {"description": words}


def free(words: str) -> Schema:
    """An object whose members are its maker's own."""
    return {"type": "object", "description": words, "additionalProperties": True}


def texts_by_name(words: str) -> Schema:
    return {"type": "object", "description": words, "additionalProperties": {"type": "string"}}


def many(items: Schema, words: str) -> Schema:
    return {"type": "array", "description": words, "items": items}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "enum" in schema:
        return {**schema, "type": ["string", "null"], "enum": [*schema["enum"], None]}
    kind = schema["type"]
    return {**schema, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}


def thing(words: str, fields: dict[str, Schema], optional: Iterable[str] = ()) -> Schema:
    """An object with these fields. All are always there, except those that are optional."""
    left_out = set(optional)
    return {
        "type": "object",
        "description": words,
        "properties": fields,
        "required": [name for name in fields if name not in left_out],
    }


def _described(schema: Schema, words: str, examples: Iterable[Any]) -> Schema:
    found = {**schema, "description": words}
    if given := list(examples):
        found["examples"] = given
    return found
