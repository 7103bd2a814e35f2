-- name: ruling_pauses
-- As for both, locked: who ends a pause waits for the releases that have seen it go on.
SELECT {pause_columns} FROM pauses WHERE settled = 0 AND schedule_id IS NULL ORDER BY from_ms, id FOR SHARE;

-- name: ruling_pauses_of_schedules
-- As for both, locked in the same way.
SELECT {pause_columns} FROM pauses WHERE settled = 0 AND schedule_id IN (:ids...) ORDER BY from_ms, id FOR SHARE;

-- name: hold_pause
SELECT id FROM pauses WHERE id = :id FOR UPDATE;
