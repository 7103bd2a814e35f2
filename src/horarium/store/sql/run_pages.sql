-- Pages of runs and fires of a whole workspace. A page looks at a bounded number of rows: the statements go down to the
-- id `floor`, which one of those called `..._further_down` has named.

-- name: run_id_of_schedule_further_down
SELECT r.id FROM {runs_by_schedule} r
WHERE {run_in_workspace} AND r.schedule_id = :schedule_id AND r.id < :cursor
ORDER BY r.id DESC LIMIT 1 OFFSET :skip;

-- part: schedules_with_label
SELECT l.schedule_id AS id FROM labels l
WHERE l.workspace_id = :workspace_id AND l.name = :label_name AND l.value = :label_value
  AND (:further = 0 OR :further = (
      SELECT count(*) FROM labels o
      WHERE o.schedule_id = l.schedule_id AND {label_text} IN (SELECT value FROM texts(:labels))))

-- part: newest_of_schedule
SELECT x.id FROM {runs_by_schedule} x
WHERE x.schedule_id = s.id AND x.id < :cursor AND x.id >= :floor
  AND (CAST(:target_id AS BYTEA) IS NULL OR x.target_id = :target_id)
  AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
ORDER BY x.id DESC LIMIT :limit

-- name: run_ids_with_label
-- Of each schedule with a label its newest runs.
SELECT r.id FROM ({schedules_with_label}) s CROSS JOIN runs r
WHERE r.id IN ({newest_of_schedule})
ORDER BY r.id DESC LIMIT :limit;

-- name: runs_listed_of_row
{listed_runs}
WHERE r.id IN (:ids...) AND r.workspace_id = :workspace_id AND r.row_key = :row_key
{run_filters}
  {state_filter};

-- name: fires_with_rows
-- Fires of a workspace that have an audience, with how many runs they have. Their runs are found by their names.
SELECT f.id, f.runs FROM fires f
WHERE f.workspace_id = :workspace_id AND f.id < :cursor AND f.id >= :floor
ORDER BY f.id DESC LIMIT :limit;

-- name: fires_of_schedule_with_rows
SELECT f.id, f.runs FROM fires f
WHERE f.schedule_id = :schedule_id AND COALESCE(f.workspace_id, :workspace_id) = :workspace_id
  AND f.id < :cursor AND f.id >= :floor
ORDER BY f.id DESC LIMIT :limit;

-- part: fire_filters
-- What a fire must match besides that by which it was found.
  AND (CAST(:kind AS TEXT) IS NULL OR f.kind = :kind)
  AND (CAST(:state AS TEXT) IS NULL OR f.state = :state)
  AND (CAST(:target_id AS BYTEA) IS NULL OR EXISTS (
       SELECT 1 FROM versions v
       WHERE v.schedule_id = f.schedule_id AND v.version = f.version AND v.target_id = :target_id))
  AND (:further = 0 OR :further = (
      SELECT count(*) FROM labels o
      WHERE o.schedule_id = f.schedule_id AND {label_text} IN (SELECT value FROM texts(:labels))))

-- part: single_fires_within
{single_fires} AND r.workspace_id = :workspace_id AND r.id < :cursor AND r.id >= :floor

-- name: single_fires_of_workspace
SELECT {fire_columns} FROM ({single_fires_within}) f
WHERE f.id IS NOT NULL {fire_filters}
ORDER BY f.id DESC LIMIT :limit;

-- name: single_fires_with_error
SELECT {fire_columns} FROM ({single_fires_within} AND r.error IS NOT NULL) f
WHERE f.id IS NOT NULL {fire_filters}
ORDER BY f.id DESC LIMIT :limit;

-- name: other_fires_of_workspace
-- Those with an audience, and those that wait or have waited.
SELECT {fire_columns} FROM fires f
WHERE f.workspace_id = :workspace_id AND f.id < :cursor AND f.id >= :floor
{fire_filters}
ORDER BY f.id DESC LIMIT :limit;

-- name: fires_among
SELECT {fire_columns} FROM {all_fires} f
WHERE f.id IN (:ids...) AND {fire_in_workspace}
{fire_filters};

-- name: fires_of_schedule_within
SELECT {fire_columns} FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND f.id < :cursor AND f.id >= :floor
{fire_filters}
ORDER BY f.id DESC LIMIT :limit;

-- name: fire_id_of_schedule_further_down
SELECT f.id FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND f.id < :cursor
ORDER BY f.id DESC LIMIT 1 OFFSET :skip;

-- name: spans_of_workspace
-- Spans by their last slot, the latest first.
SELECT p.schedule_id, p.first_ms, p.last_ms, p.count AS slots, p.reason, p.version, p.recorded_ms
FROM spans p
WHERE p.workspace_id = :workspace_id AND (p.last_ms, p.schedule_id) < (:last_ms, :cursor) AND p.last_ms >= :from_ms
  AND p.first_ms <= :to_ms AND (CAST(:reason AS TEXT) IS NULL OR p.reason = :reason)
  AND (CAST(:schedule_id AS BYTEA) IS NULL OR p.schedule_id = :schedule_id)
  AND (:further = 0 OR :further = (
      SELECT count(*) FROM labels o
      WHERE o.schedule_id = p.schedule_id AND {label_text} IN (SELECT value FROM texts(:labels))))
ORDER BY p.last_ms DESC, p.schedule_id DESC LIMIT :limit;

-- name: span_further_down
SELECT p.last_ms, p.schedule_id FROM spans p
WHERE p.workspace_id = :workspace_id AND (p.last_ms, p.schedule_id) < (:last_ms, :cursor)
ORDER BY p.last_ms DESC, p.schedule_id DESC LIMIT 1 OFFSET :skip;

-- name: count_runs_within_workspace
SELECT count(*) FROM runs r
WHERE r.workspace_id = :workspace_id AND r.id < :cursor AND r.id >= :floor
{run_filters}
  {state_filter};

-- name: count_runs_within_error
SELECT count(*) FROM runs r
WHERE r.workspace_id = :workspace_id AND r.error IS NOT NULL AND r.id < :cursor AND r.id >= :floor
{run_filters}
  {state_filter};

-- name: count_runs_within_schedule
SELECT count(*) FROM {runs_by_schedule} r
WHERE r.schedule_id = :schedule_id AND {run_in_workspace} AND r.id < :cursor AND r.id >= :floor
{run_filters}
  {state_filter};

-- name: count_fires_within_schedule
SELECT count(*) FROM {all_fires} f
WHERE f.schedule_id = :schedule_id AND {fire_in_workspace} AND f.id < :cursor AND f.id >= :floor
{fire_filters};

-- name: count_fires_within_others
SELECT count(*) FROM fires f
WHERE f.workspace_id = :workspace_id AND f.id < :cursor AND f.id >= :floor
{fire_filters};

-- name: count_fires_within_singles
SELECT count(*) FROM ({single_fires_within}) f WHERE f.id IS NOT NULL {fire_filters};

-- name: count_fires_within_error
SELECT count(*) FROM ({single_fires_within} AND r.error IS NOT NULL) f WHERE f.id IS NOT NULL {fire_filters};
