-- part: pause_columns
id, workspace_id, schedule_id, from_ms, ends_ms, catch_up, note, principal_id, window_id

-- part: of_any_schedule
-- (So that neither database goes by an index of the pauses of schedules.)
(schedule_id IS NOT NULL) IS TRUE

-- name: what_rules
-- When the next window begins; whether pauses of workspaces and of schedules may still concern a slot; and when the first
-- of those of schedules ends that goes on. Every release asks this, so each answer is the first entry of an index.
SELECT (SELECT next_ms FROM windows WHERE next_ms IS NOT NULL ORDER BY next_ms LIMIT 1) AS window_ms,
    EXISTS (SELECT 1 FROM pauses WHERE settled = 0 AND schedule_id IS NULL) AS of_workspaces,
    EXISTS (SELECT 1 FROM pauses WHERE settled = 0 AND schedule_id IS NOT NULL) AS of_schedules,
    (SELECT ends_ms FROM pauses WHERE settled = 0 AND {of_any_schedule} AND ends_ms > :now
     ORDER BY ends_ms LIMIT 1) AS own_end_ms;

-- name: ruling_pauses
-- The pauses of workspaces that may still concern a slot.
SELECT {pause_columns} FROM pauses WHERE settled = 0 AND schedule_id IS NULL;

-- name: ruling_pauses_of_schedules
-- The pauses of these schedules that may still concern a slot: the times of their windows, and what was resumed in a pause
-- of its workspace.
SELECT {pause_columns} FROM pauses WHERE settled = 0 AND schedule_id IN (:ids...);

-- part: goes_on
-- The pause of a schedule that goes on.
schedule_id = :schedule_id AND ends_ms IS NULL AND COALESCE(workspace_id, :workspace_id) = :workspace_id

-- name: beginning_of_pause
-- When the pause of a schedule began that goes on; the times of its windows are no such pauses.
-- (A sum, so that the index of all pauses of the schedule, which has this order, is not taken for it.)
SELECT from_ms FROM pauses WHERE {goes_on} ORDER BY from_ms + 0 LIMIT 1;

-- name: pauses_in_force
-- The pauses of a workspace that hold at an instant.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND settled = 0
  AND from_ms <= :now AND (ends_ms IS NULL OR ends_ms > :now)
ORDER BY from_ms;

-- name: count_ruling_pauses
SELECT count(*) AS pauses FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND settled = 0 AND window_id IS NULL;

-- name: planned_pause
SELECT {pause_columns} FROM pauses
WHERE id = :id AND workspace_id = :workspace_id AND schedule_id IS NULL AND from_ms > :now;

-- name: drop_pause
DELETE FROM pauses WHERE id = :id AND workspace_id = :workspace_id;

-- name: end_pause_of_schedule
UPDATE pauses SET ends_ms = :ends_ms, catch_up = :catch_up, settled = :settled
WHERE {goes_on};

-- name: note_pause_of_schedule
UPDATE pauses SET note = :note
WHERE {goes_on};

-- name: list_pauses
-- The pauses of a workspace, those that began last first.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND schedule_id IS NULL AND (from_ms, id) < (:from_ms, :cursor)
ORDER BY from_ms DESC, id DESC LIMIT :limit;

-- name: all_pauses
-- A page of the pauses of a workspace and of its schedules.
SELECT {pause_columns} FROM pauses WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

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
UPDATE schedules SET paused_until_ms = :again_ms
WHERE workspace_id = :workspace_id AND id = :id AND paused_until_ms <= :now;

-- name: pauses_to_settle
-- Pauses that are over and that no cursor can have slots in any more. One that lies within another pause of its workspace
-- which began before it has none of its own. Whether a schedule has, its own cursor says: among all that wait for the end
-- of a pause of the workspace it would be looked for anew for each schedule.
SELECT p.id, p.workspace_id, p.schedule_id, p.ends_ms, p.from_ms FROM pauses p
WHERE p.settled = 0 AND p.ends_ms < :before
  AND CASE WHEN p.schedule_id IS NOT NULL THEN NOT EXISTS (
         SELECT 1 FROM cursors c
         WHERE c.schedule_id = p.schedule_id AND (c.next_due < p.ends_ms OR c.next_due = :due) IS TRUE)
      ELSE NOT EXISTS (
         SELECT 1 FROM cursors c
         WHERE c.workspace_id = p.workspace_id AND (c.next_due < p.ends_ms OR c.next_due = :due))
       OR EXISTS (
         SELECT 1 FROM pauses o
         WHERE o.workspace_id = p.workspace_id AND o.schedule_id IS NULL AND o.settled = 0
           AND o.from_ms < p.from_ms AND (o.ends_ms IS NULL OR o.ends_ms > p.ends_ms)) END
LIMIT :limit;

-- name: hold_pause
SELECT id FROM pauses WHERE id = :id;

-- name: concerned_by_pause
-- A cursor of the workspace that may still have slots in a pause that has ended.
SELECT 1 FROM cursors WHERE workspace_id = :workspace_id AND (next_due < :ends_ms OR next_due = :due) LIMIT 1;

-- name: concerned_by_own_pause
-- The cursor of a schedule that may still have slots in a pause of its own that has ended.
SELECT 1 FROM cursors
WHERE schedule_id = :schedule_id AND (next_due < :ends_ms OR next_due = :due) IS TRUE;

-- name: covered_pause
-- Whether a pause of a workspace lies within another that began before it.
SELECT 1 FROM pauses p JOIN pauses o ON o.workspace_id = p.workspace_id
WHERE p.id = :id AND p.schedule_id IS NULL AND o.schedule_id IS NULL AND o.settled = 0
  AND o.from_ms < p.from_ms AND (o.ends_ms IS NULL OR o.ends_ms > p.ends_ms) LIMIT 1;

-- name: settle_pause
UPDATE pauses SET settled = 1 WHERE id = :id;
