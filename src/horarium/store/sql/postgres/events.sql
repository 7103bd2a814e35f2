-- name: event_notes
-- As for both; rows have no order by themselves here.
SELECT id, workspace_id, notes FROM event_outbox ORDER BY place NULLS FIRST LIMIT :limit;

-- name: hold_event_log
SELECT number FROM event_logs WHERE workspace_id = :workspace_id FOR NO KEY UPDATE;
