-- name: insert_schedules
INSERT INTO schedules (id, workspace_id, dialect, owner_id, target_id, key, name, description, labels, extra, state,
                       note, version, definition_version, created_by, created_ms, updated_ms, ended_ms, ended_reason, zone,
                       zone_data, hourly)
SELECT id, workspace_id, dialect, owner_id, target_id, key, name, description, labels, extra, state,
       note, 1, 1, created_by, created_ms, created_ms, ended_ms, ended_reason, zone, zone_data, hourly
FROM rows(id bytea, workspace_id bytea, dialect text, owner_id bytea, target_id bytea, key text, name text,
          description text, labels text, extra text, state text, note text, created_by bytea, created_ms bigint,
          ended_ms bigint, ended_reason text, zone text, zone_data text, hourly bigint) AS r;

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

-- part: schedule_in_workspace
s.workspace_id = :workspace_id

-- name: same_definition_schedules
-- Live schedules of one target in one dialect that may be equal to another, for dialects in which that is a conflict: the
-- text of the timing has the same recurrence in it, and the input has as many bytes.
SELECT s.id, v.version, v.timing FROM schedules s
JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE {schedule_in_workspace} AND s.dialect = :dialect AND s.target_id = :target_id
  AND s.deleted_ms IS NULL
  AND instr(v.timing, :timing) > 0 AND COALESCE(octet_length(v.input), 0) = :bytes;

-- name: input_of_version
SELECT input FROM versions WHERE schedule_id = :schedule_id AND version = :version;
