-- name: event_notes
-- As for both; rows have no order by themselves here.
SELECT id, workspace_id, notes FROM event_outbox ORDER BY place NULLS FIRST LIMIT :limit;
