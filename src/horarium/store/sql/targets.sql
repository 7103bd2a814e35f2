-- part: target_columns
{target_names}, description, executor, config, {target_policies}, input_schema, extra, {target_states}

-- part: target_names
id, workspace_id, number, key, kind, name

-- part: target_policies
secrets, completion, timeout_ms, deadline_ms, max_concurrency, rate_per_second

-- part: target_states
state, state_reason, version, created_by, created_ms, updated_ms, shared_from

-- part: listed_target_columns
-- The columns of targets without their large texts, and last how many bytes of text each has.
{target_names}, CASE WHEN octet_length(description) > :large THEN NULL ELSE description END AS description, executor,
       CASE WHEN octet_length(config) > :large THEN NULL ELSE config END AS config, {target_policies},
       CASE WHEN octet_length(input_schema) > :large THEN NULL ELSE input_schema END AS input_schema,
       CASE WHEN octet_length(extra) > :large THEN NULL ELSE extra END AS extra, {target_states},
       COALESCE(octet_length(description), 0) + octet_length(config) + COALESCE(octet_length(input_schema), 0)
           + octet_length(extra) AS bytes

-- part: target_filters
    AND (CAST(:state AS TEXT) IS NULL OR state = :state)
    AND (CAST(:search AS TEXT) IS NULL OR lower(name) LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
        OR lower(key) LIKE lower(CAST(:search AS TEXT)) ESCAPE '\')

-- part: followed
-- What a mirror has of its target (s). The configuration and the secrets stay where they are.
kind = s.kind, name = s.name, description = s.description,
    executor = CASE WHEN s.executor = 'none' THEN targets.executor ELSE s.executor END,
    completion = s.completion, timeout_ms = s.timeout_ms, deadline_ms = s.deadline_ms,
    max_concurrency = s.max_concurrency, rate_per_second = s.rate_per_second, input_schema = s.input_schema,
    state = CASE WHEN s.usable = 1 THEN 'enabled' ELSE 'disabled' END,
    state_reason = CASE WHEN s.usable = 1 THEN NULL ELSE CAST(:reason AS TEXT) END,
    version = targets.version + 1, updated_ms = :now

-- part: shared_targets
SELECT t.*, CASE WHEN t.state = 'enabled' AND w.deleted_ms IS NULL THEN 1 ELSE 0 END AS usable
    FROM targets t JOIN workspaces w ON w.id = t.workspace_id WHERE t.workspace_id = :workspace_id

-- name: next_number
INSERT INTO counters (name, value) VALUES (:name, 1)
ON CONFLICT (name) DO UPDATE SET value = counters.value + 1
RETURNING value;

-- name: insert_target
INSERT INTO targets (id, workspace_id, number, key, kind, name, description, executor, config, secrets, completion,
    timeout_ms, deadline_ms, max_concurrency, rate_per_second, input_schema, extra, state, state_reason, version,
    created_by, created_ms, updated_ms, shared_from)
VALUES (:id, :workspace_id, :number, :key, :kind, :name, :description, :executor, :config, :secrets, :completion,
    :timeout_ms, :deadline_ms, :max_concurrency, :rate_per_second, :input_schema, :extra, :state,
    CAST(:state_reason AS TEXT), 1, :created_by, :now, :now, :shared_from);

-- name: get_target
SELECT {target_columns} FROM targets WHERE workspace_id = :workspace_id AND id = :id AND deleted_ms IS NULL;

-- name: get_target_by_key
SELECT {target_columns} FROM targets WHERE workspace_id = :workspace_id AND key = :key AND deleted_ms IS NULL;

-- name: get_target_by_number
SELECT {target_columns} FROM targets WHERE workspace_id = :workspace_id AND number = :number AND deleted_ms IS NULL;

-- name: existing_targets
SELECT id FROM targets WHERE workspace_id = :workspace_id AND deleted_ms IS NULL AND id IN (:ids...);

-- name: targets_named
-- Targets of a workspace by id, deleted ones too: for naming what a schedule or a run was about.
SELECT {target_columns} FROM targets WHERE workspace_id = :workspace_id AND id IN (:ids...);

-- name: list_targets
SELECT {listed_target_columns} FROM targets
WHERE workspace_id = :workspace_id AND deleted_ms IS NULL AND id > :after
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
{target_filters}
ORDER BY id LIMIT :limit OFFSET :skip;

-- name: list_targets_with_key
-- Apart from the others, so that the planners see that it leaves one target.
SELECT {listed_target_columns} FROM targets
WHERE workspace_id = :workspace_id AND key = :key AND deleted_ms IS NULL AND id > :after
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
{target_filters}
ORDER BY id LIMIT :limit OFFSET :skip;

-- name: count_targets
SELECT count(*) FROM targets
WHERE workspace_id = :workspace_id AND deleted_ms IS NULL
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
    AND (CAST(:key AS TEXT) IS NULL OR key = :key)
{target_filters};

-- name: update_target
UPDATE targets SET key = :key, kind = :kind, name = :name, description = :description, executor = :executor,
    config = :config, secrets = :secrets, completion = :completion, timeout_ms = :timeout_ms,
    deadline_ms = :deadline_ms, max_concurrency = :max_concurrency, rate_per_second = :rate_per_second,
    input_schema = :input_schema, extra = :extra, state = :state, state_reason = :state_reason,
    version = version + 1, updated_ms = :now
WHERE workspace_id = :workspace_id AND id = :id AND deleted_ms IS NULL;

-- name: delete_target
-- The version tells servers that have it in memory, with its secrets.
UPDATE targets SET deleted_ms = :now, secrets = NULL, version = version + 1
WHERE workspace_id = :workspace_id AND id = :id AND deleted_ms IS NULL;

-- name: delete_grants_on_target
DELETE FROM grants WHERE workspace_id = :workspace_id AND target_id = :target_id;

-- part: needs_target
-- COALESCE keeps both databases from the index by workspace.
COALESCE(workspace_id, :workspace_id) = :workspace_id AND (deleted_ms IS NULL AND state IN ('active', 'paused')) IS TRUE

-- part: first_that_need
ORDER BY id LIMIT :limit

-- name: schedules_that_need
-- Live schedules that run a target or belong to it. While there are any, it cannot be deleted.
-- Each part goes by its own index; together they would be looked for among all schedules of the workspace.
SELECT n.id, n.name FROM (
    SELECT * FROM (SELECT id, name FROM schedules WHERE target_id = :target_id AND {needs_target}
                   {first_that_need}) AS r
    UNION SELECT * FROM (SELECT id, name FROM schedules WHERE owner_id = :target_id AND {needs_target}
                         {first_that_need}) AS o
) AS n
ORDER BY n.id LIMIT :limit;

-- name: follow_target
UPDATE targets SET {followed} FROM ({shared_targets} AND t.id = :id) s
WHERE targets.shared_from = s.id AND targets.deleted_ms IS NULL AND targets.executor <> 'none';

-- name: follow_targets
UPDATE targets SET {followed} FROM ({shared_targets}) s
WHERE targets.shared_from = s.id AND targets.deleted_ms IS NULL AND targets.executor <> 'none';

-- name: mirrors_to_switch_off
-- The mirrors of a target that cannot be used any more which are still on.
SELECT m.workspace_id, m.id FROM targets m JOIN ({shared_targets} AND t.id = :id) s ON s.id = m.shared_from
WHERE m.deleted_ms IS NULL AND m.state = 'enabled' AND s.usable = 0;

-- name: mirrors_to_switch_off_of_all
SELECT m.workspace_id, m.id FROM targets m JOIN ({shared_targets}) s ON s.id = m.shared_from
WHERE m.deleted_ms IS NULL AND m.state = 'enabled' AND s.usable = 0;

-- name: any_mirror_target
-- Whether a target of a workspace is shared.
SELECT 1 FROM targets m JOIN targets t ON t.id = m.shared_from
WHERE t.workspace_id = :workspace_id AND t.id = :shared_id AND m.deleted_ms IS NULL AND m.executor <> 'none' LIMIT 1;
