"""What the audit log tells of things: their fields without secrets, as JSON can hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from sys import getsizeof
from typing import Any

import orjson

from horarium.domain.audience import StoredSource
from horarium.domain.events import instant_text
from horarium.domain.ids import Id, prefixed
from horarium.domain.schedule import Schedule, ScheduleState, policies_to_text, timing_to_text
from horarium.domain.target import Target, TargetState
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, Workspace
from horarium.times import kept

# A value that is longer as JSON is not repeated: an entry says its length in bytes and its SHA-256 instead.
LONGEST_VALUE = 4_096

# Bytes of recurrences and policies that are kept in memory: as objects they take some thirty times their texts.
PARSED_BYTES = 8 * 1024 * 1024
# The same targets stand in many entries, and so do the same recurrences and policies.
shared_id = lru_cache(maxsize=8_192)(prefixed)
_parsed = kept(PARSED_BYTES, lambda question, value: 30 * getsizeof(question[0]))(orjson.loads)

_STATE_ACTIONS = {
    ScheduleState.ACTIVE: "schedule.resumed",
    ScheduleState.PAUSED: "schedule.paused",
    ScheduleState.ARCHIVED: "schedule.archived",
    ScheduleState.DELETED: "schedule.deleted",
}


def short(value: Any) -> Any:
    """A value, or its length and hash if it is too long to be repeated."""
    if value is None:
        return None
    text = orjson.dumps(value, default=str)
    if len(text) <= LONGEST_VALUE:
        return value
    return {"bytes": len(text), "sha256": sha256(text).hexdigest()}


def schedule_facts(schedule: Schedule) -> dict[str, Any]:
    """A schedule's definition and what it is known by; not how far it has come."""
    definition = schedule.definition
    return {
        "name": schedule.name,
        "key": schedule.key,
        "description": schedule.description,
        "dialect": schedule.dialect,
        "state": schedule.state,
        "note": schedule.note,
        "paused_until": None if schedule.paused_until_ms is None else instant_text(schedule.paused_until_ms),
        "catch_up_after": schedule.catch_up_after,
        "timing": _parsed(timing_to_text(definition.timing)),
        "policies": _parsed(policies_to_text(definition.policies)),
        "target": shared_id("tgt", definition.target_id),
        "input": short(definition.input),
        "audience": short(definition.audience),
        "labels": dict(schedule.labels),
        "extra": short(dict(schedule.extra)),
    }


def schedule_action(before: Schedule, after: Schedule) -> str:
    """What is done to a schedule by an edit."""
    if after.state is before.state:
        return "schedule.changed"
    return _STATE_ACTIONS.get(after.state, "schedule.changed")


def target_facts(target: Target) -> dict[str, Any]:
    """A target with `***` in place of its secrets."""
    return {
        "name": target.name,
        "key": target.key,
        "kind": target.kind,
        "description": target.description,
        "executor": target.executor,
        "config": short(dict(target.config)),
        "completion": target.completion,
        "timeout_ms": target.timeout_ms,
        "deadline_ms": target.deadline_ms,
        "max_concurrency": target.max_concurrency,
        "rate_per_second": target.rate_per_second,
        "input_schema": short(target.input_schema),
        "extra": short(dict(target.extra)),
        "state": target.state,
        "reason": target.state_reason,
    }


def target_action(before: Target, after: Target) -> str:
    """What is done to a target by an edit."""
    if after.state is before.state:
        return "target.changed"
    return "target.enabled" if after.state is TargetState.ENABLED else "target.disabled"


def source_facts(source: StoredSource) -> dict[str, Any]:
    """A source of audiences with `***` in place of its secrets."""
    return {"type": source.type, "config": short(dict(source.config))}


def workspace_facts(workspace: Workspace) -> dict[str, Any]:
    """A workspace with its settings, and what the operator of the server has set for it."""
    return {
        "slug": workspace.slug,
        "name": workspace.name,
        "settings": dict(workspace.settings),
        "quotas": asdict(workspace.quotas),
        "weight": workspace.weight,
        "allowed_hosts": list(workspace.allowed_hosts),
    }


def principal_facts(principal: Principal, granted: Sequence[Id]) -> dict[str, Any]:
    """A principal and the targets that it is granted."""
    return {
        "type": principal.type,
        "name": principal.name,
        "email": principal.email,
        "grants": grant_names(granted),
    }


def key_facts(key: Key) -> Mapping[str, Any]:
    """A key, without the text that its holder presents."""
    return {
        "name": key.name,
        "hint": key.hint,
        "principal": prefixed("prn", key.principal_id),
        "scopes": list(key.scopes),
        "expires_ms": key.expires_ms,
        "targets": grant_names(key.restriction.targets),
        "labels": dict(key.restriction.labels),
        "networks": list(key.restriction.networks),
    }


def grant_names(targets: Sequence[Id]) -> list[str]:
    """The targets of grants; `*` stands for all of them."""
    return ["*" if target == EVERY_TARGET else shared_id("tgt", target) for target in targets]
