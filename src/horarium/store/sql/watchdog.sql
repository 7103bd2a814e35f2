-- name: watched_nodes
-- Nodes that have not stopped, and those that were given up since an instant: of a node that stopped in order, the lease
-- ends when it stops.
SELECT name, zone_data, lease_until_ms, stopped_ms FROM nodes
WHERE stopped_ms IS NULL OR (stopped_ms >= :since AND lease_until_ms <> stopped_ms)
ORDER BY name;

-- name: first_workspace_ms
SELECT min(created_ms) FROM workspaces;
