"""Fires and spans, the two kinds of entry in the ledger of a schedule.

A fire says what became of one slot that fired. A span says why a row of consecutive slots did not fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from horarium.domain.ids import Id
from horarium.domain.run import Missed, RunMode


class FireKind(StrEnum):
    """Who asked for a fire: the clock, a caller for now (`manual`), or a caller for a slot in the past (`backfill`)."""

    CLOCK = "clock"
    MANUAL = "manual"
    BACKFILL = "backfill"

    @property
    def run_mode(self) -> RunMode:
        """The mode of the runs of such a fire."""
        return RunMode(self.value)


class FireState(StrEnum):
    """Where a fire is. The last four states are final."""

    # The overlap policy holds the fire back until the earlier fires have ended.
    WAITING = "waiting"
    # Its audience is being read and its runs are being written.
    RESOLVING = "resolving"
    # All of its runs are written, and at least one of them has not ended.
    RUNNING = "running"
    # Every run succeeded, or there was none.
    COMPLETED = "completed"
    # Some runs succeeded and some did not, or the audience could not be read to its end.
    PARTIAL = "partial"
    # At least one run failed and none succeeded, or the audience could not be read at all.
    FAILED = "failed"
    # Every run was cancelled.
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the fire has ended."""
        return self in (FireState.COMPLETED, FireState.PARTIAL, FireState.FAILED, FireState.CANCELLED)


class Beginning(NamedTuple):
    """What is known of a fire when it starts: `audience_size` and `runs` are counted later where it has an audience."""

    state: FireState
    audience_size: int | None
    runs: int


_READS_AUDIENCE = Beginning(FireState.RESOLVING, None, 0)
_HAS_ONE_RUN = Beginning(FireState.RUNNING, 1, 1)
_IS_HELD_BACK = Beginning(FireState.WAITING, None, 0)


def beginning(has_audience: bool, waits: bool = False) -> Beginning:
    """How a fire begins: with the reading of its audience, with its only run, or held back by the overlap policy."""
    if waits:
        return _IS_HELD_BACK
    return _READS_AUDIENCE if has_audience else _HAS_ONE_RUN


class SpanReason(StrEnum):
    """Why the slots of a span did not fire."""

    # The overlap policy skipped them, because an earlier fire had not ended.
    SKIPPED = "skipped"
    # The overlap policy skipped them, because the run of an earlier fire had not even begun: it waited, and a later
    # slot waits for it in their place.
    UNBEGUN = "unbegun"
    # The server was not running in time, and the catch-up policy left them out.
    MISSED = "missed"
    # The schedule was paused.
    PAUSED = "paused"
    # The workspace was paused, with all of its schedules.
    WORKSPACE_PAUSED = "workspace_paused"
    # A maintenance window of the schedule or of the workspace, which recurs, lay over them.
    MAINTENANCE = "maintenance"
    # The schedule was edited or deleted before they were accounted for.
    CANCELLED = "cancelled"

    @property
    def by_overlap(self) -> bool:
        """Whether the overlap policy has skipped the slots."""
        return self in (SpanReason.SKIPPED, SpanReason.UNBEGUN)


@dataclass(frozen=True, slots=True)
class Fire:
    """What became of one slot, of a manual fire or of a backfill. Times are milliseconds since the epoch.

    `version` is the version of the schedule's definition that was in force. `due_ms` is the slot plus the
    schedule's jitter, and `fired_ms` the instant at which the server acted. `request` tells manual fires
    apart. `missed` holds the missed slots that a catch-up fire stands for. `audience_size` is None until the
    rows have been counted. `succeeded`, `failed` and `cancelled` count the ended ones among the `runs`.
    `error` says why the audience could not be read, or why the only run of a fire without an audience has failed.
    """

    id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    kind: FireKind
    slot_ms: int
    due_ms: int
    state: FireState
    fired_ms: int
    finished_ms: int | None = None
    request: str = ""
    missed: Missed | None = None
    audience_size: int | None = None
    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive slots that did not fire, for one reason: `count` slots from `first_ms` to `last_ms`, both included.

    `version` is the version of the schedule's definition that named them, and `recorded_ms` the instant at
    which the span was last extended. Times are milliseconds since the epoch.
    """

    schedule_id: Id
    first_ms: int
    last_ms: int
    count: int
    reason: SpanReason
    version: int
    recorded_ms: int


def settled_state(
    runs: int, succeeded: int, failed: int, cancelled: int, broken: bool = False
) -> FireState | None:
    """The final state of a fire with so many runs, or None while some of them have not ended.

    `broken` tells that the audience could not be read to its end. Then some rows have no run at all, so the
    fire is not completed even if every run succeeded.
    """
    if succeeded + failed + cancelled < runs:
        return None
    if broken and runs == 0:
        return FireState.FAILED
    if runs == 0 or succeeded == runs:
        return FireState.PARTIAL if broken else FireState.COMPLETED
    if cancelled == runs:
        return FireState.CANCELLED
    return FireState.FAILED if failed and not succeeded else FireState.PARTIAL
