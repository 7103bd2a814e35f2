-- name: free_row_locks
DELETE FROM row_locks WHERE schedule_id = ?1 AND row_key = ?2 AND run_id = ?3;
