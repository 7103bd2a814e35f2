"""Turns of workspaces and of lanes within them."""

from collections import Counter

import pytest

from horarium.domain.fair_turns import FairTurns


def served(turns, times, empties=()):
    """The lanes of the next turns; those in `empties` leave after one."""
    seen = []
    for _ in range(times):
        workspace, lane = turns.head()
        turns.charge()
        if lane in empties:
            turns.leave(workspace, lane)
        seen.append(lane)
    return seen


def turns_of(lanes, weights=None):
    turns = FairTurns()
    for lane in lanes:
        turns.join(lane[0], lane, (weights or {}).get(lane[0], 1.0))
    return turns


def test_lanes_of_a_workspace_take_turns():
    assert served(turns_of(["a1", "a2", "a3"]), 6) == ["a1", "a2", "a3", "a1", "a2", "a3"]


def test_a_workspace_with_many_lanes_gets_no_more_than_one_with_a_single_lane():
    counts = Counter(lane[0] for lane in served(turns_of(["a1", "a2", "a3", "a4", "b1"]), 100))
    assert counts == {"a": 50, "b": 50}


@pytest.mark.parametrize(
    ("weights", "share"), [({"a": 1, "b": 3}, 0.75), ({"a": 2, "b": 3}, 0.6), ({"b": 1.5}, 0.6)]
)
def test_turns_follow_the_weights(weights, share):
    seen = served(turns_of(["a1", "b1", "b2"], weights), 1_000)
    assert sum(lane[0] == "b" for lane in seen) / 1_000 == pytest.approx(share, abs=0.01)


def test_a_lane_that_was_idle_has_saved_nothing_up():
    turns = turns_of(["a1", "b1"], {"a": 4})
    served(turns, 100, empties=("a1",))
    turns.join("a", "a1", 4)
    assert served(turns, 11).count("a1") <= 8


def test_one_that_wakes_is_served_within_one_round():
    turns = turns_of([f"a{n}" for n in range(100)])
    served(turns, 57)
    turns.join("b", "b1")
    assert "b1" in served(turns, 2)


def test_joining_twice_gives_no_second_turn():
    turns = turns_of(["a1", "b1", "a1", "a1"])
    assert served(turns, 4) == ["a1", "b1", "a1", "b1"]


def test_what_has_left_is_not_served():
    turns = turns_of(["a1", "b1"])
    turns.leave("a", "a1")
    assert served(turns, 3) == ["b1", "b1", "b1"]
    turns.leave("b", "b1")
    assert not turns
    assert ("b", "b1") not in turns
