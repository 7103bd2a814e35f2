-- name: release_leases
-- Give up the lease on runs that are over; touches as many rows as were still held.
DELETE FROM ready
WHERE EXISTS (SELECT 1 FROM rows(run_id bytea, owner bytea, epoch bigint) AS r
              WHERE ready.run_id = r.run_id AND ready.owner = r.owner AND ready.epoch = r.epoch);

-- name: claimable
SELECT run_id, epoch FROM ready
WHERE owner IS NULL AND lane = :lane AND due_ms <= :now ORDER BY due_ms LIMIT :limit
FOR UPDATE SKIP LOCKED;
