-- part: phase
-- What the dialect calls the state of an objective.
CASE WHEN r.state = 'failed' AND (r.error LIKE '% did not % within % s'
          OR r.error LIKE '% did not % within % ms' OR r.error LIKE 'no answer within % s'
          OR r.error LIKE '% before its deadline') THEN 'timed_out'
     WHEN r.state = 'pending' AND (q.owner IS NOT NULL OR r.attempts > 0) THEN 'running'
     ELSE r.state END

-- part: objective_filters
AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id)
      AND (CAST(:schedule_id AS BYTEA) IS NULL OR r.schedule_id = :schedule_id)

-- part: agent_filters
AND deleted_ms IS NULL AND kind = 'agent'
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(name) LIKE :prefix ESCAPE '\')
{target_filters}

-- name: list_objectives_desc
-- The runs of the schedules of one dialect, latest slot first, each with its phase and the input that was given.
SELECT * FROM (
    SELECT {run_columns},
           {phase} AS phase, v.input
    FROM runs r
    JOIN schedules s ON s.id = r.schedule_id
    JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
    LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id
    WHERE r.workspace_id = :workspace_id AND r.id < :cursor AND s.dialect = :dialect
      {objective_filters}
) AS o
WHERE CAST(:phase AS TEXT) IS NULL OR phase = :phase
ORDER BY id DESC LIMIT :limit;

-- name: list_objectives_asc
SELECT * FROM (
    SELECT {run_columns},
           {phase} AS phase, v.input
    FROM runs r
    JOIN schedules s ON s.id = r.schedule_id
    JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
    LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id
    WHERE r.workspace_id = :workspace_id AND r.id > :cursor AND s.dialect = :dialect
      {objective_filters}
) AS o
WHERE CAST(:phase AS TEXT) IS NULL OR phase = :phase
ORDER BY id LIMIT :limit;

-- name: count_objectives
SELECT count(*) FROM (
    SELECT r.id,
           {phase} AS phase
    FROM runs r JOIN schedules s ON s.id = r.schedule_id LEFT JOIN ready q ON q.run_id = r.id
    WHERE r.workspace_id = :workspace_id AND s.dialect = :dialect
      {objective_filters}
) AS o
WHERE CAST(:phase AS TEXT) IS NULL OR phase = :phase;

-- name: schedules_named
-- Schedules of a workspace as they are now, deleted ones too: what an objective says of where it comes from.
{whole_schedules}
WHERE s.id IN (:ids...) AND s.workspace_id = :workspace_id;

-- name: principals_by_id
-- Principals by id, including those that have been removed.
SELECT {principal_columns} FROM principals p WHERE p.id IN (:ids...);

-- name: list_agents_desc
SELECT {target_columns} FROM targets
WHERE workspace_id = :workspace_id AND id < :cursor
  {agent_filters}
ORDER BY id DESC LIMIT :limit;

-- name: list_agents_asc
SELECT {target_columns} FROM targets
WHERE workspace_id = :workspace_id AND id > :cursor
  {agent_filters}
ORDER BY id LIMIT :limit;

-- name: count_agents
SELECT count(*) FROM targets
WHERE workspace_id = :workspace_id
  {agent_filters};
