"""Whose run is next: workspaces take turns, and within a workspace its lanes.

Deficit round robin on two levels (Shreedhar and Varghese, 1995). Only lanes that have something to give are in the
round. A member that comes to its turn without credit is given its weight and goes to the end; one that has credit pays
one for each run. A member that leaves loses its credit, so an idle one saves nothing up.

A run costs one, whatever it will take: how long it holds its place is known only afterwards, and is bounded by the
lane's limit and by parking. So the round is unfair by at most the weight of a member.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)
L = TypeVar("L", bound=Hashable)


class Round(Generic[L]):
    """One level: members in the order of their turns, each with the credit that it has left."""

    __slots__ = ("_credits",)

    def __init__(self) -> None:
        self._credits: OrderedDict[L, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._credits)

    def __contains__(self, member: L) -> bool:
        return member in self._credits

    def join(self, member: L, weight: float = 1.0) -> None:
        """Put a member at the end of the round with the credit of one turn: its weight, which is 1 at least. Nothing
        changes where it is in the round already."""
        self._credits.setdefault(member, weight)

    def leave(self, member: L) -> None:
        """Take a member out and forget its credit. Nothing changes where it is not in the round."""
        self._credits.pop(member, None)

    def head(self) -> L:
        """The member whose turn it is. Raises StopIteration where the round is empty."""
        return next(iter(self._credits))

    def charge(self, weight: float = 1.0) -> None:
        """Let the head pay for one run. A head that has no credit for another one goes to the end, and is given its
        weight for the next turn. One that is alone pays nothing."""
        if len(self._credits) == 1:
            return
        member, credit = next(iter(self._credits.items()))
        credit -= 1.0
        if credit < 1.0:
            credit += weight
            self._credits.move_to_end(member)
        self._credits[member] = credit


class FairTurns(Generic[W, L]):
    """Two levels: a round of workspaces, each with a round of its lanes.

    A lane has the weight 1; a workspace has the weight that was given when its first lane joined. While only one lane
    is in the round, as in a herd of one, nothing is moved and nothing is counted.
    """

    __slots__ = ("_head", "_lanes", "_members", "_weights", "_workspaces")

    def __init__(self) -> None:
        self._workspaces: Round[W] = Round()
        self._lanes: dict[W, Round[L]] = {}
        self._weights: dict[W, float] = {}
        self._members = 0
        self._head: tuple[W, L] | None = None

    def __bool__(self) -> bool:
        return self._members > 0

    def __contains__(self, place: tuple[W, L]) -> bool:
        workspace, lane = place
        return workspace in self._lanes and lane in self._lanes[workspace]

    def join(self, workspace: W, lane: L, weight: float = 1.0) -> None:
        """A lane has something to give. Nothing changes where it is in the round already."""
        lanes = self._lanes.get(workspace)
        if lanes is None:
            lanes = self._lanes[workspace] = Round()
        if lane in lanes:
            return
        if not lanes:
            self._weights[workspace] = max(1.0, weight)
            self._workspaces.join(workspace, self._weights[workspace])
        lanes.join(lane)
        self._members += 1

    def leave(self, workspace: W, lane: L) -> None:
        """A lane has nothing to give, or may not give it now. Nothing changes where it is not in the round."""
        lanes = self._lanes.get(workspace)
        if lanes is None or lane not in lanes:
            return
        lanes.leave(lane)
        self._members -= 1
        self._head = None
        if not lanes:
            self._workspaces.leave(workspace)

    def head(self) -> tuple[W, L]:
        """The workspace and the lane whose turn it is. Raises StopIteration where the round is empty."""
        if self._head is None:
            workspace = self._workspaces.head()
            self._head = workspace, self._lanes[workspace].head()
        return self._head

    def charge(self) -> None:
        """Let the head pay for one run: its lane goes to the end of its workspace, and the workspace to the end of all
        workspaces when it has used up its weight."""
        if self._members == 1:
            return
        workspace, _ = self.head()
        self._lanes[workspace].charge()
        self._workspaces.charge(self._weights[workspace])
        self._head = None
