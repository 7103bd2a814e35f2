-- Lists of runs. A filter that leaves little must not read a workspace's whole history, so each has a way of its own:
-- what ended badly and what is open have indexes that hold nothing else, and the runs of targets are found through
-- the schedules that have run them.

-- part: run_filters
-- What a row must match besides that by which it was found.
  AND (CAST(:schedule_id AS BYTEA) IS NULL OR r.schedule_id = :schedule_id)
  AND (CAST(:fire_id AS BYTEA) IS NULL OR :fire_id IN (r.id, r.fire_id))
  AND (CAST(:target_id AS BYTEA) IS NULL OR r.target_id = :target_id)
  AND (CAST(:kind AS TEXT) IS NULL
       OR EXISTS (SELECT 1 FROM targets t WHERE t.id = r.target_id AND t.kind = :kind))
  AND (:further = 0 OR :further = (
      SELECT count(*) FROM labels o
      WHERE o.schedule_id = r.schedule_id AND {label_text} IN (SELECT value FROM texts(:labels))))

-- part: state_filter
AND (CAST(:state AS TEXT) IS NULL OR r.state = :state)

-- part: targets_wanted
-- Of a workspace one target, those of one kind, or all; deleted ones too.
SELECT w.id FROM targets w
WHERE w.workspace_id = :workspace_id AND (CAST(:target_id AS BYTEA) IS NULL OR w.id = :target_id)
  AND (CAST(:kind AS TEXT) IS NULL OR w.kind = :kind)

-- part: schedules_of_wanted
-- The schedules that have ever run one of the targets in `wanted`.
SELECT DISTINCT v.schedule_id AS id FROM wanted w CROSS JOIN versions v WHERE v.target_id = w.id

-- part: open_runs
-- Runs of a workspace that are not over, with whether each is under way: a worker has begun it, or its target has it
-- and will finish it by callback. The queue knows no workspace, but its lanes are targets.
SELECT q.run_id AS id, 0 AS under_way FROM ({targets_wanted}) l
CROSS JOIN ready q WHERE q.owner IS NULL AND q.lane = l.id
UNION ALL
SELECT q.run_id, CASE WHEN q.begun_ms IS NULL THEN 0 ELSE 1 END FROM ({targets_wanted}) l
CROSS JOIN ready q WHERE q.owner IN (SELECT n.id FROM nodes n) AND q.lane = l.id
UNION ALL
SELECT c.run_id, 1 FROM ({targets_wanted}) l CROSS JOIN callbacks c
WHERE c.target_id = l.id AND c.answer IS NULL AND NOT EXISTS (SELECT 1 FROM ready q WHERE q.run_id = c.run_id)

-- part: open_filters
(CAST(:under_way AS BIGINT) IS NULL OR o.under_way = :under_way) AND o.id >= :floor
  AND (:filtered = 0 OR EXISTS (SELECT 1 FROM runs r WHERE r.id = o.id AND r.workspace_id = :workspace_id
     {run_filters}))

-- name: runs_listed
{listed_runs}
WHERE r.id IN (:ids...) AND r.workspace_id = :workspace_id;

-- name: nearby_run_ids_of_targets
-- Of the newest runs of a workspace, down to the id `floor`, those of targets.
WITH wanted (id) AS ({targets_wanted})
SELECT r.id FROM runs r
WHERE r.workspace_id = :workspace_id AND r.id < :cursor AND r.id >= :floor AND r.target_id IN (SELECT id FROM wanted)
  {state_filter}
ORDER BY r.id DESC LIMIT :limit OFFSET :skip;

-- name: versions_of_targets
-- In how many versions of schedules targets stand; stops at a limit.
WITH wanted (id) AS ({targets_wanted})
SELECT count(*) FROM (
    SELECT 1 FROM wanted w CROSS JOIN versions v WHERE v.target_id = w.id
    LIMIT :limit
) AS counted;

-- name: count_nearby_runs_of_targets
WITH wanted (id) AS ({targets_wanted})
SELECT count(*) FROM (
    SELECT 1 FROM runs r
    WHERE r.workspace_id = :workspace_id AND r.id >= :floor AND r.target_id IN (SELECT id FROM wanted)
      {state_filter}
    LIMIT :limit
) AS counted;

-- name: run_ids_of_targets
-- The newest runs of targets: of each schedule that has run one of them its newest, then those without a schedule.
WITH wanted (id) AS ({targets_wanted}),
sources (id) AS (SELECT DISTINCT v.schedule_id FROM wanted w CROSS JOIN versions v WHERE v.target_id = w.id)
SELECT r.id FROM sources s CROSS JOIN {runs_by_schedule} r
WHERE r.schedule_id = s.id AND r.id < :cursor AND r.id >= :floor AND r.target_id IN (SELECT id FROM wanted)
  {state_filter}
  AND r.id >= COALESCE((
      SELECT x.id FROM {runs_by_schedule} x
      WHERE x.schedule_id = s.id AND x.id < :cursor AND x.target_id IN (SELECT id FROM wanted)
        AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
      ORDER BY x.id DESC LIMIT 1 OFFSET :before_last), :floor)
UNION ALL
SELECT r.id FROM wanted w CROSS JOIN runs r
WHERE r.target_id = w.id AND r.schedule_id IS NULL AND r.id < :cursor AND r.id >= :floor
  {state_filter}
  AND r.id >= COALESCE((
      SELECT x.id FROM runs x
      WHERE x.target_id = w.id AND x.schedule_id IS NULL AND x.id < :cursor
        AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
      ORDER BY x.id DESC LIMIT 1 OFFSET :before_last), :floor)
ORDER BY 1 DESC LIMIT :limit;

-- name: count_runs
-- All counts stop at a limit.
SELECT count(*) FROM (
    SELECT 1 FROM runs r WHERE r.workspace_id = :workspace_id
    {state_filter}
    LIMIT :limit
) AS counted;

-- name: count_runs_of_schedule
SELECT count(*) FROM (
    SELECT 1 FROM {runs_by_schedule} r WHERE r.schedule_id = :schedule_id AND {run_in_workspace}
    {state_filter}
    LIMIT :limit
) AS counted;

-- name: count_runs_with_error
SELECT count(*) FROM (
    SELECT 1 FROM runs r WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id >= :floor
    {run_filters}
    {state_filter}
    LIMIT :limit
) AS counted;

-- name: count_open_runs
SELECT count(*) FROM (SELECT 1 FROM ({open_runs}) o WHERE {open_filters} LIMIT :limit) AS counted;

-- name: count_runs_of_targets
-- Each part asks for the schedules by itself, so that it reads no more of them than it needs; the single fires, which
-- most schedules have, come first.
WITH wanted (id) AS ({targets_wanted})
SELECT count(*) FROM (
    SELECT 1 FROM ({schedules_of_wanted}) s CROSS JOIN runs r
    WHERE r.schedule_id = s.id AND r.slot_ms IS NOT NULL AND r.target_id IN (SELECT id FROM wanted)
      {state_filter}
    UNION ALL
    SELECT 1 FROM ({schedules_of_wanted}) s CROSS JOIN runs r
    WHERE r.schedule_id = s.id AND r.slot_ms IS NULL AND r.target_id IN (SELECT id FROM wanted)
      {state_filter}
    UNION ALL
    SELECT 1 FROM wanted w CROSS JOIN runs r
    WHERE r.target_id = w.id AND r.schedule_id IS NULL
      {state_filter}
    LIMIT :limit
) AS counted;
