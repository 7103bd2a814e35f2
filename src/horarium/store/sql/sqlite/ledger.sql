-- part: fire_in_workspace
-- The plus keeps SQLite from the index by workspace, with which it would read every run of the workspace.
+f.workspace_id = :workspace_id

-- part: run_in_workspace
-- The plus does what it does above.
+r.workspace_id = :workspace_id
