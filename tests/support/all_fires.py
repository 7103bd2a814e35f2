"""What the tables `fires` and `runs` say together: a single fire is one row with its run, in `runs`."""

ALL_FIRES = """(
    SELECT id, workspace_id, schedule_id, version, kind, slot_ms, due_ms, request, state, fired_ms, finished_ms,
        missed_count, missed_first, missed_last, audience_size, runs, succeeded, failed, cancelled, error
    FROM fires
    UNION ALL
    SELECT id, workspace_id, schedule_id, version, mode, slot_ms,
        CASE WHEN mode = 'clock' THEN due_ms ELSE slot_ms END, COALESCE(request, ''),
        CASE state WHEN 'succeeded' THEN 'completed' WHEN 'pending' THEN 'running' ELSE state END,
        created_ms, finished_ms, missed_count, missed_first, missed_last, 1, 1,
        CASE WHEN state = 'succeeded' THEN 1 ELSE 0 END, CASE WHEN state = 'failed' THEN 1 ELSE 0 END,
        CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END, NULL
    FROM runs WHERE slot_ms IS NOT NULL
)"""

ALL_RUNS = """(
    SELECT id, workspace_id, schedule_id, CASE WHEN slot_ms IS NULL THEN fire_id ELSE id END AS fire_id, version,
        target_id, mode, row_key, generation, state, due_ms, created_ms, started_ms, finished_ms, attempts,
        status, data, output, error, waited
    FROM runs
)"""
