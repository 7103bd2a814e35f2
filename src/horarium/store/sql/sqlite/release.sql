-- name: advance_fired
-- Plainer than the shared form: a row at a time, no join to plan (one third of the time for a large batch).
UPDATE cursors SET accounted_to = ?2, next_slot = ?3, next_due = ?4, fires = fires + 1, open_fires = open_fires + 1,
    last_slot = ?2, last_fired_ms = ?5, last_fire_id = ?6, last_state = 'running'
WHERE schedule_id = ?1;

-- name: insert_fires
INSERT INTO fires (id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, request, state, fired_ms,
                   missed_count, missed_first, missed_last, audience_size, runs, succeeded, failed, cancelled)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, 0, 0);

-- name: insert_runs
INSERT INTO runs (id, workspace_id, schedule_id, fire_id, version, target_id, mode, row_key, generation, state,
                  due_ms, created_ms, attempts, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'pending', ?10, ?11, 0, ?12);

-- name: insert_ready
INSERT INTO ready (run_id, lane, due_ms, owner, epoch, limited, stop) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0);
