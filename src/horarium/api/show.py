"""The JSON in which our own API shows each resource. Times are UTC with milliseconds; lengths of time are seconds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from sys import getsizeof
from typing import Any, TypeVar

import orjson

from horarium.api.fields import id_or_none, instant_or_none, instant_text, seconds
from horarium.domain.actions import Action, ActionKind
from horarium.domain.audit import SCHEDULES_CREATED, LinkedEntry
from horarium.domain.erasures import Erasure
from horarium.domain.execution import Message, Verdict
from horarium.domain.fire import Fire, Span
from horarium.domain.ids import PREFIXES, Id, prefixed, ulid
from horarium.domain.lane_report import LaneState
from horarium.domain.listings import Total
from horarium.domain.pauses import Pause
from horarium.domain.plan import slot_after
from horarium.domain.quotas import Usage
from horarium.domain.run import Attempt, Run
from horarium.domain.schedule import Definition, DefinitionVersion, Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, Workspace
from horarium.domain.waiting import WaitCause
from horarium.domain.windows import NO_HOLDS, Holds, Window, next_times
from horarium.service.actions import Trial
from horarium.service.explain import Explanation, Preview, next_fire, upcoming
from horarium.service.pages import Page, cursor_text
from horarium.service.sent_requests import SentRequest
from horarium.service.targets import NewTarget
from horarium.service.tenancy import IssuedKey
from horarium.service.tried_calls import TriedCall, output_of
from horarium.store.verbs.shares import Share
from horarium.times import Occurrence, Timing, compile_timing, described, explain_next, kept, timing_bytes

T = TypeVar("T")
# How many coming fires an answer about one schedule shows.
NEXT_FIRES = 5
# Bytes of coming fires that are kept in memory.
SHOWN_BYTES = 8 * 1024 * 1024
# How many slots the answer to the dry run of a backfill names.
PLANNED_SLOTS = 100
# The ids of targets and principals stand in many schedules, and those of schedules in many runs: their texts are kept.
_shared_id = lru_cache(maxsize=8192)(prefixed)


def page(found: Page[T], show: Callable[[T], dict[str, Any]], counted: Total | None = None) -> dict[str, Any]:
    """One page of a list: its items, and the cursor of the next page or null; with how many there are, where that was
    asked for."""
    return {"items": [show(item) for item in found.items], **page_end(found, counted)}


def page_end(found: Page[Any], counted: Total | None = None) -> dict[str, Any]:
    """What a page says beside its items."""
    shown: dict[str, Any] = {"next_cursor": None if found.next is None else cursor_text(found.next)}
    if counted is not None:
        shown["total"] = total(counted, len(found.items))
    return shown


def total(counted: Total, shown: int) -> dict[str, Any]:
    """How many items a list has. Counting may have stopped before as many as the page shows."""
    return {"count": max(counted.count, shown), "at_least": counted.at_least}


def workspace(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": prefixed("ws", workspace.id),
        "slug": workspace.slug,
        "name": workspace.name,
        "settings": {"timezone": workspace.timezone, **workspace.settings},
        "quotas": asdict(workspace.quotas),
        "weight": workspace.weight,
        "allowed_hosts": list(workspace.allowed_hosts),
        "version": workspace.version,
        "deleted_at": instant_or_none(workspace.deleted_ms),
        "purged_at": instant_or_none(workspace.purge_ms),
        "created_at": instant_text(workspace.created_ms),
        "updated_at": instant_text(workspace.updated_ms),
    }


def usage(usage: Usage) -> dict[str, Any]:
    """What a workspace uses, under the names of the quotas."""
    return {
        "schedules": usage.schedules,
        "targets": usage.targets,
        "fires_per_hour": usage.hourly,
    }


def principal(principal: Principal) -> dict[str, Any]:
    return {
        "id": prefixed("prn", principal.id),
        "type": principal.type.value,
        "name": principal.name,
        "email": principal.email,
        "created_at": instant_text(principal.created_ms),
    }


def key(key: Key) -> dict[str, Any]:
    return {
        "id": prefixed("key", key.id),
        "name": key.name,
        "hint": key.hint,
        "principal": prefixed("prn", key.principal_id),
        "scopes": list(key.scopes),
        "created_at": instant_text(key.created_ms),
        "expires_at": instant_or_none(key.expires_ms),
        "last_used_at": instant_or_none(key.last_used_ms),
        "revoked_at": instant_or_none(key.revoked_ms),
        "targets": [prefixed("tgt", target) for target in key.restriction.targets],
        "labels": dict(key.restriction.labels),
        "networks": list(key.restriction.networks),
    }


def issued_key(issued: IssuedKey) -> dict[str, Any]:
    """A new key together with its text, which is not shown again."""
    return {**key(issued.key), "key": issued.text}


def grants(found: Page[Id]) -> dict[str, Any]:
    """A page of the grants of a principal."""
    targets = ["*" if target_id == EVERY_TARGET else prefixed("tgt", target_id) for target_id in found.items]
    return {"targets": targets, "next_cursor": None if found.next is None else cursor_text(found.next)}


def target(target: Target) -> dict[str, Any]:
    return {
        "id": prefixed("tgt", target.id),
        "number": target.number,
        "key": target.key,
        "kind": target.kind.value,
        "name": target.name,
        "description": target.description,
        "executor": {"type": target.executor, **target.config},
        "completion": target.completion.value,
        "timeout": seconds(target.timeout_ms),
        "deadline": seconds(target.deadline_ms),
        "max_concurrency": target.max_concurrency,
        "rate_per_second": target.rate_per_second,
        "input_schema": target.input_schema,
        "extra": dict(target.extra),
        "enabled": target.state == "enabled",
        "disabled_reason": target.state_reason,
        "shared_from": id_or_none("tgt", target.shared_from),
        "version": target.version,
        "created_by": prefixed("prn", target.created_by),
        "created_at": instant_text(target.created_ms),
        "updated_at": instant_text(target.updated_ms),
    }


def share(found: Share) -> dict[str, Any]:
    """With which workspace a target is shared, and as which target it is there."""
    return {
        "workspace": prefixed("ws", found.workspace_id),
        "target": prefixed("tgt", found.mirror_id),
        "key": found.key,
        "created_at": instant_text(found.created_ms),
    }


def source_share(found: Share) -> dict[str, Any]:
    """With which workspace a source of audiences is shared, and under which name it is there."""
    return {
        "workspace": prefixed("ws", found.workspace_id),
        "source": prefixed("src", found.mirror_id),
        "name": found.key,
        "created_at": instant_text(found.created_ms),
    }


def lane(state: LaneState) -> dict[str, Any]:
    """How the runs of a target stand that are not over, over all nodes."""
    shown: dict[str, Any] = {
        "waiting": state.waiting,
        "oldest_since": instant_or_none(state.oldest_ms),
        "under_way": state.under_way,
        "limit": None,
        "parked": 0,
        "p50": None,
        "p99": None,
        "throttled": None,
    }
    report = state.report
    if report is None:
        return shown
    shown |= {
        "under_way": max(state.under_way, report.under_way),
        "limit": report.limit,
        "parked": report.parked,
        "p50": None if report.p50_ms is None else seconds(report.p50_ms),
        "p99": None if report.p99_ms is None else seconds(report.p99_ms),
    }
    if report.held_by is not None:
        shown["throttled"] = {
            "why": report.held_by.value,
            "since": instant_or_none(report.held_since_ms),
            "in_words": report.held_by.words,
        }
    return shown


def new_target(new: NewTarget) -> dict[str, Any]:
    """A new target together with the secret that its receiver needs to verify signatures. It is not shown again."""
    shown = target(new.target)
    if new.signing_secret is not None:
        shown["signing_secret"] = new.signing_secret
    if new.verification_key is not None:
        shown["verification_key"] = new.verification_key
    return shown


def tried_call(tried: TriedCall) -> dict[str, Any]:
    """What came of a call by which a target was tried out."""
    outcome, exchange = tried.outcome, tried.exchange
    return {
        "target": prefixed("tgt", tried.target_id),
        "run": prefixed("run", tried.run_id),
        "outcome": outcome.verdict.value,
        "status": outcome.status,
        "error": outcome.error,
        "output": output_of(outcome),
        "retryable": outcome.verdict is Verdict.FAILED and outcome.retryable and not outcome.gone,
        "began_at": instant_text(tried.began_ms),
        "took": seconds(tried.took_ms),
        "request": _message(exchange.request),
        "answer": _message(exchange.answer),
    }


def sent_request(sent: SentRequest) -> dict[str, Any]:
    """What an attempt of a run has sent."""
    return {
        "attempt": sent.attempt,
        "request": _message(sent.message),
        "reason": sent.problem,
        "target_changed_at": instant_or_none(sent.changed_ms),
    }


def _message(found: Message | None) -> dict[str, Any] | None:
    if found is None:
        return None
    headers = [{"name": name, "value": value} for name, value in found.headers]
    return {"line": found.line, "headers": headers, "body": found.body}


def recurrence(spec: str) -> Any:
    """A recurrence as the caller gave it: a text or an object."""
    return orjson.loads(spec) if spec.startswith("{") else spec


def policies(policies: Policies, timing: Timing) -> dict[str, Any]:
    """All policies with their values, also those that are defaults. Lengths of time are in seconds."""
    return {**_policies(policies), **_clock_changes(timing)}


@lru_cache(maxsize=1024)
def _policies(policies: Policies) -> Mapping[str, Any]:
    return _in_seconds(asdict(policies))


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


def listed_version(version: DefinitionVersion) -> dict[str, Any]:
    """A version of a schedule's definition as lists show it."""
    timing = version.timing
    return {
        "version": version.number,
        "from": instant_text(version.from_ms),
        "recurrence": recurrence(timing.spec),
        "timezone": timing.zone,
    }


def version(version: DefinitionVersion, definition: Definition) -> dict[str, Any]:
    """A version of a schedule's definition, whole."""
    timing = version.timing
    return {
        **listed_version(version),
        "start_at": None if timing.start is None else instant_text(timing.start * 1000),
        "end_at": None if timing.end is None else instant_text(timing.end * 1000),
        "target": _shared_id("tgt", definition.target_id),
        "input": definition.input,
        "audience": definition.audience,
        "policies": policies(definition.policies, timing),
    }


def schedule(schedule: Schedule, next_fire_ms: int | None) -> dict[str, Any]:
    """A schedule as it is shown in lists, with when it fires next."""
    definition, progress, timing = schedule.definition, schedule.progress, schedule.definition.timing
    return {
        "id": prefixed("sch", schedule.id),
        "key": schedule.key,
        "name": schedule.name,
        "description": schedule.description,
        "state": schedule.state.value,
        "dialect": schedule.dialect,
        "recurrence": recurrence(timing.spec),
        "timezone": timing.zone,
        "start_at": None if timing.start is None else instant_text(timing.start * 1000),
        "end_at": None if timing.end is None else instant_text(timing.end * 1000),
        "target": _shared_id("tgt", definition.target_id),
        "input": definition.input,
        "audience": definition.audience,
        "labels": dict(schedule.labels),
        "policies": policies(definition.policies, timing),
        "next_slot_at": instant_or_none(progress.next_slot),
        "next_fire_at": instant_or_none(next_fire_ms),
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
        "note": schedule.note,
        "paused_until": instant_or_none(schedule.paused_until_ms),
        "ended_at": instant_or_none(schedule.ended_ms),
        "ended_reason": schedule.ended_reason,
        "version": schedule.version,
        "created_by": _shared_id("prn", schedule.created_by),
        "created_at": instant_text(schedule.created_ms),
        "updated_at": instant_text(schedule.updated_ms),
    }


def schedule_in_full(stored: Schedule, now_ms: int, holds: Holds = NO_HOLDS) -> dict[str, Any]:
    """A schedule with its recurrence in words and its next fires, as seen at `now_ms`. `holds`: what holds back its
    slots."""
    shown = schedule(stored, next_fire(stored, now_ms, holds))
    shown["in_words"] = described(stored.definition.timing)
    shown["next_fires"] = _next_fires(stored, now_ms, holds)
    return shown


def _next_fires(schedule: Schedule, now_ms: int, holds: Holds) -> list[dict[str, str]]:
    """The next fires of an active schedule, or of one that is paused until an instant, but no more than its max_fires
    leaves, and none that a pause or a maintenance window holds back. Others have none."""
    if holds is not NO_HOLDS or schedule.paused_until_ms is not None:
        found = upcoming(schedule, now_ms, NEXT_FIRES, holds)
        return [occurrence(each, found.delay_ms) for each in found.occurrences]
    timing, rules = schedule.definition.timing, schedule.definition.policies
    left = (
        NEXT_FIRES if rules.max_fires is None else min(NEXT_FIRES, rules.max_fires - schedule.progress.fires)
    )
    goes_on = schedule.state is ScheduleState.ACTIVE and schedule.progress.next_slot is not None
    first = slot_after(compile_timing(timing), now_ms) if goes_on else None
    if first is None or left <= 0:
        return []
    delay = rules.delay_of(schedule.id)
    if not delay:
        return list(_occurrences(timing, first)[:left])
    return [occurrence(each, delay) for each in _later(timing, first, left)]


def _size(question: tuple[Any, ...], shown: tuple[dict[str, str], ...]) -> int:
    return timing_bytes(question[0]) + sum(500 + getsizeof(each["note"]) for each in shown)


@kept(SHOWN_BYTES, _size)
def _occurrences(timing: Timing, first_ms: int) -> tuple[dict[str, str], ...]:
    """The next fires from a slot on. They are the same whenever one looks before that slot, so they are kept."""
    return tuple(occurrence(each) for each in _later(timing, first_ms, NEXT_FIRES))


def _later(timing: Timing, first_ms: int, count: int) -> list[Occurrence]:
    return explain_next(timing, first_ms // 1000 - 1, count)


def occurrence(occurrence: Occurrence, delay_ms: int = 0) -> dict[str, str]:
    """A coming fire: when it is due, the local time of its slot, and what a clock change did to it, if anything."""
    at_ms = occurrence.instant * 1000 + delay_ms
    return {"at": instant_text(at_ms), "local": occurrence.local, "note": occurrence.note}


def preview(found: Preview) -> dict[str, Any]:
    return {
        "in_words": found.description,
        "next_fires": [occurrence(coming, found.delay_ms) for coming in found.occurrences],
    }


def fire(fire: Fire) -> dict[str, Any]:
    return {
        "id": prefixed("fire", fire.id),
        "schedule": prefixed("sch", fire.schedule_id),
        "kind": fire.kind.value,
        "state": fire.state.value,
        "slot_at": instant_text(fire.slot_ms),
        "due_at": instant_text(fire.due_ms),
        "fired_at": instant_text(fire.fired_ms),
        "finished_at": instant_or_none(fire.finished_ms),
        "schedule_version": fire.version,
        "missed": None
        if fire.missed is None
        else {
            "count": fire.missed.count,
            "first_at": instant_text(fire.missed.first_ms),
            "last_at": instant_text(fire.missed.last_ms),
        },
        "audience_size": fire.audience_size,
        "runs": fire.runs,
        "succeeded": fire.succeeded,
        "failed": fire.failed,
        "cancelled": fire.cancelled,
        "error": fire.error,
    }


def backfill_plan(slots: Sequence[int]) -> dict[str, Any]:
    """What a backfill would fire; `slots` are in milliseconds."""
    return {
        "count": len(slots),
        "slots": [instant_text(slot) for slot in slots[:PLANNED_SLOTS]],
        "last_slot_at": instant_text(slots[-1]) if slots else None,
    }


def ledger_entry(entry: Fire | Span) -> dict[str, Any]:
    """A fire, or a span of slots that did not fire. The member `entry` says which."""
    if isinstance(entry, Fire):
        return {"entry": "fire", **fire(entry)}
    return {"entry": "span", **span(entry)}


def span(span: Span) -> dict[str, Any]:
    return {
        "schedule": prefixed("sch", span.schedule_id),
        "reason": span.reason.value,
        "first_at": instant_text(span.first_ms),
        "last_at": instant_text(span.last_ms),
        "count": span.count,
        "schedule_version": span.version,
        "recorded_at": instant_text(span.recorded_ms),
    }


def run(run: Run, cause: WaitCause | None = None) -> dict[str, Any]:
    """A run; with what it waits for, where it has not begun."""
    own = ulid(run.id)
    return {
        "id": f"run_{own}",
        "schedule": None if run.schedule_id is None else _shared_id("sch", run.schedule_id),
        # A single fire has the id of its run.
        "fire": f"fire_{own}" if run.fire_id == run.id else id_or_none("fire", run.fire_id),
        "target": _shared_id("tgt", run.target_id),
        "mode": run.mode,
        "state": run.state.value,
        "row_key": run.row_key,
        "generation": run.generation,
        "slot_at": instant_or_none(run.slot_ms),
        "due_at": instant_text(run.due_ms),
        "created_at": instant_text(run.created_ms),
        "started_at": instant_or_none(run.started_ms),
        "finished_at": instant_or_none(run.finished_ms),
        "next_attempt_at": instant_or_none(run.next_attempt_ms),
        "attempts": run.attempts,
        "waiting": None if cause is None else {"for": cause.value, "in_words": cause.words},
        "waited": waited(run.waited),
        "status": run.status,
        "error": run.error,
        "output": None if run.output is None else orjson.loads(run.output),
    }


def run_with(
    stored: Run, cause: WaitCause | None, include: Collection[str], given: str | None
) -> dict[str, Any]:
    """A run with what is to be included: its `input` (`given`, as JSON text), its `row`, or both."""
    shown = run(stored, cause)
    if "input" in include:
        shown["input"] = None if given is None else orjson.loads(given)
    if "row" in include:
        shown["row"] = row_of(stored)
    return shown


def row_of(stored: Run) -> Any:
    """What the audience said of the row of a run; None without an audience."""
    return None if stored.data is None or stored.schedule_id is None else orjson.loads(stored.data)


def waited(spent: Mapping[WaitCause, int]) -> dict[str, Any] | None:
    """For what a run has waited, in seconds by cause; None where it began at once."""
    if not spent:
        return None
    return {
        "seconds": seconds(sum(spent.values())),
        "for": {cause.value: seconds(ms) for cause, ms in spent.items()},
    }


def run_in_full(
    stored: Run, attempts: Iterable[Attempt], cause: WaitCause | None, given: str | None
) -> dict[str, Any]:
    """A run with its attempts, the oldest first, and with what it was `given` as input (JSON text) and row."""
    return {
        **run_with(stored, cause, ("input", "row"), given),
        "history": [attempt(each) for each in attempts],
    }


def attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": instant_text(attempt.started_ms),
        "finished_at": instant_text(attempt.finished_ms),
        "duration": seconds(attempt.finished_ms - attempt.started_ms),
        "status": attempt.status,
        "error": attempt.error,
    }


def explanation(explained: Explanation) -> dict[str, Any]:
    return {
        "at": instant_text(explained.at_ms),
        "local": explained.local,
        "verdict": explained.verdict,
        "sentence": explained.sentence,
        "in_words": explained.description,
        "schedule_version": explained.version,
        "fire": None if explained.fire is None else fire(explained.fire),
        "span": None if explained.span is None else span(explained.span),
        "pause": None if explained.pause is None else pause(explained.pause),
        "previous_slot_at": instant_or_none(explained.previous_slot_ms),
        "next_slot_at": instant_or_none(explained.next_slot_ms),
    }


def pause(pause: Pause) -> dict[str, Any]:
    """A pause of a workspace or of one schedule."""
    return {
        "id": prefixed("pau", pause.id),
        "schedule": id_or_none("sch", pause.schedule_id),
        "from": instant_text(pause.from_ms),
        "until": instant_or_none(pause.ends_ms),
        "catch_up": pause.catch_up.value,
        "note": pause.note,
        "by": id_or_none("prn", pause.by),
        "window": id_or_none("win", pause.window_id),
    }


def window(window: Window) -> dict[str, Any]:
    """A maintenance window with its next times."""
    return {
        "id": prefixed("win", window.id),
        "schedule": id_or_none("sch", window.schedule_id),
        "recurrence": recurrence(window.timing.spec),
        "timezone": window.timing.zone,
        "start_at": None if window.timing.start is None else instant_text(window.timing.start * 1000),
        "end_at": None if window.timing.end is None else instant_text(window.timing.end * 1000),
        "duration": seconds(window.duration_ms),
        "in_words": described(window.timing),
        "catch_up": window.catch_up.value,
        "note": window.note,
        "next": [
            {"from": instant_text(begin), "until": instant_text(end)}
            for begin, end in next_times(window, NEXT_FIRES)
        ],
        "by": id_or_none("prn", window.by),
        "created_at": instant_text(window.created_ms),
    }


def erasure(erasure: Erasure) -> dict[str, Any]:
    """The erasure of a person. Whom it erases is not shown."""
    return {
        "id": prefixed("ers", erasure.id),
        "state": erasure.state.value,
        "place": erasure.place.value,
        "waits_for": erasure.waits_for,
        "counts": dict(erasure.counts),
        "salt": erasure.salt.hex(),
        "hash": erasure.hash.hex(),
        "by": prefixed("prn", erasure.by),
        "created_at": instant_text(erasure.created_ms),
        "finished_at": instant_or_none(erasure.finished_ms),
    }


def audit_entry(entry: LinkedEntry) -> dict[str, Any]:
    """An entry of the audit log that has not been erased."""
    said = orjson.loads(entry.content or "{}")
    by = said.pop("by")
    after = said.pop("after", None)
    return {
        "id": prefixed("aud", entry.id),
        "at": instant_text(said.pop("at")),
        "action": said.pop("action"),
        "subject": audit_subject(said.pop("subject")),
        "by": {
            "principal": None if by["principal"] is None else prefixed("prn", bytes.fromhex(by["principal"])),
            "key": None if by["key"] is None else prefixed("key", bytes.fromhex(by["key"])),
            "address": by["address"],
            "request": by["request"],
        },
        "before": said.pop("before", None),
        "after": _with_schedule_ids(after) if entry.action == SCHEDULES_CREATED else after,
        **said,
    }


def action(action: Action) -> dict[str, Any]:
    """An action on many schedules or runs, and how far it has come."""
    return {
        "id": prefixed("act", action.id),
        "action": action.kind.value,
        "of": "runs" if action.kind.of_runs else "schedules",
        "state": action.state.value,
        "done": action.changed + action.unchanged + action.refused,
        "changed": action.changed,
        "unchanged": action.unchanged,
        "refused": action.refused,
        "problems": [dict(problem) for problem in action.problems],
        "error": action.error,
        "taken_by": _shared_id("prn", action.by.principal_id),
        "taken_at": instant_text(action.created_ms),
        "finished_at": instant_or_none(action.finished_ms),
    }


def trial(kind: ActionKind, found: Trial) -> dict[str, Any]:
    """What an action would be done to."""
    return {
        "action": kind.value,
        "dry_run": True,
        "matched": found.matched,
        "exact": found.exact,
        "schedules": [
            {"id": prefixed("sch", each.id), "key": each.key, "name": each.name, "state": each.state.value}
            for each in found.schedules
        ],
        "runs": [run(each) for each in found.runs],
    }


def audit_subject(subject: str) -> str:
    """What an entry is about: `sch_01J...`, or `audience:people`."""
    prefix, _, name = subject.partition(":")
    return prefixed(prefix, bytes.fromhex(name)) if prefix in PREFIXES else subject


def _with_schedule_ids(after: dict[str, Any]) -> dict[str, Any]:
    """A bulk request's entry keeps the ids of its schedules in the shortest form."""
    return {**after, "schedules": [prefixed("sch", bytes.fromhex(each)) for each in after["schedules"]]}
