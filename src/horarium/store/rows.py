"""The rows that verbs read, write and hand on, by name.

Each is a NamedTuple. A row that is written is bound to its statement value by value, and a row that is read is made
from the columns of its statement, so in both cases the order of the fields is the order of the columns; a test compares
the two. Ids are 16 bytes, instants and durations are milliseconds. States, kinds and modes of rows that are written are
plain text, because binding a member of an enum takes SQLite's driver three times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from horarium.domain.fire import FireKind
from horarium.domain.ids import Id
from horarium.domain.quotas import quotas_from_text
from horarium.domain.run import Missed, RunMode
from horarium.domain.schedule import OverlapScope, Policies, policies_from_text

# Makes a row of all its fields at once, which `kind(...)` does in three times the time, because it is a function of
# Python: for the four rows that a release makes of every due slot, 1.2 of some 50 us.
new_row = tuple.__new__


# Rows that several verbs write: the statements of entries.sql.


class FireRow(NamedTuple):
    """A fire that has a row of its own, as it is entered: it has an audience, or waits. `missed_*` tell the earlier
    slots that a fire of the catch-up stands for."""

    id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    kind: str
    slot_ms: int
    due_ms: int
    state: str
    fired_ms: int
    request: str = ""
    missed_count: int | None = None
    missed_first: int | None = None
    missed_last: int | None = None


class SlotFire(NamedTuple):
    """What the fires of one slot have in common, whatever schedule they are of: the fields of `FireRow` from `kind`
    on."""

    kind: str
    slot_ms: int
    due_ms: int
    state: str
    fired_ms: int
    request: str = ""
    missed_count: int | None = None
    missed_first: int | None = None
    missed_last: int | None = None


class SingleFireRow(NamedTuple):
    """A single fire, which is one row with its only run, as it is entered. The mode of the run is the kind of the fire,
    and `created_ms` is when it fired. `request` is None for fires of the clock."""

    id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    target_id: Id
    mode: str
    slot_ms: int
    due_ms: int
    created_ms: int
    request: str | None = None
    missed_count: int | None = None
    missed_first: int | None = None
    missed_last: int | None = None


class SlotSingleFire(NamedTuple):
    """What the single fires of one slot have in common, whatever schedule they are of: the fields of `SingleFireRow`
    from `mode` on."""

    mode: str
    slot_ms: int
    due_ms: int
    created_ms: int
    request: str | None = None
    missed_count: int | None = None
    missed_first: int | None = None
    missed_last: int | None = None


class RunRow(NamedTuple):
    """A run as it is entered. `version` is that of the schedule's definition; `data` is JSON text."""

    id: Id
    workspace_id: Id
    target_id: Id
    mode: str
    due_ms: int
    created_ms: int
    schedule_id: Id | None = None
    fire_id: Id | None = None
    version: int | None = None
    row_key: str = ""
    generation: int = 0
    data: str | None = None


class ReadyRow(NamedTuple):
    """A run's entry in the queue. The lane is the run's target; `limited` is 1 where the target bounds its concurrency
    or rate. With an owner the run is born claimed, under the first epoch."""

    run_id: Id
    lane: Id
    due_ms: int
    limited: int
    owner: Id | None = None
    epoch: int = 0


class SpanRow(NamedTuple):
    """Slots that did not fire, as they are entered: `slots` of them from `first_ms` to `last_ms`, both included."""

    schedule_id: Id
    first_ms: int
    last_ms: int
    slots: int
    reason: str
    version: int
    recorded_ms: int
    workspace_id: Id


class NewFanoutTask(NamedTuple):
    """A fire whose audience is to be read from `due_ms` on."""

    fire_id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    due_ms: int


class Lane(NamedTuple):
    """What decides about the runs of a target: `limited` is true where it bounds its concurrency or rate."""

    limited: int
    deleted: int


class StartingFire(NamedTuple):
    """What must be known of a fire to start it: to queue its only run, or to have its audience read."""

    id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    slot_ms: int
    fired_ms: int
    target_id: Id
    has_audience: int
    limited: int


# Release.


class DueCursor(NamedTuple):
    """A schedule's cursor and what decides about it: the columns of `cursors_with_targets` in release.sql.

    `version` is that of the definition that rules, `target_version` that of the target.
    """

    place: int
    schedule_id: Id
    workspace_id: Id
    version: int
    accounted_to: int
    next_due: int | None
    fires: int
    open_fires: int
    waiting_fires: int
    zone: str
    zone_data: str
    timing: str
    policies: str
    target_id: Id
    has_audience: int
    target_version: int
    limited: int
    last_fire_id: Id | None


class FiredCursor(NamedTuple):
    """A cursor of which one slot has fired, and its fire has started: what happens nine times in ten."""

    place: int
    schedule_id: Id
    fire_id: Id
    slot_ms: int
    next_slot: int | None
    next_due: int | None
    fired_ms: int


class Advance(NamedTuple):
    """How far a release moves a cursor: the same for all schedules that stand alike.

    `fired`, `opened`, `waiting` and `skipped` are added to the cursor's counters. What is None stays as it was.
    """

    accounted_to: int
    next_slot: int | None
    next_due: int | None
    fired: int = 0
    opened: int = 0
    waiting: int = 0
    skipped: int = 0
    last_slot: int | None = None
    last_fired_ms: int | None = None
    last_state: str | None = None
    last_skip_ms: int | None = None
    last_skip_reason: str | None = None


class CursorMove(NamedTuple):
    """A cursor and the latest fire of its release, then the fields of `Advance`."""

    place: int
    schedule_id: Id
    last_fire_id: Id | None
    accounted_to: int
    next_slot: int | None
    next_due: int | None
    fired: int = 0
    opened: int = 0
    waiting: int = 0
    skipped: int = 0
    last_slot: int | None = None
    last_fired_ms: int | None = None
    last_state: str | None = None
    last_skip_ms: int | None = None
    last_skip_reason: str | None = None


class CompletedSchedule(NamedTuple):
    """A schedule of which nothing fires any more, and why."""

    id: Id
    ended_ms: int
    reason: str


class LastSpan(NamedTuple):
    """The last span of a schedule, where it ends where the schedule stands."""

    schedule_id: Id
    first_ms: int
    reason: str
    version: int


class HeldFire(NamedTuple):
    """The fire that a schedule holds, the missed slots that it stands for, and the span that ends where it stands (None
    where a fire does)."""

    id: Id
    schedule_id: Id
    slot_ms: int
    version: int
    missed_count: int | None
    missed_first: int | None
    missed_last: int | None
    span_first_ms: int | None
    span_reason: str | None
    span_version: int | None


class SpanExtension(NamedTuple):
    """A span that goes on: its new end, and how many slots have come to it."""

    schedule_id: Id
    first_ms: int
    last_ms: int
    slots: int
    recorded_ms: int


class CallbackSecrets(NamedTuple):
    """What the answer to a callback must not show: the secrets of the run's target and the environment of its schedule,
    both encrypted. `token_hash` is the SHA-256 of the token with which the run is finished. `quotas` are those of the
    workspace, which bound what is stored of the answer."""

    token_hash: bytes
    target_id: Id
    secrets: bytes | None
    schedule_id: Id | None
    environment: bytes | None
    quotas: str


class OpenRun(NamedTuple):
    """A run that is not over, in the shape that cancelling wants. `single`: its row is that of a single fire."""

    id: Id
    workspace_id: Id
    fire_id: Id | None
    schedule_id: Id | None
    row_key: str
    owner: Id | None
    single: bool
    mode: RunMode

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> OpenRun:
        """From a row of `open_runs_of_schedule` or `run_to_cancel`."""
        *plain, single, mode = row
        return cls._make((*plain, bool(single), RunMode(mode)))


# Dispatch: what a worker claims, is told, and records.


class ClaimedRun(NamedTuple):
    """A run that a node has claimed, with all that its worker must know of it, except of its target.

    A release makes it for a run that is born claimed; a claim reads it from `claimed_runs`, whose columns have the
    order of these fields. Times are in milliseconds. `timing`, `policies`, `input` and `data` are JSON texts: `input`
    and `environment` (sealed) are the schedule's, `data` is the audience row, or the input of a run without a schedule.
    `attempts` have ended already. `ready_ms`: since when this attempt could begin. `lost`: how many workers had the run
    and were gone before it ended. `waited`: for what its earlier attempts waited (JSON text). `granted`: whether the
    schedule's maker may still use the target. `stop`: whether the worker shall end the run. `single`: whether its row
    is that of a single fire.
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
    ready_ms: int
    lost: int
    waited: str | None
    schedule_name: str | None
    timing: str | None
    policies: str | None
    input: str | None
    data: str | None
    environment: bytes | None
    single: bool
    granted: bool
    stop: bool
    mode: RunMode
    fire_kind: FireKind | None
    missed: Missed | None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> ClaimedRun:
        """From a row of `claimed_runs`."""
        *plain, single, granted, stop, mode, fire_kind, count, first_ms, last_ms = row
        fields = (
            *plain,
            bool(single),
            bool(granted),
            bool(stop),
            _MODES[mode],
            None if fire_kind is None else _KINDS[fire_kind],
            None if count is None else Missed(count, first_ms, last_ms),
        )
        return new_row(cls, fields)


# The members of enums by their values: in half the time that asking the enum takes.
_MODES = {mode.value: mode for mode in RunMode}
_KINDS = {kind.value: kind for kind in FireKind}


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
    are sealed for the target `sealed_for`, and all three are those of the workspace `home_id`. `mirrored`: that is
    another one than the target's own. Times are in milliseconds."""

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
    sealed_for: Id
    home_id: Id
    mirrored: int


class OpenLane(NamedTuple):
    """A lane (a target) with runs that may be claimed, its workspace with the weight of that, and what bounds its runs:
    attempts at once, attempts a second."""

    lane: Id
    workspace_id: Id
    weight: float
    max_concurrency: int | None
    rate_per_second: float | None
    limited: int


class ClaimableRun(NamedTuple):
    """A run that a lane gives to whoever claims it."""

    run_id: Id
    lane: Id


class LeasedRun(NamedTuple):
    """A run as its node holds it. `stop` is 1 where the worker is asked to end the attempt."""

    run_id: Id
    epoch: int
    stop: int


class Lease(NamedTuple):
    """A lease on a run that is given up, because the run is over or with its target. `owner` is the node."""

    run_id: Id
    owner: Id
    epoch: int


class PutBackRun(NamedTuple):
    """A lease that is given up for a run that goes back into the queue until `due_ms`; None: to its old place there."""

    run_id: Id
    owner: Id
    epoch: int
    due_ms: int | None


class BegunRun(NamedTuple):
    """A run whose attempt is under way since `begun_ms`, and the lease under which it is."""

    run_id: Id
    owner: Id
    epoch: int
    begun_ms: int


class FinishedRun(NamedTuple):
    """How a run ended. `started_ms` None leaves the start that is known; `status` is a status of HTTP or an exit.
    `waited` (JSON text) None leaves what is known."""

    id: Id
    state: str
    started_ms: int | None
    finished_ms: int
    attempts: int
    status: int | None = None
    output: str | None = None
    error: str | None = None
    waited: str | None = None


class AttemptNote(NamedTuple):
    """What the run itself tells of its latest attempt while it is not over."""

    run_id: Id
    attempts: int
    started_ms: int | None
    status: int | None
    error: str | None
    state: str
    waited: str | None = None


class AttemptRow(NamedTuple):
    """An attempt that ended without ending its run."""

    run_id: Id
    number: int
    started_ms: int | None
    finished_ms: int
    status: int | None
    error: str | None


# Callbacks.


class CallbackRow(NamedTuple):
    """A callback and the run that it ends: a row of `callback_of_run`."""

    run_id: Id
    workspace_id: Id
    token_hash: bytes
    attempt: int
    deadline_ms: int
    lease_ms: int
    answer: str | None
    state: str
    started_ms: int | None
    schedule_id: Id | None
    fire_id: Id | None
    row_key: str
    target_id: Id
    error: str | None
    single: bool
    mode: RunMode

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> CallbackRow:
        """From a row of `callback_of_run`."""
        *plain, single, mode = row
        return cls._make((*plain, bool(single), RunMode(mode)))


# Runs that another engine has.


class NewWatched(NamedTuple):
    """A run that an engine has taken under the name `handle`; it is looked at from `look_ms` on. `token_hash` is empty,
    so that no callback ends it."""

    run_id: Id
    workspace_id: Id
    target_id: Id
    token_hash: bytes
    attempt: int
    deadline_ms: int
    handle: str
    look_ms: int


class UntoldEnd(NamedTuple):
    """A run that has ended here (`answer`) while its engine may have had it, of which no handle is known. The engine is
    told at `look_ms`, and once more at `deadline_ms`, when the run cannot arrive there any more. `token_hash` is
    empty."""

    run_id: Id
    workspace_id: Id
    target_id: Id
    token_hash: bytes
    attempt: int
    deadline_ms: int
    answer: str
    look_ms: int


class NextLook(NamedTuple):
    """When a run is looked at next (ms)."""

    run_id: Id
    look_ms: int


class WatchedRun(NamedTuple):
    """A run to look at. `answer`: how it has ended here already, so that the engine is told to end it. `handle` is None
    where it ended before the engine had told one; until `deadline_ms` it may still arrive there then. `error` is what
    the run shows as its error now. `ended_ms`: when it ended here. `edited_ms`: when its target was changed last;
    `created_ms`: since when the run is there."""

    run_id: Id
    workspace_id: Id
    target_id: Id
    target_version: int
    attempt: int
    handle: str | None
    started_ms: int | None
    answer: str | None
    deadline_ms: int
    error: str | None
    ended_ms: int | None
    edited_ms: int
    created_ms: int


class NotedTrouble(NamedTuple):
    """What a run that goes on shows as its error: a row for `note_troubles`."""

    id: Id
    error: str | None


class OpenWatched(NamedTuple):
    """A watched run that has not ended: a row of `open_watched`."""

    run_id: Id
    workspace_id: Id
    fire_id: Id | None
    schedule_id: Id | None
    row_key: str
    attempt: int
    started_ms: int | None
    single: bool
    mode: RunMode

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> OpenWatched:
        """From a row of `open_watched`."""
        *plain, single, mode = row
        return cls._make((*plain, bool(single), RunMode(mode)))


class WatchedAnswer(NamedTuple):
    """How a watched run ended, as its state."""

    run_id: Id
    answer: str


# Settle.


class FireCounts(NamedTuple):
    """The runs of a fire by how they have ended so far. `error`: why its audience was not read to the end."""

    state: str
    runs: int
    succeeded: int
    failed: int
    cancelled: int
    error: str | None


class CursorTally(NamedTuple):
    """How the fires of one schedule ended in one batch.

    `streak_broken` is 1 where one of them did not fail, and `failures` those that failed since. `fire_id` is the latest
    of them and `state` how it ended.
    """

    schedule_id: Id
    closed: int
    succeeded: int
    failed: int
    streak_broken: int
    failures: int
    fire_id: Id
    state: str


class SettledCursor(NamedTuple):
    """What decides whether something follows from the end of a schedule's fires: a row of `settled_cursors`."""

    schedule_id: Id
    workspace_id: Id
    open_fires: int
    waiting_fires: int
    failures_in_row: int
    pause_after: int | None
    state: str
    policies: str


class RowLock(NamedTuple):
    """A row of an audience whose run still goes, where overlap is decided for each row."""

    schedule_id: Id
    row_key: str
    run_id: Id


# Fan-out.


class OpenFanoutTask(NamedTuple):
    """A fire that waits for a node to read its audience."""

    fire_id: Id
    workspace_id: Id


class FanoutTask(NamedTuple):
    """A fire whose audience a node reads: a row of `claimed_fanout_tasks` and the node.

    `position`: where the source goes on, None at its beginning; `rows_done`: rows that have been read; `counted`: rows
    that there were when reading began, None before. `attempts`: how often the source has failed since it last gave
    rows. `audience` is what the schedule says of it, `quota` how many rows the workspace
    allows, `weight` its share where workspaces take turns.
    """

    fire_id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    fired_ms: int
    target_id: Id
    limited: int
    epoch: int
    attempts: int
    position: str | None
    rows_done: int
    counted: int | None
    weight: float
    kind: FireKind
    audience: Mapping[str, Any]
    policies: Policies
    quota: int
    node: Id

    @classmethod
    def from_row(cls, row: Sequence[Any], node: Id) -> FanoutTask:
        """From a row of `claimed_fanout_tasks`."""
        *plain, kind, audience, policies, quotas = row
        parsed = (
            FireKind(kind),
            orjson.loads(audience),
            policies_from_text(policies),
            quotas_from_text(quotas).audience_rows,
        )
        return cls._make((*plain, *parsed, node))

    @property
    def most_rows(self) -> int:
        """How many rows the audience may have: by the schedule, and by the workspace's quota."""
        return min(self.policies.audience_limit, self.quota)

    @property
    def per_row(self) -> bool:
        """Whether a row is left out while its last run still goes. Fires by hand follow no overlap policy."""
        return self.kind is FireKind.CLOCK and self.policies.overlap_scope is OverlapScope.ROW


class FanoutProgress(NamedTuple):
    """How far the reading for a fire has come."""

    fire_id: Id
    workspace_id: Id
    rows_done: int


class AudienceText(NamedTuple):
    """A row of an audience as it is kept: its key, and its data as JSON text."""

    key: str
    data: str


class PreparedRow(NamedTuple):
    """A row of an audience as its run is written. Rows are sorted by the id of their run."""

    run_id: Id
    key: str
    data: str


class RunCounts(NamedTuple):
    """The runs of a fire that is resolved, by how they have ended so far."""

    runs: int
    succeeded: int
    failed: int
    cancelled: int


class SpooledRow(NamedTuple):
    """A row of an audience that is kept aside, numbered from 1."""

    fire_id: Id
    number: int
    row_key: str
    data: str


class SpoolOrphan(NamedTuple):
    """The place of a row that is kept aside for a fire whose audience nobody reads any more."""

    fire_id: Id
    number: int


# Schedules.


class ScheduleRow(NamedTuple):
    """A schedule as it is entered. `labels` and `extra` are JSON texts. `hourly`: the slots of its busiest hour."""

    id: Id
    workspace_id: Id
    dialect: str
    owner_id: Id
    target_id: Id
    key: str | None
    name: str
    description: str | None
    labels: str
    extra: str
    state: str
    note: str | None
    created_by: Id
    created_ms: int
    ended_ms: int | None
    ended_reason: str | None
    zone: str
    zone_data: str
    hourly: int


class VersionRow(NamedTuple):
    """A version of a schedule's definition, which rules from `from_ms` on. `timing`, `policies`, `input` and `audience`
    are JSON texts, `environment` is sealed."""

    schedule_id: Id
    version: int
    timing: str
    policies: str
    target_id: Id
    input: str | None
    audience: str | None
    environment: bytes | None
    from_ms: int


class CursorRow(NamedTuple):
    """A cursor as it is entered, at its place among the others."""

    place: int
    schedule_id: Id
    workspace_id: Id
    timing: str
    policies: str
    target_id: Id
    has_audience: int
    accounted_to: int
    next_slot: int | None
    next_due: int | None
    zone: str
    zone_data: str
    pause_after: int | None


class LabelRow(NamedTuple):
    """A label of a schedule, once more for filters."""

    workspace_id: Id
    name: str
    value: str
    schedule_id: Id


class SameTarget(NamedTuple):
    """A schedule of the same target and dialect that may be a twin: the version that rules, and its timing as JSON."""

    id: Id
    version: int
    timing: str


# Upkeep.


class ZoneInUse(NamedTuple):
    """A time zone, and the fingerprint of the zone data that schedules were computed with."""

    zone: str
    zone_data: str


class StaleCursor(NamedTuple):
    """A cursor that was computed with other zone data than ours."""

    schedule_id: Id
    workspace_id: Id
    version: int
    accounted_to: int
    last_slot: int | None
    waiting_fires: int
    next_slot: int | None
    next_due: int | None
    timing: str
    policies: str


class RezonedCursor(NamedTuple):
    """A cursor as it is by our zone data."""

    schedule_id: Id
    accounted_to: int
    next_slot: int | None
    next_due: int | None
    zone_data: str


class RezonedSchedule(NamedTuple):
    """A schedule, and the zone data that its cursor was computed with."""

    id: Id
    zone_data: str
