-- name: cancel_open_runs
-- Cancels those that are open, and answers with their ids. A run that has ended meanwhile stays as it ended. One that
-- was begun by a node whose clock is ahead ends when it began.
UPDATE runs SET state = 'cancelled', finished_ms = CASE WHEN started_ms > :now THEN started_ms ELSE :now END,
  error = :error
WHERE id IN (:ids...) AND state IN ('pending', 'running')
RETURNING id;

-- name: count_runs_of_fire
UPDATE fires SET succeeded = succeeded + :succeeded, failed = failed + :failed, cancelled = cancelled + :cancelled
WHERE id = :id
RETURNING state, runs, succeeded, failed, cancelled, error;

-- name: finish_fire
UPDATE fires SET state = :state, finished_ms = :now, error = COALESCE(:error, error) WHERE id = :id;

-- name: settle_cursors
UPDATE cursors SET
    open_fires = cursors.open_fires - r.closed,
    succeeded = cursors.succeeded + r.succeeded,
    failed = cursors.failed + r.failed,
    failures_in_row = CASE WHEN r.streak_broken = 1 THEN 0 ELSE cursors.failures_in_row END + r.failures,
    last_state = CASE WHEN cursors.last_fire_id = r.fire_id THEN r.state ELSE cursors.last_state END
FROM rows(schedule_id bytea, closed bigint, succeeded bigint, failed bigint, streak_broken bigint, failures bigint,
          fire_id bytea, state text) AS r
WHERE cursors.schedule_id = r.schedule_id;

-- name: leave_untold
-- Runs that are about to be cancelled and that workers may have given to an engine, which is told to end them. The queue
-- knows which: those that are or were claimed.
INSERT INTO callbacks (run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, lease_ms, answer, look_ms)
SELECT q.run_id, t.workspace_id, t.id, :no_token, 0, :deadline_ms, 0, 'cancelled', :now
FROM ready q JOIN targets t ON t.id = q.lane
WHERE q.run_id IN (:ids...) AND t.completion = 'watch' AND q.epoch > 0
ON CONFLICT (run_id) DO NOTHING;

-- name: close_callbacks
UPDATE callbacks SET answer = 'cancelled', look_ms = CASE WHEN handle IS NULL THEN NULL ELSE 0 END
WHERE run_id IN (:ids...) AND (answer IS NULL) IS TRUE;

-- name: settled_cursors
-- What decides whether something follows from the end of fires, as rows.SettledCursor.
SELECT c.schedule_id, c.workspace_id, c.open_fires, c.waiting_fires, c.failures_in_row, c.pause_after, s.state, c.policies
FROM cursors c
JOIN schedules s ON s.id = c.schedule_id
WHERE c.schedule_id IN (:ids...);

-- name: any_waiting
-- Whether any fire waits: one look at an index that is mostly empty.
SELECT 1 FROM cursors WHERE waiting_fires > 0 ORDER BY schedule_id LIMIT 1;

-- name: held_up
-- Those of some schedules of which a fire waits that may start now.
SELECT schedule_id FROM cursors WHERE schedule_id IN (:ids...) AND waiting_fires > 0 AND open_fires = 0;

-- name: oldest_waiting_fire
-- As rows.StartingFire.
SELECT f.id, f.workspace_id, f.schedule_id, f.version, f.slot_ms, f.fired_ms, v.target_id, v.audience IS NOT NULL AS has_audience,
       {limited} AS limited
FROM fires f
JOIN versions v ON v.schedule_id = f.schedule_id AND v.version = f.version
JOIN targets t ON t.id = v.target_id
WHERE f.schedule_id = :schedule_id AND f.state = 'waiting' ORDER BY f.id LIMIT 1;

-- name: begin_waiting_fire
UPDATE fires SET state = :state, runs = :runs, audience_size = CAST(:audience_size AS BIGINT) WHERE id = :id;

-- name: open_waiting
-- A fire that was held becomes the last one with its start; one that was buffered is that already, or is older.
UPDATE cursors SET waiting_fires = waiting_fires - 1, open_fires = open_fires + 1,
    last_slot = CASE WHEN last_fire_id < :fire_id THEN CAST(:slot_ms AS BIGINT) ELSE last_slot END,
    last_fired_ms = CASE WHEN last_fire_id < :fire_id THEN CAST(:fired_ms AS BIGINT) ELSE last_fired_ms END,
    last_state = CASE WHEN last_fire_id <= :fire_id THEN 'running' ELSE last_state END,
    last_fire_id = CASE WHEN last_fire_id < :fire_id THEN :fire_id ELSE last_fire_id END
WHERE schedule_id = :schedule_id;

-- name: pause_schedule
UPDATE schedules SET state = 'paused', note = :note, updated_ms = :now, version = version + 1
WHERE id = :id AND (state = 'active') IS TRUE;

-- name: delete_completed
UPDATE schedules SET state = 'deleted', deleted_ms = :now WHERE id IN (:ids...) AND state = 'completed';

-- name: still_cursor
UPDATE cursors SET next_slot = NULL, next_due = NULL WHERE schedule_id = :schedule_id;

-- name: free_row_locks
DELETE FROM row_locks
WHERE EXISTS (SELECT 1 FROM rows(schedule_id bytea, row_key text, run_id bytea) AS r
              WHERE row_locks.schedule_id = r.schedule_id AND row_locks.row_key = r.row_key
                AND row_locks.run_id = r.run_id);
