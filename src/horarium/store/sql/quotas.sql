-- name: take_quota
-- Count what is added to a workspace, unless a quota stands against it. What gets less is always allowed, also where a
-- quota was lowered below what there is. Returns the workspace's quotas, and whether anything holds back its slots.
UPDATE workspace_usage SET schedules = schedules + CAST(:schedules AS BIGINT),
    targets = targets + CAST(:targets AS BIGINT), hourly = hourly + CAST(:hourly AS BIGINT)
WHERE workspace_id = :workspace_id
    AND (CAST(:schedules AS BIGINT) <= 0 OR schedules + CAST(:schedules AS BIGINT) <= most_schedules)
    AND (CAST(:targets AS BIGINT) <= 0 OR targets + CAST(:targets AS BIGINT) <= most_targets)
    AND (CAST(:hourly AS BIGINT) <= 0 OR hourly + CAST(:hourly AS BIGINT) <= most_hourly)
RETURNING (SELECT quotas FROM workspaces WHERE workspaces.id = workspace_usage.workspace_id), {workspace_held};

-- name: take_for_new_schedules
-- The same for new schedules of a workspace whose definitions have not to be looked at, as most are: this takes a third of
-- the time.
UPDATE workspace_usage SET schedules = schedules + CAST(:schedules AS BIGINT), hourly = hourly + CAST(:hourly AS BIGINT)
WHERE workspace_id = :workspace_id AND strict = 0
    AND schedules + CAST(:schedules AS BIGINT) <= most_schedules AND hourly + CAST(:hourly AS BIGINT) <= most_hourly
RETURNING {workspace_held};

-- name: get_usage
SELECT schedules, targets, hourly FROM workspace_usage WHERE workspace_id = :workspace_id;

-- name: free_schedules
-- Note that schedules are about to be deleted by the engine. It does not touch the counts themselves: on PostgreSQL a
-- release would wait for whoever is creating schedules in that workspace.
INSERT INTO freed_usage (id, workspace_id, schedules, hourly)
SELECT min(id), workspace_id, count(*), sum(hourly) FROM schedules
WHERE id IN (:ids...) AND state = 'completed' GROUP BY workspace_id;

-- name: take_freed
DELETE FROM freed_usage WHERE workspace_id = :workspace_id RETURNING schedules, hourly;

-- name: workspaces_with_freed
SELECT DISTINCT workspace_id FROM freed_usage LIMIT :limit;

-- name: set_usage_limits
INSERT INTO workspace_usage (workspace_id, schedules, targets, hourly, most_schedules, most_targets, most_hourly,
                             strict)
VALUES (:workspace_id, 0, 0, 0, :most_schedules, :most_targets, :most_hourly, :strict)
ON CONFLICT (workspace_id) DO UPDATE SET most_schedules = excluded.most_schedules,
    most_targets = excluded.most_targets, most_hourly = excluded.most_hourly,
    strict = excluded.strict;

-- name: get_freed
SELECT schedules, hourly FROM freed_usage WHERE workspace_id = :workspace_id;

-- name: get_quotas
SELECT quotas FROM workspaces WHERE id = :workspace_id;
