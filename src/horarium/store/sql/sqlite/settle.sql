-- name: free_row_locks
-- A row at a time: of a list of rows, only the schedule would be looked up by the key.
DELETE FROM row_locks WHERE schedule_id = ?1 AND row_key = ?2 AND run_id = ?3;
