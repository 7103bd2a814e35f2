"""How much of what is shared one lane may take."""

from random import Random

import pytest

from horarium.domain.places import (
    FEWEST_PLACES,
    LONG_LAG_MS,
    SHORT_LAG_MS,
    adapted_places,
    lane_room,
    may_begin,
    may_hold,
    may_park,
    may_take,
    may_wait,
    surplus,
)

PLACES = 256


@pytest.mark.parametrize(
    ("lane", "workspace", "free", "may"),
    [
        (0, 0, 0, False),
        (0, 0, 1, True),
        (1, 1, 1, True),
        (2, 2, 1, False),
        (169, 169, 86, True),
        (172, 172, 84, False),
        (40, 204, 52, True),
        (40, 208, 52, False),  # its workspace has more than its part
        (0, 208, 52, True),  # but a lane that has nothing under way may still begin
        (0, 224, 32, False),  # until only the reserve for other workspaces is left
    ],
)
def test_a_place_is_given_while_enough_are_free(lane, workspace, free, may):
    assert may_begin(lane, workspace, free, PLACES) is may


@pytest.mark.parametrize(
    ("own", "taken", "may"),
    [
        (0, 0, True),
        (31, 31, True),
        (32, 32, False),  # half of all
        (20, 43, True),
        (20, 44, False),  # as much as is left for the others
        (0, 640, True),  # who has little goes on, however much the others have
        (1, 640, False),
    ],
)
def test_the_bytes_of_one_workspace_keep_no_other_from_having_runs_in_hand(own, taken, may):
    assert may_hold(own, taken, 64) is may


@pytest.mark.parametrize(
    ("places", "lag_ms", "then"),
    [
        (256, LONG_LAG_MS + 1, 220),
        (256, 2 * LONG_LAG_MS, 192),
        (256, 4 * LONG_LAG_MS, 128),
        (256, 40 * LONG_LAG_MS, 128),
        (256, LONG_LAG_MS, 256),
        (200, SHORT_LAG_MS, 200),
        (200, SHORT_LAG_MS - 1, 225),
        (250, 0, 256),  # never more than were set
        (FEWEST_PLACES + 1, 50, FEWEST_PLACES),
        (FEWEST_PLACES, 50, FEWEST_PLACES),
    ],
)
def test_an_event_loop_that_is_busy_all_the_time_gets_fewer_attempts_to_do(places, lag_ms, then):
    assert adapted_places(places, PLACES, lag_ms) == then


def test_a_worker_with_few_places_keeps_them_whatever_the_lag():
    assert adapted_places(4, 4, 1_000) == adapted_places(4, 4, 0) == 4


def most(lanes_of, weight=None):
    """What each lane has of the places in the long run, when all want all and attempts end one by one."""
    chance, weight = Random(1), weight or {}
    lanes = [(name, number) for name, count in lanes_of.items() for number in range(count)]
    busy = dict.fromkeys(lanes, 0)
    for _ in range(3_000):
        lanes = lanes[1:] + lanes[:1]  # they take turns
        taken = True
        while taken:
            taken = sum(_take(busy, lane, weight.get(lane[0], 1.0)) for lane in lanes) > 0
        busy[chance.choices(lanes, list(busy.values()))[0]] -= 1
    return busy


def _take(busy, lane, weight):
    workspace = sum(n for (name, _), n in busy.items() if name == lane[0])
    if not may_begin(busy[lane], workspace, PLACES - sum(busy.values()), PLACES, weight):
        return False
    busy[lane] += 1
    return True


def test_one_lane_alone_gets_two_thirds():
    assert most({"a": 1})["a", 0] == 170


def test_however_many_lanes_hang_a_lane_with_nothing_under_way_finds_a_place():
    taken = most({"a": 20})
    assert PLACES - sum(taken.values()) > PLACES / 8
    assert 0 < min(taken.values()) <= max(taken.values()) < PLACES / 8


def test_a_neighbour_with_few_lanes_finds_places_beside_a_workspace_with_many():
    taken = most({"a": 20, "b": 2})
    neighbour = taken.pop(("b", 0)) + taken.pop(("b", 1))
    assert neighbour > PLACES / 4
    assert neighbour / 2 > 2 * sum(taken.values()) / 20


def test_places_follow_the_weights_of_workspaces():
    taken = most({"a": 1, "b": 1}, {"a": 1.0, "b": 3.0})
    assert taken["b", 0] / taken["a", 0] == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("places", [1, 2, 4])
def test_the_fewest_places_are_used(places):
    assert may_begin(0, 0, places, places)


@pytest.mark.parametrize(
    ("lane", "workspace", "free", "may"),
    [
        (0, 0, 1, True),
        (0, 0, 0, False),
        (1_300, 1_300, 2_796, True),
        (1_366, 1_366, 2_730, False),
        (0, 2_048, 2_048, False),
        (0, 0, 2_048, True),
    ],
)
def test_a_call_may_wait_while_enough_others_could(lane, workspace, free, may):
    assert may_wait(lane, workspace, free) is may


@pytest.mark.parametrize(
    ("workspace", "free", "may"), [(0, 0, False), (0, 1, True), (2_730, 1_366, True), (2_732, 1_364, False)]
)
def test_a_workspace_may_park_two_thirds(workspace, free, may):
    assert may_park(workspace, free) is may


def test_what_a_workspace_may_park_grows_with_its_weight():
    of_free = ((29, 0.5), (30, 0.5), (119, 2.0), (120, 2.0))
    assert [may_park(own, 30, weight) for own, weight in of_free] == [True, False, True, False]


@pytest.mark.parametrize(
    ("in_hand", "room", "more"),
    [
        (0, 0, 0),
        (0, 1, 1),
        (0, 16_384, 12_544),
        (10_000, 6_384, 2_544),
        (12_544, 3_840, 0),
        (100, 2_048, 0),  # what is left is the reserve of lanes with little
        (60, 2_048, 4),
        (0, 2_048, 32),
        (0, 10, 1),
    ],
)
def test_a_lane_leaves_room_in_hand_for_others(in_hand, room, more):
    assert lane_room(in_hand, room, 16_384) == more


@pytest.mark.parametrize(("in_hand", "room", "more"), [(0, 32, 25), (0, 2, 1), (1, 2, 0), (28, 4, 0)])
def test_a_small_hand_has_a_reserve_too(in_hand, room, more):
    assert lane_room(in_hand, room, 32) == more


def test_however_many_lanes_have_much_in_hand_one_with_nothing_finds_room():
    in_hand = dict.fromkeys(range(50), 0)
    for lane in in_hand:
        in_hand[lane] += lane_room(0, 16_384 - sum(in_hand.values()), 16_384)
    assert min(in_hand.values()) > 0
    assert 16_384 - sum(in_hand.values()) > 0


@pytest.mark.parametrize(
    ("unbegun", "soon", "given"),
    [(0, 0, 0), (1, 0, 0), (2, 0, 1), (4_096, 0, 2_048), (100, 60, 20), (100, 500, 0)],
)
def test_half_of_what_will_not_begin_soon_goes_to_idle_nodes(unbegun, soon, given):
    assert surplus(unbegun, soon) == given


def test_nodes_that_ask_again_when_they_are_idle_end_with_even_shares():
    hands = [4_096, 0, 0]
    for _ in range(4):
        for asks in range(3):
            gives = max(range(3), key=lambda place: hands[place])
            if hands[asks] == 0:
                given = surplus(hands[gives], 0)
                hands[gives] -= given
                hands[asks] += given
        hands = [max(0, hand - 256) for hand in hands]
    assert max(hands) - min(hands) <= 1_024


@pytest.mark.parametrize(
    ("own", "taken", "may"),
    [
        (0, 0, True),
        (3, 3, True),
        (4, 4, False),  # as many as one may have
        (0, 9, True),  # the last one goes to somebody who has none
        (1, 9, False),  # and not to somebody who has as many as are left
        (0, 10, False),
    ],
)
def test_a_workspace_never_takes_more_than_is_left_for_the_others(own, taken, may):
    assert may_take(own, taken, 10, 4) is may
