-- The erasure of a person from runs and what becomes runs: the next piece, and how what was found is changed.

-- name: sizes_of_runs
SELECT r.id, r.state, {bytes_of_run} AS bytes FROM runs r
WHERE r.workspace_id = :workspace_id AND r.id > :after ORDER BY r.id LIMIT :limit;

-- name: texts_of_runs_named
SELECT id, data, error FROM runs WHERE id IN (:ids...) AND workspace_id = :workspace_id;

-- name: texts_of_runs
SELECT id, state, row_key, data, output, error, request FROM runs WHERE id IN (:ids...) AND workspace_id = :workspace_id;

-- name: sizes_of_some_runs
SELECT r.id, r.state, {bytes_of_run} AS bytes FROM runs r WHERE r.id IN (:ids...) AND r.workspace_id = :workspace_id;

-- name: free_runs
-- Of these runs those that wait in the queue: neither a node, nor their target, nor an engine has what was in them before.
SELECT q.run_id FROM ready q
WHERE q.run_id IN (:ids...) AND q.owner IS NULL
  AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.run_id = q.run_id AND c.answer IS NULL);

-- name: audiences_in_hand
-- Fires whose audience is being read.
SELECT fire_id FROM fanouts WHERE workspace_id = :workspace_id;

-- name: await_for_erasure
INSERT INTO erasure_waits (erasure_id, awaited_id, workspace_id, is_audience, look_ms)
SELECT erasure_id, awaited_id, workspace_id, is_audience, look_ms
FROM rows(erasure_id bytea, awaited_id bytea, workspace_id bytea, is_audience bigint, look_ms bigint) AS r
WHERE TRUE
ON CONFLICT (erasure_id, awaited_id) DO NOTHING;

-- name: awaited_now
-- Those that are to be looked at, longest ago first.
SELECT awaited_id, is_audience FROM erasure_waits
WHERE erasure_id = :erasure_id AND workspace_id = :workspace_id AND look_ms <= :now ORDER BY look_ms LIMIT :limit;

-- name: first_awaited
-- When the next one is looked at; null where none is left.
SELECT min(look_ms) AS look_ms FROM erasure_waits WHERE erasure_id = :erasure_id AND workspace_id = :workspace_id;

-- name: await_longer
UPDATE erasure_waits SET look_ms = :look_ms
WHERE erasure_id = :erasure_id AND workspace_id = :workspace_id AND awaited_id IN (:ids...);

-- name: await_no_longer
DELETE FROM erasure_waits
WHERE erasure_id = :erasure_id AND workspace_id = :workspace_id AND awaited_id IN (:ids...);

-- name: change_texts_of_runs
-- One that has ended meanwhile keeps what its end has brought.
UPDATE runs SET row_key = r.row_key, data = r.data, output = r.output, error = r.error, request = r.request
FROM rows(id bytea, state text, row_key text, data text, output text, error text, request text) AS r
WHERE runs.id = r.id AND runs.state = r.state;

-- name: drop_row_locks
DELETE FROM row_locks
WHERE schedule_id IN (SELECT schedule_id FROM runs WHERE id IN (:ids...)) AND run_id IN (:ids...);

-- name: empty_runs
-- What failed keeps an error, because lists find it by that.
UPDATE runs SET row_key = :erased, data = NULL, output = NULL,
    error = CASE WHEN error IS NULL THEN NULL ELSE CAST(:erased AS TEXT) END
WHERE id IN (:ids...);

-- name: empty_attempts
UPDATE attempts SET error = :erased WHERE run_id IN (:ids...) AND error IS NOT NULL;

-- name: empty_handles
-- Of runs that nobody looks at any more. Where an engine has still to be told to end one, the handle goes with that.
UPDATE callbacks SET handle = NULL WHERE run_id IN (:ids...) AND look_ms IS NULL;

-- name: texts_of_attempts
SELECT run_id, number, error FROM attempts WHERE run_id IN (:ids...) AND error IS NOT NULL;

-- name: change_texts_of_attempts
UPDATE attempts SET error = r.error
FROM rows(run_id bytea, number bigint, error text) AS r
WHERE attempts.run_id = r.run_id AND attempts.number = r.number;

-- name: sizes_of_spool
SELECT COALESCE(octet_length(s.data), 0) AS bytes FROM fanouts o JOIN spool s ON s.fire_id = o.fire_id
WHERE o.workspace_id = :workspace_id AND (s.fire_id, s.number) > (:after, :number)
ORDER BY s.fire_id, s.number LIMIT :limit;

-- name: texts_of_spool
-- Rows of fires whose audience is being handed out.
SELECT s.fire_id, s.number, s.row_key, s.data FROM fanouts o JOIN spool s ON s.fire_id = o.fire_id
WHERE o.workspace_id = :workspace_id AND (s.fire_id, s.number) > (:after, :number)
ORDER BY s.fire_id, s.number LIMIT :limit;

-- name: change_texts_of_spool
UPDATE spool SET row_key = r.row_key, data = r.data
FROM rows(fire_id bytea, number bigint, row_key text, data text) AS r
WHERE spool.fire_id = r.fire_id AND spool.number = r.number;

-- name: drop_from_spool
DELETE FROM spool WHERE fire_id = :fire_id AND number = :number;
