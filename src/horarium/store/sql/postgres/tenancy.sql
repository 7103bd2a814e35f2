-- name: hold_workspace
-- Locked and not written: an update would leave a dead row behind.
SELECT deleted_ms FROM workspaces WHERE id = :workspace_id FOR NO KEY UPDATE;

-- name: hold_key
SELECT {key_columns} FROM keys WHERE workspace_id = :workspace_id AND id = :id FOR NO KEY UPDATE;
