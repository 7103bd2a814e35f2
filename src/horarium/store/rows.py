"""The rows that verbs read, write and hand on, by name.

Each is a NamedTuple: it is bound to a statement as it is, value by value, so the order of its fields is the order of
the statement's columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from horarium.domain.fire import FireKind
from horarium.domain.ids import Id
from horarium.domain.run import Missed, RunMode


class ClaimedRun(NamedTuple):
    """A run that a node has claimed, with all that its worker must know of it, except of its target.

    A release makes it for a run that is born claimed; a claim reads it from `claimed_runs`, whose columns have the
    order of these fields. Times are in milliseconds. `timing`, `policies`, `input` and `data` are JSON texts: `input`
    and `environment` (sealed) are the schedule's, `data` is the audience row, or the input of a run without a schedule.
    `attempts` have ended already. `granted`: whether the schedule's maker may still use the target. `stop`: whether
    the worker shall end the run.
    """

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    fire_id: Id | None
    target_id: Id
    target_version: int
    row_key: str
    due_ms: int
    slot_ms: int | None
    attempts: int
    epoch: int
    schedule_name: str | None
    timing: str | None
    policies: str | None
    input: str | None
    data: str | None
    environment: bytes | None
    has_audience: bool
    granted: bool
    stop: bool
    mode: RunMode
    fire_kind: FireKind | None
    missed: Missed | None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> ClaimedRun:
        """From a row of `claimed_runs`."""
        *plain, has_audience, granted, stop, mode, fire_kind, count, first_ms, last_ms = row
        return cls._make(
            (
                *plain,
                bool(has_audience),
                bool(granted),
                bool(stop),
                RunMode(mode),
                None if fire_kind is None else FireKind(fire_kind),
                None if count is None else Missed(count, first_ms, last_ms),
            )
        )


class BornRunSchedule(NamedTuple):
    """What the worker of a run that is born claimed must know of its schedule, and the release did not need: a row of
    `schedules_of_born_runs`."""

    schedule_id: Id
    name: str
    input: str | None
    environment: bytes | None
    granted: bool | int


class TargetRow(NamedTuple):
    """What a worker must know of a target: a row of `runnable_targets`. `config` and `extra` are JSON texts, `secrets`
    are sealed; times are in milliseconds."""

    id: Id
    version: int
    name: str
    executor: str
    config: str
    secrets: bytes | None
    completion: str
    timeout_ms: int
    deadline_ms: int
    state: str
    state_reason: str | None
    deleted_ms: int | None
    extra: str
