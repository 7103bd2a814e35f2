-- part: action_columns
a.id, a.workspace_id, a.kind, a.filter, a.given, a.taker, a.created_ms, a.updated_ms, a.state, a.position, a.changed,
       a.unchanged, a.refused, a.problems, a.error, a.finished_ms

-- name: insert_actions
INSERT INTO actions (id, workspace_id, kind, filter, given, taker, created_ms, updated_ms, state, position, changed,
                     unchanged, refused, problems, error, finished_ms)
SELECT id, workspace_id, kind, filter, given, taker, created_ms, updated_ms, state, position, changed, unchanged, refused,
       problems, error, finished_ms
FROM rows(id bytea, workspace_id bytea, kind text, filter text, given text, taker text, created_ms bigint,
          updated_ms bigint, state text, position bytea, changed bigint, unchanged bigint, refused bigint, problems text,
          error text, finished_ms bigint) AS r;

-- name: count_open_actions
SELECT count(*) FROM actions WHERE workspace_id = :workspace_id AND finished_ms IS NULL;

-- name: get_action
SELECT {action_columns} FROM actions a WHERE a.id = :id AND a.workspace_id = :workspace_id;

-- name: list_actions
-- Those on runs (see ActionKind), those on schedules, or both.
SELECT {action_columns} FROM actions a
WHERE a.workspace_id = :workspace_id AND a.id < :cursor
  AND CASE WHEN a.kind IN ('cancel', 'retry') THEN CAST(:of_runs AS BIGINT) ELSE CAST(:of_schedules AS BIGINT) END = 1
ORDER BY a.id DESC LIMIT :limit;

-- name: any_action
SELECT 1 FROM actions WHERE finished_ms IS NULL LIMIT 1;

-- name: next_action
-- The one that has waited longest for its turn, so that they take turns.
SELECT {action_columns} FROM actions a WHERE a.finished_ms IS NULL ORDER BY a.updated_ms LIMIT 1;

-- name: open_action
SELECT {action_columns} FROM actions a WHERE a.id = :id AND a.finished_ms IS NULL;

-- name: move_action
UPDATE actions SET updated_ms = :updated_ms, state = :state, position = :position, changed = :changed,
    unchanged = :unchanged, refused = :refused, problems = :problems, error = :error, finished_ms = :finished_ms
WHERE id = :id AND workspace_id = :workspace_id;

-- name: forget_actions
-- Their ids have the times of their creation, and are in an index.
DELETE FROM actions WHERE id IN (
    SELECT id FROM actions WHERE workspace_id = :workspace_id AND id < :older_than AND state <> 'running' ORDER BY id LIMIT :limit);

-- name: standing_of_taker
-- The principal and the key may be of another workspace, where an administrator of the server has taken the action.
SELECT w.deleted_ms, home.deleted_ms, p.deleted_ms, k.revoked_ms, k.expires_ms
FROM principals p
JOIN workspaces home ON home.id = p.workspace_id
JOIN workspaces w ON w.id = :workspace_id
LEFT JOIN keys k ON k.id = :key_id
WHERE p.id = :principal_id;
