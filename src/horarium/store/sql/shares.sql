-- Targets that a workspace shares with others: a mirror of the target stands in each of these. `shared_from` says which
-- target it mirrors; where that is not shared any more, its executor is 'none'.

-- name: count_mirrors
-- How many mirrors the targets of a workspace have.
SELECT count(*) FROM targets t JOIN targets m ON m.shared_from = t.id
WHERE t.workspace_id = :workspace_id AND m.deleted_ms IS NULL AND m.executor <> 'none';

-- name: mirror_in
-- The mirror of a target in a workspace, one that is not shared any more among them.
SELECT {target_columns} FROM targets WHERE workspace_id = :workspace_id AND shared_from = :target_id AND deleted_ms IS NULL;

-- name: list_mirrors
-- The mirrors of a target of a workspace, by the workspaces in which they are.
SELECT m.workspace_id, m.id, m.key, m.created_ms FROM targets t JOIN targets m ON m.shared_from = t.id
WHERE t.workspace_id = :workspace_id AND t.id = :target_id AND m.deleted_ms IS NULL AND m.executor <> 'none'
    AND m.workspace_id > :after
ORDER BY m.workspace_id LIMIT :limit;

-- name: mirror_again
UPDATE targets SET executor = :executor WHERE workspace_id = :workspace_id AND id = :id;

-- name: key_of_mirror
UPDATE targets SET key = :key WHERE workspace_id = :workspace_id AND id = :id;

-- name: end_mirror
UPDATE targets SET executor = 'none', state = 'disabled', state_reason = :reason, version = version + 1, updated_ms = :now
WHERE workspace_id = :workspace_id AND id = :id;
