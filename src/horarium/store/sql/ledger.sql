-- part: fire_columns
f.id, f.workspace_id, f.schedule_id, f.version, f.kind, f.slot_ms, f.due_ms, f.state, f.fired_ms, f.finished_ms,
       f.request, f.audience_size, f.runs, f.succeeded, f.failed, f.cancelled, f.error, f.missed_count, f.missed_first,
       f.missed_last

-- part: single_fires
-- Single fires with the columns of fires. SQLite reads a union by the indexes of its parts only where the columns of both
-- have the same types, so what is computed says its type.
SELECT r.id, r.workspace_id, r.schedule_id, r.version, r.mode AS kind, r.slot_ms,
       CAST(CASE r.mode WHEN 'clock' THEN r.due_ms ELSE r.slot_ms END AS BIGINT) AS due_ms,
       CAST(CASE r.state WHEN 'succeeded' THEN 'completed' WHEN 'pending' THEN 'running' ELSE r.state END AS TEXT)
           AS state,
       r.created_ms AS fired_ms, r.finished_ms, CAST(COALESCE(r.request, '') AS TEXT) AS request,
       CAST(1 AS BIGINT) AS audience_size, CAST(1 AS BIGINT) AS runs,
       CAST(CASE r.state WHEN 'succeeded' THEN 1 ELSE 0 END AS BIGINT) AS succeeded,
       CAST(CASE r.state WHEN 'failed' THEN 1 ELSE 0 END AS BIGINT) AS failed,
       CAST(CASE r.state WHEN 'cancelled' THEN 1 ELSE 0 END AS BIGINT) AS cancelled,
       CAST(CASE r.state WHEN 'failed' THEN r.error END AS TEXT) AS error, r.missed_count, r.missed_first, r.missed_last
FROM runs r WHERE r.slot_ms IS NOT NULL

-- part: all_fires
(SELECT {fire_columns} FROM fires f UNION ALL {single_fires})

-- part: all_fires_upwards
-- The same for a statement that wants them by ascending ids.
{all_fires}

-- part: fire_in_workspace
f.workspace_id = :workspace_id

-- part: run_in_workspace
r.workspace_id = :workspace_id

-- name: get_fire
SELECT {fire_columns} FROM {all_fires} f WHERE f.id = :id AND {fire_in_workspace};

-- name: fires_named
SELECT {fire_columns} FROM {all_fires} f WHERE f.id IN (:ids...) AND {fire_in_workspace};

-- name: list_fires
-- A schedule's fires, newest first.
SELECT {fire_columns} FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND id < :cursor
  AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
ORDER BY id DESC LIMIT :limit;

-- name: list_fires_by_hand
-- A schedule's fires of one kind that is not the clock, newest first.
SELECT {fire_columns} FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND id < :cursor
  AND kind <> 'clock' AND kind = :kind
ORDER BY id DESC LIMIT :limit;

-- name: list_fires_by_fired
-- In the order in which they happened, newest first: a backfilled fire counts from when it was filled in.
SELECT {fire_columns} FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace}
  AND (fired_ms < :fired_ms OR (fired_ms = :fired_ms AND id < :cursor))
ORDER BY fired_ms DESC, id DESC LIMIT :limit;

-- name: fire_totals
-- How a schedule's latest fires ended, and when it last went well and badly.
SELECT count(*) AS fires,
       count(CASE WHEN state = 'completed' THEN 1 END) AS succeeded,
       count(CASE WHEN state IN ('partial', 'failed', 'cancelled') THEN 1 END) AS failed,
       max(CASE WHEN state = 'completed' THEN finished_ms END) AS last_success,
       max(CASE WHEN state IN ('partial', 'failed', 'cancelled') THEN finished_ms END) AS last_failure
FROM (SELECT f.id, f.state, f.finished_ms FROM {all_fires} f
      WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} ORDER BY f.id DESC LIMIT :most) AS latest;

-- name: average_run
-- How long the latest runs of a schedule's fires took, in milliseconds; what was run again by hand does not count.
SELECT avg(d.finished_ms - d.started_ms) AS average FROM (
    SELECT r.id, r.generation, r.started_ms, r.finished_ms FROM {runs_by_schedule} r
    WHERE r.schedule_id = :schedule_id AND {run_in_workspace} ORDER BY r.id DESC LIMIT :most) AS d
WHERE d.generation = 0 AND d.finished_ms IS NOT NULL AND d.started_ms IS NOT NULL;

-- name: errors_of_fire
-- With which errors the runs of a fire ended, the most frequent first; of a fire with very many of them, of the first.
-- Found by the index of runs with an error, because a fire of many runs may have few of these.
SELECT e.error, count(*) AS times FROM (
    SELECT r.error FROM runs r
    WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id >= :low AND r.id < :high
      AND :fire_id IN (r.id, r.fire_id) AND r.generation = 0 AND r.state IN ('failed', 'cancelled')
    ORDER BY r.id LIMIT :most
) AS e
GROUP BY e.error ORDER BY times DESC, e.error LIMIT :kinds;

-- name: fires_between
-- Clock fires of slots in a range, for the ledger and for explanations.
SELECT {fire_columns} FROM {all_fires_upwards} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND id >= :low AND id < :high
  AND kind = 'clock'
ORDER BY id LIMIT :limit;

-- name: spans_between
-- Spans that touch a range. Spans of one schedule do not overlap, so the one before the range is the only one that can
-- reach into it.
SELECT p.schedule_id, p.first_ms, p.last_ms, p.count AS slots, p.reason, p.version, p.recorded_ms
FROM spans p
JOIN schedules s ON s.id = p.schedule_id
WHERE p.schedule_id = :schedule_id AND s.workspace_id = :workspace_id
  AND p.first_ms <= :to_ms AND p.last_ms >= :from_ms
  AND p.first_ms >= COALESCE((SELECT max(o.first_ms) FROM spans o
                              WHERE o.schedule_id = :schedule_id AND o.first_ms <= :from_ms), :from_ms)
ORDER BY p.first_ms LIMIT :limit;

-- name: version_at
-- The definition that ruled at an instant.
SELECT v.version, v.timing, v.policies FROM versions v
JOIN schedules s ON s.id = v.schedule_id
WHERE v.schedule_id = :schedule_id AND s.workspace_id = :workspace_id AND v.from_ms <= :at
ORDER BY v.version DESC LIMIT 1;

-- name: versions_of_schedule
-- The definitions of a schedule without their texts, the latest first.
SELECT v.version, v.from_ms, v.timing FROM versions v
JOIN schedules s ON s.id = v.schedule_id
WHERE v.schedule_id = :schedule_id AND s.workspace_id = :workspace_id AND v.version < :below
ORDER BY v.version DESC LIMIT :limit;

-- name: version_of_schedule
SELECT v.version, v.from_ms, v.timing, v.policies, v.target_id, v.input, v.audience FROM versions v
JOIN schedules s ON s.id = v.schedule_id
WHERE v.schedule_id = :schedule_id AND s.workspace_id = :workspace_id AND v.version = :version;

-- name: settled_total
-- How many of the clock's fires are over, in all.
SELECT COALESCE(sum(fires - open_fires - waiting_fires), 0) FROM cursors WHERE fires > 0;
