-- name: find_manual_fire
SELECT id FROM fires
WHERE schedule_id = :schedule_id AND workspace_id = :workspace_id AND id >= :low AND kind = 'manual' AND request = :request LIMIT 1;

-- name: insert_fires_if_new
-- Touches no row where the fire is there already.
{new_fires}
WHERE TRUE
ON CONFLICT (id) DO NOTHING;
