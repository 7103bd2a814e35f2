-- What several verbs enter alike: fires, their runs and queue entries, spans, audiences to be read; and the parts of
-- statements that several files share.

-- part: limited
-- 1 where a target (t) bounds its concurrency or rate.
CASE WHEN t.max_concurrency IS NULL AND t.rate_per_second IS NULL THEN 0 ELSE 1 END

-- name: known_fires
SELECT f.id FROM (SELECT id FROM fires UNION ALL SELECT id FROM runs WHERE slot_ms IS NOT NULL) f
WHERE f.id IN (:ids...);

-- name: runs_there
SELECT r.id FROM runs r WHERE r.id IN (:ids...);

-- name: insert_fires
-- Fires that have a row of their own: those with an audience, and those that wait.
INSERT INTO fires (id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, request, state, fired_ms,
                   missed_count, missed_first, missed_last, runs, succeeded, failed, cancelled)
SELECT id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, request, state, fired_ms,
       missed_count, missed_first, missed_last, 0, 0, 0, 0
FROM rows(id bytea, workspace_id bytea, schedule_id bytea, version bigint, kind text, slot_ms bigint, due_ms bigint,
          state text, fired_ms bigint, request text, missed_count bigint, missed_first bigint,
          missed_last bigint) AS r;

-- name: insert_single_fires
-- Single fires: a row of `runs` that is a fire as well.
INSERT INTO runs (id, workspace_id, schedule_id, version, target_id, mode, row_key, generation, state, slot_ms, due_ms,
                  created_ms, attempts, request, missed_count, missed_first, missed_last)
SELECT id, workspace_id, schedule_id, version, target_id, mode, '', 0, 'pending', slot_ms, due_ms,
       created_ms, 0, request, missed_count, missed_first, missed_last
FROM rows(id bytea, workspace_id bytea, schedule_id bytea, version bigint, target_id bytea, mode text, slot_ms bigint,
          due_ms bigint, created_ms bigint, request text, missed_count bigint, missed_first bigint,
          missed_last bigint) AS r;

-- name: insert_runs
INSERT INTO runs (id, workspace_id, schedule_id, fire_id, version, target_id, mode, row_key, generation, state,
                  due_ms, created_ms, attempts, data)
SELECT id, workspace_id, schedule_id, fire_id, version, target_id, mode, row_key, generation, 'pending',
       due_ms, created_ms, 0, data
FROM rows(id bytea, workspace_id bytea, target_id bytea, mode text, due_ms bigint, created_ms bigint,
          schedule_id bytea, fire_id bytea, version bigint, row_key text, generation bigint, data text) AS r;

-- name: insert_ready
INSERT INTO ready (run_id, lane, due_ms, owner, epoch, limited, stop)
SELECT run_id, lane, due_ms, owner, epoch, limited, 0
FROM rows(run_id bytea, lane bytea, due_ms bigint, limited bigint, owner bytea, epoch bigint) AS r;

-- name: insert_spans
INSERT INTO spans (schedule_id, first_ms, last_ms, count, reason, version, recorded_ms, workspace_id)
SELECT schedule_id, first_ms, last_ms, slots, reason, version, recorded_ms, workspace_id
FROM rows(schedule_id bytea, first_ms bigint, last_ms bigint, slots bigint, reason text, version bigint,
          recorded_ms bigint, workspace_id bytea) AS r;

-- name: insert_fanout_tasks
INSERT INTO fanouts (fire_id, workspace_id, schedule_id, version, rows_done, epoch, attempts, due_ms)
SELECT fire_id, workspace_id, schedule_id, version, 0, 0, 0, due_ms
FROM rows(fire_id bytea, workspace_id bytea, schedule_id bytea, version bigint, due_ms bigint) AS r;

-- name: hold_cursors
-- A transaction that will change several cursors locks them first, in one order for all.
SELECT schedule_id FROM cursors WHERE schedule_id IN (:ids...) ORDER BY schedule_id;

-- name: schedules_of_runs
SELECT DISTINCT r.schedule_id FROM runs r WHERE r.id IN (:ids...) AND r.schedule_id IS NOT NULL;

-- name: hold_queued
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT run_id FROM ready WHERE run_id IN (:ids...);

-- name: lane_of_target
-- What decides about the runs of a target: whether they are limited, and whether there may be any.
SELECT {limited} AS limited, t.deleted_ms IS NOT NULL AS deleted
FROM targets t WHERE t.id = :id AND t.workspace_id = :workspace_id;

-- name: cancel_waiting_fires
UPDATE fires SET state = 'cancelled', finished_ms = :now, error = :error
WHERE schedule_id = :schedule_id AND state = 'waiting'
RETURNING id, workspace_id;

-- name: insert_versions
INSERT INTO versions (schedule_id, version, timing, policies, target_id, input, audience, environment, from_ms)
SELECT schedule_id, version, timing, policies, target_id, input, audience, environment, from_ms
FROM rows(schedule_id bytea, version bigint, timing text, policies text, target_id bytea, input text, audience text,
          environment bytea, from_ms bigint) AS r;

-- name: finish_runs
-- What was stopped before it began keeps the start of the attempt before, if there was one.
UPDATE runs SET state = r.state, started_ms = COALESCE(r.started_ms, runs.started_ms), finished_ms = r.finished_ms,
    attempts = r.attempts, status = r.status, output = r.output, error = r.error,
    waited = COALESCE(r.waited, runs.waited)
FROM rows(id bytea, state text, started_ms bigint, finished_ms bigint, attempts bigint, status bigint,
          output text, error text, waited text) AS r
WHERE runs.id = r.id;

-- name: forget_callbacks
DELETE FROM callbacks WHERE run_id IN (:ids...);

-- name: forget_ready
DELETE FROM ready WHERE run_id IN (:ids...);

-- name: hold_principal
-- One that was not removed. SQLite has one writer at a time, so that nobody has to wait here.
SELECT id FROM principals WHERE id = :id AND deleted_ms IS NULL;

-- name: insert_grant
INSERT INTO grants (principal_id, target_id, workspace_id, created_ms)
VALUES (:principal_id, :target_id, :workspace_id, :now) ON CONFLICT DO NOTHING;

-- name: forget_lane_reports
DELETE FROM lane_reports WHERE node_id = :node;

-- name: runs_in_flight
-- How many runs of a limited lane are in flight: with workers, or with the target itself.
SELECT (SELECT count(*) FROM ready WHERE lane = :lane AND owner IS NOT NULL AND limited = 1)
     + (SELECT count(*) FROM callbacks c WHERE c.target_id = :lane AND c.answer IS NULL
        AND NOT EXISTS (SELECT 1 FROM ready q WHERE q.run_id = c.run_id)) AS in_flight;

-- name: schedules_named
-- Schedules of a workspace as they are now, deleted ones too: what an objective says of where it comes from.
{whole_schedules}
WHERE s.id IN (:ids...) AND s.workspace_id = :workspace_id;

-- name: runs_named
{runs_with_places}
WHERE r.id IN (:ids...) AND r.workspace_id = :workspace_id;

-- name: run_id_further_down
-- The id of the run that is so many runs older than a cursor: where a list stops to look one by one.
SELECT id FROM runs WHERE workspace_id = :workspace_id AND id < :cursor ORDER BY id DESC LIMIT 1 OFFSET :skip;

-- name: list_runs
-- A workspace's runs, newest first, down to the id `floor`.
{listed_runs}
WHERE r.workspace_id = :workspace_id AND r.id < :cursor AND r.id >= :floor
{run_filters}
  {state_filter}
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;

-- name: run_ids_of_schedule
SELECT r.id FROM {runs_by_schedule} r
WHERE {run_in_workspace} AND r.schedule_id = :schedule_id AND r.id < :cursor AND r.id >= :floor
{run_filters}
  {state_filter}
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;

-- name: list_runs_with_error
-- Runs that failed or were cancelled.
{listed_runs}
WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id < :cursor AND r.id >= :floor
{run_filters}
  {state_filter}
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;

-- name: run_id_with_error_further_down
SELECT r.id FROM runs r
WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id < :cursor
ORDER BY r.id DESC LIMIT 1 OFFSET :skip;

-- name: open_run_ids
SELECT o.id FROM ({open_runs}) o WHERE o.id < :cursor AND {open_filters}
ORDER BY o.id DESC LIMIT :limit;

-- name: fire_id_further_down
SELECT f.id FROM fires f
WHERE f.workspace_id = :workspace_id AND f.id < :cursor
ORDER BY f.id DESC LIMIT 1 OFFSET :skip;

-- name: frequency_of_label
-- How many schedules have a label; stops at a limit.
SELECT count(*) FROM (
    SELECT 1 FROM labels
    WHERE workspace_id = :workspace_id AND name = :label_name AND value = :label_value LIMIT :limit
) AS counted;

-- name: delete_labels
DELETE FROM labels WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id;

-- name: insert_labels
INSERT INTO labels (workspace_id, name, value, schedule_id)
SELECT workspace_id, name, value, schedule_id
FROM rows(workspace_id bytea, name text, value text, schedule_id bytea) AS r;

-- name: insert_pauses
INSERT INTO pauses (id, workspace_id, schedule_id, from_ms, ends_ms, catch_up, note, principal_id, settled, window_id)
SELECT id, workspace_id, schedule_id, from_ms, ends_ms, catch_up, note, principal_id, settled, window_id
FROM rows(id bytea, workspace_id bytea, schedule_id bytea, from_ms bigint, ends_ms bigint, catch_up text, note text,
          principal_id bytea, settled bigint, window_id bytea) AS r;

-- name: change_pause
UPDATE pauses SET ends_ms = :ends_ms, catch_up = :catch_up, note = :note
WHERE id = :id AND workspace_id = :workspace_id;

-- name: lock_target
-- Two equal schedules of one target must not be made at the same time, and no mirror while its target is changed. SQLite
-- has one writer at a time, so that nobody has to wait here.
SELECT id FROM targets WHERE workspace_id = :workspace_id AND id = :id;

-- name: move_cursors
-- Move each schedule on. What a row leaves open (fires and last_* where nothing fired, skip_* where nothing was skipped)
-- stays as it was.
UPDATE cursors SET
    accounted_to = r.accounted_to, next_slot = r.next_slot, next_due = r.next_due,
    fires = cursors.fires + r.fired, open_fires = cursors.open_fires + r.opened,
    waiting_fires = cursors.waiting_fires + r.waiting, skipped = cursors.skipped + r.skipped,
    last_slot = COALESCE(r.last_slot, cursors.last_slot),
    last_fired_ms = COALESCE(r.last_fired_ms, cursors.last_fired_ms),
    last_fire_id = COALESCE(r.last_fire_id, cursors.last_fire_id),
    last_state = COALESCE(r.last_state, cursors.last_state),
    last_skip_ms = COALESCE(r.last_skip_ms, cursors.last_skip_ms),
    last_skip_reason = COALESCE(r.last_skip_reason, cursors.last_skip_reason)
FROM rows(place bigint, schedule_id bytea, last_fire_id bytea, accounted_to bigint, next_slot bigint,
          next_due bigint, fired bigint, opened bigint, waiting bigint, skipped bigint, last_slot bigint,
          last_fired_ms bigint, last_state text, last_skip_ms bigint, last_skip_reason text) AS r
WHERE cursors.place = r.place AND cursors.schedule_id = r.schedule_id;

-- name: complete_schedules
UPDATE schedules SET state = 'completed', ended_ms = r.ended_ms, ended_reason = r.reason
FROM rows(id bytea, ended_ms bigint, reason text) AS r
WHERE schedules.id = r.id AND (schedules.state = 'active') IS TRUE;
