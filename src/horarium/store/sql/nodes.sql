-- name: no_copy_runs
-- True: a copy of a SQLite file holds the lock that a server needs to open it.
SELECT :lock IS NOT NULL AS allowed;

-- name: insert_node
INSERT INTO nodes (id, name, roles, software, zone_data, started_ms, seen_ms, lease_until_ms)
VALUES (:id, :name, :roles, :software, :zone_data, :now, :now, :lease_until_ms)
ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms, lease_until_ms = excluded.lease_until_ms, stopped_ms = NULL;

-- name: keep_lease_of_node
UPDATE nodes SET seen_ms = :now, lease_until_ms = :lease_until_ms WHERE id = :id AND stopped_ms IS NULL;

-- name: stop_node
UPDATE nodes SET stopped_ms = :now, lease_until_ms = :now WHERE id = :id;

-- part: owners
-- Of claimed runs, fan-out tasks and webhooks.
SELECT owner FROM ready WHERE owner IS NOT NULL
    UNION SELECT owner FROM fanouts WHERE owner IS NOT NULL
    UNION SELECT owner FROM webhooks WHERE owner IS NOT NULL

-- name: lapsed_owners
-- Owners whose node is not alive: it has lapsed or stopped, or is unknown. The node that asks is alive.
SELECT DISTINCT q.owner FROM ({owners}) q LEFT JOIN nodes n ON n.id = q.owner
WHERE q.owner <> :me
  AND (n.id IS NULL OR n.stopped_ms IS NOT NULL OR n.lease_until_ms < :now OR n.id IN (:gone...))
ORDER BY q.owner;

-- name: free_runs_of
-- Of a node that is gone: what it had may have been sent.
UPDATE ready SET owner = NULL, epoch = epoch + 1, lost = lost + 1, begun_ms = NULL WHERE owner = :node;

-- name: free_fanout_tasks_of
UPDATE fanouts SET owner = NULL, epoch = epoch + 1 WHERE owner = :node;

-- name: free_all_runs
UPDATE ready SET owner = NULL, epoch = epoch + 1, lost = lost + 1, begun_ms = NULL
WHERE owner IS NOT NULL;

-- name: free_all_fanout_tasks
UPDATE fanouts SET owner = NULL, epoch = epoch + 1 WHERE owner IS NOT NULL;

-- part: other_and_gone
stopped_ms IS NULL AND id <> :me AND (lease_until_ms < :now OR id IN (:gone...))

-- name: retire_nodes
UPDATE nodes SET stopped_ms = :now WHERE {other_and_gone};

-- part: ownerless
-- What is claimed by nodes that have stopped, or that nobody knows.
SELECT q.owner, NULL AS connected, TRUE AS lapsed FROM ({owners}) q LEFT JOIN nodes n ON n.id = q.owner
WHERE q.owner <> :me AND (n.id IS NULL OR n.stopped_ms IS NOT NULL)

-- name: other_nodes
-- This database does not know who is connected to it.
SELECT n.id, NULL AS connected, n.lease_until_ms < :now AS lapsed FROM nodes n WHERE n.stopped_ms IS NULL AND n.id <> :me
UNION ALL {ownerless};

-- name: retire_all_nodes
UPDATE nodes SET stopped_ms = :now WHERE stopped_ms IS NULL;

-- name: living_nodes
SELECT id, name, roles, software, zone_data, started_ms, seen_ms, lease_until_ms, stopped_ms
FROM nodes WHERE stopped_ms IS NULL AND lease_until_ms >= :now ORDER BY name, id LIMIT :limit;

-- name: free_webhooks_of
UPDATE webhooks SET owner = NULL, epoch = epoch + 1 WHERE owner = :node;

-- name: free_all_webhooks
UPDATE webhooks SET owner = NULL, epoch = epoch + 1 WHERE owner IS NOT NULL;
