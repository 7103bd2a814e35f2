"""How many runs that other engines have a node looks at at a time, and of which targets.

A look at an engine that is silent takes long. So a target has a bounded number of runs under look, which begins small,
grows while its engine answers, and is one while it does not. A workspace never has more under look than is still free
for others, so that some is always free. Targets take turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from horarium.domain.claim_shares import OpenTurn, share_out
from horarium.domain.ids import Id
from horarium.domain.watching import next_look_ms

# Runs that one node looks at at a time, and those of one target: at first, and at most.
MOST_AT_ONCE = 500
FIRST_OF_TARGET = 10
MOST_OF_TARGET = 100
# How long a target whose engine does not answer is left alone at most (ms).
LONGEST_REST_MS = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How the last looks at a target went. `most`: runs that are looked at at a time; `silent_since`: since when its
    engine has shown nothing of any run, and until when it is left alone (ms)."""

    most: int = FIRST_OF_TARGET
    silent_since: int | None = None
    rests_until: int = 0

    def after(self, answered: bool, now: int) -> Standing:
        """How it stands after looks that the engine has answered, or not."""
        if not answered:
            since = now if self.silent_since is None else self.silent_since
            return Standing(1, since, min(next_look_ms(now, since), now + LONGEST_REST_MS))
        if self.silent_since is not None:
            return Standing()
        return replace(self, most=min(MOST_OF_TARGET, 2 * self.most))


NEW = Standing()


class TargetLooks(NamedTuple):
    """A target with runs that are looked at: its workspace, the weight of that, and when the next look is (ms)."""

    target: Id
    workspace: Id
    weight: float
    look_ms: int


class UnderLook(NamedTuple):
    """How many runs of a target are looked at at this moment, and its workspace."""

    workspace: Id
    runs: int


class LookTurn(NamedTuple):
    """How many runs of which targets are looked at next, behind which target the next turn begins, and when other runs
    are to be looked at (ms) of targets that are not under look."""

    shares: Mapping[Id, int]
    after: Id
    next_ms: int | None


def turn_of_looks(
    targets: Sequence[TargetLooks],
    now: int,
    under_look: Mapping[Id, UnderLook],
    standings: Mapping[Id, Standing],
    after: Id,
) -> LookTurn:
    """Whose runs are looked at now. `targets` are in the order of their turns; `after` is where these began. A target
    that is under look waits until that look has ended. Pure."""
    free = [target for target in targets if target.target not in under_look]
    times = [max(one.look_ms, standings.get(one.target, NEW).rests_until) for one in free]
    due = [target for target, at in zip(free, times, strict=True) if at <= now]
    room = MOST_AT_ONCE - sum(under.runs for under in under_look.values())
    left = {one.workspace: _room_of_workspace(one.workspace, room, under_look) for one in due}
    shares: dict[Id, int] = {}
    workspaces = {one.target: one.workspace for one in due}
    turns = [
        OpenTurn(one.target, one.workspace, one.weight, standings.get(one.target, NEW).most)
        for one in due
        if left[one.workspace]
    ]
    for target, share in share_out(room, turns).items():
        allowed = min(share, left[workspaces[target]])
        if allowed:
            shares[target] = allowed
            left[workspaces[target]] -= allowed
    later = [at for one, at in zip(free, times, strict=True) if one.target not in shares]
    return LookTurn(shares, _last_of_turn(targets, workspaces, shares, after), min(later, default=None))


def _room_of_workspace(workspace: Id, room: int, under_look: Mapping[Id, UnderLook]) -> int:
    """How many more runs of a workspace may be looked at: so many that it has no more than is free afterwards, and the
    last that is free where it has none."""
    own = sum(under.runs for under in under_look.values() if under.workspace == workspace)
    return max(0, (room - own) // 2, 1 if room > 0 and not own else 0)


def _last_of_turn(
    targets: Sequence[TargetLooks], due: Mapping[Id, Id], shares: Mapping[Id, int], after: Id
) -> Id:
    """The target behind which the next turn begins: the last before the first that is due and was left out."""
    for one in targets:
        if one.target in due and one.target not in shares:
            break
        after = one.target
    return after
