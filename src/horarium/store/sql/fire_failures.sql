-- Which rows of a fire have failed and were not run again.

-- name: failed_of_fire
-- The runs of a fire that failed, the oldest first. They are found by the index of runs with an error.
SELECT r.id, r.row_key, r.generation FROM runs r
WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id >= :low AND r.id < :high
  AND r.id > :after AND r.fire_id = :fire_id AND r.state = 'failed'
ORDER BY r.id LIMIT :limit;
