-- part: pause_columns
id, workspace_id, schedule_id, from_ms, ends_ms, catch_up, note, principal_id

-- name: ruling_pauses
-- The pauses of workspaces that may still concern a slot.
SELECT {pause_columns} FROM pauses WHERE settled = 0 ORDER BY from_ms;

-- name: insert_pauses
INSERT INTO pauses (id, workspace_id, schedule_id, from_ms, ends_ms, catch_up, note, principal_id, settled)
SELECT id, workspace_id, schedule_id, from_ms, ends_ms, catch_up, note, principal_id, settled
FROM rows(id bytea, workspace_id bytea, schedule_id bytea, from_ms bigint, ends_ms bigint, catch_up text, note text,
          principal_id bytea, settled bigint) AS r;

-- name: pauses_in_force
-- The pauses of a workspace that hold at an instant.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND settled = 0
  AND from_ms <= :now AND (ends_ms IS NULL OR ends_ms > :now)
ORDER BY from_ms;

-- name: count_ruling_pauses
SELECT count(*) AS pauses FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND settled = 0;

-- name: planned_pause
SELECT {pause_columns} FROM pauses
WHERE id = :id AND workspace_id = :workspace_id AND schedule_id IS NULL AND from_ms > :now;

-- name: drop_pause
DELETE FROM pauses WHERE id = :id AND workspace_id = :workspace_id;

-- name: change_pause
UPDATE pauses SET ends_ms = :ends_ms, catch_up = :catch_up, note = :note
WHERE id = :id AND workspace_id = :workspace_id;

-- name: end_pause_of_schedule
UPDATE pauses SET ends_ms = :ends_ms, catch_up = :catch_up
WHERE schedule_id = :schedule_id AND workspace_id = :workspace_id AND ends_ms IS NULL;

-- name: note_pause_of_schedule
UPDATE pauses SET note = :note
WHERE schedule_id = :schedule_id AND workspace_id = :workspace_id AND ends_ms IS NULL;

-- name: list_pauses
-- The pauses of a workspace, those that began last first.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND (from_ms, id) < (:from_ms, :cursor)
ORDER BY from_ms DESC, id DESC LIMIT :limit;

-- name: pause_of_workspace_at
-- The pause of a workspace that held back a slot: it had begun when the slot was due, and had not ended.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND from_ms <= :due
  AND (ends_ms IS NULL OR ends_ms > :due)
ORDER BY from_ms LIMIT 1;

-- name: pause_of_schedule_at
-- The pause of a schedule that held back a slot: it had begun when the slot was due, and had not ended before it came.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id AND from_ms <= :due
  AND (ends_ms IS NULL OR ends_ms >= :slot)
ORDER BY from_ms DESC LIMIT 1;

-- name: schedules_to_resume
SELECT workspace_id, id FROM schedules WHERE paused_until_ms <= :now ORDER BY paused_until_ms LIMIT :limit;

-- name: put_off_resumption
UPDATE schedules SET paused_until_ms = :again_ms WHERE workspace_id = :workspace_id AND id = :id;

-- name: pauses_to_settle
SELECT id, workspace_id, ends_ms FROM pauses WHERE settled = 0 AND ends_ms < :before LIMIT :limit;

-- name: hold_pause
SELECT id FROM pauses WHERE id = :id;

-- name: concerned_by_pause
-- A cursor of the workspace that may still have slots in a pause that has ended.
SELECT 1 FROM cursors WHERE workspace_id = :workspace_id AND (next_due < :ends_ms OR next_due = :due) LIMIT 1;

-- name: settle_pause
UPDATE pauses SET settled = 1 WHERE id = :id;
