-- name: zones_in_use
-- A skip scan, from one pair to the next through the index. To read a million schedules for a few hundred pairs held
-- SQLite's writer for 3 s.
WITH RECURSIVE datas(zone_data) AS (
    SELECT (SELECT min(zone_data) FROM schedules WHERE state = 'active')
    UNION ALL
    SELECT (SELECT min(s.zone_data) FROM schedules s WHERE s.state = 'active' AND s.zone_data > d.zone_data)
    FROM datas d WHERE d.zone_data IS NOT NULL
), pairs(zone_data, zone) AS (
    SELECT d.zone_data,
        (SELECT min(s.zone) FROM schedules s WHERE s.state = 'active' AND s.zone_data = d.zone_data)
    FROM datas d WHERE d.zone_data IS NOT NULL
    UNION ALL
    SELECT p.zone_data,
        (SELECT min(s.zone) FROM schedules s
         WHERE s.state = 'active' AND s.zone_data = p.zone_data AND s.zone > p.zone)
    FROM pairs p WHERE p.zone IS NOT NULL
)
SELECT zone, zone_data FROM pairs WHERE zone IS NOT NULL;

-- name: schedules_of_stale_zone
SELECT c.schedule_id, c.workspace_id, c.version, c.accounted_to, c.last_slot, c.waiting_fires, c.next_slot, c.next_due, c.timing, c.policies
FROM schedules s JOIN cursors c ON c.schedule_id = s.id
WHERE s.zone = :zone AND s.zone_data = :zone_data AND s.state = 'active' LIMIT :limit;

-- name: rezone_schedules
UPDATE schedules SET zone_data = r.zone_data FROM rows(id bytea, zone_data text) AS r WHERE schedules.id = r.id;

-- name: rezone_cursors
UPDATE cursors SET accounted_to = r.accounted_to, next_slot = r.next_slot, next_due = r.next_due,
    zone_data = r.zone_data
FROM rows(schedule_id bytea, accounted_to bigint, next_slot bigint, next_due bigint, zone_data text) AS r
WHERE cursors.schedule_id = r.schedule_id;

-- name: old_runs
-- The oldest runs behind one, and whether each was over before the given instant. Ids begin with the time.
SELECT id, CASE WHEN finished_ms < :before_ms THEN 1 ELSE 0 END AS was_over
FROM runs WHERE id > :after AND id < :before ORDER BY id LIMIT :limit;

-- name: bytes_of_runs
SELECT r.id, {bytes_of_run} AS bytes FROM runs r WHERE r.id IN (:ids...);

-- name: old_fires
SELECT id, CASE WHEN finished_ms < :before_ms THEN 1 ELSE 0 END AS was_over
FROM fires WHERE id > :after AND id < :before ORDER BY id LIMIT :limit;

-- name: delete_runs
DELETE FROM runs WHERE id IN (:ids...);

-- name: delete_attempts
-- A run may have been tried very many times.
DELETE FROM attempts WHERE (run_id, number) IN (
    SELECT run_id, number FROM attempts WHERE run_id IN (:ids...) LIMIT :limit);

-- name: delete_fires
DELETE FROM fires WHERE id IN (:ids...);

-- name: delete_spans
DELETE FROM spans WHERE (schedule_id, first_ms) IN (
    SELECT schedule_id, first_ms FROM spans WHERE recorded_ms < :before_ms AND last_ms < :before_ms LIMIT :limit);

-- part: some_that_wait
-- The next schedules that have a waiting fire. Of a workspace whose target is slow very many may have one.
(SELECT schedule_id, open_fires FROM cursors WHERE waiting_fires > 0 AND schedule_id > :after
 ORDER BY schedule_id LIMIT :piece)

-- name: pending_upkeep
-- Each answer comes from the first entry of an index, but for waiting fires, of which a piece is looked at; and last where
-- that piece ended, if there is more behind it.
SELECT EXISTS (SELECT 1 FROM callbacks WHERE answer IS NULL AND deadline_ms <= :now) AS callbacks,
       EXISTS (SELECT 1 FROM {some_that_wait} AS s WHERE s.open_fires = 0) AS waiting_fires,
       EXISTS (SELECT 1 FROM audit_pending) AS audit,
       EXISTS (SELECT 1 FROM windows WHERE next_ms <= :now)
           OR EXISTS (SELECT 1 FROM schedules WHERE paused_until_ms <= :now) AS pauses,
       EXISTS (SELECT 1 FROM actions WHERE finished_ms IS NULL) AS actions,
       EXISTS (SELECT 1 FROM erasures WHERE finished_ms IS NULL AND (look_ms IS NULL OR look_ms <= :now)) AS erasures,
       EXISTS (SELECT 1 FROM workspaces WHERE {to_purge}) AS purges,
       EXISTS (SELECT 1 FROM event_outbox) AS events,
       {end_of_piece} AS looked_to;

-- part: end_of_piece
(SELECT schedule_id FROM cursors WHERE waiting_fires > 0 AND schedule_id > :after
 ORDER BY schedule_id LIMIT 1 OFFSET CAST(:piece AS BIGINT) - 1)

-- name: stuck_waiting
-- Schedules with a waiting fire and no open one, whose end would start it: after an edit or a crash.
-- Of a piece of those that have a waiting fire.
SELECT s.schedule_id FROM {some_that_wait} AS s WHERE s.open_fires = 0 LIMIT :limit;

-- name: stuck_looked_to
SELECT {end_of_piece} AS looked_to;

-- name: spare_pages
-- Of SQLite's file alone; a server gives its space back by itself.
SELECT 0 AS spare, 0 AS pages;

-- name: give_back_pages
SELECT 1 WHERE 1 = 0;

-- name: forget_nodes
DELETE FROM nodes WHERE stopped_ms < :before_ms;

-- name: forget_pauses
DELETE FROM pauses WHERE id IN (SELECT id FROM pauses WHERE settled = 1 AND ends_ms < :before_ms LIMIT :limit);
