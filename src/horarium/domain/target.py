"""Targets: what schedules run. An executor runs a target; the target's configuration tells it how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.same_json import HoldsJson

# What is shown in place of a secret. Sent back in a change, it keeps the secret that is stored.
MASK = "***"


class TargetKind(StrEnum):
    """What a target is to its users. The kind does not change how the target is run."""

    AUTOMATION = "automation"
    WORKFLOW = "workflow"
    FUNCTION = "function"
    AGENT = "agent"
    TOOL = "tool"
    TABLE = "table"


class TargetState(StrEnum):
    """Whether a target may be run. Runs of one that is not enabled fail at once, with the reason.

    An archived target is switched off for good, as far as its users are concerned; only some dialects tell it from a
    disabled one.
    """

    ENABLED = "enabled"
    DISABLED = "disabled"
    ARCHIVED = "archived"


class Completion(StrEnum):
    """How a run of the target ends: with the target's answer, later with a request from the target, or when a look at
    the engine that was given the run shows that it has ended."""

    RESPONSE = "response"
    CALLBACK = "callback"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, eq=False)
class Target(HoldsJson):
    """A target as the store keeps it. Instants are milliseconds since the epoch, durations milliseconds.

    `number` is unique on the server; `key` is a name that its creator chose, unique in the workspace.
    `executor` is the type of the executor, `config` its configuration with `***` in place of each secret, and
    `sealed` the encrypted secrets. `timeout_ms` limits one attempt. `deadline_ms` limits a run that ends
    later than its attempt, by callback or watched. `max_concurrency` and `rate_per_second` limit the runs that
    are sent at the same time and in a second, over all nodes. `input_schema` is a JSON Schema for the inputs of its
    schedules. `extra` holds what only the dialects know. `state_reason` says why the target is disabled.
    `version` counts its edits. `shared_from` is the target of another workspace that this one is a mirror of; how that
    is run stays there, so a mirror has neither a configuration nor secrets.
    """

    json_fields = ("config", "input_schema", "extra")

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
    shared_from: Id | None = None
