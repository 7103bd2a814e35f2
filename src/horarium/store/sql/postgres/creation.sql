-- name: same_definition_schedules
-- As for both. OFFSET 0 keeps PostgreSQL from beginning with the definitions of all schedules there are.
SELECT s.id, v.version, v.timing FROM (
    SELECT n.id, n.definition_version FROM schedules n
    WHERE n.workspace_id = :workspace_id AND n.dialect = :dialect AND n.target_id = :target_id AND n.deleted_ms IS NULL
    OFFSET 0) AS s
CROSS JOIN LATERAL (
    SELECT o.version, o.timing, o.input FROM versions o
    WHERE o.schedule_id = s.id AND o.version = s.definition_version OFFSET 0) AS v
WHERE strpos(v.timing, :timing) > 0 AND COALESCE(octet_length(v.input), 0) = :bytes;
