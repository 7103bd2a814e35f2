-- A deleted workspace is purged from `purge_ms` on; until then it can be had back.
ALTER TABLE workspaces ADD COLUMN purge_ms BIGINT;

-- When a pause of a schedule ends by itself, and what then becomes of the slots in it.
ALTER TABLE schedules ADD COLUMN paused_until_ms BIGINT;
ALTER TABLE schedules ADD COLUMN catch_up_after TEXT;
CREATE INDEX IF NOT EXISTS schedules_paused_until ON schedules (paused_until_ms) WHERE paused_until_ms IS NOT NULL;
