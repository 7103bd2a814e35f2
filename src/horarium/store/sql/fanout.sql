-- name: open_fanout_tasks
-- Fires that wait for a node to read their audience: of each workspace the first few, in turn, by weight. A skip scan
-- from workspace to workspace, so that its cost depends on their number and not on how many fires wait.
WITH RECURSIVE {tenants_reading}
SELECT q.fire_id, q.workspace_id FROM (
    SELECT o.fire_id, o.workspace_id, o.due_ms, {place_in_turn} AS place
    FROM tenants t CROSS JOIN fanouts o
    WHERE o.fire_id IN ({first_of_tenant})) AS q
JOIN workspaces w ON w.id = q.workspace_id
{by_turns};

-- part: tenants_reading
-- The workspaces with audiences that are read, or wait to be.
tenants (workspace_id) AS (
    SELECT (SELECT workspace_id FROM fanouts ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (SELECT o.workspace_id FROM fanouts o WHERE o.workspace_id > tenants.workspace_id
            ORDER BY o.workspace_id LIMIT 1)
    FROM tenants WHERE tenants.workspace_id IS NOT NULL
)

-- part: first_of_tenant
-- None has an owner; it stands in the order because PostgreSQL does not see otherwise that this is the index's.
SELECT f.fire_id FROM fanouts f
WHERE f.workspace_id = t.workspace_id AND f.owner IS NULL AND f.due_ms <= :now
ORDER BY f.owner, f.due_ms, f.fire_id LIMIT :share

-- part: place_in_turn
row_number() OVER (PARTITION BY o.workspace_id ORDER BY o.due_ms, o.fire_id)

-- part: by_turns
ORDER BY q.place / w.weight, q.due_ms LIMIT :limit

-- name: earliest_fanout_task
SELECT min(due_ms) AS due_ms FROM fanouts WHERE owner IS NULL;

-- name: take_fanout_task
UPDATE fanouts SET owner = :node, epoch = epoch + 1 WHERE fire_id = :fire_id AND owner IS NULL;

-- name: claimed_fanout_tasks
-- As rows.FanoutTask.
SELECT o.fire_id, o.workspace_id, o.schedule_id, o.version, f.fired_ms, v.target_id, {limited} AS limited, o.epoch,
       o.attempts, o.position, o.rows_done, o.counted, w.weight, f.kind, v.audience, v.policies, w.quotas AS quota
FROM fanouts o
JOIN workspaces w ON w.id = o.workspace_id
JOIN fires f ON f.id = o.fire_id
JOIN versions v ON v.schedule_id = o.schedule_id AND v.version = o.version
JOIN targets t ON t.id = v.target_id
WHERE o.fire_id IN (:ids...);

-- name: move_fanout_task
-- Touches the row only where it is still held and stands where the reader believes, so that neither a reader who lost it
-- nor one who never heard that its last chunk was written writes anything.
UPDATE fanouts SET position = :position, rows_done = :rows_done, counted = CAST(:counted AS BIGINT), attempts = 0
WHERE fire_id = :fire_id AND owner = :node AND epoch = :epoch AND rows_done = :before;

-- name: hold_fanout_task
UPDATE fanouts SET attempts = attempts WHERE fire_id = :fire_id AND owner = :node AND epoch = :epoch;

-- name: put_off_fanout_task
UPDATE fanouts SET owner = NULL, attempts = attempts + 1, due_ms = :due_ms
WHERE fire_id = :fire_id AND owner = :node AND epoch = :epoch;

-- name: fanout_tasks_of_node
SELECT fire_id FROM fanouts WHERE owner = :node;

-- name: free_fanout_task
UPDATE fanouts SET owner = NULL, epoch = epoch + 1 WHERE fire_id = :fire_id AND owner = :node;

-- name: forget_fanout_task
DELETE FROM fanouts WHERE fire_id = :fire_id;

-- name: add_runs_to_fire
UPDATE fires SET runs = runs + :runs, audience_size = :audience_size WHERE id = :id;

-- name: resolve_fire
-- All its runs are recorded: from now on the end of the last of them is the end of the fire.
UPDATE fires SET state = 'running', audience_size = :audience_size, error = :error
WHERE id = :id AND state = 'resolving'
RETURNING runs, succeeded, failed, cancelled;

-- name: known_row_key
SELECT row_key FROM runs WHERE id IN (:ids...) LIMIT 1;

-- name: lock_rows
INSERT INTO row_locks (schedule_id, row_key, run_id)
SELECT schedule_id, row_key, run_id FROM rows(schedule_id bytea, row_key text, run_id bytea) AS r
WHERE TRUE
ON CONFLICT (schedule_id, row_key) DO NOTHING;

-- name: rows_locked_by
SELECT row_key FROM row_locks WHERE schedule_id = :schedule_id AND run_id IN (:ids...);

-- name: fanout_tasks_of_schedule
-- Of the clock's fires alone: what was fired by hand follows no overlap policy.
SELECT o.fire_id, o.workspace_id, o.rows_done FROM fanouts o JOIN fires f ON f.id = o.fire_id
WHERE o.schedule_id = :schedule_id AND f.kind = 'clock' ORDER BY o.fire_id;

-- name: insert_spool
INSERT INTO spool (fire_id, number, row_key, data)
SELECT fire_id, number, row_key, data FROM rows(fire_id bytea, number bigint, row_key text, data text) AS r;

-- name: page_of_spool
SELECT row_key, data FROM spool WHERE fire_id = :fire_id AND number > :after ORDER BY number LIMIT :limit;

-- name: spooled_keys
SELECT s.row_key FROM spool s
WHERE s.fire_id = :fire_id AND s.row_key IN (SELECT value FROM texts(:keys)) LIMIT 1;

-- name: empty_spool
DELETE FROM spool WHERE fire_id = :fire_id AND number > :after AND number <= :upto;

-- name: orphans_in_spool
-- A skip scan from fire to fire, so that its cost depends on the number of fires and not of rows.
WITH RECURSIVE kept (fire_id) AS (
    SELECT (SELECT fire_id FROM spool ORDER BY fire_id LIMIT 1)
    UNION ALL
    SELECT (SELECT s.fire_id FROM spool s WHERE s.fire_id > kept.fire_id ORDER BY s.fire_id LIMIT 1)
    FROM kept WHERE kept.fire_id IS NOT NULL
)
SELECT s.fire_id, s.number FROM kept k JOIN spool s ON s.fire_id = k.fire_id
WHERE NOT EXISTS (SELECT 1 FROM fanouts o WHERE o.fire_id = k.fire_id) LIMIT :limit;
