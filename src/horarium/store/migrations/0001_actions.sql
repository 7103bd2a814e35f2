-- Actions on many schedules or runs at once, and how far each has come. `filter`, `given`, `taker` and `problems` are JSON.
CREATE TABLE IF NOT EXISTS actions (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    filter TEXT NOT NULL,
    given TEXT NOT NULL,
    taker TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    position BYTEA NOT NULL,
    changed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    problems TEXT NOT NULL,
    error TEXT,
    finished_ms BIGINT
);
CREATE INDEX IF NOT EXISTS actions_of_workspace ON actions (workspace_id, id);
CREATE INDEX IF NOT EXISTS actions_open ON actions (updated_ms) WHERE finished_ms IS NULL;
