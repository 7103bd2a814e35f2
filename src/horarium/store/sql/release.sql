-- part: standing
SELECT c.place, c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.next_due, c.fires, c.open_fires,
       c.waiting_fires, c.zone, c.zone_data, c.timing, c.policies, c.target_id, c.has_audience,
       t.version AS target_version, t.max_concurrency IS NOT NULL OR t.rate_per_second IS NOT NULL AS limited

-- name: due_schedules
-- The cursors whose next slot is due, soonest first, with what decides about them.
{standing}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.next_due <= :now
ORDER BY c.next_due, c.place
LIMIT :limit;

-- name: due_schedule
-- One schedule's cursor in the same shape, due or not: an edit accounts for what is owed before it changes anything.
{standing}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.schedule_id = :schedule_id;

-- name: schedules_of_born_runs
-- What the worker of a run that is born claimed must know of its schedule, and the release did not need.
SELECT s.id, s.name, v.input, v.environment,
       EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
               AND g.target_id IN (v.target_id, :every_target)) AS granted
FROM schedules s JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE s.id IN (:ids...);

-- name: earliest_due
SELECT next_due FROM cursors WHERE next_due IS NOT NULL ORDER BY next_due LIMIT 1;

-- name: known_fires
SELECT id FROM fires WHERE id IN (:ids...);

-- name: advance_cursors
-- Move each schedule on; fires and last_* change only where something fired, skip_* only where something was skipped.
UPDATE cursors SET
    accounted_to = r.accounted_to, next_slot = r.next_slot, next_due = r.next_due,
    fires = cursors.fires + r.fired, open_fires = cursors.open_fires + r.opened,
    waiting_fires = cursors.waiting_fires + r.waiting, skipped = cursors.skipped + r.skipped,
    last_slot = COALESCE(r.last_slot, cursors.last_slot),
    last_fired_ms = COALESCE(r.last_fired_ms, cursors.last_fired_ms),
    last_fire_id = COALESCE(r.last_fire_id, cursors.last_fire_id),
    last_state = COALESCE(r.last_state, cursors.last_state),
    last_skip_ms = COALESCE(r.last_skip_ms, cursors.last_skip_ms),
    last_skip_reason = COALESCE(r.last_skip_reason, cursors.last_skip_reason)
FROM rows(place bigint, schedule_id bytea, accounted_to bigint, next_slot bigint, next_due bigint, fired bigint,
          opened bigint, waiting bigint, skipped bigint, last_slot bigint, last_fired_ms bigint, last_fire_id bytea,
          last_state text, last_skip_ms bigint, last_skip_reason text) AS r
WHERE cursors.place = r.place AND cursors.schedule_id = r.schedule_id;

-- name: advance_fired
-- The common case: one slot fired and its fire has begun.
UPDATE cursors SET accounted_to = r.slot, next_slot = r.next_slot, next_due = r.next_due,
    fires = cursors.fires + 1, open_fires = cursors.open_fires + 1,
    last_slot = r.slot, last_fired_ms = r.fired_ms, last_fire_id = r.fire_id, last_state = 'running'
FROM rows(place bigint, schedule_id bytea, slot bigint, next_slot bigint, next_due bigint, fired_ms bigint,
          fire_id bytea) AS r
WHERE cursors.place = r.place AND cursors.schedule_id = r.schedule_id;

-- name: insert_fires
INSERT INTO fires (id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, request, state, fired_ms,
                   missed_count, missed_first, missed_last, audience_size, runs, succeeded, failed, cancelled)
SELECT id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, request, state, fired_ms,
       missed_count, missed_first, missed_last, audience_size, runs, 0, 0, 0
FROM rows(id bytea, workspace_id bytea, schedule_id bytea, version bigint, kind text, slot_ms bigint,
          due_ms bigint, request text, state text, fired_ms bigint, missed_count bigint, missed_first bigint,
          missed_last bigint, audience_size bigint, runs bigint) AS r;

-- name: insert_runs
INSERT INTO runs (id, workspace_id, schedule_id, fire_id, version, target_id, mode, row_key, generation, state,
                  due_ms, created_ms, attempts, data)
SELECT id, workspace_id, schedule_id, fire_id, version, target_id, mode, row_key, generation, 'pending',
       due_ms, created_ms, 0, data
FROM rows(id bytea, workspace_id bytea, schedule_id bytea, fire_id bytea, version bigint, target_id bytea,
          mode text, row_key text, generation bigint, due_ms bigint, created_ms bigint, data text) AS r;

-- name: insert_ready
INSERT INTO ready (run_id, lane, due_ms, owner, epoch, limited, stop)
SELECT run_id, lane, due_ms, owner, epoch, limited, 0
FROM rows(run_id bytea, lane bytea, due_ms bigint, owner bytea, epoch bigint, limited bigint) AS r;

-- name: insert_spans
INSERT INTO spans (schedule_id, first_ms, last_ms, count, reason, version, recorded_ms)
SELECT schedule_id, first_ms, last_ms, count, reason, version, recorded_ms
FROM rows(schedule_id bytea, first_ms bigint, last_ms bigint, count bigint, reason text, version bigint,
          recorded_ms bigint) AS r;

-- name: last_spans
-- The last span of each schedule, where it ends where the schedule stands: what follows may join it.
SELECT p.schedule_id, p.first_ms, p.reason, p.version
FROM cursors c
JOIN spans p ON p.schedule_id = c.schedule_id
    AND p.first_ms = (SELECT max(q.first_ms) FROM spans q WHERE q.schedule_id = c.schedule_id)
WHERE c.schedule_id IN (:ids...) AND p.last_ms = c.accounted_to;

-- name: extend_spans
UPDATE spans SET last_ms = r.last_ms, count = spans.count + r.count, recorded_ms = r.recorded_ms
FROM rows(schedule_id bytea, first_ms bigint, last_ms bigint, count bigint, recorded_ms bigint) AS r
WHERE spans.schedule_id = r.schedule_id AND spans.first_ms = r.first_ms;

-- name: insert_fanouts
INSERT INTO fanouts (fire_id, workspace_id, schedule_id, version, rows_done, epoch, attempts, due_ms)
SELECT fire_id, workspace_id, schedule_id, version, 0, 0, 0, due_ms
FROM rows(fire_id bytea, workspace_id bytea, schedule_id bytea, version bigint, due_ms bigint) AS r;

-- name: complete_schedules
UPDATE schedules SET state = 'completed', ended_ms = r.ended_ms, ended_reason = r.reason
FROM rows(id bytea, ended_ms bigint, reason text) AS r
WHERE schedules.id = r.id AND schedules.state = 'active';

-- name: stop_running_of_schedule
-- Ask the workers to end the attempts of a schedule's clock fires.
UPDATE ready SET stop = 1
WHERE owner IS NOT NULL AND run_id IN (
    SELECT r.id FROM runs r JOIN fires f ON f.id = r.fire_id
    WHERE r.schedule_id = :schedule_id AND f.kind = 'clock' AND r.mode <> 'retry'
      AND r.state IN ('pending', 'running'));

-- name: open_runs_of_schedule
-- Runs of a schedule's clock fires that are not final, with where they stand. What was run again by hand is none of them.
SELECT r.id, r.fire_id, r.schedule_id, r.row_key, r.mode, q.owner, v.audience IS NULL AS single
FROM runs r JOIN fires f ON f.id = r.fire_id LEFT JOIN ready q ON q.run_id = r.id
JOIN versions v ON v.schedule_id = f.schedule_id AND v.version = f.version
WHERE r.schedule_id = :schedule_id AND f.kind = 'clock' AND r.mode <> 'retry' AND r.id < :before
  AND r.state IN ('pending', 'running');
