-- name: free_runs
-- As for both, and nobody claims them meanwhile. One that another transaction has locked is not free.
SELECT q.run_id FROM ready q
WHERE q.run_id IN (:ids...) AND (q.owner IS NULL) IS TRUE
  AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.run_id = q.run_id AND (c.answer IS NULL) IS TRUE)
FOR UPDATE OF q SKIP LOCKED;
