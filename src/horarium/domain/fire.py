"""Fires and spans: the two kinds of entry in a schedule's ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from horarium.domain.ids import Id
from horarium.domain.run import Missed, RunMode


class FireKind(StrEnum):
    """Who asked for a fire: the schedule's clock, a caller for now (`manual`), or a caller for a slot that lies in the
    past (`backfill`)."""

    CLOCK = "clock"
    MANUAL = "manual"
    BACKFILL = "backfill"

    @property
    def run_mode(self) -> RunMode:
        """The mode of the runs of such a fire."""
        return RunMode(self.value)


class FireState(StrEnum):
    WAITING = "waiting"
    """Held back by the overlap policy until an earlier fire has settled."""
    RESOLVING = "resolving"
    """Its audience is being read and its runs are being recorded."""
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (FireState.COMPLETED, FireState.PARTIAL, FireState.FAILED, FireState.CANCELLED)


class SpanReason(StrEnum):
    """Why a stretch of slots did not fire."""

    SKIPPED = "skipped"
    """The overlap policy: an earlier fire was still going."""
    MISSED = "missed"
    """The server was not there in time and the catch-up policy did not fire them."""
    PAUSED = "paused"
    CANCELLED = "cancelled"
    """The schedule was edited or deleted before they were accounted for."""


@dataclass(frozen=True, slots=True)
class Fire:
    """What became of one slot, or of a manual fire or a backfill. Times in milliseconds."""

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
    """`count` slots from `first_ms` to `last_ms`, both included, that did not fire, and why."""

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
    """How a fire ends, or None while runs of it are still open.

    `broken`: its audience was not read to the end, so that even where every run did well not everybody had one.
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
