-- name: lock_target
-- Locked and not written: an update would leave a dead row behind.
SELECT id FROM targets WHERE workspace_id = :workspace_id AND id = :id FOR NO KEY UPDATE;
