-- name: due_looks
-- As for both, without those that another node looks at in this moment.
SELECT run_id FROM callbacks WHERE look_ms <= :now ORDER BY look_ms LIMIT :limit FOR UPDATE SKIP LOCKED;
