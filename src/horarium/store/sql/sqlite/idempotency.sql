-- name: forget_answers
-- By their numbers: a row of the three columns SQLite would compare with all answers of the workspaces.
DELETE FROM answers WHERE rowid IN (
    SELECT number FROM (
        SELECT number, sum(bytes) OVER (ORDER BY number) - bytes AS before FROM (
            SELECT rowid AS number, octet_length(subject) AS bytes FROM answers
            WHERE created_ms < :before ORDER BY created_ms LIMIT :limit) AS few) AS piece
    WHERE {fits});
