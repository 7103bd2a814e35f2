"""How the room of a claim is shared out: workspaces first, by weight, and then the lanes of each.

How many runs a lane has is not known before they are claimed. So a claim shares out what is left again, among the lanes
that gave all that they were asked for, until the room is used up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from horarium.domain.ids import Id


class OpenTurn(NamedTuple):
    """A lane that may give runs: its workspace, the weight of that, and how many runs may be taken of the lane."""

    lane: Id
    workspace: Id
    weight: float
    most: int


def share_out(room: int, lanes: Sequence[OpenTurn]) -> dict[Id, int]:
    """How many runs each lane is asked for: `room` in all, or less where the lanes may not give as much. `lanes` are in
    the order of their turns; those that get nothing are left out.

    Where there is less room than lanes the first lane of each workspace goes before the second of any, so the first
    lane of all always gets something.
    """
    if len(lanes) == 1:
        lane = lanes[0]
        return {lane.lane: min(room, lane.most)} if min(room, lane.most) > 0 else {}
    of_workspace: dict[Id, list[OpenTurn]] = {}
    for lane in lanes:
        if lane.most > 0:
            of_workspace.setdefault(lane.workspace, []).append(lane)
    if not of_workspace:
        return {}
    weights = [members[0].weight for members in of_workspace.values()]
    shares: dict[Id, int] = {}
    for part, members in zip(_parts(room, weights), of_workspace.values(), strict=True):
        for share, lane in zip(_parts(part, [1.0] * len(members)), members, strict=True):
            if share > 0:
                shares[lane.lane] = min(share, lane.most)
    return shares


def _parts(room: int, weights: Sequence[float]) -> list[int]:
    """`room` in whole parts by weight. What rounding leaves goes to the first, one each."""
    total = sum(weights)
    parts = [int(room * weight / total) for weight in weights]
    for place in range(room - sum(parts)):
        parts[place] += 1
    return parts
