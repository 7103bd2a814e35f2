"""Timings, and the recurrence that a timing means.

A timing is the complete statement of when a schedule fires: expression, dialect, zone, anchor, policies for
clock changes and bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from sys import getsizeof
from typing import Any

from horarium.times import descriptions
from horarium.times.civil import wall_text
from horarium.times.clock_changes import ClockChangePolicy
from horarium.times.day_rules import year_table
from horarium.times.grammar import parse_spec
from horarium.times.instants import FIRST_INSTANT, OUTSIDE, held
from horarium.times.kept import kept
from horarium.times.local_times import CalendarTimes, IntervalTimes, day_times
from horarium.times.problems import Collector, RecurrenceError, fail
from horarium.times.recurrence import Bounded, Calendar, Elapsed, OneShot, Recurrence, Zoned
from horarium.times.rules import (
    ALL_HOURS,
    AlignedInterval,
    At,
    CalendarRule,
    Defaults,
    Delay,
    LocalInterval,
    Once,
    Rate,
    Rule,
    UnionRule,
    needs_anchor,
)
from horarium.times.union import Union
from horarium.times.zones import Zone, zone

GAP_POLICIES = ("next_valid", "skip", "shift")
OVERLAP_POLICIES = ("first", "last", "both")
EVERY_HOUR_POLICIES = ("elapsed", "literal")
# Bytes of compiled recurrences that are kept in memory: by their timings, and by what timings share.
COMPILED_BYTES, SHARED_BYTES = 64 * 1024 * 1024, 16 * 1024 * 1024
# Bytes of descriptions that are kept in memory.
DESCRIBED_BYTES = 8 * 1024 * 1024
# What a part of a recurrence takes, beside its times and days.
PART_BYTES = 1_500


@dataclass(frozen=True, slots=True)
class Timing:
    """Everything that decides when a schedule fires. Equal timings are compiled once. Instants are whole seconds.

    `spec` is an expression, or the canonical JSON text of a structured recurrence (see `canonical_spec`), in
    the grammar of `dialect`. `zone` is an IANA name. `anchor` is the instant from which rate, @every, every
    and delay count. The three policies say what happens at clock changes; None means the default of the
    grammar. Only instants from `start` to `end`, both included, fire.
    """

    spec: str
    dialect: str = "native"
    zone: str = "UTC"
    anchor: int = 0
    dst_gap: str | None = None
    dst_overlap: str | None = None
    dst_every_hour: str | None = None
    start: int | None = None
    end: int | None = None


def wants_anchor(spec: str, dialect: str = "native") -> bool:
    """Whether a recurrence counts from `Timing.anchor` (rate, @every, every, delay). Raises RecurrenceError."""
    return needs_anchor(parse_spec(spec, dialect))


def timing_bytes(timing: Timing) -> int:
    """What the texts of a timing take in memory. One that was not judged yet has texts of any length."""
    return getsizeof(timing.spec) + getsizeof(timing.zone) + getsizeof(timing.dialect)


def _size(question: tuple[Any, ...], recurrence: Recurrence) -> int:
    (timing,) = question
    return timing_bytes(timing) + _bytes_of(recurrence)


def _bytes_of(recurrence: Recurrence) -> int:
    if isinstance(recurrence, Bounded):
        return _bytes_of(recurrence.inner)
    if isinstance(recurrence, Union):
        return sum(map(_bytes_of, recurrence.parts))
    if isinstance(recurrence, Calendar):
        return PART_BYTES + recurrence.calendar.times.most_bytes + recurrence.calendar.table.most_bytes
    return PART_BYTES


@kept(COMPILED_BYTES, _size)
def compile_timing(timing: Timing) -> Recurrence:
    """The recurrence of a timing. Raises RecurrenceError with every problem of spec, zone, policies and bounds.

    Timings that differ only in bounds, or in an anchor that is not used, share one object inside.
    """
    collector = Collector()
    rule = collector.attempt(lambda: parse_spec(timing.spec, timing.dialect), None)
    collector.attempt(lambda: zone(timing.zone), None)
    _check_policies(collector, timing)
    for field, bound in (("start", timing.start), ("end", timing.end)):
        if bound is not None and not held(bound):
            collector.add(field, OUTSIDE)
    if timing.start is not None and timing.end is not None and timing.end < timing.start:
        collector.add("end", "must not be before the start")
    collector.finish()
    assert rule is not None  # finish() raised otherwise
    anchor = timing.anchor if needs_anchor(rule) else 0
    inner = _compile_shared(replace(timing, anchor=anchor, start=None, end=None))
    if timing.start is None and timing.end is None:
        return inner
    return Bounded(inner, timing.start, timing.end)


@kept(DESCRIBED_BYTES, lambda question, words: timing_bytes(question[0]) + getsizeof(words))
def described(timing: Timing) -> str:
    """The recurrence of a timing in English. Raises RecurrenceError."""
    return compile_timing(timing).describe()


@kept(SHARED_BYTES, _size)
def _compile_shared(timing: Timing) -> Recurrence:
    rule = parse_spec(timing.spec, timing.dialect)
    if isinstance(rule, UnionRule):
        return Union([_bind(part, timing, zone(timing.zone)) for part in rule.parts])
    return _bind(rule, timing, zone(timing.zone))


def _check_policies(collector: Collector, timing: Timing) -> None:
    for field, value, known in (
        ("dst_gap", timing.dst_gap, GAP_POLICIES),
        ("dst_overlap", timing.dst_overlap, OVERLAP_POLICIES),
        ("dst_every_hour", timing.dst_every_hour, EVERY_HOUR_POLICIES),
    ):
        if value is not None and value not in known:
            collector.add(field, f"must be one of {', '.join(known)}", value)


def _bind(rule: Rule, timing: Timing, where: Zone) -> Recurrence:
    if isinstance(rule, CalendarRule):
        times, days = day_times(rule.second, rule.minute, rule.hour), year_table(rule.days, rule.years)
        walls, every_hour = CalendarTimes(times, days), rule.hour == ALL_HOURS
        return Calendar(
            walls,
            where,
            _policy(timing, rule.defaults, every_hour),
            partial(descriptions.calendar, rule, where.name),
        )
    if isinstance(rule, LocalInterval):
        beat = IntervalTimes(rule.every, rule.offset)
        return Zoned(
            beat,
            where,
            _policy(timing, rule.defaults, False),
            partial(descriptions.local_interval, rule, where.name),
        )
    if isinstance(rule, Rate):
        return Elapsed(
            rule.every,
            timing.anchor,
            timing.anchor + rule.every,
            partial(descriptions.rate, rule, timing.anchor),
        )
    if isinstance(rule, AlignedInterval):
        return Elapsed(
            rule.every, rule.phase % rule.every, FIRST_INSTANT, partial(descriptions.aligned_interval, rule)
        )
    return _one_shot(rule, timing, where)


def _one_shot(rule: Rule, timing: Timing, where: Zone) -> OneShot:
    if isinstance(rule, At):
        return _at(rule, where)
    if isinstance(rule, Once):
        return OneShot(rule.instant, partial(descriptions.once, rule))
    assert isinstance(rule, Delay)  # unions hold no unions
    instant = timing.anchor + rule.seconds
    if not held(instant):
        raise fail("delay", "ends after the year 9999", str(rule.seconds))
    return OneShot(instant, partial(descriptions.delay, rule, instant))


def _at(rule: At, where: Zone) -> OneShot:
    """The instant of a local time: the earlier of two, or the first after a gap. A note says so."""
    instant = where.resolve(rule.wall)
    if not held(instant):
        raise fail("at", OUTSIDE)
    note = ""
    if instant + where.offset(instant) != rule.wall:
        note = f"moved: the clock jumps over {wall_text(rule.wall)}"
    elif where.occurs_again(rule.wall, instant):
        note = "first pass of a repeated local time; the second does not fire"
    return OneShot(instant, partial(descriptions.at, rule, where.name), note)


def _policy(timing: Timing, defaults: Defaults, every_hour: bool) -> ClockChangePolicy:
    """The policy for clock changes. Expressions of every hour follow elapsed time, unless they are to be literal."""
    if every_hour and (timing.dst_every_hour or defaults.every_hour) == "elapsed":
        return ClockChangePolicy("skip", "both")
    return ClockChangePolicy(timing.dst_gap or defaults.gap, timing.dst_overlap or defaults.overlap)


__all__ = ["RecurrenceError", "Timing", "compile_timing", "wants_anchor"]
