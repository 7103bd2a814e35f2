-- What a workspace looks like at a glance.

-- name: runs_of_hours
-- How many runs were due in each hour since an instant, by state: of the newest ones, up to a limit.
SELECT CAST((d.due_ms - :since) / 3600000 AS BIGINT) AS hour, d.state, count(*) AS runs FROM (
    SELECT r.due_ms, r.state FROM runs r
    WHERE r.workspace_id = :workspace_id AND r.id >= :floor ORDER BY r.id DESC LIMIT :limit
) AS d
WHERE d.due_ms >= :since AND d.due_ms < :until
GROUP BY 1, 2;

-- name: failed_of_targets
-- How many of the newest runs with an error failed, by target, and the newest of each.
SELECT d.target_id, count(*) AS failed, max(d.id) AS latest FROM (
    SELECT r.id, r.target_id, r.state, r.finished_ms FROM runs r
    WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id >= :floor ORDER BY r.id DESC LIMIT :limit
) AS d
WHERE d.state = 'failed'
GROUP BY d.target_id ORDER BY failed DESC, d.target_id LIMIT :most;

-- name: errors_of_runs
SELECT r.id, r.error FROM runs r WHERE r.id IN (:ids...) AND r.workspace_id = :workspace_id;

-- name: starts_of_runs
-- How long after they were due the newest runs began that have had one attempt, of the newest ones, up to a limit.
SELECT d.schedule_id, d.started_ms - d.due_ms AS late_ms FROM (
    SELECT r.schedule_id, r.started_ms, r.due_ms, r.attempts FROM runs r
    WHERE r.workspace_id = :workspace_id AND r.id >= :floor ORDER BY r.id DESC LIMIT :limit
) AS d
WHERE d.started_ms IS NOT NULL AND d.attempts <= 1;

-- name: policies_of_schedules
SELECT c.schedule_id, c.policies FROM cursors c
WHERE c.schedule_id IN (:ids...) AND c.workspace_id = :workspace_id;

-- name: timings_of_workspace
-- The distinct timings of the schedules that have a next slot, and how many schedules have each.
SELECT c.timing, count(*) AS schedules FROM cursors c
WHERE c.workspace_id = :workspace_id AND c.next_due IS NOT NULL
GROUP BY c.timing;

-- name: soonest_of_workspace
-- The schedules that are due next.
SELECT c.schedule_id FROM cursors c
WHERE c.workspace_id = :workspace_id AND c.next_due IS NOT NULL AND c.next_due < :waiting
ORDER BY c.next_due LIMIT :limit;
