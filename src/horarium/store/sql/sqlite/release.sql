-- name: due_schedules_of_workspaces
-- Of a workspace the cursors whose next slot is due soonest.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.workspace_id = ?1 AND c.next_due <= ?3 ORDER BY c.next_due LIMIT ?2;
