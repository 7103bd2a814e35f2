-- name: probe_commit
-- Writes one row again and again, so that a commit has something to write.
INSERT INTO meta (name, value) VALUES ('probe', :now) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: newest_ids
SELECT
    (SELECT id FROM fires ORDER BY id DESC LIMIT 1) AS fire,
    (SELECT id FROM runs ORDER BY id DESC LIMIT 1) AS run;

-- name: schema_number
SELECT user_version FROM pragma_user_version;
