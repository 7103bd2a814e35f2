"""Where other libraries answer differently, and which rule explains each difference.

    python -m tests.times.peers [--count 3000] [--seed N]

A difference is explained only by proof: the expression is read the way the peer reads it (or a policy is
chosen that the peer follows), and then every instant agrees. Where the first instant that differs lies within
two days of a clock change and no reading or policy gives the peer's answer, it is counted as the peer's own.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

from horarium.api.kit import registry
from horarium.times import Timing, canonical_spec, compile_timing, zone_names
from horarium.times.grammar import parse_spec
from horarium.times.local_times import bit_numbers
from horarium.times.rules import CalendarRule
from tests.support import oracle
from tests.times.expressions import EVERY_HOUR, GAPS, OVERLAPS, cron_case

ASKED = 6
DAY = 86_400
YEAR_2026, YEAR = 1_767_225_600, 31_556_952
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
Answer = list[int] | str
Explained = Iterator[tuple[str, Timing]]


def ours(timing: Timing, after: int) -> list[int]:
    recurrence = compile_timing(timing)
    found: list[int] = []
    at: int | None = after
    while at is not None and len(found) < ASKED:
        at = recurrence.next_after(at)
        if at is not None:
            found.append(at)
    return found


def by_cronsim(timing: Timing, after: int) -> Answer:
    return _asked(lambda start: (int(at.timestamp()) for at in CronSim(timing.spec, start)), timing, after)


def by_croniter(timing: Timing, after: int) -> Answer:
    return _asked(lambda start: map(int, croniter(timing.spec, start).all_next(float)), timing, after)


def by_apscheduler(timing: Timing, after: int) -> Answer:
    def walk(start: datetime) -> Iterator[int]:
        trigger, at, previous = _trigger(timing), start + timedelta(seconds=1), None
        while (found := trigger.get_next_fire_time(previous, at)) is not None:
            yield int(found.timestamp())
            previous, at = found, found

    return _asked(walk, timing, after)


def _asked(walk: Callable[[datetime], Iterator[int]], timing: Timing, after: int) -> Answer:
    start = datetime.fromtimestamp(after, UTC).astimezone(oracle.zone_info(timing.zone))
    try:
        return [at for at, _ in zip(walk(start), range(ASKED), strict=False)]
    except Exception as error:  # a peer may refuse or fail in any way; that is a difference to report
        return f"{type(error).__name__}: {error}"


def _rule(timing: Timing) -> CalendarRule:
    rule = parse_spec(timing.spec, timing.dialect)
    assert isinstance(rule, CalendarRule)
    return rule


def _trigger(timing: Timing) -> CronTrigger:
    """Its own syntax has no a/n and counts weekdays from Monday, so it is given lists and names."""
    rule = _rule(timing)

    def listed(mask: int) -> str:
        return ",".join(map(str, bit_numbers(mask)))

    return CronTrigger(
        minute=listed(rule.minute),
        hour=listed(rule.hour),
        day=listed(rule.days.days),
        month=listed(rule.days.months),
        day_of_week=",".join(WEEKDAYS[day] for day in bit_numbers(rule.days.weekdays)),
        timezone=oracle.zone_info(timing.zone),
    )


# The readings of others: each yields (the rule that differs, the timing read their way).


def _star_step_is_a_restriction(timing: Timing) -> Explained:
    """`*/2` in a day field restricts, so that both restricted days mean either."""
    fields = timing.spec.split()
    for index, low in ((2, 1), (4, 0)):
        if re.match(r"\*(/[2-9]|/1\d|/2\d|/3\d|/1\b|,)", fields[index]):
            fields[index] = re.sub(r"^\*", f"{low}-{31 if low else 6}", fields[index])
    yield "day field that begins with * but is no plain *", replace(timing, spec=" ".join(fields))


def _weekday_step_ends_on_saturday(timing: Timing) -> Explained:
    """`2/5` among weekdays goes up to 6, not to 7, and `7/5` begins at 0."""
    *fields, weekdays = timing.spec.split()
    bounded = ",".join(
        re.sub(r"^([0-6])/", r"\1-6/", item.replace("7/", "0/")) for item in weekdays.split(",")
    )
    yield "a/n among weekdays", replace(timing, spec=" ".join([*fields, bounded]))


def _one_number_range_is_open(timing: Timing) -> Explained:
    """`9-9/2` is read as `9/2`."""
    spec = re.sub(r"\b(\d+)-0*\1/", r"\1/", timing.spec)
    yield "a-a/n", replace(timing, spec=spec)


def _one_number_range_is_everything(timing: Timing) -> Explained:
    """`9-9` is read as the whole range, and `9-9/2` as the whole range in steps of 2."""
    fields = timing.spec.split()
    for index, (low, high) in enumerate(((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))):
        fields[index] = re.sub(r"\b(\d+)-0*\1\b", f"{low}-{high}", fields[index])
    yield "a-a", replace(timing, spec=" ".join(fields))


def _days_must_both_match(timing: Timing) -> Explained:
    """Day of month and weekday are never an alternative."""
    rule = _rule(timing)
    fields = {
        "minute": rule.minute,
        "hour": rule.hour,
        "dayOfMonth": rule.days.days,
        "month": rule.days.months,
        "dayOfWeek": rule.days.weekdays & 0x7F,
    }
    row = {name: [{"start": n, "end": n} for n in bit_numbers(mask)] for name, mask in fields.items()}
    policies = [
        timing.dst_gap or "next_valid",
        timing.dst_overlap or "first",
        timing.dst_every_hour or "elapsed",
    ]
    yield (
        "both days restricted",
        Timing(canonical_spec({"calendars": [row]}), "cadenya", timing.zone, 0, *policies),
    )


PEERS = {
    "cronsim": (by_cronsim, (_one_number_range_is_open,)),
    "croniter": (
        by_croniter,
        (
            _one_number_range_is_everything,
            _star_step_is_a_restriction,
            _weekday_step_ends_on_saturday,
        ),
    ),
    "apscheduler": (by_apscheduler, (_days_must_both_match,)),
}


def explain(name: str, timing: Timing, after: int, expected: list[int], answer: Answer) -> str:
    """The rule that explains a difference, or "UNEXPLAINED"."""
    if isinstance(answer, str):
        return f"refused: {answer.split(':')[0]}"
    readings = [("", timing)]
    for step in PEERS[name][1]:
        readings += [
            (f"{rule} + {label}".strip(" +"), other) for rule, t in readings for label, other in step(t)
        ]
    for policies in [(None, None, None), *product(GAPS, OVERLAPS, EVERY_HOUR)]:
        for label, other in readings:
            chosen = replace(other, dst_gap=policies[0], dst_overlap=policies[1], dst_every_hour=policies[2])
            if other.dialect == "cadenya" and policies == (None, None, None):
                chosen = other
            if _same(chosen, after, answer):
                clock = f"clock change: {', '.join(map(str, policies))}" if policies[0] else ""
                return " + ".join(part for part in (label, clock) if part)
    if name == "apscheduler" and _lost_after_midnight(readings[-1][1], after, answer):
        return "clock change: what lies within its length after the next midnight is lost"
    return _unlike_any_policy([other for _, other in readings], after, answer)


def _same(timing: Timing, after: int, answer: list[int]) -> bool:
    try:
        return ours(timing, after)[: len(answer)] == answer
    except ValueError:
        return False


def _lost_after_midnight(timing: Timing, after: int, answer: list[int]) -> bool:
    """Nothing is added, and all that is lost lies within three hours of a local midnight."""
    info = oracle.zone_info(timing.zone)
    recurrence = compile_timing(timing)
    expected = []
    at = recurrence.next_after(after)
    while at is not None and at <= answer[-1]:
        expected.append(at)
        at = recurrence.next_after(at)
    changed = oracle.transitions(timing.zone, after - DAY, answer[-1])
    lost = set(expected) - set(answer)
    return (
        bool(changed)
        and set(answer) <= set(expected)
        and all(datetime.fromtimestamp(at, UTC).astimezone(info).hour < 3 for at in lost)
    )


def _unlike_any_policy(readings: list[Timing], after: int, answer: list[int]) -> str:
    """Whether, in some reading, the first difference is at a clock change."""
    for timing in readings:
        expected = ours(timing, after)
        pairs = zip(expected, answer, strict=False)
        first = next((min(pair) for pair in pairs if pair[0] != pair[1]), None)
        if first is None or oracle.transitions(timing.zone, first - 2 * DAY, first + 2 * DAY):
            return "clock change: no policy explains it"
    return "UNEXPLAINED"


def compare(count: int, seed: int) -> tuple[Counter[tuple[str, str]], dict[tuple[str, str], str]]:
    """(how many answers each peer gave by rule, an example of each); the rule "" is agreement."""
    random, found, examples = Random(seed), Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    zones = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", *sorted(zone_names())]
    for _ in range(count):
        spec = cron_case(random).spec if random.random() < 0.6 else _at_night(random)
        timing = Timing(spec, zone=random.choice(zones))
        after = random.randrange(YEAR_2026, YEAR_2026 + YEAR)
        changes = oracle.transitions(timing.zone, YEAR_2026, YEAR_2026 + YEAR)
        if changes and random.random() < 0.6:
            after = random.choice(changes) - random.randrange(DAY)
        expected = ours(timing, after)
        for name, (ask, _) in PEERS.items():
            answer = ask(timing, after)
            rule = "" if answer == expected else explain(name, timing, after, expected, answer)
            found[name, rule] += 1
            examples.setdefault(
                (name, rule), f"{timing.spec} in {timing.zone} after {after}: {expected} / {answer}"
            )
    return found, examples


def _at_night(random: Random) -> str:
    """Where clocks change, and plain otherwise."""
    minute = random.choice(("0", "30", "*/15", "*", "5,35", "59"))
    hour = random.choice(("*", "0", "1", "2", "3", "0-3", "1,2", "*/2", "0-23", "23"))
    return f"{minute} {hour} * * {random.choice(('*', '*', '0', '1-5'))}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    found, examples = compare(chosen.count, chosen.seed)
    for (name, rule), times in sorted(found.items(), key=lambda item: (item[0][0], -item[1])):
        print(f"{name:<12} {times:>6}  {rule or 'agrees'}")
        if rule:
            print(f"{'':<20} {examples[name, rule]}")
    return 1 if any(rule == "UNEXPLAINED" for _, rule in found) else 0


if __name__ == "__main__":
    registry.load()
    sys.exit(main())
