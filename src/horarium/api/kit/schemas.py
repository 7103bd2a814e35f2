"""Small schemas for the OpenAPI pages of dialects, and functions that put larger ones together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
INSTANT: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
BEARER: Mapping[str, Schema] = {"bearer": {"type": "http", "scheme": "bearer"}}


def object_of(
    properties: Mapping[str, Schema], required: str | Iterable[str] = (), **more: Any
) -> dict[str, Any]:
    """An object. `required` are the names of fields, as a list or as one text with spaces between them; `more` are
    further keywords of the schema."""
    names = required.split() if isinstance(required, str) else list(required)
    made: dict[str, Any] = {"type": "object", "properties": dict(properties), **more}
    return {**made, "required": names} if names else made


def ref(name: str) -> Schema:
    """A reference to one of the page's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema | str) -> Schema:
    """An array. Its items are a schema, or the name of one of the page's schemas."""
    return {"type": "array", "items": ref(items) if isinstance(items, str) else items}


def or_null(schema: Schema) -> Schema:
    """The same schema, with null accepted beside what it accepts."""
    if "enum" in schema:
        rest = {name: value for name, value in schema.items() if name != "type"}
        return {**rest, "enum": [*(value for value in schema["enum"] if value is not None), None]}
    known = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*(name for name in known if name != "null"), "null"]}
