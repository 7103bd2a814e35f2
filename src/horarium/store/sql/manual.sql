-- name: find_manual_fire
SELECT f.id FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND f.id >= :low
  AND f.kind <> 'clock' AND f.kind = 'manual' AND f.request = :request
LIMIT 1;
