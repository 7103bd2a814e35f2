-- name: next_action
-- As for both; one that another node is at is passed over.
SELECT {action_columns} FROM actions a WHERE a.finished_ms IS NULL ORDER BY a.updated_ms LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: open_action
SELECT {action_columns} FROM actions a WHERE a.id = :id AND a.finished_ms IS NULL FOR UPDATE;
