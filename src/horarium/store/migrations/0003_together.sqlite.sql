-- Cursors lie in the order of their place, so that what falls due together lies together; with them stands what a release
-- must know of the definition. A herd scattered over a million schedules touched one page, twice, for each fire.

ALTER TABLE cursors RENAME TO cursors_by_schedule;
CREATE TABLE cursors (
    place INTEGER PRIMARY KEY,
    schedule_id BYTEA NOT NULL,
    workspace_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    timing TEXT NOT NULL,
    policies TEXT NOT NULL,
    target_id BYTEA NOT NULL,
    has_audience BIGINT NOT NULL,
    accounted_to BIGINT NOT NULL,
    next_slot BIGINT,
    next_due BIGINT,
    zone TEXT NOT NULL,
    zone_data TEXT NOT NULL,
    fires BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    open_fires BIGINT NOT NULL,
    waiting_fires BIGINT NOT NULL,
    failures_in_row BIGINT NOT NULL,
    pause_after BIGINT,
    last_slot BIGINT,
    last_fired_ms BIGINT,
    last_fire_id BYTEA,
    last_state TEXT,
    last_skip_ms BIGINT,
    last_skip_reason TEXT
);
INSERT INTO cursors
SELECT COALESCE(c.next_slot / 60000 % 1440, 0) * 4503599627370496 + row_number() OVER (ORDER BY c.schedule_id),
       c.schedule_id, c.workspace_id, c.version, v.timing,
       v.policies, v.target_id, v.audience IS NOT NULL, c.accounted_to, c.next_slot, c.next_due, c.zone, c.zone_data,
       c.fires, c.succeeded, c.failed, c.skipped, c.open_fires, c.waiting_fires, c.failures_in_row, c.pause_after,
       c.last_slot, c.last_fired_ms, c.last_fire_id, c.last_state, c.last_skip_ms, c.last_skip_reason
FROM cursors_by_schedule c LEFT JOIN versions v ON v.schedule_id = c.schedule_id AND v.version = c.version
ORDER BY 1;
DROP TABLE cursors_by_schedule;
CREATE UNIQUE INDEX cursors_of_schedule ON cursors (schedule_id);
CREATE INDEX cursors_due ON cursors (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX cursors_waiting ON cursors (schedule_id) WHERE waiting_fires > 0;
