"""The faults that a script may hold, and how often each was met.

Every fault is an event of the script: one that is not needed for a failure can be left out when it is made shorter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from horarium.domain.ids import Id

if TYPE_CHECKING:
    from tests.simulation.world import World

STORE_VERBS = (None, None, None, "release", "claim", "record", "heartbeat", "open_callback", "write_chunk")
"""Which verb an armed fault waits for; None is the next one, whichever it is."""

FaultEvent = tuple[float, str, dict[str, Any]]


@dataclass(slots=True)
class Silence:
    """A time in which a target answers nothing, in simulated seconds."""

    target: Id
    since: float
    until: float


def fault_events(random: Random, duration: float, nodes: int) -> list[FaultEvent]:
    """Some faults within the first part of a world's time, the more the rarer."""
    count = random.choice((0, 1, 2, 3, 5, 8))
    events = [_fault(random, duration * 0.85 * random.random(), nodes) for _ in range(count)]
    if random.random() < 0.05:
        first, second = sorted(random.random() * duration * 0.8 for _ in range(2))
        events += [(first, "fault_snapshot", {}), (second, "fault_restore", {"down": 2.0})]
    return [(round(at, 4), kind, args) for at, kind, args in events]


def _fault(random: Random, at: float, nodes: int) -> FaultEvent:
    node = random.randrange(nodes)
    kind = random.choice(
        (
            "crash",
            "crash",
            "armed",
            "armed",
            "armed",
            "armed",
            "freeze",
            "stop",
            "cut",
            "storm",
            "clock",
            "downtime",
        )
    )
    args: dict[str, Any] = {"node": node}
    if kind == "crash":
        args["down"] = random.choice((0.1, 3.0, 20.0))
    elif kind == "armed":
        args["point"] = random.choice(("before", "after", "after", "send", "answer"))
        args["verb"] = random.choice(STORE_VERBS) if args["point"] in ("before", "after") else None
        what = (
            ("crash", "crash", "freeze")
            if args["point"] in ("send", "answer")
            else ("crash", "freeze", "fail")
        )
        args["what"] = random.choice(what)
        args["down"] = random.choice((0.5, 5.0, 35.0))
    elif kind == "freeze":
        args["seconds"] = random.choice((2.0, 12.0, 35.0, 90.0))
    elif kind == "stop":
        args["down"] = random.choice((0.5, 5.0))
    elif kind == "cut":
        args["seconds"] = random.choice((1.0, 15.0, 45.0))
        args["replies_only"] = random.random() < 0.5
    elif kind == "storm":
        args["seconds"] = random.choice((3.0, 20.0))
        args["before"], args["after"] = random.choice(((0.3, 0.0), (0.0, 0.3), (0.2, 0.2)))
    elif kind == "clock":
        args = {
            "by_ms": random.choice(
                (-3_600_000, -61_000, -5_000, -700, 900, 20_000, 59_000, 90_000, 7_200_000)
            )
        }
    else:
        args = {"down": random.choice((10.0, 100.0, 4_000.0, 90_000.0, 8 * 86_400.0))}
    return at, f"fault_{kind}", args


def recovery_s(kind: str, args: dict[str, Any], lease: float) -> float:
    """How long after its moment a fault may be felt, until leases have lapsed and clocks are followed again."""
    lasting = args.get("down", 0.0) + args.get("seconds", 0.0)
    return float(lasting) + lease + 8.0


def _crash(world: World, args: dict[str, Any]) -> None:
    node = world.node_at(args["node"])
    if node is not None:
        world.reboot_later(node, args["down"])


def _armed(world: World, args: dict[str, Any]) -> None:
    world.armed.append(args)


def _freeze(world: World, args: dict[str, Any]) -> None:
    node = world.node_at(args["node"])
    if node is not None:
        world.freeze(node, args["seconds"])


def _stop(world: World, args: dict[str, Any]) -> None:
    node = world.node_at(args["node"])
    if node is not None and node.answers:
        world.disturb("stop", args | {"seconds": 5.0})
        task = node.spawn(node.stop())
        task.add_done_callback(
            lambda _: world.reboot_later(node, args["down"], "stopped"), context=world._context
        )


def _cut(world: World, args: dict[str, Any]) -> None:
    node = world.node_at(args["node"])
    if node is not None:
        world.disturb("cut", args)
        node.cut = "replies" if args["replies_only"] else "both"
        world.later(args["seconds"], lambda: setattr(node, "cut", None))


def _storm(world: World, args: dict[str, Any]) -> None:
    node = world.node_at(args["node"])
    if node is not None:
        world.disturb("storm", args)
        node.storm = (args["before"], args["after"])
        world.later(args["seconds"], lambda: setattr(node, "storm", (0.0, 0.0)))


def _clock(world: World, args: dict[str, Any]) -> None:
    # What was to be done later waits until a clock that was set back is where it was before.
    back_s = max(0, -args["by_ms"]) / 1000
    world.disturb("clock back" if back_s else "clock forward", {"seconds": back_s})
    world.jump_ms += args["by_ms"]
    world.set_back_ms += min(args["by_ms"], 0)


def _downtime(world: World, args: dict[str, Any]) -> None:
    """Everything is down for a long time: nothing moves meanwhile but the clock."""
    for node in world.nodes:
        world.reboot_later(node, 1.0)
    world.disturb("downtime", {"down": 1.0})
    world.jump_ms += int(args["down"] * 1000)
    world.skipped_s += args["down"]


def _snapshot(world: World, args: dict[str, Any]) -> None:
    if world.snapshot is not None:
        world.snapshot[0].close()
    copy = sqlite3.connect(":memory:")
    world.store.connection.backup(copy)
    world.snapshot = (copy, len(world.trail.notes))


def _restore(world: World, args: dict[str, Any]) -> None:
    """The database is put back to how it was at the snapshot, and every node is started anew."""
    if world.snapshot is None:
        return
    for node in world.nodes:
        world.reboot_later(node, args["down"])
    world.disturb("restore", args)
    copy, notes = world.snapshot
    copy.backup(world.store.connection)
    world.lost_notes += world.trail.notes[notes:]
    del world.trail.notes[notes:]


def _silence(world: World, args: dict[str, Any]) -> None:
    """A target answers nothing for a while. This is no disturbance: it excuses nothing but its own runs."""
    now = world.loop.time()
    world.silences.append(Silence(world.targets[args["target"]], now, now + args["seconds"]))
    world.count("silence of hours" if args["seconds"] >= 3_600 else "silence")


STRIKES: dict[str, Callable[[World, dict[str, Any]], None]] = {
    "fault_crash": _crash,
    "fault_armed": _armed,
    "fault_freeze": _freeze,
    "fault_stop": _stop,
    "fault_cut": _cut,
    "fault_storm": _storm,
    "fault_clock": _clock,
    "fault_downtime": _downtime,
    "fault_snapshot": _snapshot,
    "fault_restore": _restore,
    "fault_silence": _silence,
}
"""What each event of a fault does to the world."""
