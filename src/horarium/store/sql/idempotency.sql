-- name: claim_answer
INSERT INTO answers (workspace_id, scope, key, request_hash, subject, created_ms)
VALUES (:workspace_id, :scope, :key, :request_hash, :subject, :now)
ON CONFLICT (workspace_id, scope, key) DO NOTHING;

-- name: get_answer
SELECT request_hash, subject FROM answers
WHERE workspace_id = :workspace_id AND scope = :scope AND key = :key;

-- name: keep_answer
-- The answer as it was written, once it is known.
UPDATE answers SET subject = :answer
WHERE workspace_id = :workspace_id AND scope = :scope AND key = :key AND subject = :subject;

-- name: forget_answer
DELETE FROM answers WHERE workspace_id = :workspace_id AND scope = :scope AND key = :key AND created_ms < :before;

-- name: forget_answers
-- By their bytes as well, since answers are kept as they were written.
DELETE FROM answers WHERE (workspace_id, scope, key) IN (
    SELECT workspace_id, scope, key FROM (
        SELECT workspace_id, scope, key, sum(bytes) OVER (ORDER BY workspace_id, scope, key) - bytes AS before FROM (
            SELECT workspace_id, scope, key, octet_length(subject) AS bytes FROM answers
            WHERE created_ms < :before ORDER BY created_ms LIMIT :limit) AS few) AS piece
    WHERE {fits});
