"""How much of what all lanes share one of them may take.

Three things are shared by the lanes of a worker: its places (attempts that are under way and not parked), its waiting
calls (parked attempts: they wait for an answer over the network and hold a socket, but no place), and what it has in
hand.

All three are shared by one rule, dynamic thresholds (Choudhury and Hahne, 1998): a lane may have at most a multiple of
what is still free. One lane alone gets most of it. Each further lane leaves the others less, but never nothing, and a
lane that has much never takes the last of what is free. This needs no configuration and no count of the lanes.

There are two levels. A workspace may take more than a lane, and a workspace that has more than its part may still begin
with a lane that has nothing under way, as long as a reserve for the other workspaces is left.

What is not the lanes', such as connections to engines, workspaces share by a plainer rule: `may_take`.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from math import ceil

from horarium.domain.ids import Id

# The places of a worker whose event loop is busy all the time: what keeps it busy.
FEWEST_PLACES = 16
# Such a loop is known by its lag, and one that has time to spare too.
LONG_LAG_MS = 8.0
SHORT_LAG_MS = 4.0
# What a lane, and a workspace, may have in places, as a multiple of the free ones: alone 2/3 and 4/5 of all.
LANE_SHARE = 2.0
WORKSPACE_SHARE = 4.0
# The part of all places that is left to workspaces which have few.
RESERVE = 1 / 8
# What a workspace may have parked, as a multiple of the waiting calls that are left: alone 2/3 of all.
PARKED_SHARE = 2.0
# What a lane may have in hand, as a multiple of the room that is left: alone 7/8 of it, and half of it as long as
# nobody knows whether its target answers.
IN_HAND_SHARE = 7.0
UNKNOWN_SHARE = 1.0
# The part of the room in hand that is left to lanes with little, which is fewer runs than LITTLE, or than
# LITTLE_OF_UNKNOWN as long as nobody knows whether the target answers, and never more than a 64th of all.
IN_HAND_RESERVE = 1 / 8
LITTLE = 64
LITTLE_OF_UNKNOWN = 8
# What such a lane may take of the room that is left.
LITTLE_SHARE = 1 / 64


@dataclass(frozen=True, slots=True)
class LaneRoom:
    """How many more runs of each lane may be taken in hand: `bounded` by lane, and `others` of every other lane; none
    of the workspaces in `full`."""

    bounded: Mapping[Id, int] = field(default_factory=dict)
    others: int = 1 << 31
    full: Set[Id] = frozenset()

    def of(self, lane: Id, workspace: Id) -> int:
        return 0 if workspace in self.full else self.bounded.get(lane, self.others)


UNBOUNDED = LaneRoom()


def may_begin(lane: int, workspace: int, free: int, places: int, weight: float = 1.0) -> bool:
    """Whether an attempt may take one of the `free` places (of `places` in all).

    `lane` and `workspace`: the places that its lane and its workspace have already. `weight`: the workspace's.
    """
    if free <= 0:
        return False
    if workspace < WORKSPACE_SHARE * weight * free:
        return lane < LANE_SHARE * weight * free
    return lane == 0 and free > places * RESERVE


def may_wait(lane: int, workspace: int, free: int, weight: float = 1.0) -> bool:
    """Whether a call may begin that will probably be parked.

    `lane` and `workspace`: the calls of its lane and of its workspace that wait already. `free`: how many more the
    server could have. One lane alone may have a third of all, and a workspace with many lanes half.
    """
    return lane + workspace < weight * free


def may_park(workspace: int, free: int, weight: float = 1.0) -> bool:
    """Whether a call that is under way may be parked. Same arguments as `may_wait`.

    More may be parked than may begin, because a slow call that had to keep its place would take it from quick ones.
    """
    return workspace < PARKED_SHARE * weight * free


def may_take(own: int, taken: int, most: int, most_of_one: int) -> bool:
    """Whether a workspace may take one more of `most` equal things that all share, such as connections or threads.

    `own`: those that it has; `taken`: those that all have together. It never has more than `most_of_one`, nor more than
    is left for the others, so that something is always left.
    """
    return own < min(most_of_one, most - taken)


def may_hold(own: int, taken: int, most: int) -> bool:
    """Whether a workspace may take more in hand, by the bytes of its runs (`own`) and of all (`taken`).

    It has at most half of `most`, and no more than is left for the others. A run may be larger than what is left, and
    may wait for an answer for long. So a workspace may always have a little: large runs of one let nobody else wait.
    """
    return may_take(own, taken, most, most // 2) or own < most * LITTLE_SHARE


def lane_room(in_hand: int, room: int, most: int, known: bool = True) -> int:
    """How many more runs of a lane may be taken in hand.

    `in_hand`: the runs of the lane that are there already. `room`: how many more runs the worker could take. `most`:
    how many runs it could have in all. `known`: whether the target has answered before. However many lanes have much
    in hand, they leave the reserve to those that have little.
    """
    share = IN_HAND_SHARE if known else UNKNOWN_SHARE
    shared = room - most * IN_HAND_RESERVE
    more = max(0, ceil((share * shared - in_hand) / (1 + share)))
    little = min(LITTLE if known else LITTLE_OF_UNKNOWN, max(1, most // LITTLE))
    return max(more, min(ceil(room * LITTLE_SHARE), little - in_hand))


def surplus(unbegun: int, soon: int) -> int:
    """How many of its runs that have not begun a node gives to nodes that have nothing to begin: half of what it will
    not begin soon itself. Who is idle again asks again, so the halves become even.

    `unbegun`: the runs in hand that wait for their turn. `soon`: how many of them will begin before others could take
    them.
    """
    return max(0, unbegun - soon) // 2


def adapted_places(places: int, most: int, lag_ms: float) -> int:
    """How many attempts may be in places from now on. `most`: how many at most; `lag_ms`: the least time that the event
    loop needed lately to come to something that was ready.

    A loop that is busy all the time does no more with more attempts under way: they only wait for each other, and with
    them the runs of all other lanes. The least lag tells this from a burst (Nichols and Jacobson's CoDel, 2012). The
    longer it is, the more places go: an eighth of them, and half where the lag is four times too long.
    """
    fewest = min(most, FEWEST_PLACES)
    if lag_ms > LONG_LAG_MS:
        too_long = min(4.0, lag_ms / LONG_LAG_MS)
        return max(fewest, places - int(places * too_long) // 8)
    if lag_ms < SHORT_LAG_MS:
        return min(most, places + max(1, places // 8))
    return places
