-- name: forget_all_nodes
DELETE FROM nodes;

-- name: forget_all_lane_reports
DELETE FROM lane_reports;

-- name: open_runs_due
-- Runs that are not over and were due by an instant, as rows.OpenRun.
SELECT r.id, r.workspace_id, {fire_of_run} AS fire_id, r.schedule_id, r.row_key, q.owner, r.slot_ms IS NOT NULL AS single,
       r.mode
FROM runs r LEFT JOIN ready q ON q.run_id = r.id
WHERE r.state IN ('pending', 'running') AND COALESCE(q.due_ms, r.due_ms) <= :until
ORDER BY r.id LIMIT :limit;

-- name: schedules_that_wait
-- Schedules with fires that the overlap policy holds back.
SELECT schedule_id FROM cursors WHERE waiting_fires > 0 ORDER BY schedule_id LIMIT :limit;

-- name: all_fanout_tasks
SELECT o.fire_id, o.workspace_id, o.rows_done, o.schedule_id, f.kind
FROM fanouts o JOIN fires f ON f.id = o.fire_id ORDER BY o.fire_id LIMIT :limit;

-- name: end_sending_actions
UPDATE actions SET state = 'failed', error = :error, updated_ms = :until, finished_ms = :until
WHERE finished_ms IS NULL AND kind IN ('fire', 'retry');
