"""The schemas that m9m's resources share."""

from __future__ import annotations

from horarium.api.kit.schemas import BEARER, COUNT, TEXT, Schema, list_of, object_of

WINDOW: dict[str, Schema] = {
    "offset": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
}
ITEMS: Schema = {"type": "array", "items": {}, "description": "what each run is given"}
SECURITY: dict[str, Schema] = {
    **BEARER,
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def page_of(schema: str, name: str) -> Schema:
    """A page of a list, which carries its rows under two names: `data` and the product's own."""
    rows = list_of(schema)
    shown = {"data": rows, name: rows, "total": COUNT, "offset": COUNT, "limit": COUNT}
    return object_of(shown, " ".join(shown))


SCHEMAS: dict[str, Schema] = {
    "Error": object_of(
        {
            "error": TEXT,
            "code": TEXT,
            "message": TEXT,
            "details": {"type": "object", "additionalProperties": TEXT},
        },
        "error code message",
    ),
}
