-- name: no_copy_runs
-- Until the transaction ends, no copy can begin either.
SELECT pg_try_advisory_xact_lock_shared(:lock) AS allowed;

-- name: other_nodes
-- The server knows at once when a process is gone, because the connection for its heartbeats is gone with it.
SELECT n.id, EXISTS (
    SELECT 1 FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.application_name = 'horarium lease ' || encode(n.id, 'hex')
) AS connected, n.lease_until_ms < :now AS lapsed
FROM nodes n WHERE n.stopped_ms IS NULL AND n.id <> :me
UNION ALL {ownerless};

-- name: free_runs_of
-- As for both, and locked in the order in which a node gives its leases up, since it may only have been frozen.
WITH held AS (SELECT run_id FROM ready WHERE owner = :node ORDER BY run_id FOR UPDATE)
UPDATE ready SET owner = NULL, epoch = ready.epoch + 1, lost = ready.lost + 1, begun_ms = NULL
FROM held WHERE ready.run_id = held.run_id;
