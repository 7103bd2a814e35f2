-- name: list_runs_of_schedule
-- As for both. The plus keeps SQLite from the index by workspace, with which it would read every run of the workspace.
{listed_runs}
WHERE +r.workspace_id = :workspace_id AND r.schedule_id = :schedule_id AND r.id < :cursor AND r.id >= :floor
  AND (CAST(:fire_id AS BYTEA) IS NULL OR r.fire_id = :fire_id)
  {state_filter}
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;

-- name: count_runs_of_schedule
-- As for both; the plus does what it does above.
SELECT count(*) FROM (
    SELECT 1 FROM runs r WHERE r.schedule_id = :schedule_id AND +r.workspace_id = :workspace_id
    {state_filter}
    LIMIT :limit
) AS counted;
