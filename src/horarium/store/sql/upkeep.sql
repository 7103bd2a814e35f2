-- name: zones_in_use
SELECT DISTINCT zone, zone_data FROM cursors WHERE next_due IS NOT NULL;

-- name: schedules_of_stale_zone
SELECT c.schedule_id, c.version, c.accounted_to, c.last_slot, c.next_slot, v.timing, v.policies
FROM cursors c JOIN versions v ON v.schedule_id = c.schedule_id AND v.version = c.version
WHERE c.zone = :zone AND c.zone_data = :zone_data AND c.next_due IS NOT NULL LIMIT :limit;

-- name: rezone_cursors
UPDATE cursors SET accounted_to = r.accounted_to, next_slot = r.next_slot, next_due = r.next_due,
    zone_data = r.zone_data
FROM rows(schedule_id bytea, accounted_to bigint, next_slot bigint, next_due bigint, zone_data text) AS r
WHERE cursors.schedule_id = r.schedule_id;

-- name: old_runs
-- The oldest runs that are over and were over before the given instant. Ids begin with the time.
SELECT id FROM runs WHERE id < :before AND finished_ms < :before_ms ORDER BY id LIMIT :limit;

-- name: old_fires
SELECT id FROM fires WHERE id < :before AND finished_ms < :before_ms ORDER BY id LIMIT :limit;

-- name: delete_runs
DELETE FROM runs WHERE id IN (:ids...);

-- name: delete_attempts
DELETE FROM attempts WHERE run_id IN (:ids...);

-- name: delete_fires
DELETE FROM fires WHERE id IN (:ids...);

-- name: delete_spans
DELETE FROM spans WHERE (schedule_id, first_ms) IN (
    SELECT schedule_id, first_ms FROM spans WHERE recorded_ms < :before_ms AND last_ms < :before_ms LIMIT :limit);
