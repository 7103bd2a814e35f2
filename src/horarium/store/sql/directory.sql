-- The directory: for each kind the same four statements, and how audiences are read from it.

-- name: put_users
INSERT INTO directory_users (workspace_id, id, email, full_name, role, updated_ms)
SELECT workspace_id, id, email, full_name, role, updated_ms
FROM rows(workspace_id bytea, id text, email text, full_name text, role text, updated_ms bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id, id) DO UPDATE SET email = excluded.email, full_name = excluded.full_name, role = excluded.role, updated_ms = excluded.updated_ms
WHERE (directory_users.email, directory_users.full_name, directory_users.role) IS DISTINCT FROM
    (excluded.email, excluded.full_name, excluded.role);

-- name: get_users
SELECT * FROM directory_users WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_users
SELECT * FROM directory_users WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: delete_users
DELETE FROM directory_users WHERE workspace_id = :workspace_id AND id = :id;

-- name: put_contacts
INSERT INTO directory_contacts (workspace_id, id, type, email, name, custom, updated_ms)
SELECT workspace_id, id, type, email, name, custom, updated_ms
FROM rows(workspace_id bytea, id text, type text, email text, name text, custom text, updated_ms bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id, id) DO UPDATE SET type = excluded.type, email = excluded.email, name = excluded.name, custom = excluded.custom, updated_ms = excluded.updated_ms
WHERE (directory_contacts.type, directory_contacts.email, directory_contacts.name, directory_contacts.custom) IS DISTINCT FROM
    (excluded.type, excluded.email, excluded.name, excluded.custom);

-- name: get_contacts
SELECT * FROM directory_contacts WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_contacts
SELECT * FROM directory_contacts WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: delete_contacts
DELETE FROM directory_contacts WHERE workspace_id = :workspace_id AND id = :id;

-- name: put_deals
INSERT INTO directory_deals (workspace_id, id, name, status, value, pipeline, stage, owner, last_change, updated_ms)
SELECT workspace_id, id, name, status, value, pipeline, stage, owner, last_change, updated_ms
FROM rows(workspace_id bytea, id text, name text, status text, value text, pipeline text, stage text, owner text, last_change bigint, updated_ms bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, status = excluded.status, value = excluded.value, pipeline = excluded.pipeline, stage = excluded.stage, owner = excluded.owner, last_change = excluded.last_change, updated_ms = excluded.updated_ms
WHERE (directory_deals.name, directory_deals.status, directory_deals.value, directory_deals.pipeline, directory_deals.stage, directory_deals.owner, directory_deals.last_change) IS DISTINCT FROM
    (excluded.name, excluded.status, excluded.value, excluded.pipeline, excluded.stage, excluded.owner, excluded.last_change);

-- name: get_deals
SELECT * FROM directory_deals WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_deals
SELECT * FROM directory_deals WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: delete_deals
DELETE FROM directory_deals WHERE workspace_id = :workspace_id AND id = :id;

-- name: put_tasks
INSERT INTO directory_tasks (workspace_id, id, title, status, due, assignee, deal, contact, updated_ms)
SELECT workspace_id, id, title, status, due, assignee, deal, contact, updated_ms
FROM rows(workspace_id bytea, id text, title text, status text, due bigint, assignee text, deal text, contact text, updated_ms bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id, id) DO UPDATE SET title = excluded.title, status = excluded.status, due = excluded.due, assignee = excluded.assignee, deal = excluded.deal, contact = excluded.contact, updated_ms = excluded.updated_ms
WHERE (directory_tasks.title, directory_tasks.status, directory_tasks.due, directory_tasks.assignee, directory_tasks.deal, directory_tasks.contact) IS DISTINCT FROM
    (excluded.title, excluded.status, excluded.due, excluded.assignee, excluded.deal, excluded.contact);

-- name: get_tasks
SELECT * FROM directory_tasks WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_tasks
SELECT * FROM directory_tasks WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: delete_tasks
DELETE FROM directory_tasks WHERE workspace_id = :workspace_id AND id = :id;

-- name: put_pipelines
INSERT INTO directory_pipelines (workspace_id, id, name, updated_ms)
SELECT workspace_id, id, name, updated_ms
FROM rows(workspace_id bytea, id text, name text, updated_ms bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, updated_ms = excluded.updated_ms
WHERE directory_pipelines.name IS DISTINCT FROM
    excluded.name;

-- name: get_pipelines
SELECT * FROM directory_pipelines WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_pipelines
SELECT * FROM directory_pipelines WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: delete_pipelines
DELETE FROM directory_pipelines WHERE workspace_id = :workspace_id AND id = :id;

-- name: put_stages
INSERT INTO directory_stages (workspace_id, id, name, pipeline, position, updated_ms)
SELECT workspace_id, id, name, pipeline, position, updated_ms
FROM rows(workspace_id bytea, id text, name text, pipeline text, position bigint, updated_ms bigint) AS r
WHERE TRUE
ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, pipeline = excluded.pipeline, position = excluded.position, updated_ms = excluded.updated_ms
WHERE (directory_stages.name, directory_stages.pipeline, directory_stages.position) IS DISTINCT FROM
    (excluded.name, excluded.pipeline, excluded.position);

-- name: get_stages
SELECT * FROM directory_stages WHERE workspace_id = :workspace_id AND id = :id;

-- name: list_stages
SELECT * FROM directory_stages WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: delete_stages
DELETE FROM directory_stages WHERE workspace_id = :workspace_id AND id = :id;

-- name: count_users
-- Counted up to :most.
SELECT count(*) FROM (
  SELECT 1 FROM directory_users WHERE workspace_id = :workspace_id
  AND (CAST(:roles AS TEXT) IS NULL OR role IN (SELECT value FROM texts(:roles)))
  AND (CAST(:ids AS TEXT) IS NULL OR id IN (SELECT value FROM texts(:ids)))
  LIMIT :most) AS q;

-- name: page_of_users
SELECT id, email, full_name, role FROM directory_users
WHERE workspace_id = :workspace_id
  AND (CAST(:roles AS TEXT) IS NULL OR role IN (SELECT value FROM texts(:roles)))
  AND (CAST(:ids AS TEXT) IS NULL OR id IN (SELECT value FROM texts(:ids)))
  AND id > :after
ORDER BY id LIMIT :limit;

-- name: count_contacts
-- Counted up to :most.
SELECT count(*) FROM (
  SELECT 1 FROM directory_contacts WHERE workspace_id = :workspace_id
  AND (CAST(:type AS TEXT) IS NULL OR type = :type)
  AND (CAST(:has_email AS BIGINT) IS NULL OR (email IS NOT NULL) = (:has_email = 1))
  LIMIT :most) AS q;

-- name: page_of_contacts
SELECT id, type, email, name, custom FROM directory_contacts
WHERE workspace_id = :workspace_id
  AND (CAST(:type AS TEXT) IS NULL OR type = :type)
  AND (CAST(:has_email AS BIGINT) IS NULL OR (email IS NOT NULL) = (:has_email = 1))
  AND id > :after
ORDER BY id LIMIT :limit;

-- name: count_deals
-- Counted up to :most.
SELECT count(*) FROM (
  SELECT 1 FROM directory_deals WHERE workspace_id = :workspace_id
  AND (CAST(:status AS TEXT) IS NULL OR status = :status)
  AND (CAST(:changed_by AS BIGINT) IS NULL OR last_change <= :changed_by)
  AND (CAST(:pipeline AS TEXT) IS NULL OR pipeline = :pipeline)
  AND (CAST(:stages AS TEXT) IS NULL OR stage IN (SELECT value FROM texts(:stages)))
  LIMIT :most) AS q;

-- name: page_of_deals
SELECT id, name, status, value, pipeline, stage, owner, last_change FROM directory_deals
WHERE workspace_id = :workspace_id
  AND (CAST(:status AS TEXT) IS NULL OR status = :status)
  AND (CAST(:changed_by AS BIGINT) IS NULL OR last_change <= :changed_by)
  AND (CAST(:pipeline AS TEXT) IS NULL OR pipeline = :pipeline)
  AND (CAST(:stages AS TEXT) IS NULL OR stage IN (SELECT value FROM texts(:stages)))
  AND id > :after
ORDER BY id LIMIT :limit;

-- name: count_assignees
SELECT count(*) FROM (
    SELECT DISTINCT assignee FROM directory_tasks
    WHERE workspace_id = :workspace_id AND status IN (SELECT value FROM texts(:statuses))
      AND (CAST(:overdue AS BIGINT) = 0 OR due < :now)
      AND assignee IS NOT NULL
    LIMIT :most) AS q;

-- name: page_of_assignees
SELECT a.assignee, a.task_count, a.overdue_count, u.email, u.full_name, u.role
FROM (
    SELECT assignee, count(*) AS task_count, sum(CASE WHEN due < :now THEN 1 ELSE 0 END) AS overdue_count
    FROM directory_tasks
    WHERE workspace_id = :workspace_id AND status IN (SELECT value FROM texts(:statuses))
      AND (CAST(:overdue AS BIGINT) = 0 OR due < :now)
      AND assignee > :after
    GROUP BY assignee ORDER BY assignee LIMIT :limit) AS a
LEFT JOIN directory_users u ON u.workspace_id = :workspace_id AND u.id = a.assignee
ORDER BY a.assignee;

-- name: tasks_of_assignees
-- Up to :most tasks of each, those due soonest. Their ids (i) are all in the index by assignee.
SELECT assignee, id, title, status, due, deal, contact FROM (
    SELECT t.assignee, t.id, t.title, t.status, t.due, t.deal, t.contact,
           row_number() OVER (PARTITION BY t.assignee ORDER BY t.due IS NULL, t.due, t.id) AS place
    FROM (SELECT DISTINCT value AS assignee FROM texts(:assignees)) AS a
    CROSS JOIN directory_tasks i CROSS JOIN directory_tasks t
    WHERE i.workspace_id = :workspace_id AND i.assignee = a.assignee
      AND i.status IN (SELECT value FROM texts(:statuses))
      AND t.workspace_id = :workspace_id AND t.id = i.id
      AND (CAST(:overdue AS BIGINT) = 0 OR t.due < :now)) AS q
WHERE place <= :most ORDER BY assignee, place;
