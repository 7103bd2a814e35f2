-- name: open_lanes
-- Lanes (targets) with runs to claim, the first ones after the one visited last, in their order. A skip scan, so that its
-- cost depends on the number of lanes and not of runs; it ends at the limit. The join alone would keep no order.
WITH RECURSIVE lanes (lane) AS (
    SELECT (SELECT lane FROM ready WHERE owner IS NULL AND lane > :after ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT q.lane FROM ready q WHERE q.owner IS NULL AND q.lane > lanes.lane ORDER BY q.lane LIMIT 1)
    FROM lanes WHERE lanes.lane IS NOT NULL
)
SELECT l.lane, t.workspace_id, w.weight, t.max_concurrency, t.rate_per_second, {limited} AS limited
FROM (SELECT lane FROM lanes WHERE lane IS NOT NULL LIMIT :limit) AS l
JOIN targets t ON t.id = l.lane JOIN workspaces w ON w.id = t.workspace_id
ORDER BY l.lane;

-- name: lease_runs
UPDATE ready SET owner = :node, epoch = epoch + 1, limited = :limited WHERE run_id IN (:ids...);

-- name: try_to_lock_lane
-- Two nodes must not both find room for the last place of a limited lane. Touches no row where another node has the
-- lock: the node goes on with another lane and comes back later.
UPDATE targets SET version = version WHERE id = :lane;

-- name: pace_of_lane
-- When a lane with a rate may give out the next call.
SELECT next_ms FROM paces WHERE target_id = :lane;

-- name: set_pace_of_lane
INSERT INTO paces (target_id, next_ms) VALUES (:lane, :next_ms)
ON CONFLICT (target_id) DO UPDATE SET next_ms = excluded.next_ms;

-- name: earliest_ready
SELECT due_ms FROM ready WHERE owner IS NULL ORDER BY due_ms LIMIT 1;

-- name: claimed_runs
-- All that a worker must know of claimed runs, except of their targets. The columns are those of rows.ClaimedRun.
SELECT r.id, r.workspace_id, r.schedule_id, {fire_of_run} AS fire_id, r.target_id, t.version AS target_version, r.row_key, r.due_ms,
       COALESCE(r.slot_ms, f.slot_ms) AS slot_ms, r.attempts, q.epoch,
       CASE WHEN q.due_ms < r.created_ms THEN r.created_ms ELSE q.due_ms END AS ready_ms,
       q.lost, r.waited, s.name AS schedule_name, v.timing, v.policies, v.input, r.data, v.environment,
       r.slot_ms IS NOT NULL AS single,
       s.id IS NULL OR EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
                               AND g.target_id IN (r.target_id, :every_target)) AS granted,
       q.stop, r.mode, CASE WHEN r.slot_ms IS NULL THEN f.kind ELSE r.mode END AS fire_kind,
       COALESCE(r.missed_count, f.missed_count) AS missed_count, COALESCE(r.missed_first, f.missed_first) AS missed_first,
       COALESCE(r.missed_last, f.missed_last) AS missed_last
FROM runs r
JOIN ready q ON q.run_id = r.id
JOIN targets t ON t.id = r.target_id
LEFT JOIN schedules s ON s.id = r.schedule_id
LEFT JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
LEFT JOIN fires f ON f.id = r.fire_id
WHERE r.id IN (:ids...);

-- name: targets_at_versions
-- Targets with their versions: those of which a worker may know an older one.
SELECT id, version FROM targets WHERE id IN (:ids...);

-- name: ungranted_runs
-- Which of these runs are of schedules whose makers have no grant on their targets any more.
SELECT r.id FROM runs r JOIN schedules s ON s.id = r.schedule_id
WHERE r.id IN (:ids...) AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
                                        AND g.target_id IN (r.target_id, :every_target));

-- name: runnable_targets
-- What a worker must know of targets, also of deleted ones: runs of theirs may still be queued. How a mirror is run is
-- known to the target that it mirrors.
SELECT t.id, t.version, t.name, t.executor, COALESCE(s.config, t.config) AS config,
       COALESCE(s.secrets, t.secrets) AS secrets, t.completion, t.timeout_ms, t.deadline_ms, t.state, t.state_reason,
       t.deleted_ms, COALESCE(s.extra, t.extra) AS extra, COALESCE(s.id, t.id) AS sealed_for,
       COALESCE(s.workspace_id, t.workspace_id) AS home_id, CASE WHEN s.id IS NULL THEN 0 ELSE 1 END AS mirrored
FROM targets t LEFT JOIN targets s ON s.id = t.shared_from AND s.executor = t.executor AND s.deleted_ms IS NULL
WHERE t.id IN (:ids...);

-- name: put_back_runs
-- Give up the lease on runs that wait for another attempt, or that were not begun and keep their place in the queue (no
-- `due_ms`); touches as many rows as were still held.
UPDATE ready SET owner = NULL, due_ms = COALESCE(r.due_ms, ready.due_ms), epoch = ready.epoch + 1, begun_ms = NULL
FROM rows(run_id bytea, owner bytea, epoch bigint, due_ms bigint) AS r
WHERE ready.run_id = r.run_id AND ready.owner = r.owner AND ready.epoch = r.epoch;

-- name: note_attempts
UPDATE runs SET attempts = r.attempts, started_ms = COALESCE(runs.started_ms, r.started_ms), status = r.status,
    error = r.error, state = r.state, waited = COALESCE(r.waited, runs.waited)
FROM rows(run_id bytea, attempts bigint, started_ms bigint, status bigint, error text, state text, waited text) AS r
WHERE runs.id = r.run_id;

-- name: insert_attempts
INSERT INTO attempts (run_id, number, started_ms, finished_ms, status, error)
SELECT run_id, number, started_ms, finished_ms, status, error
FROM rows(run_id bytea, number bigint, started_ms bigint, finished_ms bigint, status bigint, error text) AS r
WHERE TRUE
ON CONFLICT (run_id, number) DO NOTHING;

-- name: open_callback
-- The target may answer for this attempt from now on, and for no earlier one.
INSERT INTO callbacks (run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, lease_ms)
VALUES (:run_id, :workspace_id, :target_id, :token_hash, :attempt, :deadline_ms, :lease_ms)
ON CONFLICT (run_id) DO UPDATE SET token_hash = excluded.token_hash, attempt = excluded.attempt,
    deadline_ms = excluded.deadline_ms, lease_ms = excluded.lease_ms, answer = NULL;

-- name: insert_watched
-- Engines have taken these runs. An attempt that was repeated finds the row of the one before.
INSERT INTO callbacks (run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, lease_ms, handle, look_ms)
SELECT run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, 0, handle, look_ms
FROM rows(run_id bytea, workspace_id bytea, target_id bytea, token_hash bytea, attempt bigint, deadline_ms bigint,
          handle text, look_ms bigint) AS r
WHERE TRUE
ON CONFLICT (run_id) DO UPDATE SET attempt = excluded.attempt, deadline_ms = excluded.deadline_ms,
    handle = excluded.handle, look_ms = excluded.look_ms;

-- name: insert_untold
-- Runs that have ended here while an engine may have had them. A handle that is known stays.
INSERT INTO callbacks (run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, lease_ms, answer, look_ms)
SELECT run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, 0, answer, look_ms
FROM rows(run_id bytea, workspace_id bytea, target_id bytea, token_hash bytea, attempt bigint, deadline_ms bigint,
          answer text, look_ms bigint) AS r
WHERE TRUE
ON CONFLICT (run_id) DO UPDATE SET attempt = excluded.attempt, deadline_ms = excluded.deadline_ms,
    answer = excluded.answer, look_ms = excluded.look_ms;

-- name: note_start_of_run
-- The answer may come before the attempt is recorded.
UPDATE runs SET started_ms = COALESCE(started_ms, :started_ms) WHERE id = :run_id;

-- name: mark_begun
-- When the attempts of runs began that the node still holds.
UPDATE ready SET begun_ms = r.begun_ms
FROM rows(run_id bytea, owner bytea, epoch bigint, begun_ms bigint) AS r
WHERE ready.run_id = r.run_id AND ready.owner = r.owner AND ready.epoch = r.epoch;

-- name: held_leases
-- Which of these runs the node still holds, and under which epoch.
SELECT run_id, epoch FROM ready WHERE owner = :node AND run_id IN (:ids...);

-- name: hold_lease
-- The epoch of a run that the node still holds; whoever wants to end or free it waits for this transaction.
SELECT epoch FROM ready WHERE run_id = :run_id AND owner = :node;

-- name: disable_target
UPDATE targets SET state = 'disabled', state_reason = :reason, updated_ms = :now, version = version + 1
WHERE id = :id AND version = :version AND state = 'enabled';

-- name: leases_of_node
-- All runs that the node holds, under which epoch, and whether it is asked to stop.
SELECT run_id, epoch, stop FROM ready WHERE owner = :node;

-- name: others_hold
-- Whether another node has a run. Two comparisons and no `<>`, so that both are answered from the index by owner.
SELECT EXISTS (SELECT 1 FROM ready WHERE owner < :node) OR EXISTS (SELECT 1 FROM ready WHERE owner > :node) AS held;
