-- name: list_runs_of_schedule
-- As for both. The plus keeps SQLite from the index by workspace, with which it would read every run of the workspace.
SELECT r.*, q.owner IS NOT NULL AS with_worker, q.due_ms AS next_attempt_ms, f.kind AS fire_kind, f.slot_ms
FROM runs r LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id
WHERE +r.workspace_id = :workspace_id AND r.schedule_id = :schedule_id AND r.id < :cursor
  AND (CAST(:fire_id AS BYTEA) IS NULL OR r.fire_id = :fire_id)
  AND (CAST(:state AS TEXT) IS NULL OR r.state = :state
       OR (:state = 'open' AND r.state IN ('pending', 'running')))
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;

-- name: average_run
-- As for both, with the same plus.
SELECT avg(finished_ms - started_ms) AS average FROM runs
WHERE schedule_id = :schedule_id AND +workspace_id = :workspace_id AND generation = 0
  AND finished_ms IS NOT NULL AND started_ms IS NOT NULL;
