-- name: due_schedules
-- As for both, with each cursor locked and those that another node holds passed over. First the cursors, then what
-- belongs to them: joined first, everything that is due would be sorted for every batch.
SELECT c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.next_due, c.fires, c.open_fires,
       c.waiting_fires, c.zone, c.zone_data, v.timing, v.policies, v.target_id, v.audience,
       t.max_concurrency IS NOT NULL OR t.rate_per_second IS NOT NULL AS limited,
       t.version AS target_version, s.name AS schedule_name, v.input, v.environment,
       EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
               AND g.target_id IN (v.target_id, :every_target)) AS granted
FROM (SELECT * FROM cursors WHERE next_due <= :now ORDER BY next_due LIMIT :limit FOR UPDATE SKIP LOCKED) c
JOIN versions v ON v.schedule_id = c.schedule_id AND v.version = c.version
JOIN targets t ON t.id = v.target_id
JOIN schedules s ON s.id = c.schedule_id
ORDER BY c.next_due;

-- name: due_schedule
SELECT c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.next_due, c.fires, c.open_fires,
       c.waiting_fires, c.zone, c.zone_data, v.timing, v.policies, v.target_id, v.audience,
       t.max_concurrency IS NOT NULL OR t.rate_per_second IS NOT NULL AS limited
FROM cursors c
JOIN versions v ON v.schedule_id = c.schedule_id AND v.version = c.version
JOIN targets t ON t.id = v.target_id
WHERE c.schedule_id = :schedule_id
FOR UPDATE OF c;
