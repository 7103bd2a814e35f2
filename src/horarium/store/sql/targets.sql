-- part: target_columns
{target_names}, description, executor, config, {target_policies}, input_schema, extra, {target_states}

-- part: target_names
id, workspace_id, number, key, kind, name

-- part: target_policies
secrets, completion, timeout_ms, deadline_ms, max_concurrency, rate_per_second

-- part: target_states
state, state_reason, version, created_by, created_ms, updated_ms

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
    AND (CAST(:search AS TEXT) IS NULL OR lower(name) LIKE :search ESCAPE '\'
        OR lower(COALESCE(key, '')) LIKE :search ESCAPE '\')

-- name: next_number
INSERT INTO counters (name, value) VALUES (:name, 1)
ON CONFLICT (name) DO UPDATE SET value = counters.value + 1
RETURNING value;

-- name: insert_target
INSERT INTO targets (id, workspace_id, number, key, kind, name, description, executor, config, secrets, completion,
    timeout_ms, deadline_ms, max_concurrency, rate_per_second, input_schema, extra, state, state_reason, version,
    created_by, created_ms, updated_ms)
VALUES (:id, :workspace_id, :number, :key, :kind, :name, :description, :executor, :config, :secrets, :completion,
    :timeout_ms, :deadline_ms, :max_concurrency, :rate_per_second, :input_schema, :extra, :state,
    CAST(:state_reason AS TEXT), 1, :created_by, :now, :now);

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
WHERE workspace_id = :workspace_id AND id = :id AND version = :version AND deleted_ms IS NULL;

-- name: delete_target
UPDATE targets SET deleted_ms = :now, secrets = NULL
WHERE workspace_id = :workspace_id AND id = :id AND deleted_ms IS NULL;

-- name: delete_grants_on_target
DELETE FROM grants WHERE workspace_id = :workspace_id AND target_id = :target_id;

-- name: schedules_that_need
-- Live schedules that run a target or belong to it. While there are any, it cannot be deleted.
SELECT id, name FROM schedules
WHERE workspace_id = :workspace_id AND (target_id = :target_id OR owner_id = :target_id)
    AND deleted_ms IS NULL AND state IN ('active', 'paused')
ORDER BY id LIMIT :limit;
