-- name: list_runs_of_schedule
-- As for both. The plus keeps SQLite from the index by workspace, with which it would read every run of the workspace.
{runs_with_places}
WHERE +r.workspace_id = :workspace_id AND r.schedule_id = :schedule_id AND r.id < :cursor
  AND (CAST(:fire_id AS BYTEA) IS NULL OR r.fire_id = :fire_id)
{run_filters}
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;
