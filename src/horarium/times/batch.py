"""The command `horarium next --batch`: a line of JSON asks for fire instants, and a line of JSON answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from horarium.times.grammar import canonical_spec
from horarium.times.instants import InstantError, Rounding, seconds_of, utc_text
from horarium.times.problems import RecurrenceError, fail
from horarium.times.timing import Timing, compile_timing

MAX_COUNT = 1000
DEFAULT_COUNT = 5
# The longest line, in characters.
LINE_LIMIT = 256 * 1024


def answer_line(line: str) -> str:
    """The answer to one line, without a newline: {"times": [...]} or {"error": "..."}.

    A question has spec (a text or an object) and after (RFC 3339), and optionally timezone (UTC), count (5,
    at most 1000), dialect (native), anchor (the instant `after`), start, end, dst_gap, dst_overlap and
    dst_every_hour. The times are UTC and strictly after `after`. They are fewer than count if the recurrence
    ends. A recurrence that is well formed but never fires (31 February) is answered with both: no times, and
    the error that says why.
    """
    try:
        times = _answer(_question(line))
    except RecurrenceError as error:
        return json.dumps({"times": [], "error": str(error)} if error.never_fires else {"error": str(error)})
    return '{"times": [' + ", ".join(f'"{utc_text(instant)}"' for instant in times) + "]}"


def _question(line: str) -> Mapping[str, Any]:
    if len(line) > LINE_LIMIT:
        raise fail("", f"the line is too long; at most {LINE_LIMIT} characters are accepted")
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        raise fail("", "the line is not valid JSON") from None
    if not isinstance(question, dict):
        raise fail("", "the line must be a JSON object")
    return question


def _answer(question: Mapping[str, Any]) -> list[int]:
    after, count = _instant(question, "after"), _count(question)
    if after is None:
        raise fail("after", "is required: a time with an offset, such as 2026-03-08T00:00:00Z")
    recurrence = compile_timing(_timing(question, after))
    times: list[int] = []
    instant: int | None = after
    while len(times) < count and instant is not None:
        instant = recurrence.next_after(instant)
        if instant is not None:
            times.append(instant)
    return times


def _timing(question: Mapping[str, Any], after: int) -> Timing:
    spec = question.get("spec")
    if not isinstance(spec, str | Mapping):
        raise fail("spec", "is required: an expression, or an object", spec)
    anchor = _instant(question, "anchor")
    return Timing(
        spec=canonical_spec(spec),
        dialect=_text(question, "dialect", "native"),
        zone=_text(question, "timezone", "UTC"),
        anchor=after if anchor is None else anchor,
        dst_gap=_policy(question, "dst_gap"),
        dst_overlap=_policy(question, "dst_overlap"),
        dst_every_hour=_policy(question, "dst_every_hour"),
        start=_instant(question, "start", Rounding.UP),
        end=_instant(question, "end"),
    )


def _instant(question: Mapping[str, Any], field: str, rounding: Rounding = Rounding.DOWN) -> int | None:
    value = question.get(field)
    if value is None:
        return None
    try:
        return seconds_of(value, rounding)
    except InstantError as error:
        raise fail(field, str(error), value) from None


def _count(question: Mapping[str, Any]) -> int:
    value = question.get("count")
    count = DEFAULT_COUNT if value is None else value
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_COUNT:
        raise fail("count", f"must be a whole number from 1 to {MAX_COUNT}", value)
    return count


def _text(question: Mapping[str, Any], field: str, default: str) -> str:
    value = question.get(field)
    if value is None:
        return default
    if not isinstance(value, str):
        raise fail(field, "must be a text", value)
    return value


def _policy(question: Mapping[str, Any], field: str) -> str | None:
    return _text(question, field, "") or None


__all__ = ["answer_line"]
