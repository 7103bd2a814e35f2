-- part: held_until_changed
FOR NO KEY UPDATE

-- name: sizes_of_versions
-- As for both, with LATERAL: a condition on versions would be checked for all of a schedule.
SELECT v.schedule_id, v.version, v.bytes
FROM schedules s CROSS JOIN LATERAL (
    SELECT o.schedule_id, o.version, COALESCE(octet_length(o.input), 0) + COALESCE(octet_length(o.audience), 0) AS bytes
    FROM versions o
    WHERE o.schedule_id = s.id AND o.version > CASE WHEN s.id = :after THEN :number ELSE -1 END
    ORDER BY o.version LIMIT :limit) AS v
WHERE s.workspace_id = :workspace_id AND s.id >= :after
ORDER BY s.id, v.version LIMIT :limit;

-- name: texts_of_deliveries
-- As for both, with LATERAL for the same reason.
SELECT d.webhook_id, d.number, d.error
FROM webhooks h CROSS JOIN LATERAL (
    SELECT o.webhook_id, o.number, o.error FROM event_deliveries o
    WHERE o.webhook_id = h.id AND o.error IS NOT NULL
      AND o.number > CASE WHEN h.id = :after THEN :number ELSE -1 END
    ORDER BY o.number LIMIT :limit) AS d
WHERE h.workspace_id = :workspace_id AND h.id >= :after
ORDER BY h.id, d.number LIMIT :limit;
