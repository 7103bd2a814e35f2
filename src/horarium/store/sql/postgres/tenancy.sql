-- name: hold_workspace
-- Locked and not written: an update would leave a dead row behind.
SELECT id FROM workspaces WHERE id = :workspace_id AND deleted_ms IS NULL FOR NO KEY UPDATE;
