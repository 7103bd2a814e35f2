-- Which rows of a fire have failed and were not run again.

-- name: failed_of_fire
-- The runs of a fire that failed, the oldest first. They are found by the index of runs with an error.
SELECT r.id, r.row_key, r.generation FROM runs r
WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id >= :low AND r.id < :high
  AND r.id > :after AND r.fire_id = :fire_id AND r.state = 'failed'
ORDER BY r.id LIMIT :limit;

-- name: generations_of_fire
-- How often each row of a fire was run again, without those that were not.
SELECT r.row_key, max(r.generation) AS generation FROM runs r
WHERE {run_in_workspace} AND r.schedule_id = :schedule_id AND r.slot_ms IS NULL AND r.id >= :low AND r.id < :high
  AND r.fire_id = :fire_id AND r.generation > 0
GROUP BY r.row_key;
