-- part: phase
-- What the dialect calls the state of an objective.
-- A time-out is known by the beginning of its error, which is one of TimeIsUp in domain/execution.py. Behind the error
-- of its last attempt a run may say why it was not tried again.
CASE WHEN r.state = 'failed' AND (r.error LIKE 'no answer within %'
          OR r.error LIKE 'the target did not finish its answer within %'
          OR r.error LIKE 'the model did not answer within %'
          OR r.error LIKE 'the function did not end within %'
          OR r.error LIKE 'the command did not end within %'
          OR r.error LIKE 'the write did not finish within %'
          OR r.error LIKE 'the engine did not take the run within %'
          OR r.error LIKE 'the target did not finish the run before its deadline%') THEN 'timed_out'
     WHEN r.state = 'pending' AND (q.owner IS NOT NULL OR r.attempts > 0) THEN 'running'
     ELSE r.state END

-- part: objective_filters
-- What a run must match besides that by which it was found: its schedule is of the dialect. Where the dialect has `few`
-- schedules they are read once, instead of the schedule of each run.
AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id)
  AND (CAST(:schedule_id AS BYTEA) IS NULL OR r.schedule_id = :schedule_id)
  AND CASE WHEN :few = 1 THEN r.schedule_id IN ({schedules_of_dialect})
      ELSE EXISTS (SELECT 1 FROM schedules s WHERE s.id = r.schedule_id AND s.dialect = :dialect) END

-- part: state_of_run
AND (CAST(:state AS TEXT) IS NULL OR r.state = :state)

-- part: nearby_objectives
SELECT r.id FROM runs r
WHERE r.workspace_id = :workspace_id AND r.id > :after AND r.id < :before
  {objective_filters}
  {state_of_run}

-- part: objectives_with_error
-- Runs that failed or were cancelled, by their phase.
SELECT r.id FROM runs r LEFT JOIN ready q ON q.run_id = r.id
WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id > :after AND r.id < :before
  {objective_filters}
  AND {phase} = :phase

-- part: open_objectives
-- Runs that are not over, by their phase. No kind of target is wanted here.
SELECT r.id FROM ({open_runs}) o CROSS JOIN runs r LEFT JOIN ready q ON q.run_id = r.id
WHERE r.id = o.id AND r.workspace_id = :workspace_id AND r.id > :after AND r.id < :before
  {objective_filters}
  AND {phase} = :phase

-- part: schedules_of_dialect
-- A dialect is never 'native'; to say so lets the index of the other dialects be used.
SELECT d.id FROM schedules d
WHERE d.workspace_id = :workspace_id AND d.dialect = :dialect AND d.dialect <> 'native'
  AND (CAST(:schedule_id AS BYTEA) IS NULL OR d.id = :schedule_id)

-- part: run_of_schedule
x.schedule_id = d.id AND (CAST(:target_id AS BYTEA) IS NULL OR x.target_id = :target_id)
      AND (CAST(:state AS TEXT) IS NULL OR x.state = :state) AND x.id > :after AND x.id < :before

-- part: agent_filters
AND deleted_ms IS NULL AND kind = 'agent'
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(name) LIKE lower(CAST(:prefix AS TEXT)) ESCAPE '\')
{target_filters}

-- part: tables_of_objectives
FROM runs r
JOIN schedules s ON s.id = r.schedule_id
JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id
WHERE r.id IN (:ids...) AND r.workspace_id = :workspace_id AND s.dialect = :dialect;

-- name: objectives_named
-- Runs of a dialect's schedules, each with its phase and the input that was given.
SELECT {run_columns},
       {phase} AS phase, v.input
{tables_of_objectives}

-- name: objectives_listed
-- As objectives_named, without large texts, and last how many bytes of text an objective has. The input counts twice,
-- because an objective is shown with its schedule as well.
SELECT {listed_run_columns},
       {phase} AS phase, CASE WHEN octet_length(v.input) > :large THEN NULL ELSE v.input END AS input,
       {bytes_of_run} + 2 * COALESCE(octet_length(v.input), 0) AS bytes
{tables_of_objectives}

-- name: nearby_objectives_desc
{nearby_objectives}
ORDER BY r.id DESC LIMIT :limit;

-- name: nearby_objectives_asc
{nearby_objectives}
ORDER BY r.id LIMIT :limit;

-- name: frequency_of_dialect
-- How many schedules a dialect has; stops at a limit.
SELECT count(*) FROM ({schedules_of_dialect} LIMIT :limit) AS counted;

-- name: run_id_further_up
-- The id of the run that is so many runs newer than a cursor.
SELECT id FROM runs WHERE workspace_id = :workspace_id AND id > :cursor ORDER BY id LIMIT 1 OFFSET :skip;

-- name: objectives_of_schedules_desc
-- Of each schedule of the dialect its newest runs.
SELECT r.id FROM ({schedules_of_dialect}) d CROSS JOIN {runs_by_schedule} r
WHERE r.schedule_id = d.id AND r.id < :before
  AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id) {state_of_run}
  AND r.id > COALESCE((
      SELECT x.id FROM {runs_by_schedule} x WHERE {run_of_schedule}
      ORDER BY x.id DESC LIMIT 1 OFFSET :limit), :after)
ORDER BY r.id DESC LIMIT :limit;

-- name: objectives_of_schedules_asc
SELECT r.id FROM ({schedules_of_dialect}) d CROSS JOIN {runs_by_schedule_upwards} r
WHERE r.schedule_id = d.id AND r.id > :after
  AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id) {state_of_run}
  AND r.id < COALESCE((
      SELECT x.id FROM {runs_by_schedule_upwards} x WHERE {run_of_schedule}
      ORDER BY x.id LIMIT 1 OFFSET :limit), :before)
ORDER BY r.id LIMIT :limit;

-- name: objectives_with_error_desc
{objectives_with_error}
ORDER BY r.id DESC LIMIT :limit;

-- name: objectives_with_error_asc
{objectives_with_error}
ORDER BY r.id LIMIT :limit;

-- name: open_objectives_desc
{open_objectives}
ORDER BY r.id DESC LIMIT :limit;

-- name: open_objectives_asc
{open_objectives}
ORDER BY r.id LIMIT :limit;

-- name: count_objectives_of_schedules
-- All counts stop at a limit.
SELECT count(*) FROM (
    SELECT 1 FROM ({schedules_of_dialect}) d CROSS JOIN {runs_by_schedule} r
    WHERE r.schedule_id = d.id AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id) {state_of_run}
    LIMIT :limit
) AS counted;

-- name: count_objectives_with_error
SELECT count(*) FROM ({objectives_with_error} LIMIT :limit) AS counted;

-- name: count_open_objectives
SELECT count(*) FROM ({open_objectives} LIMIT :limit) AS counted;

-- name: principals_by_id
-- Principals by id, including those that have been removed.
SELECT {principal_columns} FROM principals p WHERE p.id IN (:ids...);

-- name: list_agents_desc
SELECT {listed_target_columns} FROM targets
WHERE workspace_id = :workspace_id AND id < :cursor
  {agent_filters}
ORDER BY id DESC LIMIT :limit;

-- name: list_agents_asc
SELECT {listed_target_columns} FROM targets
WHERE workspace_id = :workspace_id AND id > :cursor
  {agent_filters}
ORDER BY id LIMIT :limit;

-- name: count_agents
SELECT count(*) FROM targets
WHERE workspace_id = :workspace_id
  {agent_filters};
