-- Erasures of persons, and how far each has come. `person` is JSON, and empty once the erasure is done.
CREATE TABLE IF NOT EXISTS erasures (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    principal_id BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    person TEXT,
    state TEXT NOT NULL,
    place TEXT NOT NULL,
    position BYTEA NOT NULL,
    counts TEXT NOT NULL,
    finished_ms BIGINT
);
CREATE INDEX IF NOT EXISTS erasures_of_workspace ON erasures (workspace_id, id);
CREATE INDEX IF NOT EXISTS erasures_open ON erasures (updated_ms) WHERE finished_ms IS NULL;
