-- name: release_leases
-- Give up the lease on runs that are over; touches as many rows as were still held.
DELETE FROM ready WHERE run_id IN (
    SELECT q.run_id FROM rows(run_id bytea, owner bytea, epoch bigint) AS r
    JOIN ready q ON q.run_id = r.run_id AND q.owner = r.owner AND q.epoch = r.epoch);

-- name: claimable_runs
SELECT run_id, lane FROM ready
WHERE owner IS NULL AND lane = ?1 AND due_ms <= ?3 ORDER BY due_ms LIMIT ?2;

-- name: earliest_ready
-- By the index that has its order: by the one of what nobody has claimed, the whole queue would be sorted.
SELECT due_ms FROM ready INDEXED BY ready_soonest WHERE owner IS NULL ORDER BY due_ms LIMIT 1;
