-- What a workspace shares with others: targets and sources of audiences. A mirror stands in each of these. `shared_from`
-- says what it mirrors; where that is not shared any more, its executor or type is 'none'.

-- name: count_mirrors_target
-- How many mirrors the targets of a workspace have.
SELECT count(*) FROM targets t JOIN targets m ON m.shared_from = t.id
WHERE t.workspace_id = :workspace_id AND m.deleted_ms IS NULL AND m.executor <> 'none';

-- name: count_mirrors_source
SELECT count(*) FROM audience_sources t JOIN audience_sources m ON m.shared_from = t.id
WHERE t.workspace_id = :workspace_id AND m.type <> 'none';

-- name: mirror_in_target
-- The mirror of a target in a workspace, one that is not shared any more among them.
SELECT workspace_id, id, key, created_ms, executor, CASE WHEN state = 'enabled' THEN 1 ELSE 0 END AS is_on
FROM targets WHERE workspace_id = :workspace_id AND shared_from = :shared_id AND deleted_ms IS NULL;

-- name: mirror_in_source
SELECT workspace_id, id, name, created_ms, type, CASE WHEN off_reason IS NULL THEN 1 ELSE 0 END AS is_on
FROM audience_sources WHERE workspace_id = :workspace_id AND shared_from = :shared_id;

-- name: list_mirrors_target
-- The mirrors of a target of a workspace, by the workspaces in which they are.
SELECT m.workspace_id, m.id, m.key, m.created_ms FROM targets t JOIN targets m ON m.shared_from = t.id
WHERE t.workspace_id = :workspace_id AND t.id = :shared_id AND m.deleted_ms IS NULL AND m.executor <> 'none'
    AND m.workspace_id > :after
ORDER BY m.workspace_id LIMIT :limit;

-- name: list_mirrors_source
SELECT m.workspace_id, m.id, m.name, m.created_ms
FROM audience_sources t JOIN audience_sources m ON m.shared_from = t.id
WHERE t.workspace_id = :workspace_id AND t.id = :shared_id AND m.type <> 'none' AND m.workspace_id > :after
ORDER BY m.workspace_id LIMIT :limit;

-- name: mirror_again_target
UPDATE targets SET executor = :runs_as WHERE workspace_id = :workspace_id AND id = :id;

-- name: mirror_again_source
UPDATE audience_sources SET type = :runs_as WHERE workspace_id = :workspace_id AND id = :id;

-- name: key_of_mirror_target
UPDATE targets SET key = :key WHERE workspace_id = :workspace_id AND id = :id;

-- name: key_of_mirror_source
UPDATE audience_sources SET name = :key WHERE workspace_id = :workspace_id AND id = :id;

-- name: end_mirror_target
UPDATE targets SET executor = 'none', state = 'disabled', state_reason = :reason, version = version + 1, updated_ms = :now
WHERE workspace_id = :workspace_id AND id = :id;

-- name: end_mirror_source
UPDATE audience_sources SET type = 'none', off_reason = :reason, updated_ms = :now
WHERE workspace_id = :workspace_id AND id = :id;
