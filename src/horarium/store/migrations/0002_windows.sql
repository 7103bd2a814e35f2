-- Maintenance windows of workspaces (without a schedule) and of schedules. Each of their times is entered as a pause when it begins.
CREATE TABLE IF NOT EXISTS windows (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    schedule_id BYTEA,
    timing TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    catch_up TEXT NOT NULL,
    next_ms BIGINT,
    created_ms BIGINT NOT NULL,
    note TEXT,
    principal_id BYTEA,
    zone TEXT NOT NULL,
    zone_data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS windows_by_next ON windows (next_ms) WHERE next_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS windows_of_workspace ON windows (workspace_id, schedule_id, id);
CREATE INDEX IF NOT EXISTS windows_of_schedule ON windows (schedule_id) WHERE schedule_id IS NOT NULL;
