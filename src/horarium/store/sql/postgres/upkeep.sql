-- name: schedules_of_stale_zone
-- As for both, with each cursor locked. One that was paused meanwhile is still among them, without a due instant.
SELECT c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.last_slot, c.waiting_fires, c.next_slot, c.next_due, c.timing, c.policies
FROM schedules s JOIN cursors c ON c.schedule_id = s.id
WHERE s.zone = :zone AND s.zone_data = :zone_data AND s.state = 'active'
ORDER BY c.schedule_id LIMIT :limit
FOR UPDATE OF c SKIP LOCKED;
