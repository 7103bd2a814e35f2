-- name: next_erasure
-- As for both, locked, and passing over those that another node has locked.
SELECT {erasure_columns} FROM erasures WHERE {may_go_on}
ORDER BY updated_ms LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: open_erasure
SELECT {erasure_columns} FROM erasures WHERE id = :id AND finished_ms IS NULL FOR UPDATE;
