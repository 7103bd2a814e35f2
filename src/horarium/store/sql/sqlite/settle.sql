-- name: finish_runs
UPDATE runs SET state = ?2, started_ms = ?3, finished_ms = ?4, attempts = ?5, status = ?6, output = ?7, error = ?8
WHERE id = ?1;

-- name: finish_single_fires
UPDATE fires SET state = ?2, finished_ms = ?3, succeeded = ?4, failed = ?5, cancelled = ?6 WHERE id = ?1;

-- name: settle_cursors
UPDATE cursors SET open_fires = open_fires - ?2, succeeded = succeeded + ?3, failed = failed + ?4,
    failures_in_row = CASE WHEN ?5 = 1 THEN 0 ELSE failures_in_row END + ?6,
    last_state = CASE WHEN last_fire_id = ?7 THEN ?8 ELSE last_state END
WHERE schedule_id = ?1;
