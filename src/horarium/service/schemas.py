"""JSON Schemas that callers attach to targets: checked when given, applied to inputs within bounds.

Schemas are foreign. Nothing is fetched for a `$ref`; patterns run in an engine of linear time; the number of
references followed is bounded, so that a schema that refers to itself twice cannot occupy the server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic_core import SchemaError as BadPattern
from pydantic_core import SchemaValidator, core_schema
from pydantic_core import ValidationError as Mismatch
from referencing import Registry
from referencing.exceptions import Unresolvable

from horarium.domain.errors import Problem

SIZE_LIMIT = 64 * 1024
REFERENCES = 2_000
MOST_PROBLEMS = 20
_UNSUPPORTED = ("patternProperties", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef")
_NAMED_SCHEMAS = ("properties", "$defs", "definitions", "dependentSchemas")
_VALUES = ("const", "enum", "default", "examples")

_references: ContextVar[Iterator[int]] = ContextVar("_references")


class _TooMany(Exception):
    """A schema sends its validator round and round."""


def schema_problems(schema: Any, field: str) -> list[Problem]:
    """What is wrong with a schema as a caller gives it."""
    if not isinstance(schema, Mapping):
        return [Problem(field, "must be a JSON Schema: an object", "type")]
    if len(json.dumps(schema)) > SIZE_LIMIT:
        return [Problem(field, f"is larger than {SIZE_LIMIT // 1024} KiB", "too_long")]
    try:
        Draft202012Validator.check_schema(schema)
        return list(_unusable(schema, field))
    except SchemaError as error:
        return [Problem(_path(field, error), f"is not valid JSON Schema: {error.message[:300]}")]
    except RecursionError:
        return [Problem(field, "is nested too deeply")]


def input_problems(schema: Mapping[str, Any], value: Any, field: str) -> list[Problem]:
    """What is wrong with an input, by a schema that was accepted."""
    found = []
    _references.set(iter(range(REFERENCES)))
    try:
        for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
            found.append(Problem(_path(field, error), error.message[:300], "schema"))
            if len(found) == MOST_PROBLEMS:
                break
    except (_TooMany, RecursionError):
        return [Problem(field, "cannot be checked: the schema refers to itself too often", "schema")]
    except Unresolvable as error:
        words = f"cannot be checked: the schema refers to {error.ref!r}, which it does not hold"
        return [Problem(field, words, "schema")]
    return found


def _unusable(schema: Any, field: str) -> Iterator[Problem]:
    """Keywords that cannot be applied safely here, wherever they stand in a schema."""
    if isinstance(schema, list):
        for one in schema:
            yield from _unusable(one, field)
    if not isinstance(schema, Mapping):
        return
    for word, inner in schema.items():
        if word in _UNSUPPORTED:
            yield Problem(field, f"uses {word}, which is not supported here")
        elif word == "pattern" and isinstance(inner, str) and _matcher(inner) is None:
            yield Problem(
                field, f"has the pattern {inner[:80]!r}; look-around and back-references are not supported"
            )
        elif word in _NAMED_SCHEMAS and isinstance(inner, Mapping):
            for one in inner.values():
                yield from _unusable(one, field)
        elif word not in _VALUES:
            yield from _unusable(inner, field)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> SchemaValidator | None:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except BadPattern:
        return None


def _pattern(_: Validator, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    matcher = _matcher(pattern) if isinstance(instance, str) else None
    if matcher is None:
        return
    try:
        matcher.validate_python(instance)
    except Mismatch:
        yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")


def _unique(_: Validator, wanted: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    """In one pass, where the library compares each with each."""
    if wanted and isinstance(instance, list):
        texts = {json.dumps(one, sort_keys=True) for one in instance}
        if len(texts) < len(instance):
            yield ValidationError("has elements that are not unique")


_resolve = Draft202012Validator.VALIDATORS["$ref"]


def _refer(validator: Validator, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if next(_references.get(), None) is None:
        raise _TooMany
    yield from _resolve(validator, reference, instance, schema) or ()


_OWN = {"pattern": _pattern, "uniqueItems": _unique, "$ref": _refer}
_Bounded: Any = extend(Draft202012Validator, _OWN)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Validator:
    made: Validator = _Bounded(json.loads(schema), registry=Registry())
    return made


def _path(field: str, error: ValidationError | SchemaError) -> str:
    return ".".join([field, *(str(part) for part in error.absolute_path)])
