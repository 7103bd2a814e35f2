-- part: window_columns
id, workspace_id, schedule_id, timing, duration_ms, catch_up, next_ms, created_ms, note, principal_id

-- part: pause_in_workspace
-- COALESCE keeps both databases from the indexes by workspace where a pause is sought by its schedule.
COALESCE(workspace_id, :workspace_id) = :workspace_id

-- part: workspace_held
EXISTS (SELECT 1 FROM pauses WHERE workspace_id = :workspace_id AND settled = 0 AND schedule_id IS NULL)
  OR EXISTS (SELECT 1 FROM windows WHERE workspace_id = :workspace_id AND schedule_id IS NULL)

-- name: insert_window
INSERT INTO windows (id, workspace_id, schedule_id, timing, duration_ms, catch_up, next_ms, created_ms, note, principal_id,
                     zone, zone_data)
VALUES (:id, :workspace_id, :schedule_id, :timing, :duration_ms, :catch_up, :next_ms, :created_ms, :note, :principal_id,
        :zone, :zone_data);

-- name: count_windows_of_workspace
-- Windows of the whole workspace, and of its schedules.
SELECT count(*) - count(schedule_id) AS whole, count(schedule_id) AS single FROM windows WHERE workspace_id = :workspace_id;

-- name: count_windows_of_schedule
SELECT count(*) AS windows FROM windows WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id;

-- name: windows_of_workspace
SELECT {window_columns} FROM windows WHERE workspace_id = :workspace_id AND schedule_id IS NULL ORDER BY id;

-- name: windows_of_schedule
SELECT {window_columns} FROM windows WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id ORDER BY id;

-- name: all_windows
-- A page of the windows of a workspace and of its schedules.
SELECT {window_columns} FROM windows WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT :limit;

-- name: windows_over
-- The windows of some schedules and those of their workspace.
SELECT {window_columns} FROM windows WHERE workspace_id = :workspace_id AND schedule_id IS NULL
UNION ALL
SELECT {window_columns} FROM windows WHERE workspace_id = :workspace_id AND schedule_id IN (:ids...)
ORDER BY id;

-- name: get_window
SELECT {window_columns} FROM windows WHERE workspace_id = :workspace_id AND id = :id;

-- name: delete_window
DELETE FROM windows WHERE workspace_id = :workspace_id AND id = :id;

-- name: times_of_window
-- The time of a window that goes on.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND window_id = :id AND settled = 0 AND ends_ms > :now;

-- name: window_waits
SELECT 1 FROM windows WHERE next_ms <= :now LIMIT 1;

-- name: pauses_ahead
-- What may hold back slots of some schedules that are still to come, but for times of windows that have not begun.
SELECT {pause_columns} FROM pauses
WHERE workspace_id = :workspace_id AND settled = 0 AND schedule_id IS NULL AND (ends_ms IS NULL OR ends_ms > :now)
UNION ALL
SELECT {pause_columns} FROM pauses
WHERE {pause_in_workspace} AND settled = 0 AND schedule_id IN (:ids...) AND (ends_ms IS NULL OR ends_ms > :now)
ORDER BY from_ms;

-- name: anything_holds
-- Whether `pauses_ahead` or `windows_over` may have a row: for most schedules neither has one.
SELECT {workspace_held}
  OR EXISTS (SELECT 1 FROM pauses WHERE {pause_in_workspace} AND settled = 0 AND schedule_id IN (:ids...))
  OR EXISTS (SELECT 1 FROM windows WHERE workspace_id = :workspace_id AND schedule_id IN (:ids...));

-- name: get_schedule_and_held
-- A schedule, and last whether `pauses_ahead` or `windows_over` may have a row of it, last.
SELECT {whole_columns}, {workspace_held}
  OR EXISTS (SELECT 1 FROM pauses WHERE {pause_in_workspace} AND settled = 0 AND schedule_id = :id)
  OR EXISTS (SELECT 1 FROM windows WHERE workspace_id = :workspace_id AND schedule_id = :id) AS held
{schedule_tables}
WHERE {schedule_of_workspace};

-- name: forget_lost_windows
-- Windows of schedules that do not fire any more have nothing to hold back.
DELETE FROM windows WHERE next_ms <= :now AND schedule_id IS NOT NULL
  AND (SELECT s.deleted_ms IS NULL FROM schedules s WHERE s.id = windows.schedule_id) IS NOT TRUE;

-- name: windows_begun
-- Windows that have begun and are not entered as pauses yet.
SELECT {window_columns} FROM windows WHERE next_ms <= :now ORDER BY id;

-- name: move_windows
UPDATE windows SET next_ms = r.next_ms, zone_data = r.zone_data
FROM rows(id bytea, next_ms bigint, zone_data text) AS r WHERE windows.id = r.id;

-- name: zones_of_windows
SELECT DISTINCT zone, zone_data FROM windows;

-- name: windows_of_zone
-- And last when the last of their times began that was entered as a pause.
SELECT {window_columns}, (SELECT max(p.from_ms) FROM pauses p WHERE p.window_id = windows.id) AS last_ms
FROM windows WHERE zone = :zone AND zone_data = :zone_data ORDER BY id LIMIT :limit;
