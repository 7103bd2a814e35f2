-- name: insert_cursors
-- Without those whose place is taken.
{new_cursors}
WHERE true
ON CONFLICT DO NOTHING;

-- part: schedule_in_workspace
-- The plus keeps SQLite from the index by workspace and name, with which it would read every schedule of the workspace.
+s.workspace_id = :workspace_id
