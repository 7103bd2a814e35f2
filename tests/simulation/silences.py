"""What neighbours do to each other in a script: targets that fall silent, for minutes or hours, and come back.

Everything here is drawn from a stream of chance of its own, so that the rest of a script stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies

if TYPE_CHECKING:
    from tests.simulation.script import Event, Script, TargetPlan

# The shares of scripts in which targets are silent for minutes and for hours. Of the others nothing is changed but the
# number of workspaces.
MINUTES, HOURS = 0.2, 0.004
# How long a script lasts in which targets are silent for minutes.
DURATION_S = 150.0
# In hours of simulated time the loops that only look after lost things look less often.
HOURS_UPKEEP_S = 5.0
# The time limits that users set: short ones, the default, and that of a language model.
TIME_LIMITS_S = (1.0, 2.0, 2.0, 5.0, 10.0, 30.0, 120.0)
# Answers of a target that is well, in weights.
GOOD = ({"ok": 1}, {"ok": 1}, {"ok": 8, "fail": 2}, {"ok": 20, "broken": 1})
LONG_LIMIT_S = 90.0


def with_neighbours(script: Script) -> Script:
    """The script with several workspaces, and in some scripts with targets that fall silent."""
    random = Random(f"neighbours {script.seed}")
    workspaces = random.choice((2, 2, 3, 4))
    script = _apart(script, workspaces)
    drawn = random.random()
    if drawn < HOURS:
        return _silent(random, _stretched(random, script), hours=True)
    if drawn < HOURS + MINUTES:
        return with_silences(script, random)
    return script


def with_silences(script: Script, random: Random) -> Script:
    """The script with targets more, of which some fall silent for a while. It ends after so many seconds, and nobody
    does anything after that: a pause would then have no end."""
    profile = replace(script.profile, duration=DURATION_S)
    events = tuple(event for event in script.events if event.at < DURATION_S)
    return _silent(random, replace(script, profile=profile, events=events), hours=False)


def _apart(script: Script, workspaces: int) -> Script:
    profile = replace(script.profile, workspaces=workspaces)
    targets = tuple(replace(one, workspace=n % workspaces) for n, one in enumerate(script.targets))
    return replace(script, profile=profile, targets=targets)


def _stretched(random: Random, script: Script) -> Script:
    """The same events over hours. What fired every few seconds fires a few times a minute."""
    duration = random.choice((5_400.0, 9_000.0))
    factor = duration / script.profile.duration
    events = tuple(
        replace(event, at=round(event.at * factor, 4), args=_rarer(event.args)) for event in script.events
    )
    profile = replace(script.profile, duration=duration, upkeep=HOURS_UPKEEP_S, poll=5.0)
    return replace(script, profile=profile, events=events)


def _rarer(args: Any) -> Any:
    timing = args.get("timing")
    if timing is None:
        return args
    spec = timing["spec"]
    if len(spec.split()) == 6 and spec.endswith("* * * * *"):
        timing = {**timing, "spec": "0,40 * * * * *"}
    elif spec.startswith("@every"):
        timing = {**timing, "spec": "@every 1m30s"}
    return {**args, "timing": timing}


def _silent(random: Random, script: Script, hours: bool) -> Script:
    """Some targets more: one or two that fall silent, one that takes its time, and a good one beside them."""
    from tests.simulation.script import Event, TargetPlan

    profile, first = script.profile, len(script.targets)
    plans: list[TargetPlan] = []
    for _ in range(random.choice((1, 1, 2))):
        plans.append(TargetPlan(0, random.choice(GOOD), timeout_s=random.choice(TIME_LIMITS_S)))
    silent = len(plans)
    if random.random() < 0.4:
        plans.append(TargetPlan(0, {"long": 1}, timeout_s=LONG_LIMIT_S))
    plans.append(TargetPlan(0, random.choice(GOOD), timeout_s=random.choice((2.0, 30.0))))
    plans = [
        replace(one, workspace=random.randrange(profile.workspaces), prompt="long" not in one.behaviour)
        for one in plans
    ]
    number = 1 + max((event.args.get("schedule", 0) for event in script.events), default=0)
    events: list[Event] = list(script.events)
    for index, plan in enumerate(plans):
        for _ in range(random.choice((1, 1, 2))):
            events.append(_busy_schedule(random, profile.duration, number, first + index, plan, hours))
            number += 1
    for index in range(silent):
        for at, seconds in _silences(random, profile.duration, hours):
            if at < profile.duration:
                events.append(Event(at, "fault_silence", {"target": first + index, "seconds": seconds}))
    events.sort(key=lambda event: event.at)
    return replace(script, targets=(*script.targets, *plans), events=tuple(events))


def _busy_schedule(
    random: Random, duration: float, number: int, target: int, plan: TargetPlan, hours: bool
) -> Event:
    """A schedule that gives a target more than a few runs, so that some of them wait while it is silent."""
    from tests.simulation.script import Event

    audience = random.random() < 0.5 and "long" not in plan.behaviour
    often, seldom = ("*/20", "0") if hours else ("*/2", "*/20")
    overlap = Overlap.SKIP if hours else random.choice((Overlap.ALLOW, Overlap.ALLOW, Overlap.SKIP))
    retry = Retry(max_attempts=random.choice((1, 2, 3)), initial_ms=1_000, max_delay_ms=5_000)
    return Event(
        round(random.random() * duration * 0.1, 3),
        "create",
        {
            "schedule": number,
            "target": target,
            "timing": {"zone": "UTC", "spec": f"{seldom if audience else often} * * * * *"},
            "policies": Policies(overlap=overlap, retry=retry),
            "audience": "paged" if audience else None,
            "rows": random.choice((10, 40)) if audience else 0,
            "paused": False,
        },
    )


def _silences(random: Random, duration: float, hours: bool) -> Sequence[tuple[float, float]]:
    """When a target falls silent, and for how many seconds; the last of them may last until everything heals."""
    begins = round(duration * (0.1 + 0.3 * random.random()), 3)
    if hours:
        return [(begins, random.choice((3_600.0, duration)))]
    first = random.choice((10.0, 25.0, 60.0, duration))
    if random.random() < 0.3:
        return [(begins, first), (round(begins + first + random.choice((1.0, 15.0)), 3), 20.0)]
    return [(begins, first)]
