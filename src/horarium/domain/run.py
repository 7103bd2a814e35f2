"""A run: one execution of a target for one row, and the attempts it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from horarium.domain.ids import Id
from horarium.domain.waiting import WaitCause


class RunState(StrEnum):
    """Where a run is.

    A `pending` run waits, for its first attempt or for another one. Of a `running` run an attempt is under
    way, or the target itself has it and finishes it by callback. The other
    three states are final.
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the run has ended."""
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)

    @property
    def ended(self) -> str:
        """How a run that has ended did so, as words behind "it"."""
        return "was cancelled" if self is RunState.CANCELLED else f"has {self.value}"


class RunMode(StrEnum):
    """How a run came to be.

    A run of a fire has the name of the fire's kind. A run of a target that a caller started directly is
    `manual`. A `retry` is a run that a caller started to repeat one that has ended; the fire keeps the
    result that it had.
    """

    CLOCK = "clock"
    MANUAL = "manual"
    BACKFILL = "backfill"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Missed:
    """The missed slots that a catch-up fire stands for, besides its own slot.

    `count` slots from `first_ms` to `last_ms`, both included, in milliseconds since the epoch.
    """

    count: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run that has ended. Times are milliseconds since the epoch.

    `number` counts from 1. `status` is the status code of the target's answer, if it has one. `error` says
    why the attempt failed; None means that it succeeded.
    """

    number: int
    started_ms: int
    finished_ms: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the store reads it. Times are milliseconds since the epoch.

    `schedule_id`, `fire_id`, `slot_ms` and `version` (of the schedule's definition) are None for runs that a
    caller started without a schedule. `row_key` is empty for a fire without an audience. `generation` is 0
    for the first run of a row and counts its retries by hand. `data` (of the audience row, or given by the
    caller) and `output` are JSON text. `next_attempt_ms` is set while the run is pending. `waited`: for what it
    has waited a second or more, in milliseconds.
    """

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
    waited: Mapping[WaitCause, int] = field(default_factory=dict)
