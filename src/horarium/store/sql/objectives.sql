-- name: list_objectives_desc
-- What the schedules of one dialect have had run, latest slot first, with the input that was given and a phase
-- that tells apart more than a run's state does.
SELECT * FROM (
    SELECT r.*, q.owner IS NOT NULL AS with_worker, q.due_ms AS next_attempt_ms, f.kind AS fire_kind, f.slot_ms,
           v.input, s.dialect,
           CASE WHEN r.state = 'failed' AND (r.error LIKE '% did not % within % s'
                     OR r.error LIKE '% did not % within % ms' OR r.error LIKE 'no answer within % s'
                     OR r.error LIKE '% before its deadline') THEN 'timed_out'
                WHEN r.state = 'pending' AND (q.owner IS NOT NULL OR r.attempts > 0) THEN 'running'
                ELSE r.state END AS phase
    FROM runs r
    JOIN schedules s ON s.id = r.schedule_id
    JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
    LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id
    WHERE r.workspace_id = :workspace_id AND r.id < :cursor AND s.dialect = :dialect
      AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id)
      AND (CAST(:schedule_id AS BYTEA) IS NULL OR r.schedule_id = :schedule_id)
) AS o
WHERE CAST(:phase AS TEXT) IS NULL OR phase = :phase
ORDER BY id DESC LIMIT :limit;

-- name: list_objectives_asc
SELECT * FROM (
    SELECT r.*, q.owner IS NOT NULL AS with_worker, q.due_ms AS next_attempt_ms, f.kind AS fire_kind, f.slot_ms,
           v.input, s.dialect,
           CASE WHEN r.state = 'failed' AND (r.error LIKE '% did not % within % s'
                     OR r.error LIKE '% did not % within % ms' OR r.error LIKE 'no answer within % s'
                     OR r.error LIKE '% before its deadline') THEN 'timed_out'
                WHEN r.state = 'pending' AND (q.owner IS NOT NULL OR r.attempts > 0) THEN 'running'
                ELSE r.state END AS phase
    FROM runs r
    JOIN schedules s ON s.id = r.schedule_id
    JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
    LEFT JOIN ready q ON q.run_id = r.id LEFT JOIN fires f ON f.id = r.fire_id
    WHERE r.workspace_id = :workspace_id AND r.id > :cursor AND s.dialect = :dialect
      AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id)
      AND (CAST(:schedule_id AS BYTEA) IS NULL OR r.schedule_id = :schedule_id)
) AS o
WHERE CAST(:phase AS TEXT) IS NULL OR phase = :phase
ORDER BY id LIMIT :limit;

-- name: count_objectives
SELECT count(*) FROM (
    SELECT r.id,
           CASE WHEN r.state = 'failed' AND (r.error LIKE '% did not % within % s'
                     OR r.error LIKE '% did not % within % ms' OR r.error LIKE 'no answer within % s'
                     OR r.error LIKE '% before its deadline') THEN 'timed_out'
                WHEN r.state = 'pending' AND (q.owner IS NOT NULL OR r.attempts > 0) THEN 'running'
                ELSE r.state END AS phase
    FROM runs r JOIN schedules s ON s.id = r.schedule_id LEFT JOIN ready q ON q.run_id = r.id
    WHERE r.workspace_id = :workspace_id AND s.dialect = :dialect
      AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id)
      AND (CAST(:schedule_id AS BYTEA) IS NULL OR r.schedule_id = :schedule_id)
) AS o
WHERE CAST(:phase AS TEXT) IS NULL OR phase = :phase;

-- name: schedules_by_id
-- Schedules as they are now, deleted ones too: what an objective says of where it comes from.
SELECT s.*, v.timing, v.policies, v.target_id AS run_target_id, v.input, v.audience, v.environment,
       c.accounted_to, c.next_slot, c.next_due, c.fires, c.succeeded, c.failed, c.skipped, c.open_fires,
       c.waiting_fires, c.failures_in_row, c.last_slot, c.last_fired_ms, c.last_fire_id, c.last_state,
       c.last_skip_ms, c.last_skip_reason
FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
JOIN cursors c ON c.schedule_id = s.id
WHERE s.id IN (:ids...);

-- name: principals_by_id
-- Who made something, even where they are gone since.
SELECT id, workspace_id, type, name, email, created_ms FROM principals WHERE id IN (:ids...);

-- name: list_agents_desc
SELECT * FROM targets
WHERE workspace_id = :workspace_id AND deleted_ms IS NULL AND kind = 'agent' AND id < :cursor
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(name) LIKE :prefix ESCAPE '\')
  AND (CAST(:search AS TEXT) IS NULL OR lower(name) LIKE :search ESCAPE '\'
       OR lower(COALESCE(key, '')) LIKE :search ESCAPE '\')
ORDER BY id DESC LIMIT :limit;

-- name: list_agents_asc
SELECT * FROM targets
WHERE workspace_id = :workspace_id AND deleted_ms IS NULL AND kind = 'agent' AND id > :cursor
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(name) LIKE :prefix ESCAPE '\')
  AND (CAST(:search AS TEXT) IS NULL OR lower(name) LIKE :search ESCAPE '\'
       OR lower(COALESCE(key, '')) LIKE :search ESCAPE '\')
ORDER BY id LIMIT :limit;

-- name: count_agents
SELECT count(*) FROM targets
WHERE workspace_id = :workspace_id AND deleted_ms IS NULL AND kind = 'agent'
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(name) LIKE :prefix ESCAPE '\')
  AND (CAST(:search AS TEXT) IS NULL OR lower(name) LIKE :search ESCAPE '\'
       OR lower(COALESCE(key, '')) LIKE :search ESCAPE '\');
