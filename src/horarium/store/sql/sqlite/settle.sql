-- name: free_row_locks
-- One row for each execution: for a list of rows SQLite would use the index for the schedule alone.
DELETE FROM row_locks WHERE schedule_id = ?1 AND row_key = ?2 AND run_id = ?3;
