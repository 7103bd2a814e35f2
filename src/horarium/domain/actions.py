"""Actions on many things at once: all schedules, or all runs, that match a filter.

An action concerns what existed when it was taken and still matches when its turn comes: what is made afterwards is left
alone, also by the action itself. It goes through the matches in the order of their ids, a few in each transaction, and
how far it has come is stored with what it has done. So after a crash it goes on where it stood, and does nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from horarium.domain.ids import Id
from horarium.domain.restrictions import UNRESTRICTED, Restriction

# Why something was refused is kept for so many things of an action.
MOST_PROBLEMS = 20


class ActionKind(StrEnum):
    """What is done: the last two to runs, the others to schedules."""

    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"
    RELABEL = "relabel"
    RETARGET = "retarget"
    FIRE = "fire"
    CANCEL = "cancel"
    RETRY = "retry"

    @property
    def of_runs(self) -> bool:
        """Whether it is done to runs."""
        return self in (ActionKind.CANCEL, ActionKind.RETRY)

    @property
    def things(self) -> str:
        """What it is done to, as scopes are named: a key that may read or change these may see or end the action."""
        return "runs" if self.of_runs else "schedules"

    @property
    def done(self) -> str:
        """What the audit log says of the things to which it was done."""
        return _DONE[self]


_DONE = {
    ActionKind.PAUSE: "schedules.paused",
    ActionKind.RESUME: "schedules.resumed",
    ActionKind.DELETE: "schedules.deleted",
    ActionKind.RELABEL: "schedules.relabelled",
    ActionKind.RETARGET: "schedules.retargeted",
    ActionKind.FIRE: "schedules.fired",
    ActionKind.CANCEL: "runs.cancelled",
    ActionKind.RETRY: "runs.retried",
}


class ActionState(StrEnum):
    """Where an action is. Only one that is running goes on."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Taker:
    """Who took an action, as far as its later steps need it; `restriction` is that of the key."""

    principal_id: Id
    key_id: Id
    address: str | None = None
    request: str | None = None
    restriction: Restriction = UNRESTRICTED


class Standing(NamedTuple):
    """What has become of an action's workspace and of who took it: when each was deleted or revoked, or expires."""

    workspace_deleted_ms: int | None
    home_deleted_ms: int | None
    principal_deleted_ms: int | None
    key_revoked_ms: int | None
    key_expires_ms: int | None

    def refusal(self, now_ms: int) -> str | None:
        """Why the action goes no further, in words; None where it may."""
        if self.workspace_deleted_ms is not None:
            return "the workspace was deleted while this action was under way"
        if self.key_revoked_ms is not None or self.principal_deleted_ms is not None:
            return "the key by which this action was taken was revoked, or its principal deleted"
        if self.home_deleted_ms is not None:
            return "the workspace of the key by which this action was taken was deleted"
        if self.key_expires_ms is not None and self.key_expires_ms <= now_ms:
            return "the key by which this action was taken has expired"
        return None


# What is left of a principal that was purged with its workspace.
NOBODY = Standing(None, 0, None, None, None)


@dataclass(frozen=True, slots=True)
class Action:
    """An action as the store keeps it. Times are milliseconds since the epoch.

    `filter` has the fields of ScheduleListing or RunListing that are set; `given` is what the kind needs: `note`,
    `until_ms`, `catch_up`, `clears` (those of them that are taken away, divided by spaces), `labels` or `target_id`.
    `position` is how far it has come. `changed`, `unchanged` and `refused` count things; `problems` are the first that
    were refused, each with `id` and `error`. `error` says why the action has failed.
    """

    id: Id
    workspace_id: Id
    kind: ActionKind
    filter: Mapping[str, Any]
    given: Mapping[str, Any]
    by: Taker
    created_ms: int
    updated_ms: int
    state: ActionState = ActionState.RUNNING
    position: bytes = b""
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    problems: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    error: str | None = None
    finished_ms: int | None = None
