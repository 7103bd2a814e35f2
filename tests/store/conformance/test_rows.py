"""What is read or written by position stands in the order of the fields that name it."""

import re
import sqlite3
from contextlib import closing

from horarium.domain.audit import Link, LinkedEntry
from horarium.store import rows
from horarium.store.postgres.connection import connect
from horarium.store.statements import load
from horarium.store.verbs import (
    actions,
    audiences,
    audit,
    idempotency,
    lanes,
    ledger,
    schedule_pages,
    schedules,
    secrets,
    targets,
    tenancy,
)
from horarium.store.verbs import runs as run_verbs

MISSED = ("missed_count", "missed_first", "missed_last")
READ = {
    "due_schedules": rows.DueCursor._fields,
    "due_schedule": rows.DueCursor._fields,
    "last_spans": rows.LastSpan._fields,
    "open_runs_of_schedule": rows.OpenRun._fields,
    "run_to_cancel": rows.OpenRun._fields,
    "claimed_runs": (*rows.ClaimedRun._fields[:-1], *MISSED),
    "runnable_targets": rows.TargetRow._fields,
    "open_lanes": rows.OpenLane._fields,
    "claimable_runs": rows.ClaimableRun._fields,
    "leases_of_node": rows.LeasedRun._fields,
    "callback_of_run": rows.CallbackRow._fields,
    "lane_of_target": rows.Lane._fields,
    "count_runs_of_fire": rows.FireCounts._fields,
    "settled_cursors": rows.SettledCursor._fields,
    "oldest_waiting_fire": rows.StartingFire._fields,
    "open_fanout_tasks": rows.OpenFanoutTask._fields,
    "claimed_fanout_tasks": rows.FanoutTask._fields[:-1],
    "fanout_tasks_of_schedule": rows.FanoutProgress._fields,
    "resolve_fire": rows.RunCounts._fields,
    "page_of_spool": ("row_key", "data"),
    "orphans_in_spool": rows.SpoolOrphan._fields,
    "same_definition_schedules": rows.SameTarget._fields,
    "zones_in_use": rows.ZoneInUse._fields,
    "schedules_of_stale_zone": rows.StaleCursor._fields,
    "get_fire": ledger._StoredFire._fields,
    "list_fires": ledger._StoredFire._fields,
    "list_fires_by_hand": ledger._StoredFire._fields,
    "list_fires_by_fired": ledger._StoredFire._fields,
    "fires_between": ledger._StoredFire._fields,
    "spans_between": ledger._StoredSpan._fields,
    "get_action": actions.StoredAction._fields,
    "next_action": actions.StoredAction._fields,
    "spans_of_workspace": ledger._StoredSpan._fields,
    "schedules_among": schedule_pages._Keys._fields,
    "runs_listed_of_row": (*run_verbs._StoredRun._fields, "bytes"),
    "single_fires_of_workspace": ledger._StoredFire._fields,
    "single_fires_with_error": ledger._StoredFire._fields,
    "other_fires_of_workspace": ledger._StoredFire._fields,
    "fires_among": ledger._StoredFire._fields,
    "fires_of_schedule_within": ledger._StoredFire._fields,
    "fire_totals": ledger._FireTotals._fields,
    "version_at": ledger.RulingVersion._fields,
    "runs_named": run_verbs._StoredRun._fields,
    "runs_listed": (*run_verbs._StoredRun._fields, "bytes"),
    "schedules_listed": (*schedules._StoredSchedule._fields, "bytes"),
    "get_run": run_verbs._StoredRun._fields,
    "list_runs": (*run_verbs._StoredRun._fields, "bytes"),
    "list_runs_with_error": (*run_verbs._StoredRun._fields, "bytes"),
    "objectives_named": (*run_verbs._StoredRun._fields, "phase", "input"),
    "objectives_listed": (*run_verbs._StoredRun._fields, "phase", "input", "bytes"),
    "get_schedule": schedules._StoredSchedule._fields,
    "get_schedule_by_key": schedules._StoredSchedule._fields,
    "schedules_named": schedules._StoredSchedule._fields,
    "get_target": targets._StoredTarget._fields,
    "get_target_by_key": targets._StoredTarget._fields,
    "get_target_by_number": targets._StoredTarget._fields,
    "targets_named": targets._StoredTarget._fields,
    "list_targets": (*targets._StoredTarget._fields, "bytes"),
    "list_agents_asc": (*targets._StoredTarget._fields, "bytes"),
    "list_agents_desc": (*targets._StoredTarget._fields, "bytes"),
    "get_workspace": tenancy._StoredWorkspace._fields,
    "list_workspaces": tenancy._StoredWorkspace._fields,
    "get_principal": tenancy._StoredPrincipal._fields,
    "list_principals": tenancy._StoredPrincipal._fields,
    "principals_by_id": tenancy._StoredPrincipal._fields,
    "get_key": tenancy._StoredKey._fields,
    "list_keys": tenancy._StoredKey._fields,
    "key_by_hash": (
        *("id", "scopes", "expires_ms", "restriction"),
        *tenancy._StoredPrincipal._fields,
        *tenancy._StoredWorkspace._fields,
    ),
    "get_source": audiences._StoredSourceRow._fields,
    "list_sources": audiences._StoredSourceRow._fields,
    "get_answer": idempotency.StoredAnswer._fields,
    "audit_pending": audit.PendingRow._fields,
    "audit_chains": audit.ChainRow._fields,
    "list_audit_entries": (*LinkedEntry._fields, "bytes"),
    "audit_entries_by_id": LinkedEntry._fields,
    "audit_links_after": Link._fields,
    "old_audit_links": Link._fields,
    "oldest_audit_links": audit.OldestLink._fields,
    "sealed_targets": ("id", "version", "sealed"),
    "sealed_sources": ("id", "version", "sealed"),
    "sealed_versions": ("id", "version", "sealed"),
}
WRITTEN = {
    "insert_actions": actions.StoredAction,
    "insert_fires": rows.FireRow,
    "insert_runs": rows.RunRow,
    "insert_ready": rows.ReadyRow,
    "insert_spans": rows.SpanRow,
    "insert_fanout_tasks": rows.NewFanoutTask,
    "move_fired_cursors": rows.FiredCursor,
    "move_cursors": rows.CursorMove,
    "complete_schedules": rows.CompletedSchedule,
    "extend_spans": rows.SpanExtension,
    "release_leases": rows.Lease,
    "put_back_runs": rows.PutBackRun,
    "mark_begun": rows.BegunRun,
    "insert_lane_reports": lanes.LaneReportRow,
    "finish_runs": rows.FinishedRun,
    "note_attempts": rows.AttemptNote,
    "insert_attempts": rows.AttemptRow,
    "insert_single_fires": rows.SingleFireRow,
    "settle_cursors": rows.CursorTally,
    "lock_rows": rows.RowLock,
    "insert_spool": rows.SpooledRow,
    "insert_schedules": rows.ScheduleRow,
    "insert_versions": rows.VersionRow,
    "insert_cursors": rows.CursorRow,
    "insert_labels": rows.LabelRow,
    "rezone_cursors": rows.RezonedCursor,
    "rezone_schedules": rows.RezonedSchedule,
    "reseal_targets": secrets.Resealed,
    "reseal_sources": secrets.Resealed,
    "reseal_versions": secrets.Resealed,
    "insert_audit_pending": audit.PendingRow,
    "insert_audit_entries": audit.EntryRow,
    "insert_audit_links": audit.LinkRow,
    "set_audit_heads": audit.HeadRow,
}


async def test_a_row_that_is_read_has_its_columns_in_the_order_of_its_fields(store):
    columns = _columns_of_sqlite if store.flavour == "sqlite" else _columns_of_postgres
    assert await columns(store, READ) == READ


def test_a_row_that_is_written_has_its_fields_in_the_order_of_the_columns(flavour):
    statements = load(flavour)
    fields = {name: row._fields for name, row in WRITTEN.items()}
    assert {name: statements[name].columns for name in WRITTEN} == fields


def test_what_moves_a_cursor_ends_with_how_far_it_is_moved():
    assert rows.CursorMove._fields[3:] == rows.Advance._fields
    assert rows.FireRow._fields[4:] == rows.SlotFire._fields
    assert rows.CursorMove._field_defaults == rows.Advance._field_defaults
    assert rows.FireRow._field_defaults == rows.SlotFire._field_defaults


async def _columns_of_sqlite(store, names):
    """The columns that each statement answers with, told by asking it on an empty database."""
    found = {}
    with closing(sqlite3.connect(":memory:")) as empty:
        store.connection.backup(empty)
        for name in names:
            statement = load("sqlite")[name]
            if statement.parameters:
                given = dict.fromkeys(statement.parameters, 0) | {statement.listed: []}
                sql, values = statement.sqlite_text(given)
            else:
                sql, values = statement.sql, [0] * len(set(re.findall(r"\?\d", statement.sql)))
            found[name] = tuple(column[0] for column in empty.execute(sql, values).description)
    return found


async def _columns_of_postgres(store, names):
    """The columns that each statement answers with, told by preparing it."""
    connection = await connect(store.url)
    try:
        prepared = {name: await connection.prepare(load("postgres")[name].sql) for name in names}
        return {
            name: tuple(attribute.name for attribute in statement.get_attributes())
            for name, statement in prepared.items()
        }
    finally:
        await connection.close()
