-- name: insert_event_notes
INSERT INTO event_outbox (id, workspace_id, notes)
SELECT id, workspace_id, notes FROM rows(id bytea, workspace_id bytea, notes bytea) AS r;

-- name: any_event_note
SELECT 1 FROM event_outbox LIMIT 1;

-- name: event_notes
-- In the order in which their transactions wrote them. Two transactions that concern one schedule wait for each other,
-- so theirs is the order in which things happened.
SELECT id, workspace_id, notes FROM event_outbox ORDER BY rowid LIMIT :limit;

-- name: delete_event_notes
DELETE FROM event_outbox WHERE id IN (:ids...);

-- name: schedules_of_events
SELECT s.id, s.key, s.name, s.labels, s.target_id FROM schedules s WHERE s.id IN (:ids...);

-- name: targets_of_events
SELECT t.id, t.key, t.name FROM targets t WHERE t.id IN (:ids...);

-- name: single_runs_of_events
-- Of single fires the run itself: its error, and when its first attempt began.
SELECT r.id, r.error, r.status, COALESCE(a.started_ms, r.started_ms) AS began_ms, v.policies
FROM runs r
LEFT JOIN attempts a ON a.run_id = r.id AND a.number = 1
LEFT JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version
WHERE r.id IN (:ids...) AND r.slot_ms IS NOT NULL;

-- name: event_logs
SELECT workspace_id, number FROM event_logs WHERE workspace_id IN (:ids...);

-- name: insert_events
INSERT INTO events (workspace_id, number, id, type, schedule_id, at_ms, told_ms, content)
SELECT workspace_id, number, id, type, schedule_id, at_ms, told_ms, content
FROM rows(workspace_id bytea, number bigint, id bytea, type text, schedule_id bytea, at_ms bigint, told_ms bigint,
          content text) AS r;

-- name: known_events
SELECT id FROM events WHERE workspace_id = :workspace_id AND id IN (:ids...);

-- name: extend_event_logs
INSERT INTO event_logs (workspace_id, number, forgotten, wanted_until_ms)
SELECT workspace_id, number, 0, 0 FROM rows(workspace_id bytea, number bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id) DO UPDATE SET number = excluded.number;

-- name: want_events
INSERT INTO event_logs (workspace_id, number, forgotten, wanted_until_ms)
VALUES (:workspace_id, 0, 0, :until)
ON CONFLICT (workspace_id) DO UPDATE SET wanted_until_ms = excluded.wanted_until_ms;

-- name: event_log
SELECT number, forgotten, wanted_until_ms FROM event_logs WHERE workspace_id = :workspace_id;

-- name: recorded_workspaces
-- Those whose events somebody wants: they have a webhook, or their log was read lately.
SELECT workspace_id FROM event_logs WHERE wanted_until_ms > :now
UNION SELECT workspace_id FROM webhooks;

-- name: events_after
SELECT number, id, type, schedule_id, at_ms, told_ms, content FROM events
WHERE workspace_id = :workspace_id AND number > :after ORDER BY number LIMIT :limit;

-- name: events_before
SELECT number, id, type, schedule_id, at_ms, told_ms, content FROM events
WHERE workspace_id = :workspace_id AND number < :before AND number > :after ORDER BY number DESC LIMIT :limit;

-- name: get_event
SELECT number, id, type, schedule_id, at_ms, told_ms, content FROM events
WHERE workspace_id = :workspace_id AND id = :id;

-- part: logs_with_oldest
-- Logs that hold events, with the oldest of each.
SELECT l.workspace_id, l.number, l.forgotten,
       (SELECT e.told_ms FROM events e WHERE e.workspace_id = l.workspace_id AND e.number > l.forgotten
        ORDER BY e.number LIMIT 1) AS oldest_ms
FROM event_logs l WHERE l.number > l.forgotten

-- name: logs_to_forget
{logs_with_oldest};

-- name: hold_event_log
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT number FROM event_logs WHERE workspace_id = :workspace_id;

-- name: log_to_forget
{logs_with_oldest} AND l.workspace_id = :workspace_id;

-- name: old_events
SELECT number, told_ms FROM events WHERE workspace_id = :workspace_id AND number > :after ORDER BY number LIMIT :limit;

-- name: delete_events
DELETE FROM events WHERE workspace_id = :workspace_id AND number > :after AND number <= :upto;

-- name: delete_old_deliveries
DELETE FROM event_deliveries WHERE number <= :upto
  AND webhook_id IN (SELECT id FROM webhooks WHERE workspace_id = :workspace_id);

-- name: note_forgotten_events
UPDATE event_logs SET forgotten = :upto WHERE workspace_id = :workspace_id;
