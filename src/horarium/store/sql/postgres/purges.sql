-- name: next_to_purge
-- As for both, locked, and passing over the one that another node is at.
SELECT id FROM workspaces WHERE {to_purge} ORDER BY purge_ms LIMIT 1 FOR UPDATE SKIP LOCKED;
