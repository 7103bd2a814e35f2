-- How PostgreSQL keeps the tables that change most. The months of `fires` and `runs` are made by the program.

CREATE TABLE fires_rest PARTITION OF fires DEFAULT;
CREATE TABLE runs_rest PARTITION OF runs DEFAULT;

-- A row is in one of these at a time, and each finds its rows in the order they are wanted.
DROP INDEX ready_open;
CREATE INDEX ready_lane ON ready (lane, due_ms) WHERE owner IS NULL;
CREATE INDEX ready_owned ON ready (owner) WHERE owner IS NOT NULL;

-- Keys that begin alike lie together in the order of code points, which need not be the order of the database.
CREATE INDEX schedules_by_key_prefix ON schedules (workspace_id, dialect, owner_id, key COLLATE "C")
    WHERE key IS NOT NULL AND deleted_ms IS NULL;

-- Room on each page for the next version of a row, and dead rows cleared before they slow the queue down.
ALTER TABLE cursors SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.1);
ALTER TABLE ready SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
ALTER TABLE fanouts SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE callbacks SET (autovacuum_vacuum_scale_factor = 0.05);
