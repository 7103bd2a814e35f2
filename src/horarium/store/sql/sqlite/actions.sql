-- name: count_open_actions
-- The plus keeps SQLite from reading all actions of the workspace: few actions are open, and an index has them alone.
SELECT count(*) FROM actions WHERE +workspace_id = :workspace_id AND finished_ms IS NULL;
