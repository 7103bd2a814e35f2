-- name: get_meta
SELECT value FROM meta WHERE name = :name;

-- name: read_meta
SELECT value FROM meta WHERE name = :name;

-- name: set_meta
INSERT INTO meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: meta_names
SELECT name FROM meta;

-- name: all_meta
SELECT name, value FROM meta;

-- name: schedules_by_dialect
SELECT dialect, count(*) AS schedules FROM schedules WHERE deleted_ms IS NULL GROUP BY dialect ORDER BY dialect;

-- name: add_meta
-- Only the first value of a name is kept.
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;

-- name: forget_meta
DELETE FROM meta WHERE name = :name;
