-- The erasure of a person from all else: for each place the next piece, and how what was found is changed.

-- part: held_until_changed
-- What is read to be changed: nobody else changes it meanwhile.

-- name: texts_of_fires
SELECT id, state, error, request FROM fires WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: change_texts_of_fires
-- One that has ended meanwhile is looked at again, after its last run.
UPDATE fires SET error = r.error, request = r.request FROM rows(id bytea, state text, error text, request text) AS r
WHERE fires.id = r.id AND fires.state = r.state;

-- name: sizes_of_schedules
SELECT octet_length(labels) + octet_length(extra) + COALESCE(octet_length(description), 0) AS bytes FROM schedules
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: texts_of_schedules
SELECT id, key, name, description, labels, extra, note FROM schedules
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_schedules
UPDATE schedules SET key = r.key, name = r.name, description = r.description, labels = r.labels, extra = r.extra,
    note = r.note, version = schedules.version + 1
FROM rows(id bytea, key text, name text, description text, labels text, extra text, note text) AS r
WHERE schedules.id = r.id;

-- name: sizes_of_versions
SELECT v.schedule_id, v.version,
       COALESCE(octet_length(v.input), 0) + COALESCE(octet_length(v.audience), 0) AS bytes
FROM schedules s JOIN versions v ON v.schedule_id = s.id
WHERE s.workspace_id = :workspace_id AND s.id >= :after
  AND v.version IN (SELECT o.version FROM versions o
                    WHERE o.schedule_id = s.id AND o.version > CASE WHEN s.id = :after THEN :number ELSE -1 END
                    ORDER BY o.version LIMIT :limit)
ORDER BY s.id, v.version LIMIT :limit;

-- name: texts_of_versions
SELECT v.schedule_id, v.version, v.input, v.audience
FROM rows(schedule_id bytea, version bigint) AS r
JOIN versions v ON v.schedule_id = r.schedule_id AND v.version = r.version;

-- name: change_texts_of_versions
UPDATE versions SET input = r.input, audience = r.audience
FROM rows(schedule_id bytea, version bigint, input text, audience text) AS r
WHERE versions.schedule_id = r.schedule_id AND versions.version = r.version;

-- name: notes_of_schedules
SELECT id, note FROM pauses WHERE schedule_id IN (:ids...) AND note IS NOT NULL {held_until_changed};

-- name: notes_of_workspace
SELECT id, note FROM pauses WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND note IS NOT NULL {held_until_changed};

-- name: notes_of_windows
SELECT id, note FROM windows WHERE workspace_id = :workspace_id AND note IS NOT NULL {held_until_changed};

-- name: change_notes_of_windows
UPDATE windows SET note = r.note FROM rows(id bytea, note text) AS r WHERE windows.id = r.id;

-- name: change_notes
UPDATE pauses SET note = r.note FROM rows(id bytea, note text) AS r WHERE pauses.id = r.id;

-- name: texts_of_actions
SELECT id, filter, given, problems, error FROM actions
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_actions
UPDATE actions SET filter = r.filter, given = r.given, problems = r.problems, error = r.error
FROM rows(id bytea, filter text, given text, problems text, error text) AS r WHERE actions.id = r.id;

-- name: texts_of_deliveries
SELECT d.webhook_id, d.number, d.error FROM webhooks h JOIN event_deliveries d ON d.webhook_id = h.id
WHERE h.workspace_id = :workspace_id AND h.id >= :after
  AND d.number IN (SELECT o.number FROM event_deliveries o
                   WHERE o.webhook_id = h.id AND o.error IS NOT NULL
                     AND o.number > CASE WHEN h.id = :after THEN :number ELSE -1 END
                   ORDER BY o.number LIMIT :limit)
ORDER BY h.id, d.number LIMIT :limit;

-- name: change_texts_of_deliveries
UPDATE event_deliveries SET error = r.error
FROM rows(webhook_id bytea, number bigint, error text) AS r
WHERE event_deliveries.webhook_id = r.webhook_id AND event_deliveries.number = r.number;

-- name: sizes_of_events
SELECT octet_length(content) AS bytes FROM events WHERE workspace_id = :workspace_id AND number > :number
ORDER BY number LIMIT :limit;

-- name: texts_of_events
SELECT number, content FROM events WHERE workspace_id = :workspace_id AND number > :number ORDER BY number LIMIT :limit;

-- name: change_texts_of_events
UPDATE events SET content = r.content
FROM rows(workspace_id bytea, number bigint, content text) AS r
WHERE events.workspace_id = r.workspace_id AND events.number = r.number;

-- name: sizes_of_entries
SELECT COALESCE(octet_length(content), 0) AS bytes FROM audit_entries
WHERE workspace_id = :workspace_id AND id > :after AND erased_by IS NULL AND action NOT LIKE 'audit.%'
ORDER BY id LIMIT :limit;

-- name: texts_of_entries
-- What the log tells of itself stays: without it the chain is broken.
SELECT id, subject, content FROM audit_entries
WHERE workspace_id = :workspace_id AND id > :after AND erased_by IS NULL AND action NOT LIKE 'audit.%'
ORDER BY id LIMIT :limit {held_until_changed};

-- name: leave_tasks
UPDATE directory_tasks SET assignee = NULL WHERE workspace_id = :workspace_id AND assignee = :assignee;

-- name: leave_tasks_about
UPDATE directory_tasks SET contact = NULL WHERE workspace_id = :workspace_id AND contact = :contact;

-- name: leave_deals
UPDATE directory_deals SET owner = NULL WHERE workspace_id = :workspace_id AND owner = :owner;

-- name: texts_of_targets
-- Why it was switched off may repeat what it answered.
SELECT id, state_reason FROM targets WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_targets
UPDATE targets SET state_reason = r.state_reason FROM rows(id bytea, state_reason text) AS r WHERE targets.id = r.id;

-- name: texts_of_principals
SELECT id, name, email FROM principals WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_principals
UPDATE principals SET name = r.name, email = r.email FROM rows(id bytea, name text, email text) AS r
WHERE principals.id = r.id;

-- name: texts_of_keys
SELECT id, name FROM keys WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_keys
UPDATE keys SET name = r.name FROM rows(id bytea, name text) AS r WHERE keys.id = r.id;

-- name: texts_of_users
SELECT id, id AS same, email, full_name, role FROM directory_users
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_users
UPDATE directory_users SET id = r.new_id, email = r.email, full_name = r.full_name, role = r.role
FROM rows(workspace_id bytea, id text, new_id text, email text, full_name text, role text) AS r
WHERE directory_users.workspace_id = r.workspace_id AND directory_users.id = r.id;

-- name: sizes_of_contacts
SELECT COALESCE(octet_length(custom), 0) AS bytes FROM directory_contacts
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: texts_of_contacts
SELECT id, id AS same, type, email, name, custom FROM directory_contacts
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_contacts
UPDATE directory_contacts SET id = r.new_id, type = r.type, email = r.email, name = r.name, custom = r.custom
FROM rows(workspace_id bytea, id text, new_id text, type text, email text, name text, custom text) AS r
WHERE directory_contacts.workspace_id = r.workspace_id AND directory_contacts.id = r.id;

-- name: texts_of_deals
SELECT id, id AS same, name, status, pipeline, stage, owner FROM directory_deals
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_deals
UPDATE directory_deals SET id = r.new_id, name = r.name, status = r.status, pipeline = r.pipeline, stage = r.stage,
    owner = r.owner
FROM rows(workspace_id bytea, id text, new_id text, name text, status text, pipeline text, stage text,
          owner text) AS r
WHERE directory_deals.workspace_id = r.workspace_id AND directory_deals.id = r.id;

-- name: texts_of_tasks
SELECT id, id AS same, title, status, assignee, deal, contact FROM directory_tasks
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_tasks
UPDATE directory_tasks SET id = r.new_id, title = r.title, status = r.status, assignee = r.assignee, deal = r.deal,
    contact = r.contact
FROM rows(workspace_id bytea, id text, new_id text, title text, status text, assignee text, deal text,
          contact text) AS r
WHERE directory_tasks.workspace_id = r.workspace_id AND directory_tasks.id = r.id;

-- name: texts_of_pipelines
SELECT id, id AS same, name FROM directory_pipelines
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_pipelines
UPDATE directory_pipelines SET id = r.new_id, name = r.name
FROM rows(workspace_id bytea, id text, new_id text, name text) AS r
WHERE directory_pipelines.workspace_id = r.workspace_id AND directory_pipelines.id = r.id;

-- name: texts_of_stages
SELECT id, id AS same, name, pipeline FROM directory_stages
WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit {held_until_changed};

-- name: change_texts_of_stages
UPDATE directory_stages SET id = r.new_id, name = r.name, pipeline = r.pipeline
FROM rows(workspace_id bytea, id text, new_id text, name text, pipeline text) AS r
WHERE directory_stages.workspace_id = r.workspace_id AND directory_stages.id = r.id;

-- name: sizes_of_answers
SELECT octet_length(subject) AS bytes FROM answers WHERE workspace_id = :workspace_id AND (scope, key) > (:scope, :key)
ORDER BY scope, key LIMIT :limit;

-- name: answers_kept
-- What was answered to requests with an Idempotency-Key.
SELECT scope, key, subject FROM answers WHERE workspace_id = :workspace_id AND (scope, key) > (:scope, :key)
ORDER BY scope, key LIMIT :limit {held_until_changed};

-- name: change_answers
UPDATE answers SET subject = r.subject
FROM rows(workspace_id bytea, scope text, key text, subject bytea) AS r
WHERE answers.workspace_id = r.workspace_id AND answers.scope = r.scope AND answers.key = r.key;

-- name: drop_answer
DELETE FROM answers WHERE workspace_id = :workspace_id AND scope = :scope AND key = :key;

-- name: take_webhooks_back
-- From the nodes that have them in hand, with events of theirs: they are taken up again as they stand here.
UPDATE webhooks SET owner = NULL, epoch = epoch + 1 WHERE workspace_id = :workspace_id;
