-- name: hold_cursors
SELECT schedule_id FROM cursors WHERE schedule_id IN (:ids...) ORDER BY schedule_id FOR NO KEY UPDATE;

-- name: hold_queued
SELECT run_id FROM ready WHERE run_id IN (:ids...) ORDER BY run_id FOR UPDATE;

-- name: open_run_ids
-- As for both. OFFSET 0 keeps the condition on ids out of the lanes: with it the whole queue would be read in order.
SELECT o.id FROM ({open_runs} OFFSET 0) o WHERE o.id < :cursor AND {open_filters}
ORDER BY o.id DESC LIMIT :limit;

-- name: lock_target
-- Locked and not written: an update would leave a dead row behind.
SELECT id FROM targets WHERE workspace_id = :workspace_id AND id = :id FOR NO KEY UPDATE;

-- name: hold_principal
-- Whoever gives it something waits for none that does the same, but for whoever removes it.
SELECT id FROM principals WHERE id = :id AND deleted_ms IS NULL FOR SHARE;
