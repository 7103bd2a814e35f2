"""A target: what is run. It has an id, a number and, if its maker chose one, a key; an executor runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from horarium.domain.ids import Id


class TargetKind(StrEnum):
    AUTOMATION = "automation"
    WORKFLOW = "workflow"
    FUNCTION = "function"
    AGENT = "agent"
    TOOL = "tool"
    TABLE = "table"


class TargetState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class Completion(StrEnum):
    """How a run of the target ends: with the target's answer, or with a call from it later."""

    RESPONSE = "response"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Target:
    """A target as stored; times in milliseconds.

    `executor` is the executor's type, `config` its configuration with `***` in place of secrets, `sealed` the
    secrets. `timeout_ms` bounds an attempt; `deadline_ms` a run that the target finishes by callback.
    `number` is unique on the server. `extra` holds what only dialects know.
    """

    id: Id
    workspace_id: Id
    kind: TargetKind
    name: str
    executor: str
    config: Mapping[str, Any]
    created_by: Id
    created_ms: int
    updated_ms: int
    number: int = 0
    key: str | None = None
    description: str | None = None
    sealed: bytes | None = None
    completion: Completion = Completion.RESPONSE
    timeout_ms: int = 30_000
    deadline_ms: int = 86_400_000
    max_concurrency: int | None = None
    rate_per_second: float | None = None
    input_schema: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    state: TargetState = TargetState.ENABLED
    state_reason: str | None = None
    version: int = 1
