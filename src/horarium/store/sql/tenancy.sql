-- part: workspace_columns
w.id, w.slug, w.name, w.settings, w.version, w.created_ms, w.updated_ms, w.quotas, w.weight, w.allowed_hosts,
    w.deleted_ms, w.purge_ms

-- part: principal_columns
p.id, p.workspace_id, p.type, p.name, p.email, p.created_ms

-- part: key_columns
id, workspace_id, principal_id, name, hint, scopes, created_ms, expires_ms, last_used_ms, revoked_ms,
    restriction

-- name: insert_workspace
INSERT INTO workspaces (id, slug, name, settings, version, created_ms, updated_ms, quotas, weight, allowed_hosts)
VALUES (:id, :slug, :name, :settings, 1, :now, :now, :quotas, :weight, :allowed_hosts);

-- name: any_workspace
SELECT id FROM workspaces LIMIT 1;

-- name: get_workspace
SELECT {workspace_columns} FROM workspaces w
WHERE id = :id AND deleted_ms IS NULL;

-- name: hold_workspace
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT deleted_ms FROM workspaces WHERE id = :workspace_id;

-- name: workspaces_there
-- Deleted ones that are not purged yet among them.
SELECT id FROM workspaces WHERE id IN (:ids...);

-- name: list_workspaces
SELECT {workspace_columns} FROM workspaces w
WHERE id > :after AND deleted_ms IS NULL ORDER BY id LIMIT :limit;

-- name: uncommon_shares
-- The workspaces that do not have the usual share of the workers and the releases.
SELECT id, weight, quotas FROM workspaces WHERE weight <> 1 OR quotas <> '{}';

-- name: allowed_hosts
-- The workspaces that may not reach every host.
SELECT id, allowed_hosts FROM workspaces WHERE allowed_hosts <> '["*"]';

-- name: update_workspace
UPDATE workspaces SET name = :name, settings = :settings, quotas = :quotas, weight = :weight,
    allowed_hosts = :allowed_hosts, version = version + 1, updated_ms = :now
WHERE id = :id AND deleted_ms IS NULL;

-- name: insert_principal
INSERT INTO principals (id, workspace_id, type, name, email, created_ms)
VALUES (:id, :workspace_id, :type, :name, :email, :now);

-- name: get_principal
SELECT {principal_columns} FROM principals p
WHERE workspace_id = :workspace_id AND id = :id AND deleted_ms IS NULL;

-- name: list_principals
SELECT {principal_columns} FROM principals p
WHERE workspace_id = :workspace_id AND id > :after AND deleted_ms IS NULL ORDER BY id LIMIT :limit;

-- name: delete_principal
UPDATE principals SET deleted_ms = :now WHERE workspace_id = :workspace_id AND id = :id AND deleted_ms IS NULL;

-- name: revoke_keys_of_principal
UPDATE keys SET revoked_ms = :now
WHERE workspace_id = :workspace_id AND principal_id = :principal_id AND revoked_ms IS NULL;

-- name: live_scopes
SELECT scopes FROM keys
WHERE workspace_id = :workspace_id AND principal_id = :principal_id AND revoked_ms IS NULL;

-- name: insert_key
INSERT INTO keys (id, workspace_id, principal_id, name, hash, hint, scopes, created_ms, expires_ms, restriction)
VALUES (:id, :workspace_id, :principal_id, :name, :hash, :hint, :scopes, :now, CAST(:expires_ms AS BIGINT), :restriction);

-- name: get_key
SELECT {key_columns} FROM keys WHERE workspace_id = :workspace_id AND id = :id;

-- name: hold_key
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT {key_columns} FROM keys WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_keys
SELECT {key_columns} FROM keys WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: revoke_key
UPDATE keys SET revoked_ms = :now WHERE workspace_id = :workspace_id AND id = :id AND revoked_ms IS NULL;

-- name: expire_key
-- A key that was replaced ends at an instant, or sooner where it would have ended sooner.
UPDATE keys SET expires_ms = :at
WHERE workspace_id = :workspace_id AND id = :id AND revoked_ms IS NULL
    AND (expires_ms IS NULL OR expires_ms > :at);

-- name: touch_keys
UPDATE keys SET last_used_ms = r.used FROM rows(id bytea, used bigint) AS r
WHERE keys.id = r.id AND (keys.last_used_ms IS NULL OR keys.last_used_ms < r.used);

-- name: key_by_hash
-- The key with its principal and workspace; grants are read apart.
SELECT k.id, k.scopes, k.expires_ms, k.restriction, {principal_columns}, {workspace_columns}
FROM keys k
JOIN principals p ON p.id = k.principal_id
JOIN workspaces w ON w.id = k.workspace_id
WHERE k.hash = :hash AND k.revoked_ms IS NULL AND p.deleted_ms IS NULL AND w.deleted_ms IS NULL;

-- name: grants_of_principal
SELECT target_id FROM grants WHERE principal_id = :principal_id ORDER BY target_id;

-- name: list_grants
SELECT target_id FROM grants WHERE principal_id = :principal_id AND target_id > :after ORDER BY target_id LIMIT :limit;

-- name: delete_grant
DELETE FROM grants WHERE workspace_id = :workspace_id AND principal_id = :principal_id AND target_id = :target_id;

-- name: delete_grants_of_principal
DELETE FROM grants WHERE workspace_id = :workspace_id AND principal_id = :principal_id;
