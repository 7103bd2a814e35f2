-- Erasures of persons, and how far each has come.

-- part: erasure_columns
id, workspace_id, salt, hash, principal_id, created_ms, updated_ms, person, state, place, position, counts, finished_ms,
       look_ms, (SELECT count(*) FROM erasure_waits w WHERE w.erasure_id = erasures.id) AS waits_for

-- part: may_go_on
finished_ms IS NULL AND (look_ms IS NULL OR look_ms <= :now)

-- name: insert_erasures
INSERT INTO erasures (id, workspace_id, salt, hash, principal_id, created_ms, updated_ms, person, state, place, position,
                      counts, finished_ms)
SELECT id, workspace_id, salt, hash, principal_id, created_ms, updated_ms, person, state, place, position, counts,
       finished_ms
FROM rows(id bytea, workspace_id bytea, salt bytea, hash bytea, principal_id bytea, created_ms bigint,
          updated_ms bigint, person text, state text, place text, position bytea, counts text,
          finished_ms bigint) AS r;

-- name: get_erasure
SELECT {erasure_columns} FROM erasures WHERE id = :id AND workspace_id = :workspace_id;

-- name: list_erasures
SELECT {erasure_columns} FROM erasures WHERE workspace_id = :workspace_id AND id < :cursor
ORDER BY id DESC LIMIT :limit;

-- name: count_open_erasures
-- Those that are under way, and with those that only wait.
SELECT COALESCE(sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END), 0) AS running, count(*) AS erasures
FROM erasures WHERE workspace_id = :workspace_id AND finished_ms IS NULL;

-- name: any_erasure
SELECT 1 FROM erasures WHERE {may_go_on} LIMIT 1;

-- name: next_erasure
-- The one that has waited longest.
SELECT {erasure_columns} FROM erasures WHERE {may_go_on} ORDER BY updated_ms LIMIT 1;

-- name: open_erasure
SELECT {erasure_columns} FROM erasures WHERE id = :id AND finished_ms IS NULL;

-- name: move_erasure
UPDATE erasures SET updated_ms = :updated_ms, person = :person, state = :state, place = :place, position = :position,
    counts = :counts, finished_ms = CAST(:finished_ms AS BIGINT), look_ms = CAST(:look_ms AS BIGINT)
WHERE id = :id AND workspace_id = :workspace_id;
