"""The grammars by name, and the parsing of a recurrence by the grammar that it was written in.

A grammar says how expressions are read and how JSON objects are read. Every timing carries the name of its
grammar. The dialects register their grammars when they are loaded. So any code that has a timing can compile
it, without knowing which dialect it comes from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from sys import getsizeof
from typing import Any

from horarium.times.instants import InstantError, Rounding, seconds_of
from horarium.times.kept import kept
from horarium.times.parsing.aws import parse_aws
from horarium.times.parsing.cron import parse_cron
from horarium.times.parsing.durations import RATE_UNITS, parse_length
from horarium.times.parsing.structured import parse_structured
from horarium.times.problems import clip, fail
from horarium.times.rules import Delay, Once, Rule, UnionRule

# The longest expression and the longest recurrence as JSON, in characters.
EXPRESSION_LIMIT = 1024
JSON_LIMIT = 32 * 1024
# Bytes of rules that are kept in memory, and what a rule takes: mostly the mask of its years.
KEPT_BYTES, RULE_BYTES = 8 * 1024 * 1024, 2_000

TextReader = Callable[[str], Rule]
ObjectReader = Callable[[Mapping[str, Any]], Rule]


@dataclass(frozen=True, slots=True)
class Grammar:
    """How recurrences are read. Both functions raise RecurrenceError with every problem that they find.

    `text` reads an expression; `structured` reads an object. A dialect composes its grammar from the readers
    at the end of this module, or writes its own on top of them.
    """

    text: TextReader
    structured: ObjectReader


_grammars: dict[str, Grammar] = {}


def register_grammar(name: str, grammar: Grammar) -> None:
    """Make a grammar known under a name for the rest of the process. Registering the same one again does nothing.

    Raises ValueError if another grammar has the name, because the timings stored under it
    would change their meaning.
    """
    if _grammars.setdefault(name, grammar) is not grammar:
        raise ValueError(f"another grammar is registered under the name {name!r}")


def grammar_names() -> tuple[str, ...]:
    """The names of all registered grammars, in the order of their registration."""
    return tuple(_grammars)


def canonical_spec(spec: str | Mapping[str, Any]) -> str:
    """A recurrence as the text for `Timing.spec`: a text as it is, an object as compact JSON with sorted keys.

    An object with more values than the longest recurrence can have is not written. What stands for it is refused when
    it is parsed, as too long. Raises RecurrenceError for objects that cannot be written as JSON.
    """
    if isinstance(spec, str):
        return spec
    if _has_more_values(spec, JSON_LIMIT // 2):
        return "{" + " " * JSON_LIMIT
    try:
        return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise fail("", "the recurrence must be a text or a JSON object of plain values") from None


def _has_more_values(spec: Mapping[str, Any], most: int) -> bool:
    """Whether an object holds more than `most` values; no more than these are looked at."""
    waiting: list[Any] = [spec]
    seen = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            inner: Collection[Any] = value.values()
        elif isinstance(value, list):
            inner = value
        else:
            continue
        seen += len(inner)
        if seen > most:
            return True
        waiting.extend(inner)
    return False


def _size(question: tuple[Any, ...], rule: Rule) -> int:
    return getsizeof(question[0]) + RULE_BYTES * (len(rule.parts) if isinstance(rule, UnionRule) else 1)


@kept(KEPT_BYTES, _size)
def parse_spec(spec: str, dialect: str) -> Rule:
    """The rule of a canonical spec in the grammar of a dialect. Raises RecurrenceError with every problem found."""
    grammar = _grammars.get(dialect)
    if grammar is None:
        raise fail(
            "dialect",
            f"the dialect {clip(dialect)!r} is not installed here; installed are {', '.join(_grammars)}",
            dialect,
        )
    if not isinstance(spec, str) or not spec.strip():
        raise fail("", "a recurrence is missing; give an expression such as 0 9 * * *", spec)
    if spec.lstrip().startswith("{"):
        return grammar.structured(_object(spec))
    if len(spec) > EXPRESSION_LIMIT:
        raise fail(
            "", f"the expression is too long; at most {EXPRESSION_LIMIT} characters are accepted", spec
        )
    return grammar.text(spec)


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


# Readers of which a dialect can compose its grammar. Each returns a rule and raises RecurrenceError.


def cron_text(*, macros: bool) -> TextReader:
    """A reader of five cron fields; with `macros` also of @daily and its like, and of @every with a length of time."""
    return lambda text: parse_cron(text, seconds=False, macros=macros)


def aws_text(text: str) -> Rule:
    """Reads cron(...), rate(...) and at(...) as EventBridge Scheduler does."""
    return parse_aws(text, RATE_UNITS)


def wall_clock_object(spec: Mapping[str, Any]) -> Rule:
    """Reads {"calendars": [...], "intervals": [...]}, in which intervals are intervals of local time."""
    return parse_structured(spec, native=False)


def once_rule(value: object) -> Rule:
    """The rule of {"once": value}, a time with an offset. Fractions of a second are rounded up: never early."""
    try:
        return Once(seconds_of(value, Rounding.UP))
    except InstantError as error:
        raise fail("once", str(error), value) from None


def delay_rule(value: object) -> Rule:
    """The rule of {"delay": value}, a length of time from the anchor on. A fraction of a second is rounded up."""
    return Delay(parse_length(value, "delay", round_up=True))


def refuse_object(spec: Mapping[str, Any]) -> Rule:
    """Refuses every object: for a grammar that has only expressions."""
    raise fail("", "must be an expression, as a text")


def refuse_text(text: str) -> Rule:
    """Refuses every expression: for a grammar that has only calendars and intervals."""
    raise fail("", "must be an object with calendars or intervals", text)
