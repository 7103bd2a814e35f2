-- name: average_run
-- As for both. The plus keeps SQLite from the index by workspace, with which it would read every run of the workspace.
SELECT avg(finished_ms - started_ms) AS average FROM runs
WHERE schedule_id = :schedule_id AND +workspace_id = :workspace_id AND generation = 0
  AND finished_ms IS NOT NULL AND started_ms IS NOT NULL;
