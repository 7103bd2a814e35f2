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

-- What a workspace has very many of costs the others nothing. Of audiences that wait to be read the first ones of each
-- workspace are found, and those of a schedule that a later fire replaces.
CREATE INDEX IF NOT EXISTS fanouts_of_workspace ON fanouts (workspace_id, owner, due_ms, fire_id);
CREATE INDEX IF NOT EXISTS fanouts_of_schedule ON fanouts (schedule_id);
-- The keys of a principal, and the grants on a target.
CREATE INDEX IF NOT EXISTS keys_of_principal ON keys (principal_id);
CREATE INDEX IF NOT EXISTS grants_on_target ON grants (workspace_id, target_id);
-- It is asked every second whether one is to be purged.
CREATE INDEX IF NOT EXISTS workspaces_to_purge ON workspaces (purge_ms) WHERE purge_ms IS NOT NULL;
