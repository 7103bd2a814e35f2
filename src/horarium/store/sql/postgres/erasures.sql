-- part: held_until_changed
FOR NO KEY UPDATE

-- name: next_erasure
-- As for both, locked, and passing over those that another node has locked.
SELECT {erasure_columns} FROM erasures WHERE {may_go_on}
ORDER BY updated_ms LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: open_erasure
SELECT {erasure_columns} FROM erasures WHERE id = :id AND finished_ms IS NULL FOR UPDATE;

-- name: free_runs
-- As for both, and nobody claims them meanwhile. One that another transaction has locked is not free.
SELECT q.run_id FROM ready q
WHERE q.run_id IN (:ids...) AND q.owner IS NULL
  AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.run_id = q.run_id AND c.answer IS NULL)
FOR UPDATE OF q SKIP LOCKED;
