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

-- part: schedule_filters
  AND (CAST(:dialect AS TEXT) IS NULL OR s.dialect = :dialect)
  AND (CAST(:owner_id AS BYTEA) IS NULL OR s.owner_id = :owner_id)
  AND (CAST(:target_id AS BYTEA) IS NULL OR s.target_id = :target_id)
  AND (CAST(:state AS TEXT) IS NULL OR s.state = :state)
  AND (CAST(:not_state AS TEXT) IS NULL OR s.state <> :not_state)
  AND (CAST(:extra AS TEXT) IS NULL OR s.extra LIKE :extra ESCAPE '\')
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(s.name) LIKE :prefix ESCAPE '\')
  AND (CAST(:search AS TEXT) IS NULL OR lower(s.name) LIKE :search ESCAPE '\'
       OR lower(COALESCE(s.key, '')) LIKE :search ESCAPE '\' OR lower(COALESCE(s.description, '')) LIKE :search ESCAPE '\'
       OR (:search_input = 1 AND lower(COALESCE(v.input, '')) LIKE :search ESCAPE '\'))
  AND (CAST(:label_name AS TEXT) IS NULL OR EXISTS (
       SELECT 1 FROM labels l WHERE l.workspace_id = s.workspace_id AND l.schedule_id = s.id
       AND l.name = :label_name AND l.value = :label_value))

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

-- name: list_schedules_desc
{whole_schedules}
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL AND s.id < :cursor
{schedule_filters}
ORDER BY s.id DESC
LIMIT :limit OFFSET :skip;

-- name: list_schedules_asc
{whole_schedules}
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL AND s.id > :cursor
{schedule_filters}
ORDER BY s.id
LIMIT :limit OFFSET :skip;

-- name: count_schedules
SELECT count(*) FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL
{schedule_filters};
