"""Checks of what neighbours may expect: runs begin in time beside targets that hang, everything taken is given back,
and what is answered while a node stops is not sent again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import inf

from tests.simulation.evidence import Evidence
from tests.simulation.faults import Silence
from tests.simulation.node import STOP_S
from tests.simulation.receiver import Delivery

# A target is called again so soon after it answers again, however long it was silent: a probe every 5 s, then the
# calls that close its circuit.
RECOVERY_S = 10.0
# What a run may wait for besides: the turns of others that hold their places for a second each.
TURNS_S = 5.0
# And for each run of the same target that began meanwhile.
EACH_S = 0.25
# Probes are sent in time as long as six of them cover the time limit.
LONGEST_LIMIT_S = 30.0
# Within a second idle nodes take what busy ones have not begun; a lost notice costs another half, and looks are rare.
SHARED_OUT_S = 3.0
# How much before its end a stopping node must have an answer to record it.
RECORDING_S = 0.5


def begun_in_time_8(evidence: Evidence) -> Iterator[str]:
    """Where nothing is wrong, a run of a target that answers begins soon, whatever other targets do, and also after the
    target itself was silent."""
    world = evidence.world
    if world.profile.lost:
        return  # a lost message is a call that hangs
    slack = RECOVERY_S + TURNS_S + 40 * world.profile.latency
    each = EACH_S + 2 * world.profile.delay  # a call may be late on its way there and on its way back
    first: dict[bytes, Delivery] = {}
    for one in world.receiver.log:
        if one.copy == 0:
            first.setdefault(one.run_id, one)
    made = {note.values[0]: note.at for note in world.trail.notes if note.kind == "run"}
    for target, plan in zip(world.targets, world.script.targets, strict=True):
        if not plan.prompt or plan.timeout_s > LONGEST_LIMIT_S:
            continue
        silences = [one for one in world.silences if one.target == target]
        begun = sorted(
            (one for one in first.values() if one.target_id == target and one.run_id in made),
            key=lambda one: one.at,
        )
        for number, one in enumerate(begun):
            since = _expected(made[one.run_id], one.at, silences)
            if since is None or evidence.disturbed(since - slack, one.at):
                continue
            ahead = 0
            while ahead < number and begun[number - ahead - 1].at >= since:
                ahead += 1
            if one.at - since > slack + each * ahead:
                yield (
                    f"run {one.run_id.hex()} could begin at {since:.3f} s and began {one.at - since:.1f} s later, "
                    f"after {ahead} others"
                )


def _expected(made: float, begun: float, silences: list[Silence]) -> float | None:
    """From when on a run could be expected to begin; None where its target was silent as it began."""
    since = made
    for one in silences:
        if one.since <= begun <= one.until:
            return None
        if one.until <= begun:
            since = max(since, one.until)
    return since


def given_back_10(evidence: Evidence) -> Iterator[str]:
    """When every run has ended no worker counts anything as taken: no place, no waiting call, nothing in hand."""
    yield from evidence.world.left_in_hand


def stops_gently_4(evidence: Evidence) -> Iterator[str]:
    """A call that is answered while its node stops is recorded, and not sent again."""
    world = evidence.world
    sent: dict[tuple[bytes, int], list[Delivery]] = defaultdict(list)
    for one in world.receiver.log:
        if one.copy == 0:
            sent[one.run_id, one.attempt].append(one)
    restores = [first for first, _, kind in world.disturbances if kind == "restore"]
    for stopped, node in world.stops:
        until = stopped + STOP_S - RECORDING_S
        # A copy that is put back has forgotten what was recorded since it was made, and what it holds is sent again.
        restored = min((at for at in restores if at >= stopped), default=inf)
        for (run, attempt, by), at in world.receiver.given.items():
            if by != node or not stopped <= at <= until:
                continue
            calls = sent[run, attempt]
            if not any(stopped < one.at < restored and one.node != node for one in calls):
                continue
            # A node that lost its lease since it sent the call may record nothing of it.
            since = min(stopped, *(one.at for one in calls))
            others = [
                kind
                for first, last, kind in world.disturbances
                if first <= until + STOP_S and last >= since and kind not in ("stop", "stopped")
            ]
            if not others:
                yield f"attempt {attempt} of run {run.hex()} was answered while {node} stopped, and sent again"


def shared_out_8(evidence: Evidence) -> Iterator[str]:
    """No node has nothing to begin for long while another has more in hand than it begins."""
    slack = SHARED_OUT_S + 20 * evidence.world.profile.latency
    for since, until, words in evidence.world.unshared:
        if until - since > slack and not evidence.disturbed(since, until):
            yield f"{words} for {until - since:.1f} s until {until:.1f} s, and another node had"


NEIGHBOUR_CHECKS = (begun_in_time_8, given_back_10, stops_gently_4, shared_out_8)
