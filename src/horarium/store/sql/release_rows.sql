-- name: schedules_of_born_runs
-- What the worker of a run that is born claimed must know of its schedule, and the release did not need.
SELECT s.id, s.name, v.input, v.environment,
       EXISTS (SELECT 1 FROM grants g WHERE g.principal_id = s.created_by
               AND g.target_id IN (v.target_id, :every_target)) AS granted
FROM schedules s JOIN versions v ON v.schedule_id = s.id AND v.version = s.definition_version
WHERE s.id IN (:ids...);

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

-- name: drop_waiting
-- Some of a schedule's waiting fires have been cancelled.
UPDATE cursors SET waiting_fires = waiting_fires - :cancelled WHERE schedule_id = :schedule_id;

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
