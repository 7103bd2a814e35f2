-- name: sealed_targets
SELECT id, 0 AS version, secrets AS sealed FROM targets
WHERE secrets IS NOT NULL AND id > :after ORDER BY id LIMIT :limit;

-- name: sealed_sources
SELECT id, 0 AS version, secrets AS sealed FROM audience_sources
WHERE secrets IS NOT NULL AND id > :after ORDER BY id LIMIT :limit;

-- name: sealed_versions
SELECT schedule_id AS id, version, environment AS sealed FROM versions
WHERE environment IS NOT NULL AND (schedule_id > :after OR (schedule_id = :after AND version > :version))
ORDER BY schedule_id, version LIMIT :limit;

-- name: reseal_targets
-- Only values that have not been changed since they were read.
UPDATE targets SET secrets = r.sealed FROM rows(id bytea, version bigint, old bytea, sealed bytea) AS r
WHERE targets.id = r.id AND targets.secrets = r.old;

-- name: reseal_sources
UPDATE audience_sources SET secrets = r.sealed FROM rows(id bytea, version bigint, old bytea, sealed bytea) AS r
WHERE audience_sources.id = r.id AND audience_sources.secrets = r.old;

-- name: reseal_versions
UPDATE versions SET environment = r.sealed FROM rows(id bytea, version bigint, old bytea, sealed bytea) AS r
WHERE versions.schedule_id = r.id AND versions.version = r.version AND versions.environment = r.old;

-- name: sealed_webhooks
SELECT id, 0 AS version, secrets AS sealed FROM webhooks WHERE id > :after ORDER BY id LIMIT :limit;

-- name: reseal_webhooks
UPDATE webhooks SET secrets = r.sealed FROM rows(id bytea, version bigint, old bytea, sealed bytea) AS r
WHERE webhooks.id = r.id AND webhooks.secrets = r.old;
