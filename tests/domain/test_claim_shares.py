"""How the room of a claim is shared out."""

from collections import Counter

import pytest

from horarium.domain.claim_shares import OpenTurn, share_out

MANY = 1 << 30


def turns(*lanes):
    """Lanes as `workspace.lane`, with a weight and a bound where they follow."""
    return [OpenTurn(lane, lane.split(".")[0], *(rest or (1.0, MANY))) for lane, *rest in lanes]


@pytest.mark.parametrize(
    ("room", "lanes", "shares"),
    [
        (4_096, [("a.1",)], {"a.1": 4_096}),
        (4_096, [("a.1", 1.0, 7)], {"a.1": 7}),
        (3, [("a.1", 1.0, 7)], {"a.1": 3}),
        (3, [("a.1", 1.0, 0)], {}),
        (0, [("a.1", 1.0, 7)], {}),
        (100, [("a.1",), ("b.1",)], {"a.1": 50, "b.1": 50}),
        (100, [("a.1",), ("a.2",), ("b.1",)], {"a.1": 25, "a.2": 25, "b.1": 50}),
        (100, [("a.1", 1.0, MANY), ("b.1", 3.0, MANY)], {"a.1": 25, "b.1": 75}),
        (3, [("a.1",), ("a.2",), ("a.3",), ("b.1",)], {"a.1": 1, "a.2": 1, "b.1": 1}),
        (1, [("a.1",), ("b.1",)], {"a.1": 1}),
        (0, [("a.1",), ("b.1",)], {}),
        (10, [("a.1", 1.0, 0), ("b.1", 1.0, MANY)], {"b.1": 10}),
        (5, [], {}),
    ],
)
def test_workspaces_share_the_room_by_weight_and_their_lanes_equally(room, lanes, shares):
    assert share_out(room, turns(*lanes)) == shares


def test_two_hundred_lanes_of_one_workspace_leave_half_of_the_room_to_another():
    lanes = [(f"a.{n}",) for n in range(200)] + [("b.1",)]
    found = share_out(4_096, turns(*lanes))
    assert found["b.1"] == 2_048
    assert Counter(found.values()).keys() == {10, 11, 2_048}
