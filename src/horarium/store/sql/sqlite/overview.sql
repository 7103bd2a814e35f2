-- name: outcomes_of_schedules
-- The latest fires of a schedule with their states.
SELECT o.schedule_id, o.slot_ms, o.state FROM (
    SELECT r.schedule_id, r.slot_ms, r.state FROM runs r
    WHERE r.schedule_id = ?1 AND r.slot_ms IS NOT NULL AND +r.workspace_id = ?2 ORDER BY r.id DESC LIMIT ?3
) AS o
UNION ALL
SELECT o.schedule_id, o.slot_ms, o.state FROM (
    SELECT f.schedule_id, f.slot_ms, f.state FROM fires f
    WHERE f.schedule_id = ?1 AND +f.workspace_id = ?2 ORDER BY f.id DESC LIMIT ?3
) AS o;
