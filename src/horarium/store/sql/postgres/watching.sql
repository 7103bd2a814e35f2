-- name: due_looks
-- Of each target the runs to look at now, without those that another node takes in this moment.
SELECT c.run_id FROM rows(target_id bytea, share bigint, now bigint) AS r
CROSS JOIN LATERAL (
    SELECT callbacks.run_id FROM callbacks
    WHERE callbacks.target_id = r.target_id AND callbacks.look_ms <= r.now
    ORDER BY callbacks.look_ms LIMIT r.share
    FOR UPDATE SKIP LOCKED
) AS c;

-- name: open_watched
-- As for both, locked: a run without a schedule may just be cancelled, or be looked at by another node.
SELECT c.run_id, c.workspace_id, {fire_of_run} AS fire_id, r.schedule_id, r.row_key, c.attempt, r.started_ms, r.slot_ms IS NOT NULL AS single, r.mode
FROM callbacks c JOIN runs r ON r.id = c.run_id
WHERE c.run_id IN (:ids...) AND (c.answer IS NULL) IS TRUE AND r.state IN ('pending', 'running')
ORDER BY c.run_id FOR UPDATE OF c;
