-- name: claimable_runs
-- Of each lane the runs due soonest.
SELECT q.run_id, q.lane FROM rows(lane bytea, share bigint, now bigint) AS r
CROSS JOIN LATERAL (
    SELECT ready.run_id, ready.lane FROM ready
    WHERE ready.owner IS NULL AND ready.lane = r.lane AND ready.due_ms <= r.now
    ORDER BY ready.due_ms LIMIT r.share
    FOR UPDATE SKIP LOCKED
) AS q;

-- name: release_leases
-- Give up the lease on runs that are over; touches as many rows as were still held. PostgreSQL only joins by conditions
-- that are an `=`. The conditions on owner and epoch are therefore written as something else: while the statistics told
-- that the table was empty, each of 4,000 runs was sought among all 4,000 of its owner.
DELETE FROM ready
USING rows(run_id bytea, owner bytea, epoch bigint) AS r
WHERE ready.run_id = r.run_id AND (ready.owner, ready.epoch) IS NOT DISTINCT FROM (r.owner, r.epoch);

-- name: put_back_runs
-- As for both; the condition on the lease is no `=`, for the reason given above.
UPDATE ready SET owner = NULL, due_ms = COALESCE(r.due_ms, ready.due_ms), epoch = ready.epoch + 1, begun_ms = NULL
FROM rows(run_id bytea, owner bytea, epoch bigint, due_ms bigint) AS r
WHERE ready.run_id = r.run_id AND (ready.owner, ready.epoch) IS NOT DISTINCT FROM (r.owner, r.epoch);

-- name: mark_begun
-- As for both; the condition on the lease is no `=`, for the reason given above.
UPDATE ready SET begun_ms = r.begun_ms
FROM rows(run_id bytea, owner bytea, epoch bigint, begun_ms bigint) AS r
WHERE ready.run_id = r.run_id AND (ready.owner, ready.epoch) IS NOT DISTINCT FROM (r.owner, r.epoch);

-- name: held_leases
-- As for both; the condition on the owner is no `=`, so that rows are found by the key of their run.
SELECT run_id, epoch FROM ready WHERE run_id IN (:ids...) AND owner IS NOT DISTINCT FROM :node;

-- name: hold_lease
-- As for both, and locked; the condition on the owner is no `=`, for the same reason.
SELECT epoch FROM ready WHERE run_id = :run_id AND owner IS NOT DISTINCT FROM :node FOR UPDATE;

-- name: try_to_lock_lane
-- Locked and not written: an update would leave a dead row behind with every claim.
SELECT id FROM targets WHERE id = :lane FOR NO KEY UPDATE SKIP LOCKED;

-- name: ungranted_runs
-- As for both, but each run is looked up in the one partition that can have it.
SELECT r.id FROM unnest(CAST(:ids AS BYTEA[])) AS x(id) JOIN runs r ON r.id = x.id JOIN schedules s ON s.id = r.schedule_id
WHERE NOT EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by AND g.target_id IN (r.target_id, :every_target));

-- name: claimed_runs
-- As for both, but each run is looked up in the one partition that can have it.
SELECT r.id, r.workspace_id, r.schedule_id, {fire_of_run} AS fire_id, r.target_id, t.version AS target_version, r.row_key, r.due_ms,
       COALESCE(r.slot_ms, f.slot_ms) AS slot_ms, r.attempts, q.epoch,
       CASE WHEN q.due_ms < r.created_ms THEN r.created_ms ELSE q.due_ms END AS ready_ms, q.lost, r.waited, s.name AS schedule_name, v.timing, v.policies, v.input, r.data, v.environment,
       r.slot_ms IS NOT NULL AS single,
       s.id IS NULL OR EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
                               AND g.target_id IN (r.target_id, :every_target)) AS granted,
       q.stop, r.mode, CASE WHEN r.slot_ms IS NULL THEN f.kind ELSE r.mode END AS fire_kind,
       COALESCE(r.missed_count, f.missed_count) AS missed_count, COALESCE(r.missed_first, f.missed_first) AS missed_first,
       COALESCE(r.missed_last, f.missed_last) AS missed_last
FROM unnest(CAST(:ids AS BYTEA[])) AS x(id)
JOIN ready q ON q.run_id = x.id
JOIN runs r ON r.id = x.id
JOIN targets t ON t.id = r.target_id
LEFT JOIN schedules s ON s.id = r.schedule_id
LEFT JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
LEFT JOIN fires f ON f.id = r.fire_id;
