-- part: schedule_columns
s.id, s.workspace_id, s.dialect, s.name, s.state, s.version, s.definition_version, s.created_ms, s.updated_ms,
       s.created_by, s.owner_id, s.key

-- part: definition_columns
s.note, s.ended_ms, s.ended_reason, s.deleted_ms, s.paused_until_ms, s.catch_up_after, v.timing, v.policies, v.target_id

-- part: progress_columns
c.accounted_to, c.next_slot, c.next_due, c.fires, c.succeeded, c.failed, c.skipped, c.open_fires,
       c.waiting_fires, c.failures_in_row, c.last_slot, c.last_fired_ms, c.last_fire_id, c.last_state,
       c.last_skip_ms, c.last_skip_reason

-- part: schedule_tables
FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
JOIN cursors c ON c.schedule_id = s.id

-- part: whole_columns
{schedule_columns}, s.description, s.labels, s.extra, {definition_columns}, v.input, v.audience, v.environment,
       {progress_columns}

-- part: whole_schedules
SELECT {whole_columns}
{schedule_tables}

-- part: listed_schedules
-- Schedules without their large texts, and last how many bytes of text each has.
SELECT {schedule_columns},
       CASE WHEN octet_length(s.description) > :large THEN NULL ELSE s.description END AS description, s.labels,
       CASE WHEN octet_length(s.extra) > :large THEN NULL ELSE s.extra END AS extra, {definition_columns},
       CASE WHEN octet_length(v.input) > :large THEN NULL ELSE v.input END AS input,
       CASE WHEN octet_length(v.audience) > :large THEN NULL ELSE v.audience END AS audience, v.environment,
       {progress_columns},
       COALESCE(octet_length(v.input), 0) + COALESCE(octet_length(v.audience), 0) + octet_length(s.extra)
           + COALESCE(octet_length(s.description), 0) AS bytes
{schedule_tables}

-- part: schedule_of_workspace
s.id = :id AND (s.workspace_id = :workspace_id AND s.deleted_ms IS NULL) IS TRUE

-- name: get_schedule
{whole_schedules}
WHERE {schedule_of_workspace};

-- name: get_schedule_by_key
{whole_schedules}
WHERE s.workspace_id = :workspace_id AND s.dialect = :dialect AND s.owner_id = :owner_id AND s.key = :key
  AND s.deleted_ms IS NULL;

-- name: schedules_with_keys
{whole_schedules}
WHERE s.workspace_id = :workspace_id AND s.dialect = :dialect AND s.owner_id = :owner_id AND s.key IN (SELECT value FROM texts(:keys))
  AND s.deleted_ms IS NULL;

-- name: workspace_of_schedule
-- Whose a schedule is, deleted or not: one dialect tells apart "not yours" and "not there".
SELECT workspace_id, dialect, deleted_ms FROM schedules WHERE id = :id;

-- name: deleted_schedules
-- Of a workspace, in the order of their ids.
SELECT s.id FROM schedules s
WHERE s.workspace_id = :workspace_id AND s.id > :after AND s.deleted_ms IS NOT NULL ORDER BY s.id LIMIT :limit;
