-- name: versions_of_targets
-- As for both. LATERAL goes by the index; joined otherwise, all versions there are would be read.
WITH wanted (id) AS ({targets_wanted})
SELECT count(*) FROM (
    SELECT 1 FROM wanted w CROSS JOIN LATERAL (
        SELECT 1 FROM versions x WHERE x.target_id = w.id LIMIT :limit
    ) AS v
    LIMIT :limit
) AS counted;

-- name: run_ids_of_targets
-- As for both. LATERAL takes the newest of each schedule; a condition on ids would be checked after all were read.
WITH wanted (id) AS ({targets_wanted}),
sources (id) AS (SELECT DISTINCT v.schedule_id FROM wanted w CROSS JOIN versions v WHERE v.target_id = w.id)
SELECT r.id FROM sources s CROSS JOIN LATERAL (
    SELECT x.id FROM {runs_by_schedule} x
    WHERE x.schedule_id = s.id AND x.id < :cursor AND x.id >= :floor
      AND x.target_id = ANY(ARRAY(SELECT id FROM wanted)) AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
    ORDER BY x.id DESC LIMIT CAST(:before_last AS BIGINT) + 1
) AS r
UNION ALL
SELECT r.id FROM wanted w CROSS JOIN LATERAL (
    SELECT x.id FROM runs x
    WHERE x.target_id = w.id AND x.schedule_id IS NULL AND x.id < :cursor AND x.id >= :floor
      AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
    ORDER BY x.id DESC LIMIT CAST(:before_last AS BIGINT) + 1
) AS r
ORDER BY 1 DESC LIMIT :limit;

-- name: count_runs_of_targets
-- As for both, schedule by schedule, and in no order.
WITH wanted (id) AS ({targets_wanted}), sources (id) AS ({schedules_of_wanted})
SELECT count(*) FROM (
    SELECT 1 FROM sources s CROSS JOIN LATERAL (
        SELECT 1 FROM runs x
        WHERE x.schedule_id = s.id AND x.slot_ms IS NOT NULL AND x.target_id = ANY(ARRAY(SELECT id FROM wanted))
          AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
        LIMIT :limit
    ) AS r
    UNION ALL
    SELECT 1 FROM sources s CROSS JOIN LATERAL (
        SELECT 1 FROM runs x
        WHERE x.schedule_id = s.id AND x.slot_ms IS NULL AND x.target_id = ANY(ARRAY(SELECT id FROM wanted))
          AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
        LIMIT :limit
    ) AS r
    UNION ALL
    SELECT 1 FROM wanted w CROSS JOIN LATERAL (
        SELECT 1 FROM runs x
        WHERE x.target_id = w.id AND x.schedule_id IS NULL
          AND (CAST(:state AS TEXT) IS NULL OR x.state = :state)
        LIMIT :limit
    ) AS r
    LIMIT :limit
) AS counted;

-- name: count_open_runs
SELECT count(*) FROM (
    SELECT 1 FROM ({open_runs} OFFSET 0) o WHERE {open_filters} LIMIT :limit
) AS counted;
