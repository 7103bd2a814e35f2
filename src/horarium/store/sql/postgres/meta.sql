-- name: get_meta
-- Locked, because what is read decides what is written.
SELECT value FROM meta WHERE name = :name FOR UPDATE;

-- name: now_ms
SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT);

-- name: database_bytes
SELECT pg_database_size(current_database());
