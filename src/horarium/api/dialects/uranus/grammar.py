"""How the recurrences of uranus are read: cron expressions, and objects for one instant or a delay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from horarium.times.grammar import Grammar, cron_text, delay_rule, once_rule
from horarium.times.problems import fail
from horarium.times.rules import Rule


def once_or_delay(spec: Mapping[str, Any]) -> Rule:
    """The grammar of a recurrence that is an object: {"once": an instant} or {"delay": seconds}."""
    if set(spec) == {"once"}:
        return once_rule(spec["once"])
    delay = spec.get("delay")
    if set(spec) == {"delay"}:
        if not isinstance(delay, int) or isinstance(delay, bool):
            raise fail("delay", "must be a whole number of seconds, at least 1", delay)
        return delay_rule(delay)
    raise fail("", "must have exactly one of once and delay")


GRAMMAR = Grammar(cron_text(macros=False), once_or_delay)
