"""What a recurrence says, before zone and anchor are known: the value that every grammar parses to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from horarium.times.day_rules import DayRule

ALL_HOURS = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class Defaults:
    """How a grammar treats clock changes unless the schedule says otherwise."""

    gap: str
    overlap: str
    every_hour: str


CRON = Defaults("next_valid", "first", "elapsed")
AWS = Defaults("skip", "first", "literal")
STRUCTURED = Defaults("skip", "both", "literal")


@dataclass(frozen=True, slots=True)
class CalendarRule:
    """Masks of seconds, minutes, hours (bit n is n), the days, and a mask of years (None: all)."""

    second: int
    minute: int
    hour: int
    days: DayRule
    years: int | None
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class LocalInterval:
    """The wall-clock readings 1970-01-01T00:00:00 + offset + k * every."""

    every: int
    offset: int
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many elapsed seconds, the first one interval after the schedule's anchor."""

    every: int


@dataclass(frozen=True, slots=True)
class AlignedInterval:
    """The instants anchor + offset + k * every for every integer k; the anchor is its own."""

    every: int
    phase: int


@dataclass(frozen=True, slots=True)
class At:
    """One local reading."""

    wall: int


@dataclass(frozen=True, slots=True)
class Once:
    """One instant."""

    instant: int


@dataclass(frozen=True, slots=True)
class Delay:
    """So many seconds after the schedule's anchor."""

    seconds: int


@dataclass(frozen=True, slots=True)
class UnionRule:
    """Any of these."""

    parts: tuple[Rule, ...]


Rule = CalendarRule | LocalInterval | Rate | AlignedInterval | At | Once | Delay | UnionRule


def needs_anchor(rule: Rule) -> bool:
    """Whether the schedule's anchor matters."""
    if isinstance(rule, UnionRule):
        return any(needs_anchor(part) for part in rule.parts)
    return isinstance(rule, Rate | Delay)


@lru_cache(maxsize=4096)
def day_rule(months: int, days: int, weekdays: int, either: bool) -> DayRule:
    """One object for all expressions with the same plain days."""
    return DayRule(months, days, weekdays, either)
