"""Schedules: a recurrence in a time zone with policies, a target, an input and, optionally, an audience.

Timings and policies are stored as canonical JSON texts, and read with caches: equal texts give
one object in memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from functools import lru_cache
from sys import getsizeof
from typing import Any

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.same_json import HoldsJson
from horarium.times import Recurrence, RecurrenceError, Timing, compile_timing, held_ms, jitter_ms, kept

DAY_MS = 86_400_000
# Labels of a schedule of our own API, and of one filter.
MOST_LABELS = 50
# The owner of a schedule that does not belong to an agent.
NO_OWNER: Id = bytes(16)


class ScheduleState(StrEnum):
    """Whether a schedule fires. Only an active one does."""

    ACTIVE = "active"
    # A user or the policy on failures stopped it; it can be resumed.
    PAUSED = "paused"
    # Nothing will fire any more: its only slot fired, its end has passed, or it reached its maximum of fires.
    COMPLETED = "completed"
    # A user stopped it for good; it stays readable.
    ARCHIVED = "archived"
    DELETED = "deleted"


class CatchUp(StrEnum):
    """What happens to slots that were missed because the server was not running, or that were in a pause."""

    # One fire for the latest of them, if it is young enough. The fire carries how many it stands for.
    LATEST = "latest"
    # A fire for each of them that is young enough, up to a limit.
    ALL = "all"
    # None of them fires.
    NONE = "none"


class AfterPause(StrEnum):
    """What a one-shot schedule does if it is resumed after its instant has passed."""

    SKIP = "skip"
    FIRE = "fire"


class AfterCompletion(StrEnum):
    """What happens to a schedule that has completed."""

    KEEP = "keep"
    DELETE = "delete"


class OverlapScope(StrEnum):
    """Whether the overlap policy looks at whole fires or at single rows of the audience.

    With `row`, every fire starts, and leaves out the rows whose run from an earlier fire has not ended.
    """

    FIRE = "fire"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Policies:
    """How a schedule behaves. Durations are milliseconds.

    A slot is late, and fires, while it is at most `grace_ms` old. An older one was missed, and `catch_up`
    decides: slots up to `catch_up_window_ms` old are caught up, and with CatchUp.ALL at most `catch_up_limit`
    of them. `buffer_limit` is how many fires may wait under Overlap.BUFFER_ALL. `jitter_ms` is the width of
    the window from which the schedule gets its constant delay. The clock fires at most `max_fires` times
    (None: without limit). After `pause_after_failures` failed fires in a row the schedule pauses (None:
    never). `timeout_ms` limits an attempt; None leaves that to the target. An audience with more than
    `audience_limit` rows fails the fire. An event tells of a fire that begins more than `lateness_objective_ms`
    after it was due (None: of none).
    """

    overlap: Overlap = Overlap.SKIP
    overlap_scope: OverlapScope = OverlapScope.FIRE
    buffer_limit: int = 100
    catch_up: CatchUp = CatchUp.LATEST
    catch_up_window_ms: int = 7 * DAY_MS
    catch_up_limit: int = 100
    grace_ms: int = 30_000
    jitter_ms: int = 0
    max_fires: int | None = None
    after_pause: AfterPause = AfterPause.SKIP
    after_completion: AfterCompletion = AfterCompletion.KEEP
    pause_after_failures: int | None = None
    retry: Retry = field(default_factory=Retry)
    timeout_ms: int | None = None
    audience_limit: int = 1_000_000
    lateness_objective_ms: int | None = None

    def delay_of(self, schedule_id: Id) -> int:
        """The schedule's stable delay in milliseconds, from each of its slots to the slot's due instant."""
        return jitter_ms(schedule_id, self.jitter_ms) if self.jitter_ms else 0

    def due_of(self, schedule_id: Id, slot_ms: int) -> int:
        """The due instant of a slot: the delay later, but not after the last instant that can be shown."""
        return held_ms(slot_ms + self.delay_of(schedule_id))


@dataclass(frozen=True, slots=True, eq=False)
class Definition(HoldsJson):
    """The part of a schedule that decides when it fires and what it runs. Every version of it is kept.

    `input` and `audience` can be written as JSON; the audience is {"type", "filter"}. `environment` holds the
    environment variables of its runs as encrypted bytes.
    """

    json_fields = ("input", "audience")

    timing: Timing
    policies: Policies
    target_id: Id
    input: Any = None
    audience: Mapping[str, Any] | None = None
    environment: bytes | None = None


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """One version of a schedule's definition: its number, its timing, and the instant from which on it ruled, in
    milliseconds since the epoch."""

    number: int
    from_ms: int
    timing: Timing


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the clock has come with a schedule, and its counters. Times are milliseconds since the epoch.

    Every slot up to `accounted_to` is in the ledger, as a fire or within a span. `next_slot` is the first
    slot after it (None: there is none) and `next_due` that slot plus the schedule's jitter. `fires` counts
    the fires of the clock; `succeeded`, `failed` and `skipped` count how its fires and slots ended.
    `open_fires` are those in flight and `waiting_fires` those that the overlap policy holds back.
    `failures_in_row` counts the failed fires since the last one that completed. `last_state` is the state of
    the fire `last_fire_id`, which started last.
    """

    accounted_to: int
    next_slot: int | None
    next_due: int | None
    fires: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    open_fires: int = 0
    waiting_fires: int = 0
    failures_in_row: int = 0
    last_slot: int | None = None
    last_fired_ms: int | None = None
    last_fire_id: Id | None = None
    last_state: str | None = None
    last_skip_ms: int | None = None
    last_skip_reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Schedule(HoldsJson):
    """A schedule as the store keeps it. Times are milliseconds since the epoch.

    `version` counts the edits and protects against lost updates. `definition_version` is the version of the
    edit that last changed the definition. `owner_id` is the agent that the schedule belongs to, in dialects
    where it belongs to one. `key` is a name that its creator chose, unique within its dialect and owner.
    `extra` holds what only the dialect knows that created the schedule. `note` says why it is paused, and
    `paused_until_ms` when it resumes by itself (None: never). `catch_up_after` says what becomes of the slots of a
    pause when it is over. `ended_reason` says why it completed.
    """

    json_fields = ("extra",)

    id: Id
    workspace_id: Id
    dialect: str
    name: str
    state: ScheduleState
    definition: Definition
    progress: Progress
    version: int
    definition_version: int
    created_ms: int
    updated_ms: int
    created_by: Id
    owner_id: Id = NO_OWNER
    key: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    ended_ms: int | None = None
    ended_reason: str | None = None
    deleted_ms: int | None = None
    paused_until_ms: int | None = None
    catch_up_after: CatchUp = CatchUp.NONE


# Bytes of the texts of timings that are kept in memory, in each direction.
TEXT_BYTES = 16 * 1024 * 1024


@kept(TEXT_BYTES, lambda question, text: 500 + 2 * getsizeof(text))
def timing_to_text(timing: Timing) -> str:
    """A timing as canonical JSON without defaults. This text is stored, and compiled timings are cached by it."""
    defaults = {f.name: f.default for f in fields(Timing)}
    given = {k: v for k, v in asdict(timing).items() if v != defaults[k]}
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@kept(TEXT_BYTES, lambda question, timing: 500 + 2 * getsizeof(question[0]))
def timing_from_text(text: str) -> Timing:
    """The timing behind a text from `timing_to_text`.

    Bounds outside of the range of instants, which older versions accepted, become the nearest instant of the range.
    """
    timing = Timing(**json.loads(text))
    start, end = (None if at is None else held_ms(at * 1000) // 1000 for at in (timing.start, timing.end))
    if (start, end) == (timing.start, timing.end):
        return timing
    return replace(timing, start=start, end=end)


def stored_recurrence(timing: Timing) -> Recurrence:
    """The recurrence of a timing that was checked when it was stored.

    Raises Unavailable where this process cannot read it, because its dialect is not installed here. Another node may
    have the dialect, so this is not an error of the schedule.
    """
    try:
        return compile_timing(timing)
    except RecurrenceError as error:
        raise Unavailable(f"a stored recurrence cannot be read by this server: {error}") from None


@lru_cache(maxsize=16_384)
def policies_to_text(policies: Policies) -> str:
    """Policies as canonical JSON without defaults."""
    return json.dumps(_without_defaults(policies), sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=16_384)
def policies_from_text(text: str) -> Policies:
    """The policies behind a text from `policies_to_text`."""
    given = json.loads(text)
    if "retry" in given:
        given["retry"] = Retry(**given["retry"])
    for name, kind in _ENUM_FIELDS.items():
        if name in given:
            given[name] = kind(given[name])
    return Policies(**given)


_ENUM_FIELDS: dict[str, type[StrEnum]] = {
    "overlap": Overlap,
    "overlap_scope": OverlapScope,
    "catch_up": CatchUp,
    "after_pause": AfterPause,
    "after_completion": AfterCompletion,
}


def _without_defaults(policies: Policies) -> dict[str, Any]:
    plain, standard = asdict(policies), asdict(Policies())
    changed = {k: v for k, v in plain.items() if v != standard[k]}
    if "retry" in changed:
        changed["retry"] = {k: v for k, v in changed["retry"].items() if v != standard["retry"][k]}
    return changed
