-- name: outcomes_of_schedules
-- The latest fires of each schedule with their states.
SELECT o.schedule_id, o.slot_ms, o.state
FROM rows(schedule_id bytea, workspace_id bytea, most bigint) AS g
CROSS JOIN LATERAL (
    (SELECT r.schedule_id, r.slot_ms, r.state FROM runs r
     WHERE r.schedule_id = g.schedule_id AND r.slot_ms IS NOT NULL AND r.workspace_id = g.workspace_id
     ORDER BY r.id DESC LIMIT g.most)
    UNION ALL
    (SELECT f.schedule_id, f.slot_ms, f.state FROM fires f
     WHERE f.schedule_id = g.schedule_id AND f.workspace_id = g.workspace_id
     ORDER BY f.id DESC LIMIT g.most)
) AS o;
