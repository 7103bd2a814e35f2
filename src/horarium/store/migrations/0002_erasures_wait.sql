-- What an erasure waits for: runs that were under way when it passed them, and fires whose audience was being read. They are
-- looked at again when they are over. An erasure that only waits is looked at again at `look_ms`.
ALTER TABLE erasures ADD COLUMN look_ms BIGINT;
CREATE TABLE IF NOT EXISTS erasure_waits (
    erasure_id BYTEA NOT NULL,
    awaited_id BYTEA NOT NULL,
    workspace_id BYTEA NOT NULL,
    is_audience BIGINT NOT NULL,
    look_ms BIGINT NOT NULL,
    PRIMARY KEY (erasure_id, awaited_id)
){clustered};
CREATE INDEX IF NOT EXISTS erasure_waits_by_look ON erasure_waits (erasure_id, look_ms);
