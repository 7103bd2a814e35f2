-- name: move_cursor
-- After an edit, a pause or a resumption: from where the clock goes on, and when the schedule is due next.
UPDATE cursors SET version = :version, timing = :timing, policies = :policies, target_id = :target_id,
    has_audience = :has_audience, accounted_to = :accounted_to, next_slot = :next_slot, next_due = :next_due,
    zone = :zone, zone_data = :zone_data, pause_after = :pause_after,
    failures_in_row = CASE WHEN :forgive = 1 THEN 0 ELSE failures_in_row END
WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id;

-- name: place_cursor
UPDATE cursors SET place = :place WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id;

-- name: update_schedule
UPDATE schedules SET owner_id = :owner_id, target_id = :target_id, key = :key, name = :name,
    description = :description, labels = :labels, extra = :extra, state = :state, note = :note,
    paused_until_ms = :paused_until_ms, catch_up_after = :catch_up_after,
    version = version + 1, definition_version = :definition_version, created_by = :created_by, updated_ms = :updated_ms,
    ended_ms = :ended_ms, ended_reason = :ended_reason, deleted_ms = :deleted_ms,
    hourly = :hourly
WHERE workspace_id = :workspace_id AND id = :id AND version = :version;

-- name: zone_schedule
-- The zone data that the cursor was computed with. An index on it finds schedules with outdated data.
UPDATE schedules SET zone = :zone, zone_data = :zone_data WHERE workspace_id = :workspace_id AND id = :id;

-- name: forget_waiting
UPDATE cursors SET waiting_fires = 0 WHERE schedule_id = :schedule_id;
