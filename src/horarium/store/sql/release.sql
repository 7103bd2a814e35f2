-- part: cursors_with_targets
SELECT c.place, c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.next_due, c.fires, c.open_fires,
       c.waiting_fires, c.zone, c.zone_data, c.timing, c.policies, c.target_id, c.has_audience,
       t.version AS target_version, {limited} AS limited, c.last_fire_id

-- part: not_held_alone
NOT EXISTS (SELECT 1 FROM pauses o WHERE o.schedule_id = c.schedule_id AND o.settled = 0
            AND (o.from_ms <= :now) IS TRUE AND (o.ends_ms IS NULL OR o.ends_ms > :now))

-- part: own_pause_is_over
-- (OFFSET keeps PostgreSQL from beginning with the pauses of all schedules.)
c.next_due = :due
AND EXISTS (SELECT 1 FROM pauses p WHERE p.schedule_id = c.schedule_id AND p.settled = 0 AND p.ends_ms <= :now
            LIMIT 1 OFFSET 0)
AND {not_held_alone}

-- name: due_schedules
-- The cursors whose next slot is due, soonest first, with what decides about them.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.next_due <= :now
ORDER BY c.next_due, c.place
LIMIT :limit;

-- name: waiting_for_resumption
-- The cursors of a workspace that wait for the end of a pause.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.workspace_id = :workspace_id AND c.next_due = :due AND {not_held_alone} LIMIT :limit;

-- part: free_with_own_pauses
-- The workspaces of which schedules have pauses that may still concern a slot, without those that are paused themselves: a
-- skip scan, so that its cost depends on the number of workspaces and not of schedules.
found (workspace_id) AS (
    SELECT (SELECT workspace_id FROM pauses WHERE settled = 0 AND schedule_id IS NOT NULL
            ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (SELECT p.workspace_id FROM pauses p
            WHERE p.settled = 0 AND p.schedule_id IS NOT NULL AND p.workspace_id > found.workspace_id
            ORDER BY p.workspace_id LIMIT 1)
    FROM found WHERE found.workspace_id IS NOT NULL
), free (workspace_id) AS (
    SELECT f.workspace_id FROM found f
    WHERE f.workspace_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM pauses o WHERE o.workspace_id = f.workspace_id AND o.schedule_id IS NULL AND o.settled = 0
        AND o.from_ms <= :now AND (o.ends_ms IS NULL OR o.ends_ms > :now))
)

-- name: waiting_for_own_resumption
-- The cursors that wait for the end of a pause of their schedule which has come, and that no other pause holds.
WITH RECURSIVE {free_with_own_pauses}
{cursors_with_targets}
FROM free w CROSS JOIN cursors c JOIN targets t ON t.id = c.target_id
WHERE c.workspace_id = w.workspace_id AND {own_pause_is_over} LIMIT :limit;

-- name: workspaces_due
-- The workspaces with a slot that is due, and their weights: a skip scan, so its cost follows the number of workspaces and
-- not of schedules.
WITH RECURSIVE tenants (workspace_id) AS (
    SELECT (SELECT workspace_id FROM cursors WHERE next_due IS NOT NULL ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.workspace_id FROM cursors c WHERE c.next_due IS NOT NULL AND c.workspace_id > tenants.workspace_id
            ORDER BY c.workspace_id LIMIT 1)
    FROM tenants WHERE tenants.workspace_id IS NOT NULL
)
SELECT t.workspace_id, w.weight FROM tenants t JOIN workspaces w ON w.id = t.workspace_id
WHERE (SELECT c.next_due FROM cursors c WHERE c.workspace_id = t.workspace_id AND c.next_due IS NOT NULL
       ORDER BY c.next_due LIMIT 1) <= :now;

-- name: due_schedule
-- One schedule's cursor in the same shape, due or not: an edit accounts for what is owed before it changes anything.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.schedule_id = :schedule_id;

-- name: unbegun_runs
-- Which of these runs no worker has begun, as far as that is certain. An attempt is marked as begun when it has taken a
-- quarter of a second; a run that a worker has had for long without the mark has not begun.
SELECT q.run_id FROM ready q JOIN runs r ON r.id = q.run_id
WHERE q.run_id IN (:ids...) AND q.begun_ms IS NULL AND q.lost = 0 AND r.attempts = 0 AND r.started_ms IS NULL
  AND (q.owner IS NULL OR (q.due_ms <= :long_ago AND r.created_ms <= :long_ago));

-- name: earliest_due
SELECT next_due FROM cursors WHERE next_due IS NOT NULL ORDER BY next_due LIMIT 1;
