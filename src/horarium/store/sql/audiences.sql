-- part: source_columns
workspace_id, name, id, type, config, created_ms, updated_ms, secrets

-- name: put_source
INSERT INTO audience_sources (workspace_id, name, id, type, config, secrets, created_ms, updated_ms)
VALUES (:workspace_id, :name, :id, :type, :config, :secrets, :now, :now)
ON CONFLICT (workspace_id, name) DO UPDATE SET type = excluded.type, config = excluded.config,
    secrets = excluded.secrets, updated_ms = excluded.updated_ms;

-- name: hold_sources
-- The sources of a workspace are changed by one transaction at a time, so that they are counted exactly.
UPDATE workspaces SET version = version WHERE id = :workspace_id;

-- name: count_sources
SELECT count(*) FROM audience_sources WHERE workspace_id = :workspace_id;

-- name: get_source
SELECT {source_columns} FROM audience_sources WHERE workspace_id = :workspace_id AND name = :name;

-- name: list_sources
SELECT {source_columns} FROM audience_sources WHERE workspace_id = :workspace_id ORDER BY name;

-- name: delete_source
DELETE FROM audience_sources WHERE workspace_id = :workspace_id AND name = :name;
