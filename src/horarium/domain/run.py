"""A run: one execution of a target for one row, and the attempts it took."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from horarium.domain.ids import Id


class RunState(StrEnum):
    """`pending` waits for a worker (also between attempts); `running` is with one, or with the target itself
    when the target finishes by callback. The other three are final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class RunMode(StrEnum):
    """How a run came to be. The run of a fire has the name of the fire's kind; a run of a target that was asked for
    directly is `manual`. A `retry` repeats, by hand, a run that is over: its fire stays as it ended."""

    CLOCK = "clock"
    MANUAL = "manual"
    BACKFILL = "backfill"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Missed:
    """The slots that a catch-up fire stands for besides its own."""

    count: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try that has ended; times in milliseconds."""

    number: int
    started_ms: int
    finished_ms: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is read. `output` and `data` are JSON text; `next_attempt_ms` is set while it waits."""

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    fire_id: Id | None
    target_id: Id
    mode: RunMode
    row_key: str
    generation: int
    state: RunState
    due_ms: int
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    attempts: int
    status: int | None
    data: str | None
    output: str | None
    error: str | None
    slot_ms: int | None
    next_attempt_ms: int | None
    version: int | None = None
