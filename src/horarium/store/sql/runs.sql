-- part: fire_of_run
-- The fire of a run; a single fire has the id of its run.
CASE WHEN r.slot_ms IS NULL THEN r.fire_id ELSE r.id END

-- part: runs_by_schedule
-- All runs, for statements that find them by their schedule: both indexes by schedule are for a part of them.
(SELECT * FROM runs WHERE slot_ms IS NULL UNION ALL SELECT * FROM runs WHERE slot_ms IS NOT NULL)

-- part: runs_by_schedule_upwards
-- The same for a statement that wants them by ascending ids.
{runs_by_schedule}

-- part: run_columns
{columns_before_texts}, r.data, r.output, {columns_after_texts}

-- part: listed_run_columns
-- The columns of runs without their large texts.
{columns_before_texts}, CASE WHEN octet_length(r.data) > :large THEN NULL ELSE r.data END AS data,
       CASE WHEN octet_length(r.output) > :large THEN NULL ELSE r.output END AS output, {columns_after_texts}

-- part: bytes_of_run
COALESCE(octet_length(r.data), 0) + COALESCE(octet_length(r.output), 0) + COALESCE(octet_length(r.error), 0)

-- part: columns_before_texts
r.id, r.workspace_id, r.schedule_id, {fire_of_run} AS fire_id, r.target_id, r.mode, r.row_key, r.generation, r.state, r.due_ms,
       r.created_ms, r.started_ms, r.finished_ms, r.attempts, r.status

-- part: columns_after_texts
r.error, COALESCE(r.slot_ms, f.slot_ms) AS slot_ms, q.due_ms AS next_attempt_ms, r.version, q.begun_ms, r.waited

-- part: runs_with_places
-- Runs with their slot and their place in the queue.
SELECT {run_columns}
FROM runs r LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id

-- part: listed_runs
-- Runs without their large texts, and last how many bytes of text each has.
SELECT {listed_run_columns}, {bytes_of_run} AS bytes
FROM runs r LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id

-- name: get_run
{runs_with_places}
WHERE r.id = :id AND r.workspace_id = :workspace_id;

-- name: hold_run
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT id FROM runs WHERE id = :id AND workspace_id = :workspace_id;

-- name: attempts_of_run
SELECT number, started_ms, finished_ms, status, error FROM attempts WHERE run_id = :run_id ORDER BY number;

-- name: inputs_of_versions
SELECT v.schedule_id, v.version, v.input
FROM rows(schedule_id bytea, version bigint) AS r
JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version;

-- name: run_to_cancel
-- A run that is not over, as rows.OpenRun.
SELECT r.id, r.workspace_id, {fire_of_run} AS fire_id, r.schedule_id, r.row_key, q.owner, r.slot_ms IS NOT NULL AS single, r.mode
FROM runs r LEFT JOIN ready q ON q.run_id = r.id
WHERE r.id = :id AND r.workspace_id = :workspace_id AND r.state IN ('pending', 'running');

-- name: keep_fire_of_run
-- The ledger keeps a single fire whose run is about to be deleted.
INSERT INTO fires (id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, state, fired_ms, finished_ms, request,
                   audience_size, runs, succeeded, failed, cancelled, error, missed_count, missed_first, missed_last)
{single_fires} AND r.id = :id AND r.workspace_id = :workspace_id AND r.state IN ('succeeded', 'failed', 'cancelled');

-- name: delete_run
DELETE FROM runs WHERE id = :id AND workspace_id = :workspace_id AND state IN ('succeeded', 'failed', 'cancelled');

-- name: callback_of_run
-- A callback with the run that it ends, as rows.CallbackRow.
SELECT c.run_id, c.workspace_id, c.token_hash, c.attempt, c.deadline_ms, c.lease_ms, c.answer, r.state, r.started_ms,
       r.schedule_id, {fire_of_run} AS fire_id, r.row_key, c.target_id, r.error, r.slot_ms IS NOT NULL AS single, r.mode
FROM callbacks c JOIN runs r ON r.id = c.run_id
WHERE c.run_id = :run_id;

-- name: callback_secrets
-- What must not show in the answer to a callback, as rows.CallbackSecrets.
SELECT c.token_hash, r.target_id, t.secrets, r.schedule_id, v.environment, w.quotas
FROM callbacks c JOIN runs r ON r.id = c.run_id JOIN targets t ON t.id = r.target_id
JOIN workspaces w ON w.id = r.workspace_id
LEFT JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
WHERE c.run_id = :run_id;

-- part: open_run
SELECT 1 FROM runs r WHERE r.state IN ('pending', 'running') AND r.id =

-- name: answer_callback
-- Not of a run that has ended otherwise while this waited for its schedule, or whose callback is another by now.
UPDATE callbacks SET answer = :answer, look_ms = CASE WHEN handle IS NULL THEN NULL ELSE 0 END
WHERE run_id = :run_id AND answer IS NULL AND attempt = :attempt
  AND deadline_ms <= COALESCE(CAST(:overdue_ms AS BIGINT), deadline_ms) AND EXISTS ({open_run} callbacks.run_id);

-- name: extend_callback
UPDATE callbacks SET deadline_ms = :deadline_ms WHERE run_id = :run_id AND answer IS NULL AND attempt = :attempt;

-- name: expired_callbacks
-- Runs that their targets have not finished in time.
SELECT c.run_id FROM callbacks c
WHERE c.answer IS NULL AND c.deadline_ms <= :now
  AND NOT EXISTS (SELECT 1 FROM ready q WHERE q.run_id = c.run_id)
  AND EXISTS ({open_run} c.run_id)
ORDER BY c.deadline_ms LIMIT :limit;
