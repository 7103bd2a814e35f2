-- name: hold_run
SELECT id FROM runs WHERE id = :id AND workspace_id = :workspace_id FOR UPDATE;

-- part: runs_by_schedule
-- In order for the reason that `all_fires` gives.
((SELECT * FROM runs WHERE slot_ms IS NULL ORDER BY id DESC)
 UNION ALL (SELECT * FROM runs WHERE slot_ms IS NOT NULL ORDER BY id DESC))

-- part: runs_by_schedule_upwards
((SELECT * FROM runs WHERE slot_ms IS NULL ORDER BY id)
 UNION ALL (SELECT * FROM runs WHERE slot_ms IS NOT NULL ORDER BY id))
