"""The grammar of the project's own API: cron with seconds and macros, AWS expressions, objects, and unions of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from horarium.times.grammar import EXPRESSION_LIMIT, Grammar, delay_rule, once_rule
from horarium.times.parsing.aws import is_aws, parse_at, parse_aws
from horarium.times.parsing.cron import parse_cron
from horarium.times.parsing.durations import NATIVE_RATE_UNITS, interval_meant, parse_length, parse_rate
from horarium.times.parsing.structured import parse_structured
from horarium.times.problems import Collector, RecurrenceError, fail, prefixed
from horarium.times.rules import Rate, Rule, UnionRule

NAME = "native"
# The most recurrences of a union, counting those of unions inside it.
MAX_PARTS = 32


def _native_text(spec: str) -> Rule:
    if is_aws(spec):
        return parse_aws(spec, NATIVE_RATE_UNITS)
    meant = interval_meant(spec)
    if meant is not None:
        raise fail("", _interval_words(*meant), spec)
    return parse_cron(spec, seconds=True, macros=True)


def _interval_words(length: str, rate: str | None) -> str:
    as_rate = f"rate({rate}), " if rate else ""
    return f'an interval is written @every {length}, {as_rate}or as an object {{"every": "{length}"}}'


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
    "once": once_rule,
    "delay": delay_rule,
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
        raise fail(str(name)[:80], f"is not a kind of recurrence; the kinds are {forms}")
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
        raise fail("union", f"has {len(leaves)} recurrences in all; at most {MAX_PARTS} are accepted")
    return leaves[0] if len(leaves) == 1 else UnionRule(tuple(leaves))


def _leaves(rule: Rule) -> tuple[Rule, ...]:
    return rule.parts if isinstance(rule, UnionRule) else (rule,)


def _union_part(part: object) -> Rule:
    if isinstance(part, str):
        return _native_text(_expression(part, ""))
    if not isinstance(part, Mapping):
        raise fail("", "must be an expression or an object", part)
    return _native_part(part)


GRAMMAR = Grammar(_native_text, _native_object)
