-- name: schedules_of_stale_zone
-- As for both, with each cursor locked: one that is paused meanwhile must not be set going again.
SELECT c.schedule_id, c.version, c.accounted_to, c.last_slot, c.next_slot, v.timing, v.policies
FROM cursors c JOIN versions v ON v.schedule_id = c.schedule_id AND v.version = c.version
WHERE c.zone = :zone AND c.zone_data = :zone_data AND c.next_due IS NOT NULL
ORDER BY c.schedule_id LIMIT :limit
FOR UPDATE OF c SKIP LOCKED;
