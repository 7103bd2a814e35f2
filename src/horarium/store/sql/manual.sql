-- name: find_manual_fire
SELECT id FROM fires
WHERE schedule_id = :schedule_id AND workspace_id = :workspace_id AND id >= :low AND kind = 'manual' AND request = :request LIMIT 1;
