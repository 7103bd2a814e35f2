-- A deleted workspace is purged from `purge_ms` on; until then it can be had back.
ALTER TABLE workspaces ADD COLUMN purge_ms BIGINT;

-- A target that another workspace shares is a mirror of that one, which has the configuration and the secrets.
ALTER TABLE targets ADD COLUMN shared_from BYTEA;
CREATE INDEX IF NOT EXISTS targets_shared ON targets (shared_from, workspace_id)
    WHERE shared_from IS NOT NULL AND deleted_ms IS NULL;

-- When a pause of a schedule ends by itself, and what then becomes of the slots in it.
ALTER TABLE schedules ADD COLUMN paused_until_ms BIGINT;
ALTER TABLE schedules ADD COLUMN catch_up_after TEXT;
CREATE INDEX IF NOT EXISTS schedules_paused_until ON schedules (paused_until_ms) WHERE paused_until_ms IS NOT NULL;

-- A source of audiences that another workspace shares is a mirror of that one, too; why it cannot be read, or empty.
ALTER TABLE audience_sources ADD COLUMN shared_from BYTEA;
ALTER TABLE audience_sources ADD COLUMN off_reason TEXT;
CREATE INDEX IF NOT EXISTS audience_sources_by_id ON audience_sources (id);
CREATE INDEX IF NOT EXISTS audience_sources_shared ON audience_sources (shared_from, workspace_id)
    WHERE shared_from IS NOT NULL;
