-- name: open_fanout_tasks
-- As for both. LATERAL takes the first of each workspace; a condition on ids would be checked for all that wait.
WITH RECURSIVE {tenants_reading}
SELECT q.fire_id, q.workspace_id FROM (
    SELECT o.fire_id, o.workspace_id, o.due_ms, {place_in_turn} AS place
    FROM tenants t CROSS JOIN LATERAL (
        SELECT f.fire_id, f.workspace_id, f.due_ms FROM fanouts f
        WHERE f.workspace_id = t.workspace_id AND f.owner IS NULL AND f.due_ms <= :now
        ORDER BY f.owner, f.due_ms, f.fire_id LIMIT :share) AS o) AS q
JOIN workspaces w ON w.id = q.workspace_id
{by_turns};

-- name: fanout_tasks_of_schedule
-- As for both, locked: a chunk that is being written counts.
SELECT o.fire_id, o.workspace_id, o.rows_done FROM fanouts o JOIN fires f ON f.id = o.fire_id
WHERE o.schedule_id = :schedule_id AND f.kind = 'clock' ORDER BY o.fire_id FOR UPDATE OF o;
