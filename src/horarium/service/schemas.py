"""The JSON Schemas that callers attach to targets: checked when given, and applied to the inputs of schedules.

A check takes at most `MOST_STEPS` steps, about a tenth of a second, whatever the schema and the input are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.json_schema import (
    Budget,
    Mismatch,
    TooMuchWork,
    Unresolvable,
    schema_mismatches,
    value_mismatches,
)

SIZE_LIMIT = 64 * 1024
MOST_STEPS = 100_000
MOST_PROBLEMS = 20


def schema_problems(schema: Any, field: str) -> list[Problem]:
    """What is wrong with a schema as a caller gives it."""
    if not isinstance(schema, Mapping):
        return [Problem(field, "must be a JSON Schema: an object", "type")]
    if len(orjson.dumps(schema)) > SIZE_LIMIT:
        return [Problem(field, f"is larger than {SIZE_LIMIT // 1024} KiB", "too_long")]
    try:
        return _problems(schema_mismatches(schema, Budget(MOST_STEPS)), field, "value")
    except TooMuchWork:
        words = f"takes more than {MOST_STEPS} steps to read: give it fewer or smaller patterns"
        return [Problem(field, words, "schema")]


def input_problems(schema: Mapping[str, Any], value: Any, field: str) -> list[Problem]:
    """What is wrong with an input, by a schema that was accepted."""
    try:
        return _problems(value_mismatches(schema, value, Budget(MOST_STEPS)), field, "schema")
    except TooMuchWork:
        words = (
            f"takes more than {MOST_STEPS} steps to check against the target's input_schema: "
            "send less, or give the target a simpler schema"
        )
        return [Problem(field, words, "schema")]
    except Unresolvable as error:
        words = f"cannot be checked: the schema refers to {error.reference[:200]!r}, which it does not hold"
        return [Problem(field, words, "schema")]


def _problems(found: Sequence[Mismatch], field: str, code: str) -> list[Problem]:
    return [
        Problem(".".join([field, *(str(part) for part in one.path)]), one.message, code)
        for one in found[:MOST_PROBLEMS]
    ]
