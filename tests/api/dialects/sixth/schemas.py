"""The schemas of sundial's OpenAPI page."""

from horarium.api.kit.schemas import INSTANT, TEXT, UUID, Schema, list_of, object_of, or_null

_WHEN: Schema = {"type": "string", "examples": ["09:30"]}
_ORDER = {"when": _WHEN, "zone": or_null(TEXT), "calls": TEXT}

SCHEMAS: dict[str, Schema] = {
    "Timer": object_of({"id": UUID, **_ORDER, "next": or_null(INSTANT)}, "id when zone calls next"),
    "Timers": object_of({"timers": list_of("Timer")}, "timers"),
    "NewTimer": object_of(_ORDER, "when calls"),
    "TimerChange": object_of({name: or_null(schema) for name, schema in _ORDER.items()}),
    "Preview": object_of({"when": _WHEN, "zone": or_null(TEXT)}, "when"),
    "Times": object_of({"times": list_of(INSTANT)}, "times"),
    "Error": object_of({"code": TEXT, "wrong": list_of(TEXT)}, "code wrong"),
}
