-- name: due_looks
-- Of each target the runs to look at now, those first whose time came first.
SELECT run_id FROM callbacks WHERE target_id = ?1 AND look_ms <= ?3 ORDER BY look_ms LIMIT ?2;
