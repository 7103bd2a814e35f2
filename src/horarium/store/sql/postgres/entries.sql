-- name: hold_cursors
SELECT schedule_id FROM cursors WHERE schedule_id IN (:ids...) ORDER BY schedule_id FOR NO KEY UPDATE;
