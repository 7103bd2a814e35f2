-- part: source_columns
workspace_id, name, id, type, config, created_ms, updated_ms, secrets, shared_from, off_reason

-- part: shared_sources
SELECT t.*, CASE WHEN w.deleted_ms IS NULL THEN 1 ELSE 0 END AS usable
    FROM audience_sources t JOIN workspaces w ON w.id = t.workspace_id WHERE t.workspace_id = :workspace_id

-- part: source_followed
-- What a mirror has of its source (s). The configuration and the secrets stay where they are.
type = s.type, off_reason = CASE WHEN s.usable = 1 THEN NULL ELSE CAST(:reason AS TEXT) END, updated_ms = :now

-- name: put_source
INSERT INTO audience_sources (workspace_id, name, id, type, config, secrets, created_ms, updated_ms)
VALUES (:workspace_id, :name, :id, :type, :config, :secrets, :now, :now)
ON CONFLICT (workspace_id, name) DO UPDATE SET type = excluded.type, config = excluded.config,
    secrets = excluded.secrets, updated_ms = excluded.updated_ms, off_reason = NULL;

-- name: count_sources
SELECT count(*) FROM audience_sources WHERE workspace_id = :workspace_id;

-- name: get_source
SELECT {source_columns} FROM audience_sources WHERE workspace_id = :workspace_id AND name = :name;

-- name: get_source_by_id
SELECT {source_columns} FROM audience_sources WHERE workspace_id = :workspace_id AND id = :id;

-- name: source_behind
-- The source that a mirror stands for, as long as it is shared.
SELECT {source_columns} FROM audience_sources
WHERE id = (SELECT m.shared_from FROM audience_sources m
            WHERE m.workspace_id = :workspace_id AND m.name = :name AND m.type <> 'none' AND m.off_reason IS NULL);

-- name: insert_source_mirror
INSERT INTO audience_sources (workspace_id, name, id, type, config, secrets, created_ms, updated_ms, shared_from)
VALUES (:workspace_id, :name, :id, :type, '{}', NULL, :now, :now, :shared_from);

-- name: list_sources
SELECT {source_columns} FROM audience_sources WHERE workspace_id = :workspace_id ORDER BY name;

-- name: delete_source
DELETE FROM audience_sources WHERE workspace_id = :workspace_id AND name = :name;

-- name: follow_source
UPDATE audience_sources SET {source_followed} FROM ({shared_sources} AND t.id = :id) s
WHERE audience_sources.shared_from = s.id AND audience_sources.type <> 'none';

-- name: follow_sources
UPDATE audience_sources SET {source_followed} FROM ({shared_sources}) s
WHERE audience_sources.shared_from = s.id AND audience_sources.type <> 'none';

-- name: any_mirror_source
-- Whether a source of a workspace is shared.
SELECT 1 FROM audience_sources m JOIN audience_sources t ON t.id = m.shared_from
WHERE t.workspace_id = :workspace_id AND t.id = :shared_id AND m.type <> 'none' LIMIT 1;
