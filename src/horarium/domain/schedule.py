"""A schedule: a recurrence in a time zone with policies, a target, an input and, if wanted, an audience."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.times import Timing

DAY_MS = 86_400_000
NO_OWNER: Id = bytes(16)
"""The owner of a schedule that belongs to no agent."""


class ScheduleState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    """Nothing will fire any more: one-shot done, end passed, or the number of fires reached."""
    ARCHIVED = "archived"
    DELETED = "deleted"


class CatchUp(StrEnum):
    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class AfterPause(StrEnum):
    """What a one-shot does when it is resumed after its instant has passed."""

    SKIP = "skip"
    FIRE = "fire"


class AfterCompletion(StrEnum):
    KEEP = "keep"
    DELETE = "delete"


class OverlapScope(StrEnum):
    FIRE = "fire"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Policies:
    """How a schedule behaves; times in milliseconds. Equal policies are one object in memory.

    `grace_ms`: a slot younger than this is merely late, an older one was missed and is subject to catch-up.
    `jitter_ms`: width of the window in which the schedule's stable delay lies.
    `max_fires`: the last fire of the clock is number `max_fires`.
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


@dataclass(frozen=True, slots=True)
class Definition:
    """The part of a schedule that decides what fires and what runs; immutable, kept per version.

    `input` and `audience` are JSON-able. `environment` is sealed (secret) bytes.
    """

    timing: Timing
    policies: Policies
    target_id: Id
    input: Any = None
    audience: Mapping[str, Any] | None = None
    environment: bytes | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the clock has come with a schedule, and its counters. Slots and instants in milliseconds."""

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


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as stored. `owner_id` is the agent it belongs to, in dialects where it belongs to one.

    `version` counts edits and guards against lost updates; `definition_version` is the edit that last changed what
    fires or runs. `extra` holds what only the dialect that made it knows.
    """

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


@lru_cache(maxsize=16_384)
def timing_to_text(timing: Timing) -> str:
    """Canonical JSON of a timing, defaults left out: what is stored, and the key under which it is compiled."""
    defaults = {f.name: f.default for f in fields(Timing)}
    given = {k: v for k, v in asdict(timing).items() if v != defaults[k]}
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=65_536)
def timing_from_text(text: str) -> Timing:
    return Timing(**json.loads(text))


@lru_cache(maxsize=16_384)
def policies_to_text(policies: Policies) -> str:
    """Canonical JSON of policies, defaults left out."""
    return json.dumps(_without_defaults(policies), sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=16_384)
def policies_from_text(text: str) -> Policies:
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
