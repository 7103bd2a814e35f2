-- name: insert_schedules
INSERT INTO schedules (id, workspace_id, dialect, owner_id, target_id, key, name, description, labels, extra, state,
                       note, version, definition_version, created_by, created_ms, updated_ms, ended_ms, ended_reason, zone,
                       zone_data)
SELECT id, workspace_id, dialect, owner_id, target_id, key, name, description, labels, extra, state,
       note, 1, 1, created_by, created_ms, created_ms, ended_ms, ended_reason, zone, zone_data
FROM rows(id bytea, workspace_id bytea, dialect text, owner_id bytea, target_id bytea, key text, name text,
          description text, labels text, extra text, state text, note text, created_by bytea, created_ms bigint,
          ended_ms bigint, ended_reason text, zone text, zone_data text) AS r;

-- name: insert_versions
INSERT INTO versions (schedule_id, version, timing, policies, target_id, input, audience, environment, from_ms)
SELECT schedule_id, version, timing, policies, target_id, input, audience, environment, from_ms
FROM rows(schedule_id bytea, version bigint, timing text, policies text, target_id bytea, input text, audience text,
          environment bytea, from_ms bigint) AS r;

-- part: new_cursors
INSERT INTO cursors (place, schedule_id, workspace_id, version, timing, policies, target_id, has_audience, accounted_to,
                     next_slot, next_due, zone, zone_data, fires, succeeded, failed, skipped, open_fires, waiting_fires,
                     failures_in_row, pause_after)
SELECT place, schedule_id, workspace_id, 1, timing, policies, target_id, has_audience, accounted_to,
       next_slot, next_due, zone, zone_data, 0, 0, 0, 0, 0, 0, 0, pause_after
FROM rows(place bigint, schedule_id bytea, workspace_id bytea, timing text, policies text, target_id bytea,
          has_audience bigint, accounted_to bigint, next_slot bigint, next_due bigint, zone text,
          zone_data text, pause_after bigint) AS r

-- name: insert_cursors
{new_cursors};

-- name: placed_cursors
SELECT schedule_id FROM cursors WHERE schedule_id IN (:ids...);

-- name: insert_labels
INSERT INTO labels (workspace_id, name, value, schedule_id)
SELECT workspace_id, name, value, schedule_id
FROM rows(workspace_id bytea, name text, value text, schedule_id bytea) AS r;

-- name: delete_labels
DELETE FROM labels WHERE schedule_id = :schedule_id;

-- part: whole_schedules
SELECT s.*, v.timing, v.policies, v.target_id AS run_target_id, v.input, v.audience, v.environment,
       c.accounted_to, c.next_slot, c.next_due, c.fires, c.succeeded, c.failed, c.skipped, c.open_fires,
       c.waiting_fires, c.failures_in_row, c.last_slot, c.last_fired_ms, c.last_fire_id, c.last_state,
       c.last_skip_ms, c.last_skip_reason
FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
JOIN cursors c ON c.schedule_id = s.id

-- part: filters
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
{filters}
ORDER BY s.id DESC
LIMIT :limit OFFSET :skip;

-- name: list_schedules_asc
{whole_schedules}
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL AND s.id > :cursor
{filters}
ORDER BY s.id
LIMIT :limit OFFSET :skip;

-- name: count_schedules
SELECT count(*) FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL
{filters};

-- name: update_schedule
UPDATE schedules SET owner_id = :owner_id, target_id = :target_id, key = :key, name = :name,
    description = :description, labels = :labels, extra = :extra, state = :state, note = :note,
    version = version + 1, definition_version = :definition_version, created_by = :created_by, updated_ms = :updated_ms,
    ended_ms = :ended_ms, ended_reason = :ended_reason, deleted_ms = :deleted_ms
WHERE id = :id AND version = :version;

-- name: move_cursor
-- After an edit, a pause or a resume: from where the clock goes on, and when it next strikes.
UPDATE cursors SET version = :version, timing = :timing, policies = :policies, target_id = :target_id,
    has_audience = :has_audience, accounted_to = :accounted_to, next_slot = :next_slot, next_due = :next_due,
    zone = :zone, zone_data = :zone_data, pause_after = :pause_after,
    failures_in_row = CASE WHEN :forgive = 1 THEN 0 ELSE failures_in_row END
WHERE schedule_id = :schedule_id;

-- name: place_cursor
UPDATE cursors SET place = :place WHERE schedule_id = :schedule_id;

-- name: zone_schedule
-- The zone data that the cursor was moved with, for whoever looks for what is stale.
UPDATE schedules SET zone = :zone, zone_data = :zone_data WHERE id = :id;

-- name: same_definition_schedules
-- Live schedules of one target in one dialect, for dialects in which two equal ones are a conflict.
SELECT s.id, v.timing, v.input FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE s.workspace_id = :workspace_id AND s.dialect = :dialect AND s.target_id = :target_id AND s.deleted_ms IS NULL;
