"""Rules: what a recurrence says, before its zone and its anchor are known. Every grammar parses to a rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from horarium.times.day_rules import DayRule

ALL_HOURS = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class Defaults:
    """How the expressions of a grammar treat clock changes, unless the schedule says otherwise.

    `gap` and `overlap` are as in ClockChangePolicy. `every_hour` is "elapsed" or "literal": with "elapsed",
    expressions that fire in every hour follow elapsed time, whatever the other two say.
    """

    gap: str
    overlap: str
    every_hour: str


CRON = Defaults("next_valid", "first", "elapsed")
AWS = Defaults("skip", "first", "literal")
STRUCTURED = Defaults("skip", "both", "literal")


@dataclass(frozen=True, slots=True)
class CalendarRule:
    """A calendar: masks of seconds, minutes and hours (bit n stands for n), the days, and a mask of years.

    `years` is None if all years match.
    """

    second: int
    minute: int
    hour: int
    days: DayRule
    years: int | None
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class LocalInterval:
    """The local times 1970-01-01T00:00:00 + offset + k * every, for every integer k. Both are seconds."""

    every: int
    offset: int
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class Rate:
    """Every `every` seconds of elapsed time. The first instant is one interval after the anchor of the schedule."""

    every: int


@dataclass(frozen=True, slots=True)
class AlignedInterval:
    """The instants phase + k * every, for every integer k: elapsed time, independent of the schedule's anchor."""

    every: int
    phase: int


@dataclass(frozen=True, slots=True)
class At:
    """A single local time, as a wall second."""

    wall: int


@dataclass(frozen=True, slots=True)
class Once:
    """A single instant."""

    instant: int


@dataclass(frozen=True, slots=True)
class Delay:
    """A single instant, `seconds` after the anchor of the schedule."""

    seconds: int


@dataclass(frozen=True, slots=True)
class UnionRule:
    """Every instant of any of the parts. A part is never a union itself."""

    parts: tuple[Rule, ...]


Rule = CalendarRule | LocalInterval | Rate | AlignedInterval | At | Once | Delay | UnionRule


def needs_anchor(rule: Rule) -> bool:
    """Whether the instants of a rule depend on the anchor of the schedule."""
    if isinstance(rule, UnionRule):
        return any(needs_anchor(part) for part in rule.parts)
    return isinstance(rule, Rate | Delay)


@lru_cache(maxsize=4096)
def day_rule(months: int, days: int, weekdays: int, either: bool) -> DayRule:
    """A day rule without special days. Expressions with the same days share one object."""
    return DayRule(months, days, weekdays, either)
