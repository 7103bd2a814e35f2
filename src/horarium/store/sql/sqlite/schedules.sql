-- name: insert_cursors
-- As for both; those whose place is taken are left out.
INSERT INTO cursors (place, schedule_id, workspace_id, version, timing, policies, target_id, has_audience, accounted_to,
                     next_slot, next_due, zone, zone_data, fires, succeeded, failed, skipped, open_fires, waiting_fires, failures_in_row, pause_after)
SELECT place, schedule_id, workspace_id, 1, timing, policies, target_id, has_audience, accounted_to,
       next_slot, next_due, zone, zone_data, 0, 0, 0, 0, 0, 0, 0, pause_after
FROM rows(place bigint, schedule_id bytea, workspace_id bytea, timing text, policies text, target_id bytea,
          has_audience bigint, accounted_to bigint, next_slot bigint, next_due bigint, zone text,
          zone_data text, pause_after bigint) AS r
WHERE true
ON CONFLICT DO NOTHING;

-- name: place_cursor
-- Where the place is taken the cursor stays where it lies.
UPDATE OR IGNORE cursors SET place = :place WHERE schedule_id = :schedule_id;
