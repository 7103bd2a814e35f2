-- name: insert_lane_reports
INSERT INTO lane_reports (target_id, node_id, at_ms, call_limit, under_way, parked, waiting, oldest_ms, p50_ms, p99_ms,
                          held_by, held_since_ms)
SELECT target_id, node_id, at_ms, call_limit, under_way, parked, waiting, oldest_ms, p50_ms, p99_ms, held_by,
       held_since_ms
FROM rows(target_id bytea, node_id bytea, at_ms bigint, call_limit bigint, under_way bigint, parked bigint,
          waiting bigint, oldest_ms bigint, p50_ms bigint, p99_ms bigint, held_by text, held_since_ms bigint) AS r;

-- name: lane_reports
-- What the nodes that are alive have said of targets of a workspace lately.
SELECT l.target_id, l.call_limit, l.under_way, l.parked, l.waiting, l.oldest_ms, l.p50_ms, l.p99_ms, l.held_by,
       l.held_since_ms
FROM lane_reports l JOIN targets t ON t.id = l.target_id
WHERE l.target_id IN (:ids...) AND t.workspace_id = :workspace_id AND l.at_ms >= :since;

-- name: waiting_runs_of_lane
-- Runs that could begin and have not, counted up to a limit, and since when the oldest could.
SELECT count(*), min(o.due_ms) FROM (
    SELECT q.due_ms FROM ready q WHERE q.owner IS NULL AND q.lane = :lane AND q.due_ms <= :now LIMIT :limit
) AS o;

-- name: claimed_runs_of_lane
-- Runs that are with workers: how many have not begun, since when the oldest of these could, and how many are under way.
SELECT count(CASE WHEN o.begun_ms IS NULL THEN 1 END), min(CASE WHEN o.begun_ms IS NULL THEN o.due_ms END),
       count(o.begun_ms)
FROM (
    SELECT q.due_ms, q.begun_ms FROM ready q
    WHERE q.owner IN (SELECT n.id FROM nodes n) AND q.lane = :lane LIMIT :limit
) AS o;

-- name: bounds_of_targets
-- What targets bound themselves, of those that bound anything.
SELECT id, max_concurrency, rate_per_second FROM targets
WHERE id IN (:ids...) AND workspace_id = :workspace_id
  AND (max_concurrency IS NOT NULL OR rate_per_second IS NOT NULL);

-- name: note_failing_targets
-- Those that were not known to fail; answers with their workspaces.
INSERT INTO failing_targets (target_id, workspace_id, since_ms)
SELECT t.id, t.workspace_id, :now FROM targets t
WHERE t.id IN (:ids...) AND t.deleted_ms IS NULL
ON CONFLICT (target_id) DO NOTHING
RETURNING target_id, workspace_id, since_ms;

-- name: targets_known_to_fail
SELECT target_id, workspace_id, since_ms FROM failing_targets;

-- name: targets_held_by_circuit
-- Of some targets those that a node that is alive only probes.
SELECT DISTINCT target_id FROM lane_reports
WHERE target_id IN (:ids...) AND held_by = 'circuit' AND at_ms >= :since;

-- name: forget_failing_targets
DELETE FROM failing_targets WHERE target_id IN (:ids...);
