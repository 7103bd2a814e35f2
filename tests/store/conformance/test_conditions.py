"""What each statement asks of the rows that it finds or changes, condition by condition.

Each line of CASES names a statement, and what a row must hold so that the statement finds it. Then come the smallest
changes with which it does not find it any more (`Not`), and those with which it still does (`Also`). A table with a `+`
before it has a second row, which is like the first but for what is said of it. Whose row it is, pages, orders and
limits are in the walks of test_strangers.py, test_neighbours.py and test_families.py as well.
"""

import re
from typing import Any, NamedTuple

import pytest

from horarium.store.sqlite.transaction import SqliteTx
from horarium.store.statements import load
from tests.store.conformance.test_families import _OPTIONAL, DEFAULTS
from tests.store.conformance.test_strangers import GIVEN, WRITTEN, Owner, _Undone, _value
from tests.support.all_rows import insert

# The instant of all cases, and the ends of ranges.
T = 100
N, M, O = b"n" * 16, b"m" * 16, b"o" * 16  # noqa: E741


class Id(NamedTuple):
    """Stands for the id of the row of a table; with a `+` before the table, for that of its second row."""

    table: str


class Not(dict[str, Any]):
    pass


class Also(dict[str, Any]):
    pass


HELD = {
    "pauses.settled": 0,
    "pauses.schedule_id": None,
    "pauses.from_ms": T,
    "pauses.ends_ms": None,
    ":now": T,
}
MIRROR = {
    "targets.shared_from": Id("targets"), "targets.executor": "http", "targets.state": "enabled",
    ":shared_id": Id("targets"), ":after": b"", ":reason": "why",
}  # fmt: skip
SOURCE = {
    "audience_sources.shared_from": Id("audience_sources"), "audience_sources.type": "http", ":after": b"",
    "audience_sources.off_reason": None, ":shared_id": Id("audience_sources"), ":reason": "why",
}  # fmt: skip
UNBEGUN = {
    "ready.owner": None, "ready.begun_ms": None, "ready.lost": 0, "runs.attempts": 0, "runs.started_ms": None,
    ":long_ago": T,
}  # fmt: skip
WITH_A_WORKER = {"ready.owner": N, "ready.due_ms": T, "runs.created_ms": T}
LEASE = {"ready.owner": N, "ready.epoch": 4}
OTHER_LEASES = [Not({"ready.owner": M}), Not({"ready.epoch": 5})]
TASK = {"fanouts.owner": N, "fanouts.epoch": 4, "fanouts.rows_done": 7, ":node": N, ":before": 7}
OTHER_TASKS = [Not({"fanouts.owner": M}), Not({"fanouts.epoch": 5})]
LAPSED = {
    "nodes.id": M,
    "nodes.stopped_ms": None,
    "nodes.lease_until_ms": T - 1,
    ":me": N,
    ":now": T,
    ":gone": [],
}
OBJECTIVE = {
    "schedules.dialect": "cadenya", ":dialect": "cadenya", "runs.state": "pending", "runs.attempts": 0,
    "ready.owner": None, ":phase": "pending", ":after": b"", ":before": b"\xff",
}  # fmt: skip
OTHER_OBJECTIVES = [
    Not({":phase": "running"}), Not({"schedules.dialect": "another"}), Not({":after": Id("runs")}),
    Not({":before": Id("runs")}), Not({":schedule_id": O}), Not({":target_id": O}),
    Not({":few": 0, "schedules.dialect": "another"}), Also({":few": 0}),
]  # fmt: skip
FAILED_OBJECTIVE = OBJECTIVE | {"runs.state": "failed", "runs.error": "e", ":phase": "failed"}
FIRE = {
    "runs.slot_ms": 1, "runs.version": 1, "runs.error": "e", "runs.state": "failed", "runs.mode": "clock",
    "fires.kind": "clock", "fires.state": "failed", ":target_id": Id("targets"), ":kind": "clock", ":state": "failed",
    ":cursor": b"\xff", ":floor": b"", ":labels": "[]",
}  # fmt: skip
OTHER_FIRES = [
    Not({":target_id": O}), Not({"versions.version": 2}), Not({"versions.schedule_id": O}), Not({":kind": "manual"}),
    Not({":state": "completed"}), Also({":target_id": None, ":kind": None, ":state": None}),
]  # fmt: skip
BETWEEN = [Not({":cursor": b""}), Not({":floor": b"\xff"})]
# A pause of a schedule that holds it beside one of its own that is over, and what must be said of that other pause.
HOLDING = {"+pauses.from_ms": T, "+pauses.ends_ms": None}
HOLDS_BESIDE = [
    Not(HOLDING), Not(HOLDING | {"+pauses.ends_ms": T + 1}), Also(HOLDING | {"+pauses.ends_ms": T}),
    Also(HOLDING | {"+pauses.from_ms": T + 1}), Also(HOLDING | {"+pauses.settled": 1}),
    Also(HOLDING | {"+pauses.schedule_id": O}),
]  # fmt: skip
OF_ALL = HOLDING | {"+pauses.schedule_id": None}
HOLDS_ALL = [
    Not(OF_ALL), Not(OF_ALL | {"+pauses.ends_ms": T + 1}), Also(OF_ALL | {"+pauses.ends_ms": T}),
    Also(OF_ALL | {"+pauses.from_ms": T + 1}), Also(OF_ALL | {"+pauses.settled": 1}),
]  # fmt: skip
# A pause of a workspace that began before another one and ends after it.
COVERED = {
    "pauses.schedule_id": None, "pauses.settled": 0, "pauses.from_ms": 5, "pauses.ends_ms": T - 1,
    "+pauses.from_ms": 4, "+pauses.ends_ms": None,
}  # fmt: skip
NOT_COVERED = [
    Also({"+pauses.ends_ms": T}), Not({"+pauses.ends_ms": T - 1}), Not({"+pauses.from_ms": 5}),
    Not({"+pauses.settled": 1}), Not({"+pauses.schedule_id": O}),
    Not({"pauses.schedule_id": O, "+pauses.schedule_id": None}),
]  # fmt: skip
NATIVE = {
    "schedules.dialect": "native", "schedules.owner_id": O, ":no_owner": O, "schedules.key": "m", ":key": "m",
    "schedules.deleted_ms": None,
}  # fmt: skip
OTHERS_KEYS = [
    Not({"schedules.dialect": "another"}), Not({"schedules.owner_id": M}), Not({"schedules.deleted_ms": 1}),
]  # fmt: skip

CASES: dict[str, list[dict[str, Any]]] = {
    # actions, audiences, the audit log
    "count_open_actions": [{"actions.finished_ms": None}, Not({"actions.finished_ms": 1})],
    "open_action": [{"actions.finished_ms": None}, Not({"actions.finished_ms": 1})],
    "any_action": [{"actions.finished_ms": None}, Not({"actions.finished_ms": 1})],
    "next_action": [{"actions.finished_ms": None}, Not({"actions.finished_ms": 1})],
    "forget_actions": [{"actions.id": M, "actions.state": "done", ":older_than": N, ":limit": 1},
                       Not({":older_than": M}), Not({"actions.state": "running"})],
    "source_behind": [SOURCE, Not({"audience_sources.type": "none"}), Not({"audience_sources.off_reason": "off"})],
    "any_mirror_source": [SOURCE, Not({"audience_sources.type": "none"}), Not({":shared_id": O})],
    "count_mirrors_source": [SOURCE, Not({"audience_sources.type": "none"})],
    "list_mirrors_source": [SOURCE, Not({"audience_sources.type": "none"}), Not({":shared_id": O})],
    "mirror_in_source": [SOURCE, Not({":shared_id": O})],
    "follow_source": [SOURCE, Not({"audience_sources.type": "none"}), Not({"audience_sources.shared_from": O})],
    "follow_sources": [SOURCE, Not({"audience_sources.type": "none"}), Not({"audience_sources.shared_from": O})],
    "oldest_audit_links": [{"audit_chains.anchor_number": 2, "audit_links.number": 3}, Not({"audit_links.number": 2}),
                           Not({"audit_links.number": 4})],
    "old_audit_links": [{"audit_links.linked_ms": T - 1, ":before_ms": T}, Not({"audit_links.linked_ms": T})],
    "delete_audit_links": [{"audit_links.number": 3, ":number": 3}, Not({"audit_links.number": 4})],
    "delete_some_deliveries": [{":id": Id("webhooks"), ":limit": 1}, Not({":id": O}), Not({":limit": 0})],
    "audit_entries_of_person": [
        {"audit_entries.action": "runs.cancelled", "audit_entries.erased_by": None, "audit_entries.subject": "s",
         "audit_entries.principal_id": N, ":principal_id": N, ":subject": "t", "audit_entries.id": N, ":after": M,
         ":upto": N},
        Also({"audit_entries.principal_id": M, "audit_entries.subject": "t"}),
        Not({":after": N}), Not({":after": b"", ":upto": M}),
        Not({"audit_entries.principal_id": M}), Not({"audit_entries.action": "audit.erased"}),
        Not({"audit_entries.erased_by": O})],
    # schedules and their definitions
    "same_definition_schedules": [
        {"schedules.deleted_ms": None, "schedules.definition_version": 1, "versions.version": 1,
         "versions.timing": '{"spec":"a"}', ":timing": '"spec":"a"', "versions.input": "[1]", ":bytes": 3},
        Not({"schedules.deleted_ms": 1}), Not({"schedules.definition_version": 2}),
        Not({"schedules.dialect": "other"}), Not({":timing": '"spec":"b"'}), Not({":bytes": 4}),
        Not({"versions.input": None}), Also({"versions.input": None, ":bytes": 0})],
    "input_of_version": [{"versions.version": 1, ":version": 1}, Not({":version": 2}), Not({":schedule_id": O})],
    "complete_schedules": [{"schedules.state": "active"}, Not({"schedules.state": "paused"})],
    "pause_schedule": [{"schedules.state": "active"}, Not({"schedules.state": "completed"})],
    "delete_completed": [{"schedules.state": "completed"}, Not({"schedules.state": "active"})],
    "free_schedules": [{":ids": Id("schedules"), "schedules.state": "completed", "freed_usage.id": O},
        Not({"schedules.state": "active"})],
    "schedules_of_stale_zone": [{"schedules.state": "active"}, Not({"schedules.state": "paused"}),
                                Not({"schedules.zone_data": "newer"})],
    "schedules_that_need": [
        {"schedules.state": "active", "schedules.owner_id": O, "schedules.deleted_ms": None},
        Also({"schedules.state": "paused"}),
        Also({"schedules.target_id": O, "schedules.owner_id": Id("targets")}),
        Not({"schedules.target_id": O}), Not({"schedules.state": "completed"}), Not({"schedules.deleted_ms": 1})],
    "ids_with_key": [NATIVE, *OTHERS_KEYS, Not({"schedules.key": "n"})],
    "ids_with_key_prefix": [NATIVE | {":low": "m", ":high": "n"}, *OTHERS_KEYS, Not({"schedules.key": "l"}),
                            Not({"schedules.key": "n"}), Not({"schedules.key": None})],
    "ids_of_failing": [{"cursors.failures_in_row": 1}, Not({"cursors.failures_in_row": 0})],
    "ids_due_before": [{"cursors.next_due": T - 1, ":next_before": T}, Not({"cursors.next_due": T})],
    "window_by_next_fire": [{"cursors.next_due": T, ":due": T, ":before": T + 1}, Not({"cursors.next_due": T - 1}),
                            Not({"cursors.next_due": T + 1})],
    "window_without_next_fire": [{"cursors.next_due": None, ":cursor": b""}, Not({"cursors.next_due": 1})],
    "single_last_fires": [
        {"runs.slot_ms": 1, "cursors.last_fire_id": Id("runs"), ":cursor": b"\xff", ":floor": b""},
        Not({"runs.slot_ms": None}), Not({"cursors.last_fire_id": O})],
    "other_last_fires": [{"cursors.last_fire_id": Id("fires"), ":cursor": b"\xff", ":floor": b""},
                         Not({"cursors.last_fire_id": O})],
    # the directory
    "count_assignees": [
        {"directory_tasks.assignee": "a", "directory_tasks.due": T - 1, ":overdue": 1, ":now": T,
         "directory_tasks.status": "{}"},
        Also({"directory_tasks.due": T, ":overdue": 0}), Not({"directory_tasks.due": T}),
        Not({"directory_tasks.status": "done"}), Not({"directory_tasks.assignee": None})],
    "page_of_assignees": [
        {"directory_tasks.assignee": "a", "directory_tasks.due": T - 1, ":overdue": 1, ":now": T,
         "directory_tasks.status": "{}",
         ":after": ""},
        Also({"directory_tasks.due": T, ":overdue": 0}), Not({"directory_tasks.due": T}),
        Not({"directory_tasks.status": "done"}), Not({":after": "a"})],
    "tasks_of_assignees": [
        {"directory_tasks.assignee": "somebody", "directory_tasks.due": T - 1, ":overdue": 1, ":now": T,
         "directory_tasks.status": "{}"},
        Also({"directory_tasks.due": T, ":overdue": 0}), Not({"directory_tasks.due": T}),
        Not({"directory_tasks.status": "done"}), Not({"directory_tasks.assignee": "another"}), Not({":most": 0})],
    "page_of_deals": [{":after": "", "directory_deals.last_change": T, ":changed_by": T},
        Not({"directory_deals.last_change": T + 1})],
    "count_deals": [{"directory_deals.last_change": T, ":changed_by": T},
        Not({"directory_deals.last_change": T + 1})],
    "leave_tasks": [{"directory_tasks.assignee": "a", ":assignee": "a"}, Not({"directory_tasks.assignee": "b"})],
    "leave_tasks_about": [{"directory_tasks.contact": "a", ":contact": "a"}, Not({"directory_tasks.contact": "b"})],
    "leave_deals": [{"directory_deals.owner": "a", ":owner": "a"}, Not({"directory_deals.owner": "b"})],
    # the queue
    "open_lanes": [{"ready.owner": None, ":after": b""}, Not({"ready.owner": N}), Not({":after": b"\xff"})],
    "earliest_ready": [{"ready.owner": None, "ready.due_ms": T}, Not({"ready.owner": N})],
    "claimable_runs": [{"ready.owner": None, "ready.due_ms": T, ":now": T, ":share": 1}, Not({"ready.owner": N}),
                       Not({"ready.due_ms": T + 1}), Not({"ready.lane": O})],
    "put_back_runs": [LEASE, *OTHER_LEASES],
    "release_leases": [LEASE, *OTHER_LEASES],
    "mark_begun": [LEASE, *OTHER_LEASES],
    "held_leases": [{":ids": Id("runs"), "ready.owner": N, ":node": N}, Not({"ready.owner": M}),
        Not({"ready.owner": None})],
    "hold_lease": [{"ready.owner": N, ":node": N}, Not({"ready.owner": M}), Not({"ready.owner": None}),
                   Not({":run_id": O})],
    "leases_of_node": [{"ready.owner": N, ":node": N}, Not({"ready.owner": M}), Not({"ready.owner": None})],
    "others_hold": [{"ready.owner": M, ":node": N}, Also({"ready.owner": O}), Not({"ready.owner": N}),
                    Not({"ready.owner": None})],
    "unbegun_runs": [
        UNBEGUN, Also(WITH_A_WORKER), Not(WITH_A_WORKER | {"ready.due_ms": T + 1}),
        Not(WITH_A_WORKER | {"runs.created_ms": T + 1}), Not({"ready.begun_ms": 1}), Not({"ready.lost": 1}),
        Not({"runs.attempts": 1}), Not({"runs.started_ms": 1})],
    "waiting_runs_of_lane": [{"ready.owner": None, "ready.due_ms": T, ":now": T, ":lane": Id("targets")},
                             Not({"ready.owner": N}), Not({"ready.due_ms": T + 1}), Not({"ready.lane": O})],
    "free_runs": [
        {"ready.owner": None, "callbacks.answer": "a", ":ids": Id("runs")},
        Also({"callbacks.run_id": O, "callbacks.answer": None}), Not({"callbacks.answer": None}),
        Not({"ready.owner": N})],
    "disable_target": [{"targets.state": "enabled", "targets.version": 3}, Not({"targets.state": "disabled"}),
                       Not({"targets.version": 4})],
    "free_runs_of": [{"ready.owner": N, ":node": N}, Not({"ready.owner": M})],
    "free_all_runs": [{"ready.owner": N}, Not({"ready.owner": None})],
    "free_all_fanout_tasks": [{"fanouts.owner": N}, Not({"fanouts.owner": None})],
    "free_all_webhooks": [{"webhooks.owner": N}, Not({"webhooks.owner": None})],
    "open_runs_due": [
        {"runs.state": "pending", "ready.due_ms": T, "runs.due_ms": T + 1, ":until": T},
        Also({"ready.run_id": O, "runs.due_ms": T}), Also({"runs.state": "running"}), Not({"ready.due_ms": T + 1}),
        Not({"ready.run_id": O}), Not({"runs.state": "failed"})],
    # runs and their fires
    "cancel_waiting_fires": [{"fires.state": "waiting"}, Not({"fires.state": "running"})],
    "oldest_waiting_fire": [{"fires.state": "waiting"}, Not({"fires.state": "running"}), Not({"fires.version": 2})],
    "held_fires": [{":ids": Id("schedules"), "fires.state": "waiting"}, Not({"fires.state": "running"})],
    "resolve_fire": [{"fires.state": "resolving"}, Not({"fires.state": "running"})],
    "change_texts_of_fires": [{"fires.state": "running"}, Not({"fires.state": "failed"})],
    "change_texts_of_runs": [{"runs.state": "running"}, Not({"runs.state": "failed"})],
    "cancel_open_runs": [{"runs.state": "pending"}, Also({"runs.state": "running"}), Not({"runs.state": "failed"})],
    "note_troubles": [{"runs.state": "pending"}, Also({"runs.state": "running"}), Not({"runs.state": "failed"})],
    "run_to_cancel": [{"runs.state": "pending"}, Also({"runs.state": "running"}), Not({"runs.state": "failed"})],
    "delete_run": [{"runs.state": "failed"}, Also({"runs.state": "succeeded"}), Also({"runs.state": "cancelled"}),
                   Not({"runs.state": "running"})],
    "stop_running_of_schedule": [
        {"ready.owner": N, "runs.mode": "clock", "runs.state": "pending"}, Also({"runs.state": "running"}),
        Not({"ready.owner": None}), Not({"runs.mode": "manual"}), Not({"runs.state": "failed"})],
    "open_runs_of_schedule": [
        {"runs.mode": "clock", "runs.state": "pending", ":before": b"\xff"}, Also({"runs.state": "running"}),
        Not({"runs.mode": "manual"}), Not({"runs.state": "failed"}), Not({":before": Id("runs")})],
    "failed_of_fire": [
        {"runs.error": "e", "runs.state": "failed", ":low": Id("runs"), ":high": b"\xff", ":after": b""},
        Not({"runs.error": None}), Not({"runs.state": "cancelled"}), Not({"runs.fire_id": O}), Not({":low": b"\xff"}),
        Not({":high": Id("runs")}), Not({":after": Id("runs")})],
    "errors_of_fire": [
        {"runs.error": "e", "runs.state": "failed", "runs.generation": 0, ":fire_id": Id("fires"), ":low": Id("runs"),
         ":high": b"\xff"},
        Also({"runs.state": "cancelled"}), Also({":fire_id": Id("runs")}), Not({"runs.error": None}),
        Not({"runs.state": "running"}), Not({"runs.generation": 1}), Not({":fire_id": O}), Not({":high": Id("runs")}),
        Not({":low": b"\xff"})],
    "average_run": [
        {"runs.generation": 0, "runs.started_ms": 1, "runs.finished_ms": 5}, Not({"runs.generation": 1}),
        Not({"runs.started_ms": None}), Not({"runs.finished_ms": None})],
    "fires_between": [
        {"fires.kind": "clock", ":low": Id("fires"), ":high": b"\xff", "runs.slot_ms": None},
        Not({"fires.kind": "manual"}), Not({":low": b"\xff"}), Not({":high": Id("fires")})],
    "list_fires_by_hand": [
        {"fires.kind": "manual", ":cursor": b"\xff", ":kind": "manual", "runs.slot_ms": None},
        Not({"fires.kind": "clock", ":kind": "clock"}), Not({"fires.kind": "backfill"}),
        Not({":cursor": Id("fires")})],
    "single_runs_of_events": [{"runs.slot_ms": 1}, Not({"runs.slot_ms": None})],
    "spans_between": [
        {"spans.first_ms": 5, "spans.last_ms": 7, ":from_ms": 7, ":to_ms": 9}, Also({":from_ms": 1, ":to_ms": 5}),
        Not({":from_ms": 8}), Not({":from_ms": 1, ":to_ms": 4})],
    "version_at": [{"versions.from_ms": T, ":at": T}, Not({"versions.from_ms": T + 1})],
    "versions_of_schedule": [{":below": 2}, Not({":below": 1})],
    "last_spans": [{":ids": Id("schedules"), "spans.last_ms": 7, "cursors.accounted_to": 7},
        Not({"cursors.accounted_to": 8})],
    "settled_total": [{"cursors.fires": 3, "cursors.open_fires": 1, "cursors.waiting_fires": 1},
                      Not({"cursors.open_fires": 2}), Not({"cursors.waiting_fires": 2})],
    "old_runs": [
        {":before_ms": T, ":before": b"\xff", ":after": b""}, Not({":before": Id("runs")}),
        Not({":after": Id("runs")})],
    "old_fires": [
        {":before_ms": T, ":before": b"\xff", ":after": b""}, Not({":before": Id("fires")}),
        Not({":after": Id("fires")})],
    "delete_spans": [{"spans.recorded_ms": T - 1, "spans.last_ms": T - 1, ":before_ms": T},
                     Not({"spans.recorded_ms": T}), Not({"spans.last_ms": T})],
    "empty_attempts": [{":erased": "x", ":ids": Id("runs"), "attempts.error": "e"}, Not({"attempts.error": None})],
    "texts_of_attempts": [{":ids": Id("runs"), "attempts.error": "e"}, Not({"attempts.error": None})],
    "starts_of_runs": [{"runs.started_ms": 9, "runs.attempts": 1, ":floor": b""}, Not({"runs.started_ms": None}),
                       Not({"runs.attempts": 2}), Not({":floor": b"\xff"})],
    "runs_of_hours": [
        {"runs.due_ms": T, ":since": T, ":until": T + 1, ":floor": Id("runs")}, Not({"runs.due_ms": T - 1}),
        Not({"runs.due_ms": T + 1}), Not({":floor": b"\xff"})],
    "failed_of_targets": [{"runs.error": "e", "runs.state": "failed", ":floor": Id("runs")},
        Not({"runs.error": None}),
                          Not({"runs.state": "cancelled"}), Not({":floor": b"\xff"})],
    "timings_of_workspace": [{"cursors.next_due": 1}, Not({"cursors.next_due": None})],
    "soonest_of_workspace": [{"cursors.next_due": T - 1, ":waiting": T}, Not({"cursors.next_due": T})],
    "keep_fire_of_run": [
        {"runs.slot_ms": 1, "runs.version": 1, "runs.state": "failed", ":id": Id("runs")},
        Also({"runs.state": "succeeded"}), Also({"runs.state": "cancelled"}), Not({"runs.state": "running"}),
        Not({"runs.state": "pending"}),
        Not({"runs.slot_ms": None}), Not({":id": O})],
    "fires_among": [FIRE | {":ids": Id("runs")}, *OTHER_FIRES, Not({":ids": [O]})],
    "single_fires_of_workspace": [FIRE, *OTHER_FIRES, *BETWEEN],
    "single_fires_with_error": [FIRE, *OTHER_FIRES, *BETWEEN, Not({"runs.error": None})],
    "other_fires_of_workspace": [FIRE, *OTHER_FIRES, *BETWEEN],
    "fires_of_schedule_within": [FIRE, *OTHER_FIRES, *BETWEEN],
    "fires_with_rows": [FIRE, *BETWEEN],
    "fires_of_schedule_with_rows": [FIRE, *BETWEEN],
    # objectives
    "open_objectives_desc": [OBJECTIVE, *OTHER_OBJECTIVES],
    "open_objectives_asc": [OBJECTIVE, *OTHER_OBJECTIVES],
    "count_open_objectives": [OBJECTIVE, *OTHER_OBJECTIVES],
    "objectives_with_error_desc": [FAILED_OBJECTIVE, *OTHER_OBJECTIVES, Not({"runs.error": None})],
    "objectives_with_error_asc": [FAILED_OBJECTIVE, *OTHER_OBJECTIVES, Not({"runs.error": None})],
    "count_objectives_with_error": [FAILED_OBJECTIVE, *OTHER_OBJECTIVES, Not({"runs.error": None})],
    # what waits, and what is due
    "due_schedules": [{"cursors.next_due": T, ":now": T}, Not({"cursors.next_due": T + 1})],
    "due_schedules_of_workspaces": [{"cursors.next_due": T, ":now": T, ":share": 1},
        Not({"cursors.next_due": T + 1})],
    "workspaces_due": [{"cursors.next_due": T, ":now": T}, Not({"cursors.next_due": T + 1}),
                       Not({"cursors.next_due": None})],
    "schedules_that_wait": [{"cursors.waiting_fires": 1}, Not({"cursors.waiting_fires": 0})],
    "any_waiting": [{"cursors.waiting_fires": 1}, Not({"cursors.waiting_fires": 0})],
    "held_up": [{":ids": Id("schedules"), "cursors.waiting_fires": 1, "cursors.open_fires": 0},
        Not({"cursors.waiting_fires": 0}),
                Not({"cursors.open_fires": 1})],
    "stuck_waiting": [
        {"cursors.waiting_fires": 1, "cursors.open_fires": 0, ":after": b"", ":piece": 2},
        Not({"cursors.waiting_fires": 0}), Not({"cursors.open_fires": 1}), Not({":after": Id("schedules")}),
        Not({":piece": 0})],
    "open_fanout_tasks": [{"fanouts.owner": None, "fanouts.due_ms": T, ":now": T}, Not({"fanouts.owner": N}),
                          Not({"fanouts.due_ms": T + 1}), Not({":share": 0})],
    "earliest_fanout_task": [{"fanouts.owner": None, "fanouts.due_ms": T}, Not({"fanouts.owner": N})],
    "take_fanout_task": [{":node": N, "fanouts.owner": None}, Not({"fanouts.owner": N})],
    "move_fanout_task": [TASK, *OTHER_TASKS, Not({"fanouts.rows_done": 8})],
    "hold_fanout_task": [TASK, *OTHER_TASKS],
    "put_off_fanout_task": [TASK, *OTHER_TASKS],
    "free_fanout_task": [TASK, Not({"fanouts.owner": M})],
    "fanout_tasks_of_node": [TASK, Not({"fanouts.owner": M})],
    "fanout_tasks_of_schedule": [{"fires.kind": "clock"}, Not({"fires.kind": "manual"})],
    "page_of_spool": [{"spool.number": 3, ":after": 2}, Not({":after": 3})],
    "empty_spool": [{"spool.number": 3, ":after": 2, ":upto": 3}, Not({":after": 3}), Not({":after": 1, ":upto": 2})],
    "orphans_in_spool": [{"fanouts.fire_id": O}, Not({"fanouts.fire_id": Id("fires")})],
    "counts_of_upkeep": [{"callbacks.answer": None}, Not({"callbacks.answer": "a"})],
    # callbacks and what engines have
    "runs_in_flight": [{"ready.owner": N, "ready.limited": 1, "callbacks.answer": "a", ":lane": Id("targets")},
                       Not({"ready.owner": None}), Not({"ready.limited": 0}), Not({"ready.lane": O}),
                       Also({"ready.owner": None, "ready.run_id": O, "callbacks.answer": None}),
                       Not({"ready.owner": None, "callbacks.answer": None}),
                       Not({"ready.owner": None, "ready.run_id": O, "callbacks.answer": None,
                        "callbacks.target_id": O})],
    "answer_callback": [{"callbacks.answer": None, "runs.state": "running"}, Also({"runs.state": "pending"}),
                        Not({"callbacks.answer": "a"}), Not({"runs.state": "failed"})],
    "extend_callback": [{"callbacks.answer": None}, Not({"callbacks.answer": "a"})],
    "close_callbacks": [{"callbacks.answer": None}, Not({"callbacks.answer": "a"})],
    "answer_watched": [{"callbacks.answer": None, ":answer": "b"}, Not({"callbacks.answer": "a"})],
    "open_watched": [{"callbacks.answer": None, "runs.state": "pending"}, Also({"runs.state": "running"}),
                     Not({"callbacks.answer": "a"}), Not({"runs.state": "failed"})],
    "stop_looking": [{"callbacks.answer": "a"}, Not({"callbacks.answer": None})],
    "move_looks": [{"callbacks.look_ms": 1}, Not({"callbacks.look_ms": None})],
    "look_later": [{"callbacks.look_ms": 1, "callbacks.answer": None}, Not({"callbacks.look_ms": None}),
                   Not({"callbacks.answer": "a"})],
    "tell_later": [{"callbacks.look_ms": 1, "callbacks.answer": "a"}, Not({"callbacks.look_ms": None}),
                   Not({"callbacks.answer": None})],
    "empty_handles": [{"callbacks.look_ms": None}, Not({"callbacks.look_ms": 1})],
    "earliest_look": [{"callbacks.look_ms": 1}, Not({"callbacks.look_ms": None})],
    "looks_of_targets": [{"callbacks.look_ms": 1, ":after": b""}, Not({"callbacks.look_ms": None}),
        Not({":after": b"\xff"})],
    "due_looks": [{"callbacks.look_ms": T, ":now": T, ":share": 1}, Not({"callbacks.look_ms": T + 1}),
                  Not({"callbacks.look_ms": None})],
    "expired_callbacks": [
        {"callbacks.answer": None, "callbacks.deadline_ms": T, ":now": T, "ready.run_id": O, "runs.state": "running"},
        Also({"runs.state": "pending"}), Not({"runs.state": "cancelled"}),
        Not({"callbacks.answer": "a"}), Not({"callbacks.deadline_ms": T + 1}), Not({"ready.run_id": Id("runs")})],
    "leave_untold": [{":no_token": b"", "callbacks.run_id": O, "targets.completion": "watch", "ready.epoch": 1,
         ":ids": Id("runs")},
                     Not({"targets.completion": "answer"}), Not({"ready.epoch": 0})],
    "free_row_locks": [{"row_locks.row_key": "k"}, Not({"row_locks.row_key": "l"}), Not({"row_locks.run_id": O}),
                       Not({"row_locks.schedule_id": O})],
    # erasures
    "drop_row_locks": [{"row_locks.run_id": Id("runs"), ":ids": Id("runs")}, Not({"row_locks.run_id": O}),
                       Not({"row_locks.schedule_id": O})],
    "awaited_now": [{"erasure_waits.look_ms": T, ":now": T}, Not({"erasure_waits.look_ms": T + 1})],
    "any_erasure": [
        {"erasures.finished_ms": None, "erasures.look_ms": None, ":now": T}, Also({"erasures.look_ms": T}),
        Not({"erasures.look_ms": T + 1}), Not({"erasures.finished_ms": 1})],
    "next_erasure": [
        {"erasures.finished_ms": None, "erasures.look_ms": None, ":now": T}, Also({"erasures.look_ms": T}),
        Not({"erasures.look_ms": T + 1}), Not({"erasures.finished_ms": 1})],
    "open_erasure": [{"erasures.finished_ms": None}, Not({"erasures.finished_ms": 1})],
    "notes_of_schedules": [{"pauses.note": "n", ":ids": Id("schedules")}, Not({"pauses.note": None})],
    "notes_of_workspace": [{"pauses.note": "n", "pauses.schedule_id": None}, Not({"pauses.note": None}),
                           Not({"pauses.schedule_id": O})],
    "notes_of_windows": [{"windows.note": "n"}, Not({"windows.note": None})],
    "texts_of_deliveries": [{"event_deliveries.error": "e", ":after": b"", ":number": 0},
                            Not({"event_deliveries.error": None})],
    "texts_of_entries": [{"audit_entries.erased_by": None, "audit_entries.action": "runs.cancelled", ":after": b""},
                         Not({"audit_entries.erased_by": O}), Not({"audit_entries.action": "audit.erased"})],
    "sizes_of_entries": [{"audit_entries.erased_by": None, "audit_entries.action": "runs.cancelled", ":after": b"",
                          "audit_entries.content": "c"},
                         Not({"audit_entries.erased_by": O}), Not({"audit_entries.action": "audit.erased"})],
    # events and webhooks
    "delete_events": [{"events.number": 5, ":after": 4, ":upto": 5}, Not({":after": 5, ":upto": 9}),
        Not({":after": 1, ":upto": 4})],
    "delete_old_deliveries": [{"event_deliveries.number": 5, ":upto": 5}, Not({":upto": 4})],
    "logs_to_forget": [{"event_logs.number": 5, "event_logs.forgotten": 4}, Not({"event_logs.forgotten": 5})],
    "old_events": [{"events.number": 5, ":after": 4}, Not({":after": 5})],
    "free_webhooks": [{"webhooks.state": "enabled", "webhooks.owner": None}, Not({"webhooks.state": "disabled"}),
                      Not({"webhooks.owner": N})],
    "webhooks_of_node": [
        {"webhooks.state": "enabled", "webhooks.owner": None, ":node": M}, Not({"webhooks.state": "disabled"}),
        Not({"webhooks.owner": N}), Also({"webhooks.owner": M})],
    "take_webhook": [{":node": N, "webhooks.owner": None, "webhooks.epoch": 3}, Not({"webhooks.owner": N}),
                     Not({"webhooks.epoch": 4})],
    "move_webhook": [{"webhooks.owner": N, "webhooks.epoch": 3, ":node": N}, Not({"webhooks.owner": M}),
                     Not({"webhooks.epoch": 4})],
    "waiting_deliveries": [
        {"event_deliveries.state": "waiting", "event_deliveries.number": 5, "events.number": 5,
         ":id": Id("webhooks")},
        Not({"event_deliveries.state": "done"}), Not({"events.number": 6})],
    "numbers_beyond": [{"event_deliveries.state": "done", "event_deliveries.number": 5, ":position": 4,
         ":id": Id("webhooks")},
                       Not({"event_deliveries.state": "replayed"}), Not({":position": 5})],
    "replay_deliveries": [{"event_deliveries.number": 5, ":after": 4, ":id": Id("webhooks")}, Not({":after": 5})],
    "replay_waiting": [
        {"event_deliveries.number": 5, "event_deliveries.state": "waiting", ":after": 4, ":id": Id("webhooks")},
        Not({":after": 5}), Not({"event_deliveries.state": "done"})],
    "mark_some_replayed": [
        {"event_deliveries.number": 5, "event_deliveries.state": "done", ":after": 4, ":upto": 5,
         ":id": Id("webhooks")},
        Not({":after": 5}), Not({":upto": 4}), Not({"event_deliveries.state": "waiting"}),
        Not({"event_deliveries.state": "replayed"})],
    "list_deliveries": [{"event_deliveries.number": 5, "event_deliveries.state": "done", ":before": 6,
         ":state": "done",
                         ":id": Id("webhooks")},
                        Not({":before": 5}), Not({":state": "waiting"}), Also({":state": None})],
    # answers that are kept
    "keep_answer": [{"answers.subject": b"s"}, Not({"answers.subject": b"t"})],
    "forget_answer": [{"answers.created_ms": T - 1, ":before": T}, Not({"answers.created_ms": T})],
    "forget_answers": [{"answers.created_ms": T - 1, ":before": T}, Not({"answers.created_ms": T})],
    # lanes
    "claimed_runs_of_lane": [
        {"ready.owner": M, "nodes.id": M, "ready.begun_ms": None, ":lane": Id("targets")}, Not({"ready.owner": None}),
        Not({"nodes.id": O}), Not({"ready.lane": O}), Not({"ready.begun_ms": 1})],
    "lane_reports": [{"lane_reports.at_ms": T, ":since": T, ":ids": Id("targets")},
        Not({"lane_reports.at_ms": T - 1})],
    "targets_held_by_circuit": [
        {"lane_reports.at_ms": T, "lane_reports.held_by": "circuit", ":since": T, ":ids": Id("targets")},
        Not({"lane_reports.at_ms": T - 1}), Not({"lane_reports.held_by": "rate"})],
    "bounds_of_targets": [
        {"targets.max_concurrency": 1, "targets.rate_per_second": None},
        Also({"targets.max_concurrency": None, "targets.rate_per_second": 2.0}),
        Not({"targets.max_concurrency": None})],
    "note_failing_targets": [{"failing_targets.target_id": O, "targets.deleted_ms": None},
        Not({"targets.deleted_ms": 1}),
                             Not({"failing_targets.target_id": Id("targets")})],
    # nodes
    "keep_lease_of_node": [{"nodes.stopped_ms": None}, Not({"nodes.stopped_ms": 1})],
    "retire_all_nodes": [{"nodes.stopped_ms": None}, Not({"nodes.stopped_ms": 1})],
    "retire_nodes": [LAPSED, Also({"nodes.lease_until_ms": T, ":gone": [M]}), Not({"nodes.lease_until_ms": T}),
                     Not({":me": M}), Not({"nodes.stopped_ms": 1})],
    "lapsed_owners": [
        LAPSED | {"ready.owner": M}, Also({"nodes.id": O}), Also({"nodes.lease_until_ms": T, "nodes.stopped_ms": 1}),
        Also({"nodes.lease_until_ms": T, ":gone": [M]}), Also({"ready.owner": None, "fanouts.owner": M}),
        Also({"ready.owner": None, "webhooks.owner": M}), Not({"nodes.lease_until_ms": T}), Not({":me": M}),
        Not({"ready.owner": None})],
    "other_nodes": [
        LAPSED | {"ready.owner": None}, Not({":me": M}), Not({"nodes.stopped_ms": 1}),
        Also({"nodes.stopped_ms": 1, "ready.owner": M}), Also({"nodes.id": O, "nodes.stopped_ms": 1, "ready.owner": M}),
        Not({":me": M, "nodes.stopped_ms": 1, "ready.owner": M})],
    "living_nodes": [{"nodes.stopped_ms": None, "nodes.lease_until_ms": T, ":now": T}, Not({"nodes.stopped_ms": 1}),
                     Not({"nodes.lease_until_ms": T - 1})],
    "watched_nodes": [
        {"nodes.stopped_ms": T, "nodes.lease_until_ms": T - 1, ":since": T}, Also({"nodes.stopped_ms": None}),
        Not({"nodes.stopped_ms": T - 1, "nodes.lease_until_ms": 1}), Not({"nodes.lease_until_ms": T})],
    "forget_nodes": [{"nodes.stopped_ms": T - 1, ":before_ms": T}, Not({"nodes.stopped_ms": T})],
    # pauses and windows
    "ruling_pauses": [HELD, Not({"pauses.settled": 1}), Not({"pauses.schedule_id": O})],
    "ruling_pauses_of_schedules": [{"pauses.settled": 0, ":ids": Id("schedules")}, Not({"pauses.settled": 1})],
    "pauses_in_force": [
        HELD, Also({"pauses.ends_ms": T + 1}), Not({"pauses.ends_ms": T}), Not({"pauses.from_ms": T + 1}),
        Not({"pauses.settled": 1}), Not({"pauses.schedule_id": O})],
    "pauses_ahead": [
        HELD | {":ids": Id("schedules")}, Also({"pauses.ends_ms": T + 1}),
        Also({"pauses.schedule_id": Id("schedules")}),
        Also({"pauses.schedule_id": Id("schedules"), "pauses.ends_ms": T + 1}), Not({"pauses.ends_ms": T}),
        Not({"pauses.settled": 1}), Not({"pauses.schedule_id": O}),
        Not({"pauses.schedule_id": Id("schedules"), "pauses.ends_ms": T}),
        Not({"pauses.schedule_id": Id("schedules"), "pauses.settled": 1})],
    "count_ruling_pauses": [HELD | {"pauses.window_id": None}, Not({"pauses.settled": 1}),
        Not({"pauses.schedule_id": O}),
                            Not({"pauses.window_id": O})],
    "planned_pause": [HELD | {"pauses.from_ms": T + 1}, Not({"pauses.from_ms": T}), Not({"pauses.schedule_id": O})],
    "beginning_of_pause": [{"pauses.ends_ms": None, "pauses.from_ms": 1}, Not({"pauses.ends_ms": 1})],
    "end_pause_of_schedule": [{"pauses.ends_ms": None}, Not({"pauses.ends_ms": 1})],
    "note_pause_of_schedule": [{"pauses.ends_ms": None}, Not({"pauses.ends_ms": 1})],
    "pause_of_workspace_at": [
        HELD | {":due": T}, Also({"pauses.ends_ms": T + 1}), Not({"pauses.ends_ms": T}),
        Not({"pauses.from_ms": T + 1}),
        Not({"pauses.schedule_id": O})],
    "pause_of_schedule_at": [
        {"pauses.from_ms": T, "pauses.ends_ms": None, ":due": T, ":slot": T - 5}, Also({"pauses.ends_ms": T - 5}),
        Not({"pauses.ends_ms": T - 6}), Not({"pauses.from_ms": T + 1})],
    "schedules_to_resume": [{"schedules.paused_until_ms": T, ":now": T}, Not({"schedules.paused_until_ms": T + 1})],
    "waiting_for_resumption": [
        {"cursors.next_due": 7, ":due": 7, ":now": T, "pauses.settled": 1, "pauses.from_ms": T,
         "pauses.ends_ms": None},
        Also({"pauses.settled": 0, "pauses.from_ms": T + 1}), Also({"pauses.settled": 0, "pauses.ends_ms": T}),
        Also({"pauses.settled": 0, "pauses.schedule_id": O}), Not({"pauses.settled": 0}),
        Not({"pauses.settled": 0, "pauses.ends_ms": T + 1}), Not({"cursors.next_due": 8})],
    "waiting_for_own_resumption": [
        {"cursors.next_due": 7, ":due": 7, ":now": T, "pauses.settled": 0, "pauses.from_ms": 1, "pauses.ends_ms": T},
        Not({"pauses.ends_ms": T + 1}), Not({"pauses.ends_ms": None}), Not({"pauses.settled": 1}),
        Not({"cursors.next_due": 8}), Not({"pauses.schedule_id": None}),
        Not({"pauses.from_ms": T + 1, "pauses.ends_ms": T + 2}), *HOLDS_BESIDE, *HOLDS_ALL],
    "covered_pause": [COVERED, *NOT_COVERED, Not({":id": O})],
    "pauses_to_settle": [
        {"pauses.settled": 0, "pauses.ends_ms": T - 1, ":before": T, "cursors.next_due": T - 1, ":due": 7},
        Also({"cursors.next_due": T - 2, "pauses.schedule_id": O}), Also({"cursors.next_due": None}),
        Not({"cursors.next_due": T - 2}), Not({"cursors.next_due": T - 2, "pauses.schedule_id": None}),
        Not({"cursors.next_due": T, ":due": T}), Not({"pauses.settled": 1}),
        Not({"pauses.ends_ms": T, "cursors.next_due": None}), Also(COVERED | {"cursors.next_due": T - 2}),
        *(type(change)(COVERED | {"cursors.next_due": T - 2} | change) for change in NOT_COVERED
          if "pauses.schedule_id" not in change),
        Not(COVERED | {"cursors.next_due": T - 2, "pauses.schedule_id": Id("schedules"),
                       "+pauses.schedule_id": None})],
    "concerned_by_pause": [
        {"cursors.next_due": T - 1, ":ends_ms": T, ":due": 7},
        Also({"cursors.next_due": T, ":due": T}), Not({"cursors.next_due": T}), Not({"cursors.next_due": None})],
    "concerned_by_own_pause": [
        {"cursors.next_due": T - 1, ":ends_ms": T, ":due": 7, ":schedule_id": Id("schedules")},
        Also({"cursors.next_due": T, ":due": T}), Not({"cursors.next_due": T}), Not({"cursors.next_due": None}),
        Not({":schedule_id": O})],
    "forget_pauses": [{"pauses.settled": 1, "pauses.ends_ms": T - 1, ":before_ms": T}, Not({"pauses.settled": 0}),
                      Not({"pauses.ends_ms": T})],
    "times_of_window": [
        {"pauses.window_id": Id("windows"), "pauses.settled": 0, "pauses.ends_ms": T + 1, ":now": T,
         ":id": Id("windows")},
        Not({"pauses.window_id": O}), Not({"pauses.settled": 1}), Not({"pauses.ends_ms": T})],
    "window_waits": [{"windows.next_ms": T, ":now": T}, Not({"windows.next_ms": T + 1})],
    "windows_begun": [{"windows.next_ms": T, ":now": T}, Not({"windows.next_ms": T + 1})],
    "windows_of_workspace": [{"windows.schedule_id": None}, Not({"windows.schedule_id": O})],
    "windows_over": [{"windows.schedule_id": None, ":ids": Id("schedules")},
        Also({"windows.schedule_id": Id("schedules")}),
                     Not({"windows.schedule_id": O})],
    "anything_holds": [
        {"pauses.settled": 0, "pauses.schedule_id": None, "windows.schedule_id": O, ":ids": Id("schedules")},
        Also({"pauses.schedule_id": Id("schedules")}), Also({"pauses.settled": 1, "windows.schedule_id": None}),
        Also({"pauses.settled": 1, "windows.schedule_id": Id("schedules")}), Not({"pauses.settled": 1}),
        Not({"pauses.schedule_id": O}), Not({"pauses.schedule_id": Id("schedules"), "pauses.settled": 1})],
    "forget_lost_windows": [
        {"windows.next_ms": T, "windows.schedule_id": Id("schedules"), "schedules.deleted_ms": 1, ":now": T},
        Also({"windows.schedule_id": O, "schedules.deleted_ms": None}), Not({"windows.next_ms": T + 1}),
        Not({"windows.schedule_id": None}), Not({"schedules.deleted_ms": None})],
    # workspaces, principals and keys
    "mark_workspace_deleted": [{"workspaces.deleted_ms": None}, Not({"workspaces.deleted_ms": 1})],
    "unmark_workspace": [{"workspaces.purge_ms": T + 1, ":now": T}, Not({"workspaces.purge_ms": T})],
    "deleted_workspace": [{"workspaces.deleted_ms": 1}, Not({"workspaces.deleted_ms": None})],
    "deleted_workspaces": [{"workspaces.purge_ms": 1, ":after": b""}, Not({"workspaces.purge_ms": None})],
    "any_to_purge": [{"workspaces.purge_ms": T, ":now": T}, Not({"workspaces.purge_ms": T + 1})],
    "next_to_purge": [{"workspaces.purge_ms": T, ":now": T}, Not({"workspaces.purge_ms": T + 1})],
    "get_workspace": [{"workspaces.deleted_ms": None}, Not({"workspaces.deleted_ms": 1})],
    "uncommon_shares": [{"workspaces.weight": 1, "workspaces.quotas": '{"a": 1}'},
                        Also({"workspaces.weight": 2, "workspaces.quotas": "{}"}), Not({"workspaces.quotas": "{}"})],
    "allowed_hosts": [{"workspaces.allowed_hosts": "[]"}, Not({"workspaces.allowed_hosts": '["*"]'})],
    "update_workspace": [{"workspaces.deleted_ms": None}, Not({"workspaces.deleted_ms": 1})],
    "hold_principal": [{"principals.deleted_ms": None}, Not({"principals.deleted_ms": 1})],
    "get_principal": [{"principals.deleted_ms": None}, Not({"principals.deleted_ms": 1})],
    "delete_principal": [{"principals.deleted_ms": None}, Not({"principals.deleted_ms": 1})],
    "revoke_keys_of_principal": [{"keys.revoked_ms": None}, Not({"keys.revoked_ms": 1})],
    "live_scopes": [{"keys.revoked_ms": None}, Not({"keys.revoked_ms": 1})],
    "revoke_key": [{"keys.revoked_ms": None}, Not({"keys.revoked_ms": 1})],
    "expire_key": [
        {"keys.revoked_ms": None, "keys.expires_ms": T + 1, ":at": T}, Also({"keys.expires_ms": None}),
        Not({"keys.expires_ms": T}), Not({"keys.revoked_ms": 1})],
    "touch_keys": [{"keys.last_used_ms": T - 1, ":used": T}, Also({"keys.last_used_ms": None}),
        Not({"keys.last_used_ms": T})],
    "key_by_hash": [
        {"keys.revoked_ms": None, "principals.deleted_ms": None, "workspaces.deleted_ms": None},
        Not({"keys.revoked_ms": 1}), Not({"principals.deleted_ms": 1}), Not({"workspaces.deleted_ms": 1})],
    # targets
    "get_target": [{"targets.deleted_ms": None}, Not({"targets.deleted_ms": 1})],
    "get_target_by_number": [{"targets.deleted_ms": None}, Not({"targets.deleted_ms": 1})],
    "existing_targets": [{"targets.deleted_ms": None}, Not({"targets.deleted_ms": 1})],
    "update_target": [{"targets.deleted_ms": None}, Not({"targets.deleted_ms": 1})],
    "delete_target": [{"targets.deleted_ms": None}, Not({"targets.deleted_ms": 1})],
    "follow_target": [MIRROR, Not({"targets.deleted_ms": 1}), Not({"targets.executor": "none"}),
        Not({"targets.shared_from": O})],
    "follow_targets": [MIRROR, Not({"targets.deleted_ms": 1}), Not({"targets.executor": "none"}),
        Not({"targets.shared_from": O})],
    "any_mirror_target": [MIRROR, Not({"targets.deleted_ms": 1}), Not({"targets.executor": "none"}),
        Not({":shared_id": O})],
    "count_mirrors_target": [MIRROR, Not({"targets.deleted_ms": 1}), Not({"targets.executor": "none"})],
    "list_mirrors_target": [MIRROR, Not({"targets.deleted_ms": 1}), Not({"targets.executor": "none"}),
        Not({":shared_id": O})],
    "mirror_in_target": [MIRROR, Not({"targets.deleted_ms": 1}), Not({":shared_id": O})],
    "mirrors_to_switch_off": [MIRROR | {"workspaces.deleted_ms": 1}, Not({"workspaces.deleted_ms": None}),
                              Not({"targets.deleted_ms": 1}), Not({"targets.state": "disabled"})],
    "mirrors_to_switch_off_of_all": [MIRROR | {"workspaces.deleted_ms": 1}, Not({"workspaces.deleted_ms": None}),
                                     Not({"targets.deleted_ms": 1}), Not({"targets.state": "disabled"})],
    # secrets
    "sealed_targets": [{"targets.secrets": b"s", ":after": b""}, Not({"targets.secrets": None})],
    "sealed_sources": [{"audience_sources.secrets": b"s", ":after": b""}, Not({"audience_sources.secrets": None})],
    "sealed_versions": [{"versions.environment": b"s", "versions.version": 3, ":after": Id("schedules"),
         ":version": 2},
                        Also({":after": b"", ":version": 9}), Not({":version": 3}),
                        Not({"versions.environment": None})],
    "reseal_targets": [{":sealed": b"z", "targets.secrets": b"s", ":old": b"s"}, Not({"targets.secrets": b"t"})],
    "reseal_sources": [{":sealed": b"z", "audience_sources.secrets": b"s", ":old": b"s"},
        Not({"audience_sources.secrets": b"t"})],
    "reseal_webhooks": [{":sealed": b"z", "webhooks.secrets": b"s", ":old": b"s"}, Not({"webhooks.secrets": b"t"})],
    "reseal_versions": [{":sealed": b"z", "versions.environment": b"s", ":old": b"s", ":id": Id("schedules")},
                        Not({"versions.environment": b"t"}), Not({":version": 2})],
}  # fmt: skip


# Nothing to keep up, but for what is noted for the audit log and the events; then what makes each kind of upkeep
# pending.
IDLE = {
    ":now": T, "callbacks.answer": "a", "callbacks.deadline_ms": T, "cursors.waiting_fires": 0, "cursors.open_fires": 0,
    "windows.next_ms": None, "schedules.paused_until_ms": None, "actions.finished_ms": 1, "erasures.finished_ms": 1,
    "erasures.look_ms": None, "workspaces.purge_ms": None, ":after": b"", ":piece": 2,
}  # fmt: skip
PENDING: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({}, (0, 0, 1, 0, 0, 0, 0, 1)),
    ({"callbacks.answer": None}, (1, 0, 1, 0, 0, 0, 0, 1)),
    ({"callbacks.answer": None, "callbacks.deadline_ms": T + 1}, (0, 0, 1, 0, 0, 0, 0, 1)),
    ({"cursors.waiting_fires": 1}, (0, 1, 1, 0, 0, 0, 0, 1)),
    ({"cursors.waiting_fires": 1, "cursors.open_fires": 1}, (0, 0, 1, 0, 0, 0, 0, 1)),
    ({"windows.next_ms": T}, (0, 0, 1, 1, 0, 0, 0, 1)),
    ({"windows.next_ms": T + 1}, (0, 0, 1, 0, 0, 0, 0, 1)),
    ({"schedules.paused_until_ms": T}, (0, 0, 1, 1, 0, 0, 0, 1)),
    ({"schedules.paused_until_ms": T + 1}, (0, 0, 1, 0, 0, 0, 0, 1)),
    ({"actions.finished_ms": None}, (0, 0, 1, 0, 1, 0, 0, 1)),
    ({"erasures.finished_ms": None}, (0, 0, 1, 0, 0, 1, 0, 1)),
    ({"erasures.finished_ms": None, "erasures.look_ms": T}, (0, 0, 1, 0, 0, 1, 0, 1)),
    ({"erasures.finished_ms": None, "erasures.look_ms": T + 1}, (0, 0, 1, 0, 0, 0, 0, 1)),
    ({"workspaces.purge_ms": T}, (0, 0, 1, 0, 0, 0, 1, 1)),
    ({"workspaces.purge_ms": T + 1}, (0, 0, 1, 0, 0, 0, 0, 1)),
]

# How a statement counts: what a row holds, and the whole answer.
COUNTS: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("queue_by_lane", {"ready.owner": None, "ready.due_ms": T, ":now": T}, (Id("targets"), 1, 0, 0, T)),
    ("queue_by_lane", {"ready.owner": None, "ready.due_ms": T + 1, ":now": T}, (Id("targets"), 0, 1, 0, T + 1)),
    ("queue_by_lane", {"ready.owner": N, "ready.due_ms": T, ":now": T}, (Id("targets"), 0, 0, 1, None)),
    ("claimed_runs_of_lane", {"ready.owner": M, "nodes.id": M, "ready.begun_ms": None, "ready.due_ms": T,
                              ":lane": Id("targets")}, (1, T, 0)),
    ("claimed_runs_of_lane", {"ready.owner": M, "nodes.id": M, "ready.begun_ms": 5, "ready.due_ms": T,
                              ":lane": Id("targets")}, (0, None, 1)),
    ("nodes_by_life", {"nodes.stopped_ms": None, "nodes.lease_until_ms": T, ":now": T}, (1, 0)),
    ("nodes_by_life", {"nodes.stopped_ms": None, "nodes.lease_until_ms": T - 1, ":now": T}, (0, 1)),
    ("nodes_by_life", {"nodes.stopped_ms": 1, "nodes.lease_until_ms": T, ":now": T}, (0, 0)),
    ("counts_of_upkeep", {"callbacks.answer": None}, (1, 1, 1)),
    ("webhooks_of_node", {"webhooks.owner": M, "webhooks.epoch": 3, ":node": M}, (Id("webhooks"), 3)),
    ("webhooks_of_node", {"webhooks.state": "enabled", "webhooks.owner": None, ":node": M}, (None, 0)),
    *(("pending_upkeep", IDLE | held, (*answer, None)) for held, answer in PENDING),
    ("count_open_erasures", {"erasures.finished_ms": None, "erasures.state": "running"}, (1, 1)),
    ("count_open_erasures", {"erasures.finished_ms": None, "erasures.state": "waiting"}, (0, 1)),
    ("count_open_erasures", {"erasures.finished_ms": 1, "erasures.state": "running"}, (0, 0)),
    ("count_windows_of_workspace", {"windows.schedule_id": None}, (1, 0)),
    ("count_windows_of_workspace", {"windows.schedule_id": O}, (0, 1)),
    ("what_rules", {"windows.next_ms": 7, **HELD}, (7, 1, 0, None)),
    ("what_rules", {"windows.next_ms": None, **HELD, "pauses.settled": 1}, (None, 0, 0, None)),
    ("what_rules", {"windows.next_ms": 7, **HELD, "pauses.schedule_id": O, "pauses.ends_ms": T + 1}, (7, 0, 1, T + 1)),
    ("what_rules", {"windows.next_ms": 7, **HELD, "pauses.schedule_id": O, "pauses.ends_ms": T}, (7, 0, 1, None)),
    ("lane_of_target", {"targets.max_concurrency": None, "targets.rate_per_second": None, "targets.deleted_ms": None},
     (0, False)),
    ("lane_of_target", {"targets.max_concurrency": 1, "targets.rate_per_second": None, "targets.deleted_ms": 1},
     (1, True)),
    ("lane_of_target", {"targets.max_concurrency": None, "targets.rate_per_second": 1, "targets.deleted_ms": None},
     (1, False)),
    ("runs_of_hours", {"runs.due_ms": 7_200_000 + T, ":since": T, ":until": 1 << 40, ":floor": b"",
                       "runs.state": "failed"}, (2, "failed", 1)),
    ("starts_of_runs", {"runs.started_ms": 9, "runs.due_ms": 4, "runs.attempts": 1, ":floor": b""},
     (Id("schedules"), 5)),
    ("settled_total", {"cursors.fires": 7, "cursors.open_fires": 2, "cursors.waiting_fires": 1}, (4,)),
    ("average_run", {"runs.generation": 0, "runs.started_ms": 2, "runs.finished_ms": 5}, (3,)),
    ("first_awaited", {"erasure_waits.look_ms": T, ":erasure_id": Id("erasures"),
                       "erasure_waits.erasure_id": Id("erasures")}, (T,)),
    ("waiting_runs_of_lane", {"ready.owner": None, "ready.due_ms": T, ":now": T, ":lane": Id("targets")}, (1, T)),
    ("page_of_assignees", {"directory_tasks.assignee": "a", "directory_tasks.due": T, ":overdue": 0, ":now": T,
                           "directory_tasks.status": "{}", ":after": ""}, ("a", 1, 0, None, None, None)),
    ("page_of_assignees", {"directory_tasks.assignee": "a", "directory_tasks.due": T - 1, ":overdue": 0, ":now": T,
                           "directory_tasks.status": "{}", ":after": ""}, ("a", 1, 1, None, None, None)),
    *(("fire_totals", {"runs.slot_ms": None, "fires.state": state, "fires.finished_ms": T},
       (1, state == "completed", state in ("partial", "failed", "cancelled"), T if state == "completed" else None,
        T if state in ("partial", "failed", "cancelled") else None))
      for state in ("completed", "partial", "failed", "cancelled", "running")),
]  # fmt: skip


# What a statement answers that finds one row where a table has two: the first columns of that row. The second row is
# one that comes later, is older, or belongs to something else.
SPAN_BEFORE = {
    "fires.state": "waiting", "fires.slot_ms": T, "cursors.last_slot": 1, "spans.first_ms": 5, "spans.last_ms": 9,
    "+spans.last_ms": T + 9, ":ids": Id("schedules"),
}  # fmt: skip
LAST_SPAN = {"spans.first_ms": 5, "spans.last_ms": 9, "cursors.accounted_to": 9, ":ids": Id("schedules")}
OLDEST = {
    "event_logs.number": 9, "event_logs.forgotten": 4, "events.number": 6, "events.told_ms": T, "+events.told_ms": 1,
    "+events.id": Id("+events"),
}  # fmt: skip
OLDEST_EVENT = (Id("workspaces"), 9, 4, T)
TWO_CURSORS = {
    "cursors.next_due": T,
    "+cursors.schedule_id": Id("+schedules"),
    "+cursors.place": 2,
    ":now": T,
}
TWO_QUEUED = {"ready.owner": None, "ready.due_ms": T, "+ready.run_id": Id("+runs"), ":now": T, ":share": 1}
TWO_CALLBACKS = {
    "callbacks.look_ms": T,
    "callbacks.answer": None,
    "+callbacks.run_id": Id("+runs"),
    ":now": T,
}
TWO_PAUSES = {"pauses.from_ms": 5, "pauses.ends_ms": None, "+pauses.from_ms": 4, ":due": T, ":slot": T}
OF_WORKSPACE = TWO_PAUSES | {"pauses.schedule_id": None}
TWO_DELIVERIES = {
    "event_deliveries.number": 5, "event_deliveries.state": "waiting", "events.number": 5, "+events.number": 6,
    "+event_deliveries.number": 6, ":id": Id("webhooks"), ":before": 9, ":state": None, ":limit": 1,
}  # fmt: skip
TWO_VERSIONS = {"versions.version": 1, "+versions.version": 2}
BESIDE: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    *(("held_fires", SPAN_BEFORE | more, (Id("fires"), Id("schedules"), T, 1, None, None, None, first))
      for more, first in [({"+spans.first_ms": 2}, 5), ({"+spans.first_ms": 7}, 7), ({"+spans.first_ms": T}, 5),
                          ({"+spans.first_ms": T - 1}, T - 1), ({"+spans.first_ms": 7, "+spans.schedule_id": O}, 5),
                          ({"+spans.first_ms": 2, "cursors.last_slot": 9}, None)]),
    ("last_spans", LAST_SPAN | {"+spans.first_ms": 2}, (Id("schedules"), 5)),
    ("last_spans", LAST_SPAN | {"+spans.first_ms": 7, "+spans.schedule_id": O}, (Id("schedules"), 5)),
    *(("held_fires", SPAN_BEFORE | more, (Id("fires"), Id("schedules"), T, 1, None, None, None, 5))
      for more in ({"+cursors.schedule_id": O, "+cursors.place": 2, "+spans.first_ms": 2},
                   {"+spans.schedule_id": O, "+spans.first_ms": 5},
                   {"+spans.schedule_id": O, "+spans.first_ms": 2, "+cursors.schedule_id": O, "+cursors.place": 2,
                    "+fires.schedule_id": O})),
    ("last_spans", LAST_SPAN | {"+spans.schedule_id": O}, (Id("schedules"), 5)),
    ("last_spans", LAST_SPAN | {"+spans.schedule_id": O, "+cursors.schedule_id": O, "+cursors.place": 2},
     (Id("schedules"), 5)),
    ("logs_to_forget", OLDEST | {"+events.number": 7}, OLDEST_EVENT),
    ("logs_to_forget", OLDEST | {"+events.number": 4}, OLDEST_EVENT),
    ("logs_to_forget", OLDEST | {"+events.number": 5}, (Id("workspaces"), 9, 4, 1)),
    ("callback_secrets", TWO_VERSIONS | {"runs.version": 1}, (b"x", Id("targets"))),
    ("callback_secrets", TWO_VERSIONS | {"runs.version": 1, "+versions.schedule_id": O, "+versions.version": 1},
     (b"x", Id("targets"))),
    ("schedules_of_born_runs", TWO_VERSIONS | {":ids": Id("schedules"), ":every_target": O}, (Id("schedules"),)),
    ("oldest_waiting_fire", TWO_VERSIONS | {"fires.state": "waiting"}, (Id("fires"),)),
    # what goes first
    ("due_schedules", TWO_CURSORS | {"+cursors.next_due": T - 1, ":limit": 1}, (2, Id("+schedules"))),
    ("due_schedules_of_workspaces", TWO_CURSORS | {"+cursors.next_due": T - 1, ":share": 1}, (2, Id("+schedules"))),
    ("soonest_of_workspace", TWO_CURSORS | {"+cursors.next_due": T - 1, ":waiting": 999, ":limit": 1},
     (Id("+schedules"),)),
    ("earliest_due", TWO_CURSORS | {"+cursors.next_due": T - 1}, (T - 1,)),
    ("claimable_runs", TWO_QUEUED | {"+ready.due_ms": T - 1}, (Id("+runs"),)),
    ("earliest_ready", TWO_QUEUED | {"+ready.due_ms": T - 1}, (T - 1,)),
    ("due_looks", TWO_CALLBACKS | {"+callbacks.look_ms": T - 1, ":share": 1}, (Id("+runs"),)),
    ("earliest_look", TWO_CALLBACKS | {"+callbacks.look_ms": T - 1}, (T - 1,)),
    ("expired_callbacks", TWO_CALLBACKS | {"callbacks.deadline_ms": 9, "+callbacks.deadline_ms": 8, "ready.run_id": O,
                                           "runs.state": "running", "+runs.state": "running", ":limit": 1},
     (Id("+runs"),)),
    ("version_at", TWO_VERSIONS | {"versions.from_ms": T, "+versions.from_ms": T, ":at": T}, (2,)),
    ("versions_of_schedule", TWO_VERSIONS | {":below": 9, ":limit": 1}, (2,)),
    ("pause_of_workspace_at", OF_WORKSPACE, (Id("+pauses"),)),
    ("pause_of_schedule_at", TWO_PAUSES, (Id("pauses"),)),
    ("beginning_of_pause", TWO_PAUSES, (4,)),
    ("list_pauses", OF_WORKSPACE | {":limit": 1, ":from_ms": T, ":cursor": b"", "+pauses.from_ms": 6},
     (Id("+pauses"),)),
    ("next_action", {"actions.finished_ms": None, "actions.updated_ms": 5, "+actions.updated_ms": 4},
     (Id("+actions"),)),
    ("next_erasure", {"erasures.finished_ms": None, "erasures.updated_ms": 5, "+erasures.updated_ms": 4, ":now": T},
     (Id("+erasures"),)),
    ("list_deliveries", TWO_DELIVERIES, (6,)),
    ("waiting_deliveries", TWO_DELIVERIES | {"+events.id": Id("+events")}, (5,)),
    ("living_nodes", {"nodes.stopped_ms": None, "nodes.lease_until_ms": T, "nodes.name": "b", "+nodes.name": "a",
                      ":now": T, ":limit": 1}, (Id("+nodes"), "a")),
    ("page_of_assignees", {"directory_tasks.assignee": "b", "directory_tasks.due": T, ":overdue": 0, ":now": T,
                           "directory_tasks.status": "{}", ":after": "", "+directory_tasks.assignee": "a",
                           "+directory_tasks.id": "x", ":limit": 1}, ("a",)),
]  # fmt: skip


# Questions that are always answered with one row, which says how much there is.
_VALUE = re.compile(r"(?:WITH .*\n)?SELECT (?:count\(|min\(|max\(|avg\(|EXISTS|COALESCE\(sum|\(SELECT)")


@pytest.mark.parametrize("name", CASES)
async def test_a_statement_finds_what_it_asks_for_and_nothing_that_differs_in_one_condition(store, name):
    statement = load(store.flavour)[name]
    first, *changes = CASES[name]

    async def answers(change):
        """Whether the statement finds the one row, once the tables hold what a case says."""
        return await _asked(store, statement, first, change, _finds)

    assert await answers({}), "what it asks for is not found"
    if "limit" in statement.parameters:
        assert not await answers({":limit": 0}), "it finds more than its limit allows"
    for change in changes:
        assert await answers(change) == isinstance(change, Also), change


@pytest.mark.parametrize(("name", "held", "answer"), COUNTS)
async def test_a_statement_counts_what_it_is_to_count(store, name, held, answer):
    expected, found = await _only_row(store, name, held, answer)
    assert found == expected


@pytest.mark.parametrize(("name", "held", "answer"), BESIDE)
async def test_of_two_rows_a_statement_answers_with_the_one_that_is_asked_for(store, name, held, answer):
    expected, found = await _only_row(store, name, held, answer)
    assert found[: len(expected)] == expected


async def _only_row(store, name, held, answer):
    """What is expected of a statement, and the one row that it answers."""

    async def look(tx, statement, given):
        if load("postgres")[name].columns:
            (row,) = await tx.each(name, [tuple(given.values())])
        else:
            (row,) = await tx.rows(name, **given)
        return tuple(row)

    owner = Owner()
    expected = tuple(owner.id_of(value.table) if isinstance(value, Id) else value for value in answer)
    return expected, await _asked(store, load(store.flavour)[name], held, {}, look, owner)


async def _asked(store, statement, first, change, look, owner=None):
    """What `look` says of a statement once the tables hold what a case says. All of it is undone."""
    owner = owner or Owner()
    # With the tables that others refer to.
    concerned = {
        "workspaces",
        "principals",
        *re.findall(r"\w+", " ".join([statement.sql, *(first | change)])),
    }
    told = []

    async def verb(tx):
        await owner.enter(tx, concerned)
        for place, value in _resolved(owner, first | change).items():
            if place[0] not in ":+":
                await _set(tx, *place.split("."), value)
        for table, row in _second_rows(owner, first | change).items():
            await insert(tx, table, row)
        told.append(await look(tx, statement, _given(statement, owner, first, change)))
        raise _Undone

    with pytest.raises(_Undone):
        await store.urgent(verb)
    return told[0]


def _resolved(owner, values):
    """Values with the ids that they stand for."""
    return {
        name: owner.id_of(value.table) if isinstance(value, Id) else value for name, value in values.items()
    }


def _second_rows(owner, values):
    """The second row of each table that is to have one: as the first, with an id of its own and what is said of it."""
    said = _resolved(owner, values)
    rows: dict[str, dict[str, Any]] = {}
    for place, value in said.items():
        table, _, column = place.removeprefix("+").partition(".")
        if place[0] == "+":
            of_first = {
                name.split(".")[1]: held for name, held in said.items() if name.startswith(f"{table}.")
            }
            row = rows.setdefault(table, owner.rows[table] | of_first)
            row[column] = value
    for table, row in rows.items():
        if "id" in row and f"+{table}.id" not in said:
            row["id"] = owner.id_of(f"+{table}")
    return rows


def _given(statement, owner, first, change):
    """The parameters of a statement: what a case says, or what the rows of its tables hold before the change."""
    sql = load("sqlite")[statement.name].sql
    written = WRITTEN.search(sql)
    tables = [written[2]] if written else []
    tables += [name for name in re.findall(r"\b(?:FROM|JOIN) (\w+)", sql) if name in owner.rows]
    row = dict.fromkeys(_OPTIONAL.findall(sql)) | DEFAULTS | GIVEN
    for table in reversed(tables):
        row |= owner.rows.get(table, {})
    held = {
        name.split(".")[1]: value for name, value in _resolved(owner, first).items() if name[0] not in ":+"
    }
    said = {name[1:]: value for name, value in _resolved(owner, first | change).items() if name[0] == ":"}
    row |= {name: value for name, value in held.items() if name not in ("id", "workspace_id")} | {"gone": []}
    row |= {"workspace_id": owner.workspace} | said
    ids = said.get(statement.listed)
    return {
        name: (ids if isinstance(ids, list) else [ids])
        if name == statement.listed and ids is not None
        else _value(name, row, statement)
        for name in statement.columns or statement.parameters or load("postgres")[statement.name].columns
    }


async def _finds(tx, statement, given):
    """Whether a statement finds or changes anything."""
    writes = WRITTEN.search(statement.sql) and "RETURNING" not in statement.sql
    if load("postgres")[statement.name].columns:
        rows = [tuple(given.values())]
        return (
            (await tx.many(statement.name, rows)) > 0 if writes else bool(await tx.each(statement.name, rows))
        )
    if writes:
        return (await tx.run(statement.name, **given)) > 0
    rows = await tx.rows(statement.name, **given)
    return bool(rows[0][0]) if _VALUE.match(statement.sql) else bool(rows)


async def _set(tx, table, column, value):
    """Have the one row of a table hold a value."""
    if isinstance(tx, SqliteTx):
        tx._connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
    else:
        await tx.ensure_open()
        await tx.connection.execute(f"UPDATE {table} SET {column} = $1", value)
