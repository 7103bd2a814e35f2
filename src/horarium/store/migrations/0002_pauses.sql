-- Pauses of workspaces (without a schedule) and of schedules, and the times of maintenance windows. One that releases must still
-- know of is not settled.
CREATE TABLE IF NOT EXISTS pauses (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    schedule_id BYTEA,
    from_ms BIGINT NOT NULL,
    ends_ms BIGINT,
    catch_up TEXT NOT NULL,
    note TEXT,
    principal_id BYTEA,
    settled BIGINT NOT NULL,
    window_id BYTEA
);
CREATE INDEX IF NOT EXISTS pauses_of_workspace ON pauses (workspace_id, from_ms, id) WHERE schedule_id IS NULL;
CREATE INDEX IF NOT EXISTS pauses_of_schedule ON pauses (schedule_id, from_ms) WHERE schedule_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pauses_by_workspace ON pauses (workspace_id, id);
-- The pauses of schedules that go on: one of each that is paused.
CREATE INDEX IF NOT EXISTS pauses_going_on ON pauses (schedule_id, ends_ms)
    WHERE ends_ms IS NULL AND schedule_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pauses_of_window ON pauses (window_id, from_ms) WHERE window_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pauses_by_end ON pauses (ends_ms) WHERE settled = 1;
-- Those that are not settled are few, and are found without the history beside them: those of a workspace, those of a
-- schedule, the workspaces whose schedules have any, and those that end first. (Of two indexes that serve alike SQLite takes
-- the one that was made last.)
CREATE INDEX IF NOT EXISTS pauses_ruling ON pauses (workspace_id, from_ms) WHERE settled = 0 AND schedule_id IS NULL;
CREATE INDEX IF NOT EXISTS pauses_of_schedule_ruling ON pauses (schedule_id, from_ms)
    WHERE settled = 0 AND schedule_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pauses_of_schedules_ruling ON pauses (workspace_id)
    WHERE settled = 0 AND schedule_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pauses_ruling_by_end ON pauses (ends_ms) WHERE settled = 0 AND ends_ms IS NOT NULL;
