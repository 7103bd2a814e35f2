"""Which grammars each dialect accepts, and the way from a spec as given to a rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from horarium.times.civil import END_WALL, FIRST_WALL, parse_rfc3339
from horarium.times.parsing.aws import is_aws, parse_at, parse_aws
from horarium.times.parsing.cron import parse_cron
from horarium.times.parsing.durations import NATIVE_RATE_UNITS, RATE_UNITS, parse_length, parse_rate
from horarium.times.parsing.structured import parse_structured
from horarium.times.problems import Collector, RecurrenceError, fail, prefixed
from horarium.times.rules import Delay, Once, Rate, Rule, UnionRule

EXPRESSION_LIMIT = 1024
JSON_LIMIT = 32 * 1024
MAX_PARTS = 32


def canonical_spec(spec: str | Mapping[str, Any]) -> str:
    """One text for one recurrence, for `Timing.spec`: strings as they are, objects as sorted compact JSON."""
    if isinstance(spec, str):
        return spec
    try:
        return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise fail("", "the recurrence must be a text or a JSON object of plain values") from None


@lru_cache(maxsize=4096)
def parse_spec(spec: str, dialect: str) -> Rule:
    """The rule of a canonical spec in a dialect; RecurrenceError with every problem found."""
    if dialect not in _DIALECTS:
        raise fail("dialect", f"unknown dialect; there are {', '.join(_DIALECTS)}", dialect)
    if not isinstance(spec, str) or not spec.strip():
        raise fail("", "a recurrence is missing; give an expression such as 0 9 * * *", spec)
    text, structured = _DIALECTS[dialect]
    if spec.lstrip().startswith("{"):
        return structured(_object(spec))
    if len(spec) > EXPRESSION_LIMIT:
        raise fail(
            "", f"the expression is too long; at most {EXPRESSION_LIMIT} characters are accepted", spec
        )
    return text(spec)


def _object(spec: str) -> Mapping[str, Any]:
    if len(spec) > JSON_LIMIT:
        raise fail("", f"the recurrence is too long; at most {JSON_LIMIT} characters are accepted", spec)
    try:
        value = json.loads(spec)
    except (ValueError, RecursionError):
        raise fail("", "the recurrence is not valid JSON", spec) from None
    if not isinstance(value, Mapping):
        raise fail("", "the recurrence must be a JSON object", spec)
    return value


def _native_text(spec: str) -> Rule:
    if is_aws(spec):
        return parse_aws(spec, NATIVE_RATE_UNITS)
    return parse_cron(spec, seconds=True, macros=True)


def _cron_object(value: object) -> Rule:
    if not isinstance(value, str):
        return _not_text("cron", value)
    text = _expression(value, "cron")
    try:
        return _native_text(text)
    except RecurrenceError as error:
        raise RecurrenceError(prefixed("cron", error)) from None


def _not_text(field: str, value: object) -> Rule:
    raise fail(field, "must be a text", value)


def _expression(text: str, field: str) -> str:
    if not text.strip() or len(text) > EXPRESSION_LIMIT:
        raise fail(field, f"must be an expression of 1 to {EXPRESSION_LIMIT} characters", text)
    return text


def _once(value: object) -> Rule:
    found = parse_rfc3339(value) if isinstance(value, str) else None
    if found is None:
        raise fail("once", "must be a time with an offset, such as 2026-01-01T09:00:00Z", value)
    # A fraction of a second is rounded up: never early.
    instant = found[0] + found[1]
    if not FIRST_WALL <= instant < END_WALL:
        raise fail("once", "must lie within the years 1 to 9999", value)
    return Once(instant)


def _at(value: object) -> Rule:
    return parse_at(value, "at") if isinstance(value, str) else _not_text("at", value)


def _rate(value: object) -> Rule:
    return (
        Rate(parse_rate(value, "rate", NATIVE_RATE_UNITS))
        if isinstance(value, str)
        else _not_text("rate", value)
    )


_SINGLE: dict[str, Callable[[Any], Rule]] = {
    "cron": _cron_object,
    "rate": _rate,
    "every": lambda value: Rate(parse_length(value, "every")),
    "at": _at,
    "once": _once,
    "delay": lambda value: Delay(parse_length(value, "delay", round_up=True)),
}


def _native_object(spec: Mapping[str, Any]) -> Rule:
    if "union" in spec and len(spec) == 1:
        return _union(spec["union"])
    return _native_part(spec)


def _native_part(spec: Mapping[str, Any]) -> Rule:
    if spec.keys() & {"calendars", "intervals"}:
        return parse_structured(spec, native=True)
    forms = f"{', '.join(_SINGLE)}, union, or calendars and intervals"
    if len(spec) != 1:
        raise fail("", f"the recurrence must have exactly one of {forms}", ", ".join(map(str, spec)))
    ((name, value),) = spec.items()
    if name not in _SINGLE:
        raise fail(str(name)[:80], f"is not a recurrence; there are {forms}")
    return _SINGLE[name](value)


def _union(parts: object) -> Rule:
    if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_PARTS:
        raise fail("union", f"must be a list of 1 to {MAX_PARTS} recurrences", parts)
    collector = Collector()
    rules = [
        collector.attempt(lambda part=part: _union_part(part), None, f"union[{index}]")  # type: ignore[misc]
        for index, part in enumerate(parts)
    ]
    collector.finish()
    leaves = [leaf for rule in rules if rule for leaf in _leaves(rule)]
    if len(leaves) > MAX_PARTS:
        raise fail("union", f"has {len(leaves)} rules in all; at most {MAX_PARTS} are accepted")
    return leaves[0] if len(leaves) == 1 else UnionRule(tuple(leaves))


def _leaves(rule: Rule) -> tuple[Rule, ...]:
    return rule.parts if isinstance(rule, UnionRule) else (rule,)


def _union_part(part: object) -> Rule:
    if isinstance(part, str):
        return _native_text(_expression(part, ""))
    if not isinstance(part, Mapping):
        raise fail("", "must be an expression or an object", part)
    return _native_part(part)


def _uranus_object(spec: Mapping[str, Any]) -> Rule:
    if set(spec) == {"once"}:
        return _once(spec["once"])
    delay = spec.get("delay")
    if set(spec) == {"delay"}:
        if not isinstance(delay, int) or isinstance(delay, bool):
            raise fail("delay", "must be a whole number of seconds, at least 1", delay)
        return Delay(parse_length(delay, "delay"))
    raise fail("", "must have exactly one of once and delay")


def _no_object(spec: Mapping[str, Any]) -> Rule:
    raise fail("", "must be an expression, as a text")


def _no_text(spec: str) -> Rule:
    raise fail("", "must be an object with calendars or intervals", spec)


_DIALECTS: dict[str, tuple[Callable[[str], Rule], Callable[[Mapping[str, Any]], Rule]]] = {
    "native": (_native_text, _native_object),
    "trustpager": (lambda text: parse_cron(text, seconds=False, macros=False), _no_object),
    "autessa": (lambda text: parse_aws(text, RATE_UNITS), _no_object),
    "m9m": (lambda text: parse_cron(text, seconds=False, macros=True), _no_object),
    "uranus": (lambda text: parse_cron(text, seconds=False, macros=False), _uranus_object),
    "cadenya": (_no_text, lambda spec: parse_structured(spec, native=False)),
}
DIALECTS = frozenset(_DIALECTS)
