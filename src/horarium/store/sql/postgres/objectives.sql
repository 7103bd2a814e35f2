-- name: objectives_of_schedules_desc
-- As for both. LATERAL takes the newest of each schedule; a condition on ids would be checked after all were read.
SELECT r.id FROM ({schedules_of_dialect}) d CROSS JOIN LATERAL (
    SELECT x.id FROM {runs_by_schedule} x WHERE {run_of_schedule}
    ORDER BY x.id DESC LIMIT :limit
) AS r
ORDER BY r.id DESC LIMIT :limit;

-- name: objectives_of_schedules_asc
SELECT r.id FROM ({schedules_of_dialect}) d CROSS JOIN LATERAL (
    SELECT x.id FROM {runs_by_schedule_upwards} x WHERE {run_of_schedule}
    ORDER BY x.id LIMIT :limit
) AS r
ORDER BY r.id LIMIT :limit;

-- name: count_objectives_of_schedules
-- As for both, schedule by schedule: joined otherwise, all runs there are would be read first.
SELECT count(*) FROM (
    SELECT 1 FROM ({schedules_of_dialect}) d CROSS JOIN LATERAL (
        SELECT 1 FROM {runs_by_schedule} r
        WHERE r.schedule_id = d.id AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id) {state_of_run}
        LIMIT :limit
    ) AS of_schedule LIMIT :limit
) AS counted;

-- part: open_objectives_by_key
-- As for both. OFFSET 0 keeps the planner from reading the runs of the workspace and looking for each in the queue.
SELECT r.id FROM ({open_runs} OFFSET 0) o
CROSS JOIN LATERAL (SELECT * FROM runs x WHERE x.id = o.id AND x.workspace_id = :workspace_id OFFSET 0) r
LEFT JOIN ready q ON q.run_id = r.id
WHERE r.id > :after AND r.id < :before
  {objective_filters}
  AND {phase} = :phase

-- name: open_objectives_desc
{open_objectives_by_key}
ORDER BY r.id DESC LIMIT :limit;

-- name: open_objectives_asc
{open_objectives_by_key}
ORDER BY r.id LIMIT :limit;

-- name: count_open_objectives
SELECT count(*) FROM ({open_objectives_by_key} LIMIT :limit) AS counted;
