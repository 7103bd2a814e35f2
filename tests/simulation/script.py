"""What a seed stands for: the world it plays in, and everything that happens there from outside.

A script is plain data, so that a failing one can be made shorter and played again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import AfterCompletion, AfterPause, CatchUp, OverlapScope, Policies
from tests.simulation.faults import fault_events
from tests.simulation.silences import with_neighbours
from tests.support import oracle

YEAR_2026, YEAR_2028 = 1_767_225_600, 1_830_297_600
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "UTC",
)
CHANGING = ZONES[:7]


@dataclass(frozen=True)
class Event:
    """Something that happens `at` seconds after the beginning."""

    at: float
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        words = " ".join(f"{name}={value!r}" for name, value in self.args.items())
        return f"{self.at:9.3f} s  {self.kind} {words}"


@dataclass(frozen=True)
class TargetPlan:
    """A target and how what stands behind it behaves: weights of answers. Times in seconds.

    `prompt`: it answers at once whenever it is not silent, so that its runs can be expected to begin in time.
    """

    workspace: int
    behaviour: Mapping[str, int]
    callback: bool = False
    timeout_s: float = 2.0
    deadline_s: float = 20.0
    max_concurrency: int | None = None
    rate: float | None = None
    prompt: bool = False


# Longer than any world lasts.
NEVER_S = 86_400.0


@dataclass(frozen=True)
class Profile:
    """The constants of a world. Times in seconds.

    `alone`: one node that has the database to itself. `latency`: the most that a call of the store takes each way.
    `lost`, `twice`: how often a message is lost or delivered twice. `upkeep`: how often each node looks for what has
    lapsed. `events`: workspaces have webhooks.
    """

    start_ms: int
    duration: float
    nodes: int
    alone: bool
    latency: float
    early: float
    exact_clocks: bool
    lease: float
    poll: float
    concurrency: int
    lost: float
    twice: float
    delay: float
    calm: bool
    workspaces: int = 2
    upkeep: float = 1.0
    events: bool = False


@dataclass(frozen=True)
class Script:
    seed: int
    profile: Profile
    targets: tuple[TargetPlan, ...]
    events: tuple[Event, ...]

    @property
    def disturbing(self) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.kind.startswith("fault"))


def script_for(seed: int) -> Script:
    """The script of a seed."""
    random = Random(f"script {seed}")
    zone = random.choice(ZONES)
    start_ms, change = _start(random, zone)
    calm = random.random() < 0.15
    nodes = random.choice((1, 1, 2, 2, 3))
    noisy = not calm and random.random() < 0.5
    profile = Profile(
        start_ms=start_ms,
        duration=random.choice((90.0, 150.0, 240.0)),
        nodes=nodes,
        alone=nodes == 1,
        latency=random.choice((0.0, 0.0, 0.003, 0.05)) if not calm else 0.0,
        early=random.choice((0.0, 0.0014)),
        exact_clocks=not noisy,
        lease=random.choice((6.0, 10.0, 30.0)),
        # Where no message is lost, nothing may need the look that a node takes once in a while.
        poll=NEVER_S if calm else random.choice((1.0, 5.0)),
        concurrency=random.choice((2, 4, 8)) if not calm else 32,
        lost=random.choice((0.0, 0.0, 0.02, 0.1)) if not calm else 0.0,
        twice=random.choice((0.0, 0.0, 0.05)) if not calm else 0.0,
        delay=random.choice((0.0, 0.01, 0.3)) if not calm else 0.0,
        calm=calm,
    )
    targets = tuple(_target(random, index % 2, calm) for index in range(random.randint(2, 5)))
    made = random.randint(1, 7)
    events = [
        Event(
            round(random.random() * profile.duration * (0.1 if random.random() < 0.7 else 0.8), 3),
            "create",
            {"schedule": index, **_schedule(random, profile, zone, change, targets)},
        )
        for index in range(made)
    ]
    events += _user_events(random, profile, zone, change, made, targets)
    if not calm:
        events += [Event(*one) for one in fault_events(random, profile.duration, nodes)]
    events += _actions_on_many(Random(f"actions {seed}"), profile, made)
    events += _pauses(Random(f"pauses {seed}"), profile, made)
    events += _windows(Random(f"windows {seed}"), profile, zone, made)
    # Everything heals at the end. What somebody pauses after that would stay paused.
    events = sorted((event for event in events if event.at < profile.duration), key=lambda event: event.at)
    return with_neighbours(Script(seed, profile, targets, tuple(events)))


def _actions_on_many(random: Random, profile: Profile, made: int) -> list[Event]:
    """In a third of the worlds users do something to all schedules or runs of a workspace at once. They have chances of
    their own, so that the rest of the script is as it would be without."""
    if random.random() > 0.33:
        return []
    kinds = ("pause", "resume", "resume", "relabel", "fire", "fire", "cancel", "retry")
    return [
        Event(
            round(random.random() * profile.duration, 4),
            "act",
            {"schedule": random.randrange(made), "number": number, "action": random.choice(kinds)},
        )
        for number in range(random.choice((1, 2, 4)))
    ]


def _pauses(random: Random, profile: Profile, made: int) -> list[Event]:
    """In a third of the worlds users pause whole workspaces and single schedules, for good or until an instant, and
    resume them with a choice of what is caught up. They have chances of their own as well."""
    if random.random() > 0.33:
        return []
    events = []
    for number in range(random.choice((2, 4, 8))):
        act = random.choice(("pause_all", "pause_all", "resume_all", "pause", "resume"))
        at = random.random() * profile.duration
        if random.random() < 0.5:
            phase = profile.start_ms % 1000 / 1000
            at = max(0.0, round(at) - phase + random.choice((-0.002, 0.0, 0.0005, 0.003, 0.02)))
        args: dict[str, Any] = {"schedule": random.randrange(made), "number": number, "again": True}
        args["catch_up"] = random.choice((None, *CatchUp))
        if act.startswith("pause"):
            args["seconds"] = random.choice((None, 5, 20, 40))
        events.append(Event(round(at, 4), act, args))
    return events


def _windows(random: Random, profile: Profile, zone: str, made: int) -> list[Event]:
    """In a third of the worlds there are maintenance windows, of workspaces and of schedules, and some are taken back.
    They come more often here than users may have them, because a world lasts minutes."""
    if random.random() > 0.33:
        return []
    events = []
    for number in range(random.choice((1, 2, 4))):
        act = random.choice(("window", "window", "own_window", "own_window", "drop_window"))
        args: dict[str, Any] = {"schedule": random.randrange(made), "number": number, "again": True}
        spec = random.choice(("*/20 * * * * *", "7/30 * * * * *", "0 * * * * *", "30 */2 * * * *"))
        args["timing"] = {"spec": spec, "zone": zone}
        args["seconds"] = random.choice((1, 3, 8, 15))
        args["catch_up"] = random.choice(tuple(CatchUp))
        events.append(Event(round(random.random() * profile.duration, 4), act, args))
    return events


def _start(random: Random, zone: str) -> tuple[int, int | None]:
    """When the simulated world begins, and the clock change that comes soon after, where there is one."""
    if zone in CHANGING and random.random() < 0.6:
        change = random.choice(_changes(zone))
        return change * 1000 - random.randint(5_000, 200_000), change
    return random.randrange(YEAR_2026, YEAR_2028) * 1000 + random.choice((0, random.randrange(1000))), None


@cache
def _changes(zone: str) -> list[int]:
    return oracle.transitions(zone, YEAR_2026, YEAR_2028)


def _target(random: Random, workspace: int, calm: bool) -> TargetPlan:
    behaviour = random.choice(
        (
            {"ok": 1},
            {"ok": 8, "fail": 2},
            {"ok": 3, "fail": 3, "busy": 2, "slow": 2},
            {"ok": 6, "hang": 2, "broken": 1},
            {"ok": 2, "slow": 3, "reset": 1},
            {"fail": 1},
            {"ok": 12, "gone": 1},
        )
    )
    if calm:
        return TargetPlan(workspace, {"ok": 1})
    callback = random.random() < 0.2
    if callback:
        behaviour = {
            "complete": 6, "fail_later": 2, "beats": 2, "never": 1, "late": 1, "at_once": 2, "twice": 1,
            "contradict": 1, "fail": 1, "hang": 1,
        }  # fmt: skip
    return TargetPlan(
        workspace,
        behaviour,
        callback,
        timeout_s=random.choice((1.0, 2.0, 4.0)),
        deadline_s=random.choice((8.0, 20.0)),
        max_concurrency=random.choice((None, None, None, 1, 2)),
        rate=random.choice((None, None, None, None, 1.0, 5.0)),
    )


def _schedule(
    random: Random, profile: Profile, zone: str, change: int | None, targets: tuple[TargetPlan, ...]
) -> dict[str, Any]:
    calm = profile.calm
    audience = random.choice((None, None, None, None, "paged", "spooled"))
    target, timing = random.randrange(len(targets)), _timing(random, profile, zone, change)
    policies = _policies(random, calm, audience is not None)
    rows = random.choice((0, 1, 3, 7, 130)) if audience else 0
    often = (
        len(timing["spec"].split()) == 6
    )  # seconds first: more than any worker here could ever catch up with
    return {
        "target": target,
        "timing": timing,
        "policies": policies,
        "audience": audience,
        "rows": min(rows, 7) if often else rows,
        "paused": random.random() < 0.05,
    }


def _timing(random: Random, profile: Profile, zone: str, change: int | None) -> dict[str, Any]:
    """A recurrence that has slots within the world's time, most of the time."""
    start, end = profile.start_ms // 1000, profile.start_ms // 1000 + int(profile.duration)
    moment = random.randint(start, end)
    if change is not None and random.random() < 0.5:
        moment = change + random.randint(-30, int(profile.duration))
    local = _local(zone, moment)
    shape = random.choice(
        (
            "seconds",
            "seconds",
            "seconds",
            "minutes",
            "minutes",
            "moment",
            "moment",
            "hour",
            "every",
            "every",
            "once",
        )
    )
    timing: dict[str, Any] = {"zone": zone}
    if shape == "seconds":
        timing["spec"] = f"{random.choice(('*/5', '*/10', '*/20', '7,33', '0,1,2,30', '*'))} * * * * *"
    elif shape == "minutes":
        timing["spec"] = f"{random.choice(('*', '*', '*/2', '*/3'))} * * * *"
    elif shape == "moment":
        timing["spec"] = f"{local.second} {local.minute} {local.hour} * * *"
        if change is not None and random.random() < 0.7:
            lost = _local(zone, change - 1) + timedelta(seconds=random.randint(1, 1900))
            timing["spec"] = f"{lost.second} {lost.minute} {lost.hour} * * *"
    elif shape == "hour":
        timing["spec"] = f"*/{random.choice((1, 2))} {local.hour},{(local.hour + 1) % 24} * * *"
    elif shape == "every":
        timing["spec"] = f"@every {random.choice(('7s', '13s', '1m30s', '45s'))}"
        timing["anchor"] = random.choice((start, start - 1000))
    else:
        at = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        timing["spec"] = f'{{"once":"{at}"}}'
    if random.random() < 0.3:
        timing["dst_gap"] = random.choice(("next_valid", "skip", "shift"))
        timing["dst_overlap"] = random.choice(("first", "last", "both"))
        timing["dst_every_hour"] = random.choice(("elapsed", "literal"))
    if random.random() < 0.15 and shape != "once":
        timing["end"] = random.randint(start + 20, end)
    if random.random() < 0.1 and shape != "once":
        timing["start"] = random.randint(start, min(end, timing.get("end", end)))
    return timing


def _local(zone: str, at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(oracle.zone_info(zone))


def _policies(random: Random, calm: bool, audience: bool) -> Policies:
    retry = Retry(
        max_attempts=random.choice((1, 2, 3, 4)),
        initial_ms=random.choice((200, 1_000, 3_000)),
        max_delay_ms=random.choice((1_000, 5_000)),
        max_elapsed_ms=random.choice((5_000, 60_000)),
        until_next_slot=random.random() < 0.7,
    )
    return Policies(
        overlap=random.choice((Overlap.SKIP, Overlap.SKIP, *Overlap)),
        overlap_scope=random.choice((OverlapScope.FIRE, OverlapScope.ROW)) if audience else OverlapScope.FIRE,
        buffer_limit=random.choice((1, 2, 5)),
        catch_up=random.choice((CatchUp.LATEST, *CatchUp)),
        catch_up_window_ms=random.choice((7 * 86_400_000, 7 * 86_400_000, 60_000)),
        catch_up_limit=random.choice((3, 20)),
        grace_ms=random.choice((30_000, 30_000, 5_000)),
        jitter_ms=random.choice((0, 0, 0, 5_000, 45_000)),
        max_fires=random.choice((None,) * 6 + (1, 5, 12)),
        after_pause=random.choice(tuple(AfterPause)),
        after_completion=random.choice((AfterCompletion.KEEP, AfterCompletion.KEEP, AfterCompletion.DELETE)),
        pause_after_failures=random.choice((None, None, None, 1, 3)) if not calm else None,
        retry=retry,
    )


USER_ACTS = (
    *(("pause",) * 3 + ("resume",) * 4 + ("edit_timing",) * 3 + ("edit_policies",) * 2 + ("fire_now",) * 5),
    *(("backfill",) * 2 + ("cancel",) * 3 + ("replay",) * 3 + ("rename", "delete", "archive")),
    *(("trespass",) * 2 + ("preview",) * 5 + ("explain",)),
)


def _user_events(
    random: Random,
    profile: Profile,
    zone: str,
    change: int | None,
    made: int,
    targets: tuple[TargetPlan, ...],
) -> list[Event]:
    """What users do meanwhile; often within moments of a fire, so that the two race."""
    events = []
    for number in range(random.choice((0, 3, 8, 16))):
        act = random.choice(USER_ACTS)
        at = random.random() * profile.duration
        if random.random() < 0.5:  # on the second, give or take, when slots come
            phase = profile.start_ms % 1000 / 1000
            at = max(0.0, round(at) - phase + random.choice((-0.002, 0.0, 0.0005, 0.003, 0.02)))
        args: dict[str, Any] = {"schedule": random.randrange(made), "number": number}
        if act == "edit_timing":
            args["timing"] = _timing(random, profile, zone, change)
        elif act == "edit_policies":
            args["policies"] = _policies(random, profile.calm, False)
        elif act == "backfill":
            args["seconds"] = random.choice((20, 120))
        elif act in ("fire_now", "pause", "resume", "cancel", "replay"):
            args["again"] = random.random() < 0.5
        events.append(Event(round(at, 4), act, args))
    return events
