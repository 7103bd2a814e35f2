-- part: whole_schedules
SELECT s.id, s.workspace_id, s.dialect, s.name, s.state, s.version, s.definition_version, s.created_ms, s.updated_ms,
       s.created_by, s.owner_id, s.key, s.description, s.labels, s.extra, s.note, s.ended_ms, s.ended_reason,
       s.deleted_ms, v.timing, v.policies, v.target_id, v.input, v.audience, v.environment,
       c.accounted_to, c.next_slot, c.next_due, c.fires, c.succeeded, c.failed, c.skipped, c.open_fires,
       c.waiting_fires, c.failures_in_row, c.last_slot, c.last_fired_ms, c.last_fire_id, c.last_state,
       c.last_skip_ms, c.last_skip_reason
FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
JOIN cursors c ON c.schedule_id = s.id

-- name: get_schedule
{whole_schedules}
WHERE s.id = :id AND s.workspace_id = :workspace_id AND s.deleted_ms IS NULL;

-- name: get_schedule_by_key
{whole_schedules}
WHERE s.workspace_id = :workspace_id AND s.dialect = :dialect AND s.owner_id = :owner_id AND s.key = :key
  AND s.deleted_ms IS NULL;

-- name: workspace_of_schedule
-- Whose a schedule is, deleted or not: one dialect tells apart "not yours" and "not there".
SELECT workspace_id, dialect, deleted_ms FROM schedules WHERE id = :id;
