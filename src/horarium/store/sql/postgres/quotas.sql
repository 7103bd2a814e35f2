-- name: free_schedules
-- As for both; there is no smallest of some ids here.
INSERT INTO freed_usage (id, workspace_id, schedules, hourly)
SELECT (array_agg(id))[1], workspace_id, count(*), CAST(sum(hourly) AS BIGINT) FROM schedules
WHERE id IN (:ids...) AND state = 'completed' GROUP BY workspace_id;
