-- name: claimable
-- Of each lane the runs due soonest.
SELECT q.run_id, q.lane FROM rows(lane bytea, share bigint, now bigint) AS r
CROSS JOIN LATERAL (
    SELECT ready.run_id, ready.lane FROM ready
    WHERE ready.owner IS NULL AND ready.lane = r.lane AND ready.due_ms <= r.now
    ORDER BY ready.due_ms LIMIT r.share
    FOR UPDATE SKIP LOCKED
) AS q;

-- name: release_leases
-- Give up the lease on runs that are over; touches as many rows as were still held.
DELETE FROM ready
USING rows(run_id bytea, owner bytea, epoch bigint) AS r
WHERE ready.run_id = r.run_id AND ready.owner = r.owner AND ready.epoch = r.epoch;

-- name: hold_lane
-- Locked and not written: an update would leave a dead row behind with every claim.
SELECT id FROM targets WHERE id = :lane FOR NO KEY UPDATE;

-- name: try_lane
SELECT id FROM targets WHERE id = :lane FOR NO KEY UPDATE SKIP LOCKED;
