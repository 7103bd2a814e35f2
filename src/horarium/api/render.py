"""How the project's own API shows things. Times are UTC with milliseconds, lengths of time are seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from horarium.api.fields import id_or_none, instant_or_none, instant_text, seconds
from horarium.domain.fire import Fire, Span
from horarium.domain.ids import Id, prefixed
from horarium.domain.plan import slot_after
from horarium.domain.run import Attempt, Run
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, Workspace
from horarium.service.explain import Explanation, Preview
from horarium.service.pages import Page, cursor_text
from horarium.service.targets import NewTarget
from horarium.service.tenancy import IssuedKey
from horarium.times import Occurrence, Timing, compile_timing, explain_next

T = TypeVar("T")
_shared_id = lru_cache(maxsize=8192)(prefixed)
"""Ids that stand in many schedules are written once."""
NEXT_FIRES = 5
"""How many coming fires an answer about one schedule shows."""


def page(found: Page[T], show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """A list: its items, and the cursor of the next page where there is one."""
    shown: dict[str, Any] = {"items": [show(one) for one in found.items]}
    shown["next_cursor"] = None if found.next is None else cursor_text(found.next)
    return shown


def workspace(one: Workspace) -> dict[str, Any]:
    return {
        "id": prefixed("ws", one.id),
        "slug": one.slug,
        "name": one.name,
        "settings": {"timezone": one.timezone, **one.settings},
        "quotas": asdict(one.quotas),
        "weight": one.weight,
        "version": one.version,
        "created_at": instant_text(one.created_ms),
        "updated_at": instant_text(one.updated_ms),
    }


def principal(one: Principal) -> dict[str, Any]:
    return {
        "id": prefixed("prn", one.id),
        "type": one.type.value,
        "name": one.name,
        "email": one.email,
        "created_at": instant_text(one.created_ms),
    }


def key(one: Key) -> dict[str, Any]:
    return {
        "id": prefixed("key", one.id),
        "name": one.name,
        "hint": one.hint,
        "principal": prefixed("prn", one.principal_id),
        "scopes": list(one.scopes),
        "created_at": instant_text(one.created_ms),
        "expires_at": instant_or_none(one.expires_ms),
        "last_used_at": instant_or_none(one.last_used_ms),
        "revoked_at": instant_or_none(one.revoked_ms),
    }


def issued_key(one: IssuedKey) -> dict[str, Any]:
    """With the key itself, which is shown this once."""
    return {**key(one.key), "key": one.text}


def grants(found: Iterable[Id]) -> dict[str, Any]:
    return {"targets": ["*" if one == EVERY_TARGET else prefixed("tgt", one) for one in found]}


def target(one: Target) -> dict[str, Any]:
    return {
        "id": prefixed("tgt", one.id),
        "number": one.number,
        "key": one.key,
        "kind": one.kind.value,
        "name": one.name,
        "description": one.description,
        "executor": {"type": one.executor, **one.config},
        "completion": one.completion.value,
        "timeout": seconds(one.timeout_ms),
        "deadline": seconds(one.deadline_ms),
        "max_concurrency": one.max_concurrency,
        "rate_per_second": one.rate_per_second,
        "input_schema": one.input_schema,
        "extra": dict(one.extra),
        "enabled": one.state == "enabled",
        "disabled_reason": one.state_reason,
        "version": one.version,
        "created_by": prefixed("prn", one.created_by),
        "created_at": instant_text(one.created_ms),
        "updated_at": instant_text(one.updated_ms),
    }


def new_target(one: NewTarget) -> dict[str, Any]:
    """With the secret that its receiver needs to verify signatures, shown this once."""
    shown = target(one.target)
    if one.signing_secret is not None:
        shown["signing_secret"] = one.signing_secret
    return shown


def recurrence(spec: str) -> Any:
    """A recurrence as it was given: a text or an object."""
    return orjson.loads(spec) if spec.startswith("{") else spec


def policies(one: Policies, timing: Timing) -> dict[str, Any]:
    """All policies, defaults written out; lengths of time in seconds."""
    return {**_policies(one), **_clock_changes(timing)}


@lru_cache(maxsize=1024)
def _policies(one: Policies) -> Mapping[str, Any]:
    return _in_seconds(asdict(one))


def _in_seconds(found: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in found.items():
        if name == "audience_limit":
            continue
        if name.endswith("_ms"):
            shown[name.removesuffix("_ms")] = seconds(value)
        else:
            shown[name] = _in_seconds(value) if isinstance(value, dict) else value
    return shown


def _clock_changes(timing: Timing) -> dict[str, Any]:
    return {
        "dst_gap": timing.dst_gap,
        "dst_overlap": timing.dst_overlap,
        "dst_every_hour": timing.dst_every_hour,
    }


def schedule(one: Schedule) -> dict[str, Any]:
    """A schedule as lists show it."""
    definition, progress, timing = one.definition, one.progress, one.definition.timing
    return {
        "id": prefixed("sch", one.id),
        "key": one.key,
        "name": one.name,
        "description": one.description,
        "state": one.state.value,
        "dialect": one.dialect,
        "recurrence": recurrence(timing.spec),
        "timezone": timing.zone,
        "start_at": None if timing.start is None else instant_text(timing.start * 1000),
        "end_at": None if timing.end is None else instant_text(timing.end * 1000),
        "target": _shared_id("tgt", definition.target_id),
        "input": definition.input,
        "audience": definition.audience,
        "labels": dict(one.labels),
        "policies": policies(definition.policies, timing),
        "next_slot_at": instant_or_none(progress.next_slot),
        "next_fire_at": instant_or_none(progress.next_due),
        "last_slot_at": instant_or_none(progress.last_slot),
        "last_fire_at": instant_or_none(progress.last_fired_ms),
        "last_fire": id_or_none("fire", progress.last_fire_id),
        "last_state": progress.last_state,
        "last_skipped_at": instant_or_none(progress.last_skip_ms),
        "last_skip_reason": progress.last_skip_reason,
        "counts": {
            "fires": progress.fires,
            "succeeded": progress.succeeded,
            "failed": progress.failed,
            "skipped": progress.skipped,
            "open": progress.open_fires,
            "waiting": progress.waiting_fires,
            "failures_in_row": progress.failures_in_row,
        },
        "note": one.note,
        "ended_at": instant_or_none(one.ended_ms),
        "ended_reason": one.ended_reason,
        "version": one.version,
        "created_by": _shared_id("prn", one.created_by),
        "created_at": instant_text(one.created_ms),
        "updated_at": instant_text(one.updated_ms),
    }


def schedule_in_full(one: Schedule, now_ms: int) -> dict[str, Any]:
    """A schedule with its recurrence in words, and what it will do next."""
    shown = schedule(one)
    shown["in_words"] = _words(one.definition.timing)
    shown["next_fires"] = _next_fires(one, now_ms)
    return shown


@lru_cache(maxsize=16_384)
def _words(timing: Timing) -> str:
    return compile_timing(timing).describe()


def _next_fires(one: Schedule, now_ms: int) -> list[dict[str, str]]:
    """Nothing where it is not on the clock, and never more than its limit of fires leaves."""
    timing, rules = one.definition.timing, one.definition.policies
    left = NEXT_FIRES if rules.max_fires is None else min(NEXT_FIRES, rules.max_fires - one.progress.fires)
    first = slot_after(compile_timing(timing), now_ms) if one.state is ScheduleState.ACTIVE else None
    if first is None or left <= 0:
        return []
    delay = rules.delay_of(one.id)
    if not delay:
        return list(_occurrences(timing, first)[:left])
    return [occurrence(each, delay) for each in _later(timing, first, left)]


@lru_cache(maxsize=16_384)
def _occurrences(timing: Timing, first_ms: int) -> tuple[dict[str, str], ...]:
    """What comes from a slot on is the same for all who look before it."""
    return tuple(occurrence(each) for each in _later(timing, first_ms, NEXT_FIRES))


def _later(timing: Timing, first_ms: int, count: int) -> list[Occurrence]:
    return explain_next(timing, first_ms // 1000 - 1, count)


def occurrence(one: Occurrence, delay_ms: int = 0) -> dict[str, str]:
    """A coming fire: when it is due, what clocks there show at its slot, what a clock change did."""
    return {"at": instant_text(one.instant * 1000 + delay_ms), "local": one.local, "note": one.note}


def preview(found: Preview) -> dict[str, Any]:
    return {
        "in_words": found.description,
        "next_fires": [occurrence(one, found.delay_ms) for one in found.occurrences],
    }


def fire(one: Fire) -> dict[str, Any]:
    return {
        "id": prefixed("fire", one.id),
        "schedule": prefixed("sch", one.schedule_id),
        "kind": one.kind.value,
        "state": one.state.value,
        "slot_at": instant_text(one.slot_ms),
        "due_at": instant_text(one.due_ms),
        "fired_at": instant_text(one.fired_ms),
        "finished_at": instant_or_none(one.finished_ms),
        "schedule_version": one.version,
        "missed": None
        if one.missed is None
        else {
            "count": one.missed.count,
            "first_at": instant_text(one.missed.first_ms),
            "last_at": instant_text(one.missed.last_ms),
        },
        "audience_size": one.audience_size,
        "runs": one.runs,
        "succeeded": one.succeeded,
        "failed": one.failed,
        "cancelled": one.cancelled,
        "error": one.error,
    }


def ledger_entry(one: Fire | Span) -> dict[str, Any]:
    """A fire, or a span of slots that did not fire; `entry` tells which."""
    if isinstance(one, Fire):
        return {"entry": "fire", **fire(one)}
    return {"entry": "span", **span(one)}


def span(one: Span) -> dict[str, Any]:
    return {
        "reason": one.reason.value,
        "first_at": instant_text(one.first_ms),
        "last_at": instant_text(one.last_ms),
        "count": one.count,
        "schedule_version": one.version,
        "recorded_at": instant_text(one.recorded_ms),
    }


def run(one: Run) -> dict[str, Any]:
    return {
        "id": prefixed("run", one.id),
        "schedule": id_or_none("sch", one.schedule_id),
        "fire": id_or_none("fire", one.fire_id),
        "target": prefixed("tgt", one.target_id),
        "mode": one.mode,
        "state": one.state.value,
        "row_key": one.row_key,
        "generation": one.generation,
        "slot_at": instant_or_none(one.slot_ms),
        "due_at": instant_text(one.due_ms),
        "created_at": instant_text(one.created_ms),
        "started_at": instant_or_none(one.started_ms),
        "finished_at": instant_or_none(one.finished_ms),
        "next_attempt_at": instant_or_none(one.next_attempt_ms),
        "attempts": one.attempts,
        "status": one.status,
        "error": one.error,
        "output": None if one.output is None else orjson.loads(one.output),
    }


def run_in_full(one: Run, attempts: Iterable[Attempt]) -> dict[str, Any]:
    """A run with its attempts, oldest first."""
    return {**run(one), "history": [attempt(each) for each in attempts]}


def attempt(one: Attempt) -> dict[str, Any]:
    return {
        "number": one.number,
        "started_at": instant_text(one.started_ms),
        "finished_at": instant_text(one.finished_ms),
        "duration": seconds(one.finished_ms - one.started_ms),
        "status": one.status,
        "error": one.error,
    }


def explanation(one: Explanation) -> dict[str, Any]:
    return {
        "at": instant_text(one.at_ms),
        "local": one.local,
        "verdict": one.verdict,
        "sentence": one.sentence,
        "in_words": one.description,
        "schedule_version": one.version,
        "fire": None if one.fire is None else fire(one.fire),
        "span": None if one.span is None else span(one.span),
        "previous_slot_at": instant_or_none(one.previous_slot_ms),
        "next_slot_at": instant_or_none(one.next_slot_ms),
    }
