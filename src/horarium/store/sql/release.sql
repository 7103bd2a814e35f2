-- part: cursors_with_targets
SELECT c.place, c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.next_due, c.fires, c.open_fires,
       c.waiting_fires, c.zone, c.zone_data, c.timing, c.policies, c.target_id, c.has_audience,
       t.version AS target_version, {limited} AS limited, c.last_fire_id

-- part: not_held_alone
NOT EXISTS (SELECT 1 FROM pauses o WHERE o.schedule_id = c.schedule_id AND o.settled = 0 AND o.from_ms <= :now
            AND (o.ends_ms IS NULL OR o.ends_ms > :now))

-- part: own_pause_is_over
c.next_due = :due
AND c.schedule_id IN (SELECT p.schedule_id FROM pauses p
                      WHERE p.settled = 0 AND p.schedule_id IS NOT NULL AND p.ends_ms <= :now)
AND NOT EXISTS (SELECT 1 FROM pauses o WHERE o.schedule_id = c.schedule_id AND o.settled = 0 AND o.from_ms <= :now
                AND (o.ends_ms IS NULL OR o.ends_ms > :now))
AND NOT EXISTS (SELECT 1 FROM pauses o WHERE o.workspace_id = c.workspace_id AND o.schedule_id IS NULL AND o.settled = 0
                AND o.from_ms <= :now AND (o.ends_ms IS NULL OR o.ends_ms > :now))

-- name: due_schedules
-- The cursors whose next slot is due, soonest first, with what decides about them.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.next_due <= :now
ORDER BY c.next_due, c.place
LIMIT :limit;

-- name: waiting_for_resumption
-- The cursors of a workspace that wait for the end of a pause.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.workspace_id = :workspace_id AND c.next_due = :due AND {not_held_alone} LIMIT :limit;

-- name: waiting_for_own_resumption
-- The cursors that wait for the end of a pause of their schedule which has come, and that no other pause holds.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE {own_pause_is_over} LIMIT :limit;

-- name: workspaces_due
-- The workspaces with a slot that is due, and their weights: a skip scan, so its cost follows the number of workspaces and
-- not of schedules.
WITH RECURSIVE tenants (workspace_id) AS (
    SELECT (SELECT workspace_id FROM cursors WHERE next_due IS NOT NULL ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.workspace_id FROM cursors c WHERE c.next_due IS NOT NULL AND c.workspace_id > tenants.workspace_id
            ORDER BY c.workspace_id LIMIT 1)
    FROM tenants WHERE tenants.workspace_id IS NOT NULL
)
SELECT t.workspace_id, w.weight FROM tenants t JOIN workspaces w ON w.id = t.workspace_id
WHERE (SELECT c.next_due FROM cursors c WHERE c.workspace_id = t.workspace_id AND c.next_due IS NOT NULL
       ORDER BY c.next_due LIMIT 1) <= :now;

-- name: due_schedule
-- One schedule's cursor in the same shape, due or not: an edit accounts for what is owed before it changes anything.
{cursors_with_targets}
FROM cursors c JOIN targets t ON t.id = c.target_id
WHERE c.schedule_id = :schedule_id;

-- name: schedules_of_born_runs
-- What the worker of a run that is born claimed must know of its schedule, and the release did not need.
SELECT s.id, s.name, v.input, v.environment,
       EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
               AND g.target_id IN (v.target_id, :every_target)) AS granted
FROM schedules s JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE s.id IN (:ids...);

-- name: unbegun_runs
-- Which of these runs no worker has begun, as far as that is certain. An attempt is marked as begun when it has taken a
-- quarter of a second; a run that a worker has had for long without the mark has not begun.
SELECT q.run_id FROM ready q JOIN runs r ON r.id = q.run_id
WHERE q.run_id IN (:ids...) AND q.begun_ms IS NULL AND q.lost = 0 AND r.attempts = 0 AND r.started_ms IS NULL
  AND (q.owner IS NULL OR (q.due_ms <= :long_ago AND r.created_ms <= :long_ago));

-- name: earliest_due
SELECT next_due FROM cursors WHERE next_due IS NOT NULL ORDER BY next_due LIMIT 1;

-- name: last_spans
-- The last span of each schedule, where it ends where the schedule stands: what follows may join it.
SELECT p.schedule_id, p.first_ms, p.reason, p.version
FROM cursors c
JOIN spans p ON p.schedule_id = c.schedule_id
    AND p.first_ms = (SELECT max(q.first_ms) FROM spans q WHERE q.schedule_id = c.schedule_id)
WHERE c.schedule_id IN (:ids...) AND p.last_ms = c.accounted_to;

-- name: held_fires
-- The fire that each of some schedules holds, with the span that ends where it stands: no fire lies between them. As
-- rows.HeldFire.
SELECT f.id, f.schedule_id, f.slot_ms, f.version, f.missed_count, f.missed_first, f.missed_last,
       p.first_ms AS span_first_ms, p.reason AS span_reason, p.version AS span_version
FROM fires f
JOIN cursors c ON c.schedule_id = f.schedule_id
LEFT JOIN spans p ON p.schedule_id = f.schedule_id AND p.last_ms > c.last_slot
    AND p.first_ms = (SELECT max(q.first_ms) FROM spans q
                      WHERE q.schedule_id = f.schedule_id AND q.first_ms < f.slot_ms)
WHERE f.schedule_id IN (:ids...) AND f.state = 'waiting';

-- name: drop_fires
DELETE FROM fires WHERE id IN (:ids...);

-- name: extend_spans
UPDATE spans SET last_ms = r.last_ms, count = spans.count + r.slots, recorded_ms = r.recorded_ms
FROM rows(schedule_id bytea, first_ms bigint, last_ms bigint, slots bigint, recorded_ms bigint) AS r
WHERE spans.schedule_id = r.schedule_id AND spans.first_ms = r.first_ms;

-- name: move_fired_cursors
-- Move on schedules of which one slot has fired and its fire has started. `move_cursors` would do the same, and does for
-- everything else: on SQLite it takes 7 us a row and this 5, of some 50 that a release takes for a slot.
UPDATE cursors SET accounted_to = r.slot_ms, next_slot = r.next_slot, next_due = r.next_due,
    fires = cursors.fires + 1, open_fires = cursors.open_fires + 1,
    last_slot = r.slot_ms, last_fired_ms = r.fired_ms, last_fire_id = r.fire_id, last_state = 'running'
FROM rows(place bigint, schedule_id bytea, fire_id bytea, slot_ms bigint, next_slot bigint, next_due bigint,
          fired_ms bigint) AS r
WHERE cursors.place = r.place AND cursors.schedule_id = r.schedule_id;

-- name: move_cursors
-- Move each schedule on. What a row leaves open (fires and last_* where nothing fired, skip_* where nothing was skipped)
-- stays as it was.
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
FROM rows(place bigint, schedule_id bytea, last_fire_id bytea, accounted_to bigint, next_slot bigint,
          next_due bigint, fired bigint, opened bigint, waiting bigint, skipped bigint, last_slot bigint,
          last_fired_ms bigint, last_state text, last_skip_ms bigint, last_skip_reason text) AS r
WHERE cursors.place = r.place AND cursors.schedule_id = r.schedule_id;

-- name: drop_waiting
-- Some of a schedule's waiting fires have been cancelled.
UPDATE cursors SET waiting_fires = waiting_fires - :cancelled WHERE schedule_id = :schedule_id;

-- name: complete_schedules
UPDATE schedules SET state = 'completed', ended_ms = r.ended_ms, ended_reason = r.reason
FROM rows(id bytea, ended_ms bigint, reason text) AS r
WHERE schedules.id = r.id AND schedules.state = 'active';

-- name: stop_running_of_schedule
-- Ask the workers to end the attempts of a schedule's clock fires.
UPDATE ready SET stop = 1
WHERE owner IS NOT NULL AND run_id IN (
    SELECT r.id FROM {runs_by_schedule} r
    WHERE r.schedule_id = :schedule_id AND r.mode = 'clock' AND r.state IN ('pending', 'running'));

-- name: open_runs_of_schedule
-- Runs of a schedule's clock fires that are not over, as rows.OpenRun; without those that were repeated by hand.
SELECT r.id, r.workspace_id, {fire_of_run} AS fire_id, r.schedule_id, r.row_key, q.owner, r.slot_ms IS NOT NULL AS single, r.mode
FROM {runs_by_schedule} r LEFT JOIN ready q ON q.run_id = r.id
WHERE r.schedule_id = :schedule_id AND r.mode = 'clock' AND r.id < :before AND r.state IN ('pending', 'running');
