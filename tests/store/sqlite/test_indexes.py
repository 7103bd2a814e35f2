"""Queries on SQLite go through the index that finds little."""

import re

import pytest

from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.statements import load


def plan_of(statement):
    connection = connect(":memory:")
    migrate_sqlite(connection)
    found = load("sqlite")[statement]
    marks = {int(mark) for mark in re.findall(r"\?(\d+)", found.sql)}
    values = (1,) * len(marks) if marks else dict.fromkeys(found.parameters, 1)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {found.sql}", values)]
    connection.close()
    return plan


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("run_ids_of_schedule", "runs_of_schedule"),
        ("run_ids_of_schedule", "single_fires_of_schedule"),
        ("average_run", "runs_of_schedule"),
        ("average_run", "single_fires_of_schedule"),
        ("list_fires", "fires_of_schedule"),
        ("list_fires", "single_fires_of_schedule"),
        ("fires_between", "fires_of_schedule"),
        ("fires_between", "single_fires_of_schedule"),
        ("open_runs_of_schedule", "single_fires_of_schedule"),
        ("list_runs", "runs_of_workspace"),
        ("list_runs_with_error", "runs_with_error"),
        ("open_run_ids", "ready_open"),
        ("open_run_ids", "callbacks_of_target"),
        ("run_ids_of_targets", "versions_of_target"),
        ("run_ids_of_targets", "runs_of_schedule"),
        ("run_ids_of_targets", "runs_without_schedule"),
        ("run_id_further_down", "runs_of_workspace"),
        ("count_runs", "runs_of_workspace"),
        ("count_runs_of_schedule", "runs_of_schedule"),
        ("count_runs_with_error", "runs_with_error"),
        ("count_open_runs", "ready_open"),
        ("count_runs_of_targets", "versions_of_target"),
        ("count_runs_of_targets", "runs_of_schedule"),
        ("count_runs_of_targets", "single_fires_of_schedule"),
        ("count_runs_of_targets", "runs_without_schedule"),
        ("nearby_run_ids_of_targets", "runs_of_workspace"),
        ("list_fires_by_hand", "fires_by_hand"),
        ("list_fires_by_hand", "single_fires_by_hand"),
        ("schedules_by_workspace_desc", "schedules_of_workspace"),
        ("schedules_by_dialect_desc", "schedules_of_dialect"),
        ("schedules_by_dialect_asc", "schedules_of_dialect"),
        ("count_schedules_by_dialect", "schedules_of_dialect"),
        ("schedules_by_owner_desc", "schedules_of_owner"),
        ("schedules_by_target_desc", "schedules_of_target"),
        ("nearby_objectives_desc", "runs_of_workspace"),
        ("nearby_objectives_asc", "runs_of_workspace"),
        ("objectives_of_schedules_desc", "schedules_of_dialect"),
        ("objectives_of_schedules_desc", "runs_of_schedule"),
        ("objectives_of_schedules_desc", "single_fires_of_schedule"),
        ("objectives_of_schedules_asc", "schedules_of_dialect"),
        ("objectives_of_schedules_asc", "runs_of_schedule"),
        ("objectives_with_error_desc", "runs_with_error"),
        ("open_objectives_desc", "ready_open"),
        ("count_objectives_of_schedules", "schedules_of_dialect"),
        ("count_objectives_of_schedules", "runs_of_schedule"),
        ("count_objectives_with_error", "runs_with_error"),
        ("count_open_objectives", "ready_open"),
        ("earliest_look", "callbacks_to_look_at"),
        ("looks_of_targets", "callbacks_to_look_at_of_target"),
        ("due_looks", "callbacks_to_look_at_of_target"),
        ("workspaces_due", "cursors_due_by_workspace"),
        ("due_schedules_of_workspaces", "cursors_due_by_workspace"),
        ("window_workspace_desc", "schedules_of_workspace"),
        ("window_workspace_asc", "schedules_of_workspace"),
        ("window_target_desc", "schedules_of_target"),
        ("window_target_asc", "schedules_of_target"),
        ("schedules_within_workspace_desc", "schedules_of_workspace"),
        ("schedules_within_workspace_asc", "schedules_of_workspace"),
        ("schedules_within_target_desc", "schedules_of_target"),
        ("schedules_within_target_asc", "schedules_of_target"),
        ("schedule_further_down_by_workspace", "schedules_of_workspace"),
        ("schedule_further_down_by_target", "schedules_of_target"),
        ("window_by_name_asc", "schedules_by_name"),
        ("window_by_name_desc", "schedules_by_name"),
        ("window_by_next_fire", "cursors_due_by_workspace"),
        ("window_without_next_fire", "cursors_still"),
        ("single_last_fires", "runs_of_workspace"),
        ("other_last_fires", "fires_of_workspace"),
        ("ids_of_target", "schedules_of_target"),
        ("ids_of_dialect", "schedules_of_dialect"),
        ("ids_of_failing", "cursors_failing"),
        ("ids_due_before", "cursors_due_by_workspace"),
        ("ids_with_key", "schedules_by_key"),
        ("ids_with_key_prefix", "schedules_by_key"),
        ("run_id_with_error_further_down", "runs_with_error"),
        ("run_id_of_schedule_further_down", "runs_of_schedule"),
        ("fire_id_further_down", "fires_of_workspace"),
        ("run_ids_with_label", "runs_of_schedule"),
        ("run_ids_with_label", "single_fires_of_schedule"),
        ("fires_with_rows", "fires_of_workspace"),
        ("fires_of_schedule_with_rows", "fires_of_schedule"),
        ("single_fires_of_workspace", "runs_of_workspace"),
        ("single_fires_with_error", "runs_with_error"),
        ("other_fires_of_workspace", "fires_of_workspace"),
        ("fires_of_schedule_within", "fires_of_schedule"),
        ("fires_of_schedule_within", "single_fires_of_schedule"),
        ("fire_id_of_schedule_further_down", "single_fires_of_schedule"),
        ("spans_of_workspace", "spans_of_workspace"),
        ("span_further_down", "spans_of_workspace"),
        ("any_action", "actions_open"),
        ("next_action", "actions_open"),
        ("list_actions", "actions_of_workspace"),
        ("count_open_actions", "actions_open"),
        ("due_schedules", "cursors_due"),
        ("earliest_due", "cursors_due"),
    ],
)
def test_a_query_is_read_by_its_index(statement, index):
    plan = plan_of(statement)
    assert f"INDEX {index} " in f"{' / '.join(plan)} "
    for table in ("runs", "fires", "ready", "callbacks", "versions", "schedules"):
        assert f"SCAN {table}" not in plan


@pytest.mark.parametrize(
    ("statement", "way"),
    [
        ("forget_answers", "SEARCH answers USING INTEGER PRIMARY KEY (rowid=?)"),
        ("purge_row_locks", "SEARCH row_locks USING PRIMARY KEY (schedule_id=? AND row_key=?)"),
        ("purge_spans", "SEARCH spans USING PRIMARY KEY (schedule_id=? AND first_ms=?)"),
        ("purge_versions", "SEARCH versions USING PRIMARY KEY (schedule_id=? AND version=?)"),
        ("purge_spool", "SEARCH spool USING PRIMARY KEY (fire_id=? AND number=?)"),
        ("purge_attempts", "SEARCH attempts USING PRIMARY KEY (run_id=? AND number=?)"),
    ],
)
def test_what_a_piece_deletes_is_found_by_its_whole_key(statement, way):
    assert plan_of(statement)[0] == way


@pytest.mark.parametrize("way", ["workspace", "dialect", "owner", "target", "label"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_page_of_schedules_is_read_in_its_order_and_not_sorted(way, order):
    plan = plan_of(f"schedules_by_{way}_{order}")
    assert not any("TEMP B-TREE" in step for step in plan)
    if way == "label":
        assert plan[0].startswith(
            "SEARCH l USING PRIMARY KEY (workspace_id=? AND name=? AND value=? AND schedule_id"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "window_workspace_desc",
        "window_workspace_asc",
        "window_label_desc",
        "window_label_asc",
        "window_target_desc",
        "window_target_asc",
        "schedules_within_workspace_desc",
        "schedules_within_workspace_asc",
        "schedules_within_label_desc",
        "schedules_within_label_asc",
        "schedules_within_target_desc",
        "schedules_within_target_asc",
        "schedule_further_down_by_label",
        "window_by_name_asc",
        "window_by_name_desc",
        "window_by_next_fire",
        "window_without_next_fire",
        "single_last_fires",
        "other_last_fires",
        "run_id_with_error_further_down",
        "run_id_of_schedule_further_down",
        "fire_id_further_down",
        "single_fires_of_workspace",
        "single_fires_with_error",
        "other_fires_of_workspace",
        "fires_of_schedule_within",
        "spans_of_workspace",
        "span_further_down",
    ],
)
def test_a_page_of_a_workspace_is_read_in_its_order_and_not_sorted(statement):
    assert not any("TEMP B-TREE" in step for step in plan_of(statement))


@pytest.mark.parametrize("way", ["workspace", "label"])
def test_a_filter_by_state_does_not_look_at_texts(way):
    connection = connect(":memory:")
    migrate_sqlite(connection)
    connection.execute("PRAGMA foreign_keys=OFF")
    columns = (
        "id, workspace_id, dialect, owner_id, target_id, name, labels, extra, state, version, definition_version, "
        "created_by, created_ms, updated_ms"
    )
    for number in range(20):
        row = (
            number.to_bytes(16, "big"),
            b"w",
            "native",
            b"",
            b"t",
            "name",
            "{}",
            "{}",
            "active",
            1,
            1,
            b"p",
            0,
            0,
        )
        connection.execute(f"INSERT INTO schedules ({columns}) VALUES ({', '.join('?' * 14)})", row)
        connection.execute("INSERT INTO labels VALUES (?, 'a', 'b', ?)", (b"w", row[0]))
    looked_at = []
    connection.create_function("lower", 1, looked_at.append, deterministic=True)
    connection.create_function("holds", 2, lambda *texts: looked_at.append(texts), deterministic=True)
    found = load("sqlite")[f"schedules_by_{way}_desc"]
    given = dict.fromkeys(found.parameters) | {
        "workspace_id": b"w", "cursor": b"\xff" * 16, "limit": 5, "skip": 0, "search_input": 1, "further": 0,
        "labels": "[]", "label_name": "a", "label_value": "b", "by_progress": 0,
    }  # fmt: skip
    listing = {name: value for name, value in given.items() if name in found.parameters}
    assert len(connection.execute(found.sql, listing).fetchall()) == 5
    assert connection.execute(found.sql, {**listing, "state": "paused", "search": "%x%"}).fetchall() == []
    assert looked_at == []
    connection.close()
