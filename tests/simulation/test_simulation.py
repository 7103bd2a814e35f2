"""More than a hundred seeds of the simulation, and what the simulation itself promises."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.simulation.run import play
from tests.simulation.script import Event, script_for
from tests.simulation.shrink import shrink
from tests.simulation.slots import slots_between
from tests.simulation.world import World
from tests.support import oracle

SEEDS = 160


@pytest.mark.long
def test_hundreds_of_seeds_hold_every_invariant():
    """In processes of their own, as `make simulate` plays them; what fails is told with the command that repeats it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation.run", "--seeds", str(SEEDS), "--first", "1", "--no-shrink"],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert f"{SEEDS} seeds, 0 failed" in done.stdout


def log_of(seed: int) -> list[object]:
    with World(script_for(seed)).play() as world:
        return [*world.trail.notes, *world.receiver.log]


@pytest.mark.parametrize("seed", [3, 12, 29])
def test_a_seed_is_the_same_world_each_time(seed):
    assert log_of(seed) == log_of(seed)


# The first two once had events after their end.
@pytest.mark.parametrize("seed", [82_975, 85_350, *range(40)])
def test_nothing_happens_after_the_end_of_a_world_when_everything_has_healed(seed):
    script = script_for(seed)
    assert all(event.at < script.profile.duration for event in script.events)


@pytest.mark.parametrize(
    "seed",
    [
        92_916,  # a node gave nothing to an idle one, since much had just ended at once
        93_281,  # a node that was cut off fires by its own clock, which was too fast
        93_570,  # a frozen node pauses a workspace after everything has healed
        93_583,  # what waited under another overlap policy began beside the fire that had replaced it
        103_612,  # a run that was claimed before its node was told to stop was begun, and begun again elsewhere
        103_627,  # one release held two slots, and one of them was counted as skipped and never began
        104_184,  # six looks in three seconds left none for the rest of the time limit of calls that hung
        105_621,  # a maintenance window was taken back under a clock that had been set back
        108_028,  # an answer to a copy of a message is heard by nobody
        112_830,  # a node is cut off and then frozen, and learns only then that the clock was set back
        117_899,  # one look that hung kept a target waiting that had answered the later ones
        140_765,  # a process that had crashed was started again when everything healed, and once more later
        154_837,  # an idle node had learned that the target is slow of which another had much in hand
        171_684,  # a copy from before a stop was put back, and what was answered at the stop was sent again
        181_821,  # a schedule was paused when its last slot was due, and was refused as completed
    ],
)
def test_seeds_that_once_failed_are_right(seed):
    assert play(script_for(seed)).found == []


def test_a_failing_script_is_made_shorter_until_nothing_can_be_left_out():
    script = script_for(36)
    culprit = Event(50.0, "fault_crash", {"node": 0, "down": 1.0})
    script = replace(script, events=(*script.events, culprit))

    def findings(one):
        return ["crashed: once"] if culprit in one.events else []

    found = shrink(script, findings)
    assert (found[0].events, found[1]) == ((culprit,), ["crashed: once"])


@pytest.mark.parametrize("seed", [3, 12, 29])
def test_most_runs_of_a_play_are_delivered(seed):
    """Invariants also hold in a world in which every run fails unsent, so that says nothing."""
    counts = play(script_for(seed)).counts
    assert counts["runs"] > 0
    assert counts["deliveries"] > counts["runs"] / 2


def test_a_play_reports_what_it_met():
    result = play(script_for(2))
    assert result.found == []
    assert result.counts["slots"] >= result.counts["fires"] > 0


SPECS = ("*/7 * * * * *", "*/5 * * * *", "30 1 * * *", "17 30 2 * * *", "0 0 * * *", "*/10 1,2,3 * * *")


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
@pytest.mark.parametrize("policies", [("next_valid", "first"), ("skip", "last"), ("shift", "both")])
def test_the_oracle_agrees_with_the_other_oracle(zone, policies):
    """Two brute forces, one over seconds and one over readings, around clock changes."""
    gap, overlap = policies
    changes = oracle.transitions(zone, 1_767_225_600, 1_798_761_600) or [1_772_366_400]
    for change in changes[:2]:
        for spec in SPECS:
            low, high = change - 7_000, change + 9_000
            timing = {"spec": spec, "zone": zone, "dst_gap": gap, "dst_overlap": overlap}
            expected = oracle.fires(oracle.cron(spec), zone, low, high, gap, overlap, "elapsed")
            assert slots_between(timing, low, high) == expected, datetime.fromtimestamp(change, UTC)


def test_the_oracle_knows_bounds_beats_and_single_instants():
    assert slots_between({"spec": "@every 7s", "anchor": 100}, 100, 121) == [107, 114, 121]
    assert slots_between({"spec": "* * * * * *", "start": 12, "end": 14}, 0, 100) == [12, 13, 14]
    once = {"spec": '{"once":"1970-01-01T00:01:00Z"}'}
    assert (slots_between(once, 59, 60), slots_between(once, 60, 90)) == ([60], [])
