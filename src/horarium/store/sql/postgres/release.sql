-- part: standing
SELECT c.place, c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.next_due, c.fires, c.open_fires,
       c.waiting_fires, c.zone, c.zone_data, c.timing, c.policies, c.target_id, c.has_audience,
       t.version AS target_version, t.max_concurrency IS NOT NULL OR t.rate_per_second IS NOT NULL AS limited

-- name: due_schedules
-- As for both, with each cursor locked and those that another node holds passed over. First the cursors, then what
-- belongs to them: joined first, everything that is due would be sorted for every batch.
{standing}
FROM (SELECT * FROM cursors WHERE next_due <= :now ORDER BY next_due LIMIT :limit FOR UPDATE SKIP LOCKED) c
JOIN targets t ON t.id = c.target_id
ORDER BY c.next_due;
