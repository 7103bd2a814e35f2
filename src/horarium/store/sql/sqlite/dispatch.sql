-- name: release_leases
-- Give up the lease on runs that are over; touches as many rows as were still held.
DELETE FROM ready WHERE run_id = ?1 AND owner = ?2 AND epoch = ?3;

-- name: put_back
UPDATE ready SET owner = NULL, due_ms = ?4, epoch = epoch + 1 WHERE run_id = ?1 AND owner = ?2 AND epoch = ?3;

-- name: claimable
SELECT run_id, lane FROM ready
WHERE owner IS NULL AND lane = ?1 AND due_ms <= ?3 ORDER BY due_ms LIMIT ?2;
