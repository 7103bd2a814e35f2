-- name: due_looks
-- Of each target the runs to look at now, without those that another node takes in this moment.
SELECT c.run_id FROM rows(target_id bytea, share bigint, now bigint) AS r
CROSS JOIN LATERAL (
    SELECT callbacks.run_id FROM callbacks
    WHERE callbacks.target_id = r.target_id AND callbacks.look_ms <= r.now
    ORDER BY callbacks.look_ms LIMIT r.share
    FOR UPDATE SKIP LOCKED
) AS c;
