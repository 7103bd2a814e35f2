"""How fast next instants are computed: one after another, at random, for a million
schedules; and how fast expressions are parsed. Each is compared with other libraries.

Figures of one run on one machine say little. The ratios to other libraries in the same run say more.
"""

from __future__ import annotations

import json
import random
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from math import prod
from zoneinfo import ZoneInfo

from horarium.api.kit import registry
from horarium.bench.shared_next import SharedNext
from horarium.times import TZDATA_VERSION, Timing, canonical_spec, compile_timing, zone_names
from horarium.times.grammar import parse_spec
from horarium.times.parsing.cron_fields import parse_field

SINCE, UNTIL = 1_767_225_600, 4_070_908_800  # 2026 to 2099
ZONES = ("UTC", "America/New_York")
CRON_CLASSES = {
    "every minute": "* * * * *",
    "every quarter": "*/15 * * * *",
    "daily": "0 9 * * *",
    "weekdays": "30 9 * * 1-5",
    "office hours": "0 9-17 * * MON-FRI",
    "at night": "30 2 * * *",
    "monthly": "0 0 1 * *",
    "13th or Friday": "0 12 13 * 5",
    "yearly": "0 0 1 1 *",
    "29 February": "0 0 29 2 *",
}
OTHER_CLASSES = {
    "every second": ("* * * * * *", "native"),
    "AWS last workday": ("cron(0 9 LW * ? *)", "autessa"),
    "AWS second Tuesday": ("cron(0 9 ? * 3#2 *)", "autessa"),
    "calendar and interval": (
        canonical_spec(
            {"calendars": [{"hour": [{"start": 9, "end": 17}]}], "intervals": [{"every": "5400s"}]}
        ),
        "cadenya",
    ),
    "rate": ("rate(5 minutes)", "autessa"),
}
SCHEDULES, PAIRS = 1_000_000, 500

ROUNDS = 5

Step = Callable[[], object]
Steps = dict[str, tuple[Step, int]]


@dataclass
class Row:
    """Microseconds for one next instant of one class of expressions in one zone; those of other libraries by name."""

    name: str
    zone: str
    chained: float
    cold: float
    peers: dict[str, float] = field(default_factory=dict)


@dataclass
class Report:
    """What one run has measured: microseconds, ratios (how many times faster we are), seconds for the million."""

    rows: list[Row]
    parse: dict[str, float]
    ratios: dict[str, float]
    parse_ratios: dict[str, float]
    million_seconds: float
    million_spread_seconds: float
    tzdata: str = TZDATA_VERSION


def run(*, quick: bool = False) -> Report:
    """Measure everything; `quick` takes a tenth of the samples."""
    registry.load()  # for the grammars of OTHER_CLASSES
    samples = 200 if quick else 2000
    rows = [_cron_row(name, spec, zone, samples) for name, spec in CRON_CLASSES.items() for zone in ZONES]
    rows += [
        _row(name, Timing(spec, dialect, zone), samples)
        for name, (spec, dialect) in OTHER_CLASSES.items()
        for zone in ZONES
    ]
    names = sorted({peer for row in rows for peer in row.peers})
    ratios = {
        peer: mean([row.peers[peer] / row.chained for row in rows if peer in row.peers]) for peer in names
    }
    parse = _parse_times(max(20, samples // 20))
    parse_ratios = {peer: parse[peer] / parse["horarium"] for peer in parse if peer != "horarium"}
    million, spread = advance_million()
    return Report(rows, parse, ratios, parse_ratios, million, spread)


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), indent=2)


def as_text(report: Report) -> str:
    """The report as a table of plain text."""
    peers = sorted(report.ratios)
    titles = "".join(f"{peer:>12} {'x':>6}" for peer in peers)
    lines = [f"{'class':<22}{'zone':<18}{'chained us':>11}{'cold us':>9}{titles}"]
    for row in report.rows:
        beside = "".join(
            f"{row.peers[p]:>12.1f} {row.peers[p] / row.chained:>5.0f}x" if p in row.peers else f"{'-':>19}"
            for p in peers
        )
        lines.append(f"{row.name:<22}{row.zone:<18}{row.chained:>11.2f}{row.cold:>9.2f}{beside}")
    lines += [
        f"{peer}: {ratio:.1f} times slower (geometric mean, chained)" for peer, ratio in report.ratios.items()
    ]
    lines += [f"parse: {name} {micros:.1f} us" for name, micros in report.parse.items()]
    lines.append(
        f"{SCHEDULES:,} schedules over {PAIRS} pairs advanced in one go: {report.million_seconds:.3f} s"
    )
    lines.append(f"the same, each from an instant of its own: {report.million_spread_seconds:.3f} s")
    return "\n".join(lines)


def _cron_row(name: str, spec: str, zone: str, samples: int) -> Row:
    steps = {peer: (step, max(20, samples // 10)) for peer, step in _peer_steps(spec, zone)}
    return _row(name, Timing(spec, zone=zone), samples, steps)


def _row(name: str, timing: Timing, samples: int, peers: Steps | None = None) -> Row:
    ours = {"chained": (_chained(timing), samples), "cold": (_cold(timing, samples), samples)}
    found = _best({**ours, **(peers or {})})
    return Row(name, timing.zone, found.pop("chained"), found.pop("cold"), found)


def _chained(timing: Timing) -> Step:
    """A step that asks for the instant after its last answer, and begins again when it reaches 2099."""
    recurrence = compile_timing(timing)
    at = SINCE

    def step() -> None:
        nonlocal at
        found = recurrence.next_after(at)
        at = SINCE if found is None or found > UNTIL else found

    return step


def _cold(timing: Timing, samples: int) -> Step:
    """A step that asks for the next instant after a random one, so that each question is about another year."""
    chance = random.Random(1)
    moments = cycle([chance.randrange(SINCE, UNTIL) for _ in range(samples)])
    recurrence = compile_timing(timing)
    return lambda: recurrence.next_after(next(moments))


def _best(steps: Steps) -> dict[str, float]:
    """Microseconds for one of each step, in the best of several
    rounds in turns, because no machine is quiet all the time."""
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(ROUNDS):
        for name, (step, samples) in steps.items():
            begun = time.perf_counter()
            for _ in range(samples):
                step()
            best[name] = min(best[name], (time.perf_counter() - begun) / samples * 1e6)
    return best


def _peer_steps(spec: str, zone: str) -> Iterator[tuple[str, Step]]:
    """A step to the next instant for each library that is installed."""
    start = datetime.fromtimestamp(SINCE, UTC).astimezone(ZoneInfo(zone))
    try:
        from cronsim import CronSim

        simulated = CronSim(spec, start)
        yield "cronsim", lambda: next(simulated)
    except ImportError:
        pass
    try:
        from croniter import croniter  # type: ignore[import-untyped]

        iterated = croniter(spec, start)
        yield "croniter", lambda: iterated.get_next(float)
    except ImportError:
        pass
    try:
        from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]

        yield (
            "apscheduler",
            _trigger_step(CronTrigger.from_crontab(_by_names(spec), timezone=ZoneInfo(zone)), start),
        )
    except ImportError:
        pass


def _trigger_step(trigger: object, start: datetime) -> Step:
    at = start

    def step() -> None:
        nonlocal at
        found = trigger.get_next_fire_time(at, at + timedelta(seconds=1))  # type: ignore[attr-defined]
        at = found or start

    return step


def _by_names(spec: str) -> str:
    """APScheduler counts weekdays from Monday, so numbers become names."""
    *others, weekdays = spec.split()
    named = {"1-5": "mon-fri", "5": "fri", "MON-FRI": "mon-fri"}
    return " ".join([*others, named.get(weekdays, weekdays)])


def _parse_times(samples: int) -> dict[str, float]:
    """Microseconds to parse one expression, the mean over the classes; our caches are emptied before each."""
    specs = list(CRON_CLASSES.values())

    def ours() -> None:
        for spec in specs:
            parse_field.cache_clear()
            parse_spec.__wrapped__(spec, "native")

    steps: Steps = {"horarium": (ours, samples)}
    start = datetime.fromtimestamp(SINCE, UTC)
    try:
        from cronsim import CronSim

        steps["cronsim"] = (lambda: [CronSim(spec, start) for spec in specs], samples)
    except ImportError:
        pass
    try:
        from croniter import croniter

        steps["croniter"] = (lambda: [croniter(spec, start) for spec in specs], samples)
    except ImportError:
        pass
    return {name: micros / len(specs) for name, micros in _best(steps).items()}


def advance_million() -> tuple[float, float]:
    """Seconds to find the next instants of a million schedules that share 500 pairs of expression and zone.

    First all after the same instant; then each after an instant of its own within one minute.
    """
    chance = random.Random(2)
    zones = sorted(zone_names())
    specs = [
        f"{minute} {hour} * * {days}" for minute in (0, 15, 30) for hour in (0, 7, 9) for days in ("*", "1-5")
    ]
    timings = [Timing(chance.choice(specs), zone=chance.choice(zones)) for _ in range(PAIRS)]
    pairs = array("H", [chance.randrange(PAIRS) for _ in range(SCHEDULES)])
    moments = array("q", [SINCE + chance.randrange(60) for _ in range(SCHEDULES)])
    recurrences = [compile_timing(timing) for timing in timings]
    return _timed(lambda: SharedNext(recurrences).advance_all(pairs, SINCE)), _timed(
        lambda: SharedNext(recurrences).advance_each(pairs, moments)
    )


def _timed(step: Step) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def mean(ratios: list[float]) -> float:
    """The geometric mean."""
    return prod(ratios) ** (1 / len(ratios)) if ratios else 0.0


if __name__ == "__main__":
    print(as_text(run()))
