"""What an executor is given for one attempt and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from horarium.domain.errors import Problem
from horarium.domain.fire import FireKind
from horarium.domain.ids import Id
from horarium.domain.run import Missed, RunMode


@dataclass(slots=True)  # one for each attempt: frozen, to make it takes three times as long
class Call:
    """One attempt of one run, as an executor sees it. Times are milliseconds since the epoch, UTC.

    `config` is the target's public executor configuration, `secrets` its decrypted secrets by name: they may go
    out to the target and nowhere else. `kind` is the kind of the run's fire, or the run's mode where it has no fire.
    `row` is the audience row's data (None without an audience).
    `environment` holds the run's environment variables, which are secret as well. `callback_token` is set where the
    target may finish the run later.
    """

    run_id: Id
    workspace_id: Id
    target_id: Id
    target_name: str
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]
    attempt: int
    timeout_ms: int
    now_ms: int
    kind: FireKind | RunMode = FireKind.CLOCK
    schedule_id: Id | None = None
    schedule_name: str | None = None
    fire_id: Id | None = None
    slot_ms: int | None = None
    timezone: str = "UTC"
    missed: Missed | None = None
    input: Any = None
    row_key: str = ""
    row: Any = None
    environment: Mapping[str, str] = field(default_factory=dict)
    callback_token: str | None = None
    callback_base: str | None = None
    due_ms: int | None = None
    """Slot plus jitter; None stands for the slot itself."""
    variation: Mapping[str, Any] | None = None
    """Of an agent with variations, the one chosen for the run: {"id", "name", "spec"}."""


class Verdict(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ACCEPTED = "accepted"
    """The target took the work and will finish the run by callback."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt.

    `output` is JSON-able and already cut to the limit; `error` a sentence without secrets. A failure is tried
    again unless `retryable` is false; `retry_after_ms` (from a target that said so) overrides the backoff.
    `gone` tells that the target does not exist any more (HTTP 410): it is disabled.
    """

    verdict: Verdict
    output: Any = None
    error: str | None = None
    retryable: bool = True
    retry_after_ms: int | None = None
    gone: bool = False
    status: int | None = None


class Executor(Protocol):
    """How targets of one type are run. One instance serves the whole process; found by entry point.

    `check` looks at a configuration as given by a caller and returns what is wrong with it, fields relative to the
    configuration. `split` parts a good one into what may be shown and what is kept encrypted (values by name).
    `execute` never raises for what the target did; it ends within the call's timeout and, when cancelled, leaves
    nothing running.
    """

    type: str

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]: ...

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]: ...

    async def execute(self, call: Call) -> Outcome: ...

    async def close(self) -> None: ...
