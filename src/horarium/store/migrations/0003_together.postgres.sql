-- As on SQLite, as far as it goes: rows stay where they were put, so the place only stands there. All nodes of a version
-- before the first release stop before this one starts: what they change would miss the new columns.

ALTER TABLE cursors ADD COLUMN place BIGINT, ADD COLUMN timing TEXT, ADD COLUMN policies TEXT,
    ADD COLUMN target_id BYTEA, ADD COLUMN has_audience BIGINT;
UPDATE cursors SET place = n.place, timing = v.timing, policies = v.policies, target_id = v.target_id,
    has_audience = CAST(v.audience IS NOT NULL AS INTEGER)
FROM versions v JOIN (
    SELECT schedule_id, COALESCE(next_slot / 60000 % 1440, 0) * 4503599627370496
        + row_number() OVER (ORDER BY schedule_id) AS place
    FROM cursors
) n ON n.schedule_id = v.schedule_id
WHERE v.schedule_id = cursors.schedule_id AND v.version = cursors.version;
ALTER TABLE cursors ALTER COLUMN place SET NOT NULL, ALTER COLUMN timing SET NOT NULL,
    ALTER COLUMN policies SET NOT NULL, ALTER COLUMN target_id SET NOT NULL, ALTER COLUMN has_audience SET NOT NULL;
DROP INDEX cursors_zone;
